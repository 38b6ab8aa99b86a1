package main

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// listen serves h on a port of the loopback.
func listen(ctx context.Context, h http.Handler) (base string, closeAll func()) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // without a loopback there is nothing to be seen
	}
	web := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	var wg sync.WaitGroup
	wg.Go(func() { _ = web.Serve(l) }) // until it is closed
	return "http://" + l.Addr().String(), func() {
		_ = web.Close()
		wg.Wait()
	}
}

// fault lets the first answer go wrong; later ones are fine.
func fault(f llmtest.Fault) func(*llmtest.Server) http.Handler {
	return func(s *llmtest.Server) http.Handler {
		s.Misbehave(f)
		return s
	}
}

// calling lets the model call a tool n times, wrongly.
func calling(f llmtest.Fault, n int) func(*llmtest.Server) http.Handler {
	return func(s *llmtest.Server) http.Handler {
		a := llmtest.Answer{}
		for i, city := range cities()[:n] {
			a.ToolCalls = append(a.ToolCalls, llm.ToolCall{Index: i, ID: "call_" + city, Name: toolName, Arguments: `{"city":"` + city + `"}`})
		}
		s.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return a })
		return fault(f)(s)
	}
}

// wanted are the calls that a client has to read from it.
func wanted(n int) (calls []string) {
	for _, city := range cities()[:n] {
		calls = append(calls, toolName+`({"city":"`+city+`"})`)
	}
	return calls
}

func cities() []string { return []string{"Paris", "上海"} }

// answers lets the first answers be these bodies; later ones are fine.
func answers(status int, h http.Header, bodies ...string) func(*llmtest.Server) http.Handler {
	return func(s *llmtest.Server) http.Handler {
		for _, body := range bodies {
			header := h.Clone()
			if header == nil {
				header = http.Header{}
			}
			header.Set("Content-Type", "application/json")
			s.AnswerNext(llmtest.OpChat, status, header, body)
		}
		return s
	}
}

func repeated(n int, body string) []string { return slices.Repeat([]string{body}, n) }

// resetFirst answers the first request with a TCP reset.
func resetFirst(s *llmtest.Server) http.Handler {
	reset := make(chan struct{}, 1)
	reset <- struct{}{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-reset:
		default:
			s.ServeHTTP(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err) // HTTP/1.1 can be hijacked
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // closing then resets
		}
		_ = conn.Close()
	})
}

// stream answers every request with these bytes.
func stream(body string) func(*llmtest.Server) http.Handler {
	return func(*llmtest.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte(body))
		})
	}
}
