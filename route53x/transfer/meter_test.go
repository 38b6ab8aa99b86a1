package transfer_test

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// meter stands between the runner and everything that it calls. It counts, and it ends the run at one call: before it,
// after it, or with its answer lost.
type meter struct {
	calls []call // in their order
	at    int    // the call at which something happens; -1 none
	event string // "before", "after", "lost"
	hit   bool
}

type call struct {
	op      string
	changes bool
}

// crash is the end of the process.
type crash struct{ op string }

var errLost = errors.New("the answer was lost: answer lost")

// around makes a call, or not.
func (m *meter) around(op string, changes bool, do func() error) error {
	n := len(m.calls)
	m.calls = append(m.calls, call{op, changes})
	if n != m.at {
		return do()
	}
	m.hit = true
	switch m.event {
	case "before":
		panic(crash{op})
	case "after":
		_ = do()
		panic(crash{op})
	case "lost":
		if err := do(); err != nil {
			return err
		}
		return errLost
	case "fails":
		return errors.New("connection refused")
	}
	return do()
}

// measured is the config with the meter in between.
func (m *meter) measured(cfg transfer.Config) transfer.Config {
	cfg.From, cfg.To = meteredFrom{cfg.From, m}, meteredTo{cfg.To, m}
	cfg.Source = meteredSource{cfg.Source, m}
	cfg.Zones, cfg.Records = meteredZones{cfg.Zones, m}, meteredRecords{cfg.Records, m}
	cfg.DNS, cfg.Journal = meteredDNS{cfg.DNS, m}, meteredJournal{cfg.Journal, m}
	return cfg
}

type meteredFrom struct {
	transfer.Losing
	m *meter
}

func (f meteredFrom) DomainFacts(ctx context.Context, d string) (reg, exp time.Time, ns, st []string, err error) {
	err = f.m.around("from.DomainFacts", false, func() (err error) { reg, exp, ns, st, err = f.Losing.DomainFacts(ctx, d); return })
	return
}

func (f meteredFrom) SetNameservers(ctx context.Context, d string, ns []string) (task string, err error) {
	err = f.m.around("from.SetNameservers", true, func() (err error) { task, err = f.Losing.SetNameservers(ctx, d, ns); return })
	return
}

func (f meteredFrom) SetLock(ctx context.Context, d, s string, on bool) (task string, err error) {
	err = f.m.around("from.SetLock "+s, true, func() (err error) { task, err = f.Losing.SetLock(ctx, d, s, on); return })
	return
}

func (f meteredFrom) TaskState(ctx context.Context, d, task string) (state, reason string, err error) {
	err = f.m.around("from.TaskState", false, func() (err error) { state, reason, err = f.Losing.TaskState(ctx, d, task); return })
	return
}

func (f meteredFrom) TransferBlockers(ctx context.Context, d string) (out []string, err error) {
	err = f.m.around("from.TransferBlockers", false, func() (err error) { out, err = f.Losing.TransferBlockers(ctx, d); return })
	return
}

func (f meteredFrom) DSKeyTags(ctx context.Context, d string) (tags []uint16, err error) {
	err = f.m.around("from.DSKeyTags", false, func() (err error) { tags, err = f.Losing.DSKeyTags(ctx, d); return })
	return
}

func (f meteredFrom) DeleteDS(ctx context.Context, d string, tag uint16) (task string, err error) {
	err = f.m.around("from.DeleteDS", true, func() (err error) { task, err = f.Losing.DeleteDS(ctx, d, tag); return })
	return
}

func (f meteredFrom) RequestAuthCode(ctx context.Context, d string) (task string, err error) {
	err = f.m.around("from.RequestAuthCode", true, func() (err error) { task, err = f.Losing.RequestAuthCode(ctx, d); return })
	return
}

func (f meteredFrom) AuthCode(ctx context.Context, d, task string) (code string, err error) {
	err = f.m.around("from.AuthCode", false, func() (err error) { code, err = f.Losing.AuthCode(ctx, d, task); return })
	return
}

func (f meteredFrom) TransferOutState(ctx context.Context, d string) (state string, req, exp time.Time, err error) {
	err = f.m.around("from.TransferOutState", false, func() (err error) { state, req, exp, err = f.Losing.TransferOutState(ctx, d); return })
	return
}

func (f meteredFrom) ApproveTransferOut(ctx context.Context, d string) (task string, err error) {
	err = f.m.around("from.ApproveTransferOut", true, func() (err error) { task, err = f.Losing.ApproveTransferOut(ctx, d); return })
	return
}

func (f meteredFrom) CancelTransferOut(ctx context.Context, d string) (task string, err error) {
	err = f.m.around("from.CancelTransferOut", true, func() (err error) { task, err = f.Losing.CancelTransferOut(ctx, d); return })
	return
}

type meteredTo struct {
	transfer.Gaining
	m *meter
}

func (f meteredTo) DomainFacts(ctx context.Context, d string) (reg, exp time.Time, ns, st []string, err error) {
	err = f.m.around("to.DomainFacts", false, func() (err error) { reg, exp, ns, st, err = f.Gaining.DomainFacts(ctx, d); return })
	return
}

