package aliyun

import (
	"context"
	"strings"
)

// DNSProduct is Alidns, version 2015-01-09: the zones of an account and their records.
const DNSProduct Product = "alidns"

const dnsVersion = "2015-01-09"

// DNS reads the zones that Aliyun's name servers answer, and can add a record. It is safe for concurrent use.
type DNS struct{ c *Client }

// DNS is the part of the client for zones and records.
func (c *Client) DNS() *DNS { return &DNS{c} }

// DNSRecord is one record of a zone as Alidns has it: not yet a set, and with its own ideas of a line, a weight and a
// status. Its fields are those of route53x.AliyunRecord, so that one converts to the other: route53x.AliyunRecord(r).
type DNSRecord struct {
	ID        string `json:"id,omitempty"`        // the platform's own; "" where the record does not come from the API
	RR        string `json:"rr"`                  // the name without the zone's: "www", "@" for the zone itself, "*"
	Type      string `json:"type"`                // "A", "MX", …, and inventions such as "REDIRECT_URL"
	Value     string `json:"value"`               // host names without a final dot, texts without quotes
	TTL       uint32 `json:"ttl"`                 // seconds
	Priority  int    `json:"priority,omitempty"`  // of MX, 1 to 50
	Line      string `json:"line"`                // whom it answers: "default", "telecom", "oversea", …
	Status    string `json:"status"`              // "ENABLE" or "DISABLE", in whatever case: see Disabled
	Weight    int    `json:"weight,omitempty"`    // its share, 1 to 100, where LbaStatus is on
	LbaStatus bool   `json:"lbaStatus,omitempty"` // the records of this name, type and line are weighted
	Locked    bool   `json:"locked,omitempty"`    // cannot be changed
	Remark    string `json:"remark,omitempty"`
}

// Disabled reports whether the record is switched off. The documentation writes Enable and Disable, the API sends ENABLE
// and DISABLE: case does not matter.
func (r DNSRecord) Disabled() bool { return strings.EqualFold(r.Status, "disable") }

// call makes one call of Alidns.
func (d *DNS) call(ctx context.Context, action string, params map[string]string, idempotent bool, answer any) error {
	return d.c.decode(ctx, Request{
		Product: DNSProduct, Version: dnsVersion, Action: action, Params: params, Idempotent: idempotent,
	}, answer)
}

// decode calls and reads the answer into v. An answer that is not readable has had its effect.
func (c *Client) decode(ctx context.Context, r Request, v any) error {
	resp, err := c.Call(ctx, r)
	if err != nil {
		return err
	}
	if err := resp.Decode(v); err != nil {
		e := &Error{Product: r.Product, Op: r.Action, RequestID: resp.RequestID, Status: resp.Status, Sent: true, Err: err}
		if !r.Idempotent {
			e.Kind = ErrUnknownOutcome
			e.advise()
		}
		return e
	}
	return nil
}
