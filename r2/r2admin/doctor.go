package r2admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/r2"
)

// The permissions of an API token that S3 keys are made from.
// Source: developers.cloudflare.com/r2/api/tokens (read 2026-11).
const (
	permissionRead  = "Workers R2 Storage Bucket Item Read (Object Read only)"
	permissionWrite = "Workers R2 Storage Bucket Item Write (Object Read & Write)"
)

// DoctorOptions is how far Doctor may go.
type DoctorOptions struct {
	// Write allows a PUT and a DELETE of two empty objects with random names, .r2-doctor-… and .r2-doctor/…, since "the root" is
	// often suspected. They are deleted also when ctx ends, with up to three minutes for each; what could not be is named in
	// Diagnosis.LeftOver.
	Write bool

	// Client is for looking up the API token behind keys that are refused: whether it has expired, is switched off, begins later,
	// was deleted, or is for other buckets. Its own API token must be one that may read tokens. Default: not looked up; the S3 API is
	// not known to tell them apart.
	Client *Client
}

// Doctor finds out why S3 keys fail: "Access Denied" on upload has half a dozen causes, and most are not the keys. It needs
// nothing but the configuration of package r2; what temporary credentials are for is read from their session token. In order: LIST of one key, GET of a key that cannot exist, with opts.Write PUT
// and DELETE, ListBuckets (403 is what keys of object scope are meant to get), and the Date of the answers. When the bucket
// is not there, the endpoints of the other jurisdictions are asked for it, unless Config.Endpoint is set to another.
//
// What fails for the moment is asked again, as often as Config.MaxRetries says (default 2), and after 429 and 503 as late as
// Retry-After says, up to a minute and not beyond the end of ctx. What the platform answers is in the Diagnosis, never an error. The error is that of a Config that [r2.New] refuses, or the
// cause of ctx; keys that were written are deleted even then.
func Doctor(ctx context.Context, data r2.Config, opts *DoctorOptions) (Diagnosis, error) {
	if _, err := r2.New(data); err != nil {
		return Diagnosis{}, invalid("Doctor", data.Bucket, err)
	}
	p := newProber(data)
	d := Diagnosis{Bucket: data.Bucket, Endpoint: p.endpoint, Scope: ScopeUnknown, List: Unasked, Read: Unasked, Write: Unasked}
	list := p.list(ctx, data.Bucket)
	d.note(list, &d.List, list.ok())
	switch {
	case list.Status == 0:
		d.Cause, d.Fix = CauseNoAnswer, "check the endpoint, the network and a proxy on the way"
	case list.Code == "NoSuchBucket":
		d.elsewhere(ctx, p, data)
	case d.keysRefused(list):
	default:
		d.examine(ctx, p, data, cmp.Or(opts, &DoctorOptions{}).Write)
	}
	d.explainSession(data)
	d.explainToken(ctx, cmp.Or(opts, &DoctorOptions{}).Client, data.AccessKeyID)
	if ctx.Err() != nil {
		return d, &Error{Op: "Doctor", Resource: data.Bucket, Err: context.Cause(ctx)}
	}
	return d, nil
}

func (p *prober) list(ctx context.Context, bucket string) Probe {
	return p.send(ctx, "ListObjectsV2", http.MethodGet, "/"+bucket, url.Values{"list-type": {"2"}, "max-keys": {"1"}})
}

// note keeps a probe and answers its question.
func (d *Diagnosis) note(p Probe, question *Answer, yes bool) {
	d.Probes = append(d.Probes, p)
	if p.hasDate && p.skew.Abs() > d.ClockSkew.Abs() {
		d.ClockSkew = p.skew
	}
	switch {
	case question == nil:
	case yes:
		*question = Yes
	case p.denied():
		*question = No
	}
}

// keysRefused tells whether the platform does not even look at what the keys may do.
func (d *Diagnosis) keysRefused(p Probe) bool {
	switch {
	case p.Code == "RequestTimeTooSkewed":
		d.Cause, d.Fix = CauseClock, "set the clock of this machine"
	case p.Code == "ExpiredToken": // S3's; whether R2 says so is not known
		d.Cause, d.Fix = CauseExpired, "make new temporary credentials"
	case p.Status == http.StatusUnauthorized || p.Code == "InvalidAccessKeyId":
		d.Cause, d.Fix = CauseKeyID, "AccessKeyID is the ID of the API token, and the session token must be of the same keys and not have expired; a new token takes up to a minute"
	case p.Code == "SignatureDoesNotMatch":
		d.Cause, d.Fix = CauseSecret, "SecretAccessKey is the hex SHA-256 of the token's value (r2.DeriveKeys), not the value; copy it again"
	default:
		return false
	}
	d.Scope = ScopeNone
	return true
}

