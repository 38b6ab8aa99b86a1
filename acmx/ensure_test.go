package acmx_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// Trap 45: Ensure called twice pays once.
func TestEnsureTwicePaysOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		now := ahead()
		first, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		time.Sleep(26 * time.Hour) // the token is forgotten by now
		again := spec()
		again.Names = []string{"*.Example.com.", "example.com"}
		second, err := c.Ensure(t.Context(), again, srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, first.ARN(), second.ARN())
		require.Len(t, srv.Bill(), 1)
		assert.Equal(t, acmx.Dollars(86), srv.Spent())
		assert.Equal(t, 1, srv.Calls("RequestCertificate"))
		assert.Len(t, srv.Zone(), 1, "one CNAME covers a domain's apex and wildcard")
		b, err := c.Export(t.Context(), first.ARN(), nil)
		require.NoError(t, err)
		require.NoError(t, b.Verify(srv.Roots(), now(), "www.example.com"))
	})
}

// Trap 45: an estimate above MaxCost is refused before the request; nothing at all is sent.
func TestEnsureRefusesWhatCostsTooMuch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		max  acmx.Money
		want bool
	}{
		"zero buys nothing": {max: 0},
		"a cent short":      {max: acmx.Dollars(86) - 1},
		"exactly":           {max: acmx.Dollars(86), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				s := spec()
				s.MaxCost = tt.max
				_, err := c.Ensure(t.Context(), s, srv.Solver(), nil)
				if tt.want {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, acmx.ErrTooExpensive)
				assert.ErrorContains(t, err, "$86.00")
				assert.Zero(t, srv.Calls(""))
			})
		})
	}
}

func TestEnsureIsFreeWithoutExport(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, err := c.Ensure(t.Context(), acmx.Spec{Names: []string{"example.com"}}, srv.Solver(), nil)
		require.NoError(t, err)
		assert.Empty(t, srv.Bill())
		d, err := cert.Describe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, acmx.RSA2048, d.Key)
		assert.False(t, d.Exportable)
	})
}

// Trap 39: details without ResourceRecord at first are polled, not an error: 1, 2, 4 s.
func TestEnsurePollsForTheRecords(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		began := time.Now()
		var looks []time.Duration
		s := spec()
		s.Names = []string{"example.com", "*.example.com", "example.net", "a.example.org"}
		s.MaxCost = acmx.Dollars(100)
		_, err := c.Ensure(t.Context(), s, srv.Solver(), &acmx.EnsureOptions{Progress: func(st acmx.State, _ acmx.Next) {
			if st.Step == acmx.StepDetails {
				looks = append(looks, time.Since(began))
			}
		}})
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0, 1 * time.Second, 2 * time.Second, 4 * time.Second}, looks, "looked at 1, 2, 4 and, with all records, at 8 s")
		assert.Len(t, srv.Zone(), 3)
	})
}

// Trap 40: Domains SUCCESS is not Status ISSUED: Ensure ends at ISSUED and not before.
func TestEnsureWaitsForIssued(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		solver := srv.Solver()
		proved := 0
		cert, err := c.Ensure(t.Context(), spec(), solver, &acmx.EnsureOptions{Progress: func(st acmx.State, _ acmx.Next) {
			if st.Step != acmx.StepWait {
				return
			}
			d, err := c.Certificate(st.ARN).Describe(t.Context())
			require.NoError(t, err)
			if d.Status != acmx.StatusIssued && d.Validations[0].Status == "SUCCESS" && d.Validations[1].Status == "SUCCESS" {
				proved++
			}
		}})
		require.NoError(t, err)
		assert.Positive(t, proved, "the fake shows the moment in between")
		d, err := cert.Poll(t.Context())
		require.NoError(t, err)
		assert.Equal(t, acmx.StatusIssued, d.Status)
	})
}

// Trap 40: FAILED, VALIDATION_TIMED_OUT, REVOKED end the wait at once.
func TestWaitEndsAtFinalStates(t *testing.T) {
	t.Parallel()
	for status, kind := range map[acmx.Status]error{
		acmx.StatusFailed:             acmx.ErrValidationFailed,
		acmx.StatusValidationTimedOut: acmx.ErrValidationFailed,
		acmx.StatusRevoked:            acmx.ErrRevoked,
		acmx.StatusExpired:            acmx.ErrExpired,
	} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Status: status, Reason: "DOMAIN_NOT_ALLOWED", Age: time.Hour})
				began := time.Now()
				_, err := c.Certificate(arn).Wait(t.Context(), nil)
				require.ErrorIs(t, err, kind)
				assert.Equal(t, status, asError(t, err).Status)
				assert.Zero(t, time.Since(began), "at once")
				assert.Equal(t, 1, srv.Calls("DescribeCertificate"))
				_, err = c.Certificate(arn).Poll(t.Context())
				require.ErrorIs(t, err, kind)
			})
		})
	}
}

