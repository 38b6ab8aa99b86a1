package acmx_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// exported is a certificate that was bought and exported.
func exported(tb testing.TB, srv *acmxtest.Server, c *acmx.Client) (*acmx.Certificate, *acmx.Bundle) {
	tb.Helper()
	cert, err := c.Ensure(tb.Context(), spec(), srv.Solver(), nil)
	require.NoError(tb, err)
	b, err := cert.Export(tb.Context(), nil)
	require.NoError(tb, err)
	return cert, b
}

func TestRenew(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, b := exported(t, srv, c)
		_, err := cert.Renew(t.Context(), nil)
		require.ErrorIs(t, err, acmx.ErrTooExpensive)
		assert.ErrorContains(t, err, "$86.00")
		assert.Zero(t, srv.Calls("RenewCertificate"))
		cost, err := cert.RenewCost(t.Context())
		require.NoError(t, err)
		assert.Equal(t, acmx.Dollars(86), cost.Renewal)

		time.Sleep(24 * time.Hour)
		old, err := cert.Renew(t.Context(), &acmx.RenewOptions{MaxCost: cost.Renewal})
		require.NoError(t, err)
		assert.Equal(t, b.Serial(), old)
		_, err = cert.Renew(t.Context(), &acmx.RenewOptions{MaxCost: cost.Renewal})
		require.ErrorIs(t, err, acmx.ErrConflict, "one is under way")
		d, err := cert.WaitRenewed(t.Context(), old, nil)
		require.NoError(t, err)
		assert.NotEqual(t, old, d.Serial)
		assert.Equal(t, cert.ARN(), d.ARN, "a renewal keeps the ARN")
		assert.True(t, d.NotAfter.After(b.Leaf.NotAfter))
		require.Len(t, srv.Bill(), 2)
		assert.Equal(t, "renewal", srv.Bill()[1].Why)
	})
}

func TestRenewNeedsAnExport(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		_, err = cert.Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(86)})
		require.ErrorIs(t, err, acmx.ErrConflict)
		assert.Zero(t, srv.Calls("RenewCertificate"))
	})
}

// A renewal is charged and has no token: it is sent once, and looked up when its answer is lost.
func TestRenewWithItsAnswerLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil   func(*acmxtest.Server)
		unknown bool
		bills   int
	}{
		"lost after the effect": {spoil: func(s *acmxtest.Server) { s.LoseNext("RenewCertificate") }, bills: 2},
		"dropped before it":     {spoil: func(s *acmxtest.Server) { s.DropNext("RenewCertificate") }, unknown: true, bills: 1},
		"a proxy's page":        {spoil: func(s *acmxtest.Server) { s.AnswerNext("RenewCertificate", 503, nil, "busy") }, unknown: true, bills: 1},
		"throttled":             {spoil: func(s *acmxtest.Server) { s.FailNext("RenewCertificate", "ThrottlingException") }, bills: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				cert, _ := exported(t, srv, c)
				time.Sleep(time.Hour)
				tt.spoil(srv)
				old, err := cert.Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(86)})
				if tt.unknown {
					require.ErrorIs(t, err, acmx.ErrUnknownOutcome)
					assert.Equal(t, 1, srv.Calls("RenewCertificate"), "sent once")
				} else {
					require.NoError(t, err)
					_, err = cert.WaitRenewed(t.Context(), old, nil)
					require.NoError(t, err)
				}
				time.Sleep(time.Hour)
				_, err = cert.Describe(t.Context())
				require.NoError(t, err)
				assert.Len(t, srv.Bill(), tt.bills)
			})
		})
	}
}

