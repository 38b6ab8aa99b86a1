package aliyun_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
)

// Every refusal says in both languages what to do, and in its text who said what: code, status, request ID.
func TestEveryRefusalIsComplete(t *testing.T) {
	t.Parallel()
	for code, tt := range map[string]struct {
		status int
		kind   error
	}{
		"isv.BUSINESS_LIMIT_CONTROL":          {200, aliyun.ErrRateLimited},
		"Throttling":                          {400, aliyun.ErrThrottled},
		"Throttling.User":                     {503, aliyun.ErrThrottled},
		"Throttling.Api":                      {400, aliyun.ErrThrottled},
		"Throttling.Whatever":                 {400, aliyun.ErrThrottled},
		"isv.DAY_LIMIT_CONTROL":               {200, aliyun.ErrQuota},
		"isv.MONTH_LIMIT_CONTROL":             {200, aliyun.ErrQuota},
		"isv.AMOUNT_NOT_ENOUGH":               {200, aliyun.ErrQuota},
		"isv.OUT_OF_SERVICE":                  {200, aliyun.ErrQuota},
		"InvalidAccessKeyId.NotFound":         {404, aliyun.ErrAuth},
		"InvalidAccessKeyId.Inactive":         {403, aliyun.ErrAuth},
		"SignatureDoesNotMatch":               {400, aliyun.ErrAuth},
		"IncompleteSignature":                 {400, aliyun.ErrAuth},
		"SignatureNonceUsed":                  {400, aliyun.ErrAuth},
		"InvalidTimeStamp.Expired":            {400, aliyun.ErrAuth},
		"InvalidSecurityToken.Expired":        {400, aliyun.ErrAuth},
		"Forbidden.RAM":                       {403, fs.ErrPermission},
		"isp.RAM_PERMISSION_DENY":             {200, fs.ErrPermission},
		"isv.RAM_CHECK_FAILED":                {200, fs.ErrPermission},
		"isv.DENY_IP_RANGE":                   {200, aliyun.ErrAuth},
		"isv.SMS_SIGNATURE_ILLEGAL":           {200, aliyun.ErrConfig},
		"isv.SMS_TEMPLATE_ILLEGAL":            {200, aliyun.ErrConfig},
		"isv.SMS_SIGNATURE_SCENE_ILLEGAL":     {200, aliyun.ErrConfig},
		"isv.SIGN_STATE_ILLEGAL":              {200, aliyun.ErrConfig},
		"isv.SMS_SIGN_ILLEGAL":                {200, aliyun.ErrConfig},
		"isv.EXTEND_CODE_ERROR":               {200, aliyun.ErrConfig},
		"isv.PRODUCT_UN_SUBSCRIPT":            {200, aliyun.ErrConfig},
		"isv.PRODUCT_UNSUBSCRIBE":             {200, aliyun.ErrConfig},
		"isv.ACCOUNT_NOT_EXISTS":              {200, aliyun.ErrConfig},
		"isv.ACCOUNT_ABNORMAL":                {200, aliyun.ErrConfig},
		"isv.DOMESTIC_NUMBER_NOT_SUPPORTED":   {200, aliyun.ErrConfig},
		"isv.CUSTOMER_REFUSED":                {200, aliyun.ErrConfig},
		"isv.MOBILE_NUMBER_ILLEGAL":           {200, aliyun.ErrInput},
		"isv.MOBILE_COUNT_OVER_LIMIT":         {200, aliyun.ErrInput},
		"isv.TEMPLATE_MISSING_PARAMETERS":     {200, aliyun.ErrInput},
		"isv.INVALID_PARAMETERS":              {200, aliyun.ErrInput},
		"isv.INVALID_JSON_PARAM":              {200, aliyun.ErrInput},
		"isv.PARAM_LENGTH_LIMIT":              {200, aliyun.ErrInput},
		"isv.PARAM_NOT_SUPPORT_URL":           {200, aliyun.ErrInput},
		"isv.TEMPLATE_PARAMS_ILLEGAL":         {200, aliyun.ErrInput},
		"MissingPhoneNumbers":                 {400, aliyun.ErrInput},
		"InvalidVersion":                      {400, aliyun.ErrInput},
		"isv.BLACK_KEY_CONTROL_LIMIT":         {200, aliyun.ErrContent},
		"isv.SMS_CONTENT_ILLEGAL":             {200, aliyun.ErrContent},
		"isp.SYSTEM_ERROR":                    {200, aliyun.ErrUnknownOutcome},
		"isp.GATEWAY_ERROR":                   {200, aliyun.ErrUnknownOutcome},
		"ServiceUnavailable":                  {503, aliyun.ErrUnknownOutcome},
		"InternalError":                       {500, aliyun.ErrUnknownOutcome},
		"SomethingNew":                        {500, aliyun.ErrUnknownOutcome},
		"isv.NEVER_HEARD_OF_WITH_ITS_MEANING": {200, nil},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(httpmock.NewStringResponder(tt.status, `{"Code":"`+code+`","Message":"平台的话","RequestId":"R-77"}`))
			cfg := static(&http.Client{Transport: mock})
			cfg.Retry.Attempts = 1
			c, err := aliyun.New(cfg)
			require.NoError(t, err)
			_, err = send(t.Context(), c.SMS(nil), notice())
			e := asError(t, err)
			if tt.kind == nil {
				assert.NoError(t, e.Kind)
			} else {
				require.ErrorIs(t, err, tt.kind)
			}
			assert.Equal(t, code, e.Code)
			assert.Equal(t, tt.status, e.Status)
			assert.Equal(t, "R-77", e.RequestID)
			assert.Equal(t, "平台的话", e.Message)
			assert.True(t, e.Sent)
			assert.NotEmpty(t, e.Hint)
			assert.NotRegexp(t, `\p{Han}`, e.Hint)
			assert.Regexp(t, `\p{Han}`, e.HintZH)
			for _, want := range []string{"aliyun: SendSms: ", "平台的话", code, "request R-77", e.Hint} {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}

// Errors that are noticed before anything is sent advise too.
func TestLocalErrorsAdvise(t *testing.T) {
	t.Parallel()
	mock, sms := mocked(t, httpmock.NewStringResponder(200, ``))
	m := notice()
	m.Phones = nil
	_, bad := send(t.Context(), sms, m)
	c, err := aliyun.New(aliyun.Config{Credentials: &rotating{err: errors.New("no metadata")}, HTTPClient: &http.Client{Transport: mock}})
	require.NoError(t, err)
	_, keyless := send(t.Context(), c.SMS(nil), notice())
	for _, err := range []error{bad, keyless} {
		e := asError(t, err)
		assert.NotEmpty(t, e.Hint)
		assert.True(t, unicode.Is(unicode.Han, []rune(e.HintZH)[0]), e.HintZH)
		assert.False(t, e.Sent)
		assert.Empty(t, e.RequestID)
	}
	assert.Zero(t, mock.GetTotalCallCount())
}

func TestErrorInALog(t *testing.T) {
	t.Parallel()
	e := &aliyun.Error{
		Kind: aliyun.ErrUnknownOutcome, Op: "SendSms", Code: "InternalError", Message: "busy", RequestID: "R", Status: 500, Sent: true,
		Hint: "wait", HintZH: "等", OutID: "mine", At: time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC), Err: fs.ErrClosed,
	}
	assert.Equal(t, "aliyun: SendSms: outcome unknown: busy: file already closed (InternalError, HTTP 500, request R, OutID mine of 2026-11-25); wait", e.Error())
	require.ErrorIs(t, e, fs.ErrClosed)
	require.NotErrorIs(t, e, aliyun.ErrInput)
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Error("x", "err", e)
	for _, want := range []string{
		"err.op=SendSms", "err.code=InternalError", "err.status=500", "err.request=R", "err.out_id=mine", "err.hint_zh=等", "err.sent=true", "err.at=2026-11-24T23:30:00",
	} {
		assert.Contains(t, out.String(), want)
	}
}

// What the platform echoes of a batch is an array of objects; its request ID is redacted as well.
func TestEchoOfABatch(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(200,
		`{"Code":"isv.INVALID_PARAMETERS","Message":"`+phone+` 13900000000 482916 %E7%A7%98%E5%AF%86","RequestId":"R-`+phone+`","Recommend":"https://x/?p=`+phone+`"}`))
	c, err := aliyun.New(static(&http.Client{Transport: mock}))
	require.NoError(t, err)
	_, err = c.Call(t.Context(), aliyun.Request{Product: aliyun.SMSProduct, Version: "2017-05-25", Action: "SendBatchSms", Params: map[string]string{
		"PhoneNumberJson": `["` + phone + `","13900000000"]`, "TemplateParamJson": `[{"code":"482916"},{"code":"秘密"}]`, "TemplateCode": "SMS_1",
	}})
	require.ErrorIs(t, err, aliyun.ErrInput)
	e := asError(t, err)
	for _, private := range []string{phone, "13900000000", "482916", "%E7%A7%98"} {
		assert.NotContains(t, err.Error()+e.Message+e.RequestID+e.Recommend, private)
	}
}

// Of a list of phones one alone may be echoed, and so may the key; and an endless message is cut.
func TestEchoOfOnePhoneAndTheKey(t *testing.T) {
	t.Parallel()
	key := static(nil)
	_, sms := mocked(t, httpmock.NewStringResponder(200,
		`{"Code":"isv.MOBILE_NUMBER_ILLEGAL","RequestId":"R","Message":"`+phone+` is bad, signed with `+key.AccessKeySecret+strings.Repeat("。", 9000)+`"}`))
	m := notice()
	m.Phones = []string{"13900000000", phone}
	_, err := send(t.Context(), sms, m)
	require.ErrorIs(t, err, aliyun.ErrInput)
	assert.NotContains(t, err.Error(), phone)
	assert.NotContains(t, err.Error(), key.AccessKeySecret)
	assert.Less(t, len(err.Error()), 600)
}