func TestEnsureTellsOfTimeOut(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		began := time.Now()
		_, err := c.Ensure(t.Context(), spec(), nil, &acmx.EnsureOptions{Interval: 5 * time.Minute}) // nobody adds the record
		require.ErrorIs(t, err, acmx.ErrValidationFailed)
		assert.ErrorContains(t, err, "VALIDATION_TIMED_OUT")
		assert.InDelta(t, 72, time.Since(began).Hours(), 0.1)
		assert.Empty(t, srv.Bill())

		// The next run makes a new request, for the token of a dead one would only bring it back.
		_, err = c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, 2, srv.Count())
		assert.Len(t, srv.Bill(), 1)
	})
}

// A certificate that failed within the hour of its token: ACM would answer the same request with the same dead ARN.
func TestEnsureAfterAFailureWithinTheHour(t *testing.T) {
	t.Parallel()
	caa := []string{`0 issue "letsencrypt.org"`}
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		_, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.ErrorIs(t, err, acmx.ErrCAA)
		require.ErrorIs(t, err, acmx.ErrValidationFailed)
		assert.Equal(t, "CAA_ERROR", asError(t, err).Reason)
		assert.Empty(t, srv.Bill())

		caa = []string{`0 issue "amazon.com"`}
		cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		d, err := cert.Describe(t.Context())
		require.NoError(t, err)
		assert.Equal(t, acmx.StatusIssued, d.Status)
		assert.Len(t, srv.Bill(), 1)
	}, func(o *acmxtest.Options) { o.CAA = func(string) []string { return caa } })
}

// The same, where the list does not show the failed one: it comes back by its token, is seen to be older than the request,
// and is asked around.
func TestEnsureWhenTheTokenBringsADeadOne(t *testing.T) {
	t.Parallel()
	caa := []string{`0 issue ";"`}
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		_, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.ErrorIs(t, err, acmx.ErrCAA)
		caa = nil
		time.Sleep(10 * time.Minute)
		_, err = c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, 3, srv.Calls("RequestCertificate"), "the second brought the dead one back")
		assert.Equal(t, 2, srv.Count())
		assert.Len(t, srv.Bill(), 1)
	}, func(o *acmxtest.Options) {
		o.CAA, o.ListLag = func(string) []string { return caa }, 24*time.Hour
	})
}

// What is there is found whatever its key, on whatever page, and whoever made it.
func TestEnsureReusesWhatIsThere(t *testing.T) {
	t.Parallel()
	mine := spec()
	for name, tt := range map[string]struct {
		seed   acmxtest.Seed
		edit   func(*acmx.Spec)
		opts   acmx.EnsureOptions
		bought bool
	}{
		"made elsewhere, with an EC key": {seed: acmxtest.Seed{Names: []string{"*.example.com", "example.com"}, Key: acmx.ECP256, Exportable: true}},
		"ours by its tag":                {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true, Tags: map[string]string{acmx.TagSpec: mine.Fingerprint()}}, opts: acmx.EnsureOptions{OnlyTagged: true}},
		"pending":                        {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true, Status: acmx.StatusPending, Age: time.Hour}},
		"not tagged, and only tagged":    {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true}, opts: acmx.EnsureOptions{OnlyTagged: true}, bought: true},
		"another key":                    {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.RSA2048, Exportable: true}, bought: true},
		"not exportable":                 {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256}, bought: true},
		"a name less":                    {seed: acmxtest.Seed{Names: []string{"example.com"}, Key: acmx.ECP256, Exportable: true}, bought: true},
		"a name more":                    {seed: acmxtest.Seed{Names: append([]string{"a.example.com"}, mine.Names...), Key: acmx.ECP256, Exportable: true}, bought: true},
		"another spec's":                 {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true, Tags: map[string]string{acmx.TagSpec: "other"}}, bought: true},
		"another label":                  {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true}, edit: func(s *acmx.Spec) { s.Label = "blue" }, bought: true},
		"failed":                         {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true, Status: acmx.StatusFailed}, bought: true},
		"expired":                        {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true, Age: 200 * 24 * time.Hour}, bought: true},
		"waits for an e-mail":            {seed: acmxtest.Seed{Names: mine.Names, Key: acmx.ECP256, Exportable: true, Status: acmx.StatusPending, Email: true}, bought: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				arn := srv.Add(tt.seed)
				for i := range 3 {
					srv.Add(acmxtest.Seed{Names: []string{fmt.Sprintf("other%d.example", i)}, Key: acmx.ECP384})
				}
				time.Sleep(10 * time.Second)
				s := spec()
				if tt.edit != nil {
					tt.edit(&s)
				}
				cert, err := c.Ensure(t.Context(), s, srv.Solver(), &tt.opts)
				require.NoError(t, err)
				assert.Equal(t, tt.bought, cert.ARN() != arn)
				assert.Equal(t, tt.bought, srv.Calls("RequestCertificate") == 1)
				plan, err := c.Plan(t.Context(), s, nil)
				require.NoError(t, err)
				assert.Equal(t, acmx.Reuse, plan.Action, "and once it is there, it is ours")
				assert.NotContains(t, plan.Certificate.Names, "other0.example")
			})
		})
	}
}

