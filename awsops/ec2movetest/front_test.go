package ec2movetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// filled is a value with something in every field, three levels deep, and no two things the same.
func filled(t reflect.Type, depth int, n *int) reflect.Value {
	v := reflect.New(t).Elem()
	*n++
	switch {
	case t == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 11, 2, 9, 0, *n%60, 0, time.UTC)))
	case t == reflect.TypeFor[[]byte]():
		v.SetBytes(fmt.Appendf(nil, "bytes %d", *n))
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(filled(t.Elem(), depth, n))
	case t.Kind() == reflect.Slice:
		for range 2 {
			v.Set(reflect.Append(v, filled(t.Elem(), depth, n)))
		}
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			deep := f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct && f.Type.Elem() != reflect.TypeFor[time.Time]() ||
				f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct
			if !f.IsExported() || f.Name == "ResultMetadata" || deep && depth == 0 {
				continue
			}
			next := depth
			if deep {
				next--
			}
			v.Field(i).Set(filled(f.Type, next, n))
		}
	case t.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("text <%d> & more", *n))
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	default:
		v.SetInt(int64(*n))
	}
	return v
}

// TestEveryFieldOverTheWire sends every call of ec2move with every field of its input through the SDK and the front, and back
// with every field of its output.
func TestEveryFieldOverTheWire(t *testing.T) {
	t.Parallel()
	api := reflect.TypeFor[ec2move.API]()
	for m := range api.Methods() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			n := 0
			in := filled(m.Type.In(1), 4, &n)
			want := filled(m.Type.Out(0), 4, &n)
			if f := in.Elem().FieldByName("DryRun"); f.IsValid() {
				f.Set(reflect.ValueOf(aws.Bool(false)))
			}
			var got any
			srv := pipehttp.NewServer("ec2.fake", ec2movetest.EchoHandler(func(input any) any {
				got = input
				return want.Interface()
			}))
			defer srv.Close()
			client := ec2.New(ec2.Options{
				Region: "ap-south-1", HTTPClient: awscall.HTTPClient(aws.Config{HTTPClient: srv.HTTPSClient()}), Retryer: aws.NopRetryer{},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}, nil
				}),
			})
			out := reflect.ValueOf(client).MethodByName(m.Name).Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
			if err, ok := reflect.TypeAssert[error](out[1]); ok {
				require.NoError(t, err)
			}
			assertFields(t, in.Interface(), got)
			answer := out[0].Elem()
			answer.FieldByName("ResultMetadata").SetZero()
			if plainOutput(m.Name) {
				return // the SDK reads nothing of it
			}
			assertFields(t, want.Interface(), answer.Addr().Interface())
		})
	}
}

// plainOutput are calls whose answer has nothing but a "true".
func plainOutput(op string) bool {
	return slices.Contains([]string{"ModifyInstanceAttribute", "CreateTags", "DeleteTags", "DeleteVolume", "DeleteSnapshot", "DisassociateAddress", "ReleaseAddress"}, op)
}

// assertFields compares two structs field by field, for messages that can be read.
func assertFields(t *testing.T, want, got any) {
	t.Helper()
	a, b := reflect.ValueOf(want).Elem(), reflect.ValueOf(got).Elem()
	require.Equal(t, a.Type(), b.Type())
	for i := range a.NumField() {
		if f := a.Type().Field(i); f.IsExported() && f.Name != "ResultMetadata" {
			assert.Equal(t, a.Field(i).Interface(), b.Field(i).Interface(), f.Name)
		}
	}
}

// client is the SDK as others use it, against the account in a Region.
func client(front *ec2movetest.Front, region string) *ec2.Client {
	return ec2.NewFromConfig(front.AWS(), func(o *ec2.Options) { o.Region, o.Retryer = region, aws.NopRetryer{} })
}

func serve(t *testing.T, cloud *ec2movetest.Cloud) *ec2movetest.Front {
	t.Helper()
	front := cloud.Serve()
	t.Cleanup(front.Close)
	return front
}

