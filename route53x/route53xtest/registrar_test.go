package route53xtest_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// sdkOf is Amazon's own client for the registrar, so that the fake is asked in the platform's words and not in ours.
func sdkOf(reg *route53xtest.Registrar, region string) *route53domains.Client {
	cfg := reg.Config().AWS
	cfg.Region = region
	hc := reg.Client()
	cfg.HTTPClient = smithyhttp.ClientDoFunc(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			req.Body = struct{ io.ReadCloser }{req.Body} // its WriteTo breaks connections with quick answers
		}
		return hc.Do(req)
	})
	return route53domains.NewFromConfig(cfg, func(o *route53domains.Options) { o.Retryer = aws.NopRetryer{} })
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func order() *route53domains.TransferDomainInput {
	contact := &types.ContactDetail{
		ContactType: types.ContactTypePerson, FirstName: new("A"), LastName: new("B"), Email: new("a@example.org"), PhoneNumber: new("+1.5551234"),
		AddressLine1: new("1 Road"), City: new("Town"), CountryCode: types.CountryCodeUs, State: new("WA"), ZipCode: new("98101"),
	}
	return &route53domains.TransferDomainInput{
		DomainName: new("example.com"), AuthCode: new("code"), AdminContact: contact, RegistrantContact: contact, TechContact: contact,
		Nameservers: []types.Nameserver{{Name: new("ns-1.awsdns-01.com")}, {Name: new("ns-2.awsdns-02.net")}},
	}
}

func TestRegistrarIsOnlyInUSEast1(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	for region, want := range map[string]string{"us-east-1": "", "eu-central-1": "InvalidSignatureException", "us-west-2": "InvalidSignatureException"} {
		_, err := sdkOf(reg, region).ListPrices(t.Context(), &route53domains.ListPricesInput{})
		assert.Equal(t, want, code(err), region)
	}
}

func TestRegistrarRefusesOnTheWire(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	post := func(change func(*http.Request)) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *reg.Config().AWS.BaseEndpoint+"/", strings.NewReader(`{"Tld":"com"}`))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "Route53Domains_v20140515.ListPrices")
		change(req)
		resp, err := reg.Client().Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(body)
	}
	assert.Contains(t, post(func(*http.Request) {}), "MissingAuthenticationTokenException")
	assert.Contains(t, post(func(r *http.Request) {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=00")
	}), "IncompleteSignatureException")
	assert.Contains(t, post(func(r *http.Request) {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAOTHER/20261127/us-east-1/route53domains/aws4_request, SignedHeaders=host, Signature=00")
		r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	}), "UnrecognizedClientException")
	assert.Contains(t, post(func(r *http.Request) {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAFAKEREGISTRAR001/20261127/us-east-1/route53domains/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target;content-type, Signature=00")
		r.Header.Set("X-Amz-Date", time.Now().UTC().Format("20060102T150405Z"))
	}), "does not match")
	assert.Contains(t, post(func(r *http.Request) {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAFAKEREGISTRAR001/20261127/us-east-1/route53domains/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target;content-type, Signature=00")
		r.Header.Set("X-Amz-Date", time.Now().Add(-time.Hour).UTC().Format("20060102T150405Z"))
	}), "expired")
}

func TestRegistrarRefusesOrders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*route53domains.TransferDomainInput, *route53xtest.Registrar)
		want   string
	}{
		"good": {func(*route53domains.TransferDomainInput, *route53xtest.Registrar) {}, ""},
		"capital letters": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.DomainName = new("Example.com")
		}, "InvalidInput"},
		"final dot": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.DomainName = new("example.com.")
		}, "InvalidInput"},
		"TLD": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.DomainName = new("example.cn")
		}, "UnsupportedTLD"},
		"phone": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.TechContact = with(in.TechContact, func(c *types.ContactDetail) { c.PhoneNumber = new("5551234") })
		}, "InvalidInput"},
		"mail": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.AdminContact = with(in.AdminContact, func(c *types.ContactDetail) { c.Email = new("a") })
		}, "InvalidInput"},
		"company without a name": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.AdminContact = with(in.AdminContact, func(c *types.ContactDetail) { c.ContactType = types.ContactTypeCompany })
		}, "InvalidInput"},
		"privacy that differs": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.PrivacyProtectTechContact = new(false)
		}, "InvalidInput"},
		"reserved years": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.DurationInYears = new(int32(2))
		}, "InvalidInput"},
		"one name server": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.Nameservers = in.Nameservers[:1]
		}, "InvalidInput"},
		"twice the same": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.Nameservers[1] = in.Nameservers[0]
		}, "InvalidInput"},
		"name server with a dot": {func(in *route53domains.TransferDomainInput, _ *route53xtest.Registrar) {
			in.Nameservers[0].Name = new("ns-1.awsdns-01.com.")
		}, "InvalidInput"},
		"premium": {func(_ *route53domains.TransferDomainInput, reg *route53xtest.Registrar) {
			reg.AddElsewhere(route53xtest.Elsewhere{Domain: "example.com", Premium: true})
		}, "InvalidInput"},
		"ours": {func(_ *route53domains.TransferDomainInput, reg *route53xtest.Registrar) {
			reg.AddDomain(route53x.DomainDetail{Domain: "example.com"}, "x")
		}, "InvalidInput"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := route53xtest.NewRegistrar()
			defer reg.Close()
			in := order()
			tt.change(in, reg)
			_, err := sdkOf(reg, "us-east-1").TransferDomain(t.Context(), in)
			assert.Equal(t, tt.want, code(err), "%v", err)
			assert.Equal(t, tt.want == "", len(reg.Charges()) == 1, "money is taken with the order, and only then")
		})
	}
}

func with(c *types.ContactDetail, change func(*types.ContactDetail)) *types.ContactDetail {
	out := *c
	change(&out)
	return &out
}

