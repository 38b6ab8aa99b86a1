package acmx_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// Trap 41: RequestInProgressException on export is retried.
func TestExportWaitsWhileInProgress(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		b, err := cert.Export(t.Context(), nil)
		require.NoError(t, err)
		assert.Greater(t, srv.Calls("ExportCertificate"), 1, "ACM says ISSUED before it can export")
		assert.Equal(t, "example.com", b.Leaf.Subject.CommonName)
	}, func(o *acmxtest.Options) { o.ExportLag = 40 * time.Second })
}

func TestExportIsPatientOnlyForSoLong(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Exportable: true, Status: acmx.StatusPending})
		time.Sleep(10 * time.Second)
		began := time.Now()
		_, err := c.Export(t.Context(), arn, &acmx.ExportOptions{Patience: time.Minute})
		require.ErrorIs(t, err, acmx.ErrNotIssued)
		assert.InDelta(t, 60, time.Since(began).Seconds(), 15)

		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, enough)
		defer cancel()
		_, err = c.Export(ctx, arn, nil)
		require.ErrorIs(t, err, enough)
	})
}

// Trap 43, with what ACM may send: a root in the chain is not in fullchain; strangers are dropped.
func TestExportOfEveryKindOfChainAndKey(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]acmxtest.Options{
		"as documented":     {},
		"with the root":     {RootInChain: true},
		"with a stranger":   {StrangerInChain: true},
		"with root and all": {RootInChain: true, StrangerInChain: true},
	} {
		for _, key := range []acmx.KeyAlgorithm{acmx.RSA2048, acmx.ECP256, acmx.ECP384} {
			t.Run(name+" "+string(key), func(t *testing.T) {
				t.Parallel()
				srv, c := fake(t, opts)
				s := spec()
				s.Key = key
				cert, err := c.Ensure(t.Context(), s, srv.Solver(), nil)
				require.NoError(t, err)
				b, err := cert.Export(t.Context(), nil)
				require.NoError(t, err)
				require.Len(t, b.Chain, 1)
				assert.Equal(t, 2, bytes.Count(b.FullChainPEM(), []byte("BEGIN CERTIFICATE")))
				require.NoError(t, b.Verify(srv.Roots(), time.Now(), "example.com"))
				switch k := b.Key().(type) {
				case *rsa.PrivateKey:
					assert.Equal(t, acmx.RSA2048, key)
				case *ecdsa.PrivateKey:
					assert.Equal(t, map[acmx.KeyAlgorithm]int{acmx.ECP256: 256, acmx.ECP384: 384}[key], k.Curve.Params().BitSize)
				}
				d, err := cert.Describe(t.Context())
				require.NoError(t, err)
				assert.Equal(t, d.Serial, b.Serial(), "ACM writes it with colons and a leading zero")
			})
		}
	}
}

func TestExportTellsWhyNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		seed acmxtest.Seed
		kind error
	}{
		"not exportable": {seed: acmxtest.Seed{Names: []string{"example.com"}}, kind: acmx.ErrNotExportable},
		"revoked":        {seed: acmxtest.Seed{Names: []string{"example.com"}, Exportable: true, Status: acmx.StatusRevoked}, kind: acmx.ErrRevoked},
		"failed":         {seed: acmxtest.Seed{Names: []string{"example.com"}, Exportable: true, Status: acmx.StatusFailed}, kind: acmx.ErrValidationFailed},
		"expired":        {seed: acmxtest.Seed{Names: []string{"example.com"}, Exportable: true, Age: 300 * 24 * time.Hour}, kind: acmx.ErrExpired},
		"before 2025-06": {seed: acmxtest.Seed{Names: []string{"example.com"}, Exportable: true, Age: 600 * 24 * time.Hour, Status: acmx.StatusInactive}, kind: acmx.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				_, err := c.Export(t.Context(), srv.Add(tt.seed), nil)
				require.ErrorIs(t, err, tt.kind)
			}, func(o *acmxtest.Options) { o.DetailLag = 0 })
		})
	}
	_, c := fake(t, acmxtest.Options{})
	_, err := c.Export(t.Context(), "arn:aws:acm:us-east-1:123456789012:certificate/none", nil)
	require.Error(t, err)
	assert.Equal(t, "ResourceNotFoundException", asError(t, err).Code)
	_, err = c.Export(t.Context(), "nonsense", nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
}

// exporter keeps the passphrases that it is given, by copy and as they are.
type exporter struct {
	acmx.ExportAPI

	seen, live [][]byte
}

func (e *exporter) ExportCertificate(ctx context.Context, in *acm.ExportCertificateInput, opts ...func(*acm.Options)) (*acm.ExportCertificateOutput, error) {
	e.seen, e.live = append(e.seen, bytes.Clone(in.Passphrase)), append(e.live, in.Passphrase)
	return e.ExportAPI.ExportCertificate(ctx, in, opts...)
}

// Passphrases are of 32 characters that ACM allows, another one each time, and cleared after use; neither they nor keys are
// in errors, logs or what fmt prints, even when the platform quotes them.
func TestExportKeepsItsSecrets(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	var spy *exporter
	srv, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) {
		spy = &exporter{ExportAPI: acm.NewFromConfig(cfg.AWS)}
		cfg.Exports = spy
		cfg.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
	require.NoError(t, err)
	b, err := cert.Export(t.Context(), nil)
	require.NoError(t, err)
	srv.AnswerNext("ExportCertificate", http.StatusBadRequest, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, "")
	_, err = cert.Export(t.Context(), nil)
	require.Error(t, err)
	texts := []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%+v %#v", b, b), fmt.Sprintf("%+v", c)}

	require.Len(t, spy.seen, 2)
	assert.NotEqual(t, spy.seen[0], spy.seen[1])
	for i, pass := range spy.seen {
		assert.Len(t, pass, 32)
		assert.Empty(t, strings.Trim(string(pass), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
		assert.Equal(t, make([]byte, 32), spy.live[i], "cleared")
	}
	key, err := b.KeyPEM()
	require.NoError(t, err)
	middle := string(bytes.Split(key, []byte("\n"))[1])
	for _, text := range append(texts, logs.String()) {
		assert.NotContains(t, text, string(spy.seen[0]))
		assert.NotContains(t, text, string(spy.seen[1]))
		assert.NotContains(t, text, middle)
	}
}

// AWS's validation quotes the value that it dislikes.
func TestExportErrorDoesNotQuoteThePassphrase(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	srv, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) {
		sdk := acm.NewFromConfig(cfg.AWS)
		cfg.Exports = quoting{sdk}
		cfg.Logger = slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
	require.NoError(t, err)
	_, err = cert.Export(t.Context(), nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	for _, text := range []string{err.Error(), logs.String()} {
		assert.Contains(t, text, "[redacted]")
		assert.NotRegexp(t, `[A-Z2-7]{20}`, text)
	}
}

// quoting refuses every export in the words of AWS.
type quoting struct{ acmx.ExportAPI }

func (quoting) ExportCertificate(_ context.Context, in *acm.ExportCertificateInput, _ ...func(*acm.Options)) (*acm.ExportCertificateOutput, error) {
	return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: fmt.Sprintf("1 validation error detected: Value '%s' at 'passphrase' failed to satisfy constraint", in.Passphrase)}
}
