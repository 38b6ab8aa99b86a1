package cwagent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

func TestNewNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := cwagent.New(cwagent.Config{MaxRetries: new(-1)})
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
	cfg := cwagent.Config{AWS: aws.Config{Region: "eu-west-1", Credentials: credentials()}}
	c, err := cwagent.New(cfg)
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

// wire answers JSON by operation.
type wire struct {
	ops    []string
	bodies []string
	answer func(op string, n int) (int, string)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
	w.ops, w.bodies = append(w.ops, op), append(w.bodies, string(body))
	n := 0
	for _, o := range w.ops {
		if o == op {
			n++
		}
	}
	status, text := w.answer(op, n)
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amzn-Requestid": {"req-7"}},
		Body: io.NopCloser(strings.NewReader(text)), Request: r,
	}, nil
}

// With the SDK's own client: a command whose answer is lost is one request, then it is looked for, and a refusal arrives in
// AWS's words.
func TestOverTheSDK(t *testing.T) {
	t.Parallel()
	node := `{"InstanceInformationList":[{"InstanceId":"` + id + `","PingStatus":"Online","PlatformType":"Linux","PlatformName":"Ubuntu"}]}`
	w := &wire{}
	w.answer = func(op string, n int) (int, string) {
		switch op {
		case "DescribeInstanceInformation":
			return 200, node
		case "SendCommand":
			return 0, ""
		case "ListCommands":
			_, rest, _ := strings.Cut(w.bodies[1], `"Comment":"`)
			comment, _, _ := strings.Cut(rest, `"`)
			return 200, `{"Commands":[{"CommandId":"c-0","DocumentName":"AWS-RunShellScript","Comment":"awsops cwagent status","Status":"Success"},` +
				`{"CommandId":"c-1","DocumentName":"AWS-RunShellScript","Comment":"` + comment + `","Status":"Success"}]}`
		case "GetCommandInvocation":
			if n == 1 {
				return 400, `{"__type":"InvocationDoesNotExist"}`
			}
			return 200, `{"CommandId":"c-1","Status":"Success","StatusDetails":"Success","ResponseCode":0,"StandardOutputContent":"{\"status\":\"running\",\"configstatus\":\"configured\",\"version\":\"1.3\"}"}`
		}
		return 400, `{"__type":"ValidationException","message":"no"}`
	}
	cfg := cwagent.Config{
		AWS:   aws.Config{Region: "us-east-1", Credentials: credentials(), HTTPClient: &http.Client{Transport: w}},
		Clock: &awsopstest.Clock{}, Options: []func(*ssm.Options){func(o *ssm.Options) { o.BaseEndpoint = new("https://ssm.example.org") }},
	}
	c, err := cwagent.New(cfg)
	require.NoError(t, err)
	s, err := c.Status(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, "running, configured", s.String())
	assert.Equal(t, []string{"DescribeInstanceInformation", "SendCommand", "ListCommands", "GetCommandInvocation", "GetCommandInvocation"}, w.ops)
	assert.Contains(t, w.bodies[1], `"# cwagent: status"`)

	w.ops, w.answer = nil, func(op string, _ int) (int, string) {
		if op == "DescribeInstanceInformation" {
			return 200, node
		}
		return 400, `{"__type":"InvalidInstanceId","message":"Instances not in a valid state"}`
	}
	_, err = c.Status(t.Context(), id)
	require.ErrorIs(t, err, cwagent.ErrNotOnline)
	require.ErrorIs(t, err, awsops.ErrGone)
	e, ok := errors.AsType[*cwagent.Error](err)
	require.True(t, ok)
	assert.Equal(t, "status", e.Step)
	assert.Equal(t, "SendCommand", e.Op)
	assert.Equal(t, "req-7", e.RequestID)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secretKey)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("failed", "error", err)
	assert.Contains(t, log.String(), "error.code=InvalidInstanceId")
}

// Trap 24, for the agent: in China the package comes from the bucket of the Region.
func TestTrap24ChinaDownloadsAtHome(t *testing.T) {
	t.Parallel()
	script := cwagent.InstallScriptIn("cn-north-1")
	assert.Contains(t, script, "base='https://amazoncloudwatch-agent-cn-north-1.s3.cn-north-1.amazonaws.com.cn'")
	assert.Contains(t, cwagent.InstallScriptIn("eu-west-1"), "base='https://amazoncloudwatch-agent.s3.amazonaws.com'")
}

// The configuration is not printed by errors, and neither is what a program said: only its end is kept beside it.
func TestErrorText(t *testing.T) {
	t.Parallel()
	err := &cwagent.Error{Step: "package", Op: "SendCommand", Resource: id, Code: "AccessDeniedException", HTTPStatus: 403, Reason: "no", Output: "long"}
	assert.Equal(t, "cwagent: package SendCommand "+id+": no (AccessDeniedException, HTTP 403)", err.Error())
	require.ErrorIs(t, err, awsops.ErrDenied)
	assert.Equal(t, "cwagent: refused", (&cwagent.Error{}).Error())
	_, badConf := install(t.Context(), mustClient(t), agentconf.Config{}, nil)
	require.ErrorIs(t, badConf, agentconf.ErrInvalid)
}

func mustClient(t *testing.T) *cwagent.Client {
	t.Helper()
	c, err := cwagent.New(cwagent.Config{AWS: aws.Config{Region: "eu-west-1", Credentials: credentials()}})
	require.NoError(t, err)
	return c
}
