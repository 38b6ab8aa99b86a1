package aliyuntest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
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

// part is one message of a call: all its phones get the same text.
type part struct {
	phones       []string
	sign, params string
	extend       string
}

// send is SendSms.
func (s *Server) send(q params) (map[string]any, *refusal) {
	if refused := q.missing("PhoneNumbers", "SignName", "TemplateCode"); refused != nil {
		return nil, refused
	}
	phones := strings.Split(q.Get("PhoneNumbers"), ",")
	if len(phones) > 1000 {
		return nil, business("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
	}
	return s.sendParts(q, part{phones, q.Get("SignName"), q.Get("TemplateParam"), q.Get("SmsUpExtendCode")})
}

// sendBatch is SendBatchSms: a sign and parameters for each phone, aligned by their places.
func (s *Server) sendBatch(q params) (map[string]any, *refusal) {
	if refused := q.missing("PhoneNumberJson", "SignNameJson", "TemplateCode"); refused != nil {
		return nil, refused
	}
	var phones, signs, extends []string
	var values []json.RawMessage
	for name, v := range map[string]any{
		"PhoneNumberJson": &phones, "SignNameJson": &signs, "TemplateParamJson": &values, "SmsUpExtendCodeJson": &extends,
	} {
		if q.Get(name) != "" && json.Unmarshal([]byte(q.Get(name)), v) != nil {
			return nil, business("isv.INVALID_JSON_PARAM", "参数格式错误"+name)
		}
	}
	switch n := len(phones); {
	case n == 0 || n > 100:
		return nil, business("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制")
	case len(signs) != n, len(values) != n && values != nil, len(extends) != n && extends != nil:
		return nil, business("isv.INVALID_PARAMETERS", "参数个数与手机号码个数不一致")
	}
	var parts []part
	for i, phone := range phones {
		p := part{phones: []string{phone}, sign: signs[i]}
		if values != nil {
			p.params = string(values[i])
		}
		if extends != nil {
			p.extend = extends[i]
		}
		parts = append(parts, p)
	}
	return s.sendParts(q, parts...)
}

// sendParts is what both do. Everything is checked before anything happens, and one bad number refuses the whole call.
func (s *Server) sendParts(q params, parts ...part) (map[string]any, *refusal) {
	now := s.opts.Now()
	bizID := newMessageID(now)
	var ms []Message
	for _, p := range parts {
		more, refused := s.checkPart(q, p, now)
		if refused != nil {
			return nil, refused
		}
		ms = append(ms, more...)
	}
	for i := range ms {
		ms[i].BizID, ms[i].RequestID = bizID, q.requestID
	}
	if err := s.accept(ms); err != nil {
		return nil, &refusal{http.StatusInternalServerError, "InternalError", "the state file cannot be written"}
	}
	return map[string]any{"BizId": bizID}, nil
}

// checkPart is the messages that a part would be.
func (s *Server) checkPart(q params, p part, now time.Time) ([]Message, *refusal) {
	sign, known := s.signs[p.sign]
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
	phones, refused := checkPhones(p.phones, t.Type)
	if refused != nil {
		return nil, refused
	}
	values, refused := checkParams(t, p.params)
	if refused != nil {
		return nil, refused
	}
	if utf8.RuneCountInString(q.Get("OutId")) > 255 {
		return nil, business("isv.PARAM_LENGTH_LIMIT", "OutId 长度超限")
	}
	if !onlyDigits.MatchString(p.extend) {
		return nil, business("isv.EXTEND_CODE_ERROR", "扩展码错误")
	}
	text := bracketed(p.sign) + variable.ReplaceAllStringFunc(t.Content, func(v string) string { return values[v[2:len(v)-1]] })
	if len(utf16.Encode([]rune(text))) > 500 {
		return nil, business("isv.PARAM_LENGTH_LIMIT", "短信内容超过500字")
	}
	var ms []Message
	for _, phone := range phones {
		if refused := s.flowControl(phone, p.sign, t, now); refused != nil {
			return nil, refused
		}
		report := s.opts.Carrier(phone)
		ms = append(ms, Message{
			Phone: phone, Sign: p.sign, Template: t.Code, Params: values, Text: text, OutID: q.Get("OutId"), At: now,
			ReportAt: now.Add(report.After), ErrCode: cmp.Or(report.ErrCode, "DELIVERED"),
		})
	}
	return ms, nil
}

func newMessageID(now time.Time) string {
	return strconv.FormatInt(now.UnixMilli(), 10) + "^" + rand.Text()[:8]
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
func checkPhones(phones []string, kind aliyun.TemplateType) ([]string, *refusal) {
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
