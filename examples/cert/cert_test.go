package main

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/internal/fault"
)

// Without a key in the environment everything is a fake in the process, which remembers what was bought there.
func TestRunsOnTheFakes(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"aliyun", "route53"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			args := []string{"-dns", where, "-out", out}
			got := runWith(t.Context(), nil, "", args...)
			require.Equal(t, exitDone, got.code, got.screen)
			for _, want := range []string{
				"fakes inside this process: acm, " + where, "1. certificate: buy one", "$14.00 now", "a fake, where money is not money",
				"+ DNS record: _", "+ export and decrypt: done", "the root \"Fake Root CA 1\" was left out", "+ install: done", "to undo:",
			} {
				assert.Contains(t, got.screen, want)
			}
			assert.NotContains(t, got.screen, "CAA records were not checked")
			ssl := filepath.Join(out, "ssl")
			assert.Equal(t, ssl+"\n", got.out)
			pair, err := tls.LoadX509KeyPair(filepath.Join(ssl, "fullchain.pem"), filepath.Join(ssl, "privkey.pem"))
			require.NoError(t, err)
			require.NoError(t, pair.Leaf.VerifyHostname("example.com"))

			journal, err := os.ReadFile(filepath.Join(out, "journal.json"))
			require.NoError(t, err)
			got = runWith(t.Context(), nil, "", args...)
			require.Equal(t, exitDone, got.code, got.screen)
			assert.Contains(t, got.screen, "nothing was bought, nothing was installed")
			assert.Contains(t, got.screen, "to be paid now: nothing")
			again, err := os.ReadFile(filepath.Join(out, "journal.json"))
			require.NoError(t, err)
			assert.Equal(t, string(journal), string(again))
		})
	}
}

func TestBuysOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.run(w.usual("-yes")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "real: acm (us-east-1)")
	assert.Contains(t, got.screen, "real: aliyun (DNS)")
	assert.Contains(t, got.screen, `the root "Fake Stranger CA" was left out`)
	require.NoError(t, w.installed().Verify(w.acm.Roots(), w.installed().Leaf.NotBefore.AddDate(0, 0, 1), "www.example.com"))
	assert.Equal(t, acmx.Dollars(14), w.acm.Spent())
	assert.Len(t, w.aliyun.Records("example.com"), 2)
	first := w.installed().Serial()

	writes := func() []int {
		return []int{w.acm.Calls("RequestCertificate"), w.acm.Calls("ExportCertificate"), w.aliyun.Calls("AddDomainRecord"), w.acm.Calls("AddTagsToCertificate")}
	}
	before := writes()
	got = w.run(w.usual()...) // nobody agrees: there is nothing to agree to
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "nothing was bought, nothing was installed")
	assert.Equal(t, before, writes())

	// The names in another order are the same certificate, and the journal's.
	got = w.run("-names", "example.com, www.example.com", "-key", "ec256", "-resolver", "none", "-out", filepath.Join(w.dir, "out"), "-dir", w.ssl())
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, before, writes())

	// Files that are lost are exported again, whatever the journal says.
	require.NoError(t, os.RemoveAll(w.ssl()))
	got = w.run(w.usual()...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, first, w.installed().Serial())

	// With the journal lost, it is found at the authority; with the files lost, they are exported again.
	require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "out")))
	require.NoError(t, os.RemoveAll(w.ssl()))
	got = w.run(w.usual()...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, first, w.installed().Serial())
	assert.Equal(t, acmx.Dollars(14), w.acm.Spent())
}

// What the platform refuses in the middle is a failure, and not bad input with "nothing was done".
func TestRefusedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.acm.FailNext("ExportCertificate", "ValidationException")
	got := w.run(w.usual("-yes")...)
	require.Equal(t, exitFailed, got.code, got.screen)
	assert.NotContains(t, got.screen, "nothing was done")
	got = w.run(w.usual()...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, acmx.Dollars(14), w.acm.Spent())
}

