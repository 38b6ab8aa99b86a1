package ec2move_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// keyRE are the fields of a request by which EC2 or a person tells that it is the same.
var keyRE = regexp.MustCompile(`^(ClientToken|Name|GroupName|KeyName|TagSpecification\..*)$`)

// keys are the fields of all requests that change something, in their order.
func keys(requests []ec2movetest.Request) []string {
	var out []string
	for _, r := range requests {
		if !changes(r.Action) {
			continue
		}
		form := url.Values{}
		for name, values := range r.Form {
			if keyRE.MatchString(name) {
				form[name] = values
			}
		}
		out = append(out, r.Region+" "+r.Action+" "+form.Encode())
	}
	return out
}

// Trap 1: Random auto-filled ClientToken: two processes must send the same one. Two accounts alike stand for one, as they would
// refuse the second; each process is one of its own, with the SDK's client, over HTTP.
func TestTrap1TwoProcessesSendTheSameTokens(t *testing.T) {
	t.Parallel()
	var sent [2][]string
	for i := range sent {
		cloud := newCloud(t)
		front := cloud.Handler()
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cloud.Clock().Advance(10 * time.Second) // the process has a clock of its own
			front.ServeHTTP(w, r)
		}))
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMoveInAnotherProcess$", "-test.v")
		child.Env = append(os.Environ(), childEndpoint+"="+srv.URL)
		out, err := child.CombinedOutput()
		srv.Close()
		require.NoError(t, err, "%s", out)
		sent[i] = keys(front.Requests(""))
	}
	require.Equal(t, sent[0], sent[1])
	tokens := strings.Join(sent[0], "\n")
	for _, action := range []string{"CopyImage", "RunInstances", "CreateVolume"} {
		assert.Regexp(t, action+` .*ClientToken=m-web-1-`, tokens)
	}
	assert.Regexp(t, `CreateImage .*Name=m-web-1-image-`, tokens)
	for _, line := range sent[0] {
		if strings.Contains(line, " Create") || strings.Contains(line, " Copy") || strings.Contains(line, " Run") || strings.Contains(line, " Import") {
			assert.Contains(t, line, url.QueryEscape(ec2move.TagMove), "tagged as it is made")
		}
	}
}

const childEndpoint = "EC2MOVE_TEST_ENDPOINT"

// TestMoveInAnotherProcess is the process of the test above.
func TestMoveInAnotherProcess(t *testing.T) {
	t.Parallel()
	endpoint := os.Getenv(childEndpoint)
	if endpoint == "" {
		return
	}
	c, err := ec2move.New(ec2move.Config{
		AWS: aws.Config{Region: home, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAFAKEEC2FAKEEC2FA", SecretAccessKey: "fake"}, nil
		})},
		Options: []func(*ec2.Options){func(o *ec2.Options) { o.BaseEndpoint = &endpoint }},
		Clock:   newCloud(t).Clock(), // no time passes at the other end
	})
	require.NoError(t, err)
	spec := plainSpec()
	spec.Volumes = []ec2move.Volume{{ID: spare, Device: "/dev/sdg"}}
	_, err = run(t, c.Run(t.Context(), planned(t, c, spec)))
	require.NoError(t, err)
}

// The same again in one process, twice, where the second finds what the first one did: the requests of the first alone change
// something.
func TestTheSecondProcessFindsWhatTheFirstDid(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t)
	front := cloud.Serve()
	t.Cleanup(front.Close)
	spec := plainSpec()
	spec.Keep.Images = true
	var before int
	for i := range 2 {
		c, err := ec2move.New(front.Config())
		require.NoError(t, err)
		_, err = run(t, c.Run(t.Context(), planned(t, newClient(t, newCloud(t)), spec)))
		require.NoError(t, err)
		if i == 0 {
			before = len(keys(front.Requests("")))
		}
	}
	assert.Len(t, keys(front.Requests("")), before)
	assert.Equal(t, 1, cloud.Made(away).Instances)
}

// Trap 2: SDK retry of token-less creates (AllocateAddress): exactly one request, when the answer is lost on the wire. So it is
// for snapshots.
func TestTrap2ALostAnswerIsOneRequestOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		action string
		own    bool // the caller brings the SDK's client, with the SDK's retryer in it
	}{
		"address": {action: "AllocateAddress"}, "snapshot": {action: "CreateSnapshot"}, "copy": {action: "CopySnapshot"},
		"address, the caller's client": {"AllocateAddress", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			action, cloud := tt.action, newCloud(t)
			front := cloud.Serve()
			t.Cleanup(front.Close)
			cfg := front.Config()
			if made := cfg; tt.own {
				cfg.API = func(region string) ec2move.API {
					return ec2.NewFromConfig(made.AWS, append(made.Options, func(o *ec2.Options) { o.Region = region })...)
				}
			}
			c, err := ec2move.New(cfg)
			require.NoError(t, err)
			spec := plainSpec()
			spec.To.Address, spec.Volumes = ec2move.AddressNew, []ec2move.Volume{{ID: spare, Device: "/dev/sdg"}}
			plan := planned(t, c, spec)
			cloud.LoseNext(action)
			_, err = run(t, c.Run(t.Context(), plan))
			require.NoError(t, err)
			assert.Len(t, front.Requests(action), 1)
			assert.Equal(t, 1, cloud.Count(away).Addresses)
			assert.Equal(t, [2]int{1, 3}, [2]int{cloud.Made(home).Images, cloud.Made(home).Snapshots})
		})
	}
}

// The state goes through JSON unchanged.
func TestStateIsJSON(t *testing.T) {
	t.Parallel()
	cloud, kept := newCloud(t), &keeper{}
	c := newClient(t, cloud, kept.into)
	_, err := run(t, c.Run(t.Context(), planned(t, c, crashSpecs()["two passes, detached volume"])))
	require.NoError(t, err)
	data, err := json.Marshal(kept.last)
	require.NoError(t, err)
	var back ec2move.State
	require.NoError(t, json.Unmarshal(data, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.JSONEq(t, string(data), string(again))
	assert.Less(t, len(data), 16<<10, "%s", fmt.Sprint(len(data)))
}
