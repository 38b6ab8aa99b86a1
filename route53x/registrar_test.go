package route53x_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// What programs that move domains ask for, satisfied in words of the standard library.
var (
	_ transfer.Registrar        = (*route53x.Registrar)(nil)
	_ transfer.Preflight        = (*route53x.Registrar)(nil)
	_ transfer.DelegationSigner = (*route53x.Registrar)(nil)
	_ transfer.TransferIn       = (*route53x.Registrar)(nil)
)

func names(servers []route53x.Nameserver) (out []string) {
	for _, s := range servers {
		out = append(out, s.Name)
	}
	return out
}

func TestRegistrarBringsADomainIn(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Reading: -1})
	movable(reg)
	r := d.Registrar(route53x.SameContact(testContact()))
	since := reg.Config().Clock.Now().Add(-5 * time.Minute)

	blockers, err := r.TransferBlockers(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Empty(t, blockers)
	_, _, _, _, err = r.DomainFacts(t.Context(), "example.com")
	require.ErrorIs(t, err, route53x.ErrNotFound)
	cents, currency, err := r.TransferPrice(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Equal(t, "1500 USD", fmt.Sprint(cents, " ", currency))
	found, err := r.FindTransfer(t.Context(), "example.com", since)
	require.NoError(t, err)
	assert.Empty(t, found)

	reg.Unsure("example.com", 1)
	verdict, reason, err := r.CheckTransfer(t.Context(), "example.com", testCode)
	require.NoError(t, err)
	assert.Equal(t, "unknown", verdict, reason)
	verdict, _, err = r.CheckTransfer(t.Context(), "example.com", testCode)
	require.NoError(t, err)
	assert.Equal(t, "yes", verdict)

	_, err = r.LimitPrice(route53x.USD(1499)).TransferDomain(t.Context(), "example.com", testCode, names(fourServers()))
	require.ErrorIs(t, err, route53x.ErrNeedsConsent)
	op, err := r.LimitPrice(route53x.USD(1500)).WithoutAutoRenew().TransferDomain(t.Context(), "Example.com.", testCode, names(fourServers()))
	require.NoError(t, err)
	again, err := r.TransferDomain(t.Context(), "example.com", testCode, names(fourServers()))
	require.NoError(t, err)
	assert.Equal(t, op, again)
	found, err = r.FindTransfer(t.Context(), "example.com", since)
	require.NoError(t, err)
	assert.Equal(t, op, found)

	state, reason, err := r.OperationState(t.Context(), op)
	require.NoError(t, err)
	assert.Equal(t, "running", state, reason)
	reg.Advance(2 * time.Minute)
	state, reason, err = r.OperationState(t.Context(), op)
	require.NoError(t, err)
	assert.Equal(t, "waiting", state)
	assert.Contains(t, reason, "ResendAuthorization")
	require.True(t, reg.Authorize("example.com"))
	require.True(t, reg.Approve("example.com"))
	state, _, err = r.OperationState(t.Context(), op)
	require.NoError(t, err)
	assert.Equal(t, "done", state)

	registered, expires, ns, status, err := r.DomainFacts(t.Context(), "example.com")
	require.NoError(t, err)
	assert.True(t, registered.Before(expires))
	assert.Equal(t, names(fourServers()), ns)
	assert.Contains(t, status, "clientTransferProhibited")
	detail, _ := reg.Domain("example.com")
	assert.False(t, detail.AutoRenew)
	assert.Equal(t, 1, reg.Orders(""))
}

func TestRegistrarVerdicts(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	movable(reg)
	held(reg)
	reg.AddElsewhere(route53xtest.Elsewhere{Domain: "slow.org", AuthCode: testCode})
	reg.Maintain("org", true)
	r := d.Registrar(route53x.SameContact(testContact()))
	for name, tt := range map[string]struct{ domain, code, verdict, words string }{
		"wrong code":  {"example.com", "wrong", "no", "code is not valid"},
		"ours":        {"example.net", testCode, "no", "already"},
		"TLD":         {"example.cn", testCode, "no", "not supported"},
		"maintenance": {"slow.org", testCode, "unknown", "maintenance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdict, reason, err := r.CheckTransfer(t.Context(), tt.domain, tt.code)
			require.NoError(t, err)
			assert.Equal(t, tt.verdict, verdict)
			assert.Contains(t, reason, tt.words)
		})
	}
	_, _, err := r.CheckTransfer(t.Context(), "com", testCode)
	require.ErrorIs(t, err, route53x.ErrInvalid)

	bad := d.Registrar(route53x.Contacts{}).LimitPrice(route53x.USD(1))
	blockers, err := bad.TransferBlockers(t.Context(), "example.net")
	require.NoError(t, err)
	assert.Contains(t, blockers, "the contacts for Route 53 are not complete: Registrant.Email is required")
	assert.Contains(t, blockers, "the transfer costs 17.00 USD, the limit is 0.01 USD")
	assert.Contains(t, blockers, "the domain is registered in this account of AWS already")
	blockers, err = r.TransferBlockers(t.Context(), "example.cn")
	require.NoError(t, err)
	assert.Equal(t, []string{"Route 53 does not take domains under cn"}, blockers)
}

