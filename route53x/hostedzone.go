package route53x

import (
	"context"
	"iter"
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
	return Zone{}, &Error{Kind: ErrUnsupported, Op: "FindZone", Subject: name}
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
	return Zone{}, false, &Error{Kind: ErrUnsupported, Op: "EnsureZone", Subject: name}
}

// Zone is the zone of that ID.
func (c *Client) Zone(ctx context.Context, zoneID string) (Zone, error) {
	return Zone{}, &Error{Kind: ErrUnsupported, Op: "Zone", Subject: zoneID}
}

// Zones lists all zones of the account, in the order of their names. They come without their name servers.
func (c *Client) Zones(ctx context.Context) iter.Seq2[Zone, error] {
	return func(func(Zone, error) bool) {}
}

// DeleteZone deletes a zone that has nothing but its SOA and NS.
//
// Errors: [ErrNotFound]; [ErrConflict] where it has other sets.
func (c *Client) DeleteZone(ctx context.Context, zoneID string) error {
	return &Error{Kind: ErrUnsupported, Op: "DeleteZone", Subject: zoneID}
}

// Quota is how many sets a zone has and may have.
//
// Source: GetHostedZoneLimit, MAX_RRSETS_BY_ZONE (read 2026-11).
func (c *Client) Quota(ctx context.Context, zoneID string) (have, most int64, err error) {
	return 0, 0, &Error{Kind: ErrUnsupported, Op: "Quota", Subject: zoneID}
}
