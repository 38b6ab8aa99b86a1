package aliyuntest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kitroll/kitroll/aliyun"
)

var (
	mainlandPhone = regexp.MustCompile(`^(?:\+?86|0086)?(1[3-9]\d{9})$`)
	foreignPhone  = regexp.MustCompile(`^[1-9]\d{6,14}$`)
	variable      = regexp.MustCompile(`\$\{([A-Za-z][A-Za-z0-9_]*)\}`)
	codeValue     = regexp.MustCompile(`^[A-Za-z0-9]{4,6}$`)
	urlValue      = regexp.MustCompile(`(?i)://|www\.|\b[a-z0-9-]+\.(com|cn|org|top|vip)\b|\b\d{1,3}(\.\d{1,3}){3}\b`)
	onlyDigits    = regexp.MustCompile(`^\d*$`)
)

// send is SendSms. Everything is checked before anything happens, and one bad number refuses the whole call.
func (s *Server) send(q params) (map[string]any, *refusal) {
	if refused := q.missing("PhoneNumbers", "SignName", "TemplateCode"); refused != nil {
		return nil, refused
	}
	sign, known := s.signs[q.Get("SignName")]
	switch {
	case !known:
		return nil, business("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
	case sign != SignApproved:
		return nil, business("isv.SIGN_STATE_ILLEGAL", "签名状态非法")
	}
	t, known := s.templates[q.Get("TemplateCode")]
	if !known || t.Status != aliyun.TemplateApproved {
		return nil, business("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
	}
	phones, refused := checkPhones(q.Get("PhoneNumbers"), t.Type)
	if refused != nil {
		return nil, refused
	}
	values, refused := checkParams(t, q.Get("TemplateParam"))
	if refused != nil {
		return nil, refused
	}
	if utf8.RuneCountInString(q.Get("OutId")) > 255 {
		return nil, business("isv.PARAM_LENGTH_LIMIT", "OutId 长度超限")
	}
	if !onlyDigits.MatchString(q.Get("SmsUpExtendCode")) {
		return nil, business("isv.EXTEND_CODE_ERROR", "扩展码错误")
	}
	text := bracketed(q.Get("SignName")) + variable.ReplaceAllStringFunc(t.Content, func(v string) string { return values[v[2:len(v)-1]] })
	if len(utf16.Encode([]rune(text))) > 500 {
		return nil, business("isv.PARAM_LENGTH_LIMIT", "短信内容超过500字")
	}
	now := s.opts.Now()
	for _, phone := range phones {
		if refused := s.flowControl(phone, q.Get("SignName"), t, now); refused != nil {
			return nil, refused
		}
	}
	bizID := strconv.FormatInt(now.UnixMilli(), 10) + "^" + rand.Text()[:8]
	var ms []Message
	for _, phone := range phones {
		report := s.opts.Carrier(phone)
		if report.ErrCode == "" {
			report.ErrCode = "DELIVERED"
		}
		ms = append(ms, Message{
			Phone: phone, Sign: q.Get("SignName"), Template: t.Code, Params: values, Text: text, OutID: q.Get("OutId"),
			BizID: bizID, RequestID: q.requestID, At: now, ReportAt: now.Add(report.After), ErrCode: report.ErrCode,
		})
	}
	if err := s.accept(ms); err != nil {
		return nil, &refusal{http.StatusInternalServerError, "InternalError", "the state file cannot be written"}
	}
	return map[string]any{"BizId": bizID}, nil
}

// bracketed is the sign as it stands before the text.
func bracketed(sign string) string {
	if strings.ContainsFunc(sign, func(r rune) bool { return r > '~' }) {
		return "【" + sign + "】"
	}
	return "[" + sign + "]"
}

// checkPhones wants numbers of the kind that the template is for, and returns them in the platform's own spelling: 11
// digits of the mainland, whatever of +86, 0086 and 86 stands in front, or country and number with nothing in front. A
// number that is there twice is sent to twice (unverified).
func checkPhones(list string, kind aliyun.TemplateType) ([]string, *refusal) {
	phones := strings.Split(list, ",")
	if len(phones) > 1000 {
		return nil, business("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
	}
	for i, phone := range phones {
		if kind == aliyun.Intl { // reads every number as country and number; 86 is not among its countries
			if !foreignPhone.MatchString(phone) || strings.HasPrefix(phone, "86") {
				return nil, business("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
			}
			continue
		}
		m := mainlandPhone.FindStringSubmatch(phone)
		if m == nil {
			return nil, business("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
		}
		phones[i] = m[1]
	}
	return phones, nil
}

// checkParams holds the parameters against the template's text. More than it asks for is not refused (unverified).
func checkParams(t aliyun.Template, raw string) (map[string]string, *refusal) {
	values := map[string]string{}
	if raw != "" && json.Unmarshal([]byte(raw), &values) != nil {
		return nil, business("isv.INVALID_JSON_PARAM", "参数格式错误，请修改为字符串值")
	}
	for _, m := range variable.FindAllStringSubmatch(t.Content, -1) {
		name := m[1]
		v, given := values[name]
		switch {
		case !given:
			return nil, business("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量"+name)
		case v == "" || strings.ContainsAny(v, "【】"):
			return nil, business("isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量里包含非法内容"+name)
		case utf8.RuneCountInString(v) > 35:
			return nil, business("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"+name)
		case urlValue.MatchString(v):
			return nil, business("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL"+name)
		case t.Type == aliyun.Code && name == "code" && !codeValue.MatchString(v):
			return nil, business("isv.TEMPLATE_PARAMS_ILLEGAL", "验证码变量格式错误"+name)
		}
	}
	return values, nil
}