// Where the certificate of the journal is gone, or the keys in the environment are those of another account, -yes is not
// taken for a yes to another one.
func TestDoesNotBuyInPlaceOfOneThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, exitDone, w.run(w.usual("-yes")...).code)
	c, err := acmx.New(w.acm.Config())
	require.NoError(t, err)
	for found, err := range c.List(t.Context(), nil) {
		require.NoError(t, err)
		require.NoError(t, c.Certificate(found.ARN).Delete(t.Context()))
	}
	got := w.run(w.usual("-yes")...)
	require.Equal(t, exitInput, got.code, got.screen)
	assert.Contains(t, got.screen, "which is not in this account or cannot be used any more")
	assert.Equal(t, 1, w.acm.Calls("RequestCertificate"))
	// Within an hour the same request would be answered with the one that is gone: a label makes it another one.
	got = w.run(append(w.usual("-yes"), "-journal", filepath.Join(w.dir, "another.json"), "-label", "second")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, 2, w.acm.Calls("RequestCertificate"))
}

// A record that was lost is put back: without it there is no renewal.
func TestPutsRecordsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, exitDone, w.run(w.usual("-yes")...).code)
	records := w.aliyun.Records("example.com")
	require.Len(t, records, 2)
	require.True(t, w.aliyun.RemoveRecord("example.com", records[0].ID))
	got := w.run(w.usual()...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Len(t, w.aliyun.Records("example.com"), 2)
}

// What is there under the record's name and is something else is somebody's: it is not touched, and nothing is lost.
func TestLeavesOtherRecordsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := strings.TrimSuffix(w.acm.Record("example.com").Name, ".example.com")
	id := w.aliyun.PutRecord("example.com", aliyun.DNSRecord{RR: name, Type: "CNAME", Value: "elsewhere.example.net"})
	got := w.run(w.usual("-yes")...)
	require.Equal(t, exitFailed, got.code, got.screen)
	require.True(t, w.aliyun.RemoveRecord("example.com", id))
	got = w.run(w.usual("-yes")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, acmx.Dollars(14), w.acm.Spent(), "the certificate that waited was gone on with")
}

// ACM renews under the same ARN. The next run installs that, tells the server, and says how to go back: the command that it
// prints does so.
func TestInstallsARenewalAndUndoesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := filepath.Join(w.dir, "told it's all")
	hook := filepath.Join(w.dir, "hook.sh")
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\necho reloaded >>'"+strings.ReplaceAll(told, "'", `'\''`)+"'\n"), 0o700))
	args := w.usual("-yes", "-reload", hook)
	reloads := func() int {
		data, err := os.ReadFile(told)
		require.NoError(t, err)
		return strings.Count(string(data), "reloaded")
	}
	got := w.run(args...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "rm "+filepath.Join(w.ssl(), "current"), "there was nothing before")
	first := w.installed().Serial()
	require.Equal(t, 1, reloads())

	renewed := w.renew()
	require.NotEqual(t, first, renewed)
	spent := w.acm.Spent()
	got = w.run(args...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "= certificate: done before")
	assert.Contains(t, got.screen, "there now: serial "+first)
	assert.Contains(t, got.screen, "+ reload: done")
	assert.Equal(t, renewed, w.installed().Serial())
	assert.Equal(t, 2, reloads())
	assert.Equal(t, spent, w.acm.Spent())
	got = w.run(args...)
	assert.Contains(t, got.screen, "nothing was installed")
	assert.Equal(t, 2, reloads())

	_, undo, found := strings.Cut(got.screen, "# put the certificate before back\n")
	require.True(t, found, got.screen)
	undo, _, _ = strings.Cut(undo, "\n")
	out, err := exec.CommandContext(t.Context(), "sh", "-c", undo).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, first, w.installed().Serial())
	assert.Equal(t, 3, reloads())
}

// The files of a hand-made installation are what the first undo goes back to.
func TestUndoesToFilesThatWereThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.MkdirAll(w.ssl(), 0o755))
	for _, name := range []string{"fullchain.pem", "privkey.pem"} {
		require.NoError(t, os.WriteFile(filepath.Join(w.ssl(), name), []byte("by hand: "+name), 0o600))
	}
	got := w.run(w.usual("-yes")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "the files that are there become the first version")
	w.installed()
	_, undo, found := strings.Cut(got.screen, "# put the certificate before back\n")
	require.True(t, found, got.screen)
	undo, _, _ = strings.Cut(undo, "\n")
	out, err := exec.CommandContext(t.Context(), "sh", "-c", undo).CombinedOutput()
	require.NoError(t, err, string(out))
	data, err := os.ReadFile(filepath.Join(w.ssl(), "privkey.pem"))
	require.NoError(t, err)
	assert.Equal(t, "by hand: privkey.pem", string(data))
}

