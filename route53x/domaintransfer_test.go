package route53x_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func TestTransferToTheEnd(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	var told []string
	reg.Hook(route53xtest.RegistrarHooks{
		Requested: func(domain string, _ time.Time) { told = append(told, "requested "+domain) },
		Ended: func(domain string, left bool, _ time.Time) {
			told = append(told, fmt.Sprint("ended ", domain, " ", left))
		},
		Delegated: func(domain string, ns []string, _ time.Time) {
			told = append(told, fmt.Sprint("delegated ", domain, " ", len(ns)))
		},
	})
	req := movable(reg)
	plan, err := d.PlanTransfer(t.Context(), req)
	require.NoError(t, err)
	require.NoError(t, plan.Err())
	for _, want := range []string{"15.00 USD", "ns-1.awsdns-01.com", "cannot be undone", "registrant:", "Type:PERSON", "[redacted]"} {
		assert.Contains(t, plan.String(), want)
	}
	require.Zero(t, reg.Orders(""))
	req.Consent = plan.Consent()

	op, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	assert.False(t, op.Resumed)
	assert.Equal(t, int64(1500), reg.Paid())

	var seen []string
	for s, err := range d.Wait(t.Context(), op, &route53x.OperationWaitOptions{MaxInterval: 6 * time.Hour}) {
		require.NoError(t, err)
		seen = append(seen, strings.Trim(fmt.Sprint(s.Status, " ", s.Flag), " "))
	}
	assert.Equal(t, []string{"SUBMITTED", "IN_PROGRESS PENDING_AUTHORIZATION", "IN_PROGRESS", "SUCCESSFUL"}, seen)
	assert.Equal(t, []string{"requested example.com", "ended example.com true", "delegated example.com 4"}, told)

	// Trap 35: TransferDomain always carries the zone's four name servers.
	detail, err := d.Detail(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Equal(t, fourServers(), detail.Nameservers)
	assert.True(t, detail.TransferLocked())
	assert.True(t, detail.Private)
	assert.True(t, detail.AutoRenew)
	assert.Equal(t, testMail, detail.Contacts.Registrant.Email)
	assert.Equal(t, 1, reg.Orders("example.com"))
	assert.Equal(t, int64(1500), reg.Paid())
}

func TestTransferNeedsConsent(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	plain := movable(reg)
	good := agreed(t, d, plain).Consent
	for name, tt := range map[string]struct {
		change func(*route53x.TransferRequest)
		words  string
	}{
		"none":               {func(r *route53x.TransferRequest) { r.Consent = route53x.TransferConsent{} }, "show a plan"},
		"another domain":     {func(r *route53x.TransferRequest) { r.Consent.Domain = "example.net" }, "the consent is for example.net"},
		"other name servers": {func(r *route53x.TransferRequest) { r.Nameservers = r.Nameservers[:2] }, "other name servers"},
		"cheaper":            {func(r *route53x.TransferRequest) { r.Consent.MaxPrice = route53x.USD(1499) }, "the price is 15.00 USD, agreed was up to 14.99 USD"},
		"another currency":   {func(r *route53x.TransferRequest) { r.Consent.MaxPrice.Currency = "JPY" }, "the price is 15.00 USD"},
		"no price":           {func(r *route53x.TransferRequest) { r.Consent.MaxPrice = route53x.Money{} }, "no price"},
		"renewal":            {func(r *route53x.TransferRequest) { r.NoAutoRenew = true }, "renewal or privacy"},
		"privacy":            {func(r *route53x.TransferRequest) { r.PublicContacts = true }, "renewal or privacy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := plain
			req.Consent = good
			tt.change(&req)
			_, err := d.Transfer(t.Context(), req)
			require.ErrorIs(t, err, route53x.ErrNeedsConsent)
			require.ErrorContains(t, err, tt.words)
			assert.Zero(t, reg.Calls(route53xtest.TransferDomain))
		})
	}

	t.Run("survives JSON", func(t *testing.T) {
		t.Parallel()
		data, err := json.Marshal(good)
		require.NoError(t, err)
		var back route53x.TransferConsent
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, good, back)
	})
}

func TestTransferNamesEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := movable(reg)
	req.Domain = "exa_mple"
	req.AuthCode = "a\nb"
	req.Nameservers = route53x.Nameservers("ns-1.awsdns-01.com.", "NS-1.awsdns-01.com", "bad_host")
	req.Contacts.Registrant.Phone = "13800138000"
	req.Contacts.Admin.Email = "nobody"
	req.Contacts.Tech.Type = route53x.ContactCompany
	req.Contacts.Billing = &route53x.Contact{Country: "ZZ"}
	for _, do := range []func() error{
		func() error { _, err := d.Transfer(t.Context(), req); return err },
		func() error { _, err := d.PlanTransfer(t.Context(), req); return err },
	} {
		err := do()
		require.ErrorIs(t, err, route53x.ErrInvalid)
		for _, want := range []string{
			"Domain: ", "AuthCode has", "ns-1.awsdns-01.com is there twice", "bad_host", "Registrant.Phone: want + country",
			"Admin.Email is not an address", "Tech.Organization is required", "Billing.FirstName is required", "Billing.Country: Route 53 does not know",
		} {
			assert.ErrorContains(t, err, want)
		}
		assert.NotContains(t, err.Error(), "13800138000")
	}
	assert.Zero(t, reg.Calls(""), "nothing is sent")
}

