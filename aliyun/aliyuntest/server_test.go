package aliyuntest_test

import (
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const phone = "13812345678"

func open(t *testing.T, opts aliyuntest.Options) *aliyuntest.Server {
	t.Helper()
	srv, err := aliyuntest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv
}

func client(t *testing.T, cfg aliyun.Config) *aliyun.Client {
	t.Helper()
	c, err := aliyun.New(cfg)
	require.NoError(t, err)
	return c
}

// sendRaw is SendSms without the checks of the client.
func sendRaw(t *testing.T, c *aliyun.Client, change map[string]string) error {
	t.Helper()
	params := map[string]string{
		"PhoneNumbers": phone, "SignName": aliyuntest.DemoSign, "TemplateCode": aliyuntest.DemoTemplate,
		"TemplateParam": `{"title":"a","result":"b"}`, "OutId": "out",
	}
	maps.Copy(params, change)
	_, err := c.Call(t.Context(), aliyun.Request{Product: aliyun.SMSProduct, Version: "2017-05-25", Action: aliyuntest.SendSms, Params: params})
	return err
}

func codeOf(t *testing.T, err error) (code string, status int) {
	t.Helper()
	var e *aliyun.Error
	require.ErrorAs(t, err, &e)
	return e.Code, e.Status
}

// What the platform refuses, the fake refuses, with the platform's code and status, and nothing is sent.
func TestRefusals(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{})
	srv.SetSign("待审", aliyuntest.SignInReview)
	srv.SetTemplate(aliyun.Template{Code: "SMS_7", Content: "x", Status: aliyun.TemplateInReview})
	c := client(t, srv.Config())
	for name, tt := range map[string]struct {
		change map[string]string
		code   string
		status int
	}{
		"no phone":          {map[string]string{"PhoneNumbers": ""}, "MissingPhoneNumbers", 400},
		"no template":       {map[string]string{"TemplateCode": ""}, "MissingTemplateCode", 400},
		"landline":          {map[string]string{"PhoneNumbers": "01012345678"}, "isv.MOBILE_NUMBER_ILLEGAL", 200},
		"one digit short":   {map[string]string{"PhoneNumbers": phone + "," + phone[1:]}, "isv.MOBILE_NUMBER_ILLEGAL", 200},
		"spaced":            {map[string]string{"PhoneNumbers": "138 1234 5678"}, "isv.MOBILE_NUMBER_ILLEGAL", 200},
		"plus abroad":       {map[string]string{"PhoneNumbers": "+85261234567", "TemplateCode": aliyuntest.DemoIntlTemplate, "TemplateParam": `{"result":"x"}`}, "isv.MOBILE_NUMBER_ILLEGAL", 200},
		"abroad":            {map[string]string{"PhoneNumbers": "85261234567"}, "isv.MOBILE_NUMBER_ILLEGAL", 200},
		"86 abroad":         {map[string]string{"PhoneNumbers": "86" + phone, "TemplateCode": aliyuntest.DemoIntlTemplate, "TemplateParam": `{"result":"x"}`}, "isv.MOBILE_NUMBER_ILLEGAL", 200},
		"1001 phones":       {map[string]string{"PhoneNumbers": strings.Repeat(phone+",", 1000) + phone}, "isv.MOBILE_COUNT_OVER_LIMIT", 200},
		"unknown sign":      {map[string]string{"SignName": "别人"}, "isv.SMS_SIGNATURE_ILLEGAL", 200},
		"sign in review":    {map[string]string{"SignName": "待审"}, "isv.SIGN_STATE_ILLEGAL", 200},
		"unknown template":  {map[string]string{"TemplateCode": "SMS_404"}, "isv.SMS_TEMPLATE_ILLEGAL", 200},
		"template review":   {map[string]string{"TemplateCode": "SMS_7"}, "isv.SMS_TEMPLATE_ILLEGAL", 200},
		"number, no string": {map[string]string{"TemplateParam": `{"title":1,"result":"b"}`}, "isv.INVALID_JSON_PARAM", 200},
		"no JSON":           {map[string]string{"TemplateParam": `title=a`}, "isv.INVALID_JSON_PARAM", 200},
		"missing":           {map[string]string{"TemplateParam": `{"title":"a"}`}, "isv.TEMPLATE_MISSING_PARAMETERS", 200},
		"none at all":       {map[string]string{"TemplateParam": ""}, "isv.TEMPLATE_MISSING_PARAMETERS", 200},
		"empty":             {map[string]string{"TemplateParam": `{"title":"","result":"b"}`}, "isv.TEMPLATE_PARAMS_ILLEGAL", 200},
		"URL":               {map[string]string{"TemplateParam": `{"title":"http://a.b","result":"b"}`}, "isv.PARAM_NOT_SUPPORT_URL", 200},
		"IP":                {map[string]string{"TemplateParam": `{"title":"10.0.0.1","result":"b"}`}, "isv.PARAM_NOT_SUPPORT_URL", 200},
		"too long a value":  {map[string]string{"TemplateParam": `{"title":"` + strings.Repeat("长", 36) + `","result":"b"}`}, "isv.PARAM_LENGTH_LIMIT", 200},
		"bad code":          {map[string]string{"TemplateCode": aliyuntest.DemoCodeTemplate, "TemplateParam": `{"code":"1"}`}, "isv.TEMPLATE_PARAMS_ILLEGAL", 200},
		"OutId":             {map[string]string{"OutId": strings.Repeat("x", 256)}, "isv.PARAM_LENGTH_LIMIT", 200},
		"extend code":       {map[string]string{"SmsUpExtendCode": "x"}, "isv.EXTEND_CODE_ERROR", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, status := codeOf(t, sendRaw(t, c, tt.change))
			assert.Equal(t, tt.code, code)
			assert.Equal(t, tt.status, status)
			assert.Zero(t, srv.Count(""))
		})
	}
}

