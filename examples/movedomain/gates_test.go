package main

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// Each gate fails once, as the platforms let it fail; then its cause goes, and the move goes on to its end with one zone,
// one order and one charge.
func TestEachGateFailsOnceBetweenTheFakes(t *testing.T) {
	t.Parallel()
	edit := func(change func(*aliyuntest.Domain)) func(*move) {
		return func(m *move) { m.world.aliyun.ChangeDomain(demoDomain, change) }
	}
	failTask := func(op string) func(*move) {
		return func(m *move) { m.world.aliyun.FailNextTask(op, "EXECUTE_FAILURE for a reason") }
	}
	nothing := func(*move) {}
	for name, tt := range map[string]struct {
		plant func(m *move)
		kind  error
		step  transfer.Step
		text  string
		mend  func(m *move)
	}{
		"real name":     {edit(notVerified), transfer.ErrBlocked, transfer.StepPreflight, "real name", edit(func(d *aliyuntest.Domain) { d.RealName = aliyun.RealNameVerified })},
		"premium":       {edit(func(d *aliyuntest.Domain) { d.Premium = true }), transfer.ErrBlocked, transfer.StepPreflight, "premium", edit(func(d *aliyuntest.Domain) { d.Premium = false })},
		"holder's data": {edit(func(d *aliyuntest.Domain) { d.RegistrantPending = true }), transfer.ErrBlocked, transfer.StepPreflight, "holder are being changed", edit(func(d *aliyuntest.Domain) { d.RegistrantPending = false })},
		"expires": {
			edit(func(d *aliyuntest.Domain) { d.Expires = time.Now().Add(10 * 24 * time.Hour) }), transfer.ErrBlocked, transfer.StepPreflight, "renew it first",
			edit(func(d *aliyuntest.Domain) { d.Expires = time.Now().AddDate(1, 0, 0) }),
		},
		"price": {
			func(m *move) {
				m.change = func(c *transfer.Config) { c.MaxPrice.Cents = 1499 }
			}, transfer.ErrTooExpensive, transfer.StepPreflight, "costs 15.00 USD", func(m *move) { m.change = nil },
		},
		"a zone of somebody else's": {
			func(m *move) { m.acks = []string{m.world.route53.AddZone(zoneByHand())} }, transfer.ErrBlocked, transfer.StepZone, "adopt it by its ID",
			func(m *move) { id := m.acks[0]; m.change = func(c *transfer.Config) { c.ZoneID = id } },
		},
		"the lock's task":   {failTask(aliyuntest.SaveSingleTaskForUpdateProhibitionLock), transfer.ErrTaskFailed, transfer.StepDNSSEC, "EXECUTE_FAILURE for a reason", nothing},
		"the DS's task":     {failTask(aliyuntest.SaveSingleTaskForDeletingDSRecord), transfer.ErrTaskFailed, transfer.StepDNSSEC, "EXECUTE_FAILURE for a reason", nothing},
		"the switch's task": {failTask(aliyuntest.SaveBatchTaskForModifyingDomainDNS), transfer.ErrTaskFailed, transfer.StepSwitch, "EXECUTE_FAILURE for a reason", nothing},
		"the code's task":   {failTask(aliyuntest.SaveSingleTaskForQueryingTransferAuthCode), transfer.ErrTaskFailed, transfer.StepUnlock, "EXECUTE_FAILURE for a reason", nothing},
		"letting go":        {failTask(aliyuntest.SaveSingleTaskForApplyQuickTransferOutOpenly), transfer.ErrTaskFailed, transfer.StepApprove, "EXECUTE_FAILURE for a reason", nothing},
		"consent to the switch": {
			func(m *move) { m.change = func(c *transfer.Config) { delete(c.Consent, transfer.StepSwitch) } }, nil, transfer.StepSwitch, "not asked for",
			func(m *move) { m.change = nil },
		},
		"filing": {
			func(m *move) { m.change = func(c *transfer.Config) { c.Filing = "" } }, nil, transfer.StepFiling, "not asked for",
			func(m *move) { m.change = nil },
		},
		"the new zone differs": {
			func(m *move) {
				m.change = func(c *transfer.Config) { c.Records = meddling{c.Records.(*route53x.Client), m} }
			}, transfer.ErrDiffers, transfer.StepVerify, "www.example.com. A",
			func(m *move) {
				m.change = nil
				id := m.book.states[demoDomain].Zone.ID
				for _, s := range m.world.route53.Sets(id) {
					if s.Name == "www.example.com." && s.SetIdentifier == "aliyun-world" {
						back := s
						back.Values = []string{"198.51.100.10"}
						require.NoError(m.t, m.world.route53.Edit(id, route53x.Op{Action: "UPSERT", Set: back}))
					}
				}
				m.world.clock.Advance(time.Minute)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMove(t, 0)
			tt.plant(m)
			events, err := m.run()
			require.Error(t, err, "%v", events)
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
			}
			if e, ok := errors.AsType[*transfer.Error](err); ok {
				assert.Equal(t, tt.step, e.Step)
			}
			assert.Contains(t, err.Error(), tt.text)
			tt.mend(m)
			_, err = m.run()
			require.NoError(t, err)
			m.arrived(name)
		})
	}
}

