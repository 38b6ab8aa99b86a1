package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/transfer"
)

// childVariable makes this test's own binary the program, so that a test can kill it.
const childVariable = "KITROLL_MOVEDOMAIN_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(run(context.Background(), os.Args[1:], Terminal{os.Stdin, os.Stdout, os.Stderr}, func(string) string { return "" }))
	}
	os.Exit(m.Run())
}

// outcome is what a run left on the terminal.
type outcome struct {
	code        int
	out, screen string
}

// program runs it in this process, with somebody at the keyboard.
func program(t *testing.T, ctx context.Context, keys string, env map[string]string, args ...string) outcome { //nolint:revive // t first, as everywhere
	t.Helper()
	var out, screen bytes.Buffer
	code := run(ctx, args, Terminal{strings.NewReader(keys), &out, &screen}, func(name string) string { return env[name] })
	return outcome{code, out.String(), screen.String()}
}

// served is a world on ports of loopback.
func served(t *testing.T) (w *world, at string) {
	t.Helper()
	w, err := newWorld(0)
	require.NoError(t, err)
	t.Cleanup(w.close)
	at, stop, err := w.serve(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(stop)
	return w, at
}

func TestWithoutKeys(t *testing.T) {
	t.Parallel()
	state, report := filepath.Join(t.TempDir(), "s.json"), filepath.Join(t.TempDir(), "r.html")
	got := program(t, t.Context(), "", nil, "-state", state, "-report", report)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Regexp(t, `^Z[0-9]+\n$`, got.out)
	for _, text := range []string{
		"nothing is real", "virtual clock", "typed by the program", "23 records", "go/REDIRECT_URL", "15.00 USD", "example.com is at Route 53",
	} {
		assert.Contains(t, got.screen, text)
	}
	for _, step := range transfer.Steps() {
		assert.Regexp(t, fmt.Sprintf(`%2d %-9s \+`, step.Number(), step), got.screen)
	}
	page := read(t, report)
	for _, text := range []string{"<title>example.com: the move</title>", "fakes, virtual clock", "REDIRECT_URL", "order the transfer", "What has happened", "0 issue &#34;amazon.com&#34;"} {
		assert.Contains(t, page, text)
	}

	before := read(t, state)
	again := program(t, t.Context(), "", nil, "-state", state)
	require.Equal(t, exitDone, again.code)
	assert.Contains(t, again.screen, "nothing was repeated")
	assert.Equal(t, before, read(t, state), "the second run does nothing")
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestPlanChangesNothing(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state, report := filepath.Join(t.TempDir(), "s.json"), filepath.Join(t.TempDir(), "r.html")
	got := program(t, t.Context(), "", nil, "-at", at, "-state", state, "-report", report, "-plan")
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "Gates:")
	assert.NoFileExists(t, state)
	assert.FileExists(t, report)
	assert.Empty(t, w.aliyun.Tasks())
	assert.Zero(t, w.registrar.Orders(""))
	for _, r := range w.route53.Requests() {
		assert.NotContains(t, r.Action, "Create")
		assert.NotContains(t, r.Action, "Change")
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		want []string
	}{
		"everything at once": {
			args: []string{"-until", "lunch", "-filing", "maybe", "-max-price", "cheap", "-yes-pay", "1.234", "extra"},
			want: []string{`"lunch"`, `"maybe"`, `"cheap"`, `"1.234"`, `"extra" is not a flag`},
		},
		"undo and until":     {args: []string{"-undo", "zone", "-until", "switch"}, want: []string{"-undo excludes"}},
		"another domain":     {args: []string{"-domain", "example.org"}, want: []string{"the fakes have example.com only"}},
		"half of the keys":   {env: map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}, want: []string{"AWS_ACCESS_KEY_ID but not ALIBABA_CLOUD_ACCESS_KEY_ID", "MOVE_CONTACTS"}},
		"no world":           {args: []string{"-at", "http://127.0.0.1:1"}, want: []string{"-at: "}},
		"a world for others": {args: []string{"-world", "0.0.0.0:8053"}, want: []string{"address of loopback"}},
		"a flag that is not": {args: []string{"-force"}, want: []string{"-force"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if name != "a flag that is not" {
				args = append([]string{"-state", filepath.Join(t.TempDir(), "s.json")}, args...)
			}
			got := program(t, t.Context(), "", tt.env, args...)
			assert.Equal(t, exitInput, got.code)
			for _, text := range tt.want {
				assert.Contains(t, got.screen, text)
			}
		})
	}
}

