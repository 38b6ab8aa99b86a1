package iamrole_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/iamrole"
)

func TestNewNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := iamrole.New(iamrole.Config{MaxRetries: new(-1)})
	require.Error(t, err)
	for _, field := range []string{"AWS.Region", "AWS.Credentials", "MaxRetries"} {
		assert.ErrorContains(t, err, field)
	}
}

const secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func credentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secretKey}, nil
	})
}

func TestPrintingShowsNoKey(t *testing.T) {
	t.Parallel()
	cfg := iamrole.Config{AWS: aws.Config{Region: "eu-west-1", Credentials: credentials()}}
	c, err := iamrole.New(cfg)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "config", cfg, "client", c)
	text, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", cfg, cfg, cfg, cfg), fmt.Sprintf("%v %+v %#v %s", c, c, c, c), log.String(), string(text)} {
		assert.NotContains(t, s, secretKey)
		assert.NotContains(t, s, "AKIDEXAMPLE")
		assert.Contains(t, s, "eu-west-1")
	}
}

// wire is IAM's query protocol, as far as one role that does not exist goes.
type wire struct {
	requests []url.Values
	answer   func(action string) (int, string)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	w.requests = append(w.requests, form)
	status, text := w.answer(form.Get("Action"))
	if status == 0 {
		return nil, errors.New("connection reset by peer")
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"text/xml"}, "X-Amzn-Requestid": {"req-1"}}, Body: io.NopCloser(strings.NewReader(text)), Request: r,
	}, nil
}

// With the SDK's own client, one call is one request: repeats are the package's, and every word of the refusal arrives.
func TestOverTheSDK(t *testing.T) {
	t.Parallel()
	w := &wire{answer: func(action string) (int, string) {
		switch action {
		case "GetRole", "GetInstanceProfile":
			return 404, `<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>not found</Message></Error><RequestId>r</RequestId></ErrorResponse>`
		}
		return 403, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: iam:CreateRole</Message></Error><RequestId>req-7</RequestId></ErrorResponse>`
	}}
	c, err := iamrole.New(iamrole.Config{
		AWS:   aws.Config{Region: "us-east-1", Credentials: credentials(), HTTPClient: &http.Client{Transport: w}},
		Clock: &awsopstest.Clock{}, Options: []func(*iam.Options){func(o *iam.Options) { o.BaseEndpoint = new("https://iam.example.org") }},
	})
	require.NoError(t, err)
	_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.ErrorIs(t, err, awsops.ErrDenied)
	e, ok := errors.AsType[*iamrole.Error](err)
	require.True(t, ok)
	assert.Equal(t, "CreateRole", e.Op)
	assert.Equal(t, "web", e.Resource)
	assert.Equal(t, http.StatusForbidden, e.HTTPStatus)
	assert.NotEmpty(t, e.RequestID)
	require.Len(t, w.requests, 3)
	assert.JSONEq(t, ec2Trust, w.requests[2].Get("AssumeRolePolicyDocument"))
	assert.Equal(t, iamrole.TagRole, w.requests[2].Get("Tags.member.1.Key"))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secretKey)

	w.requests, w.answer = nil, func(string) (int, string) { return 0, "" }
	_, err = c.Plan(t.Context(), iamrole.Role{Name: "web"})
	require.Error(t, err)
	assert.Len(t, w.requests, 5, "the package's four repeats, and none of the SDK's")
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	err := &iamrole.Error{Op: "DeleteRole", Resource: "web", Code: "DeleteConflict", HTTPStatus: 409, RequestID: "r", Reason: "must detach all policies first."}
	assert.Equal(t, "iamrole: DeleteRole web: must detach all policies first. (DeleteConflict, HTTP 409, request r); something that is not of this package hangs on it: remove that first", err.Error())
	require.ErrorIs(t, err, awsops.ErrConflict)
	assert.Equal(t, "iamrole: X: refused", (&iamrole.Error{Op: "X"}).Error())
	assert.NotErrorIs(t, &iamrole.Error{Op: "X"}, awsops.ErrConflict)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("failed", "error", err)
	assert.Contains(t, log.String(), "error.code=DeleteConflict")
}
