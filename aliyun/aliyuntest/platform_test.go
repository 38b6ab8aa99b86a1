package aliyuntest_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// raw makes one call as a program without the client's care would.
func raw(t *testing.T, srv *aliyuntest.Server, product aliyun.Product, action string, params map[string]string) (map[string]any, error) {
	t.Helper()
	c, err := aliyun.New(srv.Config())
	require.NoError(t, err)
	version := map[aliyun.Product]string{aliyun.DNSProduct: "2015-01-09", aliyun.DomainProduct: "2018-01-29", aliyun.SMSProduct: "2017-05-25"}[product]
	resp, err := c.Call(t.Context(), aliyun.Request{Product: product, Version: version, Action: action, Params: params})
	if err != nil {
		return nil, err
	}
	var v map[string]any
	require.NoError(t, resp.Decode(&v))
	assert.NotContains(t, v, "Code", "a success of these products has no Code")
	return v, nil
}

// The fake is no kinder than the platform.
func TestRefusalsOfAlidnsAndDomain(t *testing.T) {
	t.Parallel()
	srv := served(t, aliyuntest.Options{})
	srv.AddDomain(aliyuntest.Domain{Name: "example.com"})
	for name, tt := range map[string]struct {
		product aliyun.Product
		action  string
		params  map[string]string
		code    string
	}{
		"no domain":        {aliyun.DNSProduct, aliyuntest.DescribeDomainRecords, nil, "MissingDomainName"},
		"other domain":     {aliyun.DNSProduct, aliyuntest.DescribeDomainInfo, map[string]string{"DomainName": "example.org"}, "InvalidDomainName.NoExist"},
		"page size":        {aliyun.DNSProduct, aliyuntest.DescribeDomainRecords, map[string]string{"DomainName": "example.com", "PageSize": "501"}, "InvalidPageSize"},
		"page":             {aliyun.DNSProduct, aliyuntest.DescribeDomainRecords, map[string]string{"DomainName": "example.com", "PageNumber": "0"}, "InvalidPageNumber"},
		"weights page":     {aliyun.DNSProduct, aliyuntest.DescribeDNSSLBSubDomains, map[string]string{"DomainName": "example.com", "PageSize": "x"}, "InvalidPageSize"},
		"DNSSEC status":    {aliyun.DNSProduct, aliyuntest.SetDomainDnssecStatus, map[string]string{"DomainName": "example.com", "Status": "maybe"}, "InvalidStatus"},
		"MX priority":      {aliyun.DNSProduct, aliyuntest.AddDomainRecord, map[string]string{"DomainName": "example.com", "RR": "m", "Type": "MX", "Value": "x.example.net", "Priority": "51"}, "InvalidPriority"},
		"address":          {aliyun.DNSProduct, aliyuntest.AddDomainRecord, map[string]string{"DomainName": "example.com", "RR": "m", "Type": "A", "Value": "x"}, "DomainRecordValueInvalid"},
		"name":             {aliyun.DNSProduct, aliyuntest.AddDomainRecord, map[string]string{"DomainName": "example.com", "RR": "-", "Type": "A", "Value": "192.0.2.1"}, "SubDomainInvalid"},
		"apex CNAME":       {aliyun.DNSProduct, aliyuntest.AddDomainRecord, map[string]string{"DomainName": "example.com", "RR": "@", "Type": "CNAME", "Value": "x.example.net"}, "DomainRecordConflict"},
		"no value":         {aliyun.DNSProduct, aliyuntest.AddDomainRecord, map[string]string{"DomainName": "example.com", "RR": "a", "Type": "A"}, "MissingValue"},
		"domain of nobody": {aliyun.DomainProduct, aliyuntest.SaveSingleTaskForTransferProhibitionLock, map[string]string{"DomainName": "example.org", "Status": "true"}, "DomainNotExist"},
		"lock status":      {aliyun.DomainProduct, aliyuntest.SaveSingleTaskForUpdateProhibitionLock, map[string]string{"DomainName": "example.com", "Status": "ON"}, "MissingStatus"},
		"key tag":          {aliyun.DomainProduct, aliyuntest.SaveSingleTaskForDeletingDSRecord, map[string]string{"DomainName": "example.com"}, "MissingKeyTag"},
		"one name server":  {aliyun.DomainProduct, aliyuntest.SaveBatchTaskForModifyingDomainDNS, map[string]string{"DomainName.1": "example.com", "AliyunDns": "false", "DomainNameServer.1": "ns1.example.net"}, "InvalidDomainNameServer"},
		"AliyunDns":        {aliyun.DomainProduct, aliyuntest.SaveBatchTaskForModifyingDomainDNS, map[string]string{"DomainName.1": "example.com"}, "MissingAliyunDns"},
		"not a list":       {aliyun.DomainProduct, aliyuntest.SaveBatchTaskForModifyingDomainDNS, map[string]string{"DomainName": "example.com", "AliyunDns": "true"}, "MissingDomainName"},
		"task page":        {aliyun.DomainProduct, aliyuntest.QueryTaskDetailList, map[string]string{"TaskNo": "x"}, "MissingPageNum"},
		"version":          {aliyun.SMSProduct, aliyuntest.DescribeDomainInfo, map[string]string{"DomainName": "example.com"}, "InvalidVersion"},
		"action":           {aliyun.DNSProduct, "DescribeMoon", nil, "InvalidAction.NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := raw(t, srv, tt.product, tt.action, tt.params)
			ae, ok := errors.AsType[*aliyun.Error](err)
			require.True(t, ok, err)
			assert.Equal(t, tt.code, ae.Code)
			assert.GreaterOrEqual(t, ae.Status, 400)
		})
	}
	t.Cleanup(func() { assert.Empty(t, srv.Tasks()) }) // after the subtests
}

