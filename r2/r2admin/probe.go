package r2admin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
	"github.com/kitroll/kitroll/r2"
)

// Probe is a request that Doctor made, and its answer.
type Probe struct {
	Name      string `json:"name"`              // what it asks for, in S3's words, such as "ListObjectsV2"
	Status    int    `json:"status"`            // of HTTP; 0 when no answer came
	Code      string `json:"code,omitempty"`    // S3's, such as "AccessDenied"
	Message   string `json:"message,omitempty"` // the platform's words, or why no answer came
	RequestID string `json:"requestId,omitempty"`

	skew    time.Duration // how far the clock here is ahead of the server's
	hasDate bool
	after   time.Duration // what the platform asked to wait
	lost    bool          // an attempt may have taken effect without an answer
	body    []byte
}

func (p Probe) ok() bool     { return p.Status/100 == 2 }
func (p Probe) denied() bool { return p.Status == http.StatusForbidden && p.Code == "AccessDenied" }

// prober signs and sends plain S3 requests. Package r2 sends none at the level of the account, and hides the Date of answers.
type prober struct {
	hc       *http.Client
	cfg      r2.Config
	endpoint string
	retry    httpcall.Retry
}

// endpointOf is the address of the S3 API in a jurisdiction.
func endpointOf(account string, j r2.Jurisdiction) string {
	if j != "" {
		account += "." + string(j)
	}
	return "https://" + account + ".r2.cloudflarestorage.com"
}

func newProber(cfg r2.Config) *prober {
	return &prober{
		hc:       httpcall.Client(cfg.HTTPClient, &http.Client{Transport: newTransport(), Timeout: time.Minute}),
		cfg:      cfg,
		endpoint: strings.TrimRight(cmp.Or(cfg.Endpoint, endpointOf(cfg.AccountID, cfg.Jurisdiction)), "/"),
		retry:    httpcall.Retry{Max: *cmp.Or(cfg.MaxRetries, new(2))},
	}
}

// send asks once, and again after 429, 5xx and lost connections: every probe is harmless, the PUT being of a key of its own. What
// Retry-After asks for is waited, up to a minute and not beyond the end of ctx.
func (p *prober) send(ctx context.Context, name, method, path string, query url.Values) Probe {
	var out Probe
	_ = p.retry.Do(ctx, func(ctx context.Context) error { // the probe says all that the error does
		var err error
		lost := out.lost
		out, err = p.once(ctx, method, path, query)
		out.Name, out.lost = name, lost || out.lost
		return err
	}, func(error) httpcall.Verdict {
		again := out.Status == 0 || out.Status == http.StatusTooManyRequests || out.Status >= 500 && out.Status != http.StatusNotImplemented
		return httpcall.Verdict{Again: again, After: out.after}
	})
	return out
}

func (p *prober) once(ctx context.Context, method, path string, query url.Values) (Probe, error) {
	failed := func(err error) (Probe, error) {
		return Probe{Message: secret.Scrub(err.Error(), p.cfg.SecretAccessKey, p.cfg.SessionToken), lost: httpcall.MaybeSent(err)}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.endpoint+path, http.NoBody)
	if err != nil {
		return failed(httpcall.Redact(err))
	}
	req.URL.RawQuery = query.Encode()
	sum := sha256.Sum256(nil)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	keys := aws.Credentials{AccessKeyID: p.cfg.AccessKeyID, SecretAccessKey: p.cfg.SecretAccessKey, SessionToken: p.cfg.SessionToken}
	err = v4.NewSigner().SignHTTP(ctx, keys, req, hash, "s3", cmp.Or(p.cfg.Region, "auto"), time.Now(), func(o *v4.SignerOptions) {
		o.DisableURIPathEscaping = true
	})
	if err != nil {
		return failed(err)
	}
	resp, err := httpcall.Do(p.hc, req) //nolint:bodyclose // httpcall.Read closes it
	if err != nil {
		return failed(err)
	}
	out := Probe{
		Status: resp.StatusCode, RequestID: cmp.Or(resp.Header.Get("Cf-Ray"), resp.Header.Get("X-Amz-Request-Id")),
		after: httpcall.RetryAfter(resp.Header, time.Now()), lost: resp.StatusCode >= 500,
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		out.skew, out.hasDate = time.Since(date).Round(time.Second), true
	}
	out.body, err = httpcall.Read(resp.Body, 1<<20)
	if err != nil {
		out.Message = "the answer was cut off"
		return out, err
	}
	if out.ok() {
		return out, nil
	}
	var said struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}
	if xml.Unmarshal(out.body, &said) == nil {
		out.Code, out.Message = said.Code, httpcall.Head([]byte(said.Message), 256)
	} else {
		out.Message = httpcall.Head(out.body, 256)
	}
	out.Message = secret.Scrub(out.Message, p.cfg.SecretAccessKey, p.cfg.SessionToken)
	return out, fmt.Errorf("HTTP %d", out.Status)
}
