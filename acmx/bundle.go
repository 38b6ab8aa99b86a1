package acmx

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// Bundle is a certificate with its key and the intermediates that servers send with it. Printing one, with any verb, as
// JSON or into a log, never shows the key. Make one with [OpenBundle]; the zero value has nothing in it.
type Bundle struct {
	// Leaf is the certificate itself.
	Leaf *x509.Certificate
	// Chain are the intermediates, the leaf's issuer first, without the root.
	Chain []*x509.Certificate
	// Notes say what was left out of the chain that came with the leaf, and what a person should know; a sentence each.
	Notes []string

	key *crypto.Signer // behind a pointer: fmt goes through unexported fields of other structs without asking String
}

// OpenBundle makes a Bundle of what ExportCertificate answers: leaf and chain in PEM (the chain may be empty), and the
// encrypted key with its passphrase. It decrypts the key ([DecryptPKCS8]), checks that the key is the leaf's and that the
// leaf is valid now, and puts the chain in order, from the leaf's issuer upwards: the root, which ACM may send along
// (unverified), certificates that are not on the way, and second copies are left out and named in Notes. Whether the chain
// leads to a root that clients trust is [Bundle.Verify]'s question.
//
// Errors are [*Error]: those of DecryptPKCS8; ErrMalformed for certificates that cannot be read; ErrMismatch; ErrExpired.
func OpenBundle(leaf, chain, encryptedKey, passphrase []byte) (*Bundle, error) {
	return OpenBundleAt(time.Now(), leaf, chain, encryptedKey, passphrase)
}

// OpenBundleAt is [OpenBundle] at another time, for callers with a clock of their own.
func OpenBundleAt(now time.Time, leaf, chain, encryptedKey, passphrase []byte) (*Bundle, error) {
	key, err := decryptPKCS8(encryptedKey, passphrase)
	if err != nil {
		return nil, &Error{Op: "OpenBundle", Err: fmt.Errorf("key: %w", err)}
	}
	b, err := newBundle(now, leaf, chain, key)
	if err != nil {
		return nil, &Error{Op: "OpenBundle", Err: err}
	}
	return b, nil
}

func newBundle(now time.Time, leaf, chain []byte, key crypto.Signer) (*Bundle, error) {
	certs, err := parseCertificates(leaf, "leaf")
	if err != nil {
		return nil, err
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%w: leaf: no certificate", ErrMalformed)
	}
	pool, err := parseCertificates(chain, "chain")
	if err != nil {
		return nil, err
	}
	b := &Bundle{Leaf: certs[0], key: &key}
	pool = append(certs[1:], pool...)
	if !isPair(key, b.Leaf) {
		for _, c := range pool {
			if isPair(key, c) {
				return nil, fmt.Errorf("%w: the key is that of %s, which is in the chain and not the leaf", ErrMismatch, title(c))
			}
		}
		return nil, fmt.Errorf("%w: the key is not that of %s", ErrMismatch, title(b.Leaf))
	}
	if !validAt(b.Leaf, now) {
		return nil, fmt.Errorf("%w: %s is valid from %s to %s", ErrExpired, title(b.Leaf), b.Leaf.NotBefore.UTC().Format(time.RFC3339), b.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	b.Chain, b.Notes = orderChain(b.Leaf, pool, now)
	return b, nil
}

func isPair(key crypto.Signer, c *x509.Certificate) bool {
	public, ok := key.Public().(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && public.Equal(c.PublicKey)
}

// Key is the private key: an *rsa.PrivateKey, an *ecdsa.PrivateKey or an ed25519.PrivateKey; nil in the zero value.
func (b *Bundle) Key() crypto.Signer {
	if b.key == nil {
		return nil
	}
	return *b.key
}

// Serial is the leaf's serial number in lower-case hex, two digits a byte. A renewal has another, under the same ARN.
func (b *Bundle) Serial() string { return serial(b.Leaf) }

// LeafPEM is the certificate alone.
func (b *Bundle) LeafPEM() []byte { return certsPEM(b.Leaf) }

// ChainPEM is the intermediates; empty when there are none.
func (b *Bundle) ChainPEM() []byte { return certsPEM(b.Chain...) }

// FullChainPEM is the leaf and its intermediates, as nginx and most servers want them in one file.
func (b *Bundle) FullChainPEM() []byte { return append(b.LeafPEM(), b.ChainPEM()...) }

func certsPEM(certs ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certs {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}) // a buffer takes everything
	}
	return out.Bytes()
}

// KeyPEM is the key as an unencrypted PKCS#8 block "PRIVATE KEY", which nginx, Apache and HAProxy read whatever kind of
// key it is. It is a secret: clear it after use.
func (b *Bundle) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(b.Key())
	if err != nil {
		return nil, &Error{Op: "KeyPEM", Err: err}
	}
	defer clear(der)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// TLSCertificate is the bundle for tls.Config.Certificates and GetCertificate.
func (b *Bundle) TLSCertificate() tls.Certificate {
	cert := tls.Certificate{Certificate: [][]byte{b.Leaf.Raw}, PrivateKey: b.Key(), Leaf: b.Leaf}
	for _, c := range b.Chain {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert
}

// Verify checks that the chain leads to one of the roots (nil: the system's), that all of it is valid at that time, and
// that the leaf is for the server of that name ("": any). The error is the one of crypto/x509, wrapped.
func (b *Bundle) Verify(roots *x509.CertPool, now time.Time, name string) error {
	between := x509.NewCertPool()
	for _, c := range b.Chain {
		between.AddCert(c)
	}
	_, err := b.Leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now, DNSName: name})
	if err != nil {
		return &Error{Op: "Verify", Err: fmt.Errorf("%s: %w", title(b.Leaf), err)}
	}
	return nil
}

// The ways to print a bundle, without its key. They are of the value, so that no copy can be printed otherwise.
func (b Bundle) safe() secret.Fields {
	f := secret.Fields{"acmx.Bundle"}
	if b.Leaf != nil {
		f = append(f, "Names", slices.Clone(b.Leaf.DNSNames), "Serial", serial(b.Leaf), "NotAfter", b.Leaf.NotAfter.UTC().Format(time.RFC3339), "Chain", len(b.Chain))
	}
	if b.key != nil {
		f = append(f, "Key", secret.Hidden)
	}
	return f
}

// String names the certificate; it does not show the key.
func (b Bundle) String() string { return b.safe().String() }

// GoString is String.
func (b Bundle) GoString() string { return b.safe().String() }

// Format prints String for every verb.
func (b Bundle) Format(s fmt.State, verb rune) { b.safe().Format(s, verb) }

// LogValue is the fields of String.
func (b Bundle) LogValue() slog.Value { return b.safe().LogValue() }

// MarshalJSON is String as a JSON string: a bundle is not to be stored this way.
func (b Bundle) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }
