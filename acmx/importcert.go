package acmx

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
)

// maxKeyPEM is the largest private key that ACM takes, in octets of PEM.
const maxKeyPEM = 5120

// ImportOptions is what [Client.Import] may be told.
type ImportOptions struct {
	ARN  string            // an imported certificate to put this one in the place of; default: a new one
	Tags map[string]string // of a new one only: ACM refuses them otherwise
}

// Import puts a certificate of somebody else's into ACM, for load balancers and CloudFront. ACM does not renew it; import
// the next one over it by ARN. A new import has no idempotency token at ACM: it is sent once, and when the answer is lost
// the account is searched for the serial before the error is ErrUnknownOutcome.
//
// Source: ImportCertificate, ACM API reference (read 2026-11).
func (c *Client) Import(ctx context.Context, b *Bundle, opts *ImportOptions) (*Certificate, error) {
	var o ImportOptions
	if opts != nil {
		o = *opts
	}
	key, err := c.checkImport(b, o)
	if err != nil {
		return nil, invalid("ImportCertificate", o.ARN, err)
	}
	defer clear(key)
	in := acm.ImportCertificateInput{Certificate: b.LeafPEM(), PrivateKey: key, CertificateChain: b.ChainPEM(), Tags: sdkTags(o.Tags)}
	if len(in.CertificateChain) == 0 {
		in.CertificateChain = nil
	}
	a := action{op: "ImportCertificate", arn: o.ARN, once: true, secrets: []string{string(key)}}
	if o.ARN != "" {
		in.CertificateArn = &o.ARN
		a.once, a.token = false, true // the same again is the same
	}
	out, err := act(ctx, c, a, c.api.importing, &in)
	switch {
	case err == nil && aws.ToString(out.CertificateArn) != "":
		return c.Certificate(*out.CertificateArn), nil
	case err == nil:
		err = &Error{Op: a.op, ARN: o.ARN, Err: fmt.Errorf("%w: the answer holds no ARN", ErrUnknownOutcome)}
	case !unknown(err):
		return nil, err
	}
	if arn, lookErr := c.imported(ctx, b.Serial(), o.ARN); lookErr == nil && arn != "" {
		return c.Certificate(arn), nil
	}
	return nil, err
}

func (c *Client) checkImport(b *Bundle, o ImportOptions) ([]byte, error) {
	if b == nil || b.Leaf == nil {
		return nil, errors.New("there is no certificate")
	}
	var problems []error
	if !validAt(b.Leaf, c.now()) {
		problems = append(problems, fmt.Errorf("%w: ACM imports only what is valid now", ErrExpired))
	}
	if o.ARN != "" && len(o.Tags) > 0 {
		problems = append(problems, errors.New("Tags: ACM takes none when a certificate is replaced"))
	}
	problems = append(problems, checkTags(o.Tags, TagSpec)...)
	key, err := b.KeyPEM()
	if err != nil {
		problems = append(problems, err)
	}
	if len(key) > maxKeyPEM {
		problems = append(problems, fmt.Errorf("the key has %d octets in PEM, more than %d", len(key), maxKeyPEM))
	}
	if err := errors.Join(problems...); err != nil {
		clear(key)
		return nil, err
	}
	return key, nil
}

// imported finds an imported certificate by its serial; of a known ARN only that one is looked at.
func (c *Client) imported(ctx context.Context, serial, arn string) (string, error) {
	if arn != "" {
		d, err := c.describe(ctx, arn)
		if err != nil || d.Serial != serial {
			return "", err
		}
		return arn, nil
	}
	for s, err := range c.List(ctx, nil) {
		if err != nil {
			return "", err
		}
		if s.Type != "IMPORTED" {
			continue
		}
		if d, err := c.describe(ctx, s.ARN); err == nil && d.Serial == serial {
			return s.ARN, nil
		}
	}
	return "", nil
}
