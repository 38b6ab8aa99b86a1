package aliyuntest

import (
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// Message is one message to one phone that was accepted.
type Message struct {
	Phone     string            `json:"phone"` // 11 digits, or country and number
	Sign      string            `json:"sign"`
	Template  string            `json:"template"`
	Params    map[string]string `json:"params,omitempty"`
	Text      string            `json:"text"` // as the phone shows it, sign included
	OutID     string            `json:"outId,omitempty"`
	BizID     string            `json:"bizId"`
	RequestID string            `json:"requestId"`
	At        time.Time         `json:"at"`

	ReportAt time.Time `json:"reportAt"` // when the carrier answers
	ErrCode  string    `json:"errCode"`  // what it answers
}

// state is what survives a restart. The windows of the flow control are counted from the messages.
type state struct {
	Messages  []Message `json:"messages"`
	Zones     []*Zone   `json:"zones,omitempty"`
	Domains   []*Domain `json:"domains,omitempty"`
	Tasks     []*Task   `json:"tasks,omitempty"`
	RecordSeq int64     `json:"recordSeq,omitempty"`

	byPhone map[string][]int
}

// index rebuilds what is derived.
func (st *state) index() {
	st.byPhone = map[string][]int{}
	for i, m := range st.Messages {
		st.byPhone[m.Phone] = append(st.byPhone[m.Phone], i)
	}
}

// accept remembers messages, in the file first. A file that cannot be written takes the effect back.
func (s *Server) accept(ms []Message) error {
	before := len(s.state.Messages)
	s.state.Messages = append(s.state.Messages, ms...)
	if s.opts.StateFile != "" {
		if err := atomicfile.WriteJSON(s.opts.StateFile, s.state); err != nil {
			s.state.Messages = s.state.Messages[:before]
			return err
		}
	}
	if s.state.byPhone == nil {
		s.state.byPhone = map[string][]int{}
	}
	for i, m := range ms {
		s.state.byPhone[m.Phone] = append(s.state.byPhone[m.Phone], before+i)
	}
	return nil
}

// save writes the file, if there is one. A fake whose memory cannot be written is of no use.
func (s *Server) save() {
	if s.opts.StateFile == "" {
		return
	}
	if err := atomicfile.WriteJSON(s.opts.StateFile, s.state); err != nil {
		panic("aliyuntest: " + err.Error())
	}
}
