package route53x

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
)

// WriteOptions are the options of [WriteZone]. nil has the defaults.
type WriteOptions struct {
	Relative bool // owners without the origin: "www" and "@"; default: absolute
}

// WriteZone writes sets as a zone file that [ParseZone] reads back equal, with KeepApex where SOA or NS of the apex are
// among them. Aliases, routing and health checks are written as cli53 does, and in its manner what that lacks
// (geoproximity, CIDR, traffic policies). Other software reads such a file as well, without what only AWS has: class AWS
// it will refuse.
//
// Nothing is written when a set is not valid, is not in the zone, or stands there twice: the error, [ErrInvalid], has all
// of them.
func WriteZone(w io.Writer, origin string, sets iter.Seq[RRSet], opts *WriteOptions) error {
	apex, err := ParseName(origin)
	if err != nil {
		return fmt.Errorf("route53x: origin: %w", err)
	}
	relative := opts != nil && opts.Relative
	var errs []error
	var out strings.Builder
	out.WriteString("$ORIGIN " + apex.ZoneFile() + "\n")
	seen := map[Key]bool{}
	for set := range sets {
		c, err := set.Canonical()
		switch {
		case err != nil:
		case seen[c.Key()]:
			err = fmt.Errorf("%s stands there twice", c.Key())
		default:
			err = fits(apex, c)
		}
		if err == nil && len(c.Values) == 0 && c.Alias == nil {
			err = fmt.Errorf("%s: neither values nor an alias", c.Key())
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		seen[c.Key()] = true
		writeSet(&out, apex, c, relative)
	}
	if len(errs) > 0 {
		return fmt.Errorf("route53x: zone file: %w: %w", ErrInvalid, errors.Join(errs...))
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("route53x: zone file: %w", err)
	}
	return nil
}

// fits tells what a canonical set has to be to stand in a zone.
func fits(apex Name, s RRSet) error {
	switch {
	case !s.Name.Within(apex):
		return fmt.Errorf("%s: not in the zone %s", s.Key(), apex.ZoneFile())
	case s.Type == SOA && s.Name != apex:
		return fmt.Errorf("%s: an SOA below the apex", s.Key())
	case s.Type == DS && s.Name == apex:
		return fmt.Errorf("%s: the DS of the zone itself belongs to the registrar", s.Key())
	}
	return nil
}

func writeSet(out *strings.Builder, apex Name, s RRSet, relative bool) {
	owner := s.Name.ZoneFile()
	if relative && apex != "." {
		if s.Name == apex {
			owner = "@"
		} else {
			owner = strings.TrimSuffix(owner, "."+apex.ZoneFile())
		}
	}
	tail := "\n"
	if attrs := routingText(s); attrs != "" {
		tail = " ; AWS " + attrs + "\n"
	}
	if a := s.Alias; a != nil {
		fmt.Fprintf(out, "%s\t86400\tAWS\tALIAS\t%s %s %s %t%s", owner, s.Type, a.Target.ZoneFile(), a.ZoneID, a.EvaluateTargetHealth, tail)
		return
	}
	for _, v := range s.Values {
		decimal, err := rebase(v, 8, 10)
		if err != nil {
			decimal = v // not after Canonical
		}
		out.WriteString(owner)
		out.WriteByte('\t')
		out.WriteString(strconv.FormatUint(uint64(s.TTL), 10))
		out.WriteString("\tIN\t")
		out.WriteString(string(s.Type))
		out.WriteByte('\t')
		out.WriteString(decimal)
		out.WriteString(tail)
	}
}
