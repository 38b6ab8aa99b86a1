package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/route53x/route53xtest"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// wire stands between the program and the HTTP of all platforms. It counts the calls, and at one of them it ends the
// process: from then on no call leaves, nothing is saved and nobody waits any more. Or it loses the answer.
type wire struct {
	mu    sync.Mutex
	calls []wireCall
	at    int    // the call at which something happens; -1 none
	event string // "before", "after", "lost"
	dead  bool
	hit   bool
	stop  context.CancelFunc // of the run
}

// die ends the process. It is called with the lock.
func (w *wire) die() {
	w.dead = true
	w.stop()
}

type wireCall struct {
	op      string
	changes bool
}

var errDead = errors.New("the process has ended")

func (w *wire) ended() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errDead
	}
	return nil
}

// wired is a transport of one platform.
type wired struct {
	wire *wire
	next http.RoundTripper
	name string
}

// callOf is the action of a request, and whether it changes something.
func callOf(platform string, r *http.Request) wireCall {
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		return wireCall{platform + " " + action, action == "TransferDomain" || strings.HasSuffix(action, "Lock") || strings.HasPrefix(action, "Update")}
	case platform == "aliyun":
		action := ""
		for k, v := range r.Header { // not in the canonical spelling
			if strings.EqualFold(k, "x-acs-action") {
				action = v[0]
			}
		}
		return wireCall{platform + " " + action, strings.HasPrefix(action, "Save")}
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	op := r.Method + " " + parts[1]
	if len(parts) > 3 {
		op += "/" + parts[3]
	}
	return wireCall{platform + " " + op, r.Method != http.MethodGet}
}

// RoundTrip makes a call, or not.
func (t wired) RoundTrip(r *http.Request) (*http.Response, error) {
	t.wire.mu.Lock()
	if t.wire.dead {
		t.wire.mu.Unlock()
		return nil, errDead
	}
	n := len(t.wire.calls)
	t.wire.calls = append(t.wire.calls, callOf(t.name, r))
	event := ""
	if n == t.wire.at {
		event, t.wire.hit = t.wire.event, true
	}
	if event == "before" {
		t.wire.die()
	}
	t.wire.mu.Unlock()
	if event == "before" {
		return nil, errDead
	}
	resp, err := t.next.RoundTrip(r)
	if event == "" || err != nil {
		return resp, err
	}
	_ = resp.Body.Close()
	if event == "after" {
		t.wire.mu.Lock()
		t.wire.die()
		t.wire.mu.Unlock()
	}
	return nil, io.ErrUnexpectedEOF
}

// wireUp puts the wire in between.
func (w *wire) wireUp(p platforms) platforms {
	between := func(c *http.Client, name string) *http.Client {
		return &http.Client{Transport: wired{w, c.Transport, name}}
	}
	p.aliyun.HTTPClient = between(p.aliyun.HTTPClient, "aliyun")
	p.zones.AWS.HTTPClient = between(p.zones.AWS.HTTPClient.(*http.Client), "route53")
	p.domains.AWS.HTTPClient = between(p.domains.AWS.HTTPClient.(*http.Client), "domains")
	return p
}

// book is a journal in memory.
type book struct {
	wire   *wire
	mu     sync.Mutex
	states map[string]transfer.State
}

func (b *book) Load(_ context.Context, id string) (transfer.State, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.states[id]; ok {
		return s, nil
	}
	return transfer.State{}, fs.ErrNotExist
}

