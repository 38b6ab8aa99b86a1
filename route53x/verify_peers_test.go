package route53x_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/need"
	"github.com/kitroll/kitroll/route53x"
)

// output keeps what a program says.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// serve starts a server of Debian's on loopback with the zone example.com, as the user that the test runs as, and waits
// until it answers.
func serve(t *testing.T, name, pkg, zone string, configure func(dir, port string) (conf string, args []string)) netip.AddrPort {
	t.Helper()
	path := need.Program(t, name, pkg)
	for range 5 { // another may take the port in between
		udp, tcp, addr := freePort(t)
		_, _ = udp.Close(), tcp.Close()
		dir, err := os.MkdirTemp("", "kitroll-"+name) //nolint:usetesting // t.TempDir is too long a path for the sockets of knotd
		require.NoError(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		conf, args := configure(dir, strconv.Itoa(int(addr.Port())))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "zone"), []byte(zone), 0o600))
		said := new(output)
		cmd := exec.Command(path, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
		require.NoError(t, cmd.Start())
		over := make(chan struct{})
		go func() {
			defer close(over)
			_ = cmd.Wait()
		}()
		stop := func() {
			_ = cmd.Process.Kill()
			<-over
		}
		if answersSOA(addr, over) {
			t.Cleanup(stop)
			return addr
		}
		stop()
		if !strings.Contains(said.String(), "in use") {
			require.FailNow(t, name+" does not answer", said.String())
		}
	}
	require.FailNow(t, name+": no port")
	return netip.AddrPort{}
}

// answersSOA waits for a server to serve the zone.
func answersSOA(addr netip.AddrPort, over <-chan struct{}) bool {
	client := &dns.Client{Timeout: 500 * time.Millisecond}
	for range 60 {
		m, _, err := client.Exchange(new(dns.Msg).SetQuestion("example.com.", dns.TypeSOA), addr.String())
		if err == nil && m.Authoritative && len(m.Answer) == 1 {
			return true
		}
		select {
		case <-over:
			return false
		case <-time.After(250 * time.Millisecond):
		}
	}
	return false
}

// named is BIND.
func named(t *testing.T, zone string) netip.AddrPort {
	t.Helper()
	return serve(t, "named", "bind9", zone, func(dir, port string) (string, []string) {
		conf := fmt.Sprintf(`
options {
	directory %q; pid-file none; lock-file none;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; allow-query { any; }; allow-transfer { none; }; notify no; dnssec-validation no;
};
controls { };
zone "example.com" { type primary; file "zone"; check-names ignore; };
`, dir, port)
		return conf, []string{"-g", "-n", "1", "-c", filepath.Join(dir, "conf")}
	})
}

// knotd is Knot DNS.
func knotd(t *testing.T, zone string) netip.AddrPort {
	t.Helper()
	return serve(t, "knotd", "knot", zone, func(dir, port string) (string, []string) {
		conf := fmt.Sprintf(`
server:
    listen: 127.0.0.1@%s
    rundir: %q
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: %q
log:
  - target: stderr
    any: warning
zone:
  - domain: example.com
    storage: %q
    file: zone
`, port, dir, dir, dir)
		return conf, []string{"-c", filepath.Join(dir, "conf")}
	})
}

// soaLine makes a zone file complete.
const soaLine = "$TTL 300\n@ SOA ns1.old.example. hostmaster 2026112701 7200 900 1209600 300\n"

// Against BIND and Knot DNS as the old servers, over real sockets: each difference that is planted in the new ones is
// found, and no other. The long TXT set is cut over UDP by all of them, and is the same over TCP.
func TestVerifyAgainstBINDAndKnot(t *testing.T) {
	t.Parallel()
	var long strings.Builder
	for i := range 12 {
		fmt.Fprintf(&long, "long TXT \"%03d %s\"\n", i, strings.Repeat("x", 200))
	}
	zone := oldZone + long.String()
	olds := []netip.AddrPort{named(t, soaLine+zone), knotd(t, soaLine+zone)}
	for name, tt := range plants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := newAuthority(t, "example.com", tt.zone+long.String()), newAuthority(t, "example.com", tt.zone+long.String())
			b.twist = tt.twist
			v := route53x.Verification{
				Zone: "example.com.", Old: olds, New: []netip.AddrPort{a.listen(t), b.listen(t)},
				Sets: append(setsOf(t, zone), setsOf(t, without(tt.zone, "* "))...),
			}
			opts := &route53x.VerifyOptions{Rate: -1, Timeout: 10 * time.Second} // the machine may be busy
			if name == "no answer" {
				opts.Timeout = 2 * time.Second
			}
			r, err := route53x.Verify(t.Context(), v, opts)
			require.NoError(t, err)
			differences, problems := told(r, v.New)
			assert.ElementsMatch(t, tt.want, differences)
			assert.ElementsMatch(t, tt.problems, problems)
			assert.Equal(t, len(tt.want)+len(tt.problems) == 0, r.OK())
		})
	}
}

// The servers' own faults are found as well: one that is not there, and one that does not have the zone.
func TestVerifyAgainstServersThatDoNotServe(t *testing.T) {
	t.Parallel()
	udp, tcp, nobody := freePort(t)
	_, _ = udp.Close(), tcp.Close()
	old := newAuthority(t, "example.com", oldZone)
	other := newAuthority(t, "example.org", "@ A 192.0.2.1\n")
	v := route53x.Verification{
		Zone: "example.com.", Old: []netip.AddrPort{old.listen(t)}, New: []netip.AddrPort{other.listen(t), nobody}, Sets: setsOf(t, oldZone),
	}
	r, err := route53x.Verify(t.Context(), v, &route53x.VerifyOptions{Rate: -1, Timeout: 10 * time.Second, Tries: 1, Quick: true})
	require.NoError(t, err)
	differences, _ := told(r, v.New)
	assert.Contains(t, differences, "A example.com. SOA: rcode: REFUSED (does not serve the zone)")
	assert.Contains(t, differences, "A example.com. A: rcode: 192.0.2.1 → REFUSED")
	assert.Contains(t, differences, "B example.com.: timeout (given up after 8 questions without an answer)")
	assert.False(t, r.OK())
	for _, d := range differences {
		assert.NotContains(t, d, "127.0.0.1", "ports of this side make every line another")
	}
}
