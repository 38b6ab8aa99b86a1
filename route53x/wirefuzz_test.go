package route53x_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// rdata is the data of a record on the wire.
func rdata(t *testing.T, rr dns.RR) []byte {
	t.Helper()
	buf := make([]byte, dns.MaxMsgSize)
	n, err := dns.PackRR(rr, buf, 0, nil, false)
	require.NoError(t, err)
	return buf[n-int(rr.Header().Rdlength) : n]
}

// What XML 1.0 cannot carry would arrive as something else.
func TestIdentifiersThatNoRequestCarries(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"\x00", "a\x0bb", "\xff", "\ufffe"} {
		_, err := routed(id, route53x.Weighted{Weight: 1}, "192.0.2.1").Canonical()
		require.ErrorContains(t, err, "no request can carry", "%q", id)
	}
	_, err := routed("a\tb\nc é", route53x.Weighted{Weight: 1}, "192.0.2.1").Canonical()
	require.NoError(t, err)
}

// Any bytes in a name, a text and an identifier go through the client's escapes, the XML, the fake's own reading of both
// and back, and reach the name servers as the bytes that they were. Trap 1: octal versus decimal escapes.
func FuzzWire(f *testing.F) {
	f.Add("*", "v=spf1 -all", "one")
	f.Add("@", "\"\\\x00\xff", `"\é<&>`)
	f.Add("\x00.\\ \"", strings.Repeat("ä", 400), "a\tb\nc")
	f.Add(`\042`, `\042\189`, "x\r\ny")
	f.Add("a", "", " ")
	f.Add("\xfeA", "0", "é")
	f.Fuzz(func(t *testing.T, label, text, identifier string) {
		if len(label) == 0 || len(label) > 63 || len(text) > 900 {
			return
		}
		var name strings.Builder
		for _, c := range []byte(label) {
			fmt.Fprintf(&name, `\%03o`, c)
		}
		set := route53x.RRSet{
			Name: route53x.Name(name.String() + ".example.com"), Type: route53x.TXT, TTL: 60, Values: []string{route53x.QuoteTXT(text)},
			SetIdentifier: identifier, Routing: route53x.Weighted{Weight: 1},
		}
		want, err := set.Canonical()
		if err != nil {
			return
		}
		srv, c := fake(t, route53xtest.Options{SyncDelay: -1})
		defer srv.Close()
		zone := zoneWith(t, srv)
		p := towards(t, srv, zone, route53x.DiffOptions{}, set)
		_, err = c.Apply(t.Context(), zone, p, nil)
		require.NoError(t, err)
		again, err := c.Apply(t.Context(), zone, p, nil)
		require.NoError(t, err)
		require.Equal(t, []int{1}, again.Found, "it is recognised")
		var listed []route53x.RRSet
		for _, s := range all(t, c, zone, nil) {
			if s.Type == route53x.TXT {
				listed = append(listed, s)
			}
		}
		require.Equal(t, []route53x.RRSet{want}, listed)

		q := new(dns.Msg).SetQuestion(want.Name.ZoneFile(), dns.TypeTXT)
		r, _, err := srv.Exchange(t.Context(), q, "any:53")
		require.NoError(t, err)
		require.Len(t, r.Answer, 1)
		var got strings.Builder
		for data := rdata(t, r.Answer[0]); len(data) > 0; data = data[1+int(data[0]):] {
			got.Write(data[1 : 1+int(data[0])])
		}
		require.Equal(t, text, got.String())

		undo, err := p.Inverse()
		require.NoError(t, err)
		_, err = c.Apply(t.Context(), zone, undo, nil)
		require.NoError(t, err)
		require.Empty(t, own(srv, zone))
	})
}
