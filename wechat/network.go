package wechat

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CallbackIPs are the addresses from which the platform pushes to the account's callback URL. They change: ask once a
// day. A single address comes as a prefix of its whole length.
//
// Source: getcallbackip, developers.weixin.qq.com (read 2026-11).
func (c *Client) CallbackIPs(ctx context.Context) ([]netip.Prefix, error) {
	return c.ipList(ctx, "getcallbackip")
}

// APIDomainIPs are the addresses of the platform's API, for a firewall that must let them through. Connect by name.
//
// Source: get_api_domain_ip, developers.weixin.qq.com (read 2026-11).
func (c *Client) APIDomainIPs(ctx context.Context) ([]netip.Prefix, error) {
	return c.ipList(ctx, "get_api_domain_ip")
}

func (c *Client) ipList(ctx context.Context, op string) ([]netip.Prefix, error) {
	var out struct {
		List []string `json:"ip_list"`
	}
	if err := c.do(ctx, call{op: op, get: true}, &out); err != nil {
		return nil, err
	}
	prefixes := make([]netip.Prefix, 0, len(out.List))
	for _, text := range out.List {
		p, err := parsePrefix(strings.TrimSpace(text))
		if err != nil { // leaving it out would close a firewall to it in silence
			return nil, &Error{Op: op, Msg: fmt.Sprintf("an answer with %.60q for an address", text), HTTPStatus: 200, sent: true}
		}
		prefixes = append(prefixes, p)
	}
	return prefixes, nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Prefix(addr.BitLen())
}

// CallbackCheckOptions is what is looked at, and from where. nil and empty fields are the defaults.
type CallbackCheckOptions struct {
	Action   string // "dns", "ping" or "all"; default "all"
	Operator string // "CHINANET", "UNICOM", "CAP" (the platform's own) or "DEFAULT"; default "DEFAULT"
}

// CallbackCheck is how the platform reaches the account's callback URL.
type CallbackCheck struct {
	DNS   []CallbackDNS
	Pings []CallbackPing
}

// CallbackDNS is one address that the callback's name resolves to.
type CallbackDNS struct {
	IP       string
	Operator string // whose network it is in
}

// CallbackPing is one ping of the callback's host.
type CallbackPing struct {
	IP   string
	From string        // from whose network
	Loss float64       // packets lost, in percent; -1 = not said
	Time time.Duration // there and back; 0 = not said
}

// CheckCallback lets the platform resolve and ping the host of the callback URL that is set on the console. It changes
// nothing.
//
// Errors: ErrConfig (40201) while none is set. Source: callback/check, developers.weixin.qq.com (read 2026-11).
func (c *Client) CheckCallback(ctx context.Context, opts *CallbackCheckOptions) (CallbackCheck, error) {
	const op = "callback/check"
	in := struct {
		Action   string `json:"action"`
		Operator string `json:"check_operator"`
	}{"all", "DEFAULT"}
	var problems []error
	if opts != nil && opts.Action != "" {
		in.Action = opts.Action
		if known := []string{"dns", "ping", "all"}; !slices.Contains(known, in.Action) {
			problems = append(problems, fmt.Errorf("CallbackCheckOptions.Action: %q is not one of %s", in.Action, strings.Join(known, ", ")))
		}
	}
	if opts != nil && opts.Operator != "" {
		in.Operator = opts.Operator
		if known := []string{"CHINANET", "UNICOM", "CAP", "DEFAULT"}; !slices.Contains(known, in.Operator) {
			problems = append(problems, fmt.Errorf("CallbackCheckOptions.Operator: %q is not one of %s", in.Operator, strings.Join(known, ", ")))
		}
	}
	if err := invalid(op, problems); err != nil {
		return CallbackCheck{}, err
	}
	var out struct {
		DNS []struct {
			IP       string `json:"ip"`
			Operator string `json:"real_operator"`
		} `json:"dns"`
		Pings []struct {
			IP   string `json:"ip"`
			From string `json:"from_operator"`
			Loss string `json:"package_loss"`
			Time string `json:"time"`
		} `json:"ping"`
	}
	if err := c.post(ctx, call{op: op}, in, &out); err != nil {
		return CallbackCheck{}, err
	}
	var check CallbackCheck
	for _, d := range out.DNS {
		check.DNS = append(check.DNS, CallbackDNS{d.IP, d.Operator})
	}
	for _, p := range out.Pings {
		ping := CallbackPing{IP: p.IP, From: p.From, Loss: -1}
		if n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(p.Loss), "%"), 64); err == nil && n >= 0 && n <= 100 {
			ping.Loss = n
		}
		if d, err := time.ParseDuration(strings.TrimSpace(p.Time)); err == nil && d > 0 {
			ping.Time = d
		}
		check.Pings = append(check.Pings, ping)
	}
	return check, nil
}
