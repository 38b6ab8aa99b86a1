package ec2move

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// facts are what makes a source the one that was planned, by their names in JSON. Left out is what a move changes itself
// (State), what changes by itself (a public address that is no Elastic IP), and what is filled from the image when there is one.
func (s Source) facts() map[string]string {
	own := map[string]json.RawMessage{}
	data, _ := json.Marshal(s)     // plain fields, which cannot fail
	_ = json.Unmarshal(data, &own) // an object, as Marshal has just made it
	out := map[string]string{}
	for name, value := range own {
		out[name] = string(value)
	}
	for _, name := range []string{"at", "state", "hash", "tpm", "boot_mode"} {
		delete(out, name)
	}
	if s.AllocationID == "" {
		delete(out, "public_ip")
		delete(out, "public_dns")
	}
	return out
}

// hash is over the facts.
func (s Source) hash() string {
	data, _ := json.Marshal(s.facts()) // in order of the names
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// changed says in what another look at the source differs, a sentence a fact, with values where these are short and tell
// nothing that is private.
func (s Source) changed(now Source) []string {
	was, is := s.facts(), now.facts()
	names := maps.Clone(was)
	maps.Copy(names, is)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, after := was[name], is[name]
		switch {
		case before == after:
		case name == "user_data_hash", name == "public_key", name == "tags", len(before)+len(after) > 120:
			out = append(out, name)
		default:
			out = append(out, fmt.Sprintf("%s (%s, now %s)", name, orNone(before), orNone(after)))
		}
	}
	return out
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}
