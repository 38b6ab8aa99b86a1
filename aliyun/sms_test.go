package aliyun_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func TestSend(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{Sign: aliyuntest.DemoSign})
	m := notice()
	m.Sign, m.Phones = "", []string{"+86 138 1234 5678", "13900000000"}
	receipt, err := send(t.Context(), sms, m)
	require.NoError(t, err)
	assert.Equal(t, 2, receipt.Phones)
	got := srv.Messages()
	require.Len(t, got, 2)
	assert.Equal(t, phone, got[0].Phone)
	assert.Equal(t, "【阿里云通信测试】文章《秘密标题甲乙》已发布", got[0].Text)
	assert.Equal(t, receipt.BizID, got[1].BizID)
	assert.Equal(t, receipt.OutID, got[1].OutID)
	assert.Equal(t, receipt.RequestID, got[0].RequestID)
	assert.Empty(t, m.OutID, "the caller's message was changed")

	again, err := send(t.Context(), sms, m)
	require.NoError(t, err)
	assert.NotEqual(t, receipt.OutID, again.OutID, "a fresh OutID each time")
}

// Everything that can be refused is, at once and before anything is sent. Trap 17 is among it.
func TestSendRefusesBadInput(t *testing.T) {
	t.Parallel()
	many := make([]string, 1001)
	for i := range many {
		many[i] = number(900_000_000 + i)
	}
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	for name, tt := range map[string]struct {
		edit func(*aliyun.Message)
		want []string
	}{
		"no phone":       {func(m *aliyun.Message) { m.Phones = nil }, []string{"Phones has 0 numbers, must be 1 to 1000"}},
		"1001 phones":    {func(m *aliyun.Message) { m.Phones = many }, []string{"Phones has 1001 numbers"}},
		"no such phone":  {func(m *aliyun.Message) { m.Phones = []string{phone, "138"} }, []string{"Phones[1]: "}},
		"twice":          {func(m *aliyun.Message) { m.Phones = []string{"+86" + phone, phone} }, []string{"Phones[1] is the same number as Phones[0]"}},
		"mixed":          {func(m *aliyun.Message) { m.Phones = []string{phone, "+85261234567"} }, []string{"Phones[0] is of the mainland and Phones[1] is abroad"}},
		"abroad":         {func(m *aliyun.Message) { m.Phones, m.Type = []string{"+85261234567"}, aliyun.Code }, []string{"is abroad and the template (code) is for the mainland"}},
		"not abroad":     {func(m *aliyun.Message) { m.Type = aliyun.Intl }, []string{"Phones[0] is of the mainland and the template is international"}},
		"looks mainland": {func(m *aliyun.Message) { m.Phones = []string{"+13105551234"} }, []string{"Phones[0] is North American"}},
		"sign, template": {func(m *aliyun.Message) { m.Sign, m.Template = "", "SMS 1" }, []string{"Sign is empty", "Template must be"}},
		"brackets":       {func(m *aliyun.Message) { m.Sign = "【阿里云】" }, []string{"Sign must be without its brackets"}},
		"OutID":          {func(m *aliyun.Message) { m.OutID = strings.Repeat("甲", 256) }, []string{"OutID has 256 characters, at most 255"}},
		"ExtendCode":     {func(m *aliyun.Message) { m.ExtendCode = "12a" }, []string{"ExtendCode must be digits"}},
		"empty values":   {func(m *aliyun.Message) { m.Params = map[string]string{"a": "", "b": ""} }, []string{"Params[a] is empty", "Params[b] is empty"}},
		"long value":     {func(m *aliyun.Message) { m.Params["title"] = strings.Repeat("长", 36) }, []string{"Params[title] has 36 characters, at most 35"}},
		"URL":            {func(m *aliyun.Message) { m.Params["title"] = "看 https://a.b/c" }, []string{"Params[title] holds a URL"}},
		"www":            {func(m *aliyun.Message) { m.Params["title"] = "WWW.x.y" }, []string{"holds a URL"}},
		"domain":         {func(m *aliyun.Message) { m.Params["title"] = "去example.com看" }, []string{"holds a URL"}},
		"domain path":    {func(m *aliyun.Message) { m.Params["title"] = "t.me/x" }, []string{"holds a URL"}},
		"IPv4":           {func(m *aliyun.Message) { m.Params["title"] = "在10.0.0.1上" }, []string{"holds an IP address"}},
		"IPv6":           {func(m *aliyun.Message) { m.Params["title"] = "fe80::1" }, []string{"holds an IP address"}},
		"brackets value": {func(m *aliyun.Message) { m.Params["title"] = "【x" }, []string{"holds 【 or 】"}},
		"not UTF-8":      {func(m *aliyun.Message) { m.Params["title"] = "\xff" }, []string{"not valid UTF-8"}},
		"code":           {func(m *aliyun.Message) { m.Type, m.Params = aliyun.Code, map[string]string{"code": "12-34"} }, []string{"Params[code] of a code template"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := notice()
			tt.edit(&m)
			receipt, err := send(t.Context(), sms, m)
			require.ErrorIs(t, err, aliyun.ErrInput)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			assert.Zero(t, receipt)
			assert.NotContains(t, err.Error(), phone)
			assert.Zero(t, srv.Calls(""), "something was sent")
		})
	}
}

