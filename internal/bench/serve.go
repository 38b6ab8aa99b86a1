package main

import (
	"net"
	"net/http"
	"slices"

	"github.com/kitroll/kitroll/llm/llmtest"
)

// fault lets the first answer go wrong; later ones are fine.
func fault(f llmtest.Fault) func(*llmtest.Server) http.Handler {
	return func(s *llmtest.Server) http.Handler {
		s.Misbehave(f)
		return s
	}
}

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
