package route53x

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"
	"github.com/miekg/dns"
)

// DNSSECKey is a key that signs a zone, and the DS record of it at the registry. Of a key that is to be added, Flags,
// Algorithm and PublicKey count; KeyTag, DigestType and Digest come from the registry.
type DNSSECKey struct {
	ID         string // at the registry, for RemoveDS; "" for a key that is not there
	Flags      uint16 // 257 for a KSK, 256 for a ZSK
	Algorithm  uint8  // 13 (ECDSAP256SHA256) for zones that Route 53 signs
	PublicKey  string // base64
	KeyTag     uint16
	DigestType uint8  // 1 SHA-1, 2 SHA-256, 4 SHA-384
	Digest     string // hex
}

// ParseDNSKEY reads the data of a DNSKEY record as a zone file or the console has it: "257 3 13 base64…", where the base64
// may have blanks. The tag is filled in.
//
// Errors: [ErrInvalid] with every problem.
func ParseDNSKEY(s string) (DNSSECKey, error) {
	fields := strings.Fields(s)
	if len(fields) < 4 {
		return DNSSECKey{}, fmt.Errorf("route53x: DNSKEY: %w: want flags, protocol, algorithm and key, as 257 3 13 base64", ErrInvalid)
	}
	flags, ferr := strconv.ParseUint(fields[0], 10, 16)
	alg, aerr := strconv.ParseUint(fields[2], 10, 8)
	k := DNSSECKey{Flags: uint16(flags), Algorithm: uint8(alg), PublicKey: strings.Join(fields[3:], "")}
	if fields[1] != "3" || ferr != nil || aerr != nil {
		return DNSSECKey{}, fmt.Errorf("route53x: DNSKEY: %w: flags, protocol 3 and algorithm are numbers", ErrInvalid)
	}
	if err := k.Check(); err != nil {
		return DNSSECKey{}, fmt.Errorf("route53x: DNSKEY: %w: %w", ErrInvalid, err)
	}
	k.KeyTag = k.record(".").KeyTag()
	return k, nil
}

// ParseDS reads the data of a DS record: "12345 13 2 hex…", where the hex may have blanks.
//
// Errors: [ErrInvalid].
func ParseDS(s string) (DNSSECKey, error) {
	fields := strings.Fields(s)
	if len(fields) < 4 {
		return DNSSECKey{}, fmt.Errorf("route53x: DS: %w: want key tag, algorithm, digest type and digest", ErrInvalid)
	}
	tag, terr := strconv.ParseUint(fields[0], 10, 16)
	alg, aerr := strconv.ParseUint(fields[1], 10, 8)
	kind, kerr := strconv.ParseUint(fields[2], 10, 8)
	k := DNSSECKey{KeyTag: uint16(tag), Algorithm: uint8(alg), DigestType: uint8(kind)}
	k.Digest = strings.ToLower(strings.Join(fields[3:], ""))
	if err := errors.Join(terr, aerr, kerr); err != nil {
		return DNSSECKey{}, fmt.Errorf("route53x: DS: %w: key tag, algorithm and digest type are numbers", ErrInvalid)
	}
	if err := k.checkDigest(); err != nil {
		return DNSSECKey{}, fmt.Errorf("route53x: DS: %w: %w", ErrInvalid, err)
	}
	return k, nil
}

