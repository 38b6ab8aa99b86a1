package main

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/internal/atomicfile"
)

// State is how far one message has come.
type State string

// The states, in the order of a message's life.
const (
	NotSent   State = "not sent"  // provably: it can be sent as it stands
	Open      State = "open"      // being sent; in a journal, a run ended in the middle of it
	Unknown   State = "unknown"   // it may have been sent
	Refused   State = "refused"   // by this program or the platform
	Accepted  State = "accepted"  // by the platform; no word from the carrier yet
	Failed    State = "failed"    // at the carrier
	Delivered State = "delivered" // on the phone
)

// Line is one message on the board, and in the journal.
type Line struct {
	State State     `json:"state"`
	Note  string    `json:"note,omitempty"` // the platform's or the carrier's word
	At    time.Time `json:"at,omitzero"`    // of the State
	Sent  time.Time `json:"sent,omitzero"`  // when the send began
}

// Journal is what is kept of a run. It holds no phone.
type Journal struct {
	List  string    `json:"list"`  // the hash of the list
	RunID string    `json:"runId"` // the OutID of all its messages
	Began time.Time `json:"began"`
	Lines []Line    `json:"lines"` // by the places in the list
}

// Board is the state of a run: in memory for the page, in the file for the next run.
type Board struct {
	path string
	list List
	now  func() time.Time

	mu sync.Mutex
	j  Journal
}

// set changes lines, and writes the journal before anything else is done.
func (b *Board) set(changes map[int]Line) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, l := range changes {
		l.At = b.now()
		if l.Sent.IsZero() {
			l.Sent = b.j.Lines[i].Sent
		}
		b.j.Lines[i] = l
	}
	return atomicfile.WriteJSON(b.path, b.j)
}

// line is one of them.
func (b *Board) line(i int) Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.j.Lines[i]
}

// count is how many lines have each state.
func (b *Board) count() map[State]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[State]int{}
	for _, l := range b.j.Lines {
		out[l.State]++
	}
	return out
}

// in are the places of the lines with one of these states.
func (b *Board) in(states ...State) (out []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, l := range b.j.Lines {
		for _, s := range states {
			if l.State == s {
				out = append(out, i)
			}
		}
	}
	return out
}

// reports takes the carrier's word on messages of this run.
func (b *Board) reports(rs []aliyun.Report) error {
	changes := map[int]Line{}
	for _, r := range rs {
		i, ours := b.list.At[r.Phone]
		switch {
		case !ours || r.OutID != b.j.RunID: // which never changes
		case r.Success:
			changes[i] = Line{State: Delivered}
		default:
			changes[i] = Line{State: Failed, Note: r.Code}
		}
	}
	if len(changes) == 0 {
		return nil
	}
	return b.set(changes)
}

//go:embed page.html
var pageHTML string

// row is a line for the page: the phone is masked.
type row struct {
	Line

	Phone string `json:"phone"`
}

// ServeHTTP is the page of deliveries, and the same as JSON.
func (b *Board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	rows := make([]row, 0, len(b.j.Lines))
	for i, l := range b.j.Lines {
		rows = append(rows, row{l, b.list.Phones[i].String()})
	}
	began := b.j.Began
	b.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	switch r.URL.Path {
	case "/status.json":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(rows)
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := template.Must(template.New("page").Parse(pageHTML))
		_ = page.Execute(w, map[string]any{"Rows": rows, "Count": b.count(), "Began": began.Format(time.DateTime)})
	default:
		http.NotFound(w, r)
	}
}
