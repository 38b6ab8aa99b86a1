package route53xtest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func TestRequestsHaveToBeSigned(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL()+"/2013-04-01/hostedzonesbyname", http.NoBody)
	require.NoError(t, err)
	resp, err := srv.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)

	for name, tt := range map[string]struct {
		keys aws.Credentials
		code string
	}{
		"another key":    {aws.Credentials{AccessKeyID: "AKIAOTHER", SecretAccessKey: "x"}, "InvalidClientTokenId"},
		"another secret": {aws.Credentials{AccessKeyID: "AKIAFAKEROUTE53FAKE1", SecretAccessKey: "x"}, "SignatureDoesNotMatch"},
	} {
		cfg := srv.AWS()
		cfg.Credentials = aws.CredentialsProviderFunc(func(ctx) (aws.Credentials, error) { return tt.keys, nil })
		_, err := route53.NewFromConfig(cfg).ListHostedZonesByName(t.Context(), nil)
		require.Error(t, err, name)
		requireCode(t, tt.code, err)
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{MaxZones: 6, MaxZonesPerName: 2})
	c := sdk(srv)
	made, err := c.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: new("Example.com"), CallerReference: new("one"), HostedZoneConfig: &types.HostedZoneConfig{Comment: new("mine")},
	})
	require.NoError(t, err)
	assert.Equal(t, "example.com.", *made.HostedZone.Name)
	assert.Equal(t, "mine", *made.HostedZone.Config.Comment)
	assert.Equal(t, types.ChangeStatusPending, made.ChangeInfo.Status)
	assert.Len(t, made.DelegationSet.NameServers, 4)
	assert.True(t, strings.HasPrefix(*made.HostedZone.Id, "/hostedzone/Z"), "IDs arrive with a prefix")

	create := func(name, ref string) error {
		_, err := c.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: &name, CallerReference: &ref})
		return err
	}
	requireCode(t, "HostedZoneAlreadyExists", create("example.com", "one"))
	requireCode(t, "HostedZoneAlreadyExists", create("example.net", "one"))
	requireCode(t, "InvalidDomainName", create("com", "two"))
	requireCode(t, "InvalidInput", create("example.com", strings.Repeat("x", 129)))
	require.NoError(t, create("example.com", "two"), "another zone of the same name")
	requireCode(t, "DelegationSetNotAvailable", create("example.com", "three"))

	private := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com", Private: true})
	got, err := c.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &private})
	require.NoError(t, err)
	assert.True(t, got.HostedZone.Config.PrivateZone)
	assert.Nil(t, got.DelegationSet)
	assert.Len(t, got.VPCs, 1)

	require.NoError(t, create("a.example", "4"))
	require.NoError(t, create("b.example", "5"))
	require.NoError(t, create("c.example", "6"))
	requireCode(t, "TooManyHostedZones", create("d.example", "7"))

	id := *made.HostedZone.Id
	_, err = change(t.Context(), c, id, route53x.Op{Action: "CREATE", Set: a("www.example.com.")})
	require.NoError(t, err)
	_, err = c.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &id})
	requireCode(t, "HostedZoneNotEmpty", err)
	_, err = change(t.Context(), c, id, remove(a("www.example.com.")))
	require.NoError(t, err)
	_, err = c.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &id})
	require.NoError(t, err)
	_, err = c.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &id})
	requireCode(t, "NoSuchHostedZone", err)
	requireCode(t, "HostedZoneAlreadyExists", create("example.com", "one"))
}

// A list begins at the name or after it, and what comes first need not be what was asked for.
func TestZonesByName(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{})
	for _, name := range []string{"example.com", "a.example.com", "a-b.com", "a.com", "example.com", "zebra.com"} {
		srv.AddZone(route53xtest.ZoneSpec{Name: name})
	}
	c := sdk(srv)
	var names []string
	in := &route53.ListHostedZonesByNameInput{MaxItems: new(int32(2))}
	for {
		out, err := c.ListHostedZonesByName(t.Context(), in)
		require.NoError(t, err)
		for _, z := range out.HostedZones {
			names = append(names, *z.Name)
		}
		if !out.IsTruncated {
			break
		}
		in.DNSName, in.HostedZoneId = out.NextDNSName, out.NextHostedZoneId
	}
	assert.Equal(t, []string{"a-b.com.", "a.com.", "example.com.", "example.com.", "a.example.com.", "zebra.com."}, names,
		"by reversed labels with their dots")
	out, err := c.ListHostedZonesByName(t.Context(), &route53.ListHostedZonesByNameInput{DNSName: new("not.there.com"), MaxItems: new(int32(1))})
	require.NoError(t, err)
	assert.Equal(t, "zebra.com.", *out.HostedZones[0].Name)
}