func (f meteredTo) SetNameservers(ctx context.Context, d string, ns []string) (task string, err error) {
	err = f.m.around("to.SetNameservers", true, func() (err error) { task, err = f.Gaining.SetNameservers(ctx, d, ns); return })
	return
}

func (f meteredTo) SetLock(ctx context.Context, d, s string, on bool) (task string, err error) {
	err = f.m.around("to.SetLock "+s, true, func() (err error) { task, err = f.Gaining.SetLock(ctx, d, s, on); return })
	return
}

func (f meteredTo) TaskState(ctx context.Context, d, task string) (state, reason string, err error) {
	err = f.m.around("to.TaskState", false, func() (err error) { state, reason, err = f.Gaining.TaskState(ctx, d, task); return })
	return
}

func (f meteredTo) TransferPrice(ctx context.Context, d string) (cents int64, currency string, err error) {
	err = f.m.around("to.TransferPrice", false, func() (err error) { cents, currency, err = f.Gaining.TransferPrice(ctx, d); return })
	return
}

func (f meteredTo) CheckTransfer(ctx context.Context, d, code string) (verdict, reason string, err error) {
	err = f.m.around("to.CheckTransfer", false, func() (err error) { verdict, reason, err = f.Gaining.CheckTransfer(ctx, d, code); return })
	return
}

func (f meteredTo) TransferDomain(ctx context.Context, d, code string, ns []string) (op string, err error) {
	err = f.m.around("to.TransferDomain", true, func() (err error) { op, err = f.Gaining.TransferDomain(ctx, d, code, ns); return })
	return
}

func (f meteredTo) FindTransfer(ctx context.Context, d string, since time.Time) (op string, err error) {
	err = f.m.around("to.FindTransfer", false, func() (err error) { op, err = f.Gaining.FindTransfer(ctx, d, since); return })
	return
}

func (f meteredTo) OperationState(ctx context.Context, op string) (state, reason string, err error) {
	err = f.m.around("to.OperationState", false, func() (err error) { state, reason, err = f.Gaining.OperationState(ctx, op); return })
	return
}

type meteredSource struct {
	transfer.Source
	m *meter
}

func (f meteredSource) Export(ctx context.Context, d string) (e transfer.Export, err error) {
	err = f.m.around("source.Export", false, func() (err error) { e, err = f.Source.Export(ctx, d); return })
	return
}

type meteredZones struct {
	transfer.Zones
	m *meter
}

func (f meteredZones) FindZone(ctx context.Context, name string, o *route53x.FindZoneOptions) (z route53x.Zone, err error) {
	err = f.m.around("zones.FindZone", false, func() (err error) { z, err = f.Zones.FindZone(ctx, name, o); return })
	return
}

func (f meteredZones) EnsureZone(ctx context.Context, name, ref string, o *route53x.ZoneOptions) (z route53x.Zone, created bool, err error) {
	err = f.m.around("zones.EnsureZone", true, func() (err error) { z, created, err = f.Zones.EnsureZone(ctx, name, ref, o); return })
	return
}

func (f meteredZones) DeleteZone(ctx context.Context, id string) error {
	return f.m.around("zones.DeleteZone", true, func() error { return f.Zones.DeleteZone(ctx, id) })
}

type meteredRecords struct {
	transfer.Records
	m *meter
}

func (f meteredRecords) RRSets(ctx context.Context, id string, o *route53x.ListOptions) iter.Seq2[route53x.RRSet, error] {
	return func(yield func(route53x.RRSet, error) bool) {
		if err := f.m.around("records.RRSets", false, func() error { return nil }); err != nil {
			yield(route53x.RRSet{}, err)
			return
		}
		f.Records.RRSets(ctx, id, o)(yield)
	}
}

func (f meteredRecords) Apply(ctx context.Context, id string, p *route53x.Plan, o *route53x.ApplyOptions) (res route53x.Result, err error) {
	err = f.m.around("records.Apply", true, func() (err error) { res, err = f.Records.Apply(ctx, id, p, o); return })
	return
}

func (f meteredRecords) WaitSync(ctx context.Context, ids []string, o *route53x.WaitOptions) error {
	return f.m.around("records.WaitSync", false, func() error { return f.Records.WaitSync(ctx, ids, o) })
}

type meteredDNS struct {
	transfer.DNS
	m *meter
}

func (f meteredDNS) Delegation(ctx context.Context, d string) (out transfer.Delegation, err error) {
	err = f.m.around("dns.Delegation", false, func() (err error) { out, err = f.DNS.Delegation(ctx, d); return })
	return
}

func (f meteredDNS) NSTTL(ctx context.Context, d string, ns []string) (ttl time.Duration, err error) {
	err = f.m.around("dns.NSTTL", false, func() (err error) { ttl, err = f.DNS.NSTTL(ctx, d, ns); return })
	return
}

func (f meteredDNS) Compare(ctx context.Context, c transfer.Comparison) (v transfer.Verdict, err error) {
	err = f.m.around("dns.Compare", false, func() (err error) { v, err = f.DNS.Compare(ctx, c); return })
	return
}

type meteredJournal struct {
	transfer.Journal
	m *meter
}

func (f meteredJournal) Save(ctx context.Context, s transfer.State) error {
	return f.m.around("journal.Save", false, func() error { return f.Journal.Save(ctx, s) })
}
