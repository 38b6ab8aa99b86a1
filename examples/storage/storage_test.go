package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// Everything on the fake inside the program, as somebody does who has no key; and once more, which buys nothing.
func TestOnTheFake(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		plan string
		out  string
	}{
		"block":   {[]string{"-access", "block", "-size", "100", "-iops", "3000"}, `block volume "storage-demo" in ewr, 100 GB, high_perf`, "mount -t ext4 "},
		"file":    {[]string{"-access", "file", "-writers", "2"}, `file system "storage-demo" in ewr, 10 GB`, "mount -t virtiofs "},
		"http":    {[]string{"-access", "http", "-size", "1500"}, `object storage "storage-demo" in ewr1.vultrobjects.com, tier Standard`, "https://ewr1.vultrobjects.com"},
		"gateway": {[]string{"-access", "file", "-metal"}, `storage gateway "storage-demo" in ewr, in the VPC`, "10.1.96.4:/storage-demo /mnt/storage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, vultrtest.Options{})
			w.env = nil
			first := w.run("buy\n", tt.args...)
			require.Equal(t, exitDone, first.code, first.screen)
			assert.Contains(t, first.screen, "a fake inside this process")
			assert.Contains(t, first.screen, "buy      "+tt.plan)
			assert.Contains(t, first.screen, "mind:")
			assert.Contains(t, first.screen, "in all:")
			assert.Contains(t, first.out, tt.out)
			second := w.run("", tt.args...) // nobody has to type anything
			require.Equal(t, exitDone, second.code, second.screen)
			assert.NotContains(t, second.screen, "buy  ")
			assert.Contains(t, second.screen, "everything was there already: nothing was bought or attached")
			assert.Equal(t, first.out, second.out)
			assert.Zero(t, w.srv.Calls(""), "and nothing went to the account that was not named")
		})
	}
}

func TestOnARealAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	args := []string{"-access", "block", "-size", "40", "-label", "db", "-instance", vultrtest.DemoInstance}
	planned := w.run("", append(args, "-plan")...)
	require.Equal(t, exitDone, planned.code, planned.screen)
	assert.Contains(t, planned.screen, "the real one of VULTR_API_KEY")
	assert.Contains(t, planned.screen, "price not known")
	assert.Empty(t, planned.out)
	refused := w.run("yes\n", args...)
	assert.Equal(t, exitNotConfirmed, refused.code, "buy was asked for")
	assert.Equal(t, exitNotConfirmed, w.run("", args...).code, "nobody is there to agree")
	assert.Zero(t, w.srv.Bought(vultr.KindBlock))

	done := w.run("buy\n", args...)
	require.Equal(t, exitDone, done.code, done.screen)
	require.Len(t, w.srv.Blocks(), 1)
	assert.Equal(t, vultr.InstanceID(vultrtest.DemoInstance), w.srv.Blocks()[0].AttachedTo)
	assert.Equal(t, vultr.StorageOpt, w.srv.Blocks()[0].Type)
	assert.Zero(t, w.srv.Reboots(vultrtest.DemoInstance))
	assert.NotContains(t, done.screen+done.out+planned.screen, realKey)

	// What is there in another size is not bought again, and not taken for what was asked for.
	larger := w.run("buy\n", "-access", "block", "-size", "80", "-label", "db", "-yes")
	assert.Equal(t, exitFailed, larger.code)
	assert.Contains(t, larger.screen, "has 40 GB and not 80")
	assert.Contains(t, larger.screen, "→ change what is there, or choose another -label")
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))
}

// Attaching is another word than buying.
func TestAttachWhatIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	args := []string{"-access", "file", "-writers", "2"}
	require.Equal(t, exitDone, w.run("buy\n", args...).code)
	args = append(args, "-instance", vultrtest.DemoInstance, "-instance", vultrtest.DemoInstance2)
	assert.Equal(t, exitNotConfirmed, w.run("buy\n", args...).code)
	done := w.run("attach\n", args...)
	require.Equal(t, exitDone, done.code, done.screen)
	assert.Equal(t, 2, strings.Count(done.out, "mount -t virtiofs"))
	assert.Equal(t, 1, w.srv.Bought(vultr.KindFile))
}

func TestKeysOfAnObjectStorage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{ActiveAfter: 50 * time.Millisecond})
	done := w.run("", "-access", "http", "-yes")
	require.Equal(t, exitDone, done.code, done.screen)
	path := filepath.Join(w.out, "s3.env")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(data), "AWS_ENDPOINT_URL_S3=https://ewr1.vultrobjects.com\nAWS_REGION=us-east-1\nAWS_ACCESS_KEY_ID=FAKEACCESS")
	_, secret, ok := strings.Cut(string(data), "AWS_SECRET_ACCESS_KEY=fakesecret")
	require.True(t, ok)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.NotContains(t, done.screen+done.out, strings.TrimSpace(secret))
	intents, err := os.ReadFile(filepath.Join(w.out, "intent-real.json"))
	require.NoError(t, err)
	assert.JSONEq(t, "{}", string(intents))
}

