package aliyun_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// mocked is an SMS whose every request gets this answer.
func mocked(t *testing.T, respond httpmock.Responder) (*httpmock.MockTransport, *aliyun.SMS) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder(http.MethodPost, "https://dysmsapi.aliyuncs.com/", respond)
	c, err := aliyun.New(static(&http.Client{Transport: mock}))
	require.NoError(t, err)
	return mock, c.SMS(nil)
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	var got *http.Request
	_, sms := mocked(t, func(r *http.Request) (*http.Response, error) {
		got = r
		return httpmock.NewStringResponse(200, `{"Code":"OK","Message":"OK","RequestId":"R1","BizId":"B1"}`), nil
	})
	m := notice()
	m.OutID = "out 1+*~"
	receipt, err := send(t.Context(), sms, m)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), receipt.At, time.Minute)
	receipt.At = time.Time{}
	assert.Equal(t, aliyun.Receipt{BizID: "B1", RequestID: "R1", OutID: "out 1+*~", Phones: 1}, receipt)
	q := got.URL.Query()
	assert.Equal(t, phone, q.Get("PhoneNumbers"))
	assert.Equal(t, "out 1+*~", q.Get("OutId"))
	assert.JSONEq(t, `{"title":"秘密标题甲乙","result":"已发布"}`, q.Get("TemplateParam"))
	assert.False(t, q.Has("SmsUpExtendCode"), "an empty value went out")
	assert.Equal(t, []string{"SendSms"}, got.Header["x-acs-action"]) //nolint:staticcheck // the module writes it so
	assert.Contains(t, got.Header.Get("User-Agent"), "kitroll")
}

// Trap 1: 64 goroutines with 200 calls each, on one client, over real connections: no more of them than the client's
// transport allows, and nothing is left when they are closed.
func TestStormOnOneClient(t *testing.T) {
	t.Parallel()
	srv, err := aliyuntest.Open(aliyuntest.Options{AllowList: []string{phone}})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	loop := httptest.NewServer(srv)
	t.Cleanup(loop.Close)
	var dialled, open, most atomic.Int64
	transport := &http.Transport{
		MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialled.Add(1)
			n := open.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			return &countedConn{Conn: c, closed: sync.OnceFunc(func() { open.Add(-1) })}, err
		},
	}
	cfg := srv.Config()
	cfg.HTTPClient = &http.Client{Transport: transport}
	cfg.Endpoints = map[aliyun.Product]string{aliyun.SMSProduct: loop.URL}
	cfg.Timeout = time.Minute
	c, err := aliyun.New(cfg)
	require.NoError(t, err)
	sms := c.SMS(nil)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 200 {
				_, err := send(t.Context(), sms, notice())
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 64*200, srv.Count(phone))
	assert.Equal(t, 64*200, srv.Calls(aliyuntest.SendSms))
	assert.LessOrEqual(t, most.Load(), int64(10), "8, and those that are just being closed: their places are free a moment before")
	t.Logf("%d connections, %d at a time, for %d calls", dialled.Load(), most.Load(), 64*200)
	transport.CloseIdleConnections() // goroutines: goleak is in TestMain
}

type countedConn struct {
	net.Conn

	closed func()
}

func (c *countedConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// Trap 2.
func TestHungServerEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.HangNext(aliyuntest.SendSms)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		receipt, err := send(ctx, sms, notice())
		assert.Equal(t, 300*time.Millisecond, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.NotErrorIs(t, err, aliyun.ErrTemporary, "the caller's own deadline is nobody's failure")
		assert.NotEmpty(t, receipt.OutID)
		assert.Equal(t, receipt.OutID, asError(t, err).OutID)
		assert.Contains(t, err.Error(), receipt.OutID+" of 2000-01-01", "the day in UTC+8, to look it up by")
		assert.True(t, asError(t, err).At.Equal(began))
		assert.True(t, receipt.At.Equal(began))
		assert.Contains(t, err.Error(), "do not send it again")
		assert.Contains(t, asError(t, err).HintZH, "请勿直接重发")
		srv.Close()
	})
}

// Trap 3. A read is repeated after a timeout, a send is not.
func TestHungServerEndsAtTheTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.HangNext(aliyuntest.SendSms)
		began := time.Now()
		_, err := send(t.Context(), sms, notice())
		assert.Equal(t, 10*time.Second, time.Since(began))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
		require.ErrorIs(t, err, aliyun.ErrTemporary)
		assert.Contains(t, err.Error(), "no answer within 10s")
		assert.Equal(t, 1, srv.Calls(aliyuntest.SendSms))

		srv.HangNext(aliyuntest.GetSmsTemplate)
		_, err = sms.Template(t.Context(), aliyuntest.DemoTemplate)
		require.NoError(t, err)
		assert.Equal(t, 2, srv.Calls(aliyuntest.GetSmsTemplate))
		srv.Close()
	})
}

func TestCancelKeepsItsCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		boss := errors.New("the boss said stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		srv.HangNext(aliyuntest.SendSms)
		time.AfterFunc(time.Second, func() { cancel(boss) })
		_, err := send(ctx, sms, notice())
		require.ErrorIs(t, err, boss)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)

		_, err = send(ctx, sms, notice()) // begun after the end
		require.ErrorIs(t, err, boss)
		require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.False(t, asError(t, err).Sent)
		assert.Equal(t, 1, srv.Calls(""))
		srv.Close()
	})
}

// Traps 4 and 5: answers that say nothing.
func TestAnswersWithoutACode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status    int
		body      string
		temporary bool
	}{
		"502 HTML":        {502, "<html>bad gateway " + phone + "</html>", true},
		"503 JSON":        {503, `{"error":"busy"}`, true},
		"200 empty":       {200, "", false},
		"200 array":       {200, `["OK"]`, false},
		"200 no Code":     {200, `{"RequestId":"R"}`, false},
		"200 null":        {200, `null`, false},
		"200 object Code": {200, `{"Code":{}}`, false},
		"200 cut off":     {200, `{"Code":"OK"`, false},
		"403 HTML":        {403, "<html>", false},
		"500 Code OK":     {500, `{"Code":"OK","RequestId":"R"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, sms := newSMS(t, aliyuntest.Options{}, nil)
				srv.AnswerNext(aliyuntest.SendSms, tt.status, nil, tt.body)
				_, err := send(t.Context(), sms, notice())
				require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
				assert.Equal(t, tt.temporary, errors.Is(err, aliyun.ErrTemporary))
				e := asError(t, err)
				assert.Equal(t, tt.status, e.Status)
				assert.True(t, e.Sent)
				assert.NotContains(t, err.Error(), phone)
				assert.Equal(t, 1, srv.Calls(aliyuntest.SendSms), "a send was repeated")

				srv.AnswerNext(aliyuntest.GetSmsTemplate, tt.status, nil, tt.body)
				_, err = sms.Template(t.Context(), aliyuntest.DemoTemplate)
				require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
				if tt.temporary {
					require.NoError(t, err, "a read was not repeated")
				} else {
					require.Error(t, err, "nothing was taken for success")
				}
				srv.Close()
			})
		})
	}
}

// Trap 6, over a real connection that is used again: net/http would repeat a GET by itself.
func TestDroppedAnswerIsNotReplayed(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*aliyuntest.Server){
		"before the effect": func(s *aliyuntest.Server) { s.DropNext(aliyuntest.SendSms) },
		"after the effect":  func(s *aliyuntest.Server) { s.LoseNext(aliyuntest.SendSms) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, sms := newSMS(t, aliyuntest.Options{AllowList: []string{phone}}, nil)
			_, err := send(t.Context(), sms, notice())
			require.NoError(t, err)
			before := srv.Count(phone)
			fault(srv)
			_, err = send(t.Context(), sms, notice())
			require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
			assert.True(t, asError(t, err).Sent)
			assert.Equal(t, 2, srv.Calls(aliyuntest.SendSms))
			assert.LessOrEqual(t, srv.Count(phone), before+1)
		})
	}
}

// A read that gets no answer is repeated, and if that does not help there is still nothing unknown about it.
func TestLostReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		for range 3 {
			srv.DropNext(aliyuntest.GetSmsTemplate)
		}
		_, err := sms.Template(t.Context(), aliyuntest.DemoTemplate)
		require.ErrorIs(t, err, aliyun.ErrTemporary)
		require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.Equal(t, 3, srv.Calls(aliyuntest.GetSmsTemplate))
		srv.Close()
	})
}

// Trap 7.
func TestRefusedConnectionIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dials := 0
		srv, sms := newSMS(t, aliyuntest.Options{}, nil, func(cfg *aliyun.Config) {
			dialer(t, cfg, refusing(&dials))
		})
		_, err := send(t.Context(), sms, notice())
		require.ErrorIs(t, err, aliyun.ErrTemporary)
		require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.False(t, asError(t, err).Sent)
		assert.Equal(t, 3, dials)
		assert.NotContains(t, err.Error(), "://")
		srv.Close()
	})
}

// dialer gives the client of a fake another way to connect.
func dialer(t *testing.T, cfg *aliyun.Config, dial func(context.Context, string, string) (net.Conn, error)) {
	t.Helper()
	tr, ok := cfg.HTTPClient.Transport.(*http.Transport)
	require.True(t, ok)
	tr.DialContext = dial
}

func refusing(dials *int) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		*dials++
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
}

// A deadline that passes while the connection is still being made leaves no doubt.
func TestDeadlineDuringTheDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil, func(cfg *aliyun.Config) {
			dialer(t, cfg, func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := send(ctx, sms, notice())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.False(t, asError(t, err).Sent)
		srv.Close()
	})
}

// A RoundTripper that calls nothing back proves nothing.
func TestSilentTransportIsUnknown(t *testing.T) {
	t.Parallel()
	mock, sms := mocked(t, httpmock.NewErrorResponder(io.ErrUnexpectedEOF))
	_, err := send(t.Context(), sms, notice())
	require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.True(t, asError(t, err).Sent)
	assert.Equal(t, 1, mock.GetTotalCallCount())
}

// Trap 8.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 308} {
		srv, sms := newSMS(t, aliyuntest.Options{SecurityToken: "sts-token-77"}, nil)
		srv.AnswerNext(aliyuntest.SendSms, status, http.Header{"Location": {"http://elsewhere.example.com/?" + phone}}, "")
		_, err := send(t.Context(), sms, notice())
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.Equal(t, status, asError(t, err).Status)
		assert.Equal(t, 1, srv.Calls(""), "every host ends in the fake: a second request is a redirect that was followed")
		assert.NotContains(t, err.Error(), "elsewhere")
	}
}

// Trap 9.
func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	pad := strings.Repeat(" ", 1<<20)
	mock, sms := mocked(t, httpmock.NewStringResponder(200, `{"Code":"OK","RequestId":"R"}`+pad))
	_, err := send(t.Context(), sms, notice())
	require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
	require.ErrorContains(t, err, "body exceeds the limit")
	_, err = sms.Template(t.Context(), "SMS_1")
	require.ErrorContains(t, err, "body exceeds the limit")
	assert.Equal(t, 2, mock.GetTotalCallCount(), "an answer that is too long stays so")
}

// Trap 11: the module's own back-off would sleep for minutes.
func TestThrottledCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.FailNext(aliyuntest.SendSms, "Throttling.User")
		began := time.Now()
		_, err := send(t.Context(), sms, notice())
		require.NoError(t, err, "the gateway refused, so a send may be repeated")
		assert.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond, "TimeLeft was not obeyed")
		assert.Equal(t, 1, srv.Count(phone))

		for range 3 {
			srv.FailNext(aliyuntest.GetSmsTemplate, "Throttling.Api")
		}
		began = time.Now()
		_, err = sms.Template(t.Context(), aliyuntest.DemoTemplate)
		require.ErrorIs(t, err, aliyun.ErrThrottled)
		assert.Less(t, time.Since(began), 2*time.Second)
		assert.Equal(t, 200*time.Millisecond, asError(t, err).RetryAfter)
		assert.Equal(t, 3, srv.Calls(aliyuntest.GetSmsTemplate))
		srv.Close()
	})
}

func TestRetriesCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil, func(cfg *aliyun.Config) { cfg.Retry.Attempts = 1 })
	srv.FailNext(aliyuntest.SendSms, "Throttling")
	_, err := send(t.Context(), sms, notice())
	require.ErrorIs(t, err, aliyun.ErrThrottled)
	assert.Equal(t, 1, srv.Calls(""))
}

// Any other product works once its host is named; most products have no Code in a success.
func TestCallOtherProduct(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	body := `{"RequestId":"R","Id":123456789012345678}`
	mock.RegisterResponder(http.MethodPost, "https://cdn.aliyuncs.com/", func(*http.Request) (*http.Response, error) {
		return httpmock.NewStringResponse(200, body), nil
	})
	cfg := static(&http.Client{Transport: mock})
	cfg.Endpoints = map[aliyun.Product]string{"cdn": "cdn.aliyuncs.com"}
	c, err := aliyun.New(cfg)
	require.NoError(t, err)
	r := aliyun.Request{Product: "cdn", Version: "2018-05-10", Action: "DescribeX"}
	resp, err := c.Call(t.Context(), r)
	require.NoError(t, err)
	var v map[string]any
	require.NoError(t, resp.Decode(&v))
	assert.Equal(t, json.Number("123456789012345678"), v["Id"])
	require.Error(t, resp.Decode(new([]string)))

	body = `{}`
	_, err = c.Call(t.Context(), r)
	require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)

	_, err = c.Call(t.Context(), aliyun.Request{Product: "vpc", Action: "a b"})
	require.ErrorIs(t, err, aliyun.ErrInput)
	for _, want := range []string{"Product", "Version", "Action"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestForbiddenIsPermission(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"Forbidden.RAM", "isp.RAM_PERMISSION_DENY", "isv.RAM_CHECK_FAILED"} {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.FailNext(aliyuntest.SendSms, code)
		_, err := send(t.Context(), sms, notice())
		require.ErrorIs(t, err, aliyun.ErrAuth)
		require.ErrorIs(t, err, fs.ErrPermission)
		assert.NotEmpty(t, asError(t, err).Hint)
		assert.NotEmpty(t, asError(t, err).HintZH)
		assert.NotEmpty(t, asError(t, err).RequestID)
	}
}
