package r2test

import "net/http"

// CutNext ends the connection of the next answer to op after n bytes of its body.
func (s *Server) CutNext(op string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cuts = append(s.cuts, cutRule{op, n})
}

type cutRule struct {
	op string
	n  int
}

// cutting is w, or one that ends too soon.
func (s *Server) cutting(w http.ResponseWriter, op string) http.ResponseWriter {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.cuts {
		if c.op == op {
			s.cuts = append(s.cuts[:i:i], s.cuts[i+1:]...)
			return &cutAnswer{w, c.n}
		}
	}
	return w
}

type cutAnswer struct {
	http.ResponseWriter

	left int
}

func (c *cutAnswer) Write(p []byte) (int, error) {
	if len(p) < c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
