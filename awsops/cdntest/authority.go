package cdntest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"time"
)

// identity is a certificate with its key.
type identity struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Authority is a public authority: a root and an intermediate. Its certificates are valid by the virtual clock.
type Authority struct {
	root, between *identity
	now           time.Time

	mu      sync.Mutex
	serial  int64
	foreign []*x509.Certificate
}

// NewAuthority makes an authority at a time.
func NewAuthority(name string, now time.Time) (*Authority, error) {
	a := &Authority{now: now}
	var err error
	if a.root, err = a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: name + " Root"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, nil, 10*365); err != nil {
		return nil, err
	}
	a.between, err = a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: name + " R1"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, a.root, 5*365)
	return a, err
}

// issue signs a certificate, for days from now; a nil parent means by itself.
func (a *Authority) issue(c *x509.Certificate, parent *identity, days int) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.serial++
	c.SerialNumber = big.NewInt(a.serial)
	a.mu.Unlock()
	c.BasicConstraintsValid = true
	if c.NotBefore.IsZero() {
		c.NotBefore = a.now.Add(-48 * time.Hour)
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = a.now.Add(time.Duration(days) * 24 * time.Hour)
	}
	if parent == nil {
		parent = &identity{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent.cert, key.Public(), parent.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &identity{cert, key}, err
}

// Issue makes a certificate for names, valid for 90 days, with its chain as servers should send it.
func (a *Authority) Issue(names ...string) (tls.Certificate, error) {
	id, err := a.leaf(names)
	if err != nil {
		return tls.Certificate{}, err
	}
	return a.chain(id), nil
}

func (a *Authority) leaf(names []string) (*identity, error) {
	return a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.between, 90)
}

func (a *Authority) chain(id *identity) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{id.cert.Raw, a.between.cert.Raw}, PrivateKey: id.key, Leaf: id.cert}
}

// Trust adds a root of somebody else to what this Internet trusts: for certificates that a test makes by itself.
func (a *Authority) Trust(root *x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.foreign = append(a.foreign, root)
}

// Pool is the roots that are trusted.
func (a *Authority) Pool() *x509.CertPool {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := x509.NewCertPool()
	p.AddCert(a.root.cert)
	for _, c := range a.foreign {
		p.AddCert(c)
	}
	return p
}
