package cdn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

func TestNewReportsAllProblems(t *testing.T) {
	t.Parallel()
	_, err := cdn.New(cdn.Config{MaxRetries: new(-1), Options: []func(*cloudfront.Options){nil}})
	for _, want := range []string{"AWS.Credentials", "MaxRetries", "Options[0]"} {
		assert.ErrorContains(t, err, want)
	}
}

type static struct{ aws.Credentials }

func (s static) Retrieve(context.Context) (aws.Credentials, error) { return s.Credentials, nil }

const (
	secretKey = "verySecretAccessKey0123456789"
	keyID     = "AKIAVERYSECRETID0001"
)

func keys() aws.CredentialsProvider {
	return static{aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secretKey, SessionToken: "sessionToken0123456789"}}
}

func TestConfigHidesItsKeys(t *testing.T) {
	t.Parallel()
	cfg := cdn.Config{AWS: aws.Config{Region: "eu-central-1", Credentials: keys()}}
	c, err := cdn.New(cfg)
	require.NoError(t, err)
	var logs strings.Builder
	slog.New(slog.NewTextHandler(&logs, nil)).Info("x", "config", cfg, "client", c)
	data, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, text := range []string{logs.String(), string(data), fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg), fmt.Sprintf("%v %+v %#v %s", c, c, c, c)} {
		assert.NotContains(t, text, secretKey)
		assert.NotContains(t, text, keyID)
	}
}

// Trap 25: a *Client in an interface (42 MB stripped): method values only. No field of ours, at whatever depth, is the SDK's
// client or an interface that holds it.
func TestTheSDKClientIsInNoField(t *testing.T) {
	t.Parallel()
	sdk := reflect.TypeFor[*cloudfront.Client]()
	seen := map[reflect.Type]bool{}
	var walk func(path string, typ reflect.Type)
	walk = func(path string, typ reflect.Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		assert.NotEqual(t, sdk, typ, path)
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(path, typ.Elem())
		case reflect.Interface:
			assert.False(t, typ.NumMethod() > 0 && sdk.Implements(typ), "%s may hold it", path)
		case reflect.Struct:
			for f := range typ.Fields() {
				if f.PkgPath == "" || strings.Contains(f.PkgPath, "kitroll") {
					walk(path+"."+f.Name, f.Type)
				}
			}
		}
	}
	walk("Client", reflect.TypeFor[cdn.Client]())
	assert.Greater(t, len(seen), 10)
}

// wire is CloudFront as bytes: a function of the request.
type wire struct {
	seen   []*http.Request
	bodies []string
	answer func(n int, r *http.Request) (status int, body string)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	w.seen, w.bodies = append(w.seen, r), append(w.bodies, string(body))
	status, text := w.answer(len(w.seen), r)
	if status == 0 {
		return nil, io.ErrUnexpectedEOF // it arrived, and the answer was lost
	}
	return &http.Response{
		StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)),
		Header: http.Header{"Content-Type": {"text/xml"}, "X-Amzn-Requestid": {"req-1"}, "Etag": {"E2ETAG"}},
	}, nil
}

// onWire is a client of the real SDK.
func onWire(t *testing.T, answer func(n int, r *http.Request) (int, string)) (*wire, *cdn.Client) {
	t.Helper()
	w := &wire{answer: answer}
	c, err := cdn.New(cdn.Config{
		AWS:   aws.Config{Credentials: keys(), HTTPClient: &http.Client{Transport: w}},
		Clock: &awsopstest.Clock{},
	})
	require.NoError(t, err)
	return w, c
}

const configXML = `<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><CallerReference>r</CallerReference><Comment>c</Comment>
<Enabled>true</Enabled><Origins><Quantity>1</Quantity><Items><Origin><Id>o1</Id><DomainName>origin.example.com</DomainName><CustomOriginConfig>
<HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>http-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins>
<DefaultCacheBehavior><TargetOriginId>o1</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy></DefaultCacheBehavior></DistributionConfig>`

