package route53x_test

import (
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// A key of the form that Route 53 signs with, and its DS: those of RFC 6605, section 6.1.
const (
	rfcKey = "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="
	rfcDS  = "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"
)

// held is a domain of the account.
func held(reg *route53xtest.Registrar) {
	reg.AddDomain(route53x.DomainDetail{
		Domain: "example.net", Nameservers: route53x.Nameservers("old1.example.org", "old2.example.org"), AutoRenew: true,
		Created: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), Expires: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		Status: []string{"CLIENT_TRANSFER_PROHIBITED"}, Contacts: route53x.SameContact(testContact()),
	}, testCode)
}

func TestChangesOfADomain(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	held(reg)
	var delegated []string
	reg.Hook(route53xtest.RegistrarHooks{Delegated: func(_ string, ns []string, _ time.Time) { delegated = ns }})
	done := func(op route53x.Operation, err error) route53x.DomainDetail {
		t.Helper()
		require.NoError(t, err)
		last, err := lastState(t.Context(), d, op)
		require.NoError(t, err)
		require.Equal(t, route53x.OperationSuccessful, last.Status)
		detail, err := d.Detail(t.Context(), "example.net")
		require.NoError(t, err)
		return detail
	}

	detail, err := d.Detail(t.Context(), "Example.NET.")
	require.NoError(t, err)
	assert.Equal(t, []string{"clientTransferProhibited"}, detail.Status, "as RFC 5731 spells it")
	assert.Equal(t, 2020, detail.Created.Year())
	assert.Equal(t, time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), detail.Expires.UTC())
	assert.True(t, detail.TransferLocked())

	detail = done(d.UnlockTransfer(t.Context(), "example.net"))
	assert.False(t, detail.TransferLocked())
	code, err := d.AuthCode(t.Context(), "example.net")
	require.NoError(t, err)
	assert.Equal(t, testCode, string(code))
	assert.Equal(t, "[redacted]", code.String())
	detail = done(d.LockTransfer(t.Context(), "example.net"))
	assert.True(t, detail.Has("CLIENTTRANSFERPROHIBITED"))

	detail = done(d.SetNameservers(t.Context(), "example.net", fourServers()))
	assert.Equal(t, fourServers(), detail.Nameservers)
	assert.Len(t, delegated, 4)
	own := []route53x.Nameserver{
		{Name: "ns1.example.net", Glue: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}},
		{Name: "ns2.example.org"},
	}
	detail = done(d.SetNameservers(t.Context(), "example.net", own))
	assert.Equal(t, own, detail.Nameservers)

	key, err := route53x.ParseDNSKEY(rfcKey)
	require.NoError(t, err)
	detail = done(d.AddDS(t.Context(), "example.net", key))
	require.Len(t, detail.DNSSECKeys, 1)
	assert.True(t, key.Signs("example.net", detail.DNSSECKeys[0]))
	assert.False(t, key.Signs("example.org", detail.DNSSECKeys[0]))
	detail = done(d.RemoveDS(t.Context(), "example.net", detail.DNSSECKeys[0].ID))
	assert.Empty(t, detail.DNSSECKeys)
}

func TestChangesAreRefused(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{})
	held(reg)
	for name, tt := range map[string]struct {
		do    func() error
		is    error
		words string
	}{
		"domain of others": {func() error { _, err := d.Detail(t.Context(), "example.org"); return err }, route53x.ErrNotFound, ""},
		"the same, std":    {func() error { _, err := d.Detail(t.Context(), "example.org"); return err }, fs.ErrNotExist, ""},
		"lock of others":   {func() error { _, err := d.LockTransfer(t.Context(), "example.org"); return err }, route53x.ErrNotFound, ""},
		"code of others":   {func() error { _, err := d.AuthCode(t.Context(), "example.org"); return err }, route53x.ErrNotFound, ""},
		"no domain":        {func() error { _, err := d.UnlockTransfer(t.Context(), "com"); return err }, route53x.ErrInvalid, "no domain"},
		"unsupported TLD":  {func() error { _, err := d.Detail(t.Context(), "example.cn"); return err }, route53x.ErrUnsupported, "UnsupportedTLD"},
		"one name server":  {func() error { _, err := d.SetNameservers(t.Context(), "example.net", fourServers()[:1]); return err }, route53x.ErrInvalid, "2 to 6"},
		"seven name servers": {func() error {
			_, err := d.SetNameservers(t.Context(), "example.net", route53x.Nameservers("a.b", "c.b", "d.b", "e.b", "f.b", "g.b", "h.b"))
			return err
		}, route53x.ErrInvalid, "2 to 6"},
		"glue outside": {func() error {
			_, err := d.SetNameservers(t.Context(), "example.net", []route53x.Nameserver{{Name: "a.b", Glue: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}, {Name: "c.b"}})
			return err
		}, route53x.ErrInvalid, "no Glue"},
		"key without bytes": {func() error {
			_, err := d.AddDS(t.Context(), "example.net", route53x.DNSSECKey{Flags: 1, Algorithm: 5})
			return err
		}, route53x.ErrInvalid, "Flags"},
		"key that is not here": {func() error { _, err := d.RemoveDS(t.Context(), "example.net", "key-9"); return err }, route53x.ErrInvalid, ""},
		"no key":               {func() error { _, err := d.RemoveDS(t.Context(), "example.net", ""); return err }, route53x.ErrInvalid, "ID of the key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.do()
			require.ErrorIs(t, err, tt.is)
			require.ErrorContains(t, err, tt.words)
		})
	}
}