// Four spellings are one number, to the flow control too.
func TestPhonesAreNormalised(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	srv := open(t, aliyuntest.Options{Now: func() time.Time { return now }})
	c := client(t, srv.Config())
	for i, before := range []string{"", "86", "+86", "0086"} {
		change := map[string]string{
			"PhoneNumbers": before + phone, "TemplateCode": aliyuntest.DemoCodeTemplate, "TemplateParam": `{"code":"1234"}`,
		}
		require.NoError(t, sendRaw(t, c, change))
		require.ErrorIs(t, sendRaw(t, c, change), aliyun.ErrRateLimited)
		assert.Equal(t, i+1, srv.Count(phone))
		now = now.Add(time.Minute)
	}
}

// The sign and its brackets are part of the 500.
func TestLongestText(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{})
	c := client(t, srv.Config())
	change := map[string]string{"TemplateCode": "SMS_8", "TemplateParam": ""}
	sign := len([]rune("【" + aliyuntest.DemoSign + "】"))
	srv.SetTemplate(aliyun.Template{Code: "SMS_8", Content: strings.Repeat("长", 500-sign), Type: aliyun.Notice})
	require.NoError(t, sendRaw(t, c, change))
	srv.SetTemplate(aliyun.Template{Code: "SMS_8", Content: strings.Repeat("长", 501-sign), Type: aliyun.Notice})
	code, _ := codeOf(t, sendRaw(t, c, change))
	assert.Equal(t, "isv.PARAM_LENGTH_LIMIT", code)
	assert.Equal(t, 1, srv.Count(""))
}

func TestUnknownActions(t *testing.T) {
	t.Parallel()
	c := client(t, open(t, aliyuntest.Options{}).Config())
	_, err := c.Call(t.Context(), aliyun.Request{Product: aliyun.SMSProduct, Version: "2017-05-25", Action: "NoSuchThing"})
	code, status := codeOf(t, err)
	assert.Equal(t, "InvalidAction.NotFound", code)
	assert.Equal(t, 404, status)
	_, err = c.Call(t.Context(), aliyun.Request{Product: aliyun.SMSProduct, Version: "2016-01-01", Action: aliyuntest.SendSms})
	code, _ = codeOf(t, err)
	assert.Equal(t, "InvalidVersion", code)
}

// tamper changes requests after they were signed.
type tamper struct {
	next http.RoundTripper
	edit func(*http.Request)
}

func (x tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	x.edit(r)
	return x.next.RoundTrip(r)
}