// A page that ends within a weighted group goes on there only with the identifier.
func TestSetsAreListedInPages(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{MaxPageSize: 2})
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	require.NoError(t, srv.Edit(zone, create(weighted("w.example.com.", "1", 1)), create(weighted("w.example.com.", "2", 1)),
		create(weighted("w.example.com.", "3", 1)), create(a("*.example.com.")), create(a("w-x.example.com.")), create(of("w.example.com.", route53x.MX, "1 a."))))
	c := sdk(srv)
	list := func(identifier bool) (keys []string) {
		in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: new(int32(100))}
		for range 10 {
			out, err := c.ListResourceRecordSets(t.Context(), in)
			require.NoError(t, err)
			require.LessOrEqual(t, len(out.ResourceRecordSets), 2)
			for _, s := range out.ResourceRecordSets {
				keys = append(keys, fmt.Sprint(*s.Name, " ", s.Type, " ", aws.ToString(s.SetIdentifier)))
			}
			if !out.IsTruncated {
				break
			}
			in.StartRecordName, in.StartRecordType = out.NextRecordName, out.NextRecordType
			if in.StartRecordIdentifier = nil; identifier {
				in.StartRecordIdentifier = out.NextRecordIdentifier
			}
		}
		return keys
	}
	want := []string{
		"example.com. NS ", "example.com. SOA ", `\052.example.com. A `, "w-x.example.com. A ",
		"w.example.com. A 1", "w.example.com. A 2", "w.example.com. A 3", "w.example.com. MX ",
	}
	assert.Equal(t, want, list(true))
	assert.NotEqual(t, want, list(false))

	_, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordType: types.RRTypeA})
	requireCode(t, "InvalidInput", err)
}

// The rules of 2026-07-30: fifty at once, then ten a second, and CreateHostedZone two.
func TestBuckets(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{Clock: stopped()})
	c := sdk(srv)
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	list := func() error {
		_, err := c.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &zone})
		return err
	}
	for range 50 {
		require.NoError(t, list())
	}
	requireCode(t, "Throttling", list())
	_, err := c.GetHostedZone(t.Context(), &route53.GetHostedZoneInput{Id: &zone})
	requireCode(t, "Throttling", err) // the account's bucket is empty too
	srv.Advance(time.Second)
	for range 10 {
		require.NoError(t, list())
	}
	requireCode(t, "Throttling", list())
	assert.Equal(t, 3, srv.Throttled(""))
	assert.Equal(t, 60, srv.Done(route53xtest.ListResourceRecordSets))

	srv.Advance(time.Minute)
	made := 0
	for i := range 45 {
		_, err := c.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: new(fmt.Sprintf("z%d.example", i)), CallerReference: new(fmt.Sprint(i))})
		if err == nil {
			made++
		}
	}
	assert.Equal(t, 40, made)
}

// A batch costs as many tokens of the bucket of changes as it has changes.
func TestBucketOfChanges(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{Clock: stopped(), ChangesPerSecond: 10, ChangesBurst: 20})
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	c := sdk(srv)
	batch := func(from, n int) error {
		var ops []route53x.Op
		for i := range n {
			ops = append(ops, create(a(fmt.Sprintf("h%d.example.com.", from+i))))
		}
		_, err := change(t.Context(), c, zone, ops...)
		return err
	}
	require.NoError(t, batch(0, 15))
	requireCode(t, "Throttling", batch(15, 6))
	srv.Advance(100 * time.Millisecond)
	require.NoError(t, batch(15, 6))
	requireCode(t, "Throttling", batch(21, 30))
	srv.Advance(2 * time.Second)
	require.NoError(t, batch(21, 30), "more than the bucket holds: when it is full")
	srv.Advance(time.Second)
	requireCode(t, "Throttling", batch(51, 1))
}

func TestPriorRequest(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{Clock: stopped(), Processing: time.Second})
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	other := srv.AddZone(route53xtest.ZoneSpec{Name: "example.net"})
	c := sdk(srv)
	_, err := change(t.Context(), c, zone, create(a("1.example.com.")))
	require.NoError(t, err)
	_, err = change(t.Context(), c, zone, create(a("2.example.com.")))
	requireCode(t, "PriorRequestNotComplete", err)
	_, err = change(t.Context(), c, other, create(a("1.example.net.")))
	require.NoError(t, err, "another zone is not busy")
	srv.Advance(time.Second)
	_, err = change(t.Context(), c, zone, create(a("2.example.com.")))
	require.NoError(t, err)

	srv.Advance(time.Second)
	srv.SlowNext(route53xtest.ChangeResourceRecordSets, 200*time.Millisecond)
	first := make(chan error, 1)
	started := make(chan struct{})
	srv.Observe(func(e faultEvent) {
		if e.Op == route53xtest.ChangeResourceRecordSets && e.When == "before" && e.N == 5 {
			close(started)
		}
	})
	go func() {
		_, err := change(t.Context(), c, zone, create(a("3.example.com.")))
		first <- err
	}()
	<-started
	_, err = change(t.Context(), c, zone, create(a("4.example.com.")))
	requireCode(t, "PriorRequestNotComplete", err)
	require.NoError(t, <-first)
}

func TestLog(t *testing.T) {
	t.Parallel()
	srv := open(t, route53xtest.Options{})
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	_, err := change(t.Context(), sdk(srv), "/hostedzone/"+zone, create(a("a.example.com.", "192.0.2.1", "192.0.2.22")), upsert(a("b.example.com.")))
	require.NoError(t, err)
	_, err = change(t.Context(), sdk(srv), zone, create(a("a.example.com.")))
	requireCode(t, "InvalidChangeBatch", err)
	log := srv.Requests()
	require.Len(t, log, 2)
	assert.Equal(t, []any{zone, 2, 4, 9 + 10 + 18, ""}, []any{log[0].Zone, log[0].Changes, log[0].Elements, log[0].Chars, log[0].Code})
	assert.Equal(t, "InvalidChangeBatch", log[1].Code)
	assert.True(t, slices.IsSortedFunc(log, func(a, b route53xtest.Request) int { return a.At.Compare(b.At) }))
}
