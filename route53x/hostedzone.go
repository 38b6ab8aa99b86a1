package route53x

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// Zone is a hosted zone.
type Zone struct {
	ID              string // bare: "Z0123456789ABCDEFGHIJ"
	Name            Name
	CallerReference string
	Comment         string
	Private         bool     // answers inside VPCs only
	NameServers     []string // lower case without final dot; of a private zone none
	Records         int64    // how many sets there are, SOA and NS of the apex among them
}

// Visibility says which zones are looked for.
type Visibility int

// The visibilities.
const (
	Public Visibility = iota
	Private
	Any
)

// FindZoneOptions are the options of [Client.FindZone]. nil has the defaults.
type FindZoneOptions struct {
	Visibility      Visibility // default Public: a private zone is never picked by chance
	CallerReference string     // only the zone that was made with it
	// Parent finds the zone that holds the name, which may be longer than that of the zone: for "_x.www.example.com"
	// first a zone of that name is looked for, then "www.example.com", and so on.
	Parent bool
}

// FindZone finds the zone of that name.
//
// Errors: [ErrNotFound]; [ErrAmbiguous], with all IDs in [Error], where several zones have the name.
func (c *Client) FindZone(ctx context.Context, name string, opts *FindZoneOptions) (Zone, error) {
	var o FindZoneOptions
	if opts != nil {
		o = *opts
	}
	at, err := ParseName(name)
	if err != nil {
		return Zone{}, &Error{Kind: ErrInvalid, Op: opListZones, Subject: name, Err: err}
	}
	for {
		found, err := c.zonesNamed(ctx, at, o)
		switch {
		case err != nil:
			return Zone{}, err
		case len(found) == 1:
			return c.Zone(ctx, found[0].ID)
		case len(found) > 1:
			e := &Error{Kind: ErrAmbiguous, Op: opListZones, Subject: at.ZoneFile()}
			for _, z := range found {
				e.IDs = append(e.IDs, z.ID)
			}
			return Zone{}, e
		}
		_, rest, _ := strings.Cut(string(at), ".")
		if !o.Parent || rest == "" {
			return Zone{}, &Error{Kind: ErrNotFound, Op: opListZones, Subject: name}
		}
		at = Name(rest)
	}
}

// zonesNamed are all zones of a name that fit. A list begins at the name that was asked for or after it, and holds zones of
// other names too; those of one name are beside each other.
func (c *Client) zonesNamed(ctx context.Context, name Name, o FindZoneOptions) ([]Zone, error) {
	var found []Zone
	for z, err := range c.zonesFrom(ctx, name) {
		switch {
		case err != nil:
			return nil, err
		case z.Name != name:
			return found, nil
		case o.Visibility == Public && z.Private, o.Visibility == Private && !z.Private, o.CallerReference != "" && z.CallerReference != o.CallerReference:
		default:
			found = append(found, z)
		}
	}
	return found, nil
}

// ZoneOptions are the options of [Client.EnsureZone]. nil has the defaults.
type ZoneOptions struct {
	Comment       string // of a zone that is made
	DelegationSet string // the ID of a reusable delegation set, whose name servers the zone gets
}

// EnsureZone makes a public zone, once: ref is its CallerReference, which Route 53 takes only one time, so that a repeated
// call finds the zone of the first one. Derive it from what asks for the zone (a journal's ID and the name), and never
// from a clock: after a lost answer that would make a second zone.
//
// Errors: [ErrConflict] where the reference belongs to a zone of another name or was used by a zone that is gone;
// [ErrLimit] where there may be no more zones, in the account or of that name.
func (c *Client) EnsureZone(ctx context.Context, name, ref string, opts *ZoneOptions) (z Zone, created bool, err error) {
	var o ZoneOptions
	if opts != nil {
		o = *opts
	}
	at, err := ParseName(name)
	if err == nil && (ref == "" || len(ref) > mostReference) {
		err = fmt.Errorf("the reference has to have 1 to %d characters", mostReference)
	}
	if err != nil {
		return Zone{}, false, &Error{Kind: ErrInvalid, Op: opCreateZone, Subject: name, Err: err}
	}
	in := &route53.CreateHostedZoneInput{Name: new(string(at)), CallerReference: &ref, DelegationSetId: some(o.DelegationSet)}
	if o.Comment != "" {
		in.HostedZoneConfig = &types.HostedZoneConfig{Comment: &o.Comment}
	}
	// The reference makes it harmless to ask again.
	out, err := call(ctx, c, action{op: opCreateZone, subject: name, harmless: true}, c.api.createZone, in)
	if errors.Is(err, ErrExists) {
		z, err = c.zoneOf(ctx, at, ref, err)
		return z, false, err
	}
	if err != nil {
		return Zone{}, false, err
	}
	if out.HostedZone == nil {
		return Zone{}, false, &Error{Op: opCreateZone, Subject: name, Err: errNotRoute53}
	}
	z = zoneFromSDK(*out.HostedZone)
	z.NameServers = serversOf(out.DelegationSet)
	return z, true, nil
}

const mostReference = 128

var errNotRoute53 = errors.New("the answer is not that of Route 53")