func TestSignatureIsVerified(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*http.Request)
		want string
	}{
		"untouched":      {func(*http.Request) {}, ""},
		"other phone":    {func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, phone, "13912345678", 1) }, "SignatureDoesNotMatch"},
		"more query":     {func(r *http.Request) { r.URL.RawQuery += "&X=1" }, "SignatureDoesNotMatch"},
		"other body":     {func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")); r.ContentLength = 1 }, "SignatureDoesNotMatch"},
		"other date":     {func(r *http.Request) { r.Header["x-acs-date"] = []string{"2026-01-01T00:00:00Z"} }, "SignatureDoesNotMatch"},
		"other host":     {func(r *http.Request) { r.Host = "evil" }, "SignatureDoesNotMatch"},
		"no signature":   {func(r *http.Request) { r.Header.Del("Authorization") }, "IncompleteSignature"},
		"other key":      {func(r *http.Request) { edit(r, "Credential=", "Credential=x") }, "InvalidAccessKeyId.NotFound"},
		"nonce unsigned": {func(r *http.Request) { edit(r, ";x-acs-signature-nonce", "") }, "IncompleteSignature"},
		"token unsigned": {func(r *http.Request) { r.Header.Set("X-Acs-Security-Token", "stolen") }, "IncompleteSignature"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := open(t, aliyuntest.Options{})
			cfg := srv.Config()
			cfg.HTTPClient.Transport = tamper{cfg.HTTPClient.Transport, tt.edit}
			err := sendRaw(t, client(t, cfg), nil)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			code, _ := codeOf(t, err)
			assert.Equal(t, tt.want, code)
			assert.Zero(t, srv.Count(""))
		})
	}
}

func edit(r *http.Request, old, with string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, with, 1))
}

// A whole request that is sent a second time is refused.
func TestReplay(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{})
	var kept *http.Request
	cfg := srv.Config()
	cfg.HTTPClient.Transport = tamper{cfg.HTTPClient.Transport, func(r *http.Request) { kept = r }}
	require.NoError(t, sendRaw(t, client(t, cfg), nil))
	resp, err := srv.Client().Do(func() *http.Request { r := kept.Clone(t.Context()); r.RequestURI = ""; return r }())
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Contains(t, string(body), "SignatureNonceUsed")
	assert.Equal(t, 1, srv.Count(""))
}

// A request that was on its way for too long is refused though it is signed well.
func TestDateIsChecked(t *testing.T) {
	t.Parallel()
	for late, want := range map[time.Duration]string{14 * time.Minute: "", 16 * time.Minute: "InvalidTimeStamp.Expired"} {
		t.Run(late.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := open(t, aliyuntest.Options{})
				cfg := srv.Config()
				cfg.Timeout = time.Hour
				cfg.HTTPClient.Transport = tamper{cfg.HTTPClient.Transport, func(*http.Request) { time.Sleep(late) }}
				err := sendRaw(t, client(t, cfg), nil)
				if want == "" {
					require.NoError(t, err)
				} else {
					code, _ := codeOf(t, err)
					assert.Equal(t, want, code)
				}
				srv.Close()
			})
		})
	}
}

// The key is the token's too.
func TestTokenIsAskedFor(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{SecurityToken: "right"})
	cfg := srv.Config()
	require.NoError(t, sendRaw(t, client(t, cfg), nil))
	for _, token := range []string{"", "wrong"} {
		cfg.SecurityToken = token
		code, _ := codeOf(t, sendRaw(t, client(t, cfg), nil))
		assert.Equal(t, "InvalidSecurityToken.Expired", code)
	}
}

// Notices have another share than codes, and a number has one over all signs.
func TestShares(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	srv := open(t, aliyuntest.Options{Now: func() time.Time { return now }})
	c := client(t, srv.Config())
	for range 50 {
		require.NoError(t, sendRaw(t, c, nil))
	}
	code, _ := codeOf(t, sendRaw(t, c, nil))
	assert.Equal(t, "isv.BUSINESS_LIMIT_CONTROL", code)
	srv.SetTemplate(aliyun.Template{Code: "SMS_9", Content: "x", Type: aliyun.Promo})
	require.NoError(t, sendRaw(t, c, map[string]string{"TemplateCode": "SMS_9", "TemplateParam": ""}), "another template has its own")
	now = now.Add(24 * time.Hour)
	require.NoError(t, sendRaw(t, c, nil))

	sendCode := func(sign string) error {
		return sendRaw(t, c, map[string]string{"SignName": sign, "TemplateCode": aliyuntest.DemoCodeTemplate, "TemplateParam": `{"code":"1234"}`})
	}
	for i := range 40 {
		sign := "签名" + strconv.Itoa(i)
		srv.SetSign(sign, aliyuntest.SignApproved)
		require.NoError(t, sendCode(sign))
	}
	require.ErrorContains(t, sendCode(aliyuntest.DemoSign), "天级流控Permits:40")
}

