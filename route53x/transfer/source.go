package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// Source reads the zone at its old place, whole or not at all, and says what its records become at Route 53.
type Source interface {
	Export(ctx context.Context, domain string) (Export, error)
}

// SourceFunc is a function as a [Source].
type SourceFunc func(ctx context.Context, domain string) (Export, error)

// Export calls the function.
func (f SourceFunc) Export(ctx context.Context, domain string) (Export, error) { return f(ctx, domain) }

// Export is the old zone.
type Export struct {
	Records int              `json:"records"` // how many the old zone has
	Sets    []route53x.RRSet `json:"sets"`    // what they become
	Items   []Item           `json:"items"`   // what is not in Sets as it was, and what is worth knowing
}

// Item is a record, or a group of them, that does not simply become a record set.
type Item struct {
	ID       string `json:"id"`    // by which it is acknowledged: stable from one export to the next
	Class    string `json:"class"` // "equal", "lossy", "skipped", "unmappable"
	Name     string `json:"name"`
	Type     string `json:"type"`
	Reason   string `json:"reason"`
	Proposal string `json:"proposal,omitempty"` // what could be done instead
	// Open items have to be acknowledged before anything is written.
	Open bool `json:"open,omitempty"`
}

// Digest is a fingerprint of the export, whatever the order of what is in it.
func (e Export) Digest() string {
	items := slices.Clone(e.Items)
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	h := sha256.New()
	h.Write([]byte(route53x.DigestOf(slices.Clone(e.Sets))))
	_ = json.NewEncoder(h).Encode(items) // strings always marshal, a hash takes everything
	return hex.EncodeToString(h.Sum(nil))
}

// open are the items that are not acknowledged.
func (e Export) open(acknowledged map[string]time.Time) []Item {
	var left []Item
	for _, it := range e.Items {
		if _, ok := acknowledged[it.ID]; it.Open && !ok {
			left = append(left, it)
		}
	}
	return left
}
