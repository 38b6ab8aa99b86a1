package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// cloudVariable makes this test's own binary the program, on the fake EC2 of another process, so that a test can kill it.
const cloudVariable = "KITROLL_DBOS_CLOUD"

func TestMain(m *testing.M) {
	if at := os.Getenv(cloudVariable); at != "" {
		if err := child(at, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var spec = ec2move.Spec{
	ID: "durable", From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
	To: ec2move.Target{Region: "us-east-1"}, Volumes: []ec2move.Volume{{ID: "vol-0aaaaaaaaaaaaaaa3", Device: "/dev/sdg"}},
}

// child moves the sample's server over HTTP.
func child(at, db string) error {
	clock := farClock{at + "/clock"}
	m := &mover{tell: func(awsops.Event) {}, sleep: func(ctx context.Context, d time.Duration) (time.Duration, error) { return 0, clock.Sleep(ctx, d) }}
	cfg := ec2move.Config{Clock: clock, AWS: aws.Config{BaseEndpoint: &at, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAFAKE", SecretAccessKey: "not-a-secret"}, nil
		})}}
	var err error
	if m.client, err = ec2move.New(cfg); err != nil {
		return err
	}
	_, err = durably(context.Background(), m, db, spec)
	return err
}

// farClock is the clock of the fake in the other process.
type farClock struct{ url string }

func (c farClock) Now() time.Time {
	now, err := c.ask("0s")
	if err != nil {
		panic(err)
	}
	return now
}

func (c farClock) Sleep(_ context.Context, d time.Duration) error {
	_, err := c.ask(d.String())
	return err
}

func (c farClock) ask(d string) (now time.Time, err error) {
	resp, err := http.PostForm(c.url, url.Values{"sleep": {d}})
	if err != nil {
		return now, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return now, err
	}
	return now, now.UnmarshalText(text)
}

// account is a fake EC2 on loopback, with the process that works on it.
type account struct {
	cloud *ec2movetest.Cloud
	url   string

	mu      sync.Mutex
	process *os.Process
}

func open(t *testing.T) *account {
	t.Helper()
	what := ec2movetest.Sample()
	a := &account{cloud: ec2movetest.New(&ec2movetest.Options{World: &what, Lag: 3})}
	mux := http.NewServeMux()
	mux.Handle("/", a.cloud.Handler())
	mux.HandleFunc("/clock", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.FormValue("sleep"))
		assert.NoError(t, err)
		a.cloud.Clock().Advance(d)
		text, err := a.cloud.Clock().Now().MarshalText()
		assert.NoError(t, err)
		_, _ = w.Write(text)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	a.url = srv.URL
	return a
}

// run starts the program and tells how it ended.
func (a *account) run(t *testing.T, db string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], db)
	cmd.Env = append(os.Environ(), cloudVariable+"="+a.url)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	a.mu.Lock()
	a.process = cmd.Process
	a.mu.Unlock()
	return cmd.Wait()
}

// kill ends the process for good, as a power cut does.
func (a *account) kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.process.Kill()
}

var moment = regexp.MustCompile(`"2026-[-0-9T:]+Z"`)

// end is what there is, but for the moments that tags remember.
func (a *account) end() string { return moment.ReplaceAllString(a.cloud.Snapshot(), `"a moment"`) }

func changing(op string) bool {
	return !strings.HasPrefix(op, "Describe") && !strings.HasPrefix(op, "Get")
}

// The program is killed at a call of each kind that changes something, before its effect and after it, and started again. DBOS
// runs the step that was broken off once more; there is one of everything all the same, as in the run that nobody kills.
func TestKilled(t *testing.T) {
	t.Parallel()
	clean := open(t)
	require.NoError(t, clean.run(t, filepath.Join(t.TempDir(), "move.sqlite")))
	ops := slices.DeleteFunc(clean.cloud.Order(), func(op string) bool { return !changing(op) })
	want, calls := clean.end(), len(ops)
	slices.Sort(ops)
	ops = slices.Compact(ops)
	require.Contains(t, ops, "AllocateAddress")
	points := 0
	for _, op := range ops {
		for _, when := range []awsopstest.Event{{Op: op, N: 1, When: awsopstest.Before}, {Op: op, N: 1, When: awsopstest.After}} {
			points++
			a, db := open(t), filepath.Join(t.TempDir(), "move.sqlite")
			a.cloud.Observe(func(e awsopstest.Event) {
				if e == when {
					a.kill()
					panic(http.ErrAbortHandler) // before: the call never arrived
				}
			})
			require.Error(t, a.run(t, db), "killed at %v", when)
			require.NoError(t, a.run(t, db), "after %v", when)
			assert.Equal(t, want, a.end(), "killed at %v", when)
		}
	}
	t.Logf("%d calls in a clean run, %d kinds; killed %d times: 0 duplicates", calls, len(ops), points)
}