func refusal(code, message string) string {
	return `<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>` + code + `</Code><Message>` + message + `</Message></Error><RequestId>req-2</RequestId></ErrorResponse>`
}

// On the wire: paths, the ETag, and a refused update that is made anew of what is there now.
func TestRetargetOnTheWire(t *testing.T) {
	t.Parallel()
	list := `<DistributionList xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Marker></Marker><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated><Quantity>1</Quantity><Items><DistributionSummary>
<Id>E1</Id><ARN>arn:aws:cloudfront::123456789012:distribution/E1</ARN><Status>Deployed</Status><DomainName>d1.cloudfront.net</DomainName><Comment>c</Comment><Enabled>true</Enabled>
<Origins><Quantity>1</Quantity><Items><Origin><Id>o1</Id><DomainName>origin.example.com</DomainName></Origin></Items></Origins></DistributionSummary></Items></DistributionList>`
	puts := 0
	w, c := onWire(t, func(_ int, r *http.Request) (int, string) {
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/2020-05-31/distribution":
			return http.StatusOK, list
		case r.Method == http.MethodGet:
			return http.StatusOK, configXML
		case puts == 0:
			puts++
			return http.StatusPreconditionFailed, refusal("PreconditionFailed", "no")
		}
		return http.StatusOK, `<Distribution><Id>E1</Id>` + configXML + `</Distribution>`
	})
	n, err := c.Retarget(t.Context(), "origin.example.com", "new.example.com")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	var did []string
	for _, r := range w.seen {
		did = append(did, r.Method+" "+r.URL.Path)
		assert.Equal(t, "cloudfront.amazonaws.com", r.URL.Host)
		assert.Empty(t, r.Header.Get("X-Amzn-Trace-Id"))
	}
	const config = "/2020-05-31/distribution/E1/config"
	assert.Equal(t, []string{"GET /2020-05-31/distribution", "GET " + config, "GET " + config, "PUT " + config, "GET " + config, "PUT " + config}, did)
	assert.Equal(t, "E2ETAG", w.seen[3].Header.Get("If-Match"))
	assert.Contains(t, w.bodies[5], "<DomainName>new.example.com</DomainName>")
	assert.Contains(t, w.bodies[5], "<ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy>")
}

// In China it is another endpoint.
func TestTheEndpointOfChina(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(int, *http.Request) (int, string) {
		return http.StatusNotFound, refusal("NoSuchDistribution", "no")
	}}
	c, err := cdn.New(cdn.Config{AWS: aws.Config{Region: "cn-north-1", Credentials: keys(), HTTPClient: &http.Client{Transport: w}}})
	require.NoError(t, err)
	_, err = c.Get(t.Context(), "E1")
	require.ErrorIs(t, err, awsops.ErrGone)
	assert.Equal(t, "cloudfront.cn-northwest-1.amazonaws.com.cn", w.seen[0].URL.Host)
}

// A creation whose every answer is lost is sent again under the same reference, and told as what it is.
func TestCreateOnTheWire(t *testing.T) {
	t.Parallel()
	w, c := onWire(t, func(_ int, r *http.Request) (int, string) {
		if r.Method == http.MethodGet {
			return http.StatusOK, `<DistributionList><Marker></Marker><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated><Quantity>0</Quantity></DistributionList>`
		}
		return 0, ""
	})
	d := distribution()
	d.Unprobed, d.Origin.Protocol, d.Origin.Headers = true, cdn.HTTPOnly, cdn.Headers{"X-Key": "hush-hush"}
	_, err := c.Ensure(t.Context(), d)
	require.ErrorIs(t, err, awsops.ErrUnknownOutcome)
	require.ErrorContains(t, err, "run it again")
	require.Len(t, w.bodies, 6, "one list, and five attempts")
	for i := 1; i < 6; i++ {
		assert.Equal(t, "WithTags", strings.TrimSuffix(w.seen[i].URL.RawQuery, "="))
		assert.Contains(t, w.bodies[i], "<CallerReference>m-shop-distribution-")
		assert.Equal(t, w.bodies[1], w.bodies[i])
	}
	for _, secret := range []string{secretKey, keyID, "hush-hush", "sessionToken"} {
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), secret)
	}
}

