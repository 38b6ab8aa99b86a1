package acmx_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
	"github.com/kitroll/kitroll/internal/fault"
)

func acmeSpec() acmx.ACMESpec {
	return acmx.ACMESpec{
		Domains: []acmx.ACMEDomain{{Name: "example.com", Subdomains: true}, {Name: "example.net", Wildcards: true, HostedZone: "Z123"}},
		RoleARN: "arn:aws:iam::123456789012:role/acme", Expires: 24 * time.Hour,
	}
}

func TestSetupACME(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		var said []string
		a, err := c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), &acmx.SetupACMEOptions{Progress: func(m string) { said = append(said, m) }})
		require.NoError(t, err)
		assert.Contains(t, a.URL, "/directory")
		assert.NotEmpty(t, a.KeyID)
		mac, err := base64.RawURLEncoding.DecodeString(a.HMAC())
		require.NoError(t, err)
		assert.Len(t, mac, 32)
		assert.Equal(t, []string{"example.com", "example.net"}, a.Domains)
		assert.WithinDuration(t, srv.Config().Now().Add(24*time.Hour), a.Expires, time.Hour)
		assert.Equal(t, []string{"making an ACME endpoint", "having example.com validated in advance", "having example.net validated in advance", "binding ACME accounts to arn:aws:iam::123456789012:role/acme"}, said)
		assert.Equal(t, srv.Record("example.com").Target, srv.Zone()[srv.Record("example.com").Name])

		time.Sleep(10 * time.Hour)
		again, err := c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, a, again, "the same spec is the same endpoint, and the binding is still valid")
		other, err := c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), &acmx.SetupACMEOptions{NewBinding: true})
		require.NoError(t, err)
		assert.Equal(t, a.URL, other.URL)
		assert.NotEqual(t, a.KeyID, other.KeyID)

		time.Sleep(20 * time.Hour)
		later, err := c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.NotEqual(t, a.KeyID, later.KeyID, "the binding has expired")
		labelled := acmeSpec()
		labelled.Label = "blue"
		blue, err := c.SetupACME(t.Context(), labelled, srv.Solver(), nil)
		require.NoError(t, err)
		assert.NotEqual(t, a.EndpointARN, blue.EndpointARN)
	})
}

// Whatever answer is lost, there is one endpoint, one validation for each domain and one binding.
func TestSetupACMEWithAnswersLost(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"CreateAcmeEndpoint", "CreateAcmeDomainValidation", "CreateAcmeExternalAccountBinding", "GetAcmeExternalAccountBindingCredentials"} {
		for _, times := range []int{1, attempts} {
			t.Run(fmt.Sprint(op, times), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
					for range times {
						srv.LoseNext(op)
					}
					a, err := c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), nil)
					if times == attempts {
						require.Error(t, err)
						a, err = c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), nil)
					}
					require.NoError(t, err)
					assert.NotEmpty(t, a.HMAC())
					endpoints, validations, bindings := srv.ACMECounts()
					assert.Equal(t, []int{1, 2, 1}, []int{endpoints, validations, bindings})
				}, func(o *acmxtest.Options) { o.ListLag = time.Minute })
			})
		}
	}
}

func TestSetupACMEReportsAllProblems(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, acmxtest.Options{})
	_, err := c.SetupACME(t.Context(), acmx.ACMESpec{
		Domains: []acmx.ACMEDomain{{Name: "*.example.com"}, {Name: "a_b.example"}, {Name: "x.example"}, {Name: "X.example"}},
		Keys:    []acmx.KeyAlgorithm{"RSA_1024"}, RoleARN: "role", Expires: time.Second, Tags: map[string]string{acmx.TagEndpoint: "x"},
	}, srv.Solver(), nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	for _, want := range []string{"set Wildcards", "a_b", "twice", "RSA_1024", "IAM role", "whole minutes", acmx.TagEndpoint} {
		assert.ErrorContains(t, err, want)
	}
	assert.Zero(t, srv.Calls(""))
}

func TestSetupACMETellsTheSolversError(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, _ *acmxtest.Server, c *acmx.Client) {
		conflict := errors.New("there is another record")
		_, err := c.SetupACME(t.Context(), acmeSpec(), failing{conflict}, nil)
		require.ErrorIs(t, err, conflict)
	})
}

// The HMAC key is in no log, no error, and nothing that is printed.
func TestACMEAccessHidesItsKey(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	srv, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	calls := 0
	srv.Observe(func(fault.Event) { calls++ })
	a, err := c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), &acmx.SetupACMEOptions{Interval: time.Millisecond})
	require.NoError(t, err)
	require.Positive(t, calls)
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "a", a, "in", struct{ A acmx.ACMEAccess }{a})
	data, err := json.Marshal(struct{ A acmx.ACMEAccess }{a})
	require.NoError(t, err)
	within := struct{ a acmx.ACMEAccess }{a}
	for _, text := range []string{logs.String(), string(data), fmt.Sprintf("%v %+v %#v %s %q", a, a, a, a, a), fmt.Sprintf("%v %+v %#v", &a, &a, &a), fmt.Sprintf("%+v %#v", within, within)} {
		assert.NotContains(t, text, a.HMAC())
		assert.NotEmpty(t, text)
	}
	assert.Contains(t, a.String(), a.KeyID)
}
