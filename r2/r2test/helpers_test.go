package r2test_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, opts r2test.Options) *r2test.Server {
	t.Helper()
	srv, err := r2test.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv
}

// call is a request that is signed by AWS's own signer, and may be spoilt before or after that.
type call struct {
	method, path string
	header       http.Header
	body         string
	secret, key  string // default the right ones
	region       string
	at           time.Time
	unsigned     bool
	after        func(*http.Request)
}

type answer struct {
	status int
	code   string
	header http.Header
	body   string
}

func (c call) do(t *testing.T, srv *r2test.Server) answer {
	t.Helper()
	cfg := srv.Config()
	cfg.Endpoint = srv.URL
	return c.to(t, cfg)
}

// to sends the call to the bucket of cfg, the fake's or another.
func (c call) to(t *testing.T, cfg r2.Config) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, cfg.Endpoint+c.path, strings.NewReader(c.body))
	require.NoError(t, err)
	maps.Copy(req.Header, c.header)
	sum := sha256.Sum256([]byte(c.body))
	hash := hex.EncodeToString(sum[:])
	if v := req.Header.Get("X-Amz-Content-Sha256"); v != "" {
		hash = v
	} else {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if !c.unsigned {
		creds := aws.Credentials{AccessKeyID: cfg.AccessKeyID, SecretAccessKey: cfg.SecretAccessKey}
		if c.secret != "" {
			creds.SecretAccessKey = c.secret
		}
		if c.key != "" {
			creds.AccessKeyID = c.key
		}
		at := c.at
		if at.IsZero() {
			at = time.Now()
		}
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		require.NoError(t, signer.SignHTTP(t.Context(), creds, req, hash, "s3", cmp.Or(c.region, "auto"), at))
	}
	if c.after != nil {
		c.after(req)
	}
	resp, err := cfg.HTTPClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(data)}
	var failure struct{ Code string }
	if resp.StatusCode >= 400 && xml.Unmarshal(data, &failure) == nil {
		a.code = failure.Code
	}
	return a
}
