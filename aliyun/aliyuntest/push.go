package aliyuntest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf16"
)

// Pushed is what came of a [Server.PushReports] or [Server.PushUplinks].
type Pushed struct {
	Delivered, Failed int // items, in this round
	Dropped           int // of those that failed: the platform will not try them again
}

// pauses are how long the platform waits after each push that failed, until it drops it.
func pauses() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute}
}

// delivery is how far a push of one item has come.
type delivery struct {
	tries int
	next  time.Time
	done  bool // or dropped
}

// uplink is a message that a phone has sent.
type uplink struct {
	phone, content string
	sequence       int
	at             time.Time
}

// maxPush is how many items go into one push (unverified).
const maxPush = 100

// PushReports posts the reports that are due by the clock to url with hc, as the platform does: JSON arrays; anything but
// 200 and an object whose code is a number is pushed again 1, 5 and 10 minutes later and then dropped. Call it again
// when the clock has moved. It does not push twice what was taken; [Server.RepeatReports] does.
func (s *Server) PushReports(ctx context.Context, hc *http.Client, url string) (Pushed, error) {
	s.mu.Lock()
	now := s.opts.Now()
	var due []int
	var items []any
	for i, m := range s.state.Messages {
		d := s.reports[i]
		if m.ReportAt.After(now) || d.done || d.next.After(now) {
			continue
		}
		due = append(due, i)
		items = append(items, report(m))
	}
	s.mu.Unlock()
	return s.push(ctx, hc, url, items, func(i int, ok bool) (dropped bool) {
		d := s.reports[due[i]]
		dropped = d.tried(ok, now)
		s.reports[due[i]] = d
		return dropped
	})
}

// RepeatReports forgets that reports were taken or dropped: the next PushReports pushes all of them again.
func (s *Server) RepeatReports() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.reports)
}

// SendUplink is a phone that sends a text message to the account.
func (s *Server) SendUplink(phone, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uplinks = append(s.uplinks, uplink{phone, content, 1_000_000 + len(s.uplinks), s.opts.Now()})
	s.uplinkPushes = append(s.uplinkPushes, delivery{})
}

// PushUplinks posts the messages of [Server.SendUplink], as PushReports does reports.
func (s *Server) PushUplinks(ctx context.Context, hc *http.Client, url string) (Pushed, error) {
	s.mu.Lock()
	now := s.opts.Now()
	var due []int
	var items []any
	for i, u := range s.uplinks {
		if d := s.uplinkPushes[i]; d.done || d.next.After(now) {
			continue
		}
		due = append(due, i)
		items = append(items, map[string]any{
			"phone_number": u.phone, "content": u.content, "sign_name": DemoSign, "dest_code": "10690001",
			"send_time": u.at.In(beijing()).Format(time.DateTime), "sequence_id": u.sequence,
		})
	}
	s.mu.Unlock()
	return s.push(ctx, hc, url, items, func(i int, ok bool) bool { return s.uplinkPushes[due[i]].tried(ok, now) })
}

// tried counts a push.
func (d *delivery) tried(ok bool, now time.Time) (dropped bool) {
	waits := pauses()
	switch {
	case ok:
		d.done = true
	case d.tries == len(waits):
		d.done, dropped = true, true
	default:
		d.next = now.Add(waits[d.tries])
		d.tries++
	}
	return dropped
}

// push posts items in portions, without the lock: the receiver may call the fake.
func (s *Server) push(ctx context.Context, hc *http.Client, url string, items []any, note func(i int, ok bool) (dropped bool)) (Pushed, error) {
	var sum Pushed
	var first error
	for from := 0; from < len(items); from += maxPush {
		portion := items[from:min(from+maxPush, len(items))]
		ok, err := post(ctx, hc, url, portion)
		if first == nil {
			first = err
		}
		s.mu.Lock()
		for i := range portion {
			switch dropped := note(from+i, ok); {
			case ok:
				sum.Delivered++
			case dropped:
				sum.Failed, sum.Dropped = sum.Failed+1, sum.Dropped+1
			default:
				sum.Failed++
			}
		}
		s.mu.Unlock()
	}
	return sum, first
}

// post is one push. The error is that of the network; a refusal is none.
func post(ctx context.Context, hc *http.Client, url string, items []any) (ok bool, err error) {
	body, err := json.Marshal(items)
	if err != nil {
		panic(err) // maps of strings, numbers and bools: cannot be
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := hc.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	var said struct {
		Code *json.Number `json:"code"`
	}
	return err == nil && resp.StatusCode == http.StatusOK && json.Unmarshal(answer, &said) == nil && said.Code != nil, nil
}

// report is a message as SmsReport has it: sms_size is a string, the times have no zone.
func report(m Message) map[string]any {
	return map[string]any{
		"phone_number": m.Phone, "send_time": m.At.In(beijing()).Format(time.DateTime),
		"report_time": m.ReportAt.In(beijing()).Format(time.DateTime), "success": m.ErrCode == "DELIVERED",
		"err_code": m.ErrCode, "err_msg": "", "sms_size": strconv.Itoa(segments(m.Text)), "biz_id": m.BizID, "out_id": m.OutID,
	}
}

// segments is what the carrier bills, counted in UTF-16 units.
func segments(text string) int {
	n := len(utf16.Encode([]rune(text)))
	if n <= 70 {
		return 1
	}
	return (n + 66) / 67
}
