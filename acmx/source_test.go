package acmx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// handshake connects to a server with this source, and returns the leaf that it showed.
func handshake(tb testing.TB, s *acmx.Source, roots *x509.CertPool, now func() time.Time, name string) (*x509.Certificate, error) {
	tb.Helper()
	client, server := net.Pipe()
	defer func() { _ = client.Close() }()
	defer func() { _ = server.Close() }()
	go func() {
		_ = tls.Server(server, &tls.Config{GetCertificate: s.GetCertificate, Time: now}).HandshakeContext(tb.Context())
	}()
	conn := tls.Client(client, &tls.Config{ServerName: name, RootCAs: roots, Time: now})
	if err := conn.HandshakeContext(tb.Context()); err != nil {
		return nil, err
	}
	return conn.ConnectionState().PeerCertificates[0], nil
}

// bought is a certificate of these names, exported once so that ACM renews it.
func bought(tb testing.TB, srv *acmxtest.Server, c *acmx.Client, key acmx.KeyAlgorithm, names ...string) string {
	tb.Helper()
	cert, err := c.Ensure(tb.Context(), acmx.Spec{Names: names, Key: key, Exportable: true, MaxCost: acmx.Dollars(1000)}, srv.Solver(), nil)
	require.NoError(tb, err)
	return cert.ARN()
}

// Two years in virtual time: every renewal is served, and at no time an expired certificate.
func TestSourceStaysFreshForYears(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		now := srv.Config().Now
		arn := bought(t, srv, c, acmx.ECP256, "example.com", "*.example.com")
		var mu sync.Mutex
		var changes []acmx.Change
		s, err := c.NewSource([]string{arn}, &acmx.SourceOptions{
			OnChange:  func(ch acmx.Change) { mu.Lock(); defer mu.Unlock(); changes = append(changes, ch) },
			OnWarning: func(w acmx.Warning) { assert.Fail(t, "warned", "%s", w.Text) },
		})
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context()))
		require.ErrorIs(t, s.Start(t.Context()), acmx.ErrInvalid)
		roots := srv.Roots()
		serials := map[string]bool{}
		for range 146 {
			leaf, err := handshake(t, s, roots, now, "www.example.com")
			require.NoError(t, err)
			serials[leaf.SerialNumber.String()] = true
			assert.Greater(t, leaf.NotAfter.Sub(now()), 40*24*time.Hour)
			time.Sleep(5 * 24 * time.Hour)
		}
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		assert.Len(t, serials, 5)
		mu.Lock()
		defer mu.Unlock()
		require.Len(t, changes, 5, "exported on a new serial only")
		assert.Empty(t, changes[0].OldSerial)
		for i := 1; i < len(changes); i++ {
			assert.Equal(t, changes[i-1].Bundle.Serial(), changes[i].OldSerial)
		}
		assert.Equal(t, len(changes), srv.Calls("ExportCertificate"))
		assert.InDelta(t, 730*2, srv.Calls("DescribeCertificate"), 150, "twice a day, with jitter")
	}, func(o *acmxtest.Options) { o.ExportLag = 0 })
}

func TestSourceChoosesByName(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		now := srv.Config().Now
		wild := bought(t, srv, c, acmx.ECP256, "*.example.com")
		exact := bought(t, srv, c, acmx.ECP256, "www.example.com")
		other := bought(t, srv, c, acmx.ECP256, "other.example")
		s, err := c.NewSource([]string{wild, exact, other}, nil)
		require.NoError(t, err)
		_, err = s.GetCertificate(&tls.ClientHelloInfo{ServerName: "www.example.com"})
		require.ErrorIs(t, err, acmx.ErrNoCertificate, "nothing was loaded yet")
		require.NoError(t, s.Refresh(t.Context()))
		require.Len(t, s.Bundles(), 3)
		for name, want := range map[string]string{
			"www.example.com": "www.example.com", "a.example.com": "*.example.com", "other.example": "other.example",
		} {
			leaf, err := handshake(t, s, srv.Roots(), now, name)
			require.NoError(t, err, name)
			assert.Equal(t, want, leaf.Subject.CommonName)
		}
		hello := &tls.ClientHelloInfo{SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}}
		cert, err := s.GetCertificate(hello)
		require.NoError(t, err)
		assert.Equal(t, "*.example.com", cert.Leaf.Subject.CommonName, "without a name it is the first")
		for _, name := range []string{"example.com", "a.b.example.com", "example.net", "xample.com", "com"} {
			hello.ServerName = name
			cert, err := s.GetCertificate(hello)
			require.NoError(t, err)
			assert.Nil(t, cert, "%s is not its own", name)
		}
		hello.ServerName = "WWW.Example.com."
		cert, err = s.GetCertificate(hello)
		require.NoError(t, err)
		assert.Equal(t, "www.example.com", cert.Leaf.Subject.CommonName)
	})
}

