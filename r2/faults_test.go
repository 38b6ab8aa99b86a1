package r2_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// inBubble runs f with a fake whose time is the bubble's.
func inBubble(t *testing.T, opts r2test.Options, f func(t *testing.T, srv *r2test.Server, c *r2.Client), change ...func(*r2.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv, err := r2test.Open(opts)
		require.NoError(t, err)
		defer srv.Close()
		c := client(t, srv, change...)
		if opts.MinPart > 0 {
			r2.SetMinPart(c, opts.MinPart)
		}
		f(t, srv, c)
	})
}

var proxyPage = "<html><body>502 Bad Gateway</body></html>"

// What has the same effect when it is done twice is repeated.
func TestRepeats(t *testing.T) {
	t.Parallel()
	parts := func(ctx context.Context, c *r2.Client) error {
		_, err := c.Put(ctx, "new", streamed{bytes.NewReader(random(5 * kib))}, &r2.PutOptions{PartSize: 2 * kib})
		return err
	}
	calls := map[string]func(ctx context.Context, c *r2.Client) error{
		"PutObject": func(ctx context.Context, c *r2.Client) error {
			_, err := c.Put(ctx, "new", streamed{strings.NewReader("hello")}, nil)
			return err
		},
		"GetObject": func(ctx context.Context, c *r2.Client) error {
			obj, err := c.Get(ctx, "old", nil)
			if err == nil {
				err = obj.Close()
			}
			return err
		},
		"HeadObject":   func(ctx context.Context, c *r2.Client) error { _, err := c.Head(ctx, "old"); return err },
		"DeleteObject": func(ctx context.Context, c *r2.Client) error { return c.Delete(ctx, "old") },
		"ListObjectsV2": func(ctx context.Context, c *r2.Client) (err error) {
			for _, err = range c.List(ctx, "", nil) {
			}
			return err
		},
		"UploadPart": parts,
	}
	faults := map[string]func(srv *r2test.Server, op string){
		"lost": func(srv *r2test.Server, op string) { srv.LoseNext(op) },
		// net/http repeats a GET on a connection that was in use, once
		"dropped":     func(srv *r2test.Server, op string) { srv.DropNext(op); srv.DropNext(op) },
		"proxy":       func(srv *r2test.Server, op string) { srv.AnswerNext(op, 502, nil, proxyPage) },
		"internal":    func(srv *r2test.Server, op string) { srv.AnswerNext(op, 500, nil, "") },
		"unavailable": func(srv *r2test.Server, op string) { srv.AnswerNext(op, 503, nil, "") },
		"rate":        func(srv *r2test.Server, op string) { srv.AnswerNext(op, 429, nil, "") },
	}
	for op, do := range calls {
		for name, set := range faults {
			t.Run(op+" "+name, func(t *testing.T) {
				t.Parallel()
				inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
					t.Helper()
					require.NoError(t, srv.Put("old", []byte("x")))
					set(srv, op)
					require.NoError(t, do(t.Context(), c))
					assert.GreaterOrEqual(t, srv.Calls(op), 2)
				})
			})
		}
	}
}

// The unconditional writes that were repeated in vain end with an unknown outcome, the reads with the plain failure.
func TestRepeatsEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		for range 5 {
			srv.LoseNext("PutObject")
			srv.LoseNext("DeleteObject")
			srv.AnswerNext("GetObject", 502, http.Header{"Cf-Ray": {"abc-FRA"}}, proxyPage)
		}
		_, err := c.Put(t.Context(), "key", strings.NewReader("x"), nil)
		require.ErrorIs(t, err, r2.ErrUnknownOutcome)
		assert.Equal(t, 5, srv.Writes("key"))
		require.ErrorIs(t, c.Delete(t.Context(), "key"), r2.ErrUnknownOutcome)
		_, err = c.Get(t.Context(), "key", nil)
		require.NotErrorIs(t, err, r2.ErrUnknownOutcome)
		e, ok := errors.AsType[*r2.Error](err)
		require.True(t, ok)
		assert.Equal(t, 502, e.Status, "a page of a proxy keeps its status")
		assert.Equal(t, "abc-FRA", e.RequestID)
		assert.NotContains(t, err.Error(), "html")
	})
}

func TestNoRetriesIfNotWanted(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
	srv.AnswerNext("HeadObject", 503, nil, "")
	_, err := c.Head(t.Context(), "key")
	require.Error(t, err)
	assert.Equal(t, 1, srv.Calls("HeadObject"))
}

// Trap 14: 429 with Retry-After is obeyed.
func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		srv.AnswerNext("PutObject", 429, http.Header{"Retry-After": {"7"}}, "")
		began := time.Now()
		_, err := c.Put(t.Context(), "key", strings.NewReader("x"), nil)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(began), 7*time.Second)
		assert.Less(t, time.Since(began), 8*time.Second)
	})
}