func TestLimitsOfADomain(t *testing.T) {
	t.Parallel()
	reg, d := newRegistrar(t, route53xtest.RegistrarOptions{MaxKeys: 1})
	held(reg)
	key, err := route53x.ParseDNSKEY(rfcKey)
	require.NoError(t, err)
	op, err := d.AddDS(t.Context(), "example.net", key)
	require.NoError(t, err)
	_, err = lastState(t.Context(), d, op)
	require.NoError(t, err)
	_, err = d.AddDS(t.Context(), "example.net", key)
	require.ErrorIs(t, err, route53x.ErrLimit)
	reg.Maintain("net", true)
	_, err = d.AuthCode(t.Context(), "example.net")
	require.ErrorIs(t, err, route53x.ErrAskAgain)
}

// A change whose answer was lost is found again; one that never arrived is unknown, and not sent twice.
func TestLostAnswersOfChanges(t *testing.T) {
	t.Parallel()
	key, err := route53x.ParseDNSKEY(rfcKey)
	require.NoError(t, err)
	for action, do := range map[string]func(*route53x.Domains) (route53x.Operation, error){
		route53xtest.UpdateDomainNameservers: func(d *route53x.Domains) (route53x.Operation, error) {
			return d.SetNameservers(t.Context(), "example.net", fourServers())
		},
		route53xtest.EnableDomainTransferLock: func(d *route53x.Domains) (route53x.Operation, error) {
			return d.LockTransfer(t.Context(), "example.net")
		},
		route53xtest.DisableDomainTransferLock: func(d *route53x.Domains) (route53x.Operation, error) {
			return d.UnlockTransfer(t.Context(), "example.net")
		},
		route53xtest.AssociateDelegationSignerToDomain: func(d *route53x.Domains) (route53x.Operation, error) {
			return d.AddDS(t.Context(), "example.net", key)
		},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			reg, d := newRegistrar(t, route53xtest.RegistrarOptions{Listing: 10 * time.Second})
			held(reg)
			reg.LoseNext(action)
			op, err := do(d)
			require.NoError(t, err)
			assert.True(t, op.Resumed)
			assert.Equal(t, 1, reg.Calls(action))
			_, err = lastState(t.Context(), d, op)
			require.NoError(t, err)

			reg.DropNext(action)
			_, err = do(d)
			require.ErrorIs(t, err, route53x.ErrUnknownOutcome, "the operation of before is not ours")
			assert.Equal(t, 2, reg.Calls(action))
		})
	}
}

func TestDNSSECKeys(t *testing.T) {
	t.Parallel()
	key, err := route53x.ParseDNSKEY(rfcKey)
	require.NoError(t, err)
	ds, err := route53x.ParseDS(rfcDS)
	require.NoError(t, err)
	assert.Equal(t, uint16(55648), key.KeyTag)
	assert.True(t, key.Signs("example.net", ds))
	made, err := key.DS("Example.NET.", 2)
	require.NoError(t, err)
	assert.Equal(t, ds.Digest, made.Digest)
	other := ds
	other.KeyTag++
	assert.False(t, key.Signs("example.net", other))
	other = ds
	other.Digest = "00" + ds.Digest[2:]
	assert.False(t, key.Signs("example.net", other))
	_, err = key.DS("example.net", 3)
	require.ErrorIs(t, err, route53x.ErrInvalid)

	for text, words := range map[string]string{
		"257 3 13":                              "want flags",
		"257 3 13 !!!":                          "not base64",
		"257 3 13 AAAA":                         "has 3 bytes, one of algorithm 13 has 64",
		"0 3 13 " + strings.Fields(rfcKey)[3]:   "neither 257",
		"257 2 13 " + strings.Fields(rfcKey)[3]: "protocol 3",
		"257 3 5 " + strings.Fields(rfcKey)[3]:  "is not one to sign with",
		"257 3 8 AwEAAQ==":                      "too few for RSA",
		"99999 3 13 AAAA":                       "are numbers",
	} {
		_, err := route53x.ParseDNSKEY(text)
		require.ErrorIs(t, err, route53x.ErrInvalid, text)
		require.ErrorContains(t, err, words)
	}
	for text, words := range map[string]string{
		"55648 13 2":               "want key tag",
		"55648 13 2 zz":            "not hex",
		"55648 13 2 abcd":          "has 2 bytes, one of type 2 has 32",
		"55648 13 9 abcd":          "digest type 9",
		"655360 13 2 abcd":         "are numbers",
		"55648 13 1 " + rfcDS[11:]: "one of type 1 has 20",
	} {
		_, err := route53x.ParseDS(text)
		require.ErrorIs(t, err, route53x.ErrInvalid, text)
		require.ErrorContains(t, err, words)
	}
}

func FuzzParseDNSKEY(f *testing.F) {
	f.Add(rfcKey)
	f.Add("257 3 8 AwEAAQ==")
	f.Add("257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := route53x.ParseDNSKEY(s)
		if err != nil {
			if !errors.Is(err, route53x.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		ds, err := key.DS("example.com", 2)
		if err != nil || !key.Signs("example.com", ds) || ds.KeyTag != key.KeyTag {
			t.Fatalf("%q: %v, %v", s, ds, err)
		}
	})
}

func FuzzParseDS(f *testing.F) {
	f.Add(rfcDS)
	f.Add("1 8 1 00")
	f.Fuzz(func(t *testing.T, s string) {
		ds, err := route53x.ParseDS(s)
		if err != nil && !errors.Is(err, route53x.ErrInvalid) {
			t.Fatal(err)
		}
		if err == nil && len(ds.Digest)%2 != 0 {
			t.Fatal(ds)
		}
	})
}
