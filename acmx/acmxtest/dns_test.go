package acmxtest_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// Validation asks a real name server, by UDP, for exactly the records that are wanted.
func TestValidationAsksANameServer(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var zone atomic.Pointer[map[string]string]
	zone.Store(&map[string]string{})
	var asked atomic.Int64
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		m := new(dns.Msg).SetReply(q)
		if target := (*zone.Load())[strings.ToLower(q.Question[0].Name)]; target != "" && q.Question[0].Qtype == dns.TypeCNAME {
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 60}, Target: target})
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })

	srv, err := acmxtest.Open(acmxtest.Options{DNS: conn.LocalAddr().String()})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c, err := acmx.New(srv.Config())
	require.NoError(t, err)
	r := srv.Record("example.com")
	cert, err := c.Ensure(t.Context(), acmx.Spec{Names: []string{"example.com", "*.example.com"}, Key: acmx.ECP256}, nil, &acmx.EnsureOptions{
		Interval: time.Millisecond,
		Progress: func(s acmx.State, n acmx.Next) {
			if n.Step == acmx.StepWait && s.Looks == 2 {
				assert.Equal(t, acmx.StatusPending, s.Status)
				zone.Store(&map[string]string{r.Name + ".": "elsewhere.example."})
			}
			if n.Step == acmx.StepWait && s.Looks == 4 {
				assert.Equal(t, acmx.StatusPending, s.Status, "another target proves nothing")
				zone.Store(&map[string]string{r.Name + ".": r.Target + "."})
			}
		},
	})
	require.NoError(t, err)
	_, err = cert.Poll(t.Context())
	require.NoError(t, err)
	assert.Greater(t, asked.Load(), int64(4))
}
