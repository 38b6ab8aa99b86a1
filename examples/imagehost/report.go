package main

import (
	"encoding/json"
	"fmt"
	"io"
)

// Report is what came of a run, or with Planned what would.
type Report struct {
	Real            bool     `json:"real"` // false: all of it happened on a fake
	Planned         bool     `json:"planned"`
	Bucket          string   `json:"bucket"`
	Domain          string   `json:"domain"`
	BucketMade      bool     `json:"bucketMade"`
	DomainConnected bool     `json:"domainConnected"`
	CORSChanged     bool     `json:"corsChanged"`
	Read            int      `json:"read"` // files whose content was read
	There           int      `json:"there"`
	Uploaded        int      `json:"uploaded"`
	UploadedBytes   int64    `json:"uploadedBytes"`
	Deleted         []string `json:"deleted"`
	NothingNew      bool     `json:"nothingNew"`
	Pictures        []Link   `json:"pictures"`
	Left            []Left   `json:"left"`
	Warnings        []string `json:"warnings"`
	Page            string   `json:"page,omitempty"`
}

func newReport(s Settings, p *Plan) Report {
	return Report{
		Real: s.Real, Bucket: s.Bucket, Domain: s.Domain, Read: p.Folder.Read, There: p.There,
		Deleted: []string{}, Pictures: []Link{}, Left: append([]Left{}, p.Folder.Left...), Warnings: []string{},
	}
}

// planned puts what would be done in the place of what was.
func (r *Report) planned(p *Plan, prefix string, links []Link) {
	r.Planned, r.BucketMade, r.DomainConnected = true, p.BucketNew, p.DomainIs == domainMissing || p.DomainIs == domainOff
	r.CORSChanged, r.Uploaded, r.UploadedBytes, r.NothingNew = p.corsChanges(), len(p.Upload), p.bytes(), !p.changes()
	r.Pictures = links
	for _, key := range p.Prune {
		r.Deleted = append(r.Deleted, prefix+key)
	}
}

func (r *Report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// writeLinks is the report for people who pipe: a line of Markdown for each picture.
func (r *Report) writeLinks(w io.Writer) {
	for _, l := range r.Pictures {
		fmt.Fprintln(w, l.Markdown)
	}
}
