package r2admin_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// A new token is refused like a wrong one until the platform knows it.
func TestWaitKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api, srv := open(t, r2test.Options{TokenDelay: 40 * time.Second})
		tok, err := c.CreateToken(t.Context(), uploader("new"))
		require.NoError(t, err)
		begun := time.Now()
		var codes []string
		data := with(srv, "images", tok.Credentials())
		require.NoError(t, r2admin.WaitKeys(t.Context(), data, &r2admin.WaitKeysOptions{
			Interval: 15 * time.Second, Progress: func(p r2admin.Probe) { codes = append(codes, p.Code) },
		}))
		assert.Equal(t, 45*time.Second, time.Since(begun))
		assert.Equal(t, []string{"Unauthorized", "Unauthorized", "Unauthorized", ""}, codes)

		rolled, err := c.RollToken(t.Context(), tok.ID, nil)
		require.NoError(t, err)
		require.NoError(t, r2admin.WaitKeys(t.Context(), with(srv, "images", rolled.Credentials()), nil), "the new secret is wrong at first")

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		data.AccessKeyID, data.Bucket = rolled.ID, "others"
		data.SecretAccessKey = rolled.Credentials().SecretAccessKey
		err = r2admin.WaitKeys(ctx, data, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "AccessDenied")
		require.ErrorContains(t, err, "Doctor tells")
		assert.NotContains(t, err.Error(), data.SecretAccessKey)
		api.Close()
		srv.Close()
	})
}

func TestWaitKeysEndsAtOnce(t *testing.T) {
	t.Parallel()
	_, _, srv := open(t, r2test.Options{Scope: r2test.ScopeAdmin})
	data := srv.Config()
	data.Bucket = "nowhere"
	require.ErrorIs(t, r2admin.WaitKeys(t.Context(), data, nil), fs.ErrNotExist)
	data.MaxRetries = new(0)
	srv.AnswerNext("ListObjectsV2", 501, nil, "")
	err := r2admin.WaitKeys(t.Context(), data, nil)
	require.ErrorContains(t, err, "HTTP 501")
	require.ErrorIs(t, r2admin.WaitKeys(t.Context(), r2.Config{}, nil), r2admin.ErrInput)
}