func TestEveryThirdRequestIsTooMany(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{MinPart: kib, TooManyEvery: 3}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		data := random(20 * kib)
		_, err := c.Put(t.Context(), "key", bytes.NewReader(data), &r2.PutOptions{PartSize: 2 * kib})
		require.NoError(t, err)
		assert.Equal(t, data, content(t, srv, "key"))
		assert.Greater(t, srv.Calls("UploadPart"), 10)
	})
}

// Trap 14: writers of the same key are serialised.
// R2 takes one write a second to a key. Ten writers of one client need nine seconds and no 429.
func TestWritersOfOneKeyTakeTurns(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{OneWritePerSecond: true}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		began := time.Now()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				_, err := c.Put(t.Context(), "key", strings.NewReader("x"), nil)
				assert.NoError(t, err)
			})
			wg.Go(func() {
				_, err := c.Put(t.Context(), r2.ContentKey("", []byte(time.Now().String())), strings.NewReader("x"), &r2.PutOptions{IfMatch: "no"})
				assert.ErrorIs(t, err, r2.ErrPrecondition)
			})
		}
		wg.Wait()
		assert.Equal(t, 10, srv.Writes("key"))
		assert.Equal(t, 20, srv.Calls("PutObject"))
		assert.InDelta(t, 9, time.Since(began).Seconds(), 0.5)
	})
}

func TestWaitingForTheTurnEndsWithTheContext(t *testing.T) {
	t.Parallel()
	inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		srv.SlowNext("PutObject", time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Put(t.Context(), "key", strings.NewReader("first"), nil)
			assert.NoError(t, err)
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := c.Put(ctx, "key", strings.NewReader("second"), nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, r2.ErrUnknownOutcome)
		wg.Wait()
		assert.Equal(t, "first", string(content(t, srv, "key")))
	})
}

// A conditional PUT whose answer was lost is not sent again, since it could meet its own write.
func TestLostConditionalPut(t *testing.T) {
	t.Parallel()
	picture := []byte("\x89PNG\r\n\x1a\n")
	hashed := r2.ContentKey("", picture)
	for name, tt := range map[string]struct {
		key     string
		opts    r2.PutOptions
		set     func(srv *r2test.Server)
		unknown bool
		exists  bool
		writes  int
		puts    int
	}{
		"hashed key, lost": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 1,
			set: func(srv *r2test.Server) { srv.LoseNext("PutObject") },
		},
		"hashed key, dropped": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 2,
			set: func(srv *r2test.Server) { srv.DropNext("PutObject") },
		},
		"hashed key, 500": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 2,
			set: func(srv *r2test.Server) { srv.AnswerNext("PutObject", 500, nil, "") },
		},
		"hashed key, other content": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 1, unknown: true,
			set: func(srv *r2test.Server) {
				srv.DropNext("PutObject")
				srv.Observe(func(e fault.Event) {
					if e.Op == "HeadObject" && e.When == fault.Before {
						_ = srv.Put(hashed, []byte("other"))
					}
				})
			},
		},
		"hashed key, came late": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 2,
			set: func(srv *r2test.Server) {
				srv.DropNext("PutObject")
				srv.Observe(func(e fault.Event) {
					if e.Op == "PutObject" && e.N == 2 && e.When == fault.Before {
						_ = srv.Put(hashed, picture)
					}
				})
			},
		},
		"hashed key, read back fails": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 1, unknown: true,
			set: func(srv *r2test.Server) {
				srv.LoseNext("PutObject")
				srv.AnswerNext("HeadObject", 403, nil, "")
			},
		},
		"plain key, page of a proxy": {
			key: "lock", opts: r2.PutOptions{IfAbsent: true}, writes: 0, puts: 1, unknown: true,
			set: func(srv *r2test.Server) { srv.AnswerNext("PutObject", 200, nil, proxyPage) },
		},
		"plain key, lost": {
			key: "lock", opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 1, unknown: true,
			set: func(srv *r2test.Server) { srv.LoseNext("PutObject") },
		},
		"if match, lost": {
			key: "lock", opts: r2.PutOptions{IfMatch: "*"}, writes: 2, puts: 1, unknown: true,
			set: func(srv *r2test.Server) { _ = srv.Put("lock", []byte("x")); srv.LoseNext("PutObject") },
		},
		"plain key, 500": {
			key: "lock", opts: r2.PutOptions{IfAbsent: true}, writes: 0, puts: 1, unknown: true,
			set: func(srv *r2test.Server) { srv.AnswerNext("PutObject", 500, nil, "") },
		},
		"plain key, refused for the moment": {
			key: "lock", opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 2,
			set: func(srv *r2test.Server) { srv.AnswerNext("PutObject", 429, nil, "") },
		},
		"there before": {
			key: hashed, opts: r2.PutOptions{IfAbsent: true}, writes: 1, puts: 1, exists: true,
			set: func(srv *r2test.Server) { _ = srv.Put(hashed, picture) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, r2test.Options{}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
				t.Helper()
				tt.set(srv)
				info, err := c.Put(t.Context(), tt.key, bytes.NewReader(picture), &tt.opts)
				switch {
				case tt.unknown:
					require.ErrorIs(t, err, r2.ErrUnknownOutcome)
				case tt.exists:
					require.ErrorIs(t, err, fs.ErrExist)
				default:
					require.NoError(t, err)
					assert.Equal(t, srv.Objects()[0].ETag, info.ETag)
				}
				assert.Equal(t, tt.writes, srv.Writes(tt.key))
				assert.Equal(t, tt.puts, srv.Calls("PutObject"))
			})
		})
	}
}