func TestWaitRenewedGivesUpWithoutRecords(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, b := exported(t, srv, c)
		srv.SetCNAME(srv.Record("example.com").Name, "")
		_, err := cert.Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(86)})
		require.NoError(t, err)
		_, err = cert.WaitRenewed(t.Context(), b.Serial(), &acmx.WaitOptions{Interval: 10 * time.Minute})
		require.ErrorIs(t, err, acmx.ErrValidationFailed)
		assert.ErrorContains(t, err, "are the records still there?")
		assert.Len(t, srv.Bill(), 1)
	})
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, _ := exported(t, srv, c)
		for _, opts := range []*acmx.RevokeOptions{nil, {Confirm: "yes"}, {Confirm: "*.example.com"}} {
			err := cert.Revoke(t.Context(), opts)
			require.ErrorIs(t, err, acmx.ErrNotConfirmed)
			assert.ErrorContains(t, err, "example.com, *.example.com")
			assert.ErrorContains(t, err, "$86.00")
		}
		assert.Zero(t, srv.Calls("RevokeCertificate"))
		srv.LoseNext("RevokeCertificate")
		require.NoError(t, cert.Revoke(t.Context(), &acmx.RevokeOptions{Confirm: "example.com", Reason: types.RevocationReasonSuperseded}), "its answer was lost, and it was looked up")
		assert.Equal(t, 1, srv.Calls("RevokeCertificate"))
		_, err := cert.Poll(t.Context())
		require.ErrorIs(t, err, acmx.ErrRevoked)
		require.NoError(t, cert.Revoke(t.Context(), nil), "it is revoked already")

		// What is revoked is never reused, and the next one has a token of its own.
		again, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.NotEqual(t, cert.ARN(), again.ARN())
		err = again.Revoke(t.Context(), &acmx.RevokeOptions{Confirm: "example.com"})
		require.ErrorIs(t, err, acmx.ErrInvalid, "it was never exported")
		srv.DropNext("RevokeCertificate")
		err = again.Revoke(t.Context(), &acmx.RevokeOptions{Confirm: "example.com"})
		require.ErrorIs(t, err, acmx.ErrUnknownOutcome)
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, _ := exported(t, srv, c)
		srv.SetInUse(cert.ARN(), "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/1")
		err := cert.Delete(t.Context())
		require.ErrorIs(t, err, acmx.ErrInUse)
		assert.ErrorContains(t, err, "loadbalancer/app/web/1")
		assert.Zero(t, srv.Calls("DeleteCertificate"))

		srv.SetInUse(cert.ARN())
		srv.LoseNext("DeleteCertificate")
		require.NoError(t, cert.Delete(t.Context()))
		assert.Equal(t, 2, srv.Calls("DeleteCertificate"), "a deletion may be repeated")
		assert.Zero(t, srv.Count())
		time.Sleep(time.Minute)
		require.NoError(t, cert.Delete(t.Context()), "it is gone already")
		_, err = cert.Describe(t.Context())
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

func TestImport(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*acmxtest.Server){
		"as it should be":       func(*acmxtest.Server) {},
		"the answer lost":       func(s *acmxtest.Server) { s.LoseNext("ImportCertificate") },
		"throttled":             func(s *acmxtest.Server) { s.FailNext("ImportCertificate", "ThrottlingException") },
		"lost, and listed late": func(s *acmxtest.Server) { s.LoseNext("ImportCertificate") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lists := time.Duration(0)
			if strings.Contains(name, "late") {
				lists = time.Hour
			}
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				_, b := exported(t, srv, c)
				spoil(srv)
				cert, err := c.Import(t.Context(), b, &acmx.ImportOptions{Tags: map[string]string{"a": "b"}})
				if lists > 0 {
					require.ErrorIs(t, err, acmx.ErrUnknownOutcome, "never sent twice on a guess")
					assert.Equal(t, 1, srv.Calls("ImportCertificate"))
					return
				}
				require.NoError(t, err)
				assert.Equal(t, 2, srv.Count())
				d, err := cert.Describe(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "IMPORTED", d.Type)
				assert.Equal(t, b.Serial(), d.Serial)

				again, err := c.Import(t.Context(), b, &acmx.ImportOptions{ARN: cert.ARN()})
				require.NoError(t, err)
				assert.Equal(t, cert.ARN(), again.ARN())
				srv.LoseNext("ImportCertificate")
				_, err = c.Import(t.Context(), b, &acmx.ImportOptions{ARN: cert.ARN()})
				require.NoError(t, err)
				assert.Equal(t, 2, srv.Count())
			}, func(o *acmxtest.Options) { o.DetailLag, o.ListLag = 0, lists })
		})
	}
}

