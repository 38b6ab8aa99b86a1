package vultr_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// kinds are the four creations, with what has to be there before.
func kinds() map[string]struct {
	kind   vultr.StorageKind
	op     string
	create func(ctx context.Context, t *testing.T, srv *vultrtest.Server, c *vultr.Client, opts *vultr.CreateOptions, ensure bool) (string, error)
} {
	type row = struct {
		kind   vultr.StorageKind
		op     string
		create func(ctx context.Context, t *testing.T, srv *vultrtest.Server, c *vultr.Client, opts *vultr.CreateOptions, ensure bool) (string, error)
	}
	return map[string]row{
		"block": {vultr.KindBlock, vultrtest.CreateBlock, func(ctx context.Context, _ *testing.T, _ *vultrtest.Server, c *vultr.Client, opts *vultr.CreateOptions, ensure bool) (string, error) {
			f := c.Block().Create
			if ensure {
				f = c.Block().Ensure
			}
			b, err := f(ctx, volume(), opts)
			return string(b.ID), err
		}},
		"object": {vultr.KindObject, vultrtest.CreateObject, func(ctx context.Context, _ *testing.T, _ *vultrtest.Server, c *vultr.Client, opts *vultr.CreateOptions, ensure bool) (string, error) {
			f := c.Object().Create
			if ensure {
				f = c.Object().Ensure
			}
			o, err := f(ctx, storage(), opts)
			return string(o.ID), err
		}},
		"vfs": {vultr.KindFile, vultrtest.CreateVFS, func(ctx context.Context, _ *testing.T, _ *vultrtest.Server, c *vultr.Client, opts *vultr.CreateOptions, ensure bool) (string, error) {
			f := c.VFS().Create
			if ensure {
				f = c.VFS().Ensure
			}
			v, err := f(ctx, tree(), opts)
			return string(v.ID), err
		}},
		"gateway": {vultr.KindGateway, vultrtest.CreateGateway, func(ctx context.Context, t *testing.T, srv *vultrtest.Server, c *vultr.Client, opts *vultr.CreateOptions, ensure bool) (string, error) {
			t.Helper()
			if len(srv.FileSystems()) == 0 {
				other, err := vultr.New(srv.Config())
				require.NoError(t, err)
				made, err := other.VFS().Create(ctx, tree(), nil)
				require.NoError(t, err)
				_, err = other.VFS().Wait(ctx, made.ID, nil)
				require.NoError(t, err)
			}
			f := c.Gateway().Create
			if ensure {
				f = c.Gateway().Ensure
			}
			g, err := f(ctx, nfs(srv.FileSystems()[0].ID), opts)
			return string(g.ID), err
		}},
	}
}

// Trap 31: a create whose answer was lost or was 429 or 502 is not replayed once written; FindByLabel adopts the one
// thing, else ErrUnknownOutcome.
func TestCreateWithTheAnswerLost(t *testing.T) {
	t.Parallel()
	faults := map[string]struct {
		make   func(srv *vultrtest.Server, op string)
		bought int // what the platform has made of it
		also   error
		proxy  bool // the effect is there, and a page of a proxy is the answer
	}{
		"dropped before":            {make: func(s *vultrtest.Server, op string) { s.DropNext(op) }, also: vultr.ErrTemporary},
		"lost after":                {make: func(s *vultrtest.Server, op string) { s.LoseNext(op) }, bought: 1, also: vultr.ErrTemporary},
		"429":                       {make: func(s *vultrtest.Server, op string) { s.ThrottleNext(op, 2*time.Second) }, also: vultr.ErrThrottled},
		"502 HTML":                  {make: func(s *vultrtest.Server, op string) { s.HTMLNext(op, http.StatusBadGateway) }, also: vultr.ErrTemporary},
		"502 HTML after the effect": {make: func(*vultrtest.Server, string) {}, bought: 1, also: vultr.ErrTemporary, proxy: true},
	}
	for kind, k := range kinds() {
		for name, f := range faults {
			for _, find := range []bool{false, true} {
				for _, lag := range []time.Duration{0, 5 * time.Second} {
					t.Run(fmt.Sprintf("%s/%s/find=%v/lag=%v", kind, name, find, lag), func(t *testing.T) {
						t.Parallel()
						bubble(t, vultrtest.Options{Lag: lag}, func(w world) {
							t, srv, c := w.t, w.srv, w.c
							if kind == "gateway" { // so that the fault meets the gateway
								_, err := c.VFS().Create(t.Context(), tree(), nil)
								require.NoError(t, err)
								time.Sleep(lag)
							}
							f.make(srv, k.op)
							id, err := k.create(t.Context(), t, srv, c, &vultr.CreateOptions{FindByLabel: find}, false)
							assert.Equal(t, 1, srv.Calls(k.op), "sent once")
							assert.Equal(t, f.bought, srv.Bought(k.kind))
							if find && f.bought == 1 {
								require.NoError(t, err)
								assert.NotEmpty(t, id)
								return
							}
							require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
							require.ErrorIs(t, err, f.also)
							e := asError(t, err)
							assert.True(t, e.Sent)
							assert.Contains(t, e.Hint, "before you create it again")
						}, func(cfg *vultr.Config) {
							if f.proxy {
								cfg.HTTPClient.Transport = &proxy{next: cfg.HTTPClient.Transport, skip: map[bool]int{true: 1}[kind == "gateway"]}
							}
						})
					})
				}
			}
		}
	}
}

