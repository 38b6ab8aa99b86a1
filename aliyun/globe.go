package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/secret"
)

const (
	globeVersion = "2018-05-01"
	globeOp      = "SendMessageToGlobe"
)

// GlobeMessage is a text to one phone outside the mainland, without a template. It prints without phone and text.
type GlobeMessage struct {
	To        string        // in any spelling that [NormalizePhone] reads
	From      string        // what the phone shows as the sender, where its country allows one; "" = the platform's
	Text      string        // with the sign in it, if one is wanted
	OutID     string        // an ID of your own, sent as TaskId and echoed in receipts; "" = a fresh one
	Validity  time.Duration // how long the carrier may try, in whole seconds (unverified); 0 = its own
	ChannelID string        // rarely needed
}

// GlobeReceipt is a message that was accepted, or, beside an error, what is known of one.
type GlobeReceipt struct {
	MessageID string
	RequestID string
	OutID     string
	Segments  int // as how many messages it is billed; 0 = not said
	Country   string
	Carrier   string
	At        time.Time // when the send began
}

// SendGlobe sends a text abroad by the international API, which has an endpoint of its own (ap-southeast-1) and takes the
// text itself. To the mainland it does not send. It is sent at most once, as by [SMS.Send]; but there is no record to
// look an unknown outcome up in by OutID (unverified): the receipt, if one comes, has it as its TaskId.
//
// Source: SendMessageToGlobe, API dysmsapi 2018-05-01 (read 2026-11).
func (s *SMS) SendGlobe(ctx context.Context, m GlobeMessage, _ *SendOptions) (GlobeReceipt, error) {
	phone, problems := m.check()
	if len(problems) > 0 {
		return GlobeReceipt{}, badInput(GlobeSMSProduct, globeOp, problems...)
	}
	receipt := GlobeReceipt{OutID: cmp.Or(m.OutID, NewOutID()), At: s.now()}
	params := map[string]string{"To": phone.digits, "From": m.From, "Message": m.Text, "TaskId": receipt.OutID, "ChannelId": m.ChannelID}
	if m.Validity > 0 {
		params["ValidityPeriod"] = strconv.FormatInt(int64(m.Validity/time.Second), 10)
	}
	resp, err := s.client.Call(ctx, Request{Product: GlobeSMSProduct, Version: globeVersion, Action: globeOp, Params: params})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.OutID, e.At = receipt.OutID, receipt.At
			receipt.RequestID = e.RequestID
		}
		return receipt, err
	}
	receipt.RequestID = resp.RequestID
	var a struct {
		MessageID    text `json:"MessageId"`
		Segments     text // a string, by the page
		NumberDetail struct{ Country, Carrier text }
	}
	if err := resp.Decode(&a); err == nil { // it said OK: what else it says does not make it a failure
		receipt.MessageID, receipt.Country, receipt.Carrier = string(a.MessageID), string(a.NumberDetail.Country), string(a.NumberDetail.Carrier)
		receipt.Segments, _ = strconv.Atoi(string(a.Segments))
	}
	return receipt, nil
}

// check reports every problem at once, and repeats neither phone nor text.
func (m GlobeMessage) check() (phone Phone, problems []string) {
	phone, err := NormalizePhone(m.To)
	switch {
	case err != nil:
		problems = append(problems, fmt.Sprintf("To: %v", err))
	case phone.Mainland():
		problems = append(problems, "To is a mainland number: use Send with a template")
	}
	switch n := Segments("", m.Text, true); {
	case strings.TrimSpace(m.Text) == "":
		problems = append(problems, "Text is empty")
	case !utf8.ValidString(m.Text):
		problems = append(problems, "Text is not valid UTF-8")
	case n.TooLong:
		problems = append(problems, fmt.Sprintf("Text has %d units, at most %d are allowed", n.Units, maxUnits))
	}
	if n := utf8.RuneCountInString(m.OutID); n > maxOutID {
		problems = append(problems, fmt.Sprintf("OutID has %d characters, at most %d are allowed", n, maxOutID))
	}
	if m.Validity < 0 || m.Validity%time.Second != 0 {
		problems = append(problems, fmt.Sprintf("Validity is %v, must be whole seconds", m.Validity))
	}
	return phone, problems
}

func (m GlobeMessage) safe() secret.Fields {
	return secret.Fields{"aliyun.GlobeMessage", "From", m.From, "Length", utf8.RuneCountInString(m.Text), "OutID", m.OutID}
}

// String leaves phone and text out; so do the other ways to print a GlobeMessage.
func (m GlobeMessage) String() string { return m.safe().String() }

// GoString leaves phone and text out.
func (m GlobeMessage) GoString() string { return m.safe().String() }

// Format leaves phone and text out, whatever the verb.
func (m GlobeMessage) Format(s fmt.State, verb rune) { m.safe().Format(s, verb) }

// LogValue leaves phone and text out.
func (m GlobeMessage) LogValue() slog.Value { return m.safe().LogValue() }
