package fault_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is a fake as the packages write them: its effect is one more order, its operation the path.
type shop struct {
	*pipehttp.Server
	fault.Script
	mu     sync.Mutex
	orders []string
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{}
	s.Server = pipehttp.NewServer("shop.fake", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := strings.TrimPrefix(r.URL.Path, "/")
		if op == "watch" {
			s.ServeStream(w, r, op, s.watch)
			return
		}
		s.Serve(w, r, op, s.order)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.orders = append(s.orders, string(body))
	n := len(s.orders)
	s.mu.Unlock()
	w.Header().Set("X-Order", fmt.Sprint(n))
	w.WriteHeader(http.StatusCreated)
	w.WriteHeader(http.StatusTeapot) // the first one counts
	_, _ = fmt.Fprintf(w, "order %d", n)
}

func (s *shop) watch(w http.ResponseWriter, _ *http.Request) {
	for range 2 {
		_, _ = io.WriteString(w, "tick\n")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(time.Second)
	}
}

func (s *shop) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.orders)
}

func (s *shop) post(ctx context.Context, op, body string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/"+op, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	resp, err := s.Client().Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return resp, string(data), err
}

func TestNoFault(t *testing.T) {
	t.Parallel()
	s := open(t)
	resp, body, err := s.post(t.Context(), "order", "tea")
	require.NoError(t, err)
	assert.Equal(t, http.StatusCreated, resp.StatusCode)
	assert.Equal(t, "1", resp.Header.Get("X-Order"))
	assert.Equal(t, "order 1", body)
	assert.Equal(t, []string{"tea"}, s.orders)
	assert.Equal(t, 1, s.Calls("order"))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set    func(*shop)
		err    bool
		status int
		body   string
		orders int
		events []fault.When
	}{
		"drop": {
			set: func(s *shop) { s.DropNext("order") },
			err: true, events: []fault.When{fault.Before},
		},
		"lose": {
			set: func(s *shop) { s.LoseNext("order") },
			err: true, orders: 1, events: []fault.When{fault.Before, fault.After},
		},
		"answer": {
			set: func(s *shop) {
				s.AnswerNext("order", http.StatusBadGateway, http.Header{"X-Proxy": {"yes"}}, "<html>")
			},
			status: http.StatusBadGateway, body: "<html>", events: []fault.When{fault.Before},
		},
		"any operation": {
			set: func(s *shop) { s.DropNext("") },
			err: true, events: []fault.When{fault.Before},
		},
		"another operation": {
			set:    func(s *shop) { s.DropNext("refund") },
			status: http.StatusCreated, body: "order 1", orders: 1, events: []fault.When{fault.Before, fault.After},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var mu sync.Mutex
			var events []fault.When
			s.Observe(func(e fault.Event) {
				mu.Lock()
				defer mu.Unlock()
				assert.Equal(t, "order", e.Op)
				assert.Equal(t, 1, e.N)
				if e.When == fault.Before {
					assert.Zero(t, s.count(), "nothing has happened yet")
				} else {
					assert.Equal(t, 1, s.count(), "the effect is there")
				}
				events = append(events, e.When)
			})
			tt.set(s)
			resp, body, err := s.post(t.Context(), "order", "tea")
			mu.Lock()
			assert.Equal(t, tt.events, events)
			mu.Unlock()
			assert.Equal(t, tt.orders, s.count())
			assert.Equal(t, 1, s.Calls("order"), "dropped ones count")
			if tt.err {
				require.ErrorIs(t, err, io.EOF)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.status, resp.StatusCode)
			assert.Equal(t, tt.body, body)
			if name == "answer" {
				assert.Equal(t, "yes", resp.Header.Get("X-Proxy"))
			}
		})
	}
}

