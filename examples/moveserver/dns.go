package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// zones switches the addresses of names in Route 53. It satisfies ec2move.DNSSwitcher.
type zones struct{ client *route53x.Client }

// Addresses is what Route 53 will answer. A name with a routing policy or an alias is refused: its addresses are somebody
// else's decision.
func (z zones) Addresses(ctx context.Context, name string) (found []netip.Addr, ttl time.Duration, err error) {
	zone, err := z.client.FindZone(ctx, name, &route53x.FindZoneOptions{Parent: true})
	if err != nil {
		return nil, 0, err
	}
	sets, err := z.sets(ctx, zone.ID, name)
	if err != nil {
		return nil, 0, err
	}
	for _, s := range sets {
		for _, v := range s.Values {
			a, err := netip.ParseAddr(v)
			if err != nil {
				return nil, 0, fmt.Errorf("%s: %w", s, err)
			}
			found = append(found, a)
		}
		ttl = max(ttl, time.Duration(s.TTL)*time.Second)
	}
	return found, ttl, nil
}

// SetAddresses changes the A and AAAA sets of the name and nothing else, and waits until every server of Route 53 has them.
func (z zones) SetAddresses(ctx context.Context, name string, addresses []netip.Addr, ttl time.Duration) error {
	zone, err := z.client.FindZone(ctx, name, &route53x.FindZoneOptions{Parent: true})
	if err != nil {
		return err
	}
	var have []route53x.RRSet
	for s, err := range z.client.RRSets(ctx, zone.ID, nil) {
		if err != nil {
			return err
		}
		have = append(have, s)
	}
	if _, err := z.sets(ctx, zone.ID, name); err != nil {
		return err
	}
	at, err := route53x.ParseName(name)
	if err != nil {
		return err
	}
	values := map[route53x.Type][]string{}
	for _, a := range addresses {
		kind := route53x.A
		if a.Is6() {
			kind = route53x.AAAA
		}
		values[kind] = append(values[kind], a.String())
	}
	var want []route53x.RRSet
	for kind, v := range values {
		want = append(want, route53x.RRSet{Name: at, Type: kind, TTL: uint32(ttl / time.Second), Values: v})
	}
	plan, err := route53x.Diff(have, want, &route53x.DiffOptions{
		Zone:       string(zone.Name),
		Only:       func(k route53x.Key) bool { return k.Name == at && (k.Type == route53x.A || k.Type == route53x.AAAA) },
		Thresholds: route53x.Thresholds{Off: true}, // it is the one name
	})
	if err != nil {
		return err
	}
	done, err := z.client.Apply(ctx, zone.ID, plan, &route53x.ApplyOptions{OtherSets: true})
	if err != nil {
		return err
	}
	return z.client.WaitSync(ctx, done.ChangeIDs, nil)
}

// sets are the A and AAAA sets of a name.
func (z zones) sets(ctx context.Context, zoneID, name string) (out []route53x.RRSet, err error) {
	at, err := route53x.ParseName(name)
	if err != nil {
		return nil, err
	}
	for s, err := range z.client.RRSets(ctx, zoneID, &route53x.ListOptions{From: name}) {
		if err != nil {
			return nil, err
		}
		if s.Name != at {
			break
		}
		if s.Type != route53x.A && s.Type != route53x.AAAA {
			continue
		}
		if s.Alias != nil || s.Routing != nil {
			return nil, fmt.Errorf("%s: a set with an alias or a routing policy is not switched by this program", s)
		}
		out = append(out, s)
	}
	return out, nil
}
