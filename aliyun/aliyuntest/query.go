package aliyuntest

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

func beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

// details is QuerySendDetails: one phone, one day of UTC+8, newest first, TotalCount as a string.
func (s *Server) details(q params) (map[string]any, *refusal) {
	if refused := q.missing("PhoneNumber", "SendDate", "PageSize", "CurrentPage"); refused != nil {
		return nil, refused
	}
	now := s.opts.Now().In(beijing())
	day, err := time.ParseInLocation("20060102", q.Get("SendDate"), beijing())
	size, serr := strconv.Atoi(q.Get("PageSize"))
	page, perr := strconv.Atoi(q.Get("CurrentPage"))
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, beijing())
	switch {
	case err != nil, day.After(today), day.Before(today.AddDate(0, 0, -30)):
		return nil, business("isv.INVALID_PARAMETERS", "参数异常SendDate")
	case serr != nil, size < 1, size > 50:
		return nil, business("isv.INVALID_PARAMETERS", "参数异常PageSize")
	case perr != nil, page < 1:
		return nil, business("isv.INVALID_PARAMETERS", "参数异常CurrentPage")
	case !foreignPhone.MatchString(q.Get("PhoneNumber")):
		return nil, business("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
	}
	var found []Message
	for _, i := range s.state.byPhone[q.Get("PhoneNumber")] {
		m := s.state.Messages[i]
		inDay := !m.At.Before(day) && m.At.Before(day.AddDate(0, 0, 1))
		if inDay && now.Sub(m.At) >= s.opts.DetailLag && (q.Get("BizId") == "" || q.Get("BizId") == m.BizID) {
			found = append(found, m)
		}
	}
	slices.Reverse(found)
	list := []map[string]any{}
	from := min((page-1)*size, len(found))
	for _, m := range found[from:min(from+size, len(found))] {
		list = append(list, detail(m, now))
	}
	return map[string]any{
		"TotalCount":        strconv.Itoa(len(found)),
		"SmsSendDetailDTOs": map[string]any{"SmsSendDetailDTO": list},
	}, nil
}

func detail(m Message, now time.Time) map[string]any {
	d := map[string]any{
		"PhoneNum": m.Phone, "SendStatus": 1, "ErrCode": "", "TemplateCode": m.Template, "Content": m.Text,
		"SendDate": m.At.In(beijing()).Format(time.DateTime), "OutId": m.OutID,
	}
	if now.Before(m.ReportAt) {
		return d
	}
	d["SendStatus"], d["ErrCode"] = 2, m.ErrCode
	if m.ErrCode == "DELIVERED" {
		d["SendStatus"] = 3
	}
	d["ReceiveDate"] = m.ReportAt.In(beijing()).Format(time.DateTime)
	return d
}

// template is GetSmsTemplate. TemplateType is a string here, and VariableAttribute the text of an object.
func (s *Server) template(q params) (map[string]any, *refusal) {
	if refused := q.missing("TemplateCode"); refused != nil {
		return nil, refused
	}
	t, known := s.templates[q.Get("TemplateCode")]
	if !known {
		return nil, business("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")
	}
	status := map[aliyun.TemplateStatus]int{
		aliyun.TemplateInReview: 0, aliyun.TemplateApproved: 1, aliyun.TemplateRejected: 2, aliyun.TemplateCancelled: 10,
	}
	kind := map[aliyun.TemplateType]string{aliyun.Code: "0", aliyun.Notice: "1", aliyun.Promo: "2", aliyun.Intl: "3"}
	fields := map[string]any{
		"TemplateCode": t.Code, "TemplateName": t.Name, "TemplateContent": t.Content,
		"TemplateType": kind[t.Type], "TemplateStatus": strconv.Itoa(status[t.Status]),
		"AuditInfo": map[string]any{"RejectInfo": t.RejectInfo},
	}
	if t.Attributes != nil {
		text, err := json.Marshal(t.Attributes)
		if err != nil {
			panic(err) // a map of strings always encodes
		}
		fields["VariableAttribute"] = string(text)
	}
	return fields, nil
}