func TestRealNeedsDomainAndPrice(t *testing.T) {
	t.Parallel()
	contacts := filepath.Join(t.TempDir(), "contacts.json")
	person := map[string]any{
		"type": "PERSON", "firstName": "Ada", "lastName": "Example", "email": "ada@example.net", "phone": "+86.1012345678",
		"address1": "1 Example Road", "city": "Beijing", "zip": "100000", "country": "CN",
	}
	data, err := json.Marshal(map[string]any{"registrant": person, "admin": person, "tech": person})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(contacts, data, 0o600))
	env := map[string]string{"MOVE_CONTACTS": contacts}
	for _, name := range required()[:4] {
		env[name] = "key-of-" + name
	}
	got := program(t, t.Context(), "", env)
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "-domain: name the domain")
	got = program(t, t.Context(), "", env, "-domain", "example.com")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "-max-price")

	require.NoError(t, os.WriteFile(contacts, []byte(`{"registrant": {"email": "ada@example.net", "phone": "98765"}}`), 0o600))
	got = program(t, t.Context(), "", env, "-domain", "example.com", "-max-price", "20")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "MOVE_CONTACTS: ")
	for _, private := range []string{"ada@", "98765", "key-of-"} {
		assert.NotContains(t, got.screen, private)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	got := program(t, t.Context(), "", nil, "-h")
	assert.Equal(t, exitDone, got.code)
	for _, text := range []string{"-yes-pay", "MOVE_CONTACTS", "ALIBABA_CLOUD_ACCESS_KEY_ID", "Steps: preflight zone", "Exit codes:"} {
		assert.Contains(t, got.screen, text)
	}
}

// Nothing but the typed word agrees. What is missing ends the run with its code, and the next one goes on.
func TestTyping(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state := filepath.Join(t.TempDir(), "s.json")
	args := []string{"-at", at, "-state", state, "-ask"}

	got := program(t, t.Context(), "none of them\n", nil, args...)
	require.Equal(t, exitDecide, got.code, got.screen)
	assert.Contains(t, got.screen, `"none" is the ID of none of these records`)
	got = program(t, t.Context(), "all\nyes\n", nil, args...)
	require.Equal(t, exitDecide, got.code, got.screen)
	assert.Contains(t, got.screen, `"yes" is not "switch": nothing was done`)
	assert.Contains(t, got.screen, "输入 switch 确认")
	d, _ := w.aliyun.Domain(demoDomain)
	assert.Equal(t, oldNameservers(), d.NameServers)
	got = program(t, t.Context(), "switch\nperhaps\n", nil, args...)
	require.Equal(t, exitDecide, got.code, got.screen)
	got = program(t, t.Context(), "none\npay 1.00 USD\n", nil, args...)
	require.Equal(t, exitDecide, got.code, got.screen)
	assert.Contains(t, got.screen, "Type pay 15.00 USD")
	assert.Zero(t, w.registrar.Orders(""))
	got = program(t, t.Context(), "", nil, append(args, "-yes-pay", "14")...)
	require.Equal(t, exitDecide, got.code, got.screen)
	assert.Zero(t, w.registrar.Orders(""))
	got = program(t, t.Context(), "", nil, append(args, "-yes-pay", "15", "-yes-let-go")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, 1, w.registrar.Orders(""))
}

// Too expensive, blocked, differing: exit code 1, with every reason and what to do in both languages.
func TestBlocked(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state := filepath.Join(t.TempDir(), "s.json")
	got := program(t, t.Context(), "", nil, "-at", at, "-state", state, "-max-price", "10")
	require.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.screen, "costs 15.00 USD, and at most 10.00 USD is allowed")
	w.aliyun.ChangeDomain(demoDomain, notVerified)
	got = program(t, t.Context(), "", nil, "-at", at, "-state", state)
	require.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.screen, "域名未完成实名认证")
	assert.Contains(t, got.screen, "→ 实名认证、锁定和邮箱可在域名控制台处理")
}

// The whole way back, from before the transfer, after a typed word; then forward again.
func TestUndo(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state := filepath.Join(t.TempDir(), "s.json")
	args := []string{"-at", at, "-state", state}
	got := program(t, t.Context(), "", nil, append(args, "-until", "approve")...)
	require.Equal(t, exitDone, got.code, got.screen)
	got = program(t, t.Context(), "no\n", nil, append(args, "-undo", "zone")...)
	require.Equal(t, exitDecide, got.code, got.screen)
	assert.Contains(t, got.screen, "refuse the transfer")
	w.clock.Advance(3 * time.Hour) // the registry has the request
	got = program(t, t.Context(), "undo\n", nil, append(args, "-undo", "zone")...)
	require.Equal(t, exitDone, got.code, got.screen)
	d, _ := w.aliyun.Domain(demoDomain)
	assert.Equal(t, oldNameservers(), d.NameServers)
	assert.True(t, d.TransferLock.On())
	assert.True(t, d.UpdateLock.On())
	assert.Zero(t, w.registrar.Paid())
	got = program(t, t.Context(), "", nil, append(args, "-undo", "zone")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "nothing to take back")

	got = program(t, t.Context(), "", nil, args...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, int64(1500), w.registrar.Paid())
	got = program(t, t.Context(), "", nil, append(args, "-undo", "zone")...)
	require.Equal(t, exitFailed, got.code, got.screen)
	assert.Contains(t, got.screen, "it can be moved again after 60 days")
}

