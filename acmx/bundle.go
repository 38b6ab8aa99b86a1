package acmx

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// Bundle is a certificate with its key and the intermediates that servers send with it. Printing one never shows the key.
type Bundle struct {
	// Leaf is the certificate itself.
	Leaf *x509.Certificate
	// Chain are the intermediates from the leaf's issuer upwards, without the root.
	Chain []*x509.Certificate
	// Notes say what was left out of the chain that came with the leaf, and what a person should know; one sentence each.
	Notes []string

	key crypto.Signer
}

// OpenBundle makes a Bundle of what ExportCertificate answers: the leaf and the chain in PEM, the key encrypted.
func OpenBundle(leaf, chain, encryptedKey, passphrase []byte) (*Bundle, error) {
	return OpenBundleAt(time.Now(), leaf, chain, encryptedKey, passphrase)
}

// OpenBundleAt is [OpenBundle] at another time, for callers with a clock of their own.
func OpenBundleAt(now time.Time, leaf, chain, encryptedKey, passphrase []byte) (*Bundle, error) {
	return nil, errors.ErrUnsupported
}

// Key is the private key.
func (b *Bundle) Key() crypto.Signer { return b.key }

// Serial is the leaf's serial number in lower-case hex, as in "0a1b2c".
func (b *Bundle) Serial() string { return b.Leaf.SerialNumber.Text(16) }

// FullChainPEM is the leaf and its intermediates, as nginx and most servers want them in one file.
func (b *Bundle) FullChainPEM() []byte { return nil }

// KeyPEM is the key as an unencrypted PKCS#8 block "PRIVATE KEY". It is a secret: zero it after use.
func (b *Bundle) KeyPEM() ([]byte, error) { return nil, errors.ErrUnsupported }

// TLSCertificate is the bundle for tls.Config.Certificates or GetCertificate.
func (b *Bundle) TLSCertificate() tls.Certificate { return tls.Certificate{} }

// Verify checks that the chain leads to one of the roots (nil: the system's) at a time, for a server of that name ("":
// any).
func (b *Bundle) Verify(roots *x509.CertPool, now time.Time, name string) error {
	return errors.ErrUnsupported
}
