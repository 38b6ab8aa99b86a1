package route53x

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// run is one [Verify].
type run struct {
	asker
	v       Verification
	opts    VerifyOptions
	know    *knowledge
	servers []*nameserver // the old ones first
	report  *Report
	asked   int
	total   int
}

// inquiry is a question and what the servers said, each as often as it was asked.
type inquiry struct {
	question
	got [][]answer // by server
}

// newRun reports everything that is wrong.
func newRun(v Verification, opts *VerifyOptions) (*run, error) {
	var o VerifyOptions
	if opts != nil {
		o = *opts
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	name := func(what string, n *Name) {
		parsed, err := ParseName(string(*n))
		switch {
		case err != nil:
			add("%s: %w", what, err)
		case !parsed.Within(v.Zone):
			add("%s: %s is not in the zone %s", what, parsed.ZoneFile(), v.Zone.ZoneFile())
		}
		*n = parsed
	}
	name("zone", &v.Zone)
	if v.Zone == "." {
		add("zone: the root is not one that could move")
	}
	for what, servers := range map[string][]netip.AddrPort{"old": v.Old, "new": v.New} {
		if len(servers) == 0 {
			add("%s servers: none", what)
		}
		for i, s := range servers {
			if !s.IsValid() || s.Port() == 0 {
				add("%s servers: %s is no address with a port", what, s)
			} else if slices.Contains(servers[:i], s) {
				add("%s servers: %s stands there twice", what, s)
			}
		}
	}
	v.Sets, v.Validations = slices.Clone(v.Sets), slices.Clone(v.Validations)
	v.Expected, v.Certificates = slices.Clone(v.Expected), slices.Clone(v.Certificates)
	for i := range v.Sets {
		name("set", &v.Sets[i].Name)
	}
	for i := range v.Validations {
		name("validation", &v.Validations[i].Name)
		if _, err := v.Validations[i].Canonical(); err != nil || v.Validations[i].Type != CNAME {
			add("validation %s: not a CNAME with its target", v.Validations[i].Name.ZoneFile())
		}
	}
	for i := range v.Expected {
		name("expected", &v.Expected[i].Name)
	}
	for i := range v.Certificates {
		name("certificate", &v.Certificates[i])
	}
	if o.Types == nil {
		o.Types = []Type{A, AAAA, CNAME, MX, TXT, CAA, NS, HTTPS}
	}
	for _, t := range o.Types {
		if !t.Supported() {
			add("type %s: Route 53 does not have it", t)
		}
	}
	if o.Subnets == nil {
		o.Subnets = subnets()
	}
	for _, p := range o.Subnets {
		if !p.IsValid() {
			add("subnet %s is none", p)
		}
	}
	for what, n := range map[string]int{
		"Concurrency": o.Concurrency, "Timeout": int(o.Timeout), "Tries": o.Tries, "Rotations": o.Rotations, "GiveUp": o.GiveUp,
	} {
		if n < 0 {
			add("%s is less than nothing", what)
		}
	}
	if o.Delegation != nil {
		if _, err := newWalk(string(v.Zone), o.Delegation); err != nil {
			add("Delegation: %w", err)
		}
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
		return nil, fmt.Errorf("route53x: verify: %w: %w", ErrInvalid, errors.Join(errs...))
	}
	return prepare(v, o), nil
}

// subnets are a network in mainland China and one in the US: those of the public resolvers of Alibaba and Google, which
// every database of places knows.
func subnets() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("223.5.5.0/24"), netip.MustParsePrefix("8.8.8.0/24")}
}

