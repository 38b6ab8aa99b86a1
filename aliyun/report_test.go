package aliyun_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

const pushToken = "s3cretOfThePush"

// onePush is a report as the page shows it.
const onePush = `[{"phone_number":"13812345678","send_time":"2017-01-01 00:00:00","report_time":"2017-01-01 00:00:01","success":true,` +
	`"err_code":"DELIVERED","err_msg":"用户接收成功","sms_size":"2","biz_id":"12345","out_id":"67890"}]`

// taker collects what a handler gives to its function.
type taker struct {
	mu    sync.Mutex
	got   []aliyun.Report
	calls int
	err   error
}

func (k *taker) take(_ context.Context, rs []aliyun.Report) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	if k.err != nil {
		return k.err
	}
	k.got = append(k.got, rs...)
	return nil
}

func post(h http.Handler, path, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for _, f := range edit {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestParseReports(t *testing.T) {
	t.Parallel()
	got, err := aliyun.ParseReports([]byte(onePush))
	require.NoError(t, err)
	require.Len(t, got, 1)
	r := got[0]
	assert.Equal(t, "+8613812345678", r.Phone.E164())
	assert.Equal(t, time.Date(2016, 12, 31, 16, 0, 0, 0, time.UTC), r.SentAt.UTC(), "times are of UTC+8")
	assert.Equal(t, time.Date(2016, 12, 31, 16, 0, 1, 0, time.UTC), r.ReportedAt.UTC())
	assert.True(t, r.Success)
	assert.Equal(t, 2, r.Segments)
	assert.Equal(t, []string{"DELIVERED", "用户接收成功", "12345", "67890"}, []string{r.Code, r.Message, r.BizID, r.OutID})

	for name, tt := range map[string]struct {
		body string
		want int // -1 = refused
	}{
		"single object":      {`{"phone_number":"13812345678","success":false}`, 1},
		"none":               {`[]`, 0},
		"numbers as numbers": {`[{"phone_number":13812345678,"success":true,"sms_size":1,"biz_id":5}]`, 1},
		"not JSON":           {`phone=13812345678`, -1},
		"empty":              {``, -1},
		"text":               {`"13812345678"`, -1},
		"array of texts":     {`["13812345678"]`, -1},
		"no phone":           {`[{"success":true}]`, -1},
		"no success":         {`[{"phone_number":"13812345678"}]`, -1},
		"cut off":            {`[{"phone_number":"13812345678","success":true`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := aliyun.ParseReports([]byte(tt.body))
			if tt.want < 0 {
				require.Error(t, err)
				assert.NotContains(t, err.Error(), "13812345678")
				return
			}
			require.NoError(t, err)
			assert.Len(t, got, tt.want)
		})
	}
}

// Trap 22: what is refused, and that a wrong secret is refused before the body is read.
func TestReportHandlerRefuses(t *testing.T) {
	t.Parallel()
	big := `[{"phone_number":"13812345678","err_msg":"` + strings.Repeat("x", 2<<20) + `","success":true}]`
	for name, tt := range map[string]struct {
		opts   aliyun.ReportOptions
		path   string
		body   string
		edit   func(*http.Request)
		want   int
		unread bool
	}{
		"right":              {opts: aliyun.ReportOptions{Token: pushToken}, path: "/sms/" + pushToken, body: onePush, want: 200},
		"basic auth":         {opts: aliyun.ReportOptions{Token: pushToken}, path: "/", body: onePush, edit: func(r *http.Request) { r.SetBasicAuth("x", pushToken) }, want: 200},
		"wrong token":        {opts: aliyun.ReportOptions{Token: pushToken}, path: "/sms/" + pushToken + "x", body: onePush, want: 401, unread: true},
		"no token":           {opts: aliyun.ReportOptions{Token: pushToken}, path: "/", body: onePush, want: 401, unread: true},
		"none is set":        {path: "/", body: onePush, want: 401, unread: true},
		"token of the user":  {opts: aliyun.ReportOptions{Token: pushToken}, path: "/", body: onePush, edit: func(r *http.Request) { r.SetBasicAuth(pushToken, "") }, want: 401, unread: true},
		"wrong address":      {opts: aliyun.ReportOptions{Token: pushToken, AllowFrom: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, path: "/" + pushToken, body: onePush, want: 403, unread: true},
		"right address":      {opts: aliyun.ReportOptions{Token: pushToken, AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, path: "/" + pushToken, body: onePush, want: 200},
		"GET":                {opts: aliyun.ReportOptions{Token: pushToken}, path: "/" + pushToken, body: onePush, edit: func(r *http.Request) { r.Method = http.MethodGet }, want: 405, unread: true},
		"2 MiB":              {opts: aliyun.ReportOptions{Token: pushToken}, path: "/" + pushToken, body: big, want: 413},
		"not an array":       {opts: aliyun.ReportOptions{Token: pushToken}, path: "/" + pushToken, body: "x=1", want: 400},
		"store that is down": {opts: aliyun.ReportOptions{Token: pushToken, Seen: downStore{}}, path: "/" + pushToken, body: onePush, want: 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var k taker
			var logged bytes.Buffer
			tt.opts.Logger = slog.New(slog.NewTextHandler(&logged, nil))
			body := &watched{Reader: strings.NewReader(tt.body)}
			w := post(aliyun.ReportHandler(k.take, &tt.opts), tt.path, "", func(r *http.Request) {
				r.Body = body
				if tt.edit != nil {
					tt.edit(r)
				}
			})
			assert.Equal(t, tt.want, w.Code)
			assert.Equal(t, !tt.unread, body.read)
			if tt.want == 200 {
				assert.JSONEq(t, `{"code":0,"msg":"接收成功"}`, w.Body.String())
				assert.Len(t, k.got, 1)
			} else {
				assert.Empty(t, k.got)
				assert.Contains(t, logged.String(), fmt.Sprintf("status=%d", tt.want))
			}
			for _, hidden := range []string{pushToken, "13812345678"} {
				assert.NotContains(t, logged.String()+w.Body.String(), hidden)
			}
		})
	}
}

type watched struct {
	io.Reader

	read bool
}

func (b *watched) Read(p []byte) (int, error) { b.read = true; return b.Reader.Read(p) }
func (b *watched) Close() error               { return nil }

type downStore struct{}

func (downStore) Seen(context.Context, string) (bool, error) { return false, errors.New("down") }
func (downStore) Mark(context.Context, string) error         { return errors.New("down") }

// A repeated push is handled once; one whose handling failed is handled again.
func TestReportsAreHandledOnce(t *testing.T) {
	t.Parallel()
	var k taker
	h := aliyun.ReportHandler(k.take, &aliyun.ReportOptions{Token: pushToken})
	k.err = errors.New("database is down")
	assert.Equal(t, 500, post(h, "/"+pushToken, onePush).Code)
	k.err = nil
	for range 3 {
		assert.Equal(t, 200, post(h, "/"+pushToken, onePush).Code)
	}
	assert.Len(t, k.got, 1)
	assert.Equal(t, 2, k.calls)

	// Twice in one push, and a new one beside a known one: only what is new gets through.
	other := strings.Replace(onePush, "13812345678", "13912345678", 1)
	both := strings.TrimSuffix(onePush, "]") + "," + strings.Trim(other, "[]") + "," + strings.Trim(other, "[]") + "]"
	assert.Equal(t, 200, post(h, "/"+pushToken, both).Code)
	require.Len(t, k.got, 2)
	assert.Equal(t, "+8613912345678", k.got[1].Phone.E164())
}

// Two deliveries of one report at the same time: one is worked on, the other is to come again.
func TestReportsAtTheSameTime(t *testing.T) {
	t.Parallel()
	began, end := make(chan struct{}), make(chan struct{})
	h := aliyun.ReportHandler(func(context.Context, []aliyun.Report) error {
		close(began)
		<-end
		return nil
	}, &aliyun.ReportOptions{Token: pushToken})
	first := make(chan int)
	go func() { first <- post(h, "/"+pushToken, onePush).Code }()
	<-began
	assert.Equal(t, 503, post(h, "/"+pushToken, onePush).Code)
	close(end)
	assert.Equal(t, 200, <-first)
	assert.Equal(t, 200, post(h, "/"+pushToken, onePush).Code, "now it is known")
}

// A handler that panics leaves nothing locked.
func TestReportsAfterAPanic(t *testing.T) {
	t.Parallel()
	calls := 0
	h := aliyun.ReportHandler(func(context.Context, []aliyun.Report) error {
		if calls++; calls == 1 {
			panic("handler")
		}
		return nil
	}, &aliyun.ReportOptions{Token: pushToken})
	assert.Panics(t, func() { post(h, "/"+pushToken, onePush) })
	assert.Equal(t, 200, post(h, "/"+pushToken, onePush).Code)
	assert.Equal(t, 2, calls)
}

func TestNewSeenForgetsTheOldest(t *testing.T) {
	t.Parallel()
	seen := aliyun.NewSeen(2)
	for _, key := range []string{"a", "b", "b", "c"} {
		require.NoError(t, seen.Mark(t.Context(), key))
	}
	for key, want := range map[string]bool{"a": false, "b": true, "c": true} {
		got, err := seen.Seen(t.Context(), key)
		require.NoError(t, err)
		assert.Equal(t, want, got, key)
	}
}

// The platform's whole way: sends, reports pushed when the carrier has spoken, again after 1, 5 and 10 minutes, dropped.
func TestReportsAreFollowed(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)}
	srv, sms := newSMS(t, aliyuntest.Options{Now: c.Now, Carrier: func(phone string) aliyuntest.Report {
		if phone == number(1) {
			return aliyuntest.Report{After: 10 * time.Second, ErrCode: "MK:0001"}
		}
		return aliyuntest.Report{After: 5 * time.Second}
	}}, &aliyun.SMSOptions{Now: c.Now})
	k := &taker{err: errors.New("not yet")}
	receiver := pipehttp.NewServer("receiver.fake", aliyun.ReportHandler(k.take, &aliyun.ReportOptions{Token: pushToken}))
	t.Cleanup(receiver.Close)
	push := func() aliyuntest.Pushed {
		p, err := srv.PushReports(t.Context(), receiver.Client(), receiver.URL+"/"+pushToken)
		require.NoError(t, err)
		return p
	}
	gather(t, sms.SendMany(t.Context(), many(2, personal), nil), 2)
	assert.Zero(t, push(), "the carrier has said nothing yet")
	c.now = c.now.Add(10 * time.Second)
	assert.Equal(t, aliyuntest.Pushed{Failed: 2}, push())
	assert.Zero(t, push(), "not before a minute")
	c.now = c.now.Add(time.Minute)
	k.err = nil
	assert.Equal(t, aliyuntest.Pushed{Delivered: 2}, push())
	assert.Zero(t, push())
	require.Len(t, k.got, 2)
	for _, r := range k.got {
		assert.Equal(t, r.Phone.E164() != "+86"+number(1), r.Success)
		assert.Equal(t, 1, r.Segments)
		assert.NotEmpty(t, r.OutID)
	}
	srv.RepeatReports()
	assert.Equal(t, aliyuntest.Pushed{Delivered: 2}, push())
	assert.Len(t, k.got, 2, "repeated, and not handled again")

	gone := srv.Client() // no such path: 404 by the API
	srv.RepeatReports()
	for _, wait := range []time.Duration{0, time.Minute, 5 * time.Minute, 10 * time.Minute} {
		c.now = c.now.Add(wait)
		p, err := srv.PushReports(t.Context(), gone, "http://dysmsapi.fake/nothing")
		require.NoError(t, err)
		assert.Equal(t, 2, p.Failed)
		assert.Equal(t, wait == 10*time.Minute, p.Dropped == 2)
	}
	c.now = c.now.Add(time.Hour)
	assert.Zero(t, push(), "dropped")
}