// Whoever forgets the name servers has a domain without any: trap 35.
func TestRegistrarTransferWithoutNameservers(t *testing.T) {
	t.Parallel()
	reg := route53xtest.OpenRegistrar(route53xtest.RegistrarOptions{SkipsTheMail: true})
	defer reg.Close()
	reg.AddElsewhere(route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code", Nameservers: []string{"dns1.hichina.com", "dns2.hichina.com"}})
	in := order()
	in.Nameservers = nil
	_, err := sdkOf(reg, "us-east-1").TransferDomain(t.Context(), in)
	require.NoError(t, err)
	reg.Advance(6 * 24 * time.Hour)
	d, ok := reg.Domain("example.com")
	require.True(t, ok)
	assert.Empty(t, d.Nameservers)
}

func TestRegistrarDuplicateNamesTheOperation(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	c := sdkOf(reg, "us-east-1")
	first, err := c.TransferDomain(t.Context(), order())
	require.NoError(t, err)
	_, err = c.TransferDomain(t.Context(), order())
	dup, ok := errors.AsType[*types.DuplicateRequest](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, *first.OperationId, aws.ToString(dup.RequestId))
}

// What lets a transfer fail later, when the registry is asked: the money comes back.
func TestRegistrarRefunds(t *testing.T) {
	t.Parallel()
	young := time.Now().Add(-10 * 24 * time.Hour)
	for name, tt := range map[string]struct {
		e     route53xtest.Elsewhere
		later func(*route53xtest.Registrar)
		words string
	}{
		"not registered":   {words: "not registered"},
		"wrong code":       {e: route53xtest.Elsewhere{Domain: "example.com", AuthCode: "other"}, words: "authorization code"},
		"no code":          {e: route53xtest.Elsewhere{Domain: "example.com"}, words: "authorization code"},
		"locked":           {e: route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code", Status: []string{"clientTransferProhibited"}}, words: "clientTransferProhibited"},
		"locked by server": {e: route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code", Status: []string{"serverTransferProhibited"}}, words: "serverTransferProhibited"},
		"young":            {e: route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code", Registered: young}, words: "registered less than 60 days"},
		"moved lately":     {e: route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code", Transferred: young}, words: "transferred less than 60 days"},
		"locked meanwhile": {
			e:     route53xtest.Elsewhere{Domain: "example.com", AuthCode: "code"},
			later: func(r *route53xtest.Registrar) { r.ElsewhereStatus("example.com", "clientTransferProhibited") }, words: "clientTransferProhibited",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := route53xtest.NewRegistrar()
			defer reg.Close()
			if tt.e.Domain != "" {
				reg.AddElsewhere(tt.e)
			}
			c := sdkOf(reg, "us-east-1")
			op, err := c.TransferDomain(t.Context(), order())
			require.NoError(t, err)
			require.Equal(t, int64(1500), reg.Paid())
			reg.Advance(2 * time.Minute)
			if tt.later != nil {
				tt.later(reg)
			}
			reg.Advance(24 * time.Hour)
			state, err := c.GetOperationDetail(t.Context(), &route53domains.GetOperationDetailInput{OperationId: op.OperationId})
			require.NoError(t, err)
			assert.Equal(t, types.OperationStatusFailed, state.Status)
			assert.Contains(t, aws.ToString(state.Message), tt.words)
			assert.Zero(t, reg.Paid())
			assert.False(t, reg.Charges()[0].Refunded.IsZero())
			_, ok := reg.Domain("example.com")
			assert.False(t, ok)
		})
	}
}

func TestRegistrarLists(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	c := sdkOf(reg, "us-east-1")
	for i := range 25 {
		name := "d" + string(rune('a'+i)) + ".com"
		reg.AddDomain(route53x.DomainDetail{Domain: name}, "x")
		_, err := c.EnableDomainTransferLock(t.Context(), &route53domains.EnableDomainTransferLockInput{DomainName: &name})
		require.NoError(t, err)
	}
	out, err := c.ListOperations(t.Context(), &route53domains.ListOperationsInput{})
	require.NoError(t, err)
	assert.Len(t, out.Operations, 20, "the default")
	assert.Equal(t, "da.com", *out.Operations[0].DomainName, "the first one first, unless told otherwise")
	rest, err := c.ListOperations(t.Context(), &route53domains.ListOperationsInput{Marker: out.NextPageMarker})
	require.NoError(t, err)
	assert.Len(t, rest.Operations, 5)
	assert.Nil(t, rest.NextPageMarker)
	for name, in := range map[string]*route53domains.ListOperationsInput{
		"marker": {Marker: new("another")}, "too many": {MaxItems: new(int32(101))}, "none": {MaxItems: new(int32(0))}, "sorted by": {SortBy: "Name"},
	} {
		_, err := c.ListOperations(t.Context(), in)
		assert.Equal(t, "InvalidInput", code(err), name)
	}
	_, err = c.ListPrices(t.Context(), &route53domains.ListPricesInput{Tld: new("com"), MaxItems: new(int32(1))})
	assert.Equal(t, "InvalidInput", code(err))
	_, err = c.GetOperationDetail(t.Context(), &route53domains.GetOperationDetailInput{OperationId: new("no")})
	assert.Equal(t, "InvalidInput", code(err))
}

// Many callers at once: one order.
func TestRegistrarTakesOneOrderOfMany(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	c := sdkOf(reg, "us-east-1")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := c.TransferDomain(t.Context(), order())
			if err != nil {
				assert.Equal(t, "DuplicateRequest", code(err))
			}
			reg.Advance(time.Second)
			_ = reg.Mails("example.com")
		})
	}
	wg.Wait()
	assert.Equal(t, 1, reg.Orders("example.com"))
	assert.Len(t, reg.Charges(), 1)
}
