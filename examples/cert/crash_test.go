package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/internal/fault"
)

// The program is killed before and after every call that costs money or leaves something behind, and run again; or the
// call or its answer is lost on the way. Whatever happened, at the end there is one certificate, paid once, and installed.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	for _, p := range []struct {
		op string
		n  int
	}{{"RequestCertificate", 1}, {"AddDomainRecord", 1}, {"AddDomainRecord", 2}, {"ExportCertificate", 1}} {
		for _, event := range []string{"killed before", "killed after", "answer lost", "never arrived"} {
			t.Run(fmt.Sprintf("%s %d/%s", p.op, p.n, event), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				c := &child{}
				w.arrange(c, p.op, p.n, event)
				args := w.usual("-yes", "-reload", "true")
				got := c.run(w, args...)
				if strings.HasPrefix(event, "killed") {
					require.Equal(t, -1, got.code, "the process was to be killed: %s", got.screen)
				}
				for runs := 1; got.code != exitDone && runs < 5; runs++ {
					got = c.run(w, args...)
				}
				w.finished(c, got, args)
			})
		}
	}
}

// When every answer is lost, repeats included, it says that it does not know, and the next run finds what was bought.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 { // as often as it is sent
		w.acm.LoseNext("RequestCertificate")
	}
	got := w.run(w.usual("-yes")...)
	require.Equal(t, exitUnknown, got.code, got.screen)
	assert.Contains(t, got.screen, "it looks for the certificate before it would buy one")
	got = w.run(w.usual("-yes")...)
	require.Equal(t, exitDone, got.code, got.screen)
	assert.Equal(t, acmx.Dollars(14), w.acm.Spent())
}

// It is killed while the server is being told, and after the files are in place: the next run tells the server, although
// the certificate is installed by then.
func TestKilledWhileReloading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told, hook := filepath.Join(w.dir, "told"), filepath.Join(w.dir, "hook.sh")
	script := "#!/bin/sh\nif [ ! -e '" + told + "' ]; then touch '" + told + "'; kill -9 $PPID; exit 1; fi\necho reloaded >>'" + told + "'\n"
	require.NoError(t, os.WriteFile(hook, []byte(script), 0o700))
	c := &child{}
	args := w.usual("-yes", "-reload", hook)
	got := c.run(w, args...)
	require.Equal(t, -1, got.code, got.screen)
	w.installed()
	got = c.run(w, args...)
	assert.Contains(t, got.screen, "+ reload: done")
	assert.Contains(t, got.screen, "# take the files away", "what was there before the run that was killed, not what it left")
	w.finished(c, got, args)
	data, err := os.ReadFile(told)
	require.NoError(t, err)
	assert.Equal(t, "reloaded\n", string(data))
}

// finished says that all is as it must be in the end, and that one more run does nothing.
func (w *world) finished(c *child, got outcome, args []string) {
	w.t.Helper()
	require.Equal(w.t, exitDone, got.code, got.screen)
	assert.Equal(w.t, 1, w.acm.Count(), "certificates")
	assert.Len(w.t, w.acm.Bill(), 1, "charges")
	assert.Equal(w.t, acmx.Dollars(14), w.acm.Spent())
	assert.Len(w.t, w.aliyun.Records("example.com"), 2)
	require.NoError(w.t, w.installed().Verify(w.acm.Roots(), time.Now(), "example.com"))
	before := w.acm.Calls("ExportCertificate")
	got = c.run(w, args...)
	require.Equal(w.t, exitDone, got.code, got.screen)
	assert.Contains(w.t, got.screen, "nothing was bought, nothing was installed")
	assert.Equal(w.t, before, w.acm.Calls("ExportCertificate"))
}

// arrange makes the n-th call of op meet its event.
func (w *world) arrange(c *child, op string, n int, event string) {
	script := w.script(op)
	fails := map[string]func(string){"never arrived": script.DropNext, "answer lost": script.LoseNext, "killed before": script.DropNext}[event]
	if fails != nil && n == 1 {
		fails(op)
	}
	script.Observe(func(e fault.Event) {
		switch {
		case e.Op != op:
		case fails != nil && e.N == n-1 && e.When == fault.After:
			fails(op)
		case e.N != n:
		case event == "killed before" && e.When == fault.Before, event == "killed after" && e.When == fault.After:
			c.kill()
		}
	})
}

// No key, passphrase, token or credential shows on the screen, in the journal, in the report, or in any other file than the
// one of the certificate's key; whatever happens.
func TestSecretsStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(w *world){
		"all well":            func(*world) {},
		"refused":             func(w *world) { w.acm.FailNext("RequestCertificate", "AccessDeniedException") },
		"export refused":      func(w *world) { w.acm.FailNext("ExportCertificate", "ValidationException") },
		"answer lost":         func(w *world) { w.acm.LoseNext("RequestCertificate") },
		"records refused":     func(w *world) { w.aliyun.FailNext("AddDomainRecord", "Forbidden.RAM") },
		"the reload fails":    func(w *world) { w.env["-reload"] = "sh -c false" },
		"a key that is wrong": func(w *world) { w.env["AWS_SECRET_ACCESS_KEY"] += "x" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			prepare(w)
			args := w.usual("-yes", "-report", filepath.Join(w.dir, "report.html"))
			if reload := w.env["-reload"]; reload != "" {
				args = append(args, "-reload", reload)
			}
			var printed []string
			for range 2 {
				got := w.run(args...)
				printed = append(printed, got.out, got.screen)
			}
			hidden := []string{awsSecret, awsToken, aliyunSecret, w.env["AWS_ACCESS_KEY_ID"], w.env["ALIBABA_CLOUD_ACCESS_KEY_ID"], "PRIVATE KEY"}
			for path, data := range w.left() {
				if filepath.Base(path) == "privkey.pem" {
					hidden = append(hidden, strings.Split(data, "\n")[1])
				}
			}
			for path, data := range w.left() {
				if filepath.Base(path) != "privkey.pem" {
					printed = append(printed, path+data)
				}
			}
			for _, p := range printed {
				for _, s := range hidden {
					require.NotContains(t, p, s)
				}
			}
			if name == "all well" {
				require.Len(t, hidden, 7, "the key itself is looked for")
			}
		})
	}
}

// serveDNS opens the world's name server on a port of loopback.
func serveDNS(t *testing.T, w *world) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
		a := w.aliyun.AnswerDNS(q, netip.MustParseAddr("203.0.113.7"))
		if a.Rcode == dns.RcodeRefused {
			a.Rcode = dns.RcodeSuccess // as a resolver that finds nothing above the zone
		}
		_ = rw.WriteMsg(a)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.ActivateAndServe()
	}()
	t.Cleanup(func() {
		_ = srv.Shutdown()
		<-done
	})
	return conn.LocalAddr().String()
}
