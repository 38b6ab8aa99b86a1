package aliyun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// Report is the carrier's word on one message to one phone, as the platform pushes it.
type Report struct {
	Phone              Phone
	SentAt, ReportedAt time.Time // UTC+8; zero = not said
	Success            bool
	Code, Message      string // "DELIVERED", else the carrier's own word; and what it says of it
	Segments           int    // as how many messages it is billed; 0 = not said
	BizID, OutID       string // of the send: join on OutID
}

// Uplink is a text message that a phone sent to you. It prints without its text.
type Uplink struct {
	Phone      Phone
	Content    string
	Sign       string
	DestCode   string // the number that it was sent to, with your ExtendCode
	SequenceID string
	SentAt     time.Time // UTC+8; zero = not said
}

// ParseReports reads a push of reports: the body of the platform's POST, or a message of its queue. It is a JSON array; a
// single object is taken too. An error repeats nothing of the body.
//
// Source: SmsReport, help.aliyun.com/document_detail/101867 (read 2026-11).
func ParseReports(body []byte) ([]Report, error) {
	items, err := parsePush[struct {
		PhoneNumber text `json:"phone_number"`
		SendTime    text `json:"send_time"`
		ReportTime  text `json:"report_time"`
		Success     any  `json:"success"` // a bool, by the page
		ErrCode     text `json:"err_code"`
		ErrMsg      text `json:"err_msg"`
		SMSSize     text `json:"sms_size"`
		BizID       text `json:"biz_id"`
		OutID       text `json:"out_id"`
	}](body)
	if err != nil {
		return nil, err
	}
	out := make([]Report, 0, len(items))
	for i, m := range items {
		if m.PhoneNumber == "" || m.Success == nil {
			return nil, fmt.Errorf("aliyun: report %d of %d has no phone_number or no success", i, len(items))
		}
		size, _ := strconv.Atoi(string(m.SMSSize)) // not said, or not a number: 0
		out = append(out, Report{
			Phone: pushedPhone(m.PhoneNumber), SentAt: platformTime(string(m.SendTime)), ReportedAt: platformTime(string(m.ReportTime)),
			Success: m.Success == true || m.Success == "true", Code: string(m.ErrCode), Message: string(m.ErrMsg), Segments: size,
			BizID: string(m.BizID), OutID: string(m.OutID),
		})
	}
	return out, nil
}

// ParseUplinks reads a push of uplink messages, as [ParseReports] does one of reports.
//
// Source: SmsUp, help.aliyun.com/document_detail/101867 (read 2026-11).
func ParseUplinks(body []byte) ([]Uplink, error) {
	items, err := parsePush[struct {
		PhoneNumber text `json:"phone_number"`
		Content     text `json:"content"`
		SignName    text `json:"sign_name"`
		SendTime    text `json:"send_time"`
		DestCode    text `json:"dest_code"`
		SequenceID  text `json:"sequence_id"`
	}](body)
	if err != nil {
		return nil, err
	}
	out := make([]Uplink, 0, len(items))
	for i, m := range items {
		if m.PhoneNumber == "" {
			return nil, fmt.Errorf("aliyun: uplink message %d of %d has no phone_number", i, len(items))
		}
		out = append(out, Uplink{
			Phone: pushedPhone(m.PhoneNumber), Content: string(m.Content), Sign: string(m.SignName), DestCode: string(m.DestCode),
			SequenceID: string(m.SequenceID), SentAt: platformTime(string(m.SendTime)),
		})
	}
	return out, nil
}

func parsePush[T any](body []byte) ([]T, error) {
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '{' {
		body = slices.Concat([]byte{'['}, body, []byte{']'})
	}
	var items []T
	if len(body) == 0 || body[0] != '[' || json.Unmarshal(body, &items) != nil { // the cause may quote what it stumbled over
		return nil, errors.New("aliyun: push is not a JSON array of its items")
	}
	return items, nil
}

// pushedPhone keeps what cannot be read as a phone as it is: it is the platform's own spelling.
func pushedPhone(wire text) Phone {
	phone, err := NormalizePhone(string(wire))
	if err != nil {
		return Phone{digits: string(wire), foreign: true}
	}
	return phone
}

func (r Report) key() string {
	return r.BizID + " " + r.Phone.digits + " " + strconv.FormatInt(r.ReportedAt.Unix(), 10) + " " + r.OutID
}

func (u Uplink) key() string {
	if u.SequenceID != "" {
		return u.SequenceID + " " + u.Phone.digits
	}
	return u.Phone.digits + " " + strconv.FormatInt(u.SentAt.Unix(), 10) + " " + u.Content
}

func (u Uplink) safe() secret.Fields {
	return secret.Fields{"aliyun.Uplink", "Phone", u.Phone, "Sign", u.Sign, "DestCode", u.DestCode, "SentAt", u.SentAt}
}

// String leaves the text out; so do the other ways to print an Uplink.
func (u Uplink) String() string { return u.safe().String() }

// GoString leaves the text out.
func (u Uplink) GoString() string { return u.safe().String() }

// Format leaves the text out, whatever the verb.
func (u Uplink) Format(s fmt.State, verb rune) { u.safe().Format(s, verb) }

// LogValue leaves the text out.
func (u Uplink) LogValue() slog.Value { return u.safe().LogValue() }

// ReportHandler is the address that the platform pushes reports to: set it in the console with the secret in it. fn gets
// the reports that are new, never an empty slice, on the request's goroutine. When it returns nil they are marked as
// seen and the platform is told so; else it is told 500 and pushes them again after 1, 5 and 10 minutes, and then never.
// So fn must take a report again, of a push in which another one failed.
//
// The platform neither signs nor authenticates its pushes. Without [ReportOptions].Token all are refused.
//
// Answers: 401 wrong or no secret, 403 wrong address (both before the body is read), 405 not a POST, 413 over 1 MiB, 400
// not reports, 503 the same report is being worked on, 500 fn or the SeenStore failed.
//
// Source: SmsReport, help.aliyun.com/document_detail/101867 (read 2026-11).
func ReportHandler(fn func(context.Context, []Report) error, opts *ReportOptions) http.Handler {
	return newPushHandler(ParseReports, Report.key, fn, opts)
}

// UplinkHandler is the same for messages that phones send.
//
// Source: SmsUp, help.aliyun.com/document_detail/101867 (read 2026-11).
func UplinkHandler(fn func(context.Context, []Uplink) error, opts *ReportOptions) http.Handler {
	return newPushHandler(ParseUplinks, Uplink.key, fn, opts)
}