func prepare(v Verification, o VerifyOptions) *run {
	o.Concurrency = cmp.Or(o.Concurrency, 16)
	o.Rotations = cmp.Or(o.Rotations, 8)
	if o.Exchanger == nil {
		o.Exchanger = sockets{}
	}
	r := &run{
		asker: asker{ex: o.Exchanger, timeout: cmp.Or(o.Timeout, 2*time.Second), tries: cmp.Or(o.Tries, 3)},
		v:     v, opts: o, know: learn(v.Zone, v.Sets, v.Validations),
		report: &Report{Zone: v.Zone, Differences: []Difference{}, Expected: []Difference{}, Problems: []Problem{}},
	}
	for i, addr := range slices.Concat(v.Old, v.New) {
		s := &nameserver{addr: addr, old: i < len(v.Old), giveUp: int64(cmp.Or(o.GiveUp, 8))}
		s.pace.gap = gap(o.Rate, 500)
		r.servers = append(r.servers, s)
	}
	return r
}

// do asks everything and makes the report.
func (r *run) do(ctx context.Context) (*Report, error) {
	r.report.Started = time.Now()
	var all []*inquiry
	for _, q := range r.know.questions(r.opts) {
		all = append(all, &inquiry{question: q, got: make([][]answer, len(r.servers))})
	}
	r.report.Questions = len(all)
	r.total = len(all) * len(r.servers)
	before, err := r.serials(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.apex(ctx); err != nil {
		return nil, err
	}
	if err := r.askAll(ctx, r.servers, all); err != nil {
		return nil, err
	}
	if err := r.again(ctx, all); err != nil {
		return nil, err
	}
	r.compare(all)
	r.checkACM(all)
	if err := r.checkCAA(ctx); err != nil {
		return nil, err
	}
	if err := r.checkDelegation(ctx); err != nil {
		return nil, err
	}
	after, err := r.serials(ctx)
	if err != nil {
		return nil, err
	}
	r.checkSerials(before, after)
	r.finish()
	return r.report, nil
}

// again asks the old side a second time for what it has, which shows what rotates; everybody for what differs; and more
// often for what rotates.
func (r *run) again(ctx context.Context, all []*inquiry) error {
	var there, unlike, rotating []*inquiry
	for _, q := range all {
		if slices.ContainsFunc(q.got[:len(r.v.Old)], func(got []answer) bool { return got[0].ok() && got[0].data() }) {
			there = append(there, q)
		}
	}
	if err := r.askAll(ctx, r.servers[:len(r.v.Old)], there); err != nil {
		return err
	}
	for _, q := range all {
		switch {
		case r.rotates(q):
			rotating = append(rotating, q)
		case r.unlike(q):
			unlike = append(unlike, q)
		}
	}
	if err := r.askAll(ctx, r.servers, unlike); err != nil {
		return err
	}
	for _, q := range unlike {
		if r.rotates(q) {
			rotating = append(rotating, q)
		}
	}
	for range r.opts.Rotations {
		if err := r.askAll(ctx, r.servers, rotating); err != nil {
			return err
		}
	}
	return nil
}

// askAll puts every question to every one of the first servers once more. Each has workers of its own, so that a slow one
// does not hold up the others.
func (r *run) askAll(ctx context.Context, servers []*nameserver, all []*inquiry) error {
	if len(all) == 0 {
		return nil
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{}, 64)
	for i, s := range servers {
		var next atomic.Int64
		for range min(r.opts.Concurrency, len(all)) {
			wg.Go(func() {
				for n := next.Add(1) - 1; int(n) < len(all); n = next.Add(1) - 1 {
					q := all[n]
					re, err := r.ask(ctx, s, q.name, dns.StringToType[string(q.typ)], q.subnet)
					if err != nil {
						return // ctx has ended
					}
					q.got[i] = append(q.got[i], re.read(r.v.Zone, q.name, q.typ))
					select {
					case done <- struct{}{}:
					case <-ctx.Done():
						return
					}
				}
			})
		}
	}
	r.total = max(r.total, r.asked+len(all)*len(servers))
	for range len(all) * len(servers) {
		select {
		case <-done:
		case <-ctx.Done():
			return stopped(ctx)
		}
		if r.asked++; r.opts.Progress != nil && (r.asked%100 == 0 || r.asked == r.total) {
			r.opts.Progress(r.asked, r.total)
		}
	}
	return nil
}