// meddling is somebody who changes a set just after it was written.
type meddling struct {
	*route53x.Client
	m *move
}

func (c meddling) Apply(ctx context.Context, zone string, p *route53x.Plan, o *route53x.ApplyOptions) (route53x.Result, error) {
	res, err := c.Client.Apply(ctx, zone, p, o)
	for _, ch := range p.Changes {
		if ch.After != nil && ch.After.SetIdentifier == "aliyun-world" {
			other := *ch.After
			other.Values = []string{"192.0.2.66"}
			err = errors.Join(err, c.m.world.route53.Edit(zone, route53x.Op{Action: "UPSERT", Set: other}))
		}
	}
	return res, err
}

// The registry does not know at first whether the domain can be transferred, its TLD is under maintenance for a while, and
// calls are refused for a moment: all that is waited for.
func TestPatience(t *testing.T) {
	t.Parallel()
	m := newMove(t, 0)
	m.world.registrar.Unsure(demoDomain, 3) // DONT_KNOW is asked again, not taken as "no"
	for range 3 {
		m.world.aliyun.FailNext(aliyuntest.QueryDomainByDomainName, "ServiceUnavailable")
		m.world.registrar.FailNext("ListPrices", "ServiceUnavailable")
	}
	events, err := m.run()
	require.NoError(t, err)
	m.arrived("")
	assert.True(t, slices.ContainsFunc(events, func(e transfer.Event) bool { return e.Step == transfer.StepCheck && e.Kind == transfer.EventWait }))
	assert.True(t, slices.ContainsFunc(events, func(e transfer.Event) bool {
		return e.Kind == transfer.EventAttention && e.Step == transfer.StepApprove // FOA e-mail unread
	}))
}

// Somebody adds a record at Aliyun between the export and the switch: it comes along. Somebody puts the old name servers
// back after the switch: the move stops, and says so.
func TestBehindTheBack(t *testing.T) {
	t.Parallel()
	t.Run("a record", func(t *testing.T) {
		t.Parallel()
		m := newMove(t, 0)
		added := false
		m.world.clock.passed = func() {
			m.world.sync()
			if d, _ := m.world.aliyun.Domain(demoDomain); len(d.DS) == 0 && !added {
				added = true
				m.world.aliyun.PutRecord(demoDomain, aliyun.DNSRecord{RR: "late", Type: "A", Value: "203.0.113.77"})
			}
		}
		events, err := m.run()
		require.NoError(t, err)
		assert.True(t, slices.ContainsFunc(events, func(e transfer.Event) bool { return e.Kind == transfer.EventBack && e.Step == transfer.StepFreeze }))
		sets := m.world.route53.Sets(m.book.states[demoDomain].Zone.ID)
		assert.True(t, slices.ContainsFunc(sets, func(s route53x.RRSet) bool { return s.Name == "late.example.com." }))
		assert.Equal(t, 1, m.world.registrar.Orders(""))
	})
	t.Run("the name servers", func(t *testing.T) {
		t.Parallel()
		m := newMove(t, 0)
		done := false
		m.world.clock.passed = func() {
			m.world.sync()
			if ns, _ := m.world.registry.view(1, m.world.clock.Now()); !done && ns[0] != oldNameservers()[0] {
				done = true
				m.world.aliyun.ChangeDomain(demoDomain, func(d *aliyuntest.Domain) { d.NameServers = oldNameservers() })
			}
		}
		_, err := m.run()
		require.ErrorIs(t, err, transfer.ErrBlocked)
		assert.Contains(t, err.Error(), "the registrar has other name servers again (dns1.fake-alidns.com, dns2.fake-alidns.com)")
		_, err = m.run() // the config still agrees to the switch
		require.NoError(t, err)
		m.arrived("")
	})
}
