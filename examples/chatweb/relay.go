package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Relay is a stream of events to one browser.
type Relay struct {
	w       http.ResponseWriter
	control *http.ResponseController
	patient time.Duration

	mu   sync.Mutex
	err  error
	last time.Time
	stop chan struct{}
	done chan struct{}
}

// pace is how often a silent line is kept open, and how long a browser may take to read what is written to it, and to send
// its question.
type pace struct{ heartbeat, write, body time.Duration }

// newRelay begins a stream, and Stop ends it. When a write fails or takes too long, net/http ends the context of the
// request, and with it what feeds the stream: nobody is there to read what is still to come.
func newRelay(w http.ResponseWriter, p pace) *Relay {
	r := &Relay{w: w, control: http.NewResponseController(w), patient: p.write, stop: make(chan struct{}), done: make(chan struct{})}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the stream back
	r.write(": begun\n\n")
	go r.beat(p.heartbeat)
	return r
}

// Send sends one event with its data as JSON.
func (r *Relay) Send(event string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil { // what is sent can be encoded
		panic(err)
	}
	r.write(fmt.Sprintf("event: %s\ndata: %s\n\n", event, encoded))
}

// Stop ends the stream, and waits until nothing writes any more.
func (r *Relay) Stop() {
	close(r.stop)
	<-r.done
}

// beat keeps a silent line open with comments, for proxies that end one on which nothing is said.
func (r *Relay) beat(every time.Duration) {
	defer close(r.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
			r.mu.Lock()
			silent := time.Since(r.last) >= every/2
			r.mu.Unlock()
			if silent {
				r.write(": still there\n\n")
			}
		}
	}
}

func (r *Relay) write(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	r.last = time.Now()
	if r.err = r.control.SetWriteDeadline(r.last.Add(r.patient)); r.err == nil {
		_, r.err = r.w.Write([]byte(text))
	}
	if r.err == nil {
		r.err = r.control.Flush()
	}
}
