package acmx_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
)

// chainOf is a leaf under two intermediates under a root.
type chainOf struct {
	root, top, sub *authority
	leaf           *x509.Certificate
	key            crypto.Signer
}

func newChain(tb testing.TB, key crypto.Signer, names ...string) chainOf {
	tb.Helper()
	c := chainOf{key: key}
	c.root = newAuthority(tb, nil, "Test Root")
	c.top = newAuthority(tb, c.root, "Test Intermediate 1")
	c.sub = newAuthority(tb, c.top, "Test Intermediate 2")
	c.leaf = issue(tb, c.sub, names[0], key, forServer(names...))
	return c
}

// open makes the bundle of a chain that is in order.
func (c chainOf) open(tb testing.TB) *acmx.Bundle {
	tb.Helper()
	b, err := acmx.OpenBundle(certPEM(c.leaf), certPEM(c.sub.cert, c.top.cert), sealing{rounds: 1}.pem(tb, c.key), []byte(passphrase))
	require.NoError(tb, err)
	require.Empty(tb, b.Notes)
	return b
}

func (c chainOf) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.root.cert)
	return pool
}

func commonNames(certs []*x509.Certificate) (out []string) {
	for _, c := range certs {
		out = append(out, c.Subject.CommonName)
	}
	return out
}

// Trap 43: a root in the chain is not in fullchain; strangers are dropped; key and leaf must match.
func TestOpenBundleOrdersTheChain(t *testing.T) {
	t.Parallel()
	c := newChain(t, ecKey(t), "www.example.com")
	sealed := sealing{rounds: 1}.pem(t, c.key)
	stranger := newAuthority(t, nil, "Stranger Root")
	strange := newAuthority(t, stranger, "Strange Intermediate")
	impostor := newAuthority(t, stranger, "Test Intermediate 2") // the name of the issuer, and another key
	twin := *c.sub
	twin.cert = issue(t, c.top, "Test Intermediate 2", c.sub.key, func(x *x509.Certificate) { // the same key, ends later
		asCA(x)
		x.NotAfter = x.NotAfter.Add(time.Hour)
	})
	expired := issue(t, c.root, "Test Intermediate 1", c.top.key, func(x *x509.Certificate) {
		asCA(x)
		x.NotAfter = time.Now().Add(-time.Minute)
	})
	early := issue(t, c.root, "Test Intermediate 1", c.top.key, func(x *x509.Certificate) { // ends last, and has not begun
		asCA(x)
		x.NotBefore, x.NotAfter = time.Now().Add(time.Hour), x.NotAfter.Add(time.Hour)
	})
	crossed := issue(t, stranger, "Test Root", c.root.key, asCA) // the root, signed by another: not a root here
	in := []string{"Test Intermediate 2", "Test Intermediate 1"}
	for name, tt := range map[string]struct {
		leaf, chain []*x509.Certificate
		want        []string
		notes       []string
	}{
		"in order":       {chain: []*x509.Certificate{c.sub.cert, c.top.cert}, want: in},
		"the wrong way":  {chain: []*x509.Certificate{c.top.cert, c.sub.cert}, want: in},
		"with the root":  {chain: []*x509.Certificate{c.sub.cert, c.top.cert, c.root.cert}, want: in, notes: []string{`the root "Test Root" was left out: clients that trust it have it`}},
		"root first":     {chain: []*x509.Certificate{c.root.cert, c.top.cert, c.sub.cert}, want: in, notes: []string{`the root "Test Root" was left out`}},
		"a stranger":     {chain: []*x509.Certificate{strange.cert, c.sub.cert, c.top.cert}, want: in, notes: []string{`the stranger "Strange Intermediate" was left out`}},
		"a strange root": {chain: []*x509.Certificate{c.sub.cert, c.top.cert, stranger.cert}, want: in, notes: []string{`the root "Stranger Root" was left out: the chain does not need it`}},
		"an impostor":    {chain: []*x509.Certificate{impostor.cert, c.sub.cert, c.top.cert}, want: in, notes: []string{`the stranger "Test Intermediate 2" was left out`}},
		"one twice":      {chain: []*x509.Certificate{c.sub.cert, c.top.cert, c.sub.cert}, want: in, notes: []string{`"Test Intermediate 2" came twice`}},
		"the leaf again": {chain: []*x509.Certificate{c.leaf, c.sub.cert, c.top.cert}, want: in},
		"all in leaf":    {leaf: []*x509.Certificate{c.leaf, c.sub.cert, c.top.cert}, want: in},
		"a gap":          {chain: []*x509.Certificate{c.sub.cert, c.root.cert}, want: in[:1], notes: []string{`the root "Test Root" was left out: the chain does not need it`}},
		"none":           {want: nil, notes: []string{`no intermediate came along: "www.example.com" is sent alone`}},
		"the later twin": {chain: []*x509.Certificate{c.sub.cert, twin.cert, c.top.cert}, want: in, notes: []string{`the stranger "Test Intermediate 2" was left out`}},
		"the valid twin": {chain: []*x509.Certificate{c.sub.cert, expired, c.top.cert}, want: in, notes: []string{`the stranger "Test Intermediate 1" was left out`}},
		"the early twin": {chain: []*x509.Certificate{c.sub.cert, early, c.top.cert}, want: in, notes: []string{`the stranger "Test Intermediate 1" was left out`}},
		"only expired":   {chain: []*x509.Certificate{c.sub.cert, expired}, want: in, notes: []string{`the intermediate "Test Intermediate 1" is valid from`}},
		"cross-signed": {
			chain: []*x509.Certificate{c.sub.cert, c.top.cert, c.root.cert, crossed, stranger.cert}, want: append(append([]string(nil), in...), "Test Root"),
			notes: []string{`the root "Stranger Root" was left out: clients`, `the root "Test Root" was left out: the chain does not need it`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leaf := tt.leaf
			if leaf == nil {
				leaf = []*x509.Certificate{c.leaf}
			}
			b, err := acmx.OpenBundle(certPEM(leaf...), certPEM(tt.chain...), sealed, []byte(passphrase))
			require.NoError(t, err)
			assert.Equal(t, tt.want, commonNames(b.Chain))
			require.Len(t, b.Notes, len(tt.notes), "%q", b.Notes)
			for i, note := range tt.notes {
				assert.Contains(t, b.Notes[i], note)
			}
			assert.Equal(t, certPEM(append([]*x509.Certificate{b.Leaf}, b.Chain...)...), b.FullChainPEM())
			assert.NotContains(t, string(b.FullChainPEM()), string(certPEM(c.root.cert)))
			assert.Equal(t, certPEM(c.leaf), b.LeafPEM())
			assert.Equal(t, strings.TrimPrefix(string(b.FullChainPEM()), string(b.LeafPEM())), string(b.ChainPEM()))
			if name == "the early twin" {
				assert.True(t, b.Chain[1].Equal(c.top.cert), "the one that is valid")
			}
			if name == "the later twin" {
				assert.True(t, b.Chain[0].Equal(twin.cert), "the one that ends last")
			}
		})
	}
}