// With no version kept there is nothing to go back to, and no command that would.
func TestOffersNoUndoThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, exitDone, w.run(w.usual("-yes", "-keep", "0")...).code)
	w.renew()
	got := w.run(w.usual("-keep", "0")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.NotContains(t, got.screen, "ln -sfn")
	assert.Contains(t, got.screen, "delete-certificate")
}

// A reload that fails leaves what was there before, and the next run tries again.
func TestReloadFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, exitDone, w.run(w.usual("-yes")...).code)
	first, renewed := w.installed().Serial(), w.renew()
	got := w.run(w.usual("-reload", "sh -c false")...)
	require.Equal(t, exitFailed, got.code, got.screen)
	assert.Contains(t, got.screen, "reload failed: sh -c false: exit status 1")
	assert.Equal(t, first, w.installed().Serial())
	got = w.run(w.usual("-reload", "true")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, renewed, w.installed().Serial())
	got = w.run(w.usual("-reload", "true")...)
	assert.Contains(t, got.screen, "nothing was installed")
}

// What costs money is agreed to by one word, or by -yes. Nothing else agrees.
func TestAsksBeforeItBuys(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]int{"": exitNotConfirmed, "\n": exitNotConfirmed, "yes\n": exitNotConfirmed, "y\n": exitNotConfirmed, "Buy\n": exitNotConfirmed, "buy\n": exitDone, " buy ": exitDone} {
		w := newWorld(t)
		got := w.typing(t.Context(), keys, w.usual()...)
		require.Equal(t, want, got.code, "%q: %s", keys, got.screen)
		assert.Contains(t, got.screen, "This costs $14.00, which is not returned")
		assert.Equal(t, map[int]int{exitNotConfirmed: 0, exitDone: 1}[want], w.acm.Calls("RequestCertificate"), "%q", keys)
	}
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := w.typing(ctx, "", w.usual()...)
	assert.Equal(t, exitInterrupted, got.code, got.screen)
	assert.Zero(t, w.acm.Calls("RequestCertificate"))
}

func TestPlanChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := filepath.Join(w.dir, "pages", "report.html")
	got := w.run(w.usual("-plan", "-report", page)...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Empty(t, got.out)
	assert.Contains(t, got.screen, "to be paid now: $14.00")
	assert.Zero(t, w.acm.Calls("RequestCertificate"))
	assert.Zero(t, w.aliyun.Calls("AddDomainRecord"))
	assert.NoDirExists(t, w.ssl())
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(data), "planned: nothing was done")
	assert.Contains(t, string(data), "$14.00")

	got = w.run(w.usual("-yes", "-report", page)...)
	require.Equal(t, exitDone, got.code, got.screen)
	data, err = os.ReadFile(page)
	require.NoError(t, err)
	for _, want := range []string{w.installed().Serial(), "delete-certificate", "acm-validations.aws", "What happened"} {
		assert.Contains(t, string(data), want)
	}
}

// CAA records that forbid Amazon are in the plan, and end the run before anything is paid.
func TestCAAIsAskedBeforeItBuys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aliyun.PutRecord("example.com", aliyun.DNSRecord{RR: "@", Type: "CAA", Value: `0 issue "ca.example.net"`})
	at := serveDNS(t, w)
	args := w.usual("-yes")
	for i := range args {
		if args[i] == "none" {
			args[i] = at
		}
	}
	got := w.run(args...)
	require.Equal(t, exitFailed, got.code, got.screen)
	assert.Contains(t, got.screen, "do not allow Amazon to issue")
	assert.Zero(t, w.acm.Calls("RequestCertificate"))
}