func TestImportChecksFirst(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		_, b := exported(t, srv, c)
		time.Sleep(300 * 24 * time.Hour)
		_, err := c.Import(t.Context(), b, &acmx.ImportOptions{ARN: "arn:x", Tags: map[string]string{"a": "b"}})
		require.ErrorIs(t, err, acmx.ErrInvalid)
		require.ErrorIs(t, err, acmx.ErrExpired)
		assert.ErrorContains(t, err, "Tags")
		_, err = c.Import(t.Context(), nil, nil)
		require.ErrorIs(t, err, acmx.ErrInvalid)
		assert.Zero(t, srv.Calls("ImportCertificate"))
	})
}

func TestMigrateToDNS(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		arn := srv.Add(acmxtest.Seed{Names: []string{"example.com", "*.example.com", "example.net"}, Email: true, Age: 24 * time.Hour})
		cert := c.Certificate(arn)
		require.ErrorIs(t, cert.MigrateToDNS(t.Context(), nil, nil), acmx.ErrInvalid)
		srv.LoseNext("UpdateCertificateOptions")
		require.NoError(t, cert.MigrateToDNS(t.Context(), srv.Solver(), nil))
		assert.Equal(t, map[string]string{
			srv.Record("example.com").Name: srv.Record("example.com").Target,
			srv.Record("example.net").Name: srv.Record("example.net").Target,
		}, srv.Zone())
		seq := cert.Validations(t.Context())
		for range 2 { // every range begins anew
			n := 0
			for v, err := range seq {
				require.NoError(t, err)
				assert.Equal(t, "DNS", v.Active.Method)
				assert.Zero(t, v.Requested)
				n++
			}
			assert.Equal(t, 3, n)
		}
		calls := srv.Calls("UpdateCertificateOptions")
		require.NoError(t, cert.MigrateToDNS(t.Context(), srv.Solver(), nil), "nothing is left to do")
		assert.Equal(t, calls, srv.Calls("UpdateCertificateOptions"))
	})
}

// Trap 26: ACM validation CNAMEs are in the new zone, and checked by name.
func TestCheckRecordsAsksForEachByName(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		for _, names := range [][]string{{"example.com", "*.example.com"}, {"a.example.com", "other.example"}, {"notexample.com"}} {
			srv.Add(acmxtest.Seed{Names: names, Key: acmx.ECP384, Age: time.Hour})
		}
		srv.Add(acmxtest.Seed{Names: []string{"dead.example.com"}, Status: acmx.StatusFailed, Age: time.Hour})
		zone := newZone{
			srv.Record("example.com").Name:   srv.Record("example.com").Target + ".",
			srv.Record("a.example.com").Name: "elsewhere.example.",
		}
		problems, err := c.CheckRecords(t.Context(), "Example.com.", zone)
		require.NoError(t, err)
		require.Len(t, problems, 1)
		assert.Equal(t, "a.example.com", problems[0].Domain)
		assert.Equal(t, "elsewhere.example", problems[0].Found)
		assert.Contains(t, problems[0].String(), "has to be a CNAME to "+srv.Record("a.example.com").Target)

		delete(zone, srv.Record("example.com").Name)
		problems, err = c.CheckRecords(t.Context(), "example.com", zone)
		require.NoError(t, err)
		assert.Len(t, problems, 2)

		all := 0
		for r, err := range c.Records(t.Context(), "") {
			require.NoError(t, err)
			assert.NotEqual(t, "dead.example.com", r.Domain)
			all++
		}
		assert.Equal(t, 4, all)
	})
}
