package ec2movetest

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// meta is what every resource has.
type meta struct {
	id     string
	tags   map[string]string
	born   time.Time
	unseen int  // Describe calls that do not show it yet
	deaf   int  // other calls that do not know it yet
	fresh  bool // made by a call, not by the World
}

func (m *meta) base() *meta { return m }

type resource interface{ base() *meta }

// store is the resources of one kind in one Region, in the order in which they were made.
type store[T resource] struct {
	missing   string         // the code for what is not there: "InvalidAMIID.NotFound"
	malformed string         // the code for what is no ID: "InvalidAMIID.Malformed"
	what      string         // "image id"
	shape     *regexp.Regexp // of an ID; nil = anything
	all       []T
	made      int // by calls, ever
}

// put adds a resource that has just been made, with the lags of the Options.
func (s *store[T]) put(r *region, x T) {
	m := x.base()
	m.unseen, m.deaf, m.fresh = r.cloud.opts.Lag, r.cloud.opts.WriteLag, true
	s.made++
	s.plant(r, x)
}

// plant adds a resource that has been there for long.
func (s *store[T]) plant(r *region, x T) {
	if x.base().born.IsZero() {
		x.base().born = r.now()
	}
	s.all = append(s.all, x)
}

func (s *store[T]) find(id string) (x T, ok bool) {
	i := slices.IndexFunc(s.all, func(x T) bool { return x.base().id == id })
	if i < 0 {
		return x, false
	}
	return s.all[i], true
}

func (s *store[T]) remove(id string) {
	s.all = slices.DeleteFunc(s.all, func(x T) bool { return x.base().id == id })
}

func (s *store[T]) notFound(id string) error {
	return refuse(s.missing, "The %s '%s' does not exist", s.what, id)
}

func (s *store[T]) check(id string) error {
	if s.shape != nil && !s.shape.MatchString(id) {
		return refuse(s.malformed, "Invalid %s: \"%s\"", s.what, id)
	}
	return nil
}

// use finds the resource that a call other than Describe names.
func (s *store[T]) use(parameter string, id *string) (x T, err error) {
	if aws.ToString(id) == "" {
		return x, missing(parameter)
	}
	if err := s.check(*id); err != nil {
		return x, err
	}
	x, ok := s.find(*id)
	if !ok {
		return x, s.notFound(*id)
	}
	if m := x.base(); m.deaf > 0 {
		m.deaf--
		var none T
		return none, s.notFound(*id)
	}
	return x, nil
}

// lookup is what Describe answers: the resources of these IDs, or all, that match the filters and can be seen.
func (s *store[T]) lookup(ids []string, filters []types.Filter, by map[string]func(T) []string) ([]T, error) {
	if err := checkFilters(filters, by); err != nil {
		return nil, err
	}
	from := s.all
	if len(ids) > 0 {
		from = nil
		for _, id := range ids {
			if err := s.check(id); err != nil {
				return nil, err
			}
			x, ok := s.find(id)
			if !ok {
				return nil, s.notFound(id)
			}
			if !slices.ContainsFunc(from, func(have T) bool { return have.base().id == id }) {
				from = append(from, x)
			}
		}
	}
	var out []T
	hidden := ""
	for _, x := range from {
		m := x.base()
		if !matches(x, filters, by) {
			continue
		}
		if m.unseen > 0 {
			m.unseen--
			hidden = m.id
			continue
		}
		out = append(out, x)
	}
	if hidden != "" && len(ids) > 0 {
		return nil, s.notFound(hidden)
	}
	return out, nil
}

func checkFilters[T resource](filters []types.Filter, by map[string]func(T) []string) error {
	for _, f := range filters {
		name := aws.ToString(f.Name)
		if _, ok := by[name]; !ok && name != "tag-key" && !strings.HasPrefix(name, "tag:") {
			return refuse("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		switch {
		case len(f.Values) == 0:
			return refuse("InvalidParameterValue", "The filter '%s' has no values", name)
		case len(f.Values) > 200:
			return refuse("FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200")
		}
	}
	return nil
}

func matches[T resource](x T, filters []types.Filter, by map[string]func(T) []string) bool {
	for _, f := range filters {
		name := aws.ToString(f.Name)
		var have []string
		switch key, isTag := strings.CutPrefix(name, "tag:"); {
		case isTag:
			if v, ok := x.base().tags[key]; ok {
				have = []string{v}
			}
		case name == "tag-key":
			have = sortedKeys(x.base().tags)
		default:
			have = by[name](x)
		}
		if !slices.ContainsFunc(f.Values, func(want string) bool {
			return slices.ContainsFunc(have, func(v string) bool { return wildcard(want, v) })
		}) {
			return false
		}
	}
	return true
}

// wildcard matches as EC2's filters do: "*" is any text, "?" one character, "\" takes the next as it is. Case counts.
func wildcard(pattern, s string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			for i := range len(s) + 1 {
				if wildcard(pattern[1:], s[i:]) {
					return true
				}
			}
			return false
		case '?':
			if s == "" {
				return false
			}
		case '\\':
			if len(pattern) > 1 {
				pattern = pattern[1:]
			}
			fallthrough
		default:
			if s == "" || s[0] != pattern[0] {
				return false
			}
		}
		pattern, s = pattern[1:], s[1:]
	}
	return s == ""
}

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}