// elsewhere looks for the bucket in the other jurisdictions.
func (d *Diagnosis) elsewhere(ctx context.Context, p *prober, data r2.Config) {
	d.Cause = CauseNoBucket
	d.Fix = "check the name and the account; a bucket of a jurisdiction is found only through its endpoint (Config.Jurisdiction)"
	if data.AccountID == "" || p.endpoint != endpointOf(data.AccountID, data.Jurisdiction) {
		return
	}
	for _, j := range []r2.Jurisdiction{"", r2.JurisdictionEU, r2.JurisdictionFedRAMP} {
		if j == data.Jurisdiction {
			continue
		}
		other := *p
		other.endpoint = endpointOf(data.AccountID, j)
		probe := other.list(ctx, data.Bucket)
		probe.Name += " at " + other.endpoint
		d.note(probe, nil, false)
		if probe.ok() {
			d.Cause, d.Fix = CauseJurisdiction, "the bucket answers at "+other.endpoint+": set Config.Jurisdiction to "+cmp.Or(string(j), "\"\" (none)")
			return
		}
	}
}

// examine asks what keys that are valid may do.
func (d *Diagnosis) examine(ctx context.Context, p *prober, data r2.Config, write bool) {
	random := rand.Text()
	get := p.send(ctx, "GetObject", http.MethodGet, "/"+data.Bucket+"/.r2-doctor/absent-"+random, nil)
	d.note(get, &d.Read, get.Status == http.StatusNotFound && get.Code == "NoSuchKey" || get.ok())
	if write {
		for _, key := range []string{".r2-doctor-" + random, ".r2-doctor/" + random} {
			d.write(ctx, p, data.Bucket, key)
		}
	}
	buckets := p.send(ctx, "ListBuckets", http.MethodGet, "/", nil)
	d.note(buckets, nil, false)
	switch {
	case buckets.ok():
		d.Scope = ScopeAdmin
	case d.List == Yes || d.Read == Yes || d.Write == Yes:
		if buckets.denied() {
			d.Scope, d.Tools = ScopeObject, tools()
		}
	case d.List == No && d.Read == No:
		d.Scope = ScopeNone
	}
	switch {
	case d.Scope == ScopeNone:
		d.Cause, d.Missing = CausePermission, cmp.Or(map[bool]string{true: permissionWrite}[write], permissionRead)
		d.Fix = "the token is for another bucket or another account: add this bucket to it; a changed token takes up to a minute"
	case d.List == No || d.Read == No:
		d.Cause, d.Missing = CausePermission, permissionRead
		d.Fix = "give the token this permission for the whole bucket; temporary credentials may be limited to some keys or actions"
	case d.Write == No:
		d.Cause, d.Missing = CausePermission, permissionWrite
		d.Fix = "the keys may read only: make a token of kind Object Read & Write for this bucket"
	case slices.ContainsFunc(d.Probes, func(p Probe) bool { return !p.ok() && p.Code != "NoSuchKey" && !p.denied() }):
		d.Cause, d.Fix = CauseOther, "see the probes for what the platform answered"
	}
}

// write puts an empty object of a name of its own, and deletes it.
func (d *Diagnosis) write(ctx context.Context, p *prober, bucket, key string) {
	if ctx.Err() != nil {
		return
	}
	put := p.send(ctx, "PutObject", http.MethodPut, "/"+bucket+"/"+key, nil)
	before := d.Write
	d.note(put, &d.Write, put.ok())
	if before == No {
		d.Write = No
	}
	if put.denied() && !put.lost {
		return // it was refused: there is nothing to delete
	}
	del := p.cleanUp(ctx, "/"+bucket+"/"+key, put.lost)
	d.note(del, nil, false)
	if !gone(del) {
		d.LeftOver = append(d.LeftOver, key)
	}
	if del.denied() {
		d.Write = No
	}
}

// How long deleting is tried, also when the caller has given up, and how long a PUT whose answer was lost may be on its way.
const (
	cleanUpTime = 3 * time.Minute
	cleanUpWait = 3 * time.Second
)

// cleanUp deletes, more patiently than the probes ask: what is left behind is worse than waiting. After a PUT whose answer was lost
// it deletes a second time, a little later, since that PUT may arrive after the first.
func (p *prober) cleanUp(ctx context.Context, path string, lost bool) Probe {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	patient := *p
	patient.retry.Max = max(patient.retry.Max, 5)
	del := patient.send(own, "DeleteObject", http.MethodDelete, path, nil)
	if lost && gone(del) && httpcall.Sleep(own, cleanUpWait) == nil {
		del = patient.send(own, "DeleteObject", http.MethodDelete, path, nil)
	}
	return del
}

func gone(del Probe) bool { return del.ok() || del.Code == "NoSuchKey" }
