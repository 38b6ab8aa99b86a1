package acmx_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// attempts is how often a call is made at most by default.
const attempts = 5

// Config.AWS.RetryMaxAttempts is the number of attempts, whatever its Retryer says.
func TestRetryMaxAttempts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ set, want int }{"default": {0, attempts}, "one": {1, 1}, "three": {3, 3}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, _ *acmx.Client) {
				cfg := srv.Config()
				cfg.AWS.RetryMaxAttempts = tt.set
				cfg.AWS.Retryer = func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 9) }
				c, err := acmx.New(cfg)
				require.NoError(t, err)
				for range attempts + 5 {
					srv.FailNext("ListCertificates", "InternalFailure")
				}
				for _, err := range c.List(t.Context(), nil) {
					require.Error(t, err)
				}
				assert.Equal(t, tt.want, srv.Calls("ListCertificates"))
			})
		})
	}
}

// A client of the SDK that repeats by itself does not repeat a renewal, which is charged each time.
func TestClientsOfTheCallerDoNotRepeat(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, _ := exported(t, srv, c)
		cfg := srv.Config()
		cfg.Lifecycle = acm.NewFromConfig(cfg.AWS)
		c, err := acmx.New(cfg)
		require.NoError(t, err)
		for range attempts {
			srv.FailNext("RenewCertificate", "InternalFailure")
		}
		_, err = c.Certificate(cert.ARN()).Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(86)})
		require.ErrorIs(t, err, acmx.ErrUnknownOutcome)
		assert.Equal(t, 1, srv.Calls("RenewCertificate"))
	})
}

// unreachable dials once for each request, and from the n-th on in vain, for a reason that says nothing of a network.
type unreachable struct {
	dial  func(context.Context, string, string) (net.Conn, error)
	after int
	dials int
}

func (u *unreachable) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if u.dials++; u.dials > u.after {
		return nil, errors.New("the tunnel is down")
	}
	return u.dial(ctx, network, address)
}

// Whatever never left is repeated, a renewal too, and is no unknown outcome in the end.
func TestWhatNeverLeftIsNotUnknown(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		cert, _ := exported(t, srv, c)
		cfg := srv.Config()
		own, ok := srv.Client().Transport.(*http.Transport)
		require.True(t, ok)
		own = own.Clone()
		way := &unreachable{dial: own.DialContext, after: 1} // the look before it
		own.DialContext, own.DisableKeepAlives = way.Dial, true
		cfg.AWS.HTTPClient = &http.Client{Transport: own}
		c, err := acmx.New(cfg)
		require.NoError(t, err)
		_, err = c.Certificate(cert.ARN()).Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(86)})
		require.ErrorContains(t, err, "the tunnel is down")
		require.NotErrorIs(t, err, acmx.ErrUnknownOutcome)
		assert.Equal(t, 1+attempts, way.dials)
		assert.Len(t, srv.Bill(), 1)
	})
}