// TestFrontIsTheSameAccount asks for all that there is, directly and through the SDK.
func TestFrontIsTheSameAccount(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	_, image := copied(t, cloud)
	front := serve(t, cloud)
	over := client(front, target)
	launched, err := over.RunInstances(t.Context(), launchInput(image, nil))
	require.NoError(t, err)
	id := *launched.Instances[0].InstanceId
	cloud.Clock().Advance(time.Hour)
	for _, region := range []string{source, target} {
		one, other := cloud.Region(region), client(front, region)
		same(t, one.DescribeInstances, other.DescribeInstances, &ec2.DescribeInstancesInput{})
		same(t, one.DescribeInstanceStatus, other.DescribeInstanceStatus, &ec2.DescribeInstanceStatusInput{IncludeAllInstances: aws.Bool(true)})
		same(t, one.DescribeImages, other.DescribeImages, &ec2.DescribeImagesInput{Owners: []string{"self"}})
		same(t, one.DescribeSnapshots, other.DescribeSnapshots, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
		same(t, one.DescribeVolumes, other.DescribeVolumes, &ec2.DescribeVolumesInput{})
		same(t, one.DescribeSecurityGroups, other.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{})
		same(t, one.DescribeManagedPrefixLists, other.DescribeManagedPrefixLists, &ec2.DescribeManagedPrefixListsInput{})
		same(t, one.DescribeKeyPairs, other.DescribeKeyPairs, &ec2.DescribeKeyPairsInput{IncludePublicKey: aws.Bool(true)})
		same(t, one.DescribeAddresses, other.DescribeAddresses, &ec2.DescribeAddressesInput{})
		same(t, one.DescribeSubnets, other.DescribeSubnets, &ec2.DescribeSubnetsInput{})
		same(t, one.DescribeVpcs, other.DescribeVpcs, &ec2.DescribeVpcsInput{})
		same(t, one.DescribeAvailabilityZones, other.DescribeAvailabilityZones, &ec2.DescribeAvailabilityZonesInput{})
		same(t, one.DescribeNetworkInterfaces, other.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{})
		same(t, one.DescribeInstanceTypes, other.DescribeInstanceTypes, &ec2.DescribeInstanceTypesInput{})
		same(t, one.DescribeInstanceTypeOfferings, other.DescribeInstanceTypeOfferings, &ec2.DescribeInstanceTypeOfferingsInput{LocationType: "availability-zone"})
		same(t, one.DescribeIamInstanceProfileAssociations, other.DescribeIamInstanceProfileAssociations, &ec2.DescribeIamInstanceProfileAssociationsInput{})
		same(t, one.GetEbsDefaultKmsKeyId, other.GetEbsDefaultKmsKeyId, &ec2.GetEbsDefaultKmsKeyIdInput{})
	}
	from := cloud.Region(source)
	same(t, from.GetManagedPrefixListEntries, client(front, source).GetManagedPrefixListEntries, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: aws.String("pl-0aa11bb22cc33dd44")})
	same(t, from.DescribeInstanceAttribute, client(front, source).DescribeInstanceAttribute,
		&ec2.DescribeInstanceAttributeInput{InstanceId: aws.String(ec2movetest.SampleInstance), Attribute: "userData"})
	same(t, cloud.Region(target).DescribeInstanceCreditSpecifications, over.DescribeInstanceCreditSpecifications, &ec2.DescribeInstanceCreditSpecificationsInput{InstanceIds: []string{id}})
}

// same holds the answer of the front against that of the fake. What is empty is the same as what is not there.
func same[I, O any](t *testing.T, direct, over func(context.Context, *I, ...func(*ec2.Options)) (*O, error), in *I) {
	t.Helper()
	want, err := direct(t.Context(), in)
	require.NoError(t, err)
	got, err := over(t.Context(), in)
	require.NoError(t, err)
	assertSame(t, plain(t, want), plain(t, got))
}

func plain(t *testing.T, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	var tree map[string]any
	require.NoError(t, json.Unmarshal(data, &tree))
	delete(tree, "ResultMetadata")
	data, err = json.MarshalIndent(tree, "", " ")
	require.NoError(t, err)
	return string(data)
}

