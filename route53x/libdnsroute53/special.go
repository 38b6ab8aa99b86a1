package libdnsroute53

import (
	"fmt"
	"time"

	"github.com/libdns/libdns"

	"github.com/kitroll/kitroll/route53x"
)

// Special is a record set that libdns has no words for: an alias, or one of several sets with a routing policy. It is
// returned so that nobody takes its name for free. Given to SetRecords as it was returned, it is left as it is; given to
// DeleteRecords so, it is deleted as a whole.
type Special struct {
	Name string // relative to the zone
	Set  route53x.RRSet
}

var _ libdns.Record = Special{}

// RR is the set in words: its type is that of the set behind "AWS ", which no other provider takes for a record.
func (s Special) RR() libdns.RR {
	return libdns.RR{Name: s.Name, TTL: time.Duration(s.Set.TTL) * time.Second, Type: "AWS " + string(s.Set.Type), Data: s.Set.String()}
}

// PartialError is a call of which something may be in the zone.
type PartialError struct {
	Done []libdns.Record // what is known to be in the zone as it was asked for, or gone; all else may be or not
	Err  error
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("libdnsroute53: some of it may be done (%d records are): %v", len(e.Done), e.Err)
}

// Unwrap is what failed.
func (e *PartialError) Unwrap() error { return e.Err }
