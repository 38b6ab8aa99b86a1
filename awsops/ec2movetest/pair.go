package ec2movetest

import (
	"crypto/md5" //nolint:gosec // the fingerprints of EC2
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type keyPair struct {
	meta

	name, typ   string
	public      string // in OpenSSH's form, "" if EC2 does not have it
	fingerprint string
}

func (r *region) pairNamed(name string) (*keyPair, error) {
	i := slices.IndexFunc(r.pairs.all, func(k *keyPair) bool { return k.name == name })
	if i < 0 {
		return nil, refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
	}
	return r.pairs.all[i], nil
}

func (r *region) importKeyPair(in *ec2.ImportKeyPairInput) (*ec2.ImportKeyPairOutput, error) {
	if err := required("KeyName", in.KeyName, "PublicKeyMaterial", in.PublicKeyMaterial); err != nil {
		return nil, err
	}
	tags, err := tagsFor(in.TagSpecifications, types.ResourceTypeKeyPair)
	if err != nil {
		return nil, err
	}
	name := *in.KeyName
	if len(name) > 255 || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(ch rune) bool { return ch < ' ' || ch > '~' }) {
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter keyName is invalid: up to 255 ASCII characters, without blanks at the ends", name)
	}
	k, err := parseKey(string(in.PublicKeyMaterial), name)
	if err != nil {
		return nil, err
	}
	if _, err := r.pairNamed(name); err == nil {
		return nil, refuse("InvalidKeyPair.Duplicate", "The keypair already exists")
	}
	k.id, k.tags = r.cloud.id("key", r.name), tags[types.ResourceTypeKeyPair]
	r.pairs.put(r, k)
	return &ec2.ImportKeyPairOutput{KeyFingerprint: aws.String(k.fingerprint), KeyName: aws.String(name), KeyPairId: aws.String(k.id), Tags: tagList(k.tags)}, nil
}

// parseKey reads a public key in OpenSSH's form. What EC2 keeps of it has its own name as the comment.
func parseKey(text, name string) (*keyPair, error) {
	bad := refuse("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return nil, bad
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return nil, bad
	}
	var parts [][]byte
	for rest := blob; len(rest) > 0; {
		if len(rest) < 4 || uint64(binary.BigEndian.Uint32(rest)) > uint64(len(rest)-4) {
			return nil, bad
		}
		n := binary.BigEndian.Uint32(rest)
		parts, rest = append(parts, rest[4:4+n]), rest[4+n:]
	}
	k := &keyPair{name: name, public: fields[0] + " " + fields[1] + " " + name}
	switch {
	case len(parts) == 2 && fields[0] == "ssh-ed25519" && string(parts[0]) == fields[0] && len(parts[1]) == 32:
		sum := sha256.Sum256(blob)
		k.typ, k.fingerprint = "ed25519", base64.StdEncoding.EncodeToString(sum[:])
	case len(parts) == 3 && fields[0] == "ssh-rsa" && string(parts[0]) == fields[0]:
		pub := &rsa.PublicKey{E: int(new(big.Int).SetBytes(parts[1]).Int64()), N: new(big.Int).SetBytes(parts[2])}
		if bits := pub.N.BitLen(); bits != 1024 && bits != 2048 && bits != 4096 {
			return nil, refuse("InvalidKey.Format", "RSA keys have 1024, 2048 or 4096 bits, not %d", bits)
		}
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			return nil, bad
		}
		var pairs []string
		for _, b := range md5.Sum(der) { //nolint:gosec // the fingerprints of EC2
			pairs = append(pairs, fmt.Sprintf("%02x", b))
		}
		k.typ, k.fingerprint = "rsa", strings.Join(pairs, ":")
	default:
		return nil, bad
	}
	return k, nil
}

func (r *region) deleteKeyPair(in *ec2.DeleteKeyPairInput) (*ec2.DeleteKeyPairOutput, error) {
	if aws.ToString(in.KeyName) == "" && aws.ToString(in.KeyPairId) == "" {
		return nil, missing("KeyName or KeyPairId")
	}
	out := &ec2.DeleteKeyPairOutput{Return: aws.Bool(true)}
	for _, k := range r.pairs.all {
		if k.name == aws.ToString(in.KeyName) || k.id == aws.ToString(in.KeyPairId) {
			out.KeyPairId = aws.String(k.id)
			r.pairs.remove(k.id)
			break
		}
	}
	return out, nil // one that is not there is as good as deleted
}

func (r *region) describeKeyPairs(in *ec2.DescribeKeyPairsInput) (*ec2.DescribeKeyPairsOutput, error) {
	ids := slices.Clone(in.KeyPairIds)
	for _, name := range in.KeyNames {
		k, err := r.pairNamed(name)
		if err != nil {
			return nil, err
		}
		if k.unseen > 0 {
			k.unseen--
			return nil, refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", name)
		}
		ids = append(ids, k.id)
	}
	found, err := r.pairs.lookup(ids, in.Filters, map[string]func(*keyPair) []string{
		"key-name":    func(k *keyPair) []string { return one(k.name) },
		"key-pair-id": func(k *keyPair) []string { return one(k.id) },
		"fingerprint": func(k *keyPair) []string { return one(k.fingerprint) },
	})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeKeyPairsOutput{}
	for _, k := range found {
		out.KeyPairs = append(out.KeyPairs, k.describe(aws.ToBool(in.IncludePublicKey)))
	}
	return out, nil
}

func (k *keyPair) describe(public bool) types.KeyPairInfo {
	info := types.KeyPairInfo{
		CreateTime: aws.Time(k.born.UTC()), KeyFingerprint: aws.String(k.fingerprint), KeyName: aws.String(k.name), KeyPairId: aws.String(k.id),
		KeyType: types.KeyType(k.typ), Tags: tagList(k.tags),
	}
	if public {
		info.PublicKey = optional(k.public)
	}
	return info
}
