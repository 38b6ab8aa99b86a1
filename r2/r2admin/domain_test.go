package r2admin_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Trap 19: EnsureDomain: zone absent, wrong account, blocked, SSL error, timeout; no busy loop.
func TestEnsureDomainNeedsItsZone(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	_, err := c.EnsureDomain(t.Context(), "images", "img.example.com", nil)
	require.ErrorIs(t, err, r2admin.ErrZone)
	require.ErrorContains(t, err, "no zone of it is to be seen")

	api.AddZone(r2test.Zone{ID: "theirs", Name: "example.com", AccountID: "ffffffffffffffffffffffffffffffff"})
	_, err = c.EnsureDomain(t.Context(), "images", "img.example.com", nil)
	require.ErrorIs(t, err, r2admin.ErrZone)
	require.ErrorContains(t, err, "in another account")
	assert.Zero(t, api.Calls("CreateDomain"))

	api.AddZone(r2test.Zone{ID: "mine", Name: "example.com"})
	d, err := c.EnsureDomain(t.Context(), "images", "IMG.example.com.", nil)
	require.NoError(t, err)
	status, err := d.Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "mine", status.ZoneID)
	assert.Equal(t, "img.example.com", d.Name)

	_, err = c.EnsureDomain(t.Context(), "images", "bilder", &r2admin.DomainOptions{MinTLS: "2"})
	require.ErrorIs(t, err, r2admin.ErrInput)
	_, err = c.EnsureDomain(t.Context(), "nobody", "img.example.com", nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, 1, api.Calls("CreateDomain"))
}

func TestEnsureDomainTwice(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.AddZone(r2test.Zone{ID: "z", Name: "example.com"})
	api.LoseNext("CreateDomain")
	d, err := c.EnsureDomain(t.Context(), "images", "example.com", &r2admin.DomainOptions{MinTLS: "1.2"})
	require.NoError(t, err, "made by the call whose answer was lost")
	_, err = c.EnsureDomain(t.Context(), "images", "example.com", &r2admin.DomainOptions{MinTLS: "1.2"})
	require.NoError(t, err)
	assert.Equal(t, 1, api.Calls("CreateDomain"))
	assert.Zero(t, api.Calls("UpdateDomain"))
	_, err = c.EnsureDomain(t.Context(), "images", "example.com", &r2admin.DomainOptions{MinTLS: "1.3"})
	require.NoError(t, err)
	status, err := d.Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "1.3", status.MinTLS)

	api.DropNext("CreateDomain")
	_, err = c.EnsureDomain(t.Context(), "images", "www.example.com", nil)
	require.ErrorIs(t, err, r2admin.ErrUnknownOutcome)
	_, err = c.EnsureBucket(t.Context(), "other", nil)
	require.NoError(t, err)
	_, err = c.EnsureDomain(t.Context(), "other", "example.com", nil)
	require.ErrorIs(t, err, fs.ErrExist, "it serves another bucket")
}

func TestWaitForDomain(t *testing.T) {
	t.Parallel()
	timeout := errors.New("enough")
	for name, tt := range map[string]struct {
		fate  r2test.DomainFate
		kind  error
		looks int
		took  time.Duration
	}{
		"active":    {fate: r2test.DomainFate{Looks: 4}, looks: 5, took: 40 * time.Second},
		"blocked":   {fate: r2test.DomainFate{Looks: 1, Ownership: "blocked"}, kind: r2admin.ErrDomain, looks: 2, took: 10 * time.Second},
		"SSL error": {fate: r2test.DomainFate{Looks: -1, SSL: "error"}, kind: r2admin.ErrDomain, looks: 1},
		"error":     {fate: r2test.DomainFate{Looks: -1, Ownership: "error"}, kind: r2admin.ErrDomain, looks: 1},
		"timeout":   {fate: r2test.DomainFate{Looks: 1000}, kind: timeout, looks: 10, took: 95 * time.Second}, // no busy loop
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, api, srv := open(t, r2test.Options{})
				defer srv.Close()
				defer api.Close()
				api.AddZone(r2test.Zone{ID: "z", Name: "example.com"})
				api.SetFate("img.example.com", tt.fate)
				_, err := c.EnsureDomain(t.Context(), "images", "img.example.com", nil)
				require.NoError(t, err)
				before, looks := api.Calls("GetDomain"), 0
				ctx, cancel := context.WithTimeoutCause(t.Context(), 95*time.Second, timeout)
				defer cancel()
				start := time.Now()
				status, err := c.Domain("images", "img.example.com").Wait(ctx, &r2admin.WaitOptions{Progress: func(r2admin.DomainStatus) { looks++ }})
				assert.Equal(t, tt.took, time.Since(start))
				assert.Equal(t, tt.looks, looks)
				assert.Equal(t, tt.looks, api.Calls("GetDomain")-before)
				assert.NotEmpty(t, status.Ownership)
				if tt.kind == nil {
					require.NoError(t, err)
					assert.True(t, status.Active())
					return
				}
				require.ErrorIs(t, err, tt.kind)
				assert.False(t, status.Active())
			})
		})
	}
}

func TestWaitForDomainThatIsNotThere(t *testing.T) {
	t.Parallel()
	c, _, _ := open(t, r2test.Options{})
	_, err := c.Domain("images", "img.example.com").Wait(t.Context(), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	host, err := c.SetDevURL(t.Context(), "images", true)
	require.NoError(t, err)
	assert.Equal(t, "pub-0123456789abcdef.r2.dev", host)
}