// Two authorities that have signed each other must not be walked round for ever.
func TestOpenBundleEndsInACircle(t *testing.T) {
	t.Parallel()
	a, b := newAuthority(t, nil, "A"), newAuthority(t, nil, "B")
	ab := issue(t, b, "A", a.key, asCA)
	ba := issue(t, a, "B", b.key, asCA)
	key := ecKey(t)
	leaf := issue(t, a, "leaf", key, forServer("leaf.example.com"))
	got, err := acmx.OpenBundle(certPEM(leaf), certPEM(ba, ab), sealing{rounds: 1}.pem(t, key), []byte(passphrase))
	require.NoError(t, err)
	assert.Equal(t, []string{"A", "B"}, commonNames(got.Chain))
}

func TestOpenBundleRefuses(t *testing.T) {
	t.Parallel()
	c := newChain(t, ecKey(t), "www.example.com")
	sealed := sealing{rounds: 1}.pem(t, c.key)
	chain := certPEM(c.sub.cert, c.top.cert)
	old := issue(t, c.sub, "old.example.com", c.key, func(x *x509.Certificate) {
		x.NotBefore, x.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-time.Hour)
	})
	early := issue(t, c.sub, "early.example.com", c.key, func(x *x509.Certificate) { x.NotBefore = time.Now().Add(time.Hour) })
	for name, tt := range map[string]struct {
		leaf, chain, key []byte
		pass             string
		kind             error
		want             string
	}{
		"wrong passphrase":    {certPEM(c.leaf), chain, sealed, "wrong", acmx.ErrWrongPassphrase, "key: wrong passphrase"},
		"another's key":       {certPEM(c.leaf), chain, sealing{rounds: 1}.pem(t, ecKey(t)), "", acmx.ErrMismatch, `the key is not that of "www.example.com"`},
		"a key of other kind": {certPEM(c.leaf), chain, sealing{rounds: 1}.pem(t, rsaKey()), "", acmx.ErrMismatch, `the key is not that of "www.example.com"`},
		"leaf and chain swap": {certPEM(c.sub.cert), certPEM(c.leaf), sealed, "", acmx.ErrMismatch, `the key is that of "www.example.com", which is in the chain`},
		"no leaf":             {nil, chain, sealed, "", acmx.ErrMalformed, "leaf: no certificate"},
		"leaf cut off":        {certPEM(c.leaf)[:300], chain, sealed, "", acmx.ErrMalformed, "leaf: certificate 1 is cut off"},
		"chain cut off":       {certPEM(c.leaf), chain[:len(chain)-30], sealed, "", acmx.ErrMalformed, "chain: certificate 2 is cut off"},
		"a key in the chain":  {certPEM(c.leaf), append(slices.Clip(chain), pemOf("PRIVATE KEY", keyDER(t, c.key))...), sealed, "", acmx.ErrMalformed, "chain: block 3 is not a certificate"},
		"damaged":             {pemOf("CERTIFICATE", c.leaf.Raw[:len(c.leaf.Raw)-1]), chain, sealed, "", acmx.ErrMalformed, "leaf: certificate 1: x509"},
		"too many":            {certPEM(c.leaf), bytes.Repeat(certPEM(c.sub.cert), 33), sealed, "", acmx.ErrMalformed, "chain: more than 32"},
		"too large":           {certPEM(c.leaf), make([]byte, 1<<20+1), sealed, "", acmx.ErrMalformed, "more than any chain"},
		"expired":             {certPEM(old), chain, sealed, "", acmx.ErrExpired, `"old.example.com" is valid from`},
		"not yet valid":       {certPEM(early), chain, sealed, "", acmx.ErrExpired, `"early.example.com" is valid from`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pass := passphrase
			if tt.pass != "" {
				pass = tt.pass
			}
			b, err := acmx.OpenBundle(tt.leaf, tt.chain, tt.key, []byte(pass))
			require.Nil(t, b)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.want)
			assert.True(t, strings.HasPrefix(err.Error(), "acmx: OpenBundle: "), err.Error())
			assert.NotContains(t, err.Error(), pass+":")
		})
	}
	// Another clock, another answer.
	_, err := acmx.OpenBundleAt(time.Now().Add(-2*time.Hour), certPEM(old), chain, sealed, []byte(passphrase))
	require.NoError(t, err)
	_, err = acmx.OpenBundleAt(c.leaf.NotAfter.Add(time.Second), certPEM(c.leaf), chain, sealed, []byte(passphrase))
	require.ErrorIs(t, err, acmx.ErrExpired)
}