func TestFrontRefusesAsEC2Does(t *testing.T) {
	t.Parallel()
	front := serve(t, sample(ec2movetest.Options{}))
	post := func(body, scope string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ec2.us-east-1.amazonaws.com/", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261102/"+scope+"/aws4_request, SignedHeaders=host, Signature=00")
		hc, ok := front.AWS().HTTPClient.(*http.Client)
		require.True(t, ok)
		resp, err := hc.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(data)
	}
	for name, tt := range map[string]struct {
		body, scope string
		status      int
		code        string
	}{
		"action":        {"Action=Nothing&Version=2016-11-15", "us-east-1/ec2", 400, "InvalidAction"},
		"version":       {"Action=DescribeVpcs&Version=2010-01-01", "us-east-1/ec2", 400, "NoSuchVersion"},
		"no signature":  {"Action=DescribeVpcs&Version=2016-11-15", "us-east-1/s3", 403, "AuthFailure"},
		"parameter":     {"Action=DescribeVpcs&Version=2016-11-15&Filters.1.Name=a", "us-east-1/ec2", 400, "UnknownParameter"},
		"sub-parameter": {"Action=DescribeVpcs&Version=2016-11-15&Filter.1.Names=a", "us-east-1/ec2", 400, "UnknownParameter"},
		"number":        {"Action=DescribeVpcs&Version=2016-11-15&MaxResults=many", "us-east-1/ec2", 400, "InvalidParameterValue"},
		"index":         {"Action=DescribeVpcs&Version=2016-11-15&VpcId.one=a", "us-east-1/ec2", 400, "UnknownParameter"},
		"twice":         {"Action=DescribeVpcs&Version=2016-11-15&MaxResults=5&MaxResults=6", "us-east-1/ec2", 400, "InvalidParameterCombination"},
		"no form":       {"%zz", "us-east-1/ec2", 400, "MalformedQueryString"},
		"fine":          {"Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=is-default&Filter.1.Value.1=true", "us-east-1/ec2", 200, "DescribeVpcsResponse"},
	} {
		status, body := post(tt.body, tt.scope)
		assert.Equal(t, tt.status, status, name)
		assert.Contains(t, body, tt.code, name)
	}
}

func TestFrontLosesConnections(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	front := serve(t, cloud)
	over := client(front, target)
	in := &ec2.AllocateAddressInput{TagSpecifications: []types.TagSpecification{tagged("elastic-ip", "k", "v")}}

	cloud.LoseNext("AllocateAddress")
	_, err := over.AllocateAddress(t.Context(), in)
	require.Error(t, err)
	_, answered := errors.AsType[smithy.APIError](err)
	assert.False(t, answered, "no answer came: %v", err)
	assert.Equal(t, 1, cloud.Count(target).Addresses, "the effect is there")

	cloud.In(target).DropNext("AllocateAddress")
	_, err = over.AllocateAddress(t.Context(), in)
	require.Error(t, err)
	assert.Equal(t, 1, cloud.Count(target).Addresses, "no effect")

	front.AnswerNext("AllocateAddress", http.StatusBadGateway, nil, "<html>proxy</html>")
	_, err = over.AllocateAddress(t.Context(), in)
	require.Error(t, err)
	assert.Equal(t, 1, cloud.Count(target).Addresses)

	cloud.FailNext("AllocateAddress", "RequestLimitExceeded", "Request limit exceeded.")
	_, err = over.AllocateAddress(t.Context(), in)
	refusal, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok)
	assert.Equal(t, "RequestLimitExceeded", refusal.ErrorCode())
	assert.Len(t, front.Requests("AllocateAddress"), 4)
}

// TestSeesWhatTheSDKSends: Trap 1: the random token that the SDK fills in can be told from one of ours.
func TestSeesWhatTheSDKSends(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	image, _ := copied(t, cloud)
	front := serve(t, cloud)
	in := &ec2.CopyImageInput{Name: aws.String("other"), SourceImageId: aws.String(image), SourceRegion: aws.String(source)}
	_, err := client(front, target).CopyImage(t.Context(), in)
	require.NoError(t, err)
	in.Name, in.ClientToken = aws.String("another"), aws.String("ours")
	_, err = client(front, "ap-south-1").CopyImage(t.Context(), in)
	require.NoError(t, err)
	seen := front.Requests("CopyImage")
	require.Len(t, seen, 2)
	assert.Len(t, seen[0].Form.Get("ClientToken"), 36, "a random one")
	assert.Equal(t, "ours", seen[1].Form.Get("ClientToken"))
	assert.Equal(t, "ap-south-1", seen[1].Region)
}

// TestMovesASnapshotOverTheWire: the SDK adds a presigned URL, which the front takes.
func TestMovesASnapshotOverTheWire(t *testing.T) {
	t.Parallel()
	cloud := sample(ec2movetest.Options{})
	front := serve(t, cloud)
	made, err := client(front, source).CreateSnapshot(t.Context(), &ec2.CreateSnapshotInput{VolumeId: aws.String("vol-0aaaaaaaaaaaaaaa2")})
	require.NoError(t, err)
	cloud.Clock().Advance(time.Hour)
	_, err = client(front, target).CopySnapshot(t.Context(), &ec2.CopySnapshotInput{SourceRegion: aws.String(source), SourceSnapshotId: made.SnapshotId})
	require.NoError(t, err)
	seen := front.Requests("CopySnapshot")
	require.Len(t, seen, 1)
	assert.Contains(t, seen[0].Form.Get("PresignedUrl"), "Action=CopySnapshot")
	assert.Contains(t, seen[0].Form.Get("PresignedUrl"), "DestinationRegion="+target)
}