// Words that only look like addresses are nobody's business.
func TestSendAllowsOrdinaryWords(t *testing.T) {
	t.Parallel()
	_, sms := newSMS(t, aliyuntest.Options{AllowList: []string{phone}}, nil)
	for _, title := range []string{
		"Node.js 入门", "ASP.NET 与 Go", "v1.2.3", "12:30:45", "a/b", "ok.", "3.14", "C++ & <Go>", "50%", strings.Repeat("长", 35),
	} {
		m := notice()
		m.Params["title"] = title
		_, err := send(t.Context(), sms, m)
		require.NoError(t, err, title)
	}
}

func TestParamLimit(t *testing.T) {
	t.Parallel()
	mock, _ := mocked(t, httpmock.NewStringResponder(200, `{"Code":"OK"}`))
	c, err := aliyun.New(static(&http.Client{Transport: mock}))
	require.NoError(t, err)
	m := notice()
	m.Params["title"] = strings.Repeat("长", 60)
	sms := c.SMS(&aliyun.SMSOptions{ParamLimit: new(60)})
	_, err = send(t.Context(), sms, m)
	require.NoError(t, err)
	_, err = sms.Send(t.Context(), m, &aliyun.SendOptions{ParamLimit: new(59)})
	require.ErrorContains(t, err, "at most 59")
	_, err = c.SMS(nil).Send(t.Context(), m, &aliyun.SendOptions{ParamLimit: new(0)})
	require.NoError(t, err, "0 is no limit")
}

// Trap 14.
func TestOnlyStringsLeave(t *testing.T) {
	t.Parallel()
	var sent string
	_, sms := mocked(t, func(r *http.Request) (*http.Response, error) {
		sent = r.URL.Query().Get("TemplateParam")
		return httpmock.NewStringResponse(200, `{"Code":"OK"}`), nil
	})
	m := code()
	m.Params = map[string]string{"code": "1234", "flag": "true", "n": "null", "q": `a"b<&`}
	m.Type = 0
	_, err := send(t.Context(), sms, m)
	require.NoError(t, err)
	assert.JSONEq(t, `{"code":"1234","flag":"true","n":"null","q":"a\"b<&"}`, sent)

	m.Params = nil
	_, err = send(t.Context(), sms, m)
	require.NoError(t, err)
	assert.Empty(t, sent)
}

