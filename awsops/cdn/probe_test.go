package cdn_test

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// rows are lines of a table that -v prints.
type rows struct {
	mu    sync.Mutex
	lines []string
}

func (r *rows) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func (r *rows) print(t *testing.T, title string) {
	t.Helper()
	t.Cleanup(func() {
		slices.Sort(r.lines)
		t.Log(title + "\n" + strings.Join(r.lines, "\n"))
	})
}

// The decision table: what is found at the origin, by real connections and handshakes, and what follows from it.
func TestProbeDecides(t *testing.T) {
	t.Parallel()
	table := &rows{}
	table.print(t, "found at the origin | decision")
	for name, s := range scenarios(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cdntest.Options{})
			s.setup(w)
			p, err := w.c.Probe(t.Context(), cmp.Or(s.host, origin), &cdn.ProbeOptions{Aliases: s.aliases, Timeout: patience})
			require.NoError(t, err)
			d := p.Decision
			assert.Equal(t, s.rule, d.Rule, p)
			assert.Equal(t, s.protocol, d.Protocol, p)
			assert.Equal(t, s.protocol == "", d.Refused())
			assert.Equal(t, s.forward, d.ForwardHost, p)
			assert.Contains(t, d.String(), s.why)
			if !d.Refused() {
				assert.Equal(t, map[bool]string{true: "AllViewer", false: "AllViewerExceptHostHeader"}[s.forward], d.RequestPolicy)
			}
			var back cdn.Probe
			data, err := json.Marshal(p)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(data, &back))
			assert.Equal(t, p.Decision, back.Decision)
			table.add("%-48s | %s", name, strings.ReplaceAll(d.String(), "\n", "\n"+strings.Repeat(" ", 51)))
		})
	}
}

// An IP address is refused before anything is looked up or dialled.
func TestProbeRefusesAddresses(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"203.0.113.10", "2001:db8::1", "[2001:db8::1]", "localhost", "münchen.example", ""} {
		w := newWorld(t, cdntest.Options{}, func(c *cdn.Config) { c.Network.Lookup, c.Network.Dial = nil, nil })
		p, err := w.c.Probe(t.Context(), host, nil)
		require.NoError(t, err, host)
		assert.Equal(t, cdn.RuleUnreachable, p.Decision.Rule)
		assert.True(t, p.Decision.Refused())
		assert.Empty(t, p.Addresses)
	}
}

// Facts beside the decision.
func TestProbeFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	w.named(origin, address, "203.0.113.11")
	w.serve(443, showing(good(origin, "b.example.com")), ok)
	p, err := w.c.Probe(t.Context(), strings.ToUpper(origin)+".", &cdn.ProbeOptions{Aliases: []string{alias}, Timeout: patience})
	require.NoError(t, err)
	assert.Equal(t, origin, p.Host)
	assert.Len(t, p.Addresses, 2)
	assert.Equal(t, []string{"TLS 1.2", "TLS 1.3"}, p.Versions)
	assert.Equal(t, []string{"203.0.113.11"}, p.HTTPS.Closed, "one of two addresses does not answer")
	assert.Contains(t, p.Decision.Warnings[0], "port 443 is closed on 203.0.113.11")
	require.Len(t, p.TLS, 2)
	c := p.TLS[0]
	assert.True(t, c.Complete && c.InOrder && c.Trusted && c.Match && c.Good(), c)
	assert.Equal(t, []string{origin, "b.example.com"}, c.Names)
	assert.Equal(t, 60, c.Days)
	assert.Equal(t, 3, c.Sent)
	assert.False(t, p.TLS[1].Match, "the alias is not in it")
	assert.Contains(t, p.String(), "60 days left")
}

func TestProbeOfBadOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cdntest.Options{})
	_, err := w.c.Probe(t.Context(), origin, &cdn.ProbeOptions{Aliases: []string{"1.2.3.4"}, Path: "x", HTTPPort: 70000, Addresses: "ipv5"})
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, want := range []string{"1.2.3.4", `Path: "x"`, "70000", "ipv5"} {
		assert.ErrorContains(t, err, want)
	}
}

// The date of a leaf hides nothing else, and nothing else is made of it.
func TestAnExpiredCertificate(t *testing.T) {
	t.Parallel()
	p := public()
	late := leaf(origin)
	late.NotBefore, late.NotAfter = today().Add(24*time.Hour), today().Add(48*time.Hour)
	for name, tt := range map[string]struct {
		cert tls.Certificate
		want []string
	}{
		"expired":               {expired(origin), []string{"it expired on 2026-11-01"}},
		"expired, and no chain": {only(expired(origin)), []string{"it expired on 2026-11-01", `the chain is not complete: the certificate of "CN=Test Lower" was not sent`}},
		"not yet":               {sign(late, &p.lower).chain(p.lower, p.upper), []string{"it is not valid before 2026-11-03"}},
	} {
		w := newWorld(t, cdntest.Options{})
		w.named(origin)
		w.serve(443, showing(tt.cert), ok)
		got, err := w.c.Probe(t.Context(), origin, nil)
		require.NoError(t, err)
		assert.Equal(t, tt.want, got.TLS[0].Problems, name)
	}
}

// only is the leaf of a chain.
func only(c tls.Certificate) tls.Certificate {
	c.Certificate = c.Certificate[:1]
	return c
}
