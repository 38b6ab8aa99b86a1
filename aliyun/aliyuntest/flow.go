package aliyuntest

import (
	"fmt"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// Shares of the windows.
const (
	codePerMinute, codePerHour, codePerDay = 1, 5, 10 // same sign and number
	codePerNumberDay                       = 40       // a number, whatever the sign
	noticePerDay                           = 50       // same sign, template and number
)

// flowControl counts the messages that were accepted for a mainland number: the minute and the hour are the calendar's in
// UTC+8, the day is the last 24 hours. It looks at this call as one, before it is accepted.
func (s *Server) flowControl(phone, sign string, t aliyun.Template, now time.Time) *refusal {
	if s.allow[phone] || t.Type == aliyun.Intl {
		return nil
	}
	var minute, hour, day, number, notice int
	for _, i := range s.state.byPhone[phone] {
		m := s.state.Messages[i]
		if now.Sub(m.At) >= 24*time.Hour {
			continue
		}
		if s.templates[m.Template].Type != aliyun.Code {
			if m.Sign == sign && m.Template == t.Code {
				notice++
			}
			continue
		}
		number++
		if m.Sign != sign {
			continue
		}
		day++
		if sameWindow(m.At, now, time.Hour) {
			hour++
		}
		if sameWindow(m.At, now, time.Minute) {
			minute++
		}
	}
	if t.Type != aliyun.Code {
		return over("天", notice, noticePerDay)
	}
	for _, w := range []struct {
		name      string
		had, most int
	}{
		{"分钟", minute, codePerMinute}, {"小时", hour, codePerHour}, {"天", day, codePerDay}, {"天", number, codePerNumberDay},
	} {
		if refused := over(w.name, w.had, w.most); refused != nil {
			return refused
		}
	}
	return nil
}

func over(window string, had, most int) *refusal {
	if had < most {
		return nil
	}
	return business("isv.BUSINESS_LIMIT_CONTROL", fmt.Sprintf("触发%s级流控Permits:%d", window, most))
}

// sameWindow compares calendar minutes or hours. UTC+8 is off by whole hours, so those of UTC will do.
func sameWindow(a, b time.Time, d time.Duration) bool {
	return a.UTC().Truncate(d).Equal(b.UTC().Truncate(d))
}
