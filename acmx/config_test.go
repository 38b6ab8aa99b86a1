package acmx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

func TestNewReportsAllProblems(t *testing.T) {
	t.Parallel()
	_, err := acmx.New(acmx.Config{MaxNames: 101, Prices: []acmx.PriceTable{{Days: -1}}, CAs: []string{"amazon com"}})
	for _, want := range []string{"AWS.Region", "AWS.Credentials", "MaxNames", "Prices[0]", "CAs[0]"} {
		assert.ErrorContains(t, err, want)
	}
}

// With all the interfaces set, nothing of AWS is needed.
func TestNewOnInterfacesAlone(t *testing.T) {
	t.Parallel()
	srv, err := acmxtest.Open(acmxtest.Options{})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	sdk := acm.NewFromConfig(srv.Config().AWS)
	c, err := acmx.New(acmx.Config{Certificates: sdk, Exports: sdk, Lifecycle: sdk, Validations: sdk, ACME: sdk, ACMEReads: sdk})
	require.NoError(t, err)
	cert, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
	require.NoError(t, err)
	_, err = cert.Export(t.Context(), nil)
	require.NoError(t, err)
	_, err = cert.Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(86)})
	require.NoError(t, err)
	require.NoError(t, cert.Revoke(t.Context(), &acmx.RevokeOptions{Confirm: "example.com"}))
	require.NoError(t, cert.Delete(t.Context()))
	_, err = c.SetupACME(t.Context(), acmeSpec(), srv.Solver(), &acmx.SetupACMEOptions{Interval: time.Millisecond})
	require.NoError(t, err)
}

func TestConfigHidesItsKeys(t *testing.T) {
	t.Parallel()
	const key, id = "verySecretAccessKey0123456789", "AKIAVERYSECRETID0001"
	cfg := acmx.Config{AWS: aws.Config{Region: "eu-central-1", Credentials: static{aws.Credentials{AccessKeyID: id, SecretAccessKey: key}}}}
	c, err := acmx.New(cfg)
	require.NoError(t, err)
	var logs strings.Builder
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "config", cfg, "client", c)
	data, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, text := range []string{logs.String(), string(data), fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg), fmt.Sprintf("%v %+v %#v %s", c, c, c, c)} {
		assert.NotContains(t, text, key)
		assert.NotContains(t, text, id)
		assert.Contains(t, text, "eu-central-1")
	}
}

type static struct{ aws.Credentials }

func (s static) Retrieve(context.Context) (aws.Credentials, error) { return s.Credentials, nil }

// Each code of ACM is of the kind that callers ask for.
func TestErrorKinds(t *testing.T) {
	t.Parallel()
	kinds := map[string]error{
		"invalid": acmx.ErrInvalid, "quota": acmx.ErrQuota, "throttled": acmx.ErrThrottled, "not there": fs.ErrNotExist, "denied": fs.ErrPermission,
		"in use": acmx.ErrInUse, "conflict": acmx.ErrConflict, "not issued": acmx.ErrNotIssued, "unknown": acmx.ErrUnknownOutcome,
	}
	for code, want := range map[string]string{
		"ValidationException": "invalid", "InvalidArnException": "invalid", "InvalidArgsException": "invalid", "InvalidParameterException": "invalid",
		"InvalidDomainValidationOptionsException": "invalid", "InvalidTagException": "invalid", "TagPolicyException": "invalid",
		"LimitExceededException": "quota", "ServiceQuotaExceededException": "quota", "TooManyTagsException": "quota", "ThrottlingException": "throttled",
		"ResourceNotFoundException": "not there", "AccessDeniedException": "denied", "UnrecognizedClientException": "denied", "ExpiredTokenException": "denied",
		"ResourceInUseException": "in use", "ConflictException": "conflict", "InvalidStateException": "conflict", "RequestInProgressException": "not issued",
		"InternalFailure": "unknown",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				for range 5 {
					srv.FailNext("RequestCertificate", code)
				}
				_, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
				for name, kind := range kinds {
					assert.Equal(t, name == want, errors.Is(err, kind), "%s: %v", name, err)
				}
				e := asError(t, err)
				assert.Equal(t, code, e.Code)
				assert.NotEmpty(t, e.RequestID)
				assert.Contains(t, err.Error(), e.RequestID)
				assert.True(t, strings.HasPrefix(err.Error(), "acmx: RequestCertificate: "))
				assert.Contains(t, e.LogValue().String(), code)
			})
		})
	}
}

// A quota is no rate, whatever the SDK thinks: it is not waited for.
func TestQuotaIsNotRepeated(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		began := time.Now()
		_, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
		require.ErrorIs(t, err, acmx.ErrQuota)
		assert.Equal(t, 1, srv.Calls("RequestCertificate"))
		assert.Zero(t, time.Since(began))
	}, func(o *acmxtest.Options) { o.MaxNames = 1 })
}

func TestAnswersThatAreNotOfACM(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"nothing": "", "a page": "<html>secret page</html>", "an empty object": "{}", "cut off": `{"CertificateArn":`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
				for range attempts {
					srv.AnswerNext("RequestCertificate", http.StatusOK, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, body)
				}
				_, err := c.Ensure(t.Context(), spec(), srv.Solver(), nil)
				require.ErrorIs(t, err, acmx.ErrUnknownOutcome, "an answer without an ARN is no success")
				assert.NotContains(t, err.Error(), "secret page")
				assert.NotContains(t, err.Error(), "deserialization", "what the SDK says of an answer may quote it")
			})
		})
	}
}

func TestContextThatHadEnded(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, acmxtest.Options{})
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	_, err := c.Ensure(ctx, spec(), srv.Solver(), nil)
	require.ErrorIs(t, err, why)
	assert.Zero(t, srv.Count())
}

// A context that ends while an answer is read is told as what it is, and not as an answer of somebody else.
func TestContextThatEndsInAnAnswer(t *testing.T) {
	t.Parallel()
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	srv, c := fake(t, acmxtest.Options{}, func(cfg *acmx.Config) { cfg.AWS.HTTPClient = cutting{func() { cancel(why) }} })
	_, err := c.Ensure(ctx, spec(), srv.Solver(), nil)
	require.ErrorIs(t, err, why)
}

// cutting answers 200 and ends in the middle of the body.
type cutting struct{ end func() }

func (c cutting) Do(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: r, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: c}, nil
}

func (c cutting) Read(p []byte) (int, error) {
	c.end()
	return copy(p, "{"), context.Canceled
}

func (cutting) Close() error { return nil }
