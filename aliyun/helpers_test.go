package aliyun_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const phone = "13812345678"

// notice is a message that the fake accepts.
func notice() aliyun.Message {
	return aliyun.Message{
		Phones: []string{phone}, Sign: aliyuntest.DemoSign, Template: aliyuntest.DemoTemplate,
		Params: map[string]string{"title": "秘密标题甲乙", "result": "已发布"},
	}
}

// code is a message with a verification code.
func code() aliyun.Message {
	return aliyun.Message{
		Phones: []string{phone}, Sign: aliyuntest.DemoSign, Template: aliyuntest.DemoCodeTemplate,
		Params: map[string]string{"code": "482916"}, Type: aliyun.Code,
	}
}

// newSMS is a fake and an SMS on it.
func newSMS(t *testing.T, fake aliyuntest.Options, opts *aliyun.SMSOptions, edit ...func(*aliyun.Config)) (*aliyuntest.Server, *aliyun.SMS) {
	t.Helper()
	srv, err := aliyuntest.Open(fake)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	for _, f := range edit {
		f(&cfg)
	}
	c, err := aliyun.New(cfg)
	require.NoError(t, err)
	return srv, c.SMS(opts)
}

// asError is the *Error in err.
func asError(t *testing.T, err error) *aliyun.Error {
	t.Helper()
	e, ok := errors.AsType[*aliyun.Error](err)
	require.True(t, ok, "%v is no *aliyun.Error", err)
	return e
}

// static is a Config with a key and an HTTP client.
func static(hc *http.Client) aliyun.Config {
	return aliyun.Config{AccessKeyID: "LTAI0123456789", AccessKeySecret: "topsecretkey99", HTTPClient: hc}
}

func send(ctx context.Context, s *aliyun.SMS, m aliyun.Message) (aliyun.Receipt, error) {
	return s.Send(ctx, m, nil)
}

func beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// clock is a hand that tests turn.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }
