package aliyun

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/internal/pages"
	"github.com/kitroll/kitroll/internal/secret"
)

// Outcome is what became of a message to one phone.
type Outcome string

// The outcomes. The meaning of the platform's numbers 1, 2 and 3 is unverified; any other is kept as "status 7".
const (
	Waiting   Outcome = "waiting"   // accepted, no word from the carrier yet
	Failed    Outcome = "failed"    // the carrier refused it: Detail.ErrCode
	Delivered Outcome = "delivered" // on the phone
	NotFound  Outcome = "not found" // of Resolve only: no record of it, or none yet
)

// maxPageSize and maxHistory are limits of QuerySendDetails.
const (
	maxPageSize = 50
	maxHistory  = 30 // days back
)

// DetailQuery is one phone on one day.
type DetailQuery struct {
	Phone    string    // in any spelling that [NormalizePhone] reads
	Day      time.Time // any moment of the day, which is one of UTC+8; zero = today. At most 30 days back
	BizID    string    // only messages of this send; "" = all
	PageSize int       // 1 to 50; 0 = 50
}

// Detail is the record of one message to one phone. It prints without the text.
type Detail struct {
	Phone      Phone
	Status     Outcome
	ErrCode    string // "DELIVERED", else the carrier's own word
	Template   string
	Content    string // the text as it was sent, sign included
	OutID      string
	SentAt     time.Time // UTC+8; zero = not said
	ReceivedAt time.Time // UTC+8; zero = not said
}

// Details are the records of a phone on a day, page by page as they are ranged over. Records appear some time after the
// send (how long is unverified), and one that appears while pages are read may shift a record into two of them. There is
// no BizID in the answer: OutID is what to join on. Ranging again asks again. Errors: [ErrInput] before anything is sent,
// else as [Client.Call] reports them; reads are retried.
//
// Source: QuerySendDetails, API dysmsapi 2017-05-25 (read 2026-11).
func (s *SMS) Details(ctx context.Context, q DetailQuery) iter.Seq2[Detail, error] {
	return func(yield func(Detail, error) bool) {
		params, err := s.detailParams(q)
		if err != nil {
			yield(Detail{}, err)
			return
		}
		size := orDefault(q.PageSize, maxPageSize)
		all := pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[Detail, int], error) {
			params["CurrentPage"] = strconv.Itoa(page)
			items, total, err := s.detailPage(ctx, params)
			more := len(items) > 0 && (page*size < total || total < 0 && len(items) == size)
			return pages.Page[Detail, int]{Items: items, Next: page + 1, More: more}, err
		})
		for d, err := range all {
			if !yield(d, err) {
				return
			}
		}
	}
}

const detailsOp = "QuerySendDetails"

func (s *SMS) detailParams(q DetailQuery) (map[string]string, error) {
	var problems []string
	phone, err := NormalizePhone(q.Phone)
	if err != nil {
		problems = append(problems, fmt.Sprintf("Phone: %v", err))
	}
	today := dayOf(s.now())
	day := today
	if !q.Day.IsZero() {
		day = dayOf(q.Day)
	}
	if day.Before(today.AddDate(0, 0, -maxHistory)) {
		problems = append(problems, fmt.Sprintf("Day %s is more than %d days back", day.Format(time.DateOnly), maxHistory))
	}
	if day.After(today) {
		problems = append(problems, fmt.Sprintf("Day %s is in the future", day.Format(time.DateOnly)))
	}
	if q.PageSize < 0 || q.PageSize > maxPageSize {
		problems = append(problems, fmt.Sprintf("PageSize is %d, must be 1 to %d", q.PageSize, maxPageSize))
	}
	if len(problems) > 0 {
		return nil, inputError(detailsOp, problems...)
	}
	return map[string]string{
		"PhoneNumber": phone.digits, "SendDate": day.Format("20060102"), "BizId": q.BizID,
		"PageSize": strconv.Itoa(orDefault(q.PageSize, maxPageSize)),
	}, nil
}

// detailPage is one page, and the total of all pages, -1 when it was not said.
func (s *SMS) detailPage(ctx context.Context, params map[string]string) ([]Detail, int, error) {
	resp, err := s.call(ctx, detailsOp, params, true)
	if err != nil {
		return nil, 0, err
	}
	var a struct {
		TotalCount        text // a string, unlike elsewhere
		SmsSendDetailDTOs struct {
			SmsSendDetailDTO []struct {
				PhoneNum, SendStatus, ErrCode, TemplateCode, Content, SendDate, ReceiveDate, OutID text
			}
		}
	}
	if err := resp.Decode(&a); err != nil {
		return nil, 0, &Error{Product: SMSProduct, Op: detailsOp, RequestID: resp.RequestID, Status: resp.Status, Sent: true, Err: err}
	}
	total, err := strconv.Atoi(string(a.TotalCount))
	if err != nil {
		total = -1
	}
	items := make([]Detail, 0, len(a.SmsSendDetailDTOs.SmsSendDetailDTO))
	for _, d := range a.SmsSendDetailDTOs.SmsSendDetailDTO {
		phone, err := NormalizePhone(string(d.PhoneNum))
		if err != nil { // the platform's own spelling is kept as it is
			phone = Phone{digits: string(d.PhoneNum), foreign: true}
		}
		items = append(items, Detail{
			Phone: phone, Status: sendStatus(string(d.SendStatus)), ErrCode: string(d.ErrCode), Template: string(d.TemplateCode),
			Content: string(d.Content), OutID: string(d.OutID), SentAt: platformTime(string(d.SendDate)), ReceivedAt: platformTime(string(d.ReceiveDate)),
		})
	}
	return items, total, nil
}

func sendStatus(wire string) Outcome {
	switch wire {
	case "1":
		return Waiting
	case "2":
		return Failed
	case "3":
		return Delivered
	}
	return Outcome("status " + wire)
}

// platformTime reads "2017-01-01 00:00:00" of UTC+8.
func platformTime(s string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, s, beijing())
	if err != nil {
		return time.Time{}
	}
	return t
}

// dayOf is the beginning of the day of t in UTC+8.
func dayOf(t time.Time) time.Time {
	y, m, d := t.In(beijing()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, beijing())
}

func (d Detail) safe() secret.Fields {
	return secret.Fields{
		"aliyun.Detail", "Phone", d.Phone, "Status", d.Status, "ErrCode", d.ErrCode, "Template", d.Template,
		"OutID", d.OutID, "SentAt", d.SentAt, "ReceivedAt", d.ReceivedAt,
	}
}

// String leaves the text out and masks the phone; so do the other ways to print a Detail.
func (d Detail) String() string { return d.safe().String() }

// GoString leaves the text out.
func (d Detail) GoString() string { return d.safe().String() }

// Format leaves the text out, whatever the verb.
func (d Detail) Format(s fmt.State, verb rune) { d.safe().Format(s, verb) }

// LogValue leaves the text out.
func (d Detail) LogValue() slog.Value { return d.safe().LogValue() }