func TestNameserversOfATransfer(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	for name, servers := range map[string][]route53x.Nameserver{
		"none (what then happens is not documented)": nil,
		"one":                 route53x.Nameservers("ns-1.awsdns-01.com"),
		"seven":               route53x.Nameservers("a.x.net", "b.x.net", "c.x.net", "d.x.net", "e.x.net", "f.x.net", "g.x.net"),
		"inside without glue": route53x.Nameservers("ns1.example.com", "ns2.example.com"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := movable(reg)
			req.Nameservers = servers
			_, err := d.Transfer(t.Context(), req)
			require.ErrorIs(t, err, route53x.ErrInvalid)
			require.ErrorContains(t, err, "Nameservers: ")
		})
	}
}

// Trap 34: DuplicateRequest resumes with its RequestId; no second order.
func TestDuplicateRequestResumes(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Listing: time.Hour}) // the list does not have it yet
	req := agreed(t, d, movable(reg))
	first, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	second, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first.ID, second.ID)
	assert.True(t, second.Resumed)
	assert.Equal(t, 2, reg.Calls(route53xtest.TransferDomain), "the list was silent, DuplicateRequest was not")
	assert.Equal(t, 1, reg.Orders(""))
	assert.Len(t, reg.Charges(), 1)
}

// A running transfer that the list has is found before anything is sent, and is what the plan says.
func TestRunningTransferIsFound(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := agreed(t, d, movable(reg))
	first, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	second, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, first.ID, second.ID)
	assert.Equal(t, 1, reg.Calls(route53xtest.TransferDomain))

	plan, err := d.PlanTransfer(t.Context(), req)
	require.NoError(t, err)
	require.NoError(t, plan.Err())
	assert.Contains(t, plan.String(), "operation "+first.ID)
	assert.Contains(t, plan.String(), "nothing is ordered")
}

// Another operation of the domain is not taken for the transfer.
func TestDuplicateOfAnotherKind(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	reg.AddDomain(route53x.DomainDetail{Domain: "example.com"}, "x")
	lock, err := d.LockTransfer(t.Context(), "example.com")
	require.NoError(t, err)
	_, err = d.SetNameservers(t.Context(), "example.com", fourServers())
	require.ErrorIs(t, err, route53x.ErrExists)
	e, ok := errors.AsType[*route53x.Error](err)
	require.True(t, ok)
	assert.Equal(t, []string{lock.ID}, e.IDs)
	again, err := d.UnlockTransfer(t.Context(), "example.com")
	require.NoError(t, err, "the same kind is resumed")
	assert.Equal(t, lock.ID, again.ID)
	assert.True(t, again.Resumed)
}

func TestTransferOfWhatIsHereAlready(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := agreed(t, d, movable(reg))
	op, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	last, err := lastState(t.Context(), d, op)
	require.NoError(t, err)
	require.Equal(t, route53x.OperationSuccessful, last.Status)
	_, err = d.Transfer(t.Context(), req)
	require.ErrorIs(t, err, route53x.ErrExists)
	assert.Equal(t, 1, reg.Calls(route53xtest.TransferDomain))
	assert.Equal(t, 1, reg.Orders(""))
}

func TestFailedTransferIsRefundedAndCanBeOrderedAnew(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	req := agreed(t, d, movable(reg))
	wrong := req
	wrong.AuthCode = "not-the-code"
	op, err := d.Transfer(t.Context(), wrong)
	require.NoError(t, err, "the code is checked by the registry, later")
	last, err := lastState(t.Context(), d, op)
	require.ErrorIs(t, err, route53x.ErrFailed)
	require.ErrorContains(t, err, "authorization code is not valid")
	assert.Equal(t, route53x.OperationFailed, last.Status)
	assert.Zero(t, reg.Paid())

	second, err := d.Transfer(t.Context(), req)
	require.NoError(t, err)
	assert.NotEqual(t, op.ID, second.ID)
	_, err = lastState(t.Context(), d, second)
	require.NoError(t, err)
	assert.Equal(t, 2, reg.Orders(""))
	assert.Equal(t, int64(1500), reg.Paid(), "the first was given back")
}

func ExampleDomains_Transfer() {
	reg := route53xtest.NewRegistrar() // real code: route53x.DomainsConfig{AWS: cfg}
	defer reg.Close()
	reg.AddElsewhere(route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code-of-the-old-registrar"})
	domains, err := route53x.NewDomains(reg.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	req := route53x.TransferRequest{
		Domain: "example.com", AuthCode: "code-of-the-old-registrar", Contacts: route53x.SameContact(testContact()),
		Nameservers: route53x.Nameservers("ns-1.awsdns-01.com", "ns-2.awsdns-02.net"), // those of the hosted zone
	}
	plan, err := domains.PlanTransfer(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plan.Price, plan.Err()) // fmt.Print(plan), and ask
	req.Consent = plan.Consent()
	op, err := domains.Transfer(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	for state, err := range domains.Wait(ctx, op, nil) { // days; op.ID finds it again after a restart
		fmt.Println(state.Status, state.Flag, err)
	}
	// Output:
	// 15.00 USD <nil>
	// SUBMITTED  <nil>
	// IN_PROGRESS PENDING_AUTHORIZATION <nil>
	// IN_PROGRESS  <nil>
	// SUCCESSFUL  <nil>
}
