package transfer_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

const (
	domain   = "example.com"
	authCode = "kP9#vT2!xQ7zLm"
)

func epoch() time.Time { return time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC) }

// world is both registrars, the registry, the old zone and the new one, in one virtual time.
type world struct {
	mu      sync.Mutex
	now     time.Time
	at      string // "old", "leaving", "new"
	ns      []string
	newNS   []string // of the domain at the new registrar
	status  map[string]bool
	newLock bool
	ds      []uint16

	parent   []parentChange // what the parent zone says, and from when on
	parentDS []parentDS

	tasks  map[string]*task
	codes  map[string]time.Time // task → expires
	nextID int

	orders []*order
	charge int64

	source     []route53x.RRSet
	items      []transfer.Item
	zones      map[string]*hosted
	references map[string]bool
	price      int64
	verdict    []string // of CheckTransfer, used up one by one; then yes
	blocked    []string
	waitFOA    bool // the order waits for a person until this is false

	taskTime time.Duration
	failTask map[string]string // by kind: the next of this kind fails
	approved int
	journal  *memory
}

type parentChange struct {
	from time.Time
	ns   []string
}

type parentDS struct {
	from time.Time
	ds   []uint16
}

type task struct {
	kind   string
	done   time.Time
	failed string
	effect func()
}

type order struct {
	id        string
	placed    time.Time
	requested time.Time
	state     string // "running", "done", "failed"
	out       string // what the losing registrar says
	ends      time.Time
	ns        []string
}

var (
	oldNS = []string{"ns1.alidns.example", "ns2.alidns.example"}
	newNS = []string{"ns-1.awsdns.example", "ns-2.awsdns.example", "ns-3.awsdns.example", "ns-4.awsdns.example"}
)

func newWorld() *world {
	w := &world{
		now: epoch(), at: "old", ns: oldNS, status: map[string]bool{transfer.TransferLock: true, transfer.UpdateLock: true},
		tasks: map[string]*task{}, codes: map[string]time.Time{}, zones: map[string]*hosted{}, references: map[string]bool{}, price: 1500, taskTime: 20 * time.Second,
		failTask: map[string]string{}, journal: &memory{states: map[string]transfer.State{}},
	}
	w.parent = []parentChange{{epoch().Add(-time.Hour), oldNS}}
	w.source = []route53x.RRSet{
		{Name: "example.com.", Type: route53x.A, TTL: 600, Values: []string{"192.0.2.1"}},
		{Name: "example.com.", Type: route53x.MX, TTL: 600, Values: []string{"10 mx.example.com."}},
		{Name: "www.example.com.", Type: route53x.CNAME, TTL: 600, Values: []string{"example.com."}},
	}
	w.items = []transfer.Item{{ID: "go-redirect", Class: "unmappable", Name: "go.example.com", Type: "REDIRECT_URL", Reason: "not DNS", Open: true}}
	return w
}

// config allows everything.
func (w *world) config() transfer.Config {
	return transfer.Config{
		Domain: domain, From: &losing{w}, To: &gaining{w}, Source: source{w}, Zones: &zones{w}, Records: &zones{w}, DNS: world3{w}, Journal: w.journal,
		MaxPrice: transfer.Money{Cents: 2000, Currency: "USD"}, Acknowledge: []string{"go-redirect"}, Filing: transfer.FilingNone,
		Consent: map[transfer.Step]string{transfer.StepSwitch: "switch", transfer.StepTransfer: "pay 15.00 USD", transfer.StepApprove: "let go"},
		Now:     w.clock, OutcomeUnknown: func(err error) bool { return strings.Contains(err.Error(), "answer lost") },
	}
}

func (w *world) clock() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) sleep(_ context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	return nil
}

// tick does what is due. It is called with the lock.
func (w *world) tick() {
	for _, id := range slices.Sorted(maps.Keys(w.tasks)) {
		if t := w.tasks[id]; t.effect != nil && !w.now.Before(t.done) {
			if t.failed == "" {
				t.effect()
			}
			t.effect = nil
		}
	}
	for _, o := range w.orders {
		if o.state != "running" || w.waitFOA {
			continue
		}
		if o.out == "" && !w.now.Before(o.placed.Add(3*time.Hour)) {
			o.out, o.requested, o.ends = transfer.OutRequested, w.now, w.now.Add(5*24*time.Hour)
			w.status["pendingTransfer"] = true
		}
		if o.out != "" && !w.now.Before(o.ends) {
			o.state, o.out = "done", transfer.OutDone
			w.at, w.newNS = "new", slices.Clone(o.ns)
			delete(w.status, "pendingTransfer")
		}
	}
}

func (w *world) enter() func() { w.mu.Lock(); w.tick(); return w.mu.Unlock }