func TestBundleServes(t *testing.T) {
	t.Parallel()
	for kind, key := range keyKinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			c := newChain(t, key, "www.example.com", "example.com")
			b := c.open(t)
			keyPEM, err := b.KeyPEM()
			require.NoError(t, err)
			block, rest := pem.Decode(keyPEM)
			assert.Equal(t, "PRIVATE KEY", block.Type)
			assert.Empty(t, rest)
			_, err = tls.X509KeyPair(b.FullChainPEM(), keyPEM)
			require.NoError(t, err)
			sameKey(t, key, b.Key())

			server, client := net.Pipe()
			done := make(chan error, 1)
			go func() {
				done <- tls.Server(server, &tls.Config{Certificates: []tls.Certificate{b.TLSCertificate()}}).HandshakeContext(context.WithoutCancel(t.Context()))
			}()
			conn := tls.Client(client, &tls.Config{RootCAs: c.roots(), ServerName: "example.com"})
			require.NoError(t, conn.HandshakeContext(t.Context()))
			require.NoError(t, <-done)
			assert.Len(t, conn.ConnectionState().PeerCertificates, 3, "the leaf and two intermediates")
		})
	}
}

func TestBundleVerify(t *testing.T) {
	t.Parallel()
	c := newChain(t, ecKey(t), "www.example.com")
	b := c.open(t)
	now := time.Now()
	require.NoError(t, b.Verify(c.roots(), now, "www.example.com"))
	require.NoError(t, b.Verify(c.roots(), now, ""))
	for name, tt := range map[string]struct {
		roots *x509.CertPool
		at    time.Time
		host  string
		want  string
	}{
		"another name":  {c.roots(), now, "ftp.example.com", "www.example.com, not ftp.example.com"},
		"another root":  {newChain(t, ecKey(t), "x").roots(), now, "", "unknown authority"},
		"after its end": {c.roots(), now.Add(199 * 24 * time.Hour), "", "expired"},
	} {
		err := b.Verify(tt.roots, tt.at, tt.host)
		require.ErrorContains(t, err, `acmx: Verify: "www.example.com": x509: `, name)
		require.ErrorContains(t, err, tt.want, name)
	}
}

