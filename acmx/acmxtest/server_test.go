package acmxtest_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// sdk is AWS's own client on a fake.
func sdk(t *testing.T, opts acmxtest.Options) (*acmxtest.Server, *acm.Client) {
	t.Helper()
	srv, err := acmxtest.Open(opts)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv, acm.NewFromConfig(srv.Config().AWS)
}

func code(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	require.True(t, ok, "%v", err)
	return e.ErrorCode()
}

func request(names ...string) *acm.RequestCertificateInput {
	return &acm.RequestCertificateInput{
		DomainName: &names[0], SubjectAlternativeNames: names[1:], ValidationMethod: types.ValidationMethodDns, KeyAlgorithm: types.KeyAlgorithmEcPrime256v1,
		Options: &types.CertificateOptions{Export: types.CertificateExportEnabled},
	}
}

// What the platform refuses, the fake refuses.
func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*acm.RequestCertificateInput)
		code string
	}{
		"a name":          {edit: func(in *acm.RequestCertificateInput) { in.DomainName = new("no_name") }, code: "ValidationException"},
		"a token":         {edit: func(in *acm.RequestCertificateInput) { in.IdempotencyToken = new("with-hyphen") }, code: "ValidationException"},
		"a long token":    {edit: func(in *acm.RequestCertificateInput) { in.IdempotencyToken = new(strings.Repeat("a", 33)) }, code: "ValidationException"},
		"a long CN":       {edit: func(in *acm.RequestCertificateInput) { in.DomainName = new(strings.Repeat("a", 60) + ".example") }, code: "InvalidParameterException"},
		"many names":      {edit: func(in *acm.RequestCertificateInput) { in.SubjectAlternativeNames = many(10) }, code: "LimitExceededException"},
		"an imported key": {edit: func(in *acm.RequestCertificateInput) { in.KeyAlgorithm = types.KeyAlgorithmRsa4096 }, code: "InvalidParameterException"},
		"no method":       {edit: func(in *acm.RequestCertificateInput) { in.ValidationMethod = "" }, code: "InvalidParameterException"},
		"a reserved tag":  {edit: func(in *acm.RequestCertificateInput) { in.Tags = []types.Tag{{Key: new("aws:x")}} }, code: "InvalidTagException"},
		"many tags":       {edit: func(in *acm.RequestCertificateInput) { in.Tags = manyTags(51) }, code: "TooManyTagsException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := sdk(t, acmxtest.Options{})
			in := request("example.com")
			tt.edit(in)
			_, err := c.RequestCertificate(t.Context(), in, once)
			assert.Equal(t, tt.code, code(t, err))
			assert.Zero(t, srv.Count())
		})
	}
	_, c := sdk(t, acmxtest.Options{MaxCertificates: 1})
	_, err := c.RequestCertificate(t.Context(), request("a.example"))
	require.NoError(t, err)
	_, err = c.RequestCertificate(t.Context(), request("b.example"), once)
	assert.Equal(t, "LimitExceededException", code(t, err))
}

func once(o *acm.Options) { o.Retryer = aws.NopRetryer{} }

func many(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("n%d.example", i))
	}
	return out
}

func manyTags(n int) (out []types.Tag) {
	for i := range n {
		out = append(out, types.Tag{Key: new(fmt.Sprint("k", i)), Value: new("v")})
	}
	return out
}

// The token is remembered for an hour, and whatever became of the certificate, it is that one; then it buys another.
func TestTokenLivesForAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := sdk(t, acmxtest.Options{})
		in := request("example.com")
		in.IdempotencyToken = new("token")
		var arns []string
		for range 3 {
			out, err := c.RequestCertificate(t.Context(), in)
			require.NoError(t, err)
			arns = append(arns, *out.CertificateArn)
			time.Sleep(59*time.Minute + 59*time.Second)
		}
		assert.Equal(t, arns[0], arns[1])
		assert.NotEqual(t, arns[0], arns[2])
		assert.Equal(t, 2, srv.Count())
		other := request("example.net")
		other.IdempotencyToken = in.IdempotencyToken
		_, err := c.RequestCertificate(t.Context(), other, once)
		assert.Equal(t, "InvalidParameterException", code(t, err))
		in.IdempotencyToken = nil
		_, err = c.RequestCertificate(t.Context(), in)
		require.NoError(t, err)
		assert.Equal(t, 3, srv.Count(), "without a token each request is another")
	})
}

// Details come late, and piece by piece.
func TestDetailsComeLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c := sdk(t, acmxtest.Options{DetailLag: 6 * time.Second})
		out, err := c.RequestCertificate(t.Context(), request("example.com", "example.net"))
		require.NoError(t, err)
		in := &acm.DescribeCertificateInput{CertificateArn: out.CertificateArn}
		_, err = c.DescribeCertificate(t.Context(), in)
		assert.Equal(t, "ResourceNotFoundException", code(t, err))
		var records, options []int
		for range 3 {
			time.Sleep(2 * time.Second)
			d, err := c.DescribeCertificate(t.Context(), in)
			require.NoError(t, err)
			n := 0
			for _, o := range d.Certificate.DomainValidationOptions {
				if o.ResourceRecord != nil {
					n++
				}
			}
			options, records = append(options, len(d.Certificate.DomainValidationOptions)), append(records, n)
		}
		assert.Equal(t, []int{0, 2, 2}, options)
		assert.Equal(t, []int{0, 0, 2}, records)
	})
}