func (w *world) queue(kind string, effect func()) (string, error) {
	w.nextID++
	id := fmt.Sprintf("task-%d", w.nextID)
	w.tasks[id] = &task{kind: kind, done: w.now.Add(w.taskTime), effect: effect, failed: w.failTask[kind]}
	delete(w.failTask, kind)
	return id, nil
}

func (w *world) setParent(ns []string) {
	w.parent = append(w.parent, parentChange{w.now.Add(10 * time.Minute), slices.Clone(ns)})
}

type losing struct{ *world }

func gone() error { return fmt.Errorf("no such domain here: %w", fs.ErrNotExist) }

func (w *losing) DomainFacts(context.Context, string) (time.Time, time.Time, []string, []string, error) {
	defer w.enter()()
	if w.at == "new" {
		return time.Time{}, time.Time{}, nil, nil, gone()
	}
	return epoch().Add(-400 * 24 * time.Hour), epoch().Add(200 * 24 * time.Hour), slices.Clone(w.ns), slices.Sorted(maps.Keys(w.status)), nil
}

func (w *losing) SetNameservers(_ context.Context, _ string, ns []string) (string, error) {
	defer w.enter()()
	if w.at == "new" {
		return "", gone()
	}
	if w.status[transfer.UpdateLock] {
		w.failTask["ns"] = "clientUpdateProhibited: the domain is locked"
	}
	return w.queue("ns", func() { w.ns = slices.Clone(ns); w.setParent(ns) })
}

func (w *losing) SetLock(_ context.Context, _, status string, on bool) (string, error) {
	defer w.enter()()
	if w.at == "new" {
		return "", gone()
	}
	return w.queue("lock", func() {
		if on {
			w.status[status] = true
		} else {
			delete(w.status, status)
		}
	})
}

func (w *losing) TaskState(_ context.Context, _, id string) (string, string, error) {
	defer w.enter()()
	t := w.tasks[id]
	switch {
	case t == nil:
		return "", "", fmt.Errorf("no task %q", id)
	case w.now.Before(t.done):
		return transfer.Running, "", nil
	case t.failed != "":
		return transfer.Failed, t.failed, nil
	}
	return transfer.Done, "", nil
}

func (w *losing) TransferBlockers(context.Context, string) ([]string, error) {
	defer w.enter()()
	return slices.Clone(w.blocked), nil
}

func (w *losing) DSKeyTags(context.Context, string) ([]uint16, error) {
	defer w.enter()()
	return slices.Clone(w.ds), nil
}

func (w *losing) DeleteDS(_ context.Context, _ string, tag uint16) (string, error) {
	defer w.enter()()
	if w.status[transfer.UpdateLock] {
		w.failTask["ds"] = "clientUpdateProhibited: the domain is locked"
	}
	return w.queue("ds", func() {
		w.ds = slices.DeleteFunc(slices.Clone(w.ds), func(t uint16) bool { return t == tag })
		w.parentDS = append(w.parentDS, parentDS{w.now.Add(10 * time.Minute), w.ds})
	})
}

func (w *losing) RequestAuthCode(context.Context, string) (string, error) {
	defer w.enter()()
	if w.status[transfer.TransferLock] {
		return "", fmt.Errorf("the domain is locked")
	}
	id, err := w.queue("code", func() {})
	w.codes[id] = w.now.Add(6 * 24 * time.Hour)
	return id, err
}

func (w *losing) AuthCode(_ context.Context, _, id string) (string, error) {
	defer w.enter()()
	t := w.tasks[id]
	switch {
	case t == nil || w.now.After(w.codes[id]):
		return "", fmt.Errorf("no code: %w", fs.ErrNotExist)
	case w.now.Before(t.done):
		return "", nil
	case t.failed != "":
		return "", fmt.Errorf("%s", t.failed)
	}
	return authCode, nil
}

func (w *world) last() *order {
	if len(w.orders) == 0 {
		return nil
	}
	return w.orders[len(w.orders)-1]
}

func (w *losing) TransferOutState(context.Context, string) (string, time.Time, time.Time, error) {
	defer w.enter()()
	if o := w.last(); o != nil && o.out != "" {
		return o.out, o.requested, time.Time{}, nil
	}
	var expires time.Time
	for _, e := range w.codes {
		if e.After(expires) {
			expires = e
		}
	}
	if expires.IsZero() {
		return transfer.OutNone, time.Time{}, time.Time{}, nil
	}
	return transfer.OutCodeIssued, time.Time{}, expires, nil
}

func (w *losing) ApproveTransferOut(context.Context, string) (string, error) {
	defer w.enter()()
	o := w.last()
	if o == nil || o.out != transfer.OutRequested {
		return "", fmt.Errorf("not in state requested")
	}
	return w.queue("approve", func() { w.approved++; o.ends = w.now.Add(20 * time.Minute) })
}

func (w *losing) CancelTransferOut(context.Context, string) (string, error) {
	defer w.enter()()
	o := w.last()
	return w.queue("cancel", func() {
		if o != nil && o.state == "running" {
			o.state, o.out, w.charge = "failed", transfer.OutFailed, w.charge-w.price
			delete(w.status, "pendingTransfer")
		}
	})
}

type gaining struct{ *world }

func (w *gaining) DomainFacts(context.Context, string) (time.Time, time.Time, []string, []string, error) {
	defer w.enter()()
	if w.at != "new" {
		return time.Time{}, time.Time{}, nil, nil, gone()
	}
	var status []string
	if w.newLock {
		status = []string{transfer.TransferLock}
	}
	return epoch().Add(-400 * 24 * time.Hour), epoch().Add(565 * 24 * time.Hour), slices.Clone(w.newNS), status, nil
}

func (w *gaining) SetNameservers(_ context.Context, _ string, ns []string) (string, error) {
	defer w.enter()()
	return w.queue("new ns", func() { w.newNS = slices.Clone(ns); w.setParent(ns) })
}

func (w *gaining) SetLock(_ context.Context, _, _ string, on bool) (string, error) {
	defer w.enter()()
	return w.queue("new lock", func() { w.newLock = on })
}

func (w *gaining) TaskState(ctx context.Context, d, id string) (string, string, error) {
	return (&losing{w.world}).TaskState(ctx, d, id)
}

func (w *gaining) DSKeyTags(context.Context, string) ([]uint16, error)      { return nil, nil }
func (w *gaining) DeleteDS(context.Context, string, uint16) (string, error) { return "", nil }

func (w *gaining) TransferPrice(context.Context, string) (int64, string, error) {
	defer w.enter()()
	return w.price, "USD", nil
}

func (w *gaining) CheckTransfer(_ context.Context, _, code string) (string, string, error) {
	defer w.enter()()
	if code != authCode {
		return transfer.No, "wrong code", nil
	}
	if w.status[transfer.TransferLock] || w.status["pendingTransfer"] {
		return transfer.No, "the domain is locked or on its way", nil
	}
	if len(w.verdict) > 0 {
		v := w.verdict[0]
		w.verdict = w.verdict[1:]
		return v, "the registry says so", nil
	}
	return transfer.Yes, "", nil
}

func (w *gaining) TransferDomain(_ context.Context, _, code string, ns []string) (string, error) {
	defer w.enter()()
	if code != authCode || w.status[transfer.TransferLock] {
		return "", &route53x.Error{Kind: route53x.ErrInvalid, Op: "TransferDomain"}
	}
	w.nextID++
	o := &order{id: fmt.Sprintf("op-%d", w.nextID), placed: w.now, state: "running", ns: slices.Clone(ns)}
	w.orders = append(w.orders, o)
	w.charge += w.price
	return o.id, nil
}

func (w *gaining) FindTransfer(_ context.Context, _ string, since time.Time) (string, error) {
	defer w.enter()()
	for _, o := range slices.Backward(w.orders) {
		if !o.placed.Before(since) && !w.now.Before(o.placed.Add(2*time.Minute)) { // the list lags
			return o.id, nil
		}
	}
	return "", nil
}

func (w *gaining) OperationState(_ context.Context, id string) (string, string, error) {
	defer w.enter()()
	for _, o := range w.orders {
		if o.id == id {
			if o.state == "running" && w.waitFOA {
				return transfer.Waiting, "read the e-mail of the registry and confirm", nil
			}
			return o.state, "", nil
		}
	}
	return "", "", fmt.Errorf("no operation %q", id)
}

// run goes on to the end or an error, and returns what happened.
func (w *world) run(t *testing.T, cfg transfer.Config, opts *transfer.RunOptions) ([]transfer.Event, error) {
	t.Helper()
	r, err := transfer.New(cfg)
	require.NoError(t, err)
	var o transfer.RunOptions
	if opts != nil {
		o = *opts
	}
	if o.Sleep == nil {
		o.Sleep = w.sleep
	}
	var events []transfer.Event
	for e, err := range r.Run(t.Context(), &o) {
		if err != nil {
			return events, err
		}
		events = append(events, e)
		require.Less(t, len(events), 2000, "it goes round in circles")
	}
	return events, nil
}

func texts(events []transfer.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s %-9s %-9s %s\n", e.At.Format("01-02 15:04:05"), e.Step, e.Kind, e.Text)
	}
	return b.String()
}
