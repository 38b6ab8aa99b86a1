package r2admin_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const account = "0123456789abcdef0123456789abcdef"

const queue = "6f1c2d3e4b5a69788796a5b4c3d2e1f0"

// open gives a client of the control plane of a bucket in memory.
func open(t *testing.T, opts r2test.Options) (*r2admin.Client, *r2test.ControlPlane, *r2test.Server) {
	t.Helper()
	srv, err := r2test.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	api := srv.ControlPlane()
	t.Cleanup(api.Close)
	c, err := r2admin.New(config(api, opts))
	require.NoError(t, err)
	return c, api, srv
}

func config(api *r2test.ControlPlane, opts r2test.Options) r2admin.Config {
	return r2admin.Config{
		AccountID: account, APIToken: api.Token, Jurisdiction: opts.Jurisdiction, BaseURL: api.URL, HTTPClient: api.Client(),
	}
}

// clock is one that a test moves ahead. The zero value is the machine's.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }
