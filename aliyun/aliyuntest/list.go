package aliyuntest

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// audit are the words of the lists for the states of review.
func audit(state int) string {
	return map[int]string{0: "AUDIT_STATE_INIT", 1: "AUDIT_STATE_PASS", 2: "AUDIT_STATE_NOT_PASS", 10: "AUDIT_STATE_CANCEL"}[state]
}

// templateList is QuerySmsTemplateList. The names of its fields are unverified.
func (s *Server) templateList(q params) (map[string]any, *refusal) {
	status := map[aliyun.TemplateStatus]int{
		aliyun.TemplateInReview: 0, aliyun.TemplateApproved: 1, aliyun.TemplateRejected: 2, aliyun.TemplateCancelled: 10,
	}
	var list []map[string]any
	for _, code := range slices.Sorted(maps.Keys(s.templates)) {
		t := s.templates[code]
		list = append(list, map[string]any{
			"TemplateCode": t.Code, "TemplateName": t.Name, "TemplateContent": t.Content, "TemplateType": int(t.Type) - 1,
			"AuditStatus": audit(status[t.Status]), "Reason": map[string]any{"RejectInfo": t.RejectInfo},
		})
	}
	return paged(q, list, "SmsTemplateList")
}

// signList is QuerySmsSignList. The names of its fields are unverified.
func (s *Server) signList(q params) (map[string]any, *refusal) {
	var list []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.signs)) {
		list = append(list, map[string]any{"SignName": name, "AuditStatus": audit(int(s.signs[name])), "Reason": map[string]any{}})
	}
	return paged(q, list, "SmsSignList")
}

// paged is one page of a list of at most 50.
func paged(q params, list []map[string]any, name string) (map[string]any, *refusal) {
	if refused := q.missing("PageIndex", "PageSize"); refused != nil {
		return nil, refused
	}
	size, serr := strconv.Atoi(q.Get("PageSize"))
	page, perr := strconv.Atoi(q.Get("PageIndex"))
	if cmp.Or(serr, perr) != nil || size < 1 || size > 50 || page < 1 {
		return nil, business("isv.INVALID_PARAMETERS", "参数异常PageSize")
	}
	from := min((page-1)*size, len(list))
	return map[string]any{
		"TotalCount": len(list), "CurrentPage": page, "PageSize": size, name: list[from:min(from+size, len(list))],
	}, nil
}

// sign is GetSmsSign.
func (s *Server) sign(q params) (map[string]any, *refusal) {
	if refused := q.missing("SignName"); refused != nil {
		return nil, refused
	}
	state, known := s.signs[q.Get("SignName")]
	if !known {
		return nil, business("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名")
	}
	return map[string]any{"SignName": q.Get("SignName"), "SignStatus": int(state), "AuditInfo": map[string]any{}}, nil
}

// dayCount is a line of the statistics.
type dayCount struct{ total, delivered, failed, waiting int }

// statistics is QuerySendStatistics: a line for each day on which something was sent. The names of its fields are
// unverified.
func (s *Server) statistics(q params) (map[string]any, *refusal) {
	if refused := q.missing("IsGlobe", "StartDate", "EndDate", "PageIndex", "PageSize"); refused != nil {
		return nil, refused
	}
	from, ferr := time.ParseInLocation("20060102", q.Get("StartDate"), beijing())
	to, terr := time.ParseInLocation("20060102", q.Get("EndDate"), beijing())
	if cmp.Or(ferr, terr) != nil || to.Before(from) || !slices.Contains([]string{"1", "2"}, q.Get("IsGlobe")) {
		return nil, business("isv.INVALID_PARAMETERS", "参数异常StartDate")
	}
	now := s.opts.Now()
	days := map[string]*dayCount{}
	for _, m := range s.state.Messages {
		kind := s.templates[m.Template].Type
		switch {
		case m.At.Before(from), !m.At.Before(to.AddDate(0, 0, 1)), (kind == aliyun.Intl) != (q.Get("IsGlobe") == "2"),
			q.Get("SignName") != "" && q.Get("SignName") != m.Sign,
			q.Get("TemplateType") != "" && q.Get("TemplateType") != strconv.Itoa(int(kind)-1):
			continue
		}
		day := m.At.In(beijing()).Format("20060102")
		if days[day] == nil {
			days[day] = &dayCount{}
		}
		d := days[day]
		d.total++
		switch {
		case now.Before(m.ReportAt):
			d.waiting++
		case m.ErrCode == "DELIVERED":
			d.delivered++
		default:
			d.failed++
		}
	}
	var list []map[string]any
	for _, day := range slices.Sorted(maps.Keys(days)) {
		d := days[day]
		list = append(list, map[string]any{
			"SendDate": day, "TotalCount": d.total, "RespondedSuccessCount": d.delivered, "RespondedFailCount": d.failed, "NoRespondedCount": d.waiting,
		})
	}
	fields, refused := paged(q, list, "TargetList")
	if refused != nil {
		return nil, refused
	}
	return map[string]any{"Data": map[string]any{"TotalSize": fields["TotalCount"], "TargetList": fields["TargetList"]}}, nil
}

// globe is SendMessageToGlobe of API 2018-05-01: a text to one phone abroad. It answers with ResponseCode.
func (s *Server) globe(q params) (map[string]any, *refusal) {
	if refused := q.missing("To", "Message"); refused != nil {
		return nil, refused
	}
	to := q.Get("To")
	if !foreignPhone.MatchString(to) || strings.HasPrefix(to, "86") || mainlandPhone.MatchString(to) {
		return nil, business("MobileNumberIllegal", "The mobile number is illegal")
	}
	now := s.opts.Now()
	text := q.Get("Message")
	n := aliyun.Segments("", text, true)
	if n.TooLong {
		return nil, business("MessageTooLong", "The message is too long")
	}
	id := newMessageID(now)
	if err := s.accept([]Message{{
		Phone: to, Sign: q.Get("From"), Text: text, OutID: q.Get("TaskId"), BizID: id, RequestID: q.requestID, At: now, ReportAt: now, ErrCode: "DELIVERED",
	}}); err != nil {
		return nil, &refusal{500, "InternalError", "the state file cannot be written"}
	}
	return map[string]any{
		"ResponseCode": "OK", "ResponseDescription": "OK", "MessageId": id, "To": to, "From": q.Get("From"),
		"Segments": strconv.Itoa(n.Segments), "NumberDetail": map[string]any{"Country": "unknown", "Carrier": "unknown"},
	}, nil
}
