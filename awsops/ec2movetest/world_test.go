package ec2movetest_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func TestWorldIsJSON(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(ec2movetest.Sample())
	require.NoError(t, err)
	w, err := ec2movetest.Load(bytes.NewReader(data))
	require.NoError(t, err)
	assert.Equal(t, ec2movetest.Sample(), w)
	assertSame(t, sample(ec2movetest.Options{}).Snapshot(), ec2movetest.New(&ec2movetest.Options{World: &w}).Snapshot())
}

func TestWorldIsChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"regions":{"eu-central-1":{}}}`: "",
		`{"regions":{"here":{}}}`:         "no Region",
		`{"regoins":{}}`:                  "unknown field",
		`{} {}`:                           "more than one",
		`{"account":"1"}`:                 "12 digits",
		`{"regions":{"eu-central-1":{"instances":[{"id":"x"}]}}}`:                                                              "no ID",
		`{"regions":{"eu-central-1":{"instances":[{"id":"i-0123456789abcdef0","key":"none"}]}}}`:                               "does not exist",
		`{"regions":{"eu-central-1":{"instances":[{"id":"i-0123456789abcdef0","type":"x"}]}}}`:                                 "no type",
		`{"regions":{"eu-central-1":{"instances":[{"id":"i-0123456789abcdef0"},{"id":"i-0123456789abcdef0"}]}}}`:               "twice",
		`{"regions":{"eu-central-1":{"instances":[{"id":"i-0123456789abcdef0","profile":"none"}]}}}`:                           "is not there",
		`{"regions":{"eu-central-1":{"instances":[{"id":"i-0123456789abcdef0","groups":["sg-01234567"]}]}}}`:                   "does not exist",
		`{"regions":{"eu-central-1":{"groups":[{"id":"sg-01234567","name":"a","in":[{"protocol":"tcp","peer":"x"}]}]}}}`:       "malformed",
		`{"regions":{"eu-central-1":{"volumes":[{"id":"vol-01234567","gib":0}]}}}`:                                             "not between",
		`{"regions":{"eu-central-1":{"volumes":[{"id":"vol-01234567","gib":1,"zone":"z"}]}}}`:                                  "no zone",
		`{"regions":{"eu-central-1":{"volumes":[{"id":"vol-01234567","gib":1,"kms_key":"none"}]}}}`:                            "is not there",
		`{"regions":{"eu-central-1":{"addresses":[{"id":"eipalloc-1","instance":"i-01234567"}]}}}`:                             "is not there",
		`{"regions":{"eu-central-1":{"key_pairs":[{"name":"a","public_key":"x"}]}}}`:                                           "format",
		`{"regions":{"eu-central-1":{"vpcs":[{"id":"vpc-1","cidr":"10.0.0.0/16","subnets":[{"id":"subnet-1","zone":"z"}]}]}}}`: "no zone",
		`{"regions":{"eu-central-1":{"kms_keys":["arn:aws:kms:us-east-1:123456789012:key/1"]}}}`:                               "no key of this Region",
		`{"regions":{"eu-central-1":{"prefix_lists":[{"id":"pl-123456","name":"a","entries":{"x":""}}]}}}`:                     "malformed",
	} {
		_, err := ec2movetest.Load(strings.NewReader(text))
		if want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorContains(t, err, want, text)
		}
	}
	assert.Panics(t, func() { ec2movetest.New(&ec2movetest.Options{World: &ec2movetest.World{Account: "1"}}) })
}

func FuzzLoad(f *testing.F) {
	data, err := json.Marshal(ec2movetest.Sample())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"regions":{"eu-central-1":{"zones":"a","instances":[{"id":"i-0123456789abcdef0","volumes":[{"id":"vol-01234567","gib":1}]}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := ec2movetest.Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		cloud := ec2movetest.New(&ec2movetest.Options{World: &w}) // which panics on what Load should have refused
		assert.NotEmpty(t, cloud.Snapshot())
	})
}

// FuzzForm: whatever form arrives is read or refused, and what is read comes out again.
func FuzzForm(f *testing.F) {
	f.Add("Filter.1.Name=tag:a&Filter.1.Value.1=b&InstanceId.1=i-0123456789abcdef0&MaxResults=5&DryRun=true")
	f.Add("Filter.2.Value.9999999=x&Filter..=y&Filter.0.Name=z")
	f.Fuzz(func(t *testing.T, form string) {
		values, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		var in ec2.DescribeInstancesInput
		if err := ec2movetest.DecodeForm(values, &in); err != nil {
			return
		}
		for _, x := range in.Filters {
			if x.Name != nil {
				assert.Contains(t, form, "Name")
			}
		}
	})
}

func FuzzPublicKey(f *testing.F) {
	f.Add(publicKey)
	f.Add("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAA==")
	f.Fuzz(func(t *testing.T, text string) {
		if key, ok := ec2movetest.ParseKey(text); ok {
			again, ok := ec2movetest.ParseKey(key)
			assert.True(t, ok)
			assert.Equal(t, key, again)
		}
	})
}

func FuzzWildcard(f *testing.F) {
	f.Add("a*b?", "axxbc")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 20 || len(s) > 20 {
			return // it tries all ways
		}
		if !strings.ContainsAny(pattern, `*?\`) {
			assert.Equal(t, pattern == s, ec2movetest.Wildcard(pattern, s))
		}
		assert.True(t, ec2movetest.Wildcard(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(s), s))
		assert.True(t, ec2movetest.Wildcard("*", s))
	})
}
