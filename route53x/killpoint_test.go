package route53x_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// fate is what happens at a call.
type fate string

const (
	crashBefore fate = "crash before it"      // the process ends, and the request never left
	crashAfter  fate = "crash after it"       // the process ends, and the request was carried out
	crashTold   fate = "crash when answered"  // the process has the answer and ends before it does anything with it
	answerLost  fate = "its answer lost"      // the process goes on
	neverCame   fate = "it never arrived"     // the process goes on
	proxyError  fate = "a 502 in its place"   // the process goes on; it was carried out
	crashTwice  fate = "crash after it twice" // in the run that goes on, too
)

// killer is the network between a process and Route 53, and the one who ends the process.
type killer struct {
	next  http.RoundTripper
	calls int
	at    int // the call, from 1; 0 is none
	fate  fate
	kill  context.CancelCauseFunc
}

var errKilled = errors.New("the process was ended")

func (k *killer) RoundTrip(req *http.Request) (*http.Response, error) {
	k.calls++
	if k.calls != k.at {
		return k.next.RoundTrip(req)
	}
	if k.fate == crashBefore {
		k.kill(errKilled)
		return nil, errKilled
	}
	if k.fate == neverCame {
		return nil, io.ErrUnexpectedEOF
	}
	resp, err := k.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	switch k.fate {
	case proxyError:
		resp.StatusCode, resp.Body = http.StatusBadGateway, io.NopCloser(strings.NewReader("<html>"))
		return resp, nil
	case crashTold:
		k.kill(errKilled)
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
		return resp, nil
	case crashAfter, crashTwice:
		k.kill(errKilled)
	}
	return nil, io.ErrUnexpectedEOF
}

// journal is what outlives a process: what it was to do, and the plan once that is made.
type journal struct{ plan []byte }

// move is the whole job of a process: the zone, the plan, its execution, the wait.
func move(ctx context.Context, srv *route53xtest.Server, k *killer, j *journal, want []route53x.RRSet) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	k.next, k.kill = srv.Client().Transport, cancel
	cfg := srv.Config()
	cfg.AWS.HTTPClient = &http.Client{Transport: k}
	c, err := route53x.New(cfg)
	if err != nil {
		return err
	}
	zone, _, err := c.EnsureZone(ctx, "example.com", "job-1/example.com", nil)
	if err != nil {
		return err
	}
	if j.plan == nil {
		var have []route53x.RRSet
		for s, err := range c.RRSets(ctx, zone.ID, nil) {
			if err != nil {
				return err
			}
			have = append(have, s)
		}
		plan, err := route53x.Diff(have, want, &route53x.DiffOptions{
			ZoneID: zone.ID, Limits: route53x.Limits{BatchElements: 3}, Thresholds: route53x.Thresholds{Off: true},
		})
		if err != nil {
			return err
		}
		if j.plan, err = json.Marshal(plan); err != nil {
			return err
		}
	}
	var plan route53x.Plan
	if err := json.Unmarshal(j.plan, &plan); err != nil {
		return err
	}
	result, err := c.Apply(ctx, zone.ID, &plan, &route53x.ApplyOptions{Confirm: true})
	if err != nil {
		return err
	}
	return c.WaitSync(ctx, result.ChangeIDs, nil)
}

// A process may end, or lose an answer, at any call: run again, it ends in the same state, with one zone.
func TestKillPoints(t *testing.T) {
	t.Parallel()
	self := func(name, target route53x.Name) route53x.RRSet {
		s := alias(name, target)
		s.Alias.ZoneID = "$self"
		return s
	}
	fresh := append(hosts(6), self("al.example.com.", host(0).Name), simple("c.example.com.", route53x.CNAME, 60, "a."))
	changed := host(1)
	changed.Values = []string{"192.0.2.77", "192.0.2.78"}
	had := append(hosts(5), simple("x.example.com.", route53x.CNAME, 60, "a."), simple("r.example.com.", route53x.A, 60, "192.0.2.1"))
	becomes := append(hosts(9)[4:], changed, simple("x.example.com.", route53x.A, 60, "192.0.2.1"),
		routed("1", route53x.Weighted{Weight: 1}, "192.0.2.1"), routed("2", route53x.Weighted{Weight: 1}, "192.0.2.2"))
	for name, job := range map[string]struct{ had, want []route53x.RRSet }{
		"a new zone":          {nil, fresh},
		"a zone that is used": {had, becomes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := func() *route53xtest.Server {
				srv := route53xtest.Open(route53xtest.Options{SyncDelay: 5 * time.Second, Clock: frozen()})
				if job.had != nil {
					zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com", CallerReference: "job-1/example.com"})
					for _, s := range job.had {
						require.NoError(t, srv.Edit(zone, route53x.Op{Action: "CREATE", Set: s}))
					}
				}
				return srv
			}
			ends := func(srv *route53xtest.Server, text string) {
				zones := srv.Zones()
				require.Len(t, zones, 1, text)
				want := slices.Clone(job.want)
				for i := range want {
					if want[i].Alias != nil {
						want[i] = self(want[i].Name, want[i].Alias.Target)
						want[i].Alias.ZoneID = zones[0]
					}
				}
				requireSame(t, want, own(srv, zones[0]))
				assert.True(t, srv.InSync(zones[0]), text)
			}
			srv := begin()
			defer srv.Close()
			whole := &killer{}
			require.NoError(t, move(t.Context(), srv, whole, &journal{}, job.want))
			ends(srv, "undisturbed")
			writes := srv.Done(changeSets)

			runs, most := 0, 0
			for _, fate := range []fate{crashBefore, crashAfter, crashTold, answerLost, neverCame, proxyError, crashTwice} {
				more := 0
				for at := 1; at <= whole.calls; at++ {
					text := fmt.Sprintf("call %d of %d, %s", at, whole.calls, fate)
					srv := begin()
					j := &journal{}
					first := &killer{at: at, fate: fate}
					err := move(t.Context(), srv, first, j, job.want)
					if strings.HasPrefix(string(fate), "crash") && err == nil {
						require.True(t, fate == crashTold && at == whole.calls, text+": the process outlived its end")
					} else if strings.HasPrefix(string(fate), "crash") {
						require.ErrorIs(t, err, errKilled, text)
						second := &killer{}
						if fate == crashTwice {
							second = &killer{at: at, fate: crashAfter}
						}
						if err = move(t.Context(), srv, second, j, job.want); second.at > 0 && second.at <= second.calls {
							require.ErrorIs(t, err, errKilled, text)
							err = move(t.Context(), srv, &killer{}, j, job.want)
						}
					}
					require.NoError(t, err, text)
					ends(srv, text)
					more = max(more, srv.Done(changeSets)-writes)
					runs++
					srv.Close()
				}
				if fate != crashTwice {
					assert.LessOrEqual(t, more, 1, fate)
				}
				most = max(most, more)
				t.Logf("%-22s at each of %d calls: %2d ends, all the same; at most %d changes more than the %d of a run that nothing disturbs",
					fate, whole.calls, whole.calls, more, writes)
			}
			assert.LessOrEqual(t, most, 2, "each process that finds something done confirms it once")
			t.Logf("%d runs", runs)
		})
	}
}