// RSA and EC certificates of the same names: each client gets what it can use.
func TestSourceChoosesByKey(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		ec, rsa := bought(t, srv, c, acmx.ECP256, "example.com"), bought(t, srv, c, acmx.RSA2048, "example.com")
		s, err := c.NewSource([]string{ec, rsa}, nil)
		require.NoError(t, err)
		require.NoError(t, s.Refresh(t.Context()))
		for want, schemes := range map[x509.PublicKeyAlgorithm][]tls.SignatureScheme{
			x509.ECDSA: {tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256},
			x509.RSA:   {tls.PSSWithSHA256},
		} {
			cert, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "example.com", SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: schemes})
			require.NoError(t, err)
			assert.Equal(t, want, cert.Leaf.PublicKeyAlgorithm)
		}
	})
}

// A renewal that fails is warned of, again and again, with ACM's reason; an expired certificate is never served.
func TestSourceNeverServesAnExpiredOne(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		now := srv.Config().Now
		arn := bought(t, srv, c, acmx.ECP256, "example.com")
		var mu sync.Mutex
		var warnings []acmx.Warning
		s, err := c.NewSource([]string{arn}, &acmx.SourceOptions{OnWarning: func(w acmx.Warning) { mu.Lock(); defer mu.Unlock(); warnings = append(warnings, w) }})
		require.NoError(t, err)
		require.NoError(t, s.Start(t.Context()))
		defer func() { _ = s.Close() }()
		srv.SetCNAME(srv.Record("example.com").Name, "") // a zone was moved without it
		time.Sleep(167 * 24 * time.Hour)
		mu.Lock()
		assert.Empty(t, warnings, "31 days are enough")
		mu.Unlock()
		time.Sleep(3 * 24 * time.Hour)
		mu.Lock()
		require.NotEmpty(t, warnings)
		assert.Contains(t, warnings[0].Text, "PENDING_VALIDATION")
		assert.Contains(t, warnings[0].Text, "validation records")
		mu.Unlock()
		_, err = handshake(t, s, srv.Roots(), now, "example.com")
		require.NoError(t, err)

		time.Sleep(30 * 24 * time.Hour)
		hello := &tls.ClientHelloInfo{ServerName: "example.com"}
		cert, err := s.GetCertificate(hello)
		assert.Nil(t, cert)
		require.ErrorIs(t, err, acmx.ErrNoCertificate)
		require.ErrorIs(t, err, acmx.ErrExpired)
		mu.Lock()
		require.ErrorIs(t, warnings[len(warnings)-1].Err, acmx.ErrExpired)
		mu.Unlock()
	})
}