// Without a PageSize there are 20 records and no sign that there are more.
func TestDefaultPageIsTwenty(t *testing.T) {
	t.Parallel()
	srv := served(t, aliyuntest.Options{})
	v, err := raw(t, srv, aliyun.DNSProduct, aliyuntest.DescribeDomainRecords, map[string]string{"DomainName": "example.com"})
	require.NoError(t, err)
	assert.Equal(t, json.Number("20"), v["PageSize"])
	assert.Equal(t, json.Number("26"), v["TotalCount"])
	list, ok := v["DomainRecords"].(map[string]any)["Record"].([]any)
	require.True(t, ok)
	assert.Len(t, list, 20)
	first, ok := list[0].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "CAA", first["Type"], "newest first")
	assert.NotContains(t, first, "Priority")

	v, err = raw(t, srv, aliyun.DNSProduct, aliyuntest.DescribeDomainInfo, map[string]string{"DomainName": "example.com"})
	require.NoError(t, err)
	assert.NotContains(t, v, "MinTtl", "details come only when they are asked for")
}

// With a StateFile a program that is run again meets the zone, the task and the code that it left.
func TestPlatformSurvivesARestart(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	opts := aliyuntest.Options{StateFile: filepath.Join(t.TempDir(), "aliyun.json"), Now: func() time.Time { return now }}
	open := func() (*aliyuntest.Server, *aliyun.Domains, *aliyun.DNS) {
		srv, err := aliyuntest.Open(opts)
		require.NoError(t, err)
		t.Cleanup(srv.Close)
		c, err := aliyun.New(srv.Config())
		require.NoError(t, err)
		return srv, c.Domains(&aliyun.DomainsOptions{Now: opts.Now}), c.DNS()
	}
	srv, d, z := open()
	srv.AddZone(aliyuntest.Zone{Domain: "example.com"})
	srv.AddDomain(aliyuntest.Domain{Name: "example.com"})
	id, err := z.AddRecord(t.Context(), "example.com", aliyun.DNSRecord{RR: "a", Type: "A", Value: "192.0.2.1"})
	require.NoError(t, err)
	task, err := d.RequestAuthCode(t.Context(), "example.com")
	require.NoError(t, err)
	srv.Close()

	now = now.Add(time.Minute)
	srv, d, _ = open()
	require.Len(t, srv.Records("example.com"), 1)
	assert.Equal(t, id, srv.Records("example.com")[0].ID)
	code, err := d.AuthCode(t.Context(), "example.com", task.No)
	require.NoError(t, err)
	require.NotEmpty(t, code.Reveal())
	srv.Close()

	srv, d, z = open()
	again, err := d.AuthCode(t.Context(), "example.com", task.No)
	require.NoError(t, err)
	assert.Equal(t, code, again, "the code is made once")
	require.NoError(t, srv.ReceiveTransfer("example.com", code.Reveal()))
	next, err := z.AddRecord(t.Context(), "example.com", aliyun.DNSRecord{RR: "b", Type: "A", Value: "192.0.2.1"})
	require.NoError(t, err)
	assert.NotEqual(t, id, next)
	_, err = strconv.Atoi(next)
	require.NoError(t, err)
	srv.Close()

	srv, _, _ = open()
	now = now.Add(5 * 24 * time.Hour)
	dom, ok := srv.Domain("example.com")
	require.True(t, ok)
	assert.True(t, dom.Gone)
}

func TestReceiveTransferRefuses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	srv, err := aliyuntest.Open(aliyuntest.Options{Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	ready := func(edit func(*aliyuntest.Domain)) {
		srv.AddDomain(aliyuntest.Domain{Name: "example.com"})
		srv.ChangeDomain("example.com", func(d *aliyuntest.Domain) {
			d.Out.Status, d.Out.AuthCode, d.Out.Expires = aliyun.OutCodeIssued, "code", now.Add(time.Hour)
			edit(d)
		})
	}
	require.ErrorContains(t, srv.ReceiveTransfer("example.com", "code"), "not at this registrar")
	for want, edit := range map[string]func(*aliyuntest.Domain){
		"wrong auth code":          func(d *aliyuntest.Domain) { d.Out.AuthCode = "other" },
		"has expired":              func(d *aliyuntest.Domain) { d.Out.Expires = now },
		"clientTransferProhibited": func(d *aliyuntest.Domain) { d.TransferLock = aliyun.LockOpen },
		"60 days":                  func(d *aliyuntest.Domain) { d.Registered = now.Add(-time.Hour) },
		"15 days":                  func(d *aliyuntest.Domain) { d.Expires = now.Add(time.Hour) },
		"status 8":                 func(d *aliyuntest.Domain) { d.Out.Status = aliyun.OutFailed },
		"under way":                func(d *aliyuntest.Domain) { d.Out.Status, d.Out.Requested = aliyun.OutRequested, now },
		"not at this registrar":    func(d *aliyuntest.Domain) { d.Gone = true },
	} {
		ready(edit)
		require.ErrorContains(t, srv.ReceiveTransfer("example.com", "code"), want)
	}
	ready(func(*aliyuntest.Domain) {})
	require.NoError(t, srv.ReceiveTransfer("example.com", "code"))
}