func (b *book) Save(_ context.Context, s transfer.State) error {
	if err := b.wire.ended(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states[s.ID] = s
	return nil
}

// move is one domain on its way between the fakes.
type move struct {
	t     *testing.T
	world *world
	wire  *wire
	book  *book
	acks  []string
	// change is what a test does to the config.
	change func(*transfer.Config)
}

func newMove(t *testing.T, grace time.Duration) *move {
	t.Helper()
	w, err := newWorld(grace)
	require.NoError(t, err)
	t.Cleanup(w.close)
	m := &move{t: t, world: w, wire: &wire{at: -1}}
	m.book = &book{wire: m.wire, states: map[string]transfer.State{}}
	return m
}

func (m *move) config() transfer.Config {
	m.t.Helper()
	cfg, err := m.wire.wireUp(m.world.platforms()).config(demoDomain)
	require.NoError(m.t, err)
	cfg.Journal, cfg.MaxPrice, cfg.Filing = m.book, transfer.Money{Cents: 1500, Currency: "USD"}, transfer.FilingNone
	cfg.Consent = map[transfer.Step]string{transfer.StepSwitch: "switch", transfer.StepTransfer: "pay 15.00 USD", transfer.StepApprove: "let go"}
	if m.change != nil {
		m.change(&cfg)
	}
	return cfg
}

// run goes on until the end or an error.
func (m *move) run() ([]transfer.Event, error) {
	m.t.Helper()
	r, err := transfer.New(m.config())
	require.NoError(m.t, err)
	opts := &transfer.RunOptions{
		Ask: func(_ context.Context, q transfer.Question) (string, error) {
			if q.Kind != transfer.AskAcknowledge {
				return "", errors.New("not asked for")
			}
			return "all", nil
		},
		Sleep: func(ctx context.Context, d time.Duration) error {
			if err := m.wire.ended(); err != nil {
				return err
			}
			return m.world.clock.Sleep(ctx, d)
		},
	}
	ctx, stop := context.WithCancel(m.t.Context())
	defer stop()
	m.wire.mu.Lock()
	m.wire.dead, m.wire.stop = false, stop
	m.wire.mu.Unlock()
	var events []transfer.Event
	for e, err := range r.Run(ctx, opts) {
		if err != nil {
			return events, err
		}
		events = append(events, e)
		require.Less(m.t, len(events), 1000, "it goes round in circles")
	}
	return events, nil
}

// arrived is whether everything is as it should be in the end: one zone with all sets, one order, one charge.
func (m *move) arrived(name string) {
	m.t.Helper()
	w := m.world
	d, ok := w.registrar.Domain(demoDomain)
	require.True(m.t, ok, name)
	assert.True(m.t, d.Has("clientTransferProhibited"), name)
	assert.Equal(m.t, 1, w.registrar.Orders(demoDomain), name)
	assert.Equal(m.t, int64(1500), w.registrar.Paid(), name)
	assert.Len(m.t, w.registrar.Charges(), 1, name)
	state := m.book.states[demoDomain]
	require.Equal(m.t, transfer.StepEnd, state.Step, name)
	assert.Len(m.t, w.route53.Sets(state.Zone.ID), 17+2, name)
	var servers []string
	for _, ns := range d.Nameservers {
		servers = append(servers, ns.Name)
	}
	assert.ElementsMatch(m.t, state.Zone.Nameservers, servers, name)
	for i := range lags() {
		ns, ds := w.registry.view(i, w.clock.Now().Add(time.Hour))
		assert.ElementsMatch(m.t, servers, ns, name)
		assert.Empty(m.t, ds, name)
	}
	gone, _ := w.aliyun.Domain(demoDomain)
	assert.True(m.t, gone.Gone, name)
}

func TestBetweenTheFakes(t *testing.T) {
	t.Parallel()
	m := newMove(t, 0)
	began := time.Now()
	_, err := m.run()
	require.NoError(t, err)
	m.arrived("")
	t.Logf("%d calls, %v", len(m.wire.calls), time.Since(began))
	seen := map[string]int{}
	for _, c := range m.wire.calls {
		seen[c.op]++
	}
	t.Log(seen)
}

func notVerified(d *aliyuntest.Domain) { d.RealName = aliyun.RealNameMissing }

func zoneByHand() route53xtest.ZoneSpec { return route53xtest.ZoneSpec{Name: demoDomain} }