func TestBundleSerial(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	ca := newAuthority(t, nil, "CA")
	leaf := issue(t, ca, "x", key, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x0a1b2c) })
	b, err := acmx.OpenBundle(certPEM(leaf), nil, sealing{rounds: 1}.pem(t, key), []byte(passphrase))
	require.NoError(t, err)
	assert.Equal(t, "0a1b2c", b.Serial())
}

// No way to print a bundle shows its key.
func TestBundleHidesItsKey(t *testing.T) {
	t.Parallel()
	c := newChain(t, edKey(t), "www.example.com")
	b := c.open(t)
	keyPEM, err := b.KeyPEM()
	require.NoError(t, err)
	der := keyDER(t, c.key)
	seed := der[len(der)-32:]
	hidden := []string{
		strings.Split(string(keyPEM), "\n")[1], fmt.Sprintf("%x", seed), fmt.Sprintf("%X", seed), strings.Trim(fmt.Sprintf("%d", seed), "[]"),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", seed), "[]byte{"), "}"), string(seed),
	}
	type holder struct {
		B    *acmx.Bundle
		V    acmx.Bundle
		in   acmx.Bundle
		also []acmx.Bundle
	}
	h := holder{b, *b, *b, []acmx.Bundle{*b}}
	var printed []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, b), fmt.Sprintf(verb, *b), fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, h.in), fmt.Sprintf(verb, h.also))
	}
	data, err := json.Marshal(h)
	require.NoError(t, err)
	var text, object bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "bundle", b, "value", *b, "holder", h)
	slog.New(slog.NewJSONHandler(&object, nil)).Info("x", "bundle", b, "value", *b, "holder", h)
	printed = append(printed, string(data), text.String(), object.String())
	for _, p := range printed {
		for _, secret := range hidden {
			require.NotContains(t, p, secret)
		}
	}
	want := fmt.Sprintf("acmx.Bundle{Names:[www.example.com] Serial:%s NotAfter:%s Chain:2 Key:[redacted]}", b.Serial(), b.Leaf.NotAfter.UTC().Format(time.RFC3339))
	assert.Equal(t, want, b.String())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.Equal(t, want, fmt.Sprintf(verb, *b), verb)
		assert.Equal(t, want, fmt.Sprintf(verb, b), verb)
	}
	assert.Contains(t, text.String(), "bundle.Key=[redacted]")
	assert.Equal(t, "acmx.Bundle{}", acmx.Bundle{}.String())
}

func FuzzOpenBundle(f *testing.F) {
	c := newChain(f, ecKey(f), "www.example.com")
	sealed := sealing{rounds: 1}.pem(f, c.key)
	f.Add(certPEM(c.leaf), certPEM(c.sub.cert, c.top.cert, c.root.cert))
	f.Add(certPEM(c.leaf, c.leaf), []byte("text\n-----BEGIN CERTIFICATE-----\n"))
	f.Add([]byte(nil), certPEM(c.leaf))
	f.Fuzz(func(t *testing.T, leaf, chain []byte) {
		b, err := acmx.OpenBundle(leaf, chain, sealed, []byte(passphrase))
		if err != nil {
			require.Nil(t, b)
			return
		}
		require.True(t, b.Leaf.Equal(c.leaf), "no other has this key")
		at := b.Leaf
		for _, up := range b.Chain {
			require.NoError(t, at.CheckSignatureFrom(up))
			require.False(t, up.Equal(c.root.cert))
			at = up
		}
	})
}