// After a lost answer the next Ensure finds what there is, for every kind, and buys nothing.
func TestEnsureAfterALostAnswerBuysNothing(t *testing.T) {
	t.Parallel()
	for kind, k := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bubble(t, vultrtest.Options{ActiveAfter: 10 * time.Second}, func(w world) {
				t, srv, c := w.t, w.srv, w.c
				if kind == "gateway" {
					_, err := c.VFS().Create(t.Context(), tree(), nil)
					require.NoError(t, err)
				}
				srv.LoseNext(k.op)
				_, err := k.create(t.Context(), t, srv, c, nil, false)
				require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
				assert.Equal(t, 1, srv.Bought(k.kind))
				first, err := k.create(t.Context(), t, srv, c, nil, true)
				require.NoError(t, err)
				second, err := k.create(t.Context(), t, srv, c, nil, true)
				require.NoError(t, err)
				assert.Equal(t, first, second)
				assert.Equal(t, 1, srv.Bought(k.kind))
				assert.Equal(t, 1, srv.Calls(k.op))
			})
		})
	}
}

// The answer to Ensure's own purchase is lost.
func TestEnsureFindsWhatItsOwnPurchaseHasLeft(t *testing.T) {
	t.Parallel()
	for kind, k := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bubble(t, vultrtest.Options{Lag: 4 * time.Second}, func(w world) {
				if kind == "gateway" {
					made(w.c.VFS().Create(w.t.Context(), tree(), nil))(w.t)
					time.Sleep(4 * time.Second)
				}
				w.srv.LoseNext(k.op)
				id, err := k.create(w.t.Context(), w.t, w.srv, w.c, nil, true)
				require.NoError(w.t, err)
				assert.NotEmpty(w.t, id)
				assert.Equal(w.t, 1, w.srv.Bought(k.kind))
			})
		})
	}
}

// A list that does not show yet what was bought a moment ago must not make Ensure buy again.
func TestEnsureKnowsWhatNoListShowsYet(t *testing.T) {
	t.Parallel()
	for kind, k := range kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bubble(t, vultrtest.Options{Lag: 20 * time.Second}, func(w world) {
				t, srv, c := w.t, w.srv, w.c
				first, err := k.create(t.Context(), t, srv, c, nil, true)
				require.NoError(t, err)
				second, err := k.create(t.Context(), t, srv, c, nil, true)
				require.NoError(t, err)
				assert.Equal(t, first, second)
				assert.Equal(t, 1, srv.Bought(k.kind))
			})
		})
	}
}

func TestEnsureFromManyGoroutinesBuysOne(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{Lag: 7 * time.Second}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		ids := make(chan vultr.BlockID, 20)
		for range cap(ids) {
			go func() {
				b, err := c.Block().Ensure(t.Context(), volume(), nil)
				assert.NoError(t, err)
				ids <- b.ID
			}()
		}
		seen := map[vultr.BlockID]bool{}
		for range cap(ids) {
			seen[<-ids] = true
		}
		assert.Len(t, seen, 1)
		assert.Equal(t, 1, srv.Bought(vultr.KindBlock))
	})
}