func TestGateways(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	args := []string{"-access", "file", "-metal", "-yes"}
	for want, more := range map[string][]string{
		"-vpc is needed":              nil,
		"-allow is needed":            {"-public"},
		"neither an address nor":      {"-public", "-allow", "example.com"},
		"is as good as everybody":     {"-public", "-allow", "0.0.0.0/0"},
		"whoever reaches the gateway": {"-vpc", vpc, "-plan"},
	} {
		got := w.run("", append(args, more...)...)
		assert.Contains(t, got.screen, want)
		assert.Equal(t, 0, w.srv.Bought(vultr.KindGateway))
	}
	done := w.run("", append(args, "-public", "-allow", "203.0.113.0/24")...)
	require.Equal(t, exitDone, done.code, done.screen)
	assert.Empty(t, done.out)
	assert.Contains(t, done.screen, "run again with -address")
	again := w.run("", append(args, "-public", "-allow", "203.0.113.0/24", "-address", "2001:db8::5", "-dir", "/mnt/my data")...)
	require.Equal(t, exitDone, again.code, again.screen)
	assert.Contains(t, again.out, "'[2001:db8::5]:/storage-demo' '/mnt/my data'")
	assert.Equal(t, 1, w.srv.Bought(vultr.KindGateway))
	assert.Equal(t, 1, w.srv.Bought(vultr.KindFile))
	open := w.run("", "-access", "file", "-metal", "-yes", "-public", "-open-to-all", "-label", "open")
	require.Equal(t, exitDone, open.code, open.screen)
	assert.Contains(t, open.screen, "public, open to everybody")
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	asked := w.run("tape\nf\nmany\n3\nno\n\n\n\n", "-plan")
	require.Equal(t, exitDone, asked.code, asked.screen)
	assert.Contains(t, asked.screen, `"tape" is no answer to that`)
	assert.Contains(t, asked.screen, `"many" is no answer to that`)
	assert.Contains(t, asked.screen, "3 machines write at the same time")
	asked = w.run("http\n\n\n\n", "-plan")
	require.Equal(t, exitDone, asked.code, asked.screen)
	assert.NotContains(t, asked.screen, "Bare Metal?", "for URLs that does not matter")
	asked = w.run("block\n1\ny\n\n\n\n", "-size", "5", "-plan")
	assert.Equal(t, exitInput, asked.code)
	assert.NotContains(t, asked.screen, "How many GB?", "a flag has answered that")
	assert.Contains(t, asked.screen, "no storage fits: a block volume cannot be attached to Bare Metal")
	cut := w.run("block\n")
	assert.Equal(t, exitInput, cut.code)
	assert.Contains(t, cut.screen, "-writers is needed where nobody answers questions")
	yes := w.run("b\n\n\n\n\n\nbuy\n")
	require.Equal(t, exitDone, yes.code, yes.screen)
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock), "answers and consent come from the same keyboard")
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"everything at once": {
			args: []string{"-access", "tape", "-writers", "0", "-size", "-1", "-label", " ", "-dir", "mnt", "-address", "x", "rest"},
			want: `"rest" is not a flag` + "\n" + `-access: "tape" is none of block, file, http` + "\n-writers: 0",
		},
		"no flag":     {args: []string{"-tape"}, want: "flag provided but not defined: -tape"},
		"half":        {args: []string{"-access", "block"}, env: map[string]string{"VULTR_BASE_URL": "https://x"}, want: "VULTR_BASE_URL but not VULTR_API_KEY"},
		"odd key":     {args: []string{"-access", "block"}, env: map[string]string{"VULTR_API_KEY": "a b"}, want: "APIKey"},
		"two for one": {args: []string{"-access", "block", "-instance", "a", "-instance", "b"}, want: "one instance only"},
		"no region":   {args: []string{"-access", "http", "-region", "moon"}, want: "no object storage to be had"},
		"moon":        {args: []string{"-access", "block", "-region", "moon", "-yes"}, want: "Invalid region"},
		"too fast":    {args: []string{"-access", "http", "-iops", "999999"}, want: "no tier in ewr allows"},
	} {
		world := *w
		world.out = filepath.Join(t.TempDir(), "out")
		if tt.env != nil {
			world.env = tt.env
		}
		got := world.run("", tt.args...)
		assert.Equal(t, exitInput, got.code, "%s: %s", name, got.screen)
		assert.Contains(t, got.screen, tt.want, name)
		assert.Contains(t, got.screen, "→ nothing was bought", name)
	}
	assert.Zero(t, w.srv.Bought(vultr.KindBlock)+w.srv.Bought(vultr.KindObject))
	help := w.run("", "-h")
	assert.Equal(t, exitDone, help.code)
	assert.Contains(t, help.screen, "VULTR_API_KEY")
	assert.Contains(t, help.screen, "Exit codes: 0 done")
}

