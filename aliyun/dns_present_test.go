package aliyun_test

import (
	"io/fs"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

const (
	validation = "_3f2a.www.example.com"
	acmTarget  = "_9b1c.xyz.acm-validations.aws"
)

func TestPresentCNAME(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	require.NoError(t, present(t.Context(), c, validation+".", acmTarget+"."))
	require.NoError(t, present(t.Context(), c, validation, "_9B1C.xyz.acm-validations.aws"))
	assert.Equal(t, 1, srv.Calls(aliyuntest.AddDomainRecord), "what is there was added again")
	require.Len(t, srv.Records(zone), 1)
	r := srv.Records(zone)[0]
	r.ID = ""
	assert.Equal(t, aliyun.DNSRecord{RR: "_3f2a.www", Type: "CNAME", Value: acmTarget, TTL: 600, Line: "default", Status: "ENABLE"}, r)
}

// The longest zone of the account is the one that answers.
func TestPresentCNAMEFindsTheZone(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	srv.AddZone(aliyuntest.Zone{Domain: "www.example.com"})
	require.NoError(t, present(t.Context(), c, validation, acmTarget))
	assert.Empty(t, srv.Records(zone))
	require.Len(t, srv.Records("www.example.com"), 1)
	assert.Equal(t, "_3f2a", srv.Records("www.example.com")[0].RR)

	require.ErrorIs(t, present(t.Context(), c, "_x.example.org", acmTarget), fs.ErrNotExist)
	require.ErrorIs(t, present(t.Context(), c, "example.com", acmTarget), aliyun.ErrInput)
	require.ErrorIs(t, present(t.Context(), c, "", "no dots"), aliyun.ErrInput)
}

// A platform that calls a name with an underscore no name of a domain has not said that there is no zone.
func TestPresentCNAMEOddNames(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	srv.FailNext(aliyuntest.DescribeDomainInfo, "InvalidDomainName.Format")
	require.NoError(t, present(t.Context(), c, validation, acmTarget))
	assert.Len(t, srv.Records(zone), 1)
	srv.FailNext(aliyuntest.DescribeDomainInfo, "Forbidden.RAM")
	require.ErrorIs(t, present(t.Context(), c, validation, acmTarget), fs.ErrPermission)
}

func TestPresentCNAMERefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		there aliyun.DNSRecord
		want  string
	}{
		"another target": {aliyun.DNSRecord{Type: "CNAME", Value: "elsewhere.example.net"}, "elsewhere.example.net already"},
		"another type":   {aliyun.DNSRecord{Type: "TXT", Value: "x"}, "type TXT"},
		"switched off":   {aliyun.DNSRecord{Type: "CNAME", Value: acmTarget, Status: "Disable"}, "switched off"},
		"one line only":  {aliyun.DNSRecord{Type: "CNAME", Value: acmTarget, Line: "telecom"}, `line "telecom"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.there.RR = "_3f2a.www"
			srv, c := newAccount(t, aliyuntest.Options{}, tt.there)
			err := present(t.Context(), c, validation, acmTarget)
			require.ErrorIs(t, err, aliyun.ErrConflict)
			require.ErrorContains(t, err, tt.want)
			assert.Zero(t, srv.Calls(aliyuntest.AddDomainRecord))
			assert.Len(t, srv.Records(zone), 1)
		})
	}
	// What is switched off and something else is in nobody's way.
	srv, c := newAccount(t, aliyuntest.Options{}, aliyun.DNSRecord{RR: "_3f2a.www", Type: "TXT", Value: "x", Status: "DISABLE"},
		aliyun.DNSRecord{RR: "_3f2a.www", Type: "CNAME", Value: "old.example.net", Status: "DISABLE"})
	require.NoError(t, present(t.Context(), c, validation, acmTarget))
	assert.Len(t, srv.Records(zone), 3)
}

// The answer to the adding is lost: one record, however often it is called.
func TestPresentCNAMELostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := newAccount(t, aliyuntest.Options{})
		srv.LoseNext(aliyuntest.AddDomainRecord)
		require.NoError(t, present(t.Context(), c, validation, acmTarget), "it is there: looked and found")
		assert.Len(t, srv.Records(zone), 1)

		srv.RemoveRecord(zone, srv.Records(zone)[0].ID)
		srv.DropNext(aliyuntest.AddDomainRecord)
		require.ErrorIs(t, present(t.Context(), c, validation, acmTarget), aliyun.ErrUnknownOutcome)
		require.NoError(t, present(t.Context(), c, validation, acmTarget))
		assert.Len(t, srv.Records(zone), 1)

		// Somebody else is faster by a moment.
		srv.RemoveRecord(zone, srv.Records(zone)[0].ID)
		srv.FailNext(aliyuntest.AddDomainRecord, "DomainRecordDuplicate")
		require.ErrorIs(t, present(t.Context(), c, validation, acmTarget), aliyun.ErrConflict)
		srv.Close()
	})
}

func TestAddRecord(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	d := c.DNS()
	id, err := d.AddRecord(t.Context(), zone, aliyun.DNSRecord{RR: "@", Type: "MX", Value: "mx.example.net", Priority: 5, TTL: 3600, Line: "oversea"})
	require.NoError(t, err)
	require.Len(t, srv.Records(zone), 1)
	assert.Equal(t, aliyun.DNSRecord{
		ID: id, RR: "@", Type: "MX", Value: "mx.example.net", Priority: 5, TTL: 3600, Line: "oversea", Status: "ENABLE",
	}, srv.Records(zone)[0])

	_, err = d.AddRecord(t.Context(), zone, aliyun.DNSRecord{Type: "MX", Priority: 51})
	require.ErrorIs(t, err, aliyun.ErrInput)
	for _, want := range []string{"RR is empty", "Value is empty", "Priority is 51"} {
		require.ErrorContains(t, err, want)
	}
	for name, tt := range map[string]struct {
		r    aliyun.DNSRecord
		kind error
	}{
		"twice":     {aliyun.DNSRecord{RR: "@", Type: "MX", Value: "mx.example.net", Priority: 5, Line: "oversea"}, aliyun.ErrConflict},
		"low TTL":   {aliyun.DNSRecord{RR: "a", Type: "A", Value: "192.0.2.1", TTL: 60}, aliyun.ErrQuota},
		"odd line":  {aliyun.DNSRecord{RR: "a", Type: "A", Value: "192.0.2.1", Line: "moon"}, aliyun.ErrInput},
		"odd type":  {aliyun.DNSRecord{RR: "a", Type: "LOC", Value: "x"}, aliyun.ErrInput},
		"CNAME too": {aliyun.DNSRecord{RR: "@", Type: "CNAME", Value: "x.example.net", Line: "oversea"}, aliyun.ErrConflict},
	} {
		_, err := d.AddRecord(t.Context(), zone, tt.r)
		require.ErrorIs(t, err, tt.kind, name)
		assert.True(t, asError(t, err).Sent, name)
	}
	srv.FailNext(aliyuntest.AddDomainRecord, "DomainRecordLocked")
	_, err = d.AddRecord(t.Context(), zone, aliyun.DNSRecord{RR: "a", Type: "A", Value: "192.0.2.1"})
	require.ErrorIs(t, err, aliyun.ErrLocked)
	assert.Len(t, srv.Records(zone), 1)
}
