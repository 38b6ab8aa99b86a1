package route53x

import (
	"context"
	"net/netip"

	"github.com/miekg/dns"
)

// Exchanger carries one question to one server and brings the answer, whatever its RCODE. tcp asks for TCP, after an
// answer over UDP that was cut. Messages that do not answer q, by ID and question, are not for it to return. It returns
// when ctx ends, which has the timeout of one try.
type Exchanger interface {
	Exchange(ctx context.Context, server netip.AddrPort, q *dns.Msg, tcp bool) (*dns.Msg, error)
}