// An instance that is none is noticed after the purchase: that is a failure, and not "nothing was bought".
func TestFailureAfterThePurchase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	got := w.run("", "-access", "block", "-instance", "nobody", "-yes")
	assert.Equal(t, exitFailed, got.code, got.screen)
	assert.NotContains(t, got.screen, "nothing was bought")
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))
	w.env["VULTR_API_KEY"] = "WRONGKEY"
	got = w.run("", "-access", "block", "-yes")
	assert.Equal(t, exitFailed, got.code)
	assert.Contains(t, got.screen, "access list")
}

// The answer to the purchase is lost: it is found by its label, or the outcome is unknown; the next run buys nothing twice.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	w.srv.LoseNext(vultrtest.CreateBlock)
	got := w.run("", "-access", "block", "-yes")
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))

	// Lost, and the look-up fails as well.
	w.srv.LoseNext(vultrtest.CreateVFS)
	w.srv.Observe(func(e fault.Event) {
		if e.Op == vultrtest.CreateVFS && e.When == fault.After && e.N == 1 {
			w.srv.FailNext(vultrtest.ListVFS, 403, "not now")
		}
	})
	got = w.run("", "-access", "file", "-yes")
	assert.Equal(t, exitUnknown, got.code, got.screen)
	assert.Contains(t, got.screen, "run the same command again")
	intents := filepath.Join(w.out, "intent-real.json")
	var left map[string]time.Time
	require.NoError(t, atomicfile.ReadJSON(intents, &left))
	assert.Contains(t, left, "vfs ewr storage-demo", "what is not known is looked for the next time")
	got = w.run("", "-access", "file", "-yes")
	require.Equal(t, exitDone, got.code, got.screen)
	left = nil
	require.NoError(t, atomicfile.ReadJSON(intents, &left))
	assert.Empty(t, left)
	assert.Equal(t, 1, w.srv.Bought(vultr.KindFile))
}

// Killed after the platform has sold it and before anybody heard so; lists show it a second later only.
func TestKilledInTheMiddleOfAPurchase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{Lag: time.Second})
	cmd, started := w.child("-access", "block", "-yes"), make(chan struct{})
	w.srv.Observe(func(e fault.Event) {
		if e.Op == vultrtest.CreateBlock && e.When == fault.After && e.N == 1 {
			<-started
			_ = cmd.Process.Kill()
		}
	})
	require.NoError(t, cmd.Start())
	close(started)
	require.Error(t, cmd.Wait())
	require.Equal(t, 1, w.srv.Bought(vultr.KindBlock))
	var left map[string]time.Time
	require.NoError(t, atomicfile.ReadJSON(filepath.Join(w.out, "intent-real.json"), &left))
	require.Contains(t, left, "block ewr storage-demo")

	got := w.run("", "-access", "block", "-yes")
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "an earlier run was about to buy it")
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))
}

// Killed before the request left: after a while there is nothing to wait for.
func TestKilledBeforeAPurchase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	w.pace.Settle = 200 * time.Millisecond
	require.NoError(t, os.MkdirAll(w.out, 0o700))
	require.NoError(t, atomicfile.WriteJSON(filepath.Join(w.out, "intent-real.json"), map[string]time.Time{"block ewr storage-demo": time.Now()}))
	got := w.run("", "-access", "block", "-yes")
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "an earlier run was about to buy it")
	assert.Equal(t, 1, w.srv.Bought(vultr.KindBlock))

	require.NoError(t, os.WriteFile(filepath.Join(w.out, "intent-real.json"), []byte("{"), 0o600))
	got = w.run("", "-access", "block", "-yes")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "intent-real.json cannot be read")
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{ActiveAfter: time.Hour})
	ctx, stop := context.WithCancelCause(t.Context())
	w.srv.Observe(func(e fault.Event) {
		if e.Op == vultrtest.GetBlock && e.N == 3 {
			stop(errors.New("Ctrl-C"))
		}
	})
	got := w.runIn(ctx, strings.NewReader(""), "-access", "block", "-yes")
	assert.Equal(t, exitInterrupted, got.code, got.screen)
	assert.Contains(t, got.screen, "run the same command again")

	asked, leave := context.WithCancelCause(t.Context())
	in, typing := io.Pipe()
	defer typing.Close()
	time.AfterFunc(50*time.Millisecond, func() { leave(errors.New("Ctrl-C")) })
	got = w.runIn(asked, in)
	assert.Equal(t, exitInterrupted, got.code, "at a question")
}

func TestTwoAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, vultrtest.Options{})
	require.NoError(t, os.MkdirAll(w.out, 0o700))
	unlock, err := atomicfile.TryLock(filepath.Join(w.out, "lock"))
	require.NoError(t, err)
	got := w.run("", "-access", "block", "-yes")
	assert.Equal(t, exitInput, got.code)
	assert.Contains(t, got.screen, "in use by another process")
	require.NoError(t, unlock())
	assert.Equal(t, exitDone, w.run("", "-access", "block", "-yes").code)
}
