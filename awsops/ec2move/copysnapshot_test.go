package ec2move_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// The form that leaves, and the signed address within it, are those of the SDK's own CopySnapshot, time and signature apart.
func TestCopySnapshotIsTheSDKs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in  ec2.CopySnapshotInput
		set func(*ec2.Options)
	}{
		"plain": {in: ec2.CopySnapshotInput{SourceRegion: aws.String("eu-central-1"), SourceSnapshotId: aws.String("snap-1")}},
		"all": {in: ec2.CopySnapshotInput{
			SourceRegion: aws.String("eu-central-1"), SourceSnapshotId: aws.String("snap-1"), Description: aws.String("a b&c=d"),
			Encrypted: aws.Bool(true), KmsKeyId: aws.String("arn:aws:kms:us-east-1:111122223333:key/x"), DryRun: aws.Bool(false),
			CompletionDurationMinutes: aws.Int32(15), DestinationAvailabilityZone: aws.String("us-east-1a"), DestinationOutpostArn: aws.String("arn:o"),
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{
				{Key: aws.String("k"), Value: aws.String("v")}, {Key: aws.String("ü"), Value: aws.String("")},
			}}},
		}},
		"China":      {in: ec2.CopySnapshotInput{SourceRegion: aws.String("cn-north-1"), SourceSnapshotId: aws.String("snap-1")}},
		"dual stack": {in: ec2.CopySnapshotInput{SourceRegion: aws.String("eu-central-1"), SourceSnapshotId: aws.String("snap-1")}, set: func(o *ec2.Options) { o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled }},
		"FIPS":       {in: ec2.CopySnapshotInput{SourceRegion: aws.String("us-west-2"), SourceSnapshotId: aws.String("snap-1")}, set: func(o *ec2.Options) { o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled }},
		"an endpoint of one's own": {in: ec2.CopySnapshotInput{SourceRegion: aws.String("eu-central-1"), SourceSnapshotId: aws.String("snap-1")}, set: func(o *ec2.Options) {
			o.BaseEndpoint = aws.String("http://127.0.0.1:9/")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sent []url.Values
			var to []string
			client := ec2.New(ec2.Options{
				Region: "us-east-1", Retryer: aws.NopRetryer{},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "session"}, nil
				}),
				HTTPClient: &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(req.Body)
					if err != nil {
						return nil, err
					}
					form, err := url.ParseQuery(string(body))
					if err != nil {
						return nil, err
					}
					mu.Lock()
					defer mu.Unlock()
					sent, to = append(sent, form), append(to, req.Method+" "+req.URL.String()+" "+req.Header.Get("Content-Type"))
					return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: req, Body: io.NopCloser(strings.NewReader(
						`<CopySnapshotResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId><snapshotId>snap-2</snapshotId>` +
							`<tagSet><item><key>k</key><value>v</value></item></tagSet></CopySnapshotResponse>`))}, nil
				})},
			}, func(o *ec2.Options) {
				if tt.set != nil {
					tt.set(o)
				}
			})
			theirs, mine := tt.in, tt.in
			want, err := client.CopySnapshot(t.Context(), &theirs)
			require.NoError(t, err)
			got, err := ec2move.CopySnapshot(client.CreateSnapshot)(t.Context(), &mine)
			require.NoError(t, err)

			assert.Equal(t, want.SnapshotId, got.SnapshotId)
			assert.Equal(t, want.Tags, got.Tags)
			require.Len(t, sent, 2)
			assert.Equal(t, to[0], to[1])
			assert.Equal(t, signedAddress(t, sent[0]), signedAddress(t, sent[1]))
			assert.Equal(t, sent[0], sent[1])
			assert.Nil(t, mine.PresignedUrl, "the caller's input is left as it was")
		})
	}
}

// signedAddress takes the signed address out of a form: its place, and its query without time and signature.
func signedAddress(t *testing.T, form url.Values) [2]any {
	t.Helper()
	u, err := url.Parse(form.Get("PresignedUrl"))
	require.NoError(t, err)
	form.Del("PresignedUrl")
	q := u.Query()
	require.Len(t, q.Get("X-Amz-Signature"), 64)
	q.Del("X-Amz-Signature")
	q.Del("X-Amz-Date")
	return [2]any{u.Scheme + "://" + u.Host + u.Path, q}
}

func TestCopySnapshotRefusesHalfAnInput(t *testing.T) {
	t.Parallel()
	_, err := ec2move.CopySnapshot(nil)(t.Context(), &ec2.CopySnapshotInput{SourceRegion: aws.String("eu-central-1")})
	require.ErrorContains(t, err, "a snapshot and its Region")
}
