package acmx_test

import (
	"crypto/tls"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// What a handshake pays for a Source: among 1, 10 and 100 certificates.
func BenchmarkSourceGetCertificate(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			srv, err := acmxtest.Open(acmxtest.Options{})
			require.NoError(b, err)
			defer srv.Close()
			c, err := acmx.New(srv.Config())
			require.NoError(b, err)
			var arns []string
			for i := range n {
				arns = append(arns, srv.Add(acmxtest.Seed{Names: []string{fmt.Sprintf("n%d.example", i), fmt.Sprintf("*.n%d.example", i)}, Key: acmx.ECP256, Exportable: true}))
			}
			s, err := c.NewSource(arns, nil)
			require.NoError(b, err)
			require.NoError(b, s.Refresh(b.Context()))
			hello := &tls.ClientHelloInfo{
				ServerName: fmt.Sprintf("www.n%d.example", n-1), SupportedVersions: []uint16{tls.VersionTLS13},
				SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, SupportedCurves: []tls.CurveID{tls.X25519},
			}
			b.ReportAllocs()
			for b.Loop() {
				if cert, err := s.GetCertificate(hello); cert == nil || err != nil {
					b.Fatal(cert, err)
				}
			}
		})
	}
}

func BenchmarkExport(b *testing.B) {
	for _, key := range []acmx.KeyAlgorithm{acmx.RSA2048, acmx.ECP256} {
		b.Run(string(key), func(b *testing.B) {
			srv, err := acmxtest.Open(acmxtest.Options{})
			require.NoError(b, err)
			defer srv.Close()
			c, err := acmx.New(srv.Config())
			require.NoError(b, err)
			arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Key: key, Exportable: true})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Export(b.Context(), arn, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSpecFingerprint(b *testing.B) {
	s := spec()
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Fingerprint()
	}
}
