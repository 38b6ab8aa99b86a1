package aliyun

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/pages"
)

// Sign is an approved name that stands in front of messages.
type Sign struct {
	Name       string // without its brackets
	Status     TemplateStatus
	RejectInfo string
}

// Templates are all templates of the account, page by page as they are ranged over. How the list names its fields is
// unverified; what it does not say is empty, and [SMS.Template] knows more. Ranging again asks again.
//
// Source: QuerySmsTemplateList, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) Templates(ctx context.Context) iter.Seq2[Template, error] {
	type item struct {
		TemplateCode, TemplateName, TemplateContent string
		TemplateType                                text
		AuditStatus                                 text
		Reason                                      struct{ RejectInfo string }
	}
	return smsList(ctx, s, "QuerySmsTemplateList", func(r *Response) (items []Template, total text, err error) {
		var a struct {
			TotalCount      text
			SmsTemplateList []item
		}
		err = r.Decode(&a)
		for _, t := range a.SmsTemplateList {
			items = append(items, Template{
				Code: t.TemplateCode, Name: t.TemplateName, Content: t.TemplateContent, Type: templateType(string(t.TemplateType)),
				Status: auditStatus(string(t.AuditStatus)), RejectInfo: t.Reason.RejectInfo,
			})
		}
		return items, a.TotalCount, err
	})
}

// Signs are all signs of the account, as [SMS.Templates] are its templates.
//
// Source: QuerySmsSignList, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) Signs(ctx context.Context) iter.Seq2[Sign, error] {
	type item struct {
		SignName    string
		AuditStatus text
		Reason      struct{ RejectInfo string }
	}
	return smsList(ctx, s, "QuerySmsSignList", func(r *Response) (items []Sign, total text, err error) {
		var a struct {
			TotalCount  text
			SmsSignList []item
		}
		err = r.Decode(&a)
		for _, sign := range a.SmsSignList {
			items = append(items, Sign{sign.SignName, auditStatus(string(sign.AuditStatus)), sign.Reason.RejectInfo})
		}
		return items, a.TotalCount, err
	})
}

// Sign asks for one sign. One that is not there is fs.ErrNotExist (which code says so is unverified).
//
// Source: GetSmsSign, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) Sign(ctx context.Context, name string) (Sign, error) {
	const op = "GetSmsSign"
	if strings.TrimSpace(name) == "" || strings.ContainsAny(name, "【】[]") {
		return Sign{}, inputError(op, "name must be that of a sign, without its brackets")
	}
	resp, err := s.call(ctx, op, map[string]string{"SignName": name}, true)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "isv.SMS_SIGNATURE_ILLEGAL" {
			e.also = append(e.also, fs.ErrNotExist)
		}
		return Sign{}, err
	}
	var a struct {
		SignName   string
		SignStatus text
		AuditInfo  struct{ RejectInfo string }
	}
	if err := resp.Decode(&a); err != nil {
		return Sign{}, resp.broken(op, err)
	}
	return Sign{orDefault(a.SignName, name), templateStatus(string(a.SignStatus)), a.AuditInfo.RejectInfo}, nil
}

// broken is an answer that is not of the shape that it should have.
func (r *Response) broken(op string, err error) *Error {
	return &Error{Product: SMSProduct, Op: op, RequestID: r.RequestID, Status: r.Status, Sent: true, Err: err}
}

// smsList is a list with PageIndex and PageSize.
func smsList[T any](ctx context.Context, s *SMS, op string, decode func(*Response) ([]T, text, error)) iter.Seq2[T, error] {
	return pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[T, int], error) {
		resp, err := s.call(ctx, op, map[string]string{"PageIndex": strconv.Itoa(page), "PageSize": strconv.Itoa(maxPageSize)}, true)
		if err != nil {
			return pages.Page[T, int]{}, err
		}
		items, count, err := decode(resp)
		if err != nil {
			return pages.Page[T, int]{}, resp.broken(op, err)
		}
		total, err := strconv.Atoi(string(count))
		more := len(items) > 0 && page*maxPageSize < total
		if err != nil { // not said
			more = len(items) == maxPageSize
		}
		return pages.Page[T, int]{Items: items, Next: page + 1, More: more}, nil
	})
}

// auditStatus reads the words of the lists. A word that is not known is kept.
func auditStatus(wire string) TemplateStatus {
	switch wire {
	case "AUDIT_STATE_INIT":
		return TemplateInReview
	case "AUDIT_STATE_PASS":
		return TemplateApproved
	case "AUDIT_STATE_NOT_PASS":
		return TemplateRejected
	case "AUDIT_STATE_CANCEL", "AUDIT_SATE_CANCEL": // one of them is a slip of the platform's
		return TemplateCancelled
	}
	if len(wire) > 3 {
		return TemplateStatus("status " + wire)
	}
	return templateStatus(wire)
}

// StatisticsQuery is a span of days in UTC+8, both included.
type StatisticsQuery struct {
	From, To time.Time // any moment of the first and the last day; zero To = today
	Intl     bool      // messages abroad instead of those of the mainland
	Type     TemplateType
	Sign     string // "" = all
}

// DayCount is how many messages were sent on a day, and what became of them.
type DayCount struct {
	Day                        time.Time // its beginning in UTC+8
	Total                      int
	Delivered, Failed, Waiting int
}

// Statistics are the counts of each day, page by page as they are ranged over. How the answer names its fields is
// unverified. Errors: [ErrInput] before anything is sent; else as [Client.Call] reports them.
//
// Source: QuerySendStatistics, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) Statistics(ctx context.Context, q StatisticsQuery) iter.Seq2[DayCount, error] {
	const op = "QuerySendStatistics"
	return func(yield func(DayCount, error) bool) {
		to := q.To
		if to.IsZero() {
			to = s.now()
		}
		if q.From.IsZero() || dayOf(q.From).After(dayOf(to)) {
			yield(DayCount{}, inputError(op, "From must be set and not after To"))
			return
		}
		params := map[string]string{
			"IsGlobe": "1", "StartDate": dayOf(q.From).Format("20060102"), "EndDate": dayOf(to).Format("20060102"),
			"SignName": q.Sign, "PageSize": strconv.Itoa(maxPageSize),
		}
		if q.Intl {
			params["IsGlobe"] = "2"
		}
		if q.Type != 0 {
			params["TemplateType"] = strconv.Itoa(int(q.Type) - 1) // the wire counts from 0
		}
		for d, err := range pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[DayCount, int], error) {
			params["PageIndex"] = strconv.Itoa(page)
			return s.statisticsPage(ctx, op, params, page)
		}) {
			if !yield(d, err) {
				return
			}
		}
	}
}

func (s *SMS) statisticsPage(ctx context.Context, op string, params map[string]string, page int) (pages.Page[DayCount, int], error) {
	var none pages.Page[DayCount, int]
	resp, err := s.call(ctx, op, params, true)
	if err != nil {
		return none, err
	}
	var a struct {
		Data struct {
			TotalSize  text
			TargetList []struct{ SendDate, TotalCount, RespondedSuccessCount, RespondedFailCount, NoRespondedCount text }
		}
	}
	if err := resp.Decode(&a); err != nil {
		return none, resp.broken(op, err)
	}
	var items []DayCount
	for _, d := range a.Data.TargetList {
		day, err := time.ParseInLocation("20060102", string(d.SendDate), beijing())
		if err != nil {
			return none, resp.broken(op, errors.New("SendDate is no day"))
		}
		c := DayCount{Day: day}
		for to, from := range map[*int]text{
			&c.Total: d.TotalCount, &c.Delivered: d.RespondedSuccessCount, &c.Failed: d.RespondedFailCount, &c.Waiting: d.NoRespondedCount,
		} {
			*to, _ = strconv.Atoi(string(from)) // not said: 0
		}
		items = append(items, c)
	}
	total, err := strconv.Atoi(string(a.Data.TotalSize))
	more := len(items) > 0 && page*maxPageSize < total
	if err != nil {
		more = len(items) == maxPageSize
	}
	return pages.Page[DayCount, int]{Items: items, Next: page + 1, More: more}, nil
}
