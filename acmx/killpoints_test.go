package acmx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
	"github.com/kitroll/kitroll/internal/fault"
)

var errKilled = errors.New("killed")

// killer ends a context at the n-th moment: before and after the effect of each call of the API and of the solver.
type killer struct {
	mu    sync.Mutex
	at    int
	seen  []string
	armed bool
	kill  context.CancelCauseFunc
}

func (k *killer) moment(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.armed {
		return
	}
	k.seen = append(k.seen, what)
	if len(k.seen) == k.at {
		k.kill(errKilled)
	}
}

func (k *killer) solver(next acmx.Solver) acmx.Solver {
	return acmx.SolverFunc(func(ctx context.Context, name, target string) error {
		k.moment("before PresentCNAME")
		if err := next.PresentCNAME(ctx, name, target); err != nil {
			return err
		}
		k.moment("after PresentCNAME")
		return context.Cause(ctx)
	})
}

// run is a program that keeps its State in JSON after every step, as cron jobs do, or remembers nothing.
func run(ctx context.Context, c *acmx.Client, solver acmx.Solver, file *[]byte) (arn string, err error) {
	var s acmx.State
	if file != nil && *file != nil {
		if err := json.Unmarshal(*file, &s); err != nil {
			return "", err
		}
	}
	for {
		var next acmx.Next
		s, next, err = c.Advance(ctx, spec(), solver, s, nil)
		if file != nil {
			*file, _ = json.Marshal(s)
		}
		if err != nil || next.Done() {
			return s.ARN, err
		}
		select {
		case <-ctx.Done():
			return s.ARN, context.Cause(ctx)
		case <-time.After(next.After):
		}
	}
}

// The kill-point matrix of Ensure: whatever moment the program dies at, with or without its State, and whether it comes back
// at once or when ACM has forgotten the token, one certificate is bought.
func TestEnsureKilledAnywhereBuysOne(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		keep bool
		away time.Duration
	}{
		"without its State, at once":    {},
		"without its State, next day":   {away: 26 * time.Hour},
		"with its State, at once":       {keep: true},
		"with its State, after an hour": {keep: true, away: 61 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			moments := 1
			for at := 1; at <= moments; at++ {
				bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
					var file *[]byte
					if tt.keep {
						file = new([]byte)
					}
					ctx, kill := context.WithCancelCause(t.Context())
					defer kill(nil)
					k := &killer{at: at, armed: true, kill: kill}
					srv.Observe(func(e fault.Event) { k.moment(string(e.When) + " " + e.Op) })
					_, err := run(ctx, c, k.solver(srv.Solver()), file)
					if err != nil {
						require.ErrorIs(t, err, errKilled, "at %d", at)
					}
					k.mu.Lock()
					moments = max(moments, len(k.seen)+1)
					where := fmt.Sprintf("%d: %s", at, k.seen[min(at, len(k.seen))-1])
					k.armed = false
					k.mu.Unlock()

					time.Sleep(tt.away)
					arn, err := run(t.Context(), c, srv.Solver(), file)
					require.NoError(t, err, where)
					d, err := c.Certificate(arn).Describe(t.Context())
					require.NoError(t, err, where)
					assert.Equal(t, acmx.StatusIssued, d.Status, where)
					assert.Equal(t, 1, srv.Count(), where)
					assert.Len(t, srv.Bill(), 1, where)
				})
				if at > 200 {
					require.Fail(t, "it does not end")
				}
			}
			assert.Greater(t, moments, 12, "there are at least the list, the request, details, tags, the record and the wait, twice each")
		})
	}
}

// A lost answer never buys twice, whatever call it is: requests that never arrived, effects whose answer was lost, and
// answers of a proxy in between.
func TestEnsureWithEveryAnswerLost(t *testing.T) {
	t.Parallel()
	ops := []string{"ListCertificates", "RequestCertificate", "DescribeCertificate", "ListTagsForCertificate"}
	for name, spoil := range map[string]func(*acmxtest.Server, string){
		"dropped":   func(s *acmxtest.Server, op string) { s.DropNext(op) },
		"lost":      func(s *acmxtest.Server, op string) { s.LoseNext(op) },
		"a proxy's": func(s *acmxtest.Server, op string) { s.AnswerNext(op, 502, nil, "<html>") },
		"throttled": func(s *acmxtest.Server, op string) { s.FailNext(op, "ThrottlingException") },
		"internal":  func(s *acmxtest.Server, op string) { s.FailNext(op, "InternalFailure") },
		"all lost": func(s *acmxtest.Server, op string) {
			for range attempts {
				s.LoseNext(op)
			}
		},
	} {
		for _, op := range ops {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
					spoil(srv, op)
					cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
					if name == "all lost" {
						require.Error(t, err)
						if op == "RequestCertificate" {
							require.ErrorIs(t, err, acmx.ErrUnknownOutcome)
							assert.Equal(t, 1, srv.Count(), "it was bought all the same")
						}
						time.Sleep(2 * time.Hour)
						cert, err = c.Ensure(t.Context(), spec(), srv.Solver(), nil)
					}
					require.NoError(t, err)
					d, err := cert.Describe(t.Context())
					require.NoError(t, err)
					assert.Equal(t, acmx.StatusIssued, d.Status)
					assert.Equal(t, 1, srv.Count())
					assert.Len(t, srv.Bill(), 1)
				})
			})
		}
	}
}

// Many at once, as when every server of a fleet starts: one certificate.
func TestEnsureFromManyAtOnce(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		arns := map[string]int{}
		for range 20 {
			wg.Go(func() {
				cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
				if assert.NoError(t, err) {
					mu.Lock()
					arns[cert.ARN()]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		assert.Len(t, arns, 1)
		assert.Len(t, srv.Bill(), 1)
	})
}