func TestStranded(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "s.json")
	got := program(t, t.Context(), "", nil, "-state", state, "-until", "switch")
	require.Equal(t, exitDone, got.code, got.screen)
	got = program(t, t.Context(), "", nil, "-state", state)
	require.Equal(t, exitInput, got.code, got.screen)
	assert.Contains(t, got.screen, "which ended with their process")
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state := filepath.Join(t.TempDir(), "s.json")
	ctx, stop := context.WithCancel(t.Context())
	w.clock.passed = func() {
		w.sync()
		if d, _ := w.aliyun.Domain(demoDomain); d.NameServers[0] != oldNameservers()[0] {
			stop()
		}
	}
	got := program(t, ctx, "", nil, "-at", at, "-state", state)
	require.Equal(t, exitInterrupted, got.code, got.screen)
	assert.Contains(t, got.screen, "run the same command again")
	w.clock.passed = w.sync
	got = program(t, t.Context(), "", nil, "-at", at, "-state", state)
	require.Equal(t, exitDone, got.code, got.screen)
}

// Two processes with one state exclude each other.
func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "s.json")
	j, err := transfer.OpenFile(state)
	require.NoError(t, err)
	defer j.Close()
	got := program(t, t.Context(), "", nil, "-state", state)
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "in use by another process")
}

// The process is killed as the power does it, again and again at other moments, and run again: one order, one charge.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	state := filepath.Join(t.TempDir(), "s.json")
	kills, last := 0, time.Time{}
	for run := 1; ; run++ {
		require.Less(t, run, 60)
		var screen bytes.Buffer
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-at", at, "-state", state)
		cmd.Env = []string{childVariable + "=1"}
		if root, ok := os.LookupEnv("SYSTEMROOT"); ok {
			cmd.Env = append(cmd.Env, "SYSTEMROOT="+root)
		}
		cmd.Stderr = &screen
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		gone, dead := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(dead)
			for calls := 0; ; { // kill it after some calls more than the last time
				select {
				case <-time.After(2 * time.Millisecond):
				case <-gone:
					return
				case <-t.Context().Done():
					return
				}
				now := w.aliyun.Calls("") + w.registrar.Calls("") + w.route53.Calls("")
				if calls == 0 {
					calls = now
				}
				if now-calls >= 14+run%7 && !w.clock.Now().Equal(last) || run >= 40 {
					last = w.clock.Now()
					if run < 40 {
						_ = cmd.Process.Kill()
					}
					return
				}
			}
		}()
		_, _ = io.Copy(io.Discard, out)
		close(gone) // it has ended: its output has
		<-dead
		err = cmd.Wait()
		if err == nil {
			break
		}
		kills++
		require.Equal(t, -1, cmd.ProcessState.ExitCode(), screen.String())
	}
	t.Logf("killed %d times", kills)
	assert.Greater(t, kills, 5)
	assert.Equal(t, 1, w.registrar.Orders(demoDomain))
	assert.Equal(t, int64(1500), w.registrar.Paid())
	d, ok := w.registrar.Domain(demoDomain)
	require.True(t, ok)
	assert.Len(t, d.Nameservers, 4)
}

// No key, no auth code, no contact shows anywhere: not on the screen, in the state, in the report, in errors; not either
// when calls fail.
func TestSecrets(t *testing.T) {
	t.Parallel()
	w, at := served(t)
	dir := t.TempDir()
	args := []string{"-at", at, "-state", filepath.Join(dir, "s.json"), "-report", filepath.Join(dir, "r.html")}
	var all strings.Builder
	codes := map[string]bool{}
	w.clock.passed = func() {
		w.sync()
		if d, _ := w.aliyun.Domain(demoDomain); d.Out.AuthCode != "" {
			codes[d.Out.AuthCode] = true
		}
	}
	for _, fault := range []func(){
		func() {
			w.aliyun.FailNextTask("SaveSingleTaskForQueryingTransferAuthorizationCode", "confirm by mail to holder@example.net")
		},
		func() { w.registrar.FailNext("CheckDomainTransferability", "InvalidInput") },
		func() { w.registrar.FailNext("TransferDomain", "InvalidInput") },
		func() { w.registrar.LoseNext("TransferDomain") },
	} {
		fault()
		got := program(t, t.Context(), "", nil, append(args, "-until", "approve")...)
		all.WriteString(got.out + got.screen)
	}
	got := program(t, t.Context(), "", nil, args...)
	require.Equal(t, exitDone, got.code, got.screen)
	all.WriteString(got.out + got.screen)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all.WriteString(read(t, path))
		}
		return err
	}))
	require.NotEmpty(t, codes)
	secrets := []string{w.aliyun.Config().AccessKeySecret, "holder@example.net", demoContacts().Registrant.Email, demoContacts().Registrant.Phone, demoContacts().Registrant.Address1}
	for _, keys := range []route53x.Config{w.route53.Config(), {AWS: w.registrar.Config().AWS}} {
		k, err := keys.AWS.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		secrets = append(secrets, k.SecretAccessKey)
	}
	for code := range codes {
		secrets = append(secrets, code)
	}
	for _, s := range secrets {
		require.NotEmpty(t, s)
		assert.False(t, strings.Contains(all.String(), s), "a secret of %d characters shows", len(s)) //nolint:testifylint // the text is too long to be shown
	}
	assert.True(t, strings.Contains(all.String(), "confirm by mail to"), "the reason of the failed task") //nolint:testifylint // likewise
}