func TestEnsureReuseOnlyBuysNothing(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		_, err := c.Ensure(t.Context(), spec(), srv.Solver(), &acmx.EnsureOptions{ReuseOnly: true})
		require.ErrorIs(t, err, fs.ErrNotExist)
		assert.Zero(t, srv.Calls("RequestCertificate"))

		arn := srv.Add(acmxtest.Seed{Names: spec().Names, Key: acmx.ECP256, Exportable: true, Age: time.Hour})
		s := spec()
		s.MaxCost = 0
		cert, err := c.Ensure(t.Context(), s, srv.Solver(), &acmx.EnsureOptions{ReuseOnly: true})
		require.NoError(t, err)
		assert.Equal(t, arn, cert.ARN())
	})
}

func TestEnsureTags(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		s := spec()
		s.Tags = map[string]string{"team": "web"}
		cert, err := c.Ensure(t.Context(), s, srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"team": "web", acmx.TagSpec: s.Fingerprint()}, srv.Tags(cert.ARN()))
		assert.Zero(t, srv.Calls("AddTagsToCertificate"), "they came with the request")

		s.Tags = map[string]string{"team": "ops"}
		_, err = c.Ensure(t.Context(), s, srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, "ops", srv.Tags(cert.ARN())["team"])
		assert.Equal(t, 1, srv.Calls("AddTagsToCertificate"))
	})
}

func TestEnsureTellsTheSolversError(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		conflict := errors.New("there is another record")
		_, err := c.Ensure(t.Context(), spec(), acmx.SolverFunc(func(context.Context, string, string) error { return conflict }), nil)
		require.ErrorIs(t, err, conflict)
		assert.Equal(t, "PresentCNAME", asError(t, err).Op)
		_, err = c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.NoError(t, err)
		assert.Equal(t, 1, srv.Count(), "the second run goes on with the first's certificate")
	})
}

// Names reach the solver as they have to be: absolute, lower case, without the final dot.
func TestSolverGetsPlainNames(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		var got []acmx.Record
		_, err := c.Ensure(t.Context(), spec(), acmx.SolverFunc(func(ctx context.Context, name, target string) error {
			got = append(got, acmx.Record{Name: name, Target: target})
			return srv.Solver().PresentCNAME(ctx, name, target)
		}), nil)
		require.NoError(t, err)
		assert.Equal(t, []acmx.Record{srv.Record("example.com")}, got)
		assert.True(t, strings.HasPrefix(got[0].Name, "_") && strings.HasSuffix(got[0].Target, ".acm-validations.aws"))
	})
}

func TestEnsureStopsWithItsContext(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Second, enough)
		defer cancel()
		began := time.Now()
		_, err := c.Ensure(ctx, spec(), nil, nil)
		require.ErrorIs(t, err, enough)
		assert.Equal(t, 30*time.Second, time.Since(began))
		assert.NotEmpty(t, asError(t, err).ARN, "to go on from")
	})
}

// Everything that is wrong with a spec is said at once, and before anything is sent.
func TestEnsureReportsAllProblems(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, acmxtest.Options{})
	s := acmx.Spec{
		Names:   []string{strings.Repeat("a", 60) + ".example.com", "münchen.example", "*.com", "a.*.com", "x.example", "X.example.", "192.0.2.1", "under_score.example", "xn--a-ecp.ru-.x"},
		Key:     "RSA_4096",
		Label:   "Blue!",
		Tags:    map[string]string{"aws:x": "", acmx.TagSpec: "y"},
		MaxCost: -1,
	}
	for range 4 {
		s.Names = append(s.Names, fmt.Sprintf("n%d.example", len(s.Names)))
	}
	_, err := c.Ensure(t.Context(), s, srv.Solver(), nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	for _, want := range []string{
		"more than 64", "punycode", "*.com", "leftmost", "twice", "address", "under_score", "hyphen",
		"13 are more than the quota of 10", "RSA_4096", "Label", "aws:x", acmx.TagSpec, "MaxCost",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = c.Plan(t.Context(), acmx.Spec{}, nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	_, _, err = c.Advance(t.Context(), spec(), nil, acmx.State{Spec: "other"}, nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	_, _, err = c.Advance(t.Context(), spec(), nil, acmx.State{Step: "dance"}, nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	assert.Zero(t, srv.Calls(""))
}
