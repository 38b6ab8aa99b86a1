package acmx

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// KeyAlgorithm is the kind of a certificate's key.
type KeyAlgorithm string

// The algorithms that ACM issues for. Imported certificates may have others.
const (
	RSA2048 KeyAlgorithm = "RSA_2048"
	ECP256  KeyAlgorithm = "EC_prime256v1"
	ECP384  KeyAlgorithm = "EC_secp384r1"
)

// TagSpec is the tag under which a certificate carries the fingerprint of its [Spec].
const TagSpec = "acmx:spec"

// Spec is the certificate that is wanted. The same spec is the same certificate: however often and wherever it is asked
// for, it is bought once.
type Spec struct {
	// Names are all names of the certificate; the first is its common name, of up to 64 octets. Their order is no part of
	// what makes two specs the same. A wildcard covers one level and not its parent: for both, name both.
	Names []string
	// Key is the kind of key. Default RSA2048, as at ACM.
	Key KeyAlgorithm
	// Exportable certificates cost money, per name, when they are issued and at every renewal. It cannot be changed later.
	Exportable bool
	// Label tells apart certificates of the same names, such as those of two servers that must not share a key. Default
	// none. Up to 64 of a-z, 0-9 and hyphen.
	Label string
	// Tags are put on the certificate, beside [TagSpec]. They are no part of what makes two specs the same.
	Tags map[string]string
	// MaxCost is the most that issuing it may cost; 0 = nothing, which is enough for what is not exportable. A spec whose
	// estimate is higher is refused with ErrTooExpensive before anything is sent. Every renewal costs as much again.
	MaxCost Money
}

// normal is the spec as ACM will see it: names in lower case, defaults filled in.
func (s Spec) normal(maxNames int) (Spec, error) {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	names := make([]string, 0, len(s.Names))
	for _, raw := range s.Names {
		name, err := checkName(raw)
		if err != nil {
			bad("Names: %w", err)
			continue
		}
		if slices.Contains(names, name) {
			bad("Names: %q is there twice: each would be paid for", name)
			continue
		}
		names = append(names, name)
	}
	if len(s.Names) == 0 {
		bad("Names: at least one is required")
	}
	if len(s.Names) > maxNames {
		bad("Names: %d are more than the quota of %d (Config.MaxNames)", len(s.Names), maxNames)
	}
	if len(names) > 0 && names[0] == strings.ToLower(strings.TrimSuffix(s.Names[0], ".")) && len(names[0]) > maxCommonName {
		bad("Names: the first is the common name and has %d octets, more than %d: put a shorter one first", len(names[0]), maxCommonName)
	}
	if s.Key == "" {
		s.Key = RSA2048
	}
	if !slices.Contains([]KeyAlgorithm{RSA2048, ECP256, ECP384}, s.Key) {
		bad("Key: ACM does not issue for %q: %s, %s or %s", string(s.Key), RSA2048, ECP256, ECP384)
	}
	if len(s.Label) > 64 || strings.Trim(s.Label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		bad("Label: %q is not up to 64 of a-z, 0-9 and hyphen", s.Label)
	}
	if s.MaxCost < 0 {
		bad("MaxCost: %s is below zero", s.MaxCost)
	}
	problems = append(problems, checkTags(s.Tags, TagSpec)...)
	s.Names, s.Tags = names, maps.Clone(s.Tags)
	return s, errors.Join(problems...)
}

// checkTags holds tags against AWS's rules: up to 50, keys of 128 and values of 256 characters, aws: is reserved.
func checkTags(tags map[string]string, reserved string) []error {
	var problems []error
	if len(tags) > 49 {
		problems = append(problems, fmt.Errorf("Tags: %d are more than 49, which with %s make 50", len(tags), reserved))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		switch {
		case key == reserved:
			problems = append(problems, fmt.Errorf("Tags: %s is set by this package", reserved))
		case key == "" || utf8.RuneCountInString(key) > 128 || strings.HasPrefix(strings.ToLower(key), "aws:"):
			problems = append(problems, fmt.Errorf("Tags: the key %q is empty, longer than 128 or begins with aws:", key))
		case utf8.RuneCountInString(tags[key]) > 256:
			problems = append(problems, fmt.Errorf("Tags: the value of %q is longer than 256", key))
		}
	}
	return problems
}

// Fingerprint is what a [Spec] is known by, in the tag [TagSpec] and in a [State]: 32 hex digits over names, key,
// exportability and label. It does not depend on the order of the names or on how they are spelled.
func (s Spec) Fingerprint() string {
	n, _ := s.normal(100) // what is wrong with it is said elsewhere
	slices.Sort(n.Names)
	return fingerprint("certificate", n.Names, n.Key, n.Exportable, n.Label)
}

// fingerprint is the first 32 hex digits of SHA-256 over JSON, which keeps the borders between the values.
func fingerprint(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic("acmx: " + err.Error()) // strings and booleans always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// token is the idempotency token of a request: up to 32 word characters, which ACM remembers for an hour (the pattern is
// unverified). Certificates of the same spec that failed are part of it, since for that hour the same token would only
// bring the failed one back.
func (s Spec) token(dead []string) string {
	return fingerprint("token", s.Fingerprint(), slices.Sorted(slices.Values(dead)))
}

// sameNames compares names whatever their order.
func sameNames(a, b []string) bool {
	lower := func(names []string) []string {
		var out []string
		for _, n := range names {
			out = append(out, strings.ToLower(strings.TrimSuffix(n, ".")))
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return slices.Equal(lower(a), lower(b))
}