// Check finds what is wrong with a key that is to be added.
//
// Source: RFC 4034, 5702, 6605, 8080; RFC 8624 for the algorithms that must not be used.
func (k DNSSECKey) Check() error {
	var problems []error
	if k.Flags != 256 && k.Flags != 257 {
		problems = append(problems, fmt.Errorf("Flags: %d is neither 257 (KSK) nor 256 (ZSK)", k.Flags))
	}
	raw, err := base64.StdEncoding.DecodeString(k.PublicKey)
	if err != nil {
		problems = append(problems, errors.New("PublicKey is not base64"))
	}
	size := map[uint8]int{dns.ECDSAP256SHA256: 64, dns.ECDSAP384SHA384: 96, dns.ED25519: 32, dns.ED448: 57}
	switch want, fixed := size[k.Algorithm]; {
	case fixed && err == nil && len(raw) != want:
		problems = append(problems, fmt.Errorf("PublicKey has %d bytes, one of algorithm %d has %d", len(raw), k.Algorithm, want))
	case fixed:
	case k.Algorithm == dns.RSASHA256 || k.Algorithm == dns.RSASHA512:
		if err == nil && len(raw) < 128 {
			problems = append(problems, fmt.Errorf("PublicKey has %d bytes, too few for RSA", len(raw)))
		}
	default:
		problems = append(problems, fmt.Errorf("Algorithm: %d is not one to sign with: want 13, 14, 15, 16, 8 or 10", k.Algorithm))
	}
	return errors.Join(problems...)
}

func (k DNSSECKey) checkDigest() error {
	size, known := map[uint8]int{dns.SHA1: 20, dns.SHA256: 32, dns.SHA384: 48}[k.DigestType]
	raw, err := hex.DecodeString(k.Digest)
	switch {
	case !known:
		return fmt.Errorf("digest type %d is not known: want 2 (SHA-256), 4 (SHA-384) or 1 (SHA-1)", k.DigestType)
	case err != nil:
		return errors.New("the digest is not hex")
	case len(raw) != size:
		return fmt.Errorf("the digest has %d bytes, one of type %d has %d", len(raw), k.DigestType, size)
	}
	return nil
}

func (k DNSSECKey) record(domain string) *dns.DNSKEY {
	return &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: dns.Fqdn(domain), Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET},
		Flags: k.Flags, Protocol: 3, Algorithm: k.Algorithm, PublicKey: k.PublicKey,
	}
}

// DS is the key with its tag and the digest of this type (2 = SHA-256) for the domain: what the registry has to say.
//
// Errors: [ErrInvalid].
func (k DNSSECKey) DS(domain string, digestType uint8) (DNSSECKey, error) {
	name, err := domainName(domain)
	if err = errors.Join(err, k.Check()); err != nil {
		return DNSSECKey{}, fmt.Errorf("route53x: DS: %w: %w", ErrInvalid, err)
	}
	ds := k.record(name).ToDS(digestType)
	if ds == nil {
		return DNSSECKey{}, fmt.Errorf("route53x: DS: %w: digest type %d cannot be made", ErrInvalid, digestType)
	}
	k.KeyTag, k.DigestType, k.Digest = ds.KeyTag, ds.DigestType, ds.Digest
	return k, nil
}

// Signs reports whether a DS record, as the registry or the parent's servers have it, is one of this key for the domain.
func (k DNSSECKey) Signs(domain string, ds DNSSECKey) bool {
	made, err := k.DS(domain, ds.DigestType)
	return err == nil && ds.checkDigest() == nil && made.KeyTag == ds.KeyTag && k.Algorithm == ds.Algorithm &&
		subtle.ConstantTimeCompare([]byte(made.Digest), []byte(strings.ToLower(ds.Digest))) == 1
}

func (k DNSSECKey) attributes() *types.DnssecSigningAttributes {
	return &types.DnssecSigningAttributes{
		Algorithm: new(int32(k.Algorithm)), Flags: new(int32(k.Flags)), PublicKey: aws.String(k.PublicKey),
	}
}

func keyOf(k types.DnssecKey) DNSSECKey {
	return DNSSECKey{
		ID: aws.ToString(k.Id), Flags: uint16(aws.ToInt32(k.Flags)), Algorithm: uint8(aws.ToInt32(k.Algorithm)),
		PublicKey: aws.ToString(k.PublicKey), KeyTag: uint16(aws.ToInt32(k.KeyTag)), DigestType: uint8(aws.ToInt32(k.DigestType)),
		Digest: strings.ToLower(aws.ToString(k.Digest)),
	}
}

// keyTags are the tags of the keys, each once, in order.
func keyTags(keys []DNSSECKey) []uint16 {
	tags := make([]uint16, 0, len(keys))
	for _, k := range keys {
		tags = append(tags, k.KeyTag)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}
