package route53x_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// The secrets of these tests: they appear in no error, no log and no printed value.
const (
	testCode  = "s3cr3t-Auth%Code"
	testMail  = "holder@mail.example.org"
	testPhone = "+86.13800138000"
	testName  = "Zhangsan"
	testRoad  = "1 Hidden Road"
)

func testContact() route53x.Contact {
	return route53x.Contact{
		FirstName: testName, LastName: "Li", Email: testMail, Phone: testPhone, Address1: testRoad, City: "Hangzhou",
		State: "Zhejiang", Zip: "310000", Country: "CN",
	}
}

func fourServers() []route53x.Nameserver {
	return route53x.Nameservers("ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org", "ns-4.awsdns-04.co.uk")
}

func newRegistrar(t *testing.T, opts route53xtest.RegistrarOptions) (*route53xtest.Registrar, *route53x.Domains) {
	t.Helper()
	reg := route53xtest.OpenRegistrar(opts)
	t.Cleanup(reg.Close)
	d, err := route53x.NewDomains(reg.Config())
	require.NoError(t, err)
	return reg, d
}

// movable is a domain that can be transferred, and a request that does it.
func movable(reg *route53xtest.Registrar) route53x.TransferRequest {
	reg.AddElsewhere(route53xtest.Elsewhere{Domain: "example.com", AuthCode: testCode, Nameservers: []string{"dns1.hichina.com", "dns2.hichina.com"}})
	return route53x.TransferRequest{
		Domain: "example.com", AuthCode: testCode, Contacts: route53x.SameContact(testContact()), Nameservers: fourServers(),
	}
}

// agreed is the request with the consent to its plan.
func agreed(t *testing.T, d *route53x.Domains, req route53x.TransferRequest) route53x.TransferRequest {
	t.Helper()
	plan, err := d.PlanTransfer(t.Context(), req)
	require.NoError(t, err)
	req.Consent = plan.Consent()
	return req
}

// lastState waits for the end of an operation.
func lastState(ctx context.Context, d *route53x.Domains, op route53x.Operation) (last route53x.OperationState, err error) {
	for s, e := range d.Wait(ctx, op, &route53x.OperationWaitOptions{MaxInterval: 6 * time.Hour}) {
		last, err = s, e
	}
	return last, err
}

func TestNewDomainsNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := route53x.NewDomains(route53x.DomainsConfig{MaxRetries: new(-1)})
	require.Error(t, err)
	assert.ErrorContains(t, err, "AWS.Credentials are required")
	assert.ErrorContains(t, err, "MaxRetries: -1")
}

// The SDK's client has the calls, and one that is given is used: with all of them no credentials are needed.
func TestDomainsWithAPIsOfTheCaller(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	cfg := reg.Config().AWS
	cfg.Region = route53x.DomainsRegion
	counted := &countingAPI{Client: route53domains.NewFromConfig(cfg)}
	d, err := route53x.NewDomains(route53x.DomainsConfig{Transfers: counted, Domains: counted, Signers: counted, Prices: counted, Clock: reg.Config().Clock})
	require.NoError(t, err)
	reg.AddElsewhere(route53xtest.Elsewhere{Domain: "example.com", AuthCode: testCode})
	req := route53x.TransferRequest{
		Domain: "example.com", AuthCode: testCode, Contacts: route53x.SameContact(testContact()), Nameservers: fourServers(),
	}
	counted.lose = true
	op, err := d.Transfer(t.Context(), agreed(t, d, req))
	require.NoError(t, err)
	assert.True(t, op.Resumed, "what a client of the caller's says of a lost answer is believed")
	assert.Equal(t, 1, counted.transfers)
	assert.Equal(t, 1, reg.Orders(""))
	_, err = d.Detail(t.Context(), "example.com")
	require.ErrorIs(t, err, route53x.ErrNotFound)
}

// countingAPI is a client of the caller's, which loses an answer in its own way.
type countingAPI struct {
	*route53domains.Client

	transfers int
	lose      bool
}

func (c *countingAPI) TransferDomain(
	ctx context.Context, in *route53domains.TransferDomainInput, opts ...func(*route53domains.Options),
) (*route53domains.TransferDomainOutput, error) {
	c.transfers++
	out, err := c.Client.TransferDomain(ctx, in, opts...)
	if c.lose {
		return nil, &smithy.OperationError{ServiceID: "Route 53 Domains", OperationName: "TransferDomain", Err: &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}}
	}
	return out, err
}

// What does not belong to the account has no code of its own, and no words that are known.
func TestInvalidInputOfDetailIsNotFound(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	reg.FailNext(route53xtest.GetDomainDetail, "InvalidInput")
	_, err := d.Detail(t.Context(), "example.com")
	require.ErrorIs(t, err, route53x.ErrNotFound)
	assert.NotErrorIs(t, err, route53x.ErrInvalid)
}

// Trap 38: the domains client goes to us-east-1 whatever the caller's Region: host and signature alike.
func TestDomainsGoToUSEast1(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"", "cn-north-1", "eu-central-1", "us-east-1"} {
		t.Run("from "+region, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			var host, auth string
			mock.RegisterNoResponder(func(req *http.Request) (*http.Response, error) {
				host, auth = req.URL.Host, req.Header.Get("Authorization")
				return httpmock.NewStringResponse(http.StatusOK, `{"Prices":[{"Name":"com","TransferPrice":{"Price":15.0,"Currency":"USD"}}]}`), nil
			})
			d, err := route53x.NewDomains(route53x.DomainsConfig{AWS: aws.Config{
				Region: region, HTTPClient: &http.Client{Transport: mock},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
				}),
			}})
			require.NoError(t, err)
			price, err := d.Price(t.Context(), "com")
			require.NoError(t, err)
			assert.Equal(t, route53x.USD(1500), price.Transfer)
			assert.Equal(t, "route53domains.us-east-1.amazonaws.com", host)
			assert.Contains(t, auth, "/us-east-1/route53domains/aws4_request")
		})
	}
}