func TestUplinks(t *testing.T) {
	t.Parallel()
	srv := aliyuntest.NewServer()
	t.Cleanup(srv.Close)
	var got []aliyun.Uplink
	receiver := pipehttp.NewServer("receiver.fake", aliyun.UplinkHandler(func(_ context.Context, us []aliyun.Uplink) error {
		got = append(got, us...)
		return nil
	}, &aliyun.ReportOptions{Token: pushToken}))
	t.Cleanup(receiver.Close)
	srv.SendUplink("13812345678", "退订秘密")
	p, err := srv.PushUplinks(t.Context(), receiver.Client(), receiver.URL+"/"+pushToken)
	require.NoError(t, err)
	assert.Equal(t, aliyuntest.Pushed{Delivered: 1}, p)
	require.Len(t, got, 1)
	assert.Equal(t, "退订秘密", got[0].Content)
	assert.Equal(t, "1000000", got[0].SequenceID)
	assert.Equal(t, aliyuntest.DemoSign, got[0].Sign)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		printed := fmt.Sprintf(verb, got[0])
		assert.NotContains(t, printed, "秘密")
		assert.NotContains(t, printed, "13812345678")
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "uplink", got[0])
	assert.NotContains(t, logged.String(), "秘密")
}

func FuzzParseReports(f *testing.F) {
	f.Add([]byte(onePush))
	f.Add([]byte(`{"phone_number":1,"success":"true","sms_size":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := aliyun.ParseReports(body)
		if err != nil && got != nil {
			t.Fatal("both")
		}
		_, _ = aliyun.ParseUplinks(body)
	})
}