func TestExportFlagIsFixed(t *testing.T) {
	t.Parallel()
	srv, c := sdk(t, acmxtest.Options{})
	arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Key: acmx.ECP256})
	_, err := c.UpdateCertificateOptions(t.Context(), &acm.UpdateCertificateOptionsInput{CertificateArn: &arn, Options: &types.CertificateOptions{Export: types.CertificateExportEnabled}}, once)
	assert.Equal(t, "InvalidStateException", code(t, err))
	_, err = c.ExportCertificate(t.Context(), &acm.ExportCertificateInput{CertificateArn: &arn, Passphrase: []byte("passphrase")}, once)
	assert.Equal(t, "ValidationException", code(t, err))
}

func TestExportRefusesPassphrases(t *testing.T) {
	t.Parallel()
	srv, c := sdk(t, acmxtest.Options{})
	arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Key: acmx.ECP256, Exportable: true})
	for _, pass := range []string{"abc", "with#hash", "with$dollar", "with%percent", "ümlaut", strings.Repeat("a", 129)} {
		_, err := c.ExportCertificate(t.Context(), &acm.ExportCertificateInput{CertificateArn: &arn, Passphrase: []byte(pass)}, once)
		assert.Equal(t, "ValidationException", code(t, err), pass)
	}
	out, err := c.ExportCertificate(t.Context(), &acm.ExportCertificateInput{CertificateArn: &arn, Passphrase: []byte("good")})
	require.NoError(t, err)
	block, _ := pem.Decode([]byte(*out.PrivateKey))
	assert.Equal(t, "ENCRYPTED PRIVATE KEY", block.Type)
	_, err = acmx.DecryptPKCS8([]byte(*out.PrivateKey), []byte("good"))
	require.NoError(t, err)
	_, err = acmx.DecryptPKCS8([]byte(*out.PrivateKey), []byte("bad!"))
	require.ErrorIs(t, err, acmx.ErrWrongPassphrase)
}

// A client that signs with another key, for another Region or not at all is turned away, and so is one that changes what
// was signed.
func TestSignatures(t *testing.T) {
	t.Parallel()
	srv, _ := sdk(t, acmxtest.Options{})
	for name, tt := range map[string]struct {
		edit func(*aws.Config)
		want string
	}{
		"another secret": {edit: func(c *aws.Config) { c.Credentials = keys{"AKIAFAKEFAKEFAKEFAKE", "other"} }, want: "InvalidSignatureException"},
		"another key":    {edit: func(c *aws.Config) { c.Credentials = keys{"AKIAOTHER", "other"} }, want: "UnrecognizedClientException"},
		"another Region": {edit: func(c *aws.Config) { c.Region = "eu-central-1" }, want: "UnrecognizedClientException"},
		"changed later":  {edit: func(c *aws.Config) { c.HTTPClient = changer{c.HTTPClient} }, want: "InvalidSignatureException"},
		"nobody":         {edit: func(c *aws.Config) { c.Credentials = aws.AnonymousCredentials{} }, want: "MissingAuthenticationTokenException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := srv.Config().AWS
			tt.edit(&cfg)
			_, err := acm.NewFromConfig(cfg).ListCertificates(t.Context(), &acm.ListCertificatesInput{}, once)
			assert.Equal(t, tt.want, code(t, err))
		})
	}
}

type keys struct{ id, secret string }

func (k keys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret}, nil
}

// changer puts another body under the signature.
type changer struct{ next aws.HTTPClient }

func (c changer) Do(r *http.Request) (*http.Response, error) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{ }`)), 3
	return c.next.Do(r)
}

func TestUnknownIsRefused(t *testing.T) {
	t.Parallel()
	srv, c := sdk(t, acmxtest.Options{})
	_, err := c.ResendValidationEmail(t.Context(), &acm.ResendValidationEmailInput{CertificateArn: new("x"), Domain: new("x"), ValidationDomain: new("x")}, once)
	assert.Equal(t, "UnknownOperationException", code(t, err))
	_, err = c.ListCertificates(t.Context(), &acm.ListCertificatesInput{MaxItems: new(int32(0))}, once)
	assert.Equal(t, "ValidationException", code(t, err))
	_, err = c.ListCertificates(t.Context(), &acm.ListCertificatesInput{NextToken: new("x")}, once)
	assert.Equal(t, "InvalidArgsException", code(t, err))
	_, err = c.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: new("arn:aws:acm:eu-west-1:123456789012:certificate/x")}, once)
	assert.Equal(t, "InvalidArnException", code(t, err))
	_, err = acmxtest.Open(acmxtest.Options{DNS: "127.0.0.1:53", CNAME: func(context.Context, string) (string, error) { return "", nil }})
	require.Error(t, err)
	assert.Zero(t, srv.Count())
}

// With a StateFile the platform remembers: certificates, tokens, the bill, its zone and its authority.
func TestStateFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "acm.json")
	var arn string
	for i := range 2 {
		srv, err := acmxtest.Open(acmxtest.Options{StateFile: file})
		require.NoError(t, err)
		c, err := acmx.New(srv.Config())
		require.NoError(t, err)
		cert, err := c.Ensure(t.Context(), acmx.Spec{Names: []string{"example.com"}, Key: acmx.ECP256, Exportable: true, MaxCost: acmx.Dollars(7)}, srv.Solver(), nil)
		require.NoError(t, err)
		if i == 0 {
			arn = cert.ARN()
		}
		assert.Equal(t, arn, cert.ARN())
		b, err := cert.Export(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, b.Verify(srv.Roots(), time.Now(), "example.com"))
		assert.Len(t, srv.Bill(), 1)
		srv.Close()
	}
	_, err := acmxtest.Open(acmxtest.Options{StateFile: filepath.Dir(file)})
	require.Error(t, err)
}