func TestLostMultipartCalls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set     func(srv *r2test.Server)
		unknown bool
		refused bool
		aborts  int
		calls   map[string]int
	}{
		"create, lost": {
			set: func(srv *r2test.Server) { srv.LoseNext("CreateMultipartUpload") }, unknown: true,
			calls: map[string]int{"CreateMultipartUpload": 1, "UploadPart": 0},
		},
		"create, refused for the moment": {
			set:   func(srv *r2test.Server) { srv.AnswerNext("CreateMultipartUpload", 503, nil, "") },
			calls: map[string]int{"CreateMultipartUpload": 2},
		},
		"complete, lost": {
			set:   func(srv *r2test.Server) { srv.LoseNext("CompleteMultipartUpload") },
			calls: map[string]int{"CompleteMultipartUpload": 1, "HeadObject": 1},
		},
		"complete, lost and not there": {
			set: func(srv *r2test.Server) { srv.DropNext("CompleteMultipartUpload") }, unknown: true,
			calls: map[string]int{"CompleteMultipartUpload": 1, "HeadObject": 1},
		},
		"complete, page of a proxy": {
			set: func(srv *r2test.Server) { srv.AnswerNext("CompleteMultipartUpload", 200, nil, proxyPage) }, unknown: true,
			calls: map[string]int{"CompleteMultipartUpload": 1, "HeadObject": 1},
		},
		"complete, refused": {
			set: func(srv *r2test.Server) {
				srv.AnswerNext("CompleteMultipartUpload", 400, nil, "<Error><Code>InvalidPart</Code><Message>All non-trailing parts must have the same length.</Message></Error>")
			},
			refused: true, aborts: 1, calls: map[string]int{"CompleteMultipartUpload": 1},
		},
		"part, refused": {
			set:     func(srv *r2test.Server) { srv.AnswerNext("UploadPart", 403, nil, "") },
			refused: true, aborts: 1, calls: map[string]int{"CompleteMultipartUpload": 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
				t.Helper()
				tt.set(srv)
				_, err := c.Put(t.Context(), "key", streamed{bytes.NewReader(random(9 * kib))}, &r2.PutOptions{PartSize: 2 * kib})
				switch {
				case tt.unknown:
					require.ErrorIs(t, err, r2.ErrUnknownOutcome)
				case tt.refused:
					require.Error(t, err)
					require.NotErrorIs(t, err, r2.ErrUnknownOutcome)
				default:
					require.NoError(t, err)
					assert.Equal(t, random(9*kib), content(t, srv, "key"))
				}
				assert.Equal(t, tt.aborts, srv.Calls("AbortMultipartUpload"))
				for op, n := range tt.calls {
					assert.Equal(t, n, srv.Calls(op), op)
				}
			})
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"single": 2 * kib, "parts": 20 * kib} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
				t.Helper()
				for kind, body := range bodies(t, random(size)) {
					srv.SlowNext("UploadPart", time.Second)
					srv.SlowNext("PutObject", time.Second)
					srv.AnswerNext("UploadPart", 503, nil, "")
					var seen []r2.Progress // no lock: -race proves that it is one goroutine
					_, err := c.Put(t.Context(), kind, body(), &r2.PutOptions{
						PartSize: 3 * kib, Progress: func(p r2.Progress) { seen = append(seen, p) },
					})
					require.NoError(t, err)
					require.GreaterOrEqual(t, len(seen), 4, kind)
					assert.Zero(t, seen[0].Sent)
					last := r2.Progress{}
					for _, p := range seen {
						assert.GreaterOrEqual(t, p.Sent, last.Sent)
						assert.LessOrEqual(t, p.Sent, int64(size))
						assert.Contains(t, []int64{-1, int64(size)}, p.Total)
						last = p
					}
					assert.Equal(t, r2.Progress{Sent: int64(size), Total: int64(size)}, last)
				}
			})
		})
	}
}