// ACM out of reach: what is loaded goes on being served, and it is tried again after a minute, two, four …
func TestSourceOutlivesTheControlPlane(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		arn := bought(t, srv, c, acmx.ECP256, "example.com")
		warned := 0
		s, err := c.NewSource([]string{arn}, &acmx.SourceOptions{OnWarning: func(w acmx.Warning) { warned++; assert.Error(t, w.Err) }, Jitter: time.Nanosecond})
		require.NoError(t, err)
		require.NoError(t, s.Refresh(t.Context()))
		before := srv.Calls("DescribeCertificate")
		for range 100 {
			srv.FailNext("DescribeCertificate", "AccessDeniedException")
		}
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 11*time.Hour, enough)
		defer cancel()
		require.ErrorIs(t, s.Run(ctx), enough)
		assert.Equal(t, 10, srv.Calls("DescribeCertificate")-before, "at 0, 1, 3, 7, 15, 31, 63, 127, 255 and 511 minutes")
		assert.Equal(t, 10, warned)
		_, err = handshake(t, s, srv.Roots(), srv.Config().Now, "example.com")
		require.NoError(t, err)
	})
}

func TestSourceStartsOnlyWithEverything(t *testing.T) {
	t.Parallel()
	bubble(t, func(t virtual, srv *acmxtest.Server, c *acmx.Client) {
		arn := bought(t, srv, c, acmx.ECP256, "example.com")
		pending := srv.Add(acmxtest.Seed{Names: []string{"a.example"}, Exportable: true, Status: acmx.StatusPending, Age: time.Hour})
		s, err := c.NewSource([]string{arn, pending}, nil)
		require.NoError(t, err)
		require.ErrorIs(t, s.Start(t.Context()), acmx.ErrNotIssued)
		assert.Len(t, s.Bundles(), 1)
		require.NoError(t, s.Close())
	})
	_, c := fake(t, acmxtest.Options{})
	_, err := c.NewSource(nil, nil)
	require.ErrorIs(t, err, acmx.ErrInvalid)
	_, err = c.NewSource([]string{"a", "a", ""}, &acmx.SourceOptions{Every: -1})
	require.ErrorIs(t, err, acmx.ErrInvalid)
	assert.ErrorContains(t, err, "ARN 1")
	assert.ErrorContains(t, err, "ARN 2")
	assert.ErrorContains(t, err, "Every")
}

// Handshakes while certificates change, in real time and with real goroutines: none fails, and none sees a mixed pair.
func TestSourceServesWhileItChanges(t *testing.T) {
	t.Parallel()
	srv, c := fake(t, acmxtest.Options{})
	arn := bought(t, srv, c, acmx.ECP256, "example.com")
	s, err := c.NewSource([]string{arn}, nil)
	require.NoError(t, err)
	require.NoError(t, s.Refresh(t.Context()))
	roots := srv.Roots()
	var wg sync.WaitGroup
	done := make(chan struct{})
	seen := make([]map[string]bool, 4)
	for i := range seen {
		seen[i] = map[string]bool{}
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				leaf, err := handshake(t, s, roots, time.Now, "example.com")
				if !assert.NoError(t, err) {
					return
				}
				seen[i][leaf.SerialNumber.String()] = true
			}
		})
	}
	for range 10 {
		old, err := c.Certificate(arn).Renew(t.Context(), &acmx.RenewOptions{MaxCost: acmx.Dollars(7)})
		require.NoError(t, err)
		_, err = c.Certificate(arn).WaitRenewed(t.Context(), old, &acmx.WaitOptions{Interval: time.Millisecond})
		require.NoError(t, err)
		require.NoError(t, s.Refresh(t.Context()))
	}
	close(done)
	wg.Wait()
	assert.Len(t, srv.Bill(), 11)
}

// Close ends the goroutine of Start.
func TestSourceLeavesNothingBehind(t *testing.T) { //nolint:paralleltest // it looks at all goroutines
	before := goleak.IgnoreCurrent()
	srv, err := acmxtest.Open(acmxtest.Options{})
	require.NoError(t, err)
	c, err := acmx.New(srv.Config())
	require.NoError(t, err)
	s, err := c.NewSource([]string{bought(t, srv, c, acmx.ECP256, "example.com")}, &acmx.SourceOptions{Every: time.Millisecond})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, s.Start(ctx))
	cancel() // the context is that of the first look
	for srv.Calls("DescribeCertificate") < 6 {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, s.Close())
	srv.Close()
	goleak.VerifyNone(t, before)
}
