package acmx

import (
	"crypto/aes"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the PRF that ACM's exports have; HMAC does not need SHA-1's lost collision resistance
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// pbes2 is an encrypted key as its file describes it, checked.
type pbes2 struct {
	prf    func() hash.Hash
	salt   []byte
	rounds int
	length int // of the AES key, in bytes
	iv     []byte
	data   []byte
}

// The object identifiers, by their dotted form.
const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

// prfOf is the hash of a PRF's object identifier; RFC 8018 appendix B.1.2.
func prfOf(oid string) func() hash.Hash {
	switch oid {
	case "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.8":
		return sha256.New224
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	case "1.2.840.113549.2.12":
		return sha512.New512_224
	case "1.2.840.113549.2.13":
		return sha512.New512_256
	}
	return nil
}

// aesKeyOf is the length of the key of AES in CBC mode, or 0.
func aesKeyOf(oid string) int {
	switch oid {
	case "2.16.840.1.101.3.4.1.2":
		return 16
	case "2.16.840.1.101.3.4.1.22":
		return 24
	case "2.16.840.1.101.3.4.1.42":
		return 32
	}
	return 0
}

func unsupported(what string, oid asn1.ObjectIdentifier) error {
	text := oid.String()
	if len(text) > 80 {
		text = text[:80] + "…"
	}
	return fmt.Errorf("%w: %s is %s", errors.ErrUnsupported, what, known(text))
}

// parseEncrypted reads an EncryptedPrivateKeyInfo. encoding/asn1 reads DER alone: lengths that are indefinite, or longer
// than they need to be, are errors to it.
func parseEncrypted(der []byte) (*pbes2, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if err := exact(der, &info, "the key"); err != nil {
		return nil, err
	}
	if info.Algorithm.Algorithm.String() != oidPBES2 {
		return nil, unsupported("the encryption", info.Algorithm.Algorithm)
	}
	var params struct{ KDF, Cipher pkix.AlgorithmIdentifier }
	if err := exact(info.Algorithm.Parameters.FullBytes, &params, "PBES2's parameters"); err != nil {
		return nil, err
	}
	s := &pbes2{data: info.Data}
	if err := s.setCipher(params.Cipher); err != nil {
		return nil, err
	}
	if err := s.setKDF(params.KDF); err != nil {
		return nil, err
	}
	if n := len(s.data); n == 0 || n%aes.BlockSize != 0 || n > maxCipher {
		return nil, fmt.Errorf("%w: the encrypted part has %d bytes: want whole blocks of %d, at most %d", ErrMalformed, n, aes.BlockSize, maxCipher)
	}
	return s, nil
}

func (s *pbes2) setCipher(alg pkix.AlgorithmIdentifier) error {
	if s.length = aesKeyOf(alg.Algorithm.String()); s.length == 0 {
		return unsupported("the cipher", alg.Algorithm)
	}
	if err := exact(alg.Parameters.FullBytes, &s.iv, "the cipher's parameters"); err != nil {
		return err
	}
	if len(s.iv) != aes.BlockSize {
		return fmt.Errorf("%w: the initialization vector has %d bytes: want %d", ErrMalformed, len(s.iv), aes.BlockSize)
	}
	return nil
}

func (s *pbes2) setKDF(alg pkix.AlgorithmIdentifier) error {
	if alg.Algorithm.String() != oidPBKDF2 {
		return unsupported("the key derivation", alg.Algorithm)
	}
	var params struct {
		Salt   asn1.RawValue
		Rounds int
		Length int                      `asn1:"optional"`
		PRF    pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	if err := exact(alg.Parameters.FullBytes, &params, "PBKDF2's parameters"); err != nil {
		return err
	}
	if params.Salt.Class == asn1.ClassUniversal && params.Salt.Tag == asn1.TagSequence {
		return fmt.Errorf("%w: the salt comes from another source than the file", errors.ErrUnsupported)
	}
	if err := exact(params.Salt.FullBytes, &s.salt, "the salt"); err != nil {
		return err
	}
	switch {
	case len(s.salt) == 0 || len(s.salt) > maxSalt:
		return fmt.Errorf("%w: the salt has %d bytes: want 1 to %d", ErrMalformed, len(s.salt), maxSalt)
	case params.Rounds < 1 || params.Rounds > maxRounds:
		return fmt.Errorf("%w: %d rounds of PBKDF2: want 1 to %d", ErrMalformed, params.Rounds, maxRounds)
	case params.Length != 0 && params.Length != s.length:
		return fmt.Errorf("%w: a key of %d bytes is derived, and the cipher takes one of %d", ErrMalformed, params.Length, s.length)
	}
	s.rounds = params.Rounds
	if len(params.PRF.Algorithm) == 0 { // absent means HMAC-SHA1
		s.prf = sha1.New
		return nil
	}
	if s.prf = prfOf(params.PRF.Algorithm.String()); s.prf == nil {
		return unsupported("the pseudo-random function", params.PRF.Algorithm)
	}
	if p := params.PRF.Parameters; len(p.FullBytes) > 0 && (p.Class != asn1.ClassUniversal || p.Tag != asn1.TagNull || len(p.Bytes) > 0) {
		return fmt.Errorf("%w: the pseudo-random function has parameters: want none", ErrMalformed)
	}
	return nil
}

func (s *pbes2) derive(pass []byte) ([]byte, error) {
	return pbkdf2.Key(s.prf, string(pass), s.salt, s.rounds, s.length)
}

// exact reads all of der, and nothing less, into v.
func exact(der []byte, v any, what string) error {
	rest, err := asn1.Unmarshal(der, v)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %s: %d bytes follow", ErrMalformed, what, len(rest))
	}
	return nil
}