// zoneOf is the zone that was made with a reference.
func (c *Client) zoneOf(ctx context.Context, name Name, ref string, exists error) (Zone, error) {
	found, err := c.zonesNamed(ctx, name, FindZoneOptions{Visibility: Any, CallerReference: ref})
	if err != nil {
		return Zone{}, err
	}
	if len(found) == 1 && !found[0].Private {
		return c.Zone(ctx, found[0].ID)
	}
	out := &Error{
		Kind: ErrConflict, Op: opCreateZone, Subject: name.ZoneFile(),
		Err: errors.New("the reference was used for a zone of another name, for a private one, or for one that is gone"),
	}
	if e, ok := errors.AsType[*Error](exists); ok {
		out.Code, out.Status, out.RequestID = e.Code, e.Status, e.RequestID
	}
	return Zone{}, out
}

// Zone is the zone of that ID.
func (c *Client) Zone(ctx context.Context, zoneID string) (Zone, error) {
	zoneID = bareID(zoneID)
	out, err := call(ctx, c, action{op: opGetZone, subject: zoneID, harmless: true}, c.api.zone, &route53.GetHostedZoneInput{Id: &zoneID})
	if err != nil {
		return Zone{}, err
	}
	if out.HostedZone == nil {
		return Zone{}, &Error{Op: opGetZone, Subject: zoneID, Err: errNotRoute53}
	}
	z := zoneFromSDK(*out.HostedZone)
	z.NameServers = serversOf(out.DelegationSet)
	return z, nil
}

// Zones lists all zones of the account, in the order of their names. They come without their name servers.
func (c *Client) Zones(ctx context.Context) iter.Seq2[Zone, error] { return c.zonesFrom(ctx, "") }

type zoneCursor struct{ name, id string }

func (c *Client) zonesFrom(ctx context.Context, name Name) iter.Seq2[Zone, error] {
	return pages.All(ctx, zoneCursor{name: string(name)}, func(ctx context.Context, at zoneCursor) (pages.Page[Zone, zoneCursor], error) {
		in := &route53.ListHostedZonesByNameInput{DNSName: some(at.name), HostedZoneId: some(at.id), MaxItems: new(int32(zonesPerPage))}
		out, err := call(ctx, c, action{op: opListZones, subject: at.name, harmless: true}, c.api.zonesByName, in)
		if err != nil {
			return pages.Page[Zone, zoneCursor]{}, err
		}
		page := pages.Page[Zone, zoneCursor]{More: out.IsTruncated, Next: zoneCursor{aws.ToString(out.NextDNSName), bareID(aws.ToString(out.NextHostedZoneId))}}
		for _, z := range out.HostedZones {
			page.Items = append(page.Items, zoneFromSDK(z))
		}
		return page, nil
	})
}

const zonesPerPage = 100 // the most that there can be

// DeleteZone deletes a zone that has nothing but its SOA and NS. Where an answer was lost and the zone is not there any
// more, it is deleted.
//
// Errors: [ErrNotFound]; [ErrConflict] where it has other sets.
func (c *Client) DeleteZone(ctx context.Context, zoneID string) error {
	zoneID = bareID(zoneID)
	unlock, err := c.lock(ctx, zoneID)
	if err != nil {
		return err
	}
	defer unlock()
	lost := false
	for {
		_, err := call(ctx, c, action{op: opDeleteZone, subject: zoneID}, c.api.deleteZone, &route53.DeleteHostedZoneInput{Id: &zoneID})
		switch {
		case lost && errors.Is(err, ErrNotFound):
			return nil
		case errors.Is(err, ErrUnknownOutcome) && !lost:
			lost = true
		default:
			return err
		}
	}
}

// Quota is how many sets a zone has and may have.
//
// Source: GetHostedZoneLimit, MAX_RRSETS_BY_ZONE (read 2026-11).
func (c *Client) Quota(ctx context.Context, zoneID string) (have, most int64, err error) {
	zoneID = bareID(zoneID)
	in := &route53.GetHostedZoneLimitInput{HostedZoneId: &zoneID, Type: types.HostedZoneLimitTypeMaxRrsetsByZone}
	out, err := call(ctx, c, action{op: opZoneLimit, subject: zoneID, harmless: true}, c.api.zoneLimit, in)
	if err != nil {
		return 0, 0, err
	}
	if out.Limit == nil || out.Limit.Value == nil {
		return 0, 0, &Error{Op: opZoneLimit, Subject: zoneID, Err: errNotRoute53}
	}
	return out.Count, *out.Limit.Value, nil
}

func zoneFromSDK(in types.HostedZone) Zone {
	z := Zone{
		ID: bareID(aws.ToString(in.Id)), Name: Name(aws.ToString(in.Name)), CallerReference: aws.ToString(in.CallerReference),
		Records: aws.ToInt64(in.ResourceRecordSetCount),
	}
	if n, err := ParseName(string(z.Name)); err == nil {
		z.Name = n
	}
	if in.Config != nil {
		z.Comment, z.Private = aws.ToString(in.Config.Comment), in.Config.PrivateZone
	}
	return z
}

func serversOf(d *types.DelegationSet) []string {
	var out []string
	if d != nil {
		for _, host := range d.NameServers {
			out = append(out, strings.TrimSuffix(strings.ToLower(host), "."))
		}
	}
	return out
}