// Trap 19, as far as the platform counts: minutes and hours are the calendar's, the day rolls.
func TestFlowControl(t *testing.T) {
	t.Parallel()
	at := &clock{time.Date(2026, 11, 24, 14, 3, 59, 0, beijing())}
	srv, sms := newSMS(t, aliyuntest.Options{Now: at.Now}, &aliyun.SMSOptions{Now: at.Now})
	mustSend := func() {
		t.Helper()
		_, err := send(t.Context(), sms, code())
		require.NoError(t, err)
	}
	refused := func(level aliyun.Level, permits int, wait time.Duration) {
		t.Helper()
		calls := srv.Calls("")
		_, err := send(t.Context(), sms, code())
		require.ErrorIs(t, err, aliyun.ErrRateLimited)
		require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
		e := asError(t, err)
		assert.Equal(t, level, e.Level)
		assert.Equal(t, permits, e.Permits)
		assert.Equal(t, wait, e.RetryAfter)
		assert.Equal(t, 1, srv.Calls("")-calls, "a number's flow control is not waited out")
	}
	mustSend()
	refused(aliyun.Minute, 1, time.Second)
	at.now = at.now.Add(time.Second) // 14:04:00
	mustSend()
	for range 3 {
		at.now = at.now.Add(time.Minute)
		mustSend()
	}
	at.now = at.now.Add(time.Minute) // 14:08:00, five this hour
	refused(aliyun.Hour, 5, 52*time.Minute)
	at.now = time.Date(2026, 11, 24, 15, 0, 0, 0, beijing())
	for range 5 {
		mustSend()
		at.now = at.now.Add(time.Minute)
	}
	at.now = time.Date(2026, 11, 25, 14, 3, 58, 0, beijing()) // 24 h since the first are not over
	refused(aliyun.Day, 10, 24*time.Hour)
	at.now = at.now.Add(time.Second)
	mustSend()
	assert.Equal(t, 11, srv.Count(phone), "a refused send was counted")
}

func TestBusinessErrors(t *testing.T) {
	t.Parallel()
	for code, kind := range map[string]error{
		"isv.SMS_SIGNATURE_ILLEGAL":   aliyun.ErrConfig,
		"isv.AMOUNT_NOT_ENOUGH":       aliyun.ErrQuota,
		"isv.DAY_LIMIT_CONTROL":       aliyun.ErrQuota,
		"isv.BLACK_KEY_CONTROL_LIMIT": aliyun.ErrContent,
		"isv.MOBILE_NUMBER_ILLEGAL":   aliyun.ErrInput,
		"isv.DENY_IP_RANGE":           aliyun.ErrAuth,
		"isv.PRODUCT_UN_SUBSCRIPT":    aliyun.ErrConfig,
		"InvalidTimeStamp.Expired":    aliyun.ErrAuth,
		"InvalidSomething":            aliyun.ErrInput,
		"MissingSomething":            aliyun.ErrInput,
		"isv.BUSINESS_LIMIT_HOUR":     aliyun.ErrRateLimited,
		"isv.NEVER_HEARD_OF":          nil,
	} {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.FailNext(aliyuntest.SendSms, code)
		_, err := send(t.Context(), sms, notice())
		require.Error(t, err)
		e := asError(t, err)
		assert.Equal(t, kind, e.Kind, code)
		assert.Equal(t, code, e.Code)
		assert.NotEmpty(t, e.RequestID)
		assert.Contains(t, err.Error(), code)
		require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome, code)
		assert.Equal(t, 1, srv.Calls(""), code)
		assert.Zero(t, srv.Count(""))
	}
	// The platform itself does not know what became of the message.
	for _, code := range []string{"isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "ServiceUnavailable", "InternalError"} {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.FailNext(aliyuntest.SendSms, code)
		receipt, err := send(t.Context(), sms, notice())
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome, code)
		require.ErrorIs(t, err, aliyun.ErrTemporary, code)
		assert.NotEmpty(t, receipt.OutID)
		assert.Equal(t, 1, srv.Calls(""), code)
	}
}

// An international answer names the window in its code.
func TestFlowControlByCode(t *testing.T) {
	t.Parallel()
	for code, level := range map[string]aliyun.Level{
		"BUSINESS_LIMIT_CONTROL_MINUTE": aliyun.Minute, "isv.BUSINESS_LIMIT_HOUR": aliyun.Hour, "isv.BUSINESS_LIMIT_DAY": aliyun.Day,
	} {
		_, sms := mocked(t, httpmock.NewStringResponder(200, `{"Code":"`+code+`","Message":"limit","RequestId":"R"}`))
		_, err := send(t.Context(), sms, notice())
		require.ErrorIs(t, err, aliyun.ErrRateLimited)
		assert.Equal(t, level, asError(t, err).Level)
		assert.Zero(t, asError(t, err).Permits)
	}
}

// Trap 10: one run with every fault, and nothing private in what it says and logs.
func TestFaultyRunLeaksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, faultyRun) // the deadline must not end before the request is there
}