func TestRegistrarChanges(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	held(reg)
	r := d.Registrar(route53x.Contacts{})
	finish := func(task string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.NotEmpty(t, task)
		state, _, err := r.TaskState(t.Context(), "example.net", task)
		require.NoError(t, err)
		require.Equal(t, "running", state)
		reg.Hold("example.net", route53x.PendingSupportCase, "")
		state, reason, err := r.TaskState(t.Context(), "example.net", task)
		require.NoError(t, err)
		require.Equal(t, "running", state, "a task is running, done or failed")
		require.Contains(t, reason, "support")
		reg.Release("example.net")
		reg.Advance(time.Hour)
		state, _, err = r.TaskState(t.Context(), "example.net", task)
		require.NoError(t, err)
		require.Equal(t, "done", state)
	}
	already := func(task string, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Empty(t, task)
	}
	finish(r.SetNameservers(t.Context(), "example.net", names(fourServers())))
	already(r.SetNameservers(t.Context(), "example.net", []string{"NS-4.awsdns-04.co.uk.", "ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org"}))
	already(r.SetLock(t.Context(), "example.net", "clientTransferProhibited", true))
	finish(r.SetLock(t.Context(), "example.net", "clientTransferProhibited", false))
	already(r.SetLock(t.Context(), "example.net", "clientTransferProhibited", false))
	finish(r.SetLock(t.Context(), "example.net", "clientTransferProhibited", true))
	already(r.SetLock(t.Context(), "example.net", "clientUpdateProhibited", false))
	_, err := r.SetLock(t.Context(), "example.net", "clientUpdateProhibited", true)
	require.ErrorIs(t, err, route53x.ErrUnsupported)
	state, _, err := r.TaskState(t.Context(), "example.net", "")
	require.NoError(t, err)
	assert.Equal(t, "done", state)

	key, err := route53x.ParseDNSKEY(rfcKey)
	require.NoError(t, err)
	op, err := d.AddDS(t.Context(), "example.net", key)
	finish(op.ID, err)
	tags, err := r.DSKeyTags(t.Context(), "example.net")
	require.NoError(t, err)
	assert.Equal(t, []uint16{55648}, tags)
	already(r.DeleteDS(t.Context(), "example.net", 1))
	finish(r.DeleteDS(t.Context(), "example.net", 55648))
	tags, err = r.DSKeyTags(t.Context(), "example.net")
	require.NoError(t, err)
	assert.Empty(t, tags)

	// An edit of name servers that the registry refuses is a task that fails.
	detail, _ := reg.Domain("example.net")
	detail.Status = append(detail.Status, "clientUpdateProhibited")
	reg.AddDomain(detail, testCode)
	task, err := r.SetNameservers(t.Context(), "example.net", []string{"a.example.org", "b.example.org"})
	require.NoError(t, err)
	reg.Advance(time.Hour)
	state, reason, err := r.TaskState(t.Context(), "example.net", task)
	require.NoError(t, err)
	assert.Equal(t, "failed", state)
	assert.NotEmpty(t, reason)
}

func ExampleDomains_Registrar() {
	reg := route53xtest.NewRegistrar() // real code: route53x.DomainsConfig{AWS: cfg}
	defer reg.Close()
	reg.AddElsewhere(route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code-of-the-old-registrar"})
	domains, err := route53x.NewDomains(reg.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	registrar := domains.Registrar(route53x.SameContact(testContact())).LimitPrice(route53x.USD(2000))
	ctx := context.Background()
	fmt.Println(registrar.TransferPrice(ctx, "example.com"))
	fmt.Println(registrar.CheckTransfer(ctx, "example.com", "code-of-the-old-registrar"))
	fmt.Println(registrar.CheckTransfer(ctx, "example.com", "another"))
	// Output:
	// 1500 USD <nil>
	// yes  <nil>
	// no the domain cannot be transferred: The authorization code is not valid. <nil>
}
