package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/fault"
)

// childVariable makes this test's own binary the program, so that a test can kill it.
const childVariable = "KITROLL_CERT_CHILD"

// brisk is the pause between looks while names are being validated.
const brisk = 10 * time.Millisecond

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, os.Getenv, brisk))
	}
	code := m.Run()
	if childFolder != "" {
		_ = os.RemoveAll(childFolder)
	}
	os.Exit(code)
}

var childFolder string

// childBinary is this test's binary, built without the race detector, which makes short processes long.
var childBinary = sync.OnceValues(func() (string, error) {
	if !raceEnabled {
		return os.Args[0], nil
	}
	var err error
	if childFolder, err = os.MkdirTemp("", "cert"); err != nil {
		return "", err
	}
	path := filepath.Join(childFolder, "cert.test.exe")
	out, err := exec.Command("go", "test", "-c", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

// The secrets of a run. None of them may show anywhere.
const (
	awsSecret    = "wJalrXUtnFEMIcert0K7MDENGbPxRfiCYtestKEY"
	awsToken     = "FwoGZXIvYXdzEBYaDcert0sessiontoken0123456789"
	aliyunSecret = "kJ8hG5fD3sA1qW2eR4tY6uI7oP9zXc"
)

// world is an authority and a DNS on loopback, the environment that names them, and a folder to work in.
type world struct {
	t      *testing.T
	acm    *acmxtest.Server
	aliyun *aliyuntest.Server
	env    map[string]string
	dir    string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	var err error
	w.aliyun, err = aliyuntest.Open(aliyuntest.Options{AccessKeyID: "LTAI5tCertTest00000", AccessKeySecret: aliyunSecret})
	require.NoError(t, err)
	w.aliyun.AddZone(aliyuntest.Zone{Domain: "example.com"})
	look := fakes{ask: func(_ context.Context, q *dns.Msg) (*dns.Msg, error) {
		return w.aliyun.AnswerDNS(q, netip.MustParseAddr("203.0.113.7")), nil
	}}
	w.acm, err = acmxtest.Open(acmxtest.Options{AccessKeyID: "AKIACERTTEST00000000", SecretAccessKey: awsSecret, CNAME: look.lookup, RootInChain: true, StrangerInChain: true})
	require.NoError(t, err)
	t.Cleanup(func() { w.acm.Close(); w.aliyun.Close() })
	mount := func(h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	w.env = map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIACERTTEST00000000", "AWS_SECRET_ACCESS_KEY": awsSecret, "AWS_REGION": "us-east-1", "ACM_ENDPOINT": mount(w.acm),
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tCertTest00000", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": aliyunSecret, "ALIDNS_ENDPOINT": mount(w.aliyun),
	}
	return w
}

// usual are the flags of most runs.
func (w *world) usual(more ...string) []string {
	return append([]string{"-names", "www.example.com,example.com", "-key", "ec256", "-resolver", "none", "-out", filepath.Join(w.dir, "out"), "-dir", w.ssl()}, more...)
}

func (w *world) ssl() string { return filepath.Join(w.dir, "ssl") }

// outcome is what a run left on the terminal.
type outcome struct {
	code        int
	out, screen string
}

// run runs the program in this process.
func (w *world) run(args ...string) outcome { return w.typing(w.t.Context(), "", args...) }

// typing is run with somebody at the keyboard.
func (w *world) typing(ctx context.Context, keys string, args ...string) outcome {
	w.t.Helper()
	return runWith(ctx, w.env, keys, args...)
}

func runWith(ctx context.Context, env map[string]string, keys string, args ...string) outcome {
	var out, screen bytes.Buffer
	code := run(ctx, args, Terminal{strings.NewReader(keys), &out, &screen}, func(name string) string { return env[name] }, brisk)
	return outcome{code, out.String(), screen.String()}
}

// child is the program as a process, which can be killed.
type child struct {
	mu   sync.Mutex
	cmd  *exec.Cmd
	dead chan struct{}
}

func (c *child) kill() {
	c.mu.Lock()
	cmd, dead := c.cmd, c.dead
	c.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Kill()
		<-dead
	}
}

func (c *child) run(w *world, args ...string) outcome {
	w.t.Helper()
	var out, screen bytes.Buffer
	binary, err := childBinary()
	require.NoError(w.t, err)
	cmd := exec.CommandContext(w.t.Context(), binary, args...)
	cmd.Env = []string{childVariable + "=1", "PATH=" + os.Getenv("PATH")}
	for k, v := range w.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Stdout, cmd.Stderr = &out, &screen
	cmd.WaitDelay = 10 * time.Second // a reload command that outlives the program has its output
	dead := make(chan struct{})
	c.mu.Lock()
	c.cmd, c.dead = cmd, dead
	err = cmd.Start()
	c.mu.Unlock()
	require.NoError(w.t, err)
	_ = cmd.Wait()
	close(dead)
	c.mu.Lock()
	c.cmd = nil
	c.mu.Unlock()
	return outcome{cmd.ProcessState.ExitCode(), out.String(), screen.String()}
}

// script is the fault script of the platform that serves an operation.
func (w *world) script(op string) *fault.Script {
	if op == "AddDomainRecord" {
		return w.aliyun.Script
	}
	return w.acm.Script
}

// installed is the bundle that is on the shelf.
func (w *world) installed() *acmx.Bundle {
	w.t.Helper()
	b, err := acmx.ReadDir(w.ssl())
	require.NoError(w.t, err)
	return b
}

// renew has ACM renew its one certificate, and returns the new serial.
func (w *world) renew() string {
	w.t.Helper()
	c, err := acmx.New(w.acm.Config())
	require.NoError(w.t, err)
	var arn string
	for found, err := range c.List(w.t.Context(), nil) {
		require.NoError(w.t, err)
		arn = found.ARN
	}
	_, err = c.Certificate(arn).Renew(w.t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(1000)})
	require.NoError(w.t, err)
	d, err := c.Certificate(arn).Describe(w.t.Context())
	require.NoError(w.t, err)
	return d.Serial
}

// left is every file that the runs have left, by path.
func (w *world) left() map[string]string {
	w.t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, w.dir)] = string(data)
		return err
	})
	require.NoError(w.t, err)
	return files
}
