package aliyun_test

import (
	"io/fs"
	"maps"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func TestTemplateVarsCheckRender(t *testing.T) {
	t.Parallel()
	tpl := aliyun.Template{Code: "SMS_1", Content: "《${title}》${result}，${title}，${1x}，$title，${}", Type: aliyun.Notice}
	assert.Equal(t, []string{"title", "result"}, tpl.Vars())

	text, err := tpl.Render(map[string]string{"title": "${result}", "result": "好"})
	require.NoError(t, err)
	assert.Equal(t, "《${result}》好，${result}，${1x}，$title，${}", text, "values are not read again")

	// Trap 15: both named.
	err = tpl.Check(map[string]string{"title": "x", "tilte": "秘密"})
	require.ErrorIs(t, err, aliyun.ErrInput)
	require.ErrorContains(t, err, "Params[result] is missing")
	require.ErrorContains(t, err, "Params[tilte] is too many")
	assert.NotContains(t, err.Error(), "秘密")
	_, err = tpl.Render(nil)
	require.ErrorIs(t, err, aliyun.ErrInput)

	tpl = aliyun.Template{Content: "${code}${name}", Type: aliyun.Code, Attributes: map[string]string{"code": "characterWithNumber", "name": "others"}}
	require.NoError(t, tpl.Check(map[string]string{"code": "12ab", "name": "很长的名字很长"}))
	require.ErrorContains(t, tpl.Check(map[string]string{"code": "123", "name": "x"}), "Params[code] of a code template")
}

func TestFetchTemplate(t *testing.T) {
	t.Parallel()
	_, sms := newSMS(t, aliyuntest.Options{}, nil)
	got, err := sms.Template(t.Context(), aliyuntest.DemoCodeTemplate)
	require.NoError(t, err)
	assert.Equal(t, aliyun.Template{
		Code: aliyuntest.DemoCodeTemplate, Name: "验证码", Content: aliyuntest.DemoCodeContent, Type: aliyun.Code,
		Status: aliyun.TemplateApproved, Attributes: map[string]string{"code": "characterWithNumber"},
	}, got)

	_, err = sms.Template(t.Context(), "SMS_404")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, err, aliyun.ErrConfig)
	_, err = sms.Template(t.Context(), " ")
	require.ErrorIs(t, err, aliyun.ErrInput)
}

// The types of the answer's fields are not the same everywhere.
func TestFetchTemplateOtherShapes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fields string
		want   aliyun.Template
	}{
		"numbers": {
			`"TemplateType":2,"TemplateStatus":2,"AuditInfo":{"RejectInfo":"太长"},"VariableAttribute":{"a":"b"}`,
			aliyun.Template{Type: aliyun.Promo, Status: aliyun.TemplateRejected, RejectInfo: "太长", Attributes: map[string]string{"a": "b"}},
		},
		"strings":   {`"TemplateType":"3","TemplateStatus":"10"`, aliyun.Template{Type: aliyun.Intl, Status: aliyun.TemplateCancelled}},
		"in review": {`"TemplateStatus":0,"VariableAttribute":"no json"`, aliyun.Template{Status: aliyun.TemplateInReview}},
		"unknown":   {`"TemplateType":"6","TemplateStatus":7,"AuditInfo":null`, aliyun.Template{Status: "status 7"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, sms := mocked(t, httpmock.NewStringResponder(200, `{"Code":"OK","RequestId":"R",`+tt.fields+`}`))
			got, err := sms.Template(t.Context(), "SMS_1")
			require.NoError(t, err)
			tt.want.Code = "SMS_1"
			assert.Equal(t, tt.want, got)
		})
	}
	_, sms := mocked(t, httpmock.NewStringResponder(200, `{"Code":"OK","RequestId":"R","TemplateContent":[]}`))
	_, err := sms.Template(t.Context(), "SMS_1")
	require.Error(t, err)
	assert.Equal(t, "R", asError(t, err).RequestID)
}

// Trap 15 on the way out: a loaded template is held against the parameters before anything is sent.
func TestLoadedTemplates(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	m := notice()
	m.Params = map[string]string{"title": "题", "tilte": "题"}
	_, err := send(t.Context(), sms, m)
	require.ErrorIs(t, err, aliyun.ErrInput)
	assert.Equal(t, "isv.TEMPLATE_MISSING_PARAMETERS", asError(t, err).Code, "not loaded: the platform notices")

	err = sms.LoadTemplates(t.Context(), "SMS_404", aliyuntest.DemoTemplate, aliyuntest.DemoCodeTemplate, aliyuntest.DemoIntlTemplate)
	require.ErrorContains(t, err, "template SMS_404")
	calls := srv.Calls(aliyuntest.SendSms)
	_, err = send(t.Context(), sms, m)
	require.ErrorContains(t, err, "Params[result] is missing")
	require.ErrorContains(t, err, "Params[tilte] is too many")

	m = code()
	m.Type, m.Params = 0, map[string]string{"code": "1234567"}
	_, err = send(t.Context(), sms, m)
	require.ErrorContains(t, err, "4 to 6 letters or digits")

	// Trap 17: the template says that it is for the mainland.
	m = notice()
	m.Phones = []string{"+85261234567"}
	_, err = send(t.Context(), sms, m)
	require.ErrorContains(t, err, "is abroad and the template (notice) is for the mainland")
	assert.Equal(t, calls, srv.Calls(aliyuntest.SendSms), "something was sent")

	m.Template, m.Params = aliyuntest.DemoIntlTemplate, map[string]string{"result": "out"}
	_, err = send(t.Context(), sms, m)
	require.NoError(t, err)
	m.Phones = []string{"+13105551234"} // would be a mainland mobile under another template
	_, err = send(t.Context(), sms, m)
	require.NoError(t, err)

	srv.SetTemplate(aliyun.Template{Code: "SMS_9", Content: "x", Status: aliyun.TemplateRejected, RejectInfo: "含有广告"})
	require.NoError(t, sms.LoadTemplates(t.Context(), "SMS_9"))
	m = notice()
	m.Template = "SMS_9"
	_, err = send(t.Context(), sms, m)
	require.ErrorIs(t, err, aliyun.ErrConfig)
	require.ErrorContains(t, err, "SMS_9 is rejected 含有广告")
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{aliyuntest.DemoTemplateContent, "${a}${b_1}${a}", "${", "$${a}}", "${1}", "\xff${a}"} {
		f.Add(seed, "v")
	}
	f.Fuzz(func(t *testing.T, content, value string) {
		tpl := aliyun.Template{Content: content}
		same, params := map[string]string{}, map[string]string{}
		for _, v := range tpl.Vars() {
			require.Contains(t, content, "${"+v+"}")
			same[v], params[v] = "${"+v+"}", value
		}
		text, err := tpl.Render(same)
		require.NoError(t, err)
		require.Equal(t, content, text, "variables put in their own place change nothing")
		text, err = tpl.Render(params)
		require.NoError(t, err)
		for v := range params {
			if !strings.Contains(value+content, "$${") && !strings.ContainsAny(value, "${}") {
				require.NotContains(t, text, "${"+v+"}")
			}
		}
		more := maps.Clone(params)
		more["not-a-variable"] = "x"
		require.ErrorIs(t, tpl.Check(more), aliyun.ErrInput)
	})
}