func TestFaultsQueue(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.DropNext("order")
	s.AnswerNext("order", http.StatusBadGateway, nil, "first")
	s.AnswerNext("order", http.StatusBadGateway, nil, "second")
	s.LoseNext("order")
	s.DropNext("refund")
	var got []string
	for range 5 {
		resp, body, err := s.post(t.Context(), "order", "tea")
		if err != nil {
			got = append(got, "lost")
			continue
		}
		got = append(got, fmt.Sprint(resp.StatusCode, " ", body))
	}
	assert.Equal(t, []string{"lost", "502 first", "502 second", "lost", "201 order 2"}, got, "one a call, in order")
	_, _, err := s.post(t.Context(), "refund", "")
	require.Error(t, err)
	assert.Equal(t, 5, s.Calls("order"))
	assert.Equal(t, 6, s.Calls(""))
	assert.Zero(t, s.Calls("never"))
}

func TestSlow(t *testing.T) {
	t.Parallel()
	t.Run("goes on", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open(t)
			s.SlowNext("order", time.Minute)
			start := time.Now()
			_, body, err := s.post(t.Context(), "order", "tea")
			require.NoError(t, err)
			assert.Equal(t, "order 1", body)
			assert.Equal(t, time.Minute, time.Since(start))
			s.Close()
		})
	})
	t.Run("has its effect though the caller gave up, whatever the size", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open(t)
			s.SlowNext("order", time.Minute)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			big := string(bytes.Repeat([]byte("tea "), 1<<18))
			_, _, err := s.post(ctx, "order", big)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			synctest.Wait()
			require.Equal(t, 1, s.count())
			assert.Len(t, s.orders[0], len(big))
			s.Close()
		})
	})
	t.Run("comes with another fault, which comes second", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open(t)
			s.DropNext("order")
			s.SlowNext("order", time.Minute)
			start := time.Now()
			_, _, err := s.post(t.Context(), "order", "tea")
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, time.Minute, time.Since(start))
			assert.Zero(t, s.count())
			s.Close()
		})
	})
}

func TestHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.HangNext("order")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		_, _, err := s.post(ctx, "order", "tea")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Hour, time.Since(start))
		assert.Zero(t, s.count())
		s.Close()
	})
}

func TestAnswerWaitsForTheObservers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		s.Observe(func(e fault.Event) {
			if e.When == fault.After {
				time.Sleep(time.Minute)
			}
		})
		start := time.Now()
		_, _, err := s.post(t.Context(), "order", "tea")
		require.NoError(t, err)
		assert.Equal(t, time.Minute, time.Since(start))
		s.Close()
	})
}

func TestStream(t *testing.T) {
	t.Parallel()
	t.Run("nothing is held back, and After follows the last byte", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open(t)
			var after time.Time
			s.Observe(func(e fault.Event) {
				if e.When == fault.After {
					after = time.Now()
				}
			})
			start := time.Now()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/watch", nil)
			require.NoError(t, err)
			resp, err := s.Client().Do(req)
			require.NoError(t, err)
			defer resp.Body.Close()
			line := make([]byte, 5)
			_, err = io.ReadFull(resp.Body, line)
			require.NoError(t, err)
			assert.Zero(t, time.Since(start), "the first line is there at once")
			_, err = io.Copy(io.Discard, resp.Body)
			require.NoError(t, err)
			synctest.Wait()
			assert.Equal(t, 2*time.Second, after.Sub(start))
			s.Close()
		})
	})
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s := open(t)
			s.LoseNext("watch")
			_, body, err := s.post(t.Context(), "watch", "")
			require.ErrorIs(t, err, io.EOF)
			assert.Empty(t, body)
			s.Close()
		})
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 20 {
		s.DropNext("order")
	}
	s.Observe(func(fault.Event) {})
	var wg sync.WaitGroup
	var mu sync.Mutex
	lost := 0
	for range 50 {
		wg.Go(func() {
			if _, _, err := s.post(t.Context(), "order", "tea"); err != nil {
				mu.Lock()
				lost++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 20, lost)
	assert.Equal(t, 30, s.count())
	assert.Equal(t, 50, s.Calls("order"))
}