// A program is killed and run again: the platform remembers. The file is there before the answer leaves.
func TestStateSurvives(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	opts := aliyuntest.Options{StateFile: file, Now: func() time.Time { return now }}
	srv := open(t, opts)
	written := 0
	srv.Observe(func(e fault.Event) {
		if e.When == fault.After {
			data, err := os.ReadFile(file)
			assert.NoError(t, err)
			written = strings.Count(string(data), `"bizId"`)
		}
	})
	srv.LoseNext(aliyuntest.SendSms)
	params := map[string]string{"TemplateCode": aliyuntest.DemoCodeTemplate, "TemplateParam": `{"code":"1234"}`}
	require.ErrorIs(t, sendRaw(t, client(t, srv.Config()), params), aliyun.ErrUnknownOutcome)
	assert.Equal(t, 1, written)
	srv.Close()

	again := open(t, opts)
	assert.Equal(t, srv.Messages(), again.Messages())
	assert.Equal(t, 1, again.CountOutID("out"))
	require.ErrorIs(t, sendRaw(t, client(t, again.Config()), params), aliyun.ErrRateLimited)
	got, err := client(t, again.Config()).SMS(&aliyun.SMSOptions{Now: opts.Now}).Resolve(t.Context(), "out", phone, now)
	require.NoError(t, err)
	assert.Equal(t, aliyun.Delivered, got)
}

// A file that cannot be written takes the effect back.
func TestStateThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{StateFile: filepath.Join(t.TempDir(), "gone", "state.json")})
	require.ErrorIs(t, sendRaw(t, client(t, srv.Config()), nil), aliyun.ErrUnknownOutcome)
	assert.Zero(t, srv.Count(phone))
	assert.Empty(t, srv.Messages())
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err := aliyuntest.Open(aliyuntest.Options{StateFile: file})
	require.ErrorContains(t, err, "Options.StateFile")
	_, err = aliyuntest.Open(aliyuntest.Options{Templates: []aliyun.Template{{Code: "SMS_1"}, {Code: "SMS_1"}}})
	require.ErrorContains(t, err, "Options.Templates")
}

// The fake on a port, reached as a program reaches the platform.
func TestOnLoopback(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := &http.Server{Handler: srv, ReadHeaderTimeout: time.Second}
	done := make(chan error, 1)
	go func() { done <- port.Serve(l) }()
	transport := &http.Transport{}
	cfg := srv.Config()
	cfg.AllowHTTP, cfg.HTTPClient = false, &http.Client{Transport: transport}
	cfg.Endpoints = map[aliyun.Product]string{aliyun.SMSProduct: "http://" + l.Addr().String()}
	c := client(t, cfg)
	require.NoError(t, sendRaw(t, c, nil))
	assert.Equal(t, 1, srv.Count(phone))

	transport.CloseIdleConnections()
	require.NoError(t, port.Close())
	require.ErrorIs(t, <-done, http.ErrServerClosed)
	cfg.Retry.Attempts = 1
	err = sendRaw(t, client(t, cfg), nil) // nobody listens any more
	require.ErrorIs(t, err, aliyun.ErrTemporary)
	require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
}

// Queries are as strict as sends.
func TestQueryRefusals(t *testing.T) {
	t.Parallel()
	srv := open(t, aliyuntest.Options{})
	c := client(t, srv.Config())
	today := time.Now().In(time.FixedZone("UTC+8", 8*3600)).Format("20060102")
	for name, tt := range map[string]struct {
		phone, date, size, page string
		want                    string
	}{
		"fine":      {phone, today, "50", "1", ""},
		"no phone":  {"", today, "50", "1", "MissingPhoneNumber"},
		"bad phone": {"+86" + phone, today, "50", "1", "isv.MOBILE_NUMBER_ILLEGAL"},
		"bad date":  {phone, "2026-11-24", "50", "1", "isv.INVALID_PARAMETERS"},
		"old date":  {phone, "20200101", "50", "1", "isv.INVALID_PARAMETERS"},
		"size 51":   {phone, today, "51", "1", "isv.INVALID_PARAMETERS"},
		"page 0":    {phone, today, "50", "0", "isv.INVALID_PARAMETERS"},
	} {
		resp, err := c.Call(t.Context(), aliyun.Request{
			Product: aliyun.SMSProduct, Version: "2017-05-25", Action: aliyuntest.QuerySendDetails, Idempotent: true,
			Params: map[string]string{"PhoneNumber": tt.phone, "SendDate": tt.date, "PageSize": tt.size, "CurrentPage": tt.page},
		})
		if tt.want == "" {
			require.NoError(t, err)
			var answer struct{ TotalCount any }
			require.NoError(t, resp.Decode(&answer))
			assert.Equal(t, "0", answer.TotalCount, "a string")
			continue
		}
		code, _ := codeOf(t, err)
		assert.Equal(t, tt.want, code, name)
	}
}