func faultyRun(t *testing.T) {
	t.Helper()
	const foreign = "61234567"
	var out bytes.Buffer
	srv, sms := newSMS(t, aliyuntest.Options{SecurityToken: "sts-secret-token-55", AllowList: []string{phone}}, nil, func(cfg *aliyun.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		cfg.Retry = aliyun.RetryPolicy{MinDelay: time.Millisecond, MaxDelay: time.Millisecond}
	})
	key := srv.Config()
	say := func(err error) {
		t.Helper()
		require.Error(t, err)
		fmt.Fprintf(&out, "%v %+v %#v %q ", err, err, err, err)
		e := asError(t, err)
		fmt.Fprintf(&out, "%+v %#v %v %#v", *e, *e, e.Recommend, e.Err)
		slog.New(slog.NewJSONHandler(&out, nil)).Error("failed", "err", err, "error", e)
		if data, jerr := json.Marshal(e); jerr == nil {
			out.Write(data)
		}
	}
	m := code()
	two := []aliyun.Message{notice(), notice()}
	two[0].Params, two[1].Phones = map[string]string{"title": "482916", "result": "x"}, []string{number(7)}
	abroad := aliyun.GlobeMessage{To: "+852" + foreign, Text: "482916"}
	calls := map[string]func() error{
		aliyuntest.SendSms: func() error {
			_, err := send(t.Context(), sms, m)
			return err
		},
		aliyuntest.SendBatchSms: func() (err error) {
			for r, e := range sms.SendMany(t.Context(), slices.Values(two), nil) {
				fmt.Fprintf(&out, "%v %+v %#v", r, r, r)
				err = e
			}
			return err
		},
		aliyuntest.SendMessageToGlobe: func() error {
			r, err := sms.SendGlobe(t.Context(), abroad, nil)
			fmt.Fprintf(&out, "%v %+v %#v %v %+v %#v", r, r, r, abroad, abroad, abroad)
			return err
		},
	}
	told := map[string]string{aliyuntest.SendSms: phone, aliyuntest.SendBatchSms: phone + " " + number(7), aliyuntest.SendMessageToGlobe: "852" + foreign}
	for op, call := range calls {
		for name, set := range map[string]func(){
			"drop": func() { srv.DropNext(op) },
			"lose": func() { srv.LoseNext(op) },
			"html": func() { srv.AnswerNext(op, 502, nil, "<p>"+told[op]+" 482916</p>") },
			"echo": func() {
				srv.AnswerNext(op, 200, nil, strings.ReplaceAll(echo, phone, told[op]))
			},
			"refused": func() { srv.FailNext(op, "isv.SMS_SIGNATURE_ILLEGAL") },
		} {
			set()
			err := call()
			require.Error(t, err, op+" "+name)
			say(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	srv.HangNext(aliyuntest.SendSms)
	_, err := send(ctx, sms, m)
	say(err)
	// The gateway echoes its string to sign, with everything in it.
	srv.SetCredentials(aliyun.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: "another"})
	_, err = send(t.Context(), sms, m)
	say(err)
	require.ErrorIs(t, err, aliyun.ErrAuth)
	for _, err := range sms.Details(t.Context(), aliyun.DetailQuery{Phone: phone}) {
		say(err)
	}
	m.Phones = []string{phone, phone, "138abc"}
	_, err = send(t.Context(), sms, m)
	say(err)
	fmt.Fprintf(&out, "%v %+v %#v", m, m, m)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "m", m)

	for _, private := range []string{
		phone, foreign, number(7), "482916", key.AccessKeySecret, key.SecurityToken, "SignatureNonce=", "Signature=", "PhoneNumbers=", "http://dysmsapi", "https://dysmsapi",
	} {
		assert.NotContains(t, out.String(), private)
	}
	assert.Contains(t, out.String(), "[redacted]", "the echo was not even there")
	srv.Close()
}

const echo = `{"Code":"isv.INVALID_PARAMETERS","RequestId":"R","Message":"bad ` + phone + ` and 86` + phone + ` with 482916 and {\"code\":\"482916\"}","Recommend":"https://x/?p=` + phone + `"}`