// Each code of CloudFront is of the kind that callers ask for.
func TestErrorKinds(t *testing.T) {
	t.Parallel()
	kinds := map[string]error{
		"invalid": awsops.ErrInvalid, "unknown": awsops.ErrUnknownOutcome, "quota": awsops.ErrQuota, "denied": awsops.ErrDenied,
		"conflict": awsops.ErrConflict, "gone": awsops.ErrGone, "throttled": awsops.ErrThrottled,
	}
	for code, want := range map[string]string{
		"NoSuchDistribution": "gone", "EntityNotFound": "gone", "NoSuchCachePolicy": "gone", "NoSuchInvalidation": "gone", "TrustedKeyGroupDoesNotExist": "gone",
		"CNAMEAlreadyExists": "conflict", "PreconditionFailed": "conflict", "InvalidIfMatchVersion": "conflict", "DistributionNotDisabled": "conflict", "IllegalUpdate": "conflict",
		"InvalidationBatchAlreadyExists": "conflict", "EntityAlreadyExists": "conflict", "CannotDeleteEntityWhileInUse": "conflict", "ResourceInUse": "conflict",
		"TooManyDistributions": "quota", "TooManyDistributionCNAMEs": "quota", "TooManyInvalidationsInProgress": "quota", "EntityLimitExceeded": "quota",
		"AccessDenied": "denied", "SignatureDoesNotMatch": "denied", "Throttling": "throttled",
		"InvalidViewerCertificate": "invalid", "InvalidArgument": "invalid", "InvalidOrigin": "invalid", "InconsistentQuantities": "invalid", "BatchTooLarge": "invalid", "MissingBody": "invalid",
	} {
		w := ready(t, cdntest.Options{})
		for range 5 {
			w.FailNext("CreateDistributionWithTags", code, "because")
		}
		_, err := w.c.Ensure(t.Context(), distribution())
		e, ok := errors.AsType[*cdn.Error](err)
		require.True(t, ok, code)
		assert.Equal(t, code, e.Code)
		assert.ErrorContains(t, err, "cdn: CreateDistributionWithTags shop: because ("+code+")")
		for name, kind := range kinds {
			assert.Equal(t, name == want, errors.Is(err, kind), "%s is %s", code, name)
		}
		assert.Contains(t, e.LogValue().String(), code)
	}
}

func TestErrorOnTheWire(t *testing.T) {
	t.Parallel()
	_, c := onWire(t, func(int, *http.Request) (int, string) {
		return http.StatusForbidden, refusal("AccessDenied", "User is not authorized")
	})
	_, err := c.Get(t.Context(), "E1")
	require.ErrorIs(t, err, awsops.ErrDenied)
	e, ok := errors.AsType[*cdn.Error](err)
	require.True(t, ok)
	assert.Equal(t, http.StatusForbidden, e.HTTPStatus)
	assert.NotEmpty(t, e.RequestID)
	assert.Equal(t, "cdn: GetDistribution E1: User is not authorized (AccessDenied, HTTP 403, request "+e.RequestID+")", err.Error())

	w, c := onWire(t, func(n int, _ *http.Request) (int, string) {
		if n < 3 {
			return http.StatusServiceUnavailable, "<html>a proxy's page</html>"
		}
		return http.StatusNotFound, refusal("NoSuchDistribution", "no")
	})
	_, err = c.Get(t.Context(), "E1")
	require.ErrorIs(t, err, awsops.ErrGone)
	assert.Len(t, w.seen, 3, "reads are repeated")
}
