package aliyun_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aliyun/credentials-go/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// rotating gives the key that is in it at the moment.
type rotating struct {
	key   aliyun.Credentials
	err   error
	asked int
}

func (r *rotating) Credentials(context.Context) (aliyun.Credentials, error) {
	r.asked++
	return r.key, r.err
}

// Trap 12.
func TestRotatingKeyIsReadOnEveryCall(t *testing.T) {
	t.Parallel()
	keys := &rotating{key: aliyun.Credentials{AccessKeyID: "STS.one", AccessKeySecret: "secret-one", SecurityToken: "token-one"}}
	srv, sms := newSMS(t, aliyuntest.Options{}, nil, func(cfg *aliyun.Config) {
		cfg.AccessKeyID, cfg.AccessKeySecret, cfg.Credentials = "", "", keys
	})
	srv.SetCredentials(keys.key)
	_, err := send(t.Context(), sms, notice())
	require.NoError(t, err)

	next := aliyun.Credentials{AccessKeyID: "STS.two", AccessKeySecret: "secret-two", SecurityToken: "token-two"}
	srv.SetCredentials(next)
	_, err = send(t.Context(), sms, notice())
	require.ErrorIs(t, err, aliyun.ErrAuth, "the fake takes a key that is gone")
	keys.key = next
	srv.FailNext(aliyuntest.SendSms, "Throttling")
	_, err = send(t.Context(), sms, notice())
	require.NoError(t, err)
	assert.Equal(t, 4, keys.asked, "once for every attempt")
}

func TestKeyThatCannotBeHad(t *testing.T) {
	t.Parallel()
	gone := errors.New("metadata service is down")
	srv, sms := newSMS(t, aliyuntest.Options{}, nil, func(cfg *aliyun.Config) {
		cfg.AccessKeyID, cfg.AccessKeySecret, cfg.Credentials = "", "", &rotating{err: gone}
	})
	_, err := send(t.Context(), sms, notice())
	require.ErrorIs(t, err, aliyun.ErrAuth)
	require.ErrorIs(t, err, gone)
	require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
	assert.False(t, asError(t, err).Sent)
	assert.Zero(t, srv.Calls(""))
}

// A provider that gives half a key gets no request signed with it.
func TestHalfAKey(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil, func(cfg *aliyun.Config) {
		cfg.Credentials = &rotating{key: aliyun.Credentials{AccessKeyID: cfg.AccessKeyID}}
		cfg.AccessKeyID, cfg.AccessKeySecret = "", ""
	})
	_, err := send(t.Context(), sms, notice())
	require.ErrorIs(t, err, aliyun.ErrAuth)
	require.ErrorContains(t, err, "AccessKeySecret is empty")
	assert.Zero(t, srv.Calls(""))
}

func TestCredentialsProviders(t *testing.T) {
	t.Parallel()
	sts, err := credentials.NewCredential(&credentials.Config{
		Type: new("sts"), AccessKeyId: new("id"), AccessKeySecret: new("secret"), SecurityToken: new("token"),
	})
	require.NoError(t, err)
	bearer, err := credentials.NewCredential(&credentials.Config{Type: new("bearer"), BearerToken: new("b")})
	require.NoError(t, err)
	env := map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "secret", "ALIBABA_CLOUD_SECURITY_TOKEN": "token",
	}
	want := aliyun.Credentials{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token"}
	for name, tt := range map[string]struct {
		from aliyun.CredentialsProvider
		fail string
	}{
		"static":           {from: aliyun.StaticCredentials(want)},
		"environment":      {from: aliyun.EnvCredentials(func(k string) string { return env[k] })},
		"from aliyun":      {from: aliyun.FromAliyun(sts)},
		"from aliyun, nil": {from: aliyun.FromAliyun(nil), fail: "no credential"},
		"bearer token":     {from: aliyun.FromAliyun(bearer), fail: "AccessKeyID is empty"},
		"no getenv":        {from: aliyun.EnvCredentials(nil), fail: "os.Getenv"},
		"empty environment": {
			from: aliyun.EnvCredentials(func(string) string { return "" }),
			fail: "ALIBABA_CLOUD_ACCESS_KEY_ID is not set\nALIBABA_CLOUD_ACCESS_KEY_SECRET is not set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.from.Credentials(t.Context())
			if tt.fail != "" {
				require.ErrorContains(t, err, tt.fail)
				return
			}
			require.NoError(t, err)
			assert.True(t, got == want) //nolint:testifylint // Equal would compare what they print
		})
	}
	t.Run("context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := aliyun.FromAliyun(sts).Credentials(ctx)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// The signature of every character that escapes differ on, of a user's key and of a temporary one.
func TestSignatureIsAccepted(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "token+/=="} {
		srv, sms := newSMS(t, aliyuntest.Options{SecurityToken: token}, nil)
		m := notice()
		m.OutID = "a b*~+'&=%/?" + strings.Repeat("甲", 10)
		_, err := send(t.Context(), sms, m)
		require.NoError(t, err)
		assert.Equal(t, 1, srv.CountOutID(m.OutID))
	}
}
