package aliyun_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// losing is what the program that moves a domain wants of the registrar that it leaves, in its own words.
type losing interface {
	DomainFacts(ctx context.Context, domain string) (registered, expires time.Time, nameservers, status []string, err error)
	SetNameservers(ctx context.Context, domain string, nameservers []string) (task string, err error)
	SetLock(ctx context.Context, domain, eppStatus string, on bool) (task string, err error)
	TaskState(ctx context.Context, domain, task string) (state, reason string, err error)
	TransferBlockers(ctx context.Context, domain string) ([]string, error)
	DSKeyTags(ctx context.Context, domain string) ([]uint16, error)
	DeleteDS(ctx context.Context, domain string, keyTag uint16) (task string, err error)
	RequestAuthCode(ctx context.Context, domain string) (task string, err error)
	AuthCode(ctx context.Context, domain, task string) (code string, err error)
	TransferOutState(ctx context.Context, domain string) (state string, requested, expires time.Time, err error)
	ApproveTransferOut(ctx context.Context, domain string) (task string, err error)
	CancelTransferOut(ctx context.Context, domain string) (task string, err error)
}

var _ losing = (*aliyun.Registrar)(nil)

// ended waits for a task and wants it done.
func ended(t *testing.T, r losing, task string, err error) {
	t.Helper()
	require.NoError(t, err)
	require.NotEmpty(t, task)
	state, _, err := r.TaskState(t.Context(), zone, task)
	require.NoError(t, err)
	require.Equal(t, "running", state)
	time.Sleep(2 * time.Second)
	state, reason, err := r.TaskState(t.Context(), zone, task)
	require.NoError(t, err)
	require.Equal(t, "done", state, reason)
}

func TestRegistrarFacts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		r := d.Registrar()
		_, _, ns, status, err := r.DomainFacts(t.Context(), zone)
		require.NoError(t, err)
		assert.Equal(t, []string{"dns1.fake-alidns.com", "dns2.fake-alidns.com"}, ns)
		assert.Empty(t, status)
		srv.ChangeDomain(zone, func(d *aliyuntest.Domain) {
			d.TransferLock, d.UpdateLock, d.Status, d.MailHold = aliyun.LockOpen, aliyun.LockOpen, aliyun.DomainRedeem, true
			d.Out.Status = aliyun.OutRequested
			d.Out.Requested = time.Now()
		})
		registered, expires, _, status, err := r.DomainFacts(t.Context(), zone)
		require.NoError(t, err)
		assert.Equal(t, []string{"clientTransferProhibited", "clientUpdateProhibited", "pendingTransfer", "redemptionPeriod", "clientHold"}, status)
		assert.True(t, registered.Before(time.Now()) && expires.After(time.Now()))
		_, _, _, _, err = r.DomainFacts(t.Context(), "other.example")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

// What is so already gives no task and makes no order.
func TestRegistrarIsLevelTriggered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		var r losing = d.Registrar()
		srv.ChangeDomain(zone, func(d *aliyuntest.Domain) { d.DS = []aliyun.DSRecord{{KeyTag: 2371}} })
		steps := map[string]func() (string, error){
			"name servers": func() (string, error) {
				return r.SetNameservers(t.Context(), zone, []string{"NS-2.awsdns-02.net.", "ns-1.awsdns-01.com"})
			},
			"transfer lock": func() (string, error) { return r.SetLock(t.Context(), zone, "clientTransferProhibited", true) },
			"update lock":   func() (string, error) { return r.SetLock(t.Context(), zone, "clientUpdateProhibited", true) },
			"DS":            func() (string, error) { return r.DeleteDS(t.Context(), zone, 2371) },
		}
		for _, name := range []string{"DS", "name servers", "transfer lock", "update lock"} {
			task, err := steps[name]()
			ended(t, r, task, err)
			before := len(srv.Tasks())
			task, err = steps[name]()
			require.NoError(t, err, name)
			assert.Empty(t, task, name)
			assert.Len(t, srv.Tasks(), before, name)
		}
		tags, err := r.DSKeyTags(t.Context(), zone)
		require.NoError(t, err)
		assert.Empty(t, tags)
		task, err := r.SetLock(t.Context(), zone, "clientTransferProhibited", false)
		ended(t, r, task, err)
		_, err = r.SetLock(t.Context(), zone, "serverTransferProhibited", true)
		require.ErrorIs(t, err, aliyun.ErrInput)
		_, err = r.SetNameservers(t.Context(), zone, newServers()) // set already, so the lock is in nobody's way
		require.NoError(t, err)
		_, err = r.SetNameservers(t.Context(), zone, []string{"ns1.example.net", "ns2.example.net"})
		require.ErrorIs(t, err, aliyun.ErrLocked)
	})
}

func TestRegistrarMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		var r losing = d.Registrar()
		state := func() string {
			s, _, _, err := r.TransferOutState(t.Context(), zone)
			require.NoError(t, err)
			return s
		}
		assert.Equal(t, "none", state())
		task, err := r.CancelTransferOut(t.Context(), zone)
		require.NoError(t, err)
		assert.Empty(t, task, "there is nothing to cancel")
		_, err = r.ApproveTransferOut(t.Context(), zone)
		require.ErrorIs(t, err, aliyun.ErrConflict)

		task, err = r.RequestAuthCode(t.Context(), zone)
		require.NoError(t, err)
		code, err := r.AuthCode(t.Context(), zone, task)
		require.NoError(t, err)
		assert.Empty(t, code)
		ended(t, r, task, nil)
		code, err = r.AuthCode(t.Context(), zone, task)
		require.NoError(t, err)
		assert.Equal(t, "code issued", state())
		require.NoError(t, srv.ReceiveTransfer(zone, code))
		assert.Equal(t, "requested", state())
		task, err = r.ApproveTransferOut(t.Context(), zone)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		assert.Equal(t, "done", state())
		again, err := r.ApproveTransferOut(t.Context(), zone)
		require.NoError(t, err)
		assert.Empty(t, again, "done is done")
		_, err = r.CancelTransferOut(t.Context(), zone)
		require.ErrorIs(t, err, aliyun.ErrConflict)
		s, _, err := r.TaskState(t.Context(), zone, task)
		require.NoError(t, err)
		assert.Equal(t, "done", s, "tasks outlive the domain")
	})
}

func TestRegistrarTaskThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		r := d.Registrar()
		srv.FailNextTask(aliyuntest.SaveSingleTaskForTransferProhibitionLock, "no luck")
		task, err := r.SetLock(t.Context(), zone, "clientTransferProhibited", true)
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		state, reason, err := r.TaskState(t.Context(), zone, task)
		require.NoError(t, err)
		assert.Equal(t, []string{"failed", "no luck"}, []string{state, reason})
		srv.AnswerNext(aliyuntest.QueryTaskDetailList, 200, nil, `{"RequestId":"R","Data":{"TaskDetail":[{"TaskStatus":"THINKING"}]}}`)
		state, reason, err = r.TaskState(t.Context(), zone, task)
		require.NoError(t, err)
		assert.Equal(t, []string{"running", "THINKING"}, []string{state, reason})
	})
}

func TestTransferBlockers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*aliyuntest.Domain)
		want string
	}{
		"fine":            {func(*aliyuntest.Domain) {}, ""},
		"locks are ours":  {func(d *aliyuntest.Domain) { d.TransferLock, d.UpdateLock = aliyun.LockOpen, aliyun.LockOpen }, ""},
		"60 days":         {func(d *aliyuntest.Domain) { d.Registered = time.Now().Add(-60 * 24 * time.Hour) }, ""},
		"not yet 60 days": {func(d *aliyuntest.Domain) { d.Registered = time.Now().Add(-60*24*time.Hour + time.Minute) }, "less than 60 days ago"},
		"15 days left":    {func(d *aliyuntest.Domain) { d.Expires = time.Now().Add(15 * 24 * time.Hour) }, ""},
		"not 15 days":     {func(d *aliyuntest.Domain) { d.Expires = time.Now().Add(15*24*time.Hour - time.Minute) }, "less than 15 days"},
		"real name":       {func(d *aliyuntest.Domain) { d.RealName = aliyun.RealNameFailed }, "实名认证"},
		"premium":         {func(d *aliyuntest.Domain) { d.Premium = true }, "premium"},
		"expired":         {func(d *aliyuntest.Domain) { d.Status = aliyun.DomainNeedRenew }, "renew or redeem"},
		"holder":          {func(d *aliyuntest.Domain) { d.RegistrantPending = true }, "being changed"},
		"hold":            {func(d *aliyuntest.Domain) { d.MailHold = true }, "confirm it"},
		"on its way": {func(d *aliyuntest.Domain) {
			d.Out.Status, d.Out.Requested = aliyun.OutRequested, time.Now()
		}, "on its way out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, d := newDomains(t, aliyuntest.Options{})
				srv.ChangeDomain(zone, tt.edit)
				found, err := d.Registrar().TransferBlockers(t.Context(), zone)
				require.NoError(t, err)
				if tt.want == "" {
					assert.Empty(t, found)
					return
				}
				require.Len(t, found, 1)
				assert.Contains(t, found[0], tt.want)
				assert.Regexp(t, `\p{Han}`, found[0])
			})
		})
	}
}

// The clock that ages are counted by is the caller's.
func TestBlockersByTheCallersClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	srv, c := newAccount(t, aliyuntest.Options{Now: func() time.Time { return now }})
	srv.ChangeDomain(zone, func(d *aliyuntest.Domain) { d.Registered = now.Add(-59 * 24 * time.Hour) })
	later := c.Domains(&aliyun.DomainsOptions{Now: func() time.Time { return now.Add(48 * time.Hour) }})
	found, err := later.Registrar().TransferBlockers(t.Context(), zone)
	require.NoError(t, err)
	assert.Empty(t, found)
	found, err = c.Domains(&aliyun.DomainsOptions{Now: func() time.Time { return now }}).Registrar().TransferBlockers(t.Context(), zone)
	require.NoError(t, err)
	assert.Contains(t, strings.Join(found, ""), "2026-11-28")
	_, err = c.Registrar().TransferBlockers(t.Context(), "other.example")
	require.ErrorIs(t, err, fs.ErrNotExist)
}