// The fake is no kinder than the platform: a client that is bound to another Region is refused.
func TestFakeRefusesOtherRegionsAndKeys(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	cfg := reg.Config()
	cfg.AWS.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAFAKEREGISTRAR001", SecretAccessKey: "another"}, nil
	})
	d, err := route53x.NewDomains(cfg)
	require.NoError(t, err)
	_, err = d.Price(t.Context(), "com")
	e, ok := errors.AsType[*route53x.Error](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "InvalidSignatureException", e.Code)
	assert.NotEmpty(t, e.RequestID)
}

func TestPrice(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{PriceList: []route53x.TLDPrice{
		{TLD: "com", Register: route53x.USD(1500), Transfer: route53x.USD(1500), Renew: route53x.USD(1500)},
		{TLD: "co.uk", Register: route53x.USD(900), Transfer: route53x.USD(0)},
		{TLD: "edu", Renew: route53x.USD(7777)},
	}})
	for name, tt := range map[string]struct {
		tld  string
		want string
		is   error
	}{
		"plain":              {tld: "com", want: "15.00 USD"},
		"with a dot":         {tld: ".COM", want: "15.00 USD"},
		"two labels, free":   {tld: "co.uk", want: "0.00 USD"},
		"of a domain":        {tld: route53x.TLDOf("www.co.uk"), want: "0.00 USD"},
		"no transfers":       {tld: "edu", want: "not offered"},
		"not there":          {tld: "cn", is: route53x.ErrUnsupported},
		"not there, std":     {tld: "cn", is: errors.ErrUnsupported},
		"no name":            {tld: "c m", is: route53x.ErrInvalid},
		"nothing":            {tld: "", is: route53x.ErrInvalid},
		"a domain is no TLD": {tld: "example.com", is: route53x.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := d.Price(t.Context(), tt.tld)
			require.ErrorIs(t, err, tt.is)
			if tt.is == nil {
				assert.Equal(t, tt.want, p.Transfer.String())
			}
		})
	}
	assert.Zero(t, reg.Orders(""))
}

func TestPricesPages(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{PageSize: 2})
	all := d.Prices(t.Context())
	for range 2 { // every range begins anew
		var tlds []string
		for p, err := range all {
			require.NoError(t, err)
			tlds = append(tlds, p.TLD)
		}
		assert.Equal(t, []string{"co.uk", "com", "dev", "io", "net", "org"}, tlds)
	}
	assert.Equal(t, 6, reg.Calls(route53xtest.ListPrices))
	for _, err := range all {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 7, reg.Calls(route53xtest.ListPrices), "no page before it is needed")

	reg.FailNext(route53xtest.ListPrices, "AccessDeniedException")
	var errs []error
	for p, err := range all {
		assert.Zero(t, p)
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "AccessDeniedException")
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]route53x.Money{
		"14.00 USD": route53x.USD(1400), "0.05 USD": route53x.USD(5), "-1.50 EUR": {Cents: -150, Currency: "EUR"}, "not offered": {},
	} {
		assert.Equal(t, want, m.String())
	}
}

// Reads are repeated when they were throttled or failed on the way, writes never.
func TestDomainReadsAreRepeated(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	reg.FailNext(route53xtest.ListPrices, "ThrottlingException")
	reg.FailNext(route53xtest.ListPrices, "ServiceUnavailable")
	reg.DropNext(route53xtest.ListPrices)
	_, err := d.Price(t.Context(), "com")
	require.NoError(t, err)
	assert.Equal(t, 4, reg.Calls(route53xtest.ListPrices))

	for range 5 {
		reg.FailNext(route53xtest.ListPrices, "ThrottlingException")
	}
	_, err = d.Price(t.Context(), "com")
	require.ErrorIs(t, err, route53x.ErrThrottled)
	assert.Equal(t, 9, reg.Calls(route53xtest.ListPrices))

	reg.AddDomain(route53x.DomainDetail{Domain: "example.com"}, "code")
	reg.FailNext(route53xtest.EnableDomainTransferLock, "ThrottlingException")
	_, err = d.LockTransfer(t.Context(), "example.com")
	require.ErrorIs(t, err, route53x.ErrThrottled)
	assert.Equal(t, 1, reg.Calls(route53xtest.EnableDomainTransferLock))
}

func TestCancelledReadStopsAtOnce(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := d.Price(ctx, "com")
	require.ErrorIs(t, err, why)
	assert.Zero(t, reg.Calls(""))

	ctx, cancel = context.WithCancelCause(t.Context())
	reg.HangNext(route53xtest.ListPrices)
	go func() {
		for reg.Calls(route53xtest.ListPrices) == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel(why)
	}()
	_, err = d.Price(ctx, "com")
	require.ErrorIs(t, err, why)
	assert.Equal(t, 1, reg.Calls(""))
	assert.NotContains(t, err.Error(), "fakeSecret")
}
