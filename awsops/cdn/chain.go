package cdn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Chain is what a server shows for one name, and what CloudFront makes of it.
type Chain struct {
	Name     string    `json:"name"`  // asked for by SNI
	Shown    bool      `json:"shown"` // a handshake came to an end, by whatever certificate
	Version  string    `json:"version,omitempty"`
	Subject  string    `json:"subject,omitempty"`
	Issuer   string    `json:"issuer,omitempty"`
	Names    []string  `json:"names,omitempty"` // that the certificate is good for
	NotAfter time.Time `json:"not_after,omitzero"`
	Days     int       `json:"days,omitempty"` // left, rounded down; negative when it has expired
	Sent     int       `json:"sent,omitempty"` // certificates

	Complete   bool `json:"complete"` // no certificate between the leaf and a root is missing
	InOrder    bool `json:"in_order"` // each is signed by the next
	Trusted    bool `json:"trusted"`  // by the roots of [Network]
	Expired    bool `json:"expired,omitempty"`
	SelfSigned bool `json:"self_signed,omitempty"`
	Match      bool `json:"match"` // a name of the certificate is Name

	Problems []string `json:"problems,omitempty"` // in words; empty when CloudFront takes the chain, names apart
}

// Good tells whether CloudFront takes the chain, names apart.
func (c Chain) Good() bool { return c.Shown && len(c.Problems) == 0 }

// covers tells whether the certificate is good for a host.
func (c Chain) covers(host string) bool {
	return slices.ContainsFunc(c.Names, func(n string) bool { return covers(n, host) })
}

// readChain shakes hands for one name and judges what comes.
func readChain(ctx context.Context, o ProbeOptions, port Port, name string, now time.Time) Chain {
	c := Chain{Name: name}
	state, err := shake(ctx, o, port, sample(name), tls.VersionTLS10, tls.VersionTLS13)
	if err != nil {
		c.Problems = append(c.Problems, "no handshake: "+err.Error())
		return c
	}
	c.Shown, c.Version = true, tls.VersionName(state.Version)
	c.judge(state.PeerCertificates, o.Network.Roots, now)
	return c
}

func shake(ctx context.Context, o ProbeOptions, port Port, sni string, lowest, highest uint16) (tls.ConnectionState, error) {
	conn, err := o.Network.dial(ctx, o.Timeout, netip.AddrPortFrom(port.at, uint16(port.Port)))
	if err != nil {
		return tls.ConnectionState{}, plain(err)
	}
	defer conn.Close() //nolint:errcheck // nothing more is read
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	secured := tls.Client(conn, &tls.Config{
		ServerName: sni, MinVersion: lowest, MaxVersion: highest, CipherSuites: everyCipher(),
		InsecureSkipVerify: true, //nolint:gosec // a bad chain is what is looked for; nothing is sent
	})
	if err := secured.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, plain(err)
	}
	return secured.ConnectionState(), nil
}

// versions are those that the server speaks.
func versions(ctx context.Context, o ProbeOptions, port Port, sni string) (out []string) {
	for v := uint16(tls.VersionTLS10); v <= tls.VersionTLS13; v++ {
		if state, err := shake(ctx, o, port, sni, v, v); err == nil {
			out = append(out, tls.VersionName(state.Version))
		}
	}
	return out
}

// judge fills in the facts of a chain.
func (c *Chain) judge(sent []*x509.Certificate, roots *x509.CertPool, now time.Time) {
	c.Sent = len(sent)
	if len(sent) == 0 {
		c.Problems = append(c.Problems, "no certificate was shown")
		return
	}
	leaf := sent[0]
	c.Subject, c.Issuer, c.NotAfter = leaf.Subject.String(), leaf.Issuer.String(), leaf.NotAfter.UTC()
	c.Names = slices.Clone(leaf.DNSNames)
	c.Days = int(math.Floor(leaf.NotAfter.Sub(now).Hours() / 24))
	c.Match = c.covers(c.Name)
	bad := func(format string, args ...any) { c.Problems = append(c.Problems, fmt.Sprintf(format, args...)) }

	c.SelfSigned = signedBy(leaf, leaf)
	switch {
	case now.After(leaf.NotAfter):
		c.Expired = true
		bad("it expired on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		bad("it is not valid before %s", leaf.NotBefore.UTC().Format(time.DateOnly))
	}
	c.InOrder = true
	for i, child := range sent[:len(sent)-1] {
		if !signedBy(child, sent[i+1]) {
			c.InOrder = false
			break
		}
	}
	pool := x509.NewCertPool()
	for _, i := range sent[1:] {
		pool.AddCert(i)
	}
	at := now // or at the nearest time when the leaf was valid, so that its date hides nothing else
	if now.After(leaf.NotAfter) {
		at = leaf.NotAfter.Add(-time.Minute)
	} else if now.Before(leaf.NotBefore) {
		at = leaf.NotBefore.Add(time.Minute)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: pool, CurrentTime: at})
	c.Trusted = err == nil
	top, whole := ascend(sent)
	c.Complete = c.Trusted || whole
	switch wrong, ok := errors.AsType[x509.CertificateInvalidError](err); {
	case c.SelfSigned && !c.Trusted:
		bad("it is self-signed: CloudFront trusts public authorities only")
	case err == nil && !c.InOrder:
		bad("the chain is not in order: each certificate must be followed by its issuer's")
	case err == nil:
	case ok && wrong.Reason == x509.Expired:
		bad("a certificate of the chain has expired: %s", wrong.Cert.Subject)
	case ok:
		bad("the chain is not valid: %s", wrong.Error())
	case whole:
		bad("the root %q is not among those that CloudFront trusts", top.Subject)
	default:
		if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); !unknown {
			bad("the chain is not valid: %s", plain(err))
			break
		}
		bad("the chain is not complete: the certificate of %q was not sent", top.Issuer)
	}
	if len(leaf.DNSNames) == 0 {
		bad("it has no DNS names (a common name does not count)")
	}
}

// ascend walks from the leaf through what was sent, in whatever order, and tells whether it ended at a root.
func ascend(sent []*x509.Certificate) (top *x509.Certificate, root bool) {
	top = sent[0]
	for range sent {
		if signedBy(top, top) {
			return top, true
		}
		next := slices.IndexFunc(sent, func(c *x509.Certificate) bool { return c != top && signedBy(top, c) })
		if next < 0 {
			return top, false
		}
		top = sent[next]
	}
	return top, false
}

func signedBy(child, parent *x509.Certificate) bool {
	return string(child.RawIssuer) == string(parent.RawSubject) && parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) == nil
}

// String is the chain in one line.
func (c Chain) String() string {
	if !c.Shown {
		return c.Name + ": " + strings.Join(c.Problems, "; ")
	}
	verdict := "taken by CloudFront"
	if len(c.Problems) > 0 {
		verdict = strings.Join(c.Problems, "; ")
	}
	match := "names it"
	if !c.Match {
		match = "does not name it"
	}
	return fmt.Sprintf("%s: certificate for %s, %s, %d days left, %s; %s", c.Name, strings.Join(c.Names, " "), match, c.Days, c.Version, verdict)
}
