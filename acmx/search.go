package acmx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// found is what the account holds for a spec.
type found struct {
	best  *Detail  // to be used; nil = there is none
	dead  []string // ARNs that would have fitted, and are failed, revoked or expired
	notes []string
}

// search looks for a certificate of the spec: the same names, key and exportability, and the spec's own tag or none. One
// without the tag was made elsewhere and is taken too, unless it must not be: paying again for what is there already would
// be the greater surprise.
func (c *Client) search(ctx context.Context, spec Spec, onlyTagged bool) (found, error) {
	var f found
	type candidate struct {
		Detail
		own bool
	}
	var usable []candidate
	for s, err := range c.List(ctx, nil) {
		if err != nil {
			return found{}, err
		}
		if !fits(spec, s) {
			continue
		}
		d, own, note, err := c.examine(ctx, spec, s, onlyTagged)
		switch {
		case errors.Is(err, fs.ErrNotExist): // deleted since, or not there yet: the list is only nearly true
			continue
		case err != nil:
			return found{}, err
		case note != "":
			f.notes = append(f.notes, fmt.Sprintf("%s is not used: %s", s.ARN, note))
		case d.Status.Final():
			f.dead = append(f.dead, d.ARN)
		default:
			usable = append(usable, candidate{d, own})
		}
	}
	slices.SortFunc(usable, func(a, b candidate) int {
		rank := func(x candidate) int { // its own before others', issued before pending
			n := 0
			if !x.own {
				n += 2
			}
			if x.Status != StatusIssued {
				n++
			}
			return n
		}
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.NotAfter.Compare(a.NotAfter), strings.Compare(a.ARN, b.ARN))
	})
	if len(usable) > 0 {
		f.best = &usable[0].Detail
		for _, other := range usable[1:] {
			f.notes = append(f.notes, fmt.Sprintf("%s would fit too (%s): each is renewed, and paid, on its own", other.ARN, other.Status))
		}
	}
	return f, nil
}

// fits tells by the list whether a certificate may be one of the spec.
func fits(spec Spec, s Summary) bool {
	if s.Key != spec.Key || s.Exportable != spec.Exportable || s.ManagedBy != "" || s.Origin == "ACME" || s.Type != "AMAZON_ISSUED" {
		return false
	}
	if s.MoreNames || len(s.Names) <= 1 { // the whole list of names is known to Describe only
		return len(s.Names) == 0 || slices.Contains(spec.Names, s.Names[0])
	}
	return sameNames(spec.Names, s.Names)
}

// examine looks at one that may fit. A note says why it does not.
func (c *Client) examine(ctx context.Context, spec Spec, s Summary, onlyTagged bool) (d Detail, own bool, note string, err error) {
	d, err = c.describe(ctx, s.ARN)
	if err != nil {
		return d, false, "", err
	}
	if !sameNames(spec.Names, d.Names) {
		return d, false, "it has other names", nil
	}
	if d.Status == StatusIssued && !d.NotAfter.IsZero() && !d.NotAfter.After(c.now()) {
		d.Status = StatusExpired // the list and the state lag behind the clock
	}
	if d.Status.Final() {
		return d, false, "", nil
	}
	tags, err := c.tagsOf(ctx, s.ARN)
	if err != nil {
		return d, false, "", err
	}
	tag, tagged := tags[TagSpec]
	switch {
	case tagged && tag != spec.Fingerprint():
		return d, false, "its tag " + TagSpec + " is that of another spec", nil
	case !tagged && (onlyTagged || spec.Label != ""):
		return d, false, "it has no tag " + TagSpec, nil
	}
	if d.Status == StatusPending {
		for _, v := range d.Validations {
			if v.Method != "" && v.Method != "DNS" {
				return d, false, "it waits for validation by " + v.Method, nil
			}
		}
	}
	return d, tagged, "", nil
}
