package acmx

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"

	"github.com/kitroll/kitroll/internal/poll"
)

// ExportOptions is what [Client.Export] may be told. nil is the defaults.
type ExportOptions struct {
	// Patience is how long "request in progress" is taken for an answer that will change: ACM gives it for some seconds
	// after it has said ISSUED, and when it is asked too often. Default 2 minutes.
	Patience time.Duration
}

// Export takes an issued certificate out of ACM, with its chain and private key. The passphrase that ACM wants is made up
// for the one call, never leaves memory and is cleared after it. Exporting is free and may be repeated; what costs is issue
// and renewal.
//
// Errors: [*Error] with ErrNotExportable for a certificate that was requested without Exportable (or before 2025-06-17),
// ErrNotIssued when Patience is over, ErrRevoked and ErrExpired; and those of [OpenBundle] for what came.
//
// Source: ExportCertificate, ACM API reference (read 2026-11).
func (c *Client) Export(ctx context.Context, arn string, opts *ExportOptions) (*Bundle, error) {
	patience := 2 * time.Minute
	if opts != nil && opts.Patience > 0 {
		patience = opts.Patience
	}
	pass := passphrase()
	defer clear(pass)
	a := action{op: "ExportCertificate", arn: arn, secrets: []string{string(pass), base64.StdEncoding.EncodeToString(pass)}}
	var out *acm.ExportCertificateOutput
	var last error
	until := c.now().Add(patience)
	err := poll.Until(ctx, poll.Schedule{First: 2 * time.Second, Factor: 2, Max: 15 * time.Second}, nil, func(ctx context.Context) (bool, error) {
		out, last = act(ctx, c, a, c.api.export, &acm.ExportCertificateInput{CertificateArn: &arn, Passphrase: pass})
		if errors.Is(last, ErrNotIssued) && c.now().Before(until) {
			return false, nil
		}
		return true, last
	})
	if err != nil {
		if last == nil || errors.Is(last, ErrNotIssued) && context.Cause(ctx) != nil {
			return nil, &Error{Op: "ExportCertificate", ARN: arn, Err: err}
		}
		return nil, c.whyNotExported(ctx, arn, last)
	}
	leaf, chain, key := []byte(aws.ToString(out.Certificate)), []byte(aws.ToString(out.CertificateChain)), []byte(aws.ToString(out.PrivateKey))
	defer clear(key)
	b, err := OpenBundleAt(c.now(), leaf, chain, key, pass)
	if err != nil {
		return nil, &Error{Op: "ExportCertificate", ARN: arn, Err: err}
	}
	for _, note := range b.Notes {
		c.log.WarnContext(ctx, "exported certificate", "arn", arn, "note", note)
	}
	return b, nil
}

// Export is [Client.Export] of this certificate.
func (h *Certificate) Export(ctx context.Context, opts *ExportOptions) (*Bundle, error) {
	return h.c.Export(ctx, h.arn, opts)
}

// passphrase is 32 random characters of base32, which are 160 bits and none of the three that ACM forbids (# $ %).
func passphrase() []byte {
	pass := make([]byte, 0, 52)
	for len(pass) < 32 {
		pass = append(pass, rand.Text()...)
	}
	clear(pass[32:])
	return pass[:32]
}

// whyNotExported looks at the certificate for the reason of a refusal, which ACM words in various ways.
func (c *Client) whyNotExported(ctx context.Context, arn string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrConflict) {
		return err
	}
	d, lookErr := c.describe(ctx, arn)
	if lookErr != nil {
		return err
	}
	out := *e
	switch {
	case d.Status.Final():
		out.Status, out.Reason = d.Status, d.FailureReason
	case !d.Exportable && d.Type == "AMAZON_ISSUED":
		out.Err = fmt.Errorf("%w: it was requested without export, which cannot be changed: request another", ErrNotExportable)
	}
	return &out
}
