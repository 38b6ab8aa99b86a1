package cdn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// today is the day of the fakes' virtual clock.
func today() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }

type signed struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// pki is an authority with two intermediates, of whose certificates everything can be wrong.
type pki struct{ root, upper, lower signed }

var public = sync.OnceValue(func() *pki {
	p := &pki{}
	p.root = sign(ca("Test Root"), nil)
	p.upper = sign(ca("Test Upper"), &p.root)
	p.lower = sign(ca("Test Lower"), &p.upper)
	return p
})

func ca(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
}

func leaf(names ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// sign makes the certificate; nil signs it by itself.
func sign(c *x509.Certificate, by *signed) signed {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		panic(err)
	}
	c.SerialNumber, c.BasicConstraintsValid = serial, true
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = today().Add(-30*24*time.Hour), today().Add(60*24*time.Hour+time.Hour)
	}
	if by == nil {
		by = &signed{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, key.Public(), by.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return signed{cert, key}
}

// chain is what a server sends: the leaf, then the others as they are named.
func (s signed) chain(others ...signed) tls.Certificate {
	out := tls.Certificate{Certificate: [][]byte{s.cert.Raw}, PrivateKey: s.key}
	for _, o := range others {
		out.Certificate = append(out.Certificate, o.cert.Raw)
	}
	return out
}

// good is a certificate as it should be.
func good(names ...string) tls.Certificate {
	p := public()
	return sign(leaf(names...), &p.lower).chain(p.lower, p.upper)
}

// expired is one that was good until yesterday.
func expired(names ...string) tls.Certificate {
	p, c := public(), leaf(names...)
	c.NotBefore, c.NotAfter = today().Add(-90*24*time.Hour), today().Add(-24*time.Hour)
	return sign(c, &p.lower).chain(p.lower, p.upper)
}

// The certificates that are called good are good to crypto/x509 too.
func TestPKI(t *testing.T) {
	t.Parallel()
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(public().root.cert)
	between.AddCert(public().upper.cert)
	between.AddCert(public().lower.cert)
	c, err := x509.ParseCertificate(good("a.example").Certificate[0])
	require.NoError(t, err)
	_, err = c.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: today(), DNSName: "a.example"})
	require.NoError(t, err)
}
