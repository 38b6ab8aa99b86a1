package r2admin

import (
	"fmt"
	"strings"
	"time"
)

// Scope is what S3 keys were found to reach.
type Scope string

// The scopes.
const (
	ScopeUnknown Scope = "unknown" // the probes failed otherwise
	ScopeNone    Scope = "none"    // the keys reach nothing of this bucket
	ScopeObject  Scope = "object"  // objects of chosen buckets: Object Read & Write or Object Read only
	ScopeAdmin   Scope = "admin"   // buckets too: Admin Read & Write or Admin Read only
)

// Answer is a question's answer that may be open.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unasked Answer = "unknown" // not asked, or the probe failed otherwise
)

// Cause is what was found to be wrong.
type Cause string

// The causes, the first that fits.
const (
	CauseNone         Cause = ""             // nothing is wrong
	CauseNoAnswer     Cause = "no answer"    // the endpoint was not reached
	CauseClock        Cause = "clock"        // this machine's clock is too far off
	CauseKeyID        Cause = "key ID"       // the access key ID is not known there
	CauseExpired      Cause = "expired"      // the temporary credentials or the API token behind the keys: see Fix
	CauseDisabled     Cause = "disabled"     // the API token behind the keys is switched off
	CauseEarly        Cause = "not yet"      // the API token behind the keys works later
	CauseSecret       Cause = "secret"       // the secret does not belong to the access key ID
	CauseJurisdiction Cause = "jurisdiction" // the bucket is behind another endpoint
	CauseNoBucket     Cause = "no bucket"    // there is no such bucket, as far as these keys see
	CausePermission   Cause = "permission"   // a permission is missing: Diagnosis.Missing
	CauseOther        Cause = "other"        // see the probes
)

// Diagnosis is what Doctor found. It is plain JSON and holds no secret; String is the same for people.
type Diagnosis struct {
	Bucket    string        `json:"bucket"`
	Endpoint  string        `json:"endpoint"`
	Scope     Scope         `json:"scope"`
	List      Answer        `json:"list"`
	Read      Answer        `json:"read"`
	Write     Answer        `json:"write"` // unknown unless DoctorOptions.Write
	Cause     Cause         `json:"cause"`
	Missing   string        `json:"missing,omitempty"`  // the permission group that the token lacks
	Fix       string        `json:"fix,omitempty"`      // what to do about Cause
	ClockSkew time.Duration `json:"clockSkew"`          // nanoseconds that this machine's clock is ahead; to about a second
	LeftOver  []string      `json:"leftOver,omitempty"` // keys that may be there still, since their DELETE failed
	Tools     []Tool        `json:"tools,omitempty"`    // settings for tools that fail with keys such as these
	Token     *Token        `json:"token,omitempty"`    // what the account says about the API token; only with DoctorOptions.Client
	Probes    []Probe       `json:"probes"`
}

// Tool is what a kind of program needs with these keys.
type Tool struct {
	Tool    string `json:"tool"`
	Symptom string `json:"symptom"`
	Setting string `json:"setting"`
}

// Healthy tells whether nothing was found to be wrong with the keys, the bucket and the clock.
func (d Diagnosis) Healthy() bool { return d.Cause == CauseNone && len(d.LeftOver) == 0 }

// String is the diagnosis for people, several lines.
func (d Diagnosis) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bucket %s at %s\n", d.Bucket, d.Endpoint)
	fmt.Fprintf(&b, "scope %s; list %s, read %s, write %s\n", d.Scope, d.List, d.Read, d.Write)
	if d.Cause == CauseNone {
		b.WriteString("nothing is wrong with the keys\n")
	} else {
		fmt.Fprintf(&b, "cause: %s\n", d.Cause)
	}
	if d.Missing != "" {
		fmt.Fprintf(&b, "missing permission: %s\n", d.Missing)
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "fix: %s\n", d.Fix)
	}
	if d.ClockSkew.Abs() > time.Minute {
		fmt.Fprintf(&b, "clock: %v off\n", d.ClockSkew)
	}
	for _, key := range d.LeftOver {
		fmt.Fprintf(&b, "left over, delete it: %s\n", key)
	}
	for _, t := range d.Tools {
		fmt.Fprintf(&b, "%s: %s: %s\n", t.Tool, t.Symptom, t.Setting)
	}
	return b.String()
}

// tools is what fails with keys of object scope although nothing is wrong with them.
// Source: the sources of rclone 1.76.0, and reports on wrangler, 1Panel and PicList (read 2026-11).
func tools() []Tool {
	return []Tool{
		{
			"rclone", "AccessDenied on a single new file, in the root or in a folder: it sends CreateBucket first",
			"no_check_bucket = true in its configuration, or --s3-no-check-bucket",
		},
		{
			"wrangler r2 object put, and the REST API of objects", "403 whatever the bucket: they do not use S3 keys",
			"an API token with Workers R2 Storage Write (Admin Read & Write), or an S3 client in its place",
		},
		{
			"tools that offer buckets to choose from, such as 1Panel and PicList", "403: they send ListBuckets first",
			"type the name of the bucket where they allow it; else a token of kind Admin Read & Write",
		},
	}
}
