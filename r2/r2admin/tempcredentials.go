package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/r2"

	"github.com/kitroll/kitroll/r2"
)

// maxTempTTL is how long temporary credentials work at most.
const maxTempTTL = 7 * 24 * time.Hour

// TempOptions is what temporary credentials may do.
type TempOptions struct {
	Bucket            string        // required: they are of one bucket
	ParentAccessKeyID string        // required: the ID of the R2 token of which they are made
	Permission        Access        // default [AccessObjectRead]; all but AccessControlPlane
	TTL               time.Duration // required: 1 second to 7 days, in whole seconds
	Prefixes          []string      // keys that begin so; with Objects: either; default all
	Objects           []string      // keys
}

func (o TempOptions) check() error {
	problems := []error{checkBucket(o.Bucket), checkTokenID("ParentAccessKeyID", o.ParentAccessKeyID)}
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !cf.TemporaryCredentialPermission(o.Permission).IsKnown() {
		bad("Permission: %q is none of %s, %s, %s and %s", string(o.Permission), AccessObjectRead, AccessObjectWrite, AccessAdminRead, AccessAdminWrite)
	}
	if o.TTL < time.Second || o.TTL > maxTempTTL || o.TTL%time.Second != 0 {
		bad("TTL: %v is not in 1s to 168h (7 days), in whole seconds", o.TTL)
	}
	for _, f := range []struct {
		field string
		list  []string
	}{{"Prefixes", o.Prefixes}, {"Objects", o.Objects}} {
		for _, v := range f.list {
			switch {
			case strings.TrimSpace(v) == "":
				bad("%s: one of them is empty, which would be all or nothing", f.field)
			case len(v) > 1024:
				bad("%s: one of them has more than 1024 bytes, which no key has", f.field)
			}
		}
	}
	return errors.Join(problems...)
}

// TempCredentials lets the platform make credentials for less than a token may do, and for less long. They work until TTL has
// passed or the parent is deleted. [r2.Client.TempCredentials] makes the same without a request, from the parent's secret; here
// its access key ID is enough, and the secret stays where it is.
//
// They can do no more than their parent. That of keys may be the ID of any R2 token of the account; the API token of the client
// must be that parent or have Workers R2 Storage Write (unverified). A call whose answer was lost is repeated: what it made is
// kept nowhere, and ends by itself.
//
// Errors: [*Error], [ErrInput], fs.ErrPermission, fs.ErrNotExist for a bucket that is not there. Not run against the real API.
// Source: r2.TemporaryCredentials.New of cloudflare-go v7.9.0, "Temporary credentials", developers.cloudflare.com/r2 (read
// 2026-11).
func (c *Client) TempCredentials(ctx context.Context, opts TempOptions) (r2.Credentials, error) {
	opts.Permission = cmp.Or(opts.Permission, AccessObjectRead)
	if err := opts.check(); err != nil {
		return r2.Credentials{}, invalid("TempCredentials", opts.Bucket, err)
	}
	var p cf.TemporaryCredentialNewParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	t := &p.TemporaryCredential
	set(&t.Bucket.Value, &t.Bucket.Present, opts.Bucket)
	set(&t.ParentAccessKeyID.Value, &t.ParentAccessKeyID.Present, opts.ParentAccessKeyID)
	set(&t.Permission.Value, &t.Permission.Present, cf.TemporaryCredentialPermission(opts.Permission))
	set(&t.TTLSeconds.Value, &t.TTLSeconds.Present, opts.TTL.Seconds())
	if len(opts.Prefixes) > 0 {
		set(&t.Prefixes.Value, &t.Prefixes.Present, opts.Prefixes)
	}
	if len(opts.Objects) > 0 {
		set(&t.Objects.Value, &t.Objects.Present, opts.Objects)
	}
	made, err := do(ctx, c, "TempCredentials", opts.Bucket, minting, func(ctx context.Context) (*cf.TemporaryCredentialNewResponse, error) {
		return c.temp.New(ctx, p)
	})
	if err != nil {
		return r2.Credentials{}, err
	}
	out := r2.Credentials{AccessKeyID: made.AccessKeyID, SecretAccessKey: made.SecretAccessKey, SessionToken: made.SessionToken}
	if out.AccessKeyID == "" || out.SecretAccessKey == "" || out.SessionToken == "" {
		return r2.Credentials{}, &Error{Op: "TempCredentials", Resource: opts.Bucket, Message: "the answer lacks a key, its secret or the session token"}
	}
	return out, nil
}
