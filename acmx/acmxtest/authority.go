package acmxtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// authorityKeys is the authority as it is kept: keys in PKCS#8, certificates in DER.
type authorityKeys struct {
	RootKey, Root, MiddleKey, Middle, Stranger []byte
}

// authority signs for real: a root, and an intermediate that signs the leaves.
type authority struct {
	root, middle, stranger *x509.Certificate
	middleKey              crypto.Signer
}

// openAuthority makes the authority at its first use, or reads it from the state.
func (s *Server) openAuthority() *authority {
	if s.ca != nil {
		return s.ca
	}
	if s.state.Authority == nil {
		s.state.Authority = newAuthority(s.opts.Now())
	}
	k := s.state.Authority
	s.ca = &authority{root: must(x509.ParseCertificate(k.Root)), middle: must(x509.ParseCertificate(k.Middle)), stranger: must(x509.ParseCertificate(k.Stranger))}
	s.ca.middleKey = parseKey(k.MiddleKey)
	return s.ca
}

func newAuthority(now time.Time) *authorityKeys {
	caTemplate := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name, Organization: []string{"Fake of acmxtest"}},
			NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	newKey := func() (*ecdsa.PrivateKey, []byte) {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		return key, must(x509.MarshalPKCS8PrivateKey(key))
	}
	rootKey, rootDER := newKey()
	middleKey, middleDER := newKey()
	strangerKey, _ := newKey()
	root, middle, stranger := caTemplate("Fake Root CA 1", 1), caTemplate("Fake ECDSA 256 M02", 2), caTemplate("Fake Stranger CA", 3)
	return &authorityKeys{
		RootKey: rootDER, MiddleKey: middleDER,
		Root:     must(x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)),
		Middle:   must(x509.CreateCertificate(rand.Reader, middle, root, middleKey.Public(), rootKey)),
		Stranger: must(x509.CreateCertificate(rand.Reader, stranger, stranger, strangerKey.Public(), strangerKey)),
	}
}

// must is for what cannot fail: keys of fixed kinds, templates of the fake's own.
func must[T any](v T, err error) T {
	if err != nil {
		panic("acmxtest: " + err.Error())
	}
	return v
}

func parseKey(der []byte) crypto.Signer {
	key, ok := must(x509.ParsePKCS8PrivateKey(der)).(crypto.Signer)
	if !ok {
		panic("acmxtest: a key that does not sign")
	}
	return key
}

// Roots are what a client has to trust to take the fake's certificates.
func (s *Server) Roots() *x509.CertPool {
	s.mu.Lock()
	defer s.mu.Unlock()
	pool := x509.NewCertPool()
	pool.AddCert(s.openAuthority().root)
	return pool
}

// sign gives the certificate a new serial and new dates, and a new key unless the old one is kept.
func (s *Server) sign(c *certificate, now time.Time) {
	ca := s.openAuthority()
	if c.KeyDER == nil || !s.opts.KeepKey {
		c.KeyDER = must(x509.MarshalPKCS8PrivateKey(newLeafKey(c.Key)))
	}
	key := parseKey(c.KeyDER)
	s.state.Serial++
	number := make([]byte, 16)
	_, _ = rand.Read(number)
	number[0] = 0x0a // a leading zero in hex, as real ones have
	c.NotBefore = now.UTC().Truncate(24 * time.Hour)
	c.NotAfter = c.NotBefore.Add(s.opts.Valid - time.Second)
	leaf := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(number), Subject: pkix.Name{CommonName: c.Names[0]}, DNSNames: c.Names,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	c.Leaf = must(x509.CreateCertificate(rand.Reader, leaf, ca.middle, key.Public(), ca.middleKey))
	c.Serial = colons(number)
}

func newLeafKey(algorithm string) crypto.Signer {
	switch algorithm {
	case "EC_prime256v1":
		return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	case "EC_secp384r1":
		return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	}
	return must(rsa.GenerateKey(rand.Reader, 2048))
}

// colons writes a serial number as the platform does: 0a:1b:2c.
func colons(number []byte) string {
	var parts []string
	for _, b := range number {
		parts = append(parts, fmt.Sprintf("%02x", b))
	}
	return strings.Join(parts, ":")
}

// chain is what comes beside the leaf, in PEM.
func (s *Server) chain(c *certificate) string {
	if c.Type == "IMPORTED" {
		return string(c.Chain)
	}
	ca := s.openAuthority()
	var b strings.Builder
	if s.opts.StrangerInChain {
		b.WriteString(certPEM(ca.stranger.Raw))
	}
	b.WriteString(certPEM(ca.middle.Raw))
	if s.opts.RootInChain {
		b.WriteString(certPEM(ca.root.Raw))
	}
	return b.String()
}

func certPEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
