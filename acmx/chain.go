package acmx

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
	"time"
)

// The bounds of a chain; the longest of ACM's has four certificates.
const (
	maxCerts = 32
	maxChain = 10
)

// parseCertificates reads every CERTIFICATE block of a PEM file. Text between the blocks is passed over, as OpenSSL's
// output has some; another kind of block is refused, and so is what cannot be read.
func parseCertificates(data []byte, what string) ([]*x509.Certificate, error) {
	if len(data) > maxPEM {
		return nil, fmt.Errorf("%w: %s: %d bytes are more than any chain has", ErrMalformed, what, len(data))
	}
	var certs []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			clear(block.Bytes) // it may be a key
			return nil, fmt.Errorf("%w: %s: block %d is not a certificate", ErrMalformed, what, len(certs)+1)
		}
		if len(certs) == maxCerts {
			return nil, fmt.Errorf("%w: %s: more than %d certificates", ErrMalformed, what, maxCerts)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: certificate %d: %w", ErrMalformed, what, len(certs)+1, err)
		}
		certs, data = append(certs, cert), rest
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return nil, fmt.Errorf("%w: %s: certificate %d is cut off or damaged", ErrMalformed, what, len(certs)+1)
	}
	return certs, nil
}

// orderChain walks from the leaf to its issuer, and on, through the certificates that came along. It stops before the
// root: whoever trusts it has it, and sending it is a waste of a kilobyte in every handshake. The notes say what was left
// out.
func orderChain(leaf *x509.Certificate, pool []*x509.Certificate, now time.Time) (chain []*x509.Certificate, notes []string) {
	used := []*x509.Certificate{leaf}
	child := leaf
	if selfSigned(leaf) {
		notes = append(notes, fmt.Sprintf("%s is signed by itself: only who knows it trusts it", title(leaf)))
	}
	for !selfSigned(child) && len(chain) < maxChain {
		parent := issuerOf(child, pool, used, now)
		if parent == nil {
			break
		}
		used = append(used, parent)
		if selfSigned(parent) {
			notes = append(notes, fmt.Sprintf("the root %s was left out: clients that trust it have it", title(parent)))
			break
		}
		if !validAt(parent, now) {
			notes = append(notes, fmt.Sprintf("the intermediate %s is valid from %s to %s only", title(parent), day(parent.NotBefore), day(parent.NotAfter)))
		}
		chain, child = append(chain, parent), parent
	}
	if len(chain) == 0 && !selfSigned(leaf) {
		notes = append(notes, fmt.Sprintf("no intermediate came along: %s is sent alone, and many clients will not find its issuer", title(leaf)))
	}
	var seen []*x509.Certificate
	for _, c := range pool {
		switch {
		case contains(seen, c):
			notes = append(notes, fmt.Sprintf("%s came twice", title(c)))
		case contains(used, c):
		case selfSigned(c):
			notes = append(notes, fmt.Sprintf("the root %s was left out: the chain does not need it", title(c)))
		default:
			notes = append(notes, fmt.Sprintf("the stranger %s was left out: it is not on the way from the leaf to a root", title(c)))
		}
		seen = append(seen, c)
	}
	return chain, notes
}

// issuerOf finds who signed child. Where several certificates fit, which is so when an authority has been signed by
// another, an intermediate is better than a root, a valid one better than an expired one, and the one that ends last is
// best: it serves the most clients.
func issuerOf(child *x509.Certificate, pool, used []*x509.Certificate, now time.Time) *x509.Certificate {
	var best *x509.Certificate
	better := func(a, b *x509.Certificate) bool {
		if s, t := selfSigned(a), selfSigned(b); s != t {
			return t
		}
		if s, t := validAt(a, now), validAt(b, now); s != t {
			return s
		}
		return a.NotAfter.After(b.NotAfter)
	}
	for _, c := range pool {
		if !bytes.Equal(c.RawSubject, child.RawIssuer) || contains(used, c) || child.CheckSignatureFrom(c) != nil {
			continue
		}
		if best == nil || better(c, best) {
			best = c
		}
	}
	return best
}

func contains(certs []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(certs, c.Equal)
}

// selfSigned tells a root from an intermediate of the same name: its own key has signed it. A leaf may be that too.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

func validAt(c *x509.Certificate, now time.Time) bool {
	return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
}

// title names a certificate for people: the common name, or the first name that it is for, quoted since it comes from
// outside.
func title(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if name == "" && len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	if r := []rune(name); len(r) > 100 {
		name = string(r[:100]) + "…"
	}
	if name == "" {
		return "with the serial number " + serial(c)
	}
	return fmt.Sprintf("%q", name)
}

func serial(c *x509.Certificate) string {
	if b := c.SerialNumber.Bytes(); len(b) > 0 {
		return hex.EncodeToString(b)
	}
	return "00"
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