// Who waits for another Ensure can give up.
func TestEnsureThatWaitsCanBeCancelled(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{}, func(w world) {
		t, srv, c := w.t, w.srv, w.c
		srv.SlowNext(vultrtest.CreateBlock, 20*time.Second)
		done := make(chan error)
		go func() {
			_, err := c.Block().Ensure(t.Context(), volume(), nil)
			done <- err
		}()
		synctest.Wait()
		cause := errors.New("no patience")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
		defer cancel()
		_, err := c.Block().Ensure(ctx, volume(), nil)
		require.ErrorIs(t, err, cause)
		assert.False(t, asError(t, err).Sent)
		require.NoError(t, <-done)
		assert.Equal(t, 1, srv.Bought(vultr.KindBlock))
	})
}

// What is older than the call, in another place or of another size is not adopted, nor is one of several.
func TestAdoptionIsPicky(t *testing.T) {
	t.Parallel()
	other := func(f func(*vultr.BlockSpec)) vultr.BlockSpec {
		s := volume()
		f(&s)
		return s
	}
	for name, tt := range map[string]struct {
		before []vultr.BlockSpec // bought in good time
		during []vultr.BlockSpec // bought by others during the call
		lost   bool              // the call takes effect
		soon   bool              // the call comes within the same second as those before
		want   bool
	}{
		"nothing there":                            {},
		"an older one":                             {before: []vultr.BlockSpec{volume()}},
		"an older one of the same second":          {before: []vultr.BlockSpec{volume()}, soon: true},
		"an older one of the same second and ours": {before: []vultr.BlockSpec{volume()}, soon: true, lost: true, want: true},
		"an older one and ours":                    {before: []vultr.BlockSpec{volume()}, lost: true, want: true},
		"two at once":                              {during: []vultr.BlockSpec{volume()}, lost: true},
		"another label":                            {during: []vultr.BlockSpec{other(func(s *vultr.BlockSpec) { s.Label = "db2" })}},
		"another region":                           {during: []vultr.BlockSpec{other(func(s *vultr.BlockSpec) { s.Region = "ams" })}},
		"another size":                             {during: []vultr.BlockSpec{other(func(s *vultr.BlockSpec) { s.SizeGB = 41 })}},
		"another type":                             {during: []vultr.BlockSpec{other(func(s *vultr.BlockSpec) { s.Type = vultr.StorageOpt })}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, vultrtest.Options{}, func(w world) {
				t, srv, c := w.t, w.srv, w.c
				buy := func(specs []vultr.BlockSpec) {
					for _, s := range specs {
						_, err := c.Block().Create(t.Context(), s, nil)
						assert.NoError(t, err)
					}
				}
				buy(tt.before)
				if !tt.soon {
					time.Sleep(90 * time.Second)
				}
				fresh := len(tt.before) + 1
				srv.Observe(func(e fault.Event) {
					if e.Op != vultrtest.CreateBlock || e.N != fresh || e.When != fault.Before {
						return
					}
					buy(tt.during)
					if !tt.lost {
						panic(http.ErrAbortHandler)
					}
				})
				if tt.lost {
					srv.LoseNext(vultrtest.CreateBlock)
				}
				b, err := c.Block().Create(t.Context(), volume(), &vultr.CreateOptions{FindByLabel: true})
				if !tt.want {
					require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
					return
				}
				require.NoError(t, err)
				blocks := srv.Blocks()
				assert.Equal(t, blocks[len(blocks)-1].ID, b.ID)
			})
		})
	}
}

// A volume that was bought before, and that no list showed yet when the call began, is not ours: its date says so.
func TestAdoptionKnowsWhatIsOlderAndAppearsLate(t *testing.T) {
	t.Parallel()
	bubble(t, vultrtest.Options{Lag: 5 * time.Second}, func(w world) {
		made(w.c.Block().Create(w.t.Context(), volume(), nil))(w.t)
		time.Sleep(3 * time.Second)
		w.srv.DropNext(vultrtest.CreateBlock)
		_, err := w.c.Block().Create(w.t.Context(), volume(), &vultr.CreateOptions{FindByLabel: true})
		require.ErrorIs(w.t, err, vultr.ErrUnknownOutcome)
		assert.Equal(w.t, 1, w.srv.Bought(vultr.KindBlock))
	})
}

// A clock of ours that is wrong by an hour, either way, does not matter: the platform's is asked.
func TestAdoptionGoesByThePlatformsClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			bubble(t, vultrtest.Options{}, func(w world) {
				t, srv, c := w.t, w.srv, w.c
				srv.Advance(off)
				srv.LoseNext(vultrtest.CreateBlock)
				_, err := c.Block().Create(t.Context(), volume(), &vultr.CreateOptions{FindByLabel: true})
				require.NoError(t, err)
			})
		})
	}
}

func TestCreateThatProvablyNeverLeftIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := vultrtest.NewServer()
		defer srv.Close()
		cfg := srv.Config()
		down := &refusing{next: cfg.HTTPClient.Transport, times: 2}
		cfg.HTTPClient = &http.Client{Transport: down}
		c, err := vultr.New(cfg)
		require.NoError(t, err)
		_, err = c.Block().Create(t.Context(), volume(), nil)
		require.NoError(t, err)
		assert.Equal(t, 1, srv.Bought(vultr.KindBlock))

		down.times = 100
		_, err = c.Block().Create(t.Context(), volume(), nil)
		require.ErrorIs(t, err, vultr.ErrTemporary)
		require.NotErrorIs(t, err, vultr.ErrUnknownOutcome)
		assert.False(t, asError(t, err).Sent)
	})
}

func TestEnsureRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		there []vultr.BlockSpec
		want  string // in the error; "" = found
	}{
		"as asked":      {there: []vultr.BlockSpec{{Region: "ewr", SizeGB: 40, Label: "db"}}},
		"larger":        {there: []vultr.BlockSpec{{Region: "ewr", SizeGB: 80, Label: "db"}}},
		"smaller":       {there: []vultr.BlockSpec{{Region: "ewr", SizeGB: 20, Label: "db"}}, want: "has 20 GB and not 40 (Resize it)"},
		"another type":  {there: []vultr.BlockSpec{{Region: "ewr", SizeGB: 40, Label: "db", Type: vultr.StorageOpt}}, want: "is storage_opt and not high_perf"},
		"two of a name": {there: []vultr.BlockSpec{volume(), volume()}, want: "2 things in ewr have the label"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := open(t, vultrtest.Options{})
			for _, s := range tt.there {
				_, err := c.Block().Create(t.Context(), s, nil)
				require.NoError(t, err)
			}
			b, err := c.Block().Ensure(t.Context(), volume(), nil)
			assert.Equal(t, len(tt.there), srv.Bought(vultr.KindBlock))
			if tt.want == "" {
				require.NoError(t, err)
				assert.Equal(t, srv.Blocks()[0].ID, b.ID)
				return
			}
			require.ErrorIs(t, err, vultr.ErrConflict)
			require.ErrorContains(t, err, tt.want)
			assert.Equal(t, len(tt.there) == 1, b.ID != "", "what is there is returned, if it is one")
		})
	}
}

// A list that cannot be read is not an empty one.
func TestEnsureDoesNotBuyOnAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":         "",
		"no list":       `{"meta":{"total":0}}`,
		"null of three": `{"blocks":null,"meta":{"total":3}}`,
		"a word":        `{"blocks":"none"}`,
		"without an id": `{"blocks":[{"label":"db","region":"ewr"}],"meta":{"total":1}}`,
		"an error":      `{"error":"later","status":200}`,
		"an array":      `[]`,
		"a page":        `<html>ok</html>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			posts := 0
			c := mocked(t, func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost {
					posts++
				}
				return answer(200, "application/json", body), nil
			})
			_, err := c.Block().Ensure(t.Context(), volume(), nil)
			require.Error(t, err)
			assert.Zero(t, posts)
			require.ErrorIs(t, err, vultr.ErrTemporary)
		})
	}
}

// Trap 28's other half: an empty or foreign answer to a creation is an unknown outcome and never a success.
func TestForeignAnswerToACreationIsNoSuccess(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":        "",
		"empty object": "{}",
		"null":         `{"block":null}`,
		"empty block":  `{"block":{}}`,
		"an array":     `[{"id":"x"}]`,
		"two":          `{"block":[{"id":"x"},{"id":"y"}]}`,
		"error in 200": `{"error":"no more volumes"}`,
		"html":         `<html></html>`,
		"cut off":      `{"block":{"id":"x"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := mocked(t, func(*http.Request) (*http.Response, error) { return answer(202, "application/json", body), nil })
			_, err := c.Block().Create(t.Context(), volume(), nil)
			require.ErrorIs(t, err, vultr.ErrUnknownOutcome)
			assert.Equal(t, 202, asError(t, err).Status)
			if strings.Contains(name, "error") {
				assert.ErrorContains(t, err, "no more volumes")
			}
		})
	}
}
