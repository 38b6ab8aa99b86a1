package acmx_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"hash"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// passphrase is of the alphabet that ACM takes.
const passphrase = "0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTu"

// rsaKey is one key for all tests: making one takes longer than most of them.
var rsaKey = sync.OnceValue(func() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ecKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	return key
}

func edKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(tb, err)
	return key
}

// keyKinds are a key of each kind.
func keyKinds(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	return map[string]crypto.Signer{"RSA": rsaKey(), "EC": ecKey(t), "Ed25519": edKey(t)}
}

func keyDER(tb testing.TB, key crypto.Signer) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	return der
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// sealing is an encrypted key as the test writes it: the zero value is as ACM does it, and each field is something to
// get wrong.
type sealing struct {
	salt      any // []byte, 20 bytes by default
	rounds    any // 2048
	keyLength []int
	prf       []pkix.AlgorithmIdentifier // absent by default: HMAC-SHA1
	hash      func() hash.Hash
	kdf       string // object identifiers
	cipher    string
	size      int
	iv        []byte
	scheme    string
	plain     func([]byte) []byte // what is done to the padded plaintext
	data      func([]byte) []byte // to the ciphertext
}

func identifier(dotted string) asn1.ObjectIdentifier {
	oid, err := x509.ParseOID(dotted)
	if err != nil {
		panic(err)
	}
	var out asn1.ObjectIdentifier
	der, err := oid.MarshalBinary()
	if err != nil {
		panic(err)
	}
	if _, err := asn1.Unmarshal(append([]byte{6, byte(len(der))}, der...), &out); err != nil {
		panic(err)
	}
	return out
}

func mustMarshal(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return der
}

func or[T any](v, fallback T, set bool) T {
	if set {
		return v
	}
	return fallback
}

// seal encrypts a PrivateKeyInfo.
func (s sealing) seal(der []byte, pass string) []byte {
	salt := or(s.salt, any([]byte("twenty bytes of salt")), s.salt != nil)
	rounds := or(s.rounds, any(2048), s.rounds != nil)
	size := or(s.size, 32, s.size != 0)
	iv := or(s.iv, []byte("sixteen byte iv."), s.iv != nil)
	h := or(s.hash, sha1.New, s.hash != nil)
	oid := func(given, usual string) asn1.ObjectIdentifier { return identifier(or(given, usual, given != "")) }

	kdf := []any{salt, rounds}
	for _, n := range s.keyLength {
		kdf = append(kdf, n)
	}
	for _, p := range s.prf {
		kdf = append(kdf, p)
	}
	saltBytes, _ := salt.([]byte)
	n, _ := rounds.(int)
	key, err := pbkdf2.Key(h, pass, saltBytes, min(max(n, 1), 10_000), size)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	pad := aes.BlockSize - len(der)%aes.BlockSize
	plain := append([]byte(nil), der...)
	for range pad {
		plain = append(plain, byte(pad))
	}
	if s.plain != nil {
		plain = s.plain(plain)
	}
	data := make([]byte, len(plain))
	if len(iv) == aes.BlockSize {
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, plain)
	}
	if s.data != nil {
		data = s.data(data)
	}
	params := struct{ KDF, Cipher pkix.AlgorithmIdentifier }{
		pkix.AlgorithmIdentifier{Algorithm: oid(s.kdf, "1.2.840.113549.1.5.12"), Parameters: asn1.RawValue{FullBytes: sequenceOf(kdf...)}},
		pkix.AlgorithmIdentifier{Algorithm: oid(s.cipher, "2.16.840.1.101.3.4.1.42"), Parameters: asn1.RawValue{FullBytes: mustMarshal(iv)}},
	}
	return mustMarshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}{
		pkix.AlgorithmIdentifier{Algorithm: oid(s.scheme, "1.2.840.113549.1.5.13"), Parameters: asn1.RawValue{FullBytes: mustMarshal(params)}},
		data,
	})
}

// pem is seal in PEM.
func (s sealing) pem(tb testing.TB, key crypto.Signer) []byte {
	tb.Helper()
	return pemOf("ENCRYPTED PRIVATE KEY", s.seal(keyDER(tb, key), passphrase))
}

func sequenceOf(parts ...any) []byte {
	var body []byte
	for _, p := range parts {
		if raw, ok := p.(asn1.RawValue); ok && raw.FullBytes != nil {
			body = append(body, raw.FullBytes...)
			continue
		}
		body = append(body, mustMarshal(p)...)
	}
	return mustMarshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: body})
}

// authority is a certificate that signs others.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// issue has a certificate signed; edit may change what is asked for. Nobody signs: it signs itself.
func issue(tb testing.TB, by *authority, subject string, key crypto.Signer, edit func(*x509.Certificate)) *x509.Certificate {
	tb.Helper()
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(tb, err)
	c := &x509.Certificate{
		SerialNumber: number.SetBit(number, 121, 1),
		Subject:      pkix.Name{CommonName: subject},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(198 * 24 * time.Hour),
	}
	if edit != nil {
		edit(c)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	require.NoError(tb, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(tb, err)
	return cert
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

func newAuthority(tb testing.TB, by *authority, name string) *authority {
	tb.Helper()
	key := ecKey(tb)
	return &authority{issue(tb, by, name, key, asCA), key}
}

// forServer is what a server's certificate has.
func forServer(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.DNSNames = names
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
}

func certPEM(certs ...*x509.Certificate) (out []byte) {
	for _, c := range certs {
		out = append(out, pemOf("CERTIFICATE", c.Raw)...)
	}
	return out
}