// Records may be added by hand: the program says which, and goes on when they are there.
func TestRecordsByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"example.com", "www.example.com"} {
		r := w.acm.Record(name)
		w.aliyun.PutRecord("example.com", aliyun.DNSRecord{RR: strings.TrimSuffix(r.Name, ".example.com"), Type: "CNAME", Value: r.Target})
	}
	got := w.run(w.usual("-yes", "-dns", "print")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "add this record to the zone, and leave it there: "+w.acm.Record("example.com").Name+". 300 IN CNAME "+w.acm.Record("example.com").Target+".")
	assert.Zero(t, w.aliyun.Calls("AddDomainRecord"))
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	aws := map[string]string{"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		want []string
	}{
		"all flags at once": {
			args: []string{"-key", "dsa", "-dns", "bind", "-layout", "iis", "-keep", "-1", "-lang", "fr", "file"},
			want: []string{`-key: "dsa"`, `-dns: "bind"`, `-layout: "iis"`, "-keep: -1", `-lang: "fr"`, `"file" is not a flag`},
		},
		"no such flag":          {args: []string{"-domain", "x"}, want: []string{"-domain"}},
		"half of the variables": {env: map[string]string{"AWS_REGION": "us-east-1"}, want: []string{"the environment has AWS_REGION but not AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"}},
		"only an endpoint":      {env: map[string]string{"ALIDNS_ENDPOINT": "x"}, want: []string{"the environment has ALIDNS_ENDPOINT but not"}},
		"no names":              {env: aws, want: []string{"-names: aws is real"}},
		"no name in the names":  {args: []string{"-names", ", ,"}, want: []string{"-names: there is no name in it"}},
		"fake DNS":              {env: aws, args: []string{"-names", "x.example.com", "-dns", "aliyun"}, want: []string{"aws is real and aliyun is a fake"}},
		"by hand on the fakes":  {args: []string{"-dns", "print"}, want: []string{"-dns print: aws is a fake"}},
		"names that are none":   {args: []string{"-names", "*.*.example.com,-x.example.com"}, want: []string{"*.*.example.com", "-x.example.com", "invalid input"}},
		"no zone in common":     {args: []string{"-names", "a.example.com,b.example.org"}, want: []string{"on the fakes all names are in one zone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := runWith(t.Context(), tt.env, "", append(tt.args, "-out", t.TempDir())...)
			if strings.HasPrefix(name, "all") {
				got = runWith(t.Context(), tt.env, "", tt.args...)
			}
			require.Equal(t, exitInput, got.code, got.screen)
			assert.Empty(t, got.out)
			for _, w := range append(tt.want, "nothing was done") {
				assert.Contains(t, got.screen, w)
			}
		})
	}
	t.Run("another certificate's journal", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		require.Equal(t, exitDone, w.run(w.usual("-yes")...).code)
		got := w.run(append(w.usual("-yes"), "-key", "ec384")...)
		require.Equal(t, exitInput, got.code, got.screen)
		assert.Contains(t, got.screen, "belongs to another certificate (www.example.com, example.com)")
		got = runWith(t.Context(), nil, "", w.usual("-yes")...) // on the fakes
		require.Equal(t, exitInput, got.code, got.screen)
		assert.Contains(t, got.screen, `was begun with acm "us-east-1" and this run has "fake"`)
	})
}

func TestHelp(t *testing.T) {
	t.Parallel()
	got := runWith(t.Context(), nil, "", "-h")
	require.Equal(t, exitDone, got.code)
	for _, want := range []string{"-names", "-reload", "-report", "AWS_SECRET_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "Exit codes: 0 done"} {
		assert.Contains(t, got.screen, want)
	}
	got = runWith(t.Context(), nil, "", "-lang", "zh", "-h")
	assert.Contains(t, got.screen, "退出码")
	got = runWith(t.Context(), nil, "", "-lang", "zh", "-plan", "-out", t.TempDir())
	assert.Equal(t, exitDone, got.code, got.screen)
	assert.Contains(t, got.screen, "现在需支付：$14.00")
}

// Interrupted while ACM validates, it says so, and the next run goes on with the same certificate.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	w.aliyun.Script.Observe(func(e fault.Event) {
		if e.Op == "AddDomainRecord" && e.N == 1 && e.When == fault.After {
			cancel(errors.New("Ctrl-C"))
		}
	})
	got := w.typing(ctx, "", w.usual("-yes")...)
	require.Equal(t, exitInterrupted, got.code, got.screen)
	assert.Contains(t, got.screen, "run the same command again")
	got = w.run(w.usual("-yes")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, acmx.Dollars(14), w.acm.Spent())
	assert.Len(t, w.aliyun.Records("example.com"), 2)
}
