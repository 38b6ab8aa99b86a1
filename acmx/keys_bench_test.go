package acmx_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
)

// A key as ACM exports it; most of it is PBKDF2's 2048 rounds.
func BenchmarkDecryptPKCS8(b *testing.B) {
	sealed, pass := sealing{}.pem(b, ecKey(b)), []byte(passphrase)
	b.ReportAllocs()
	for b.Loop() {
		_, err := acmx.DecryptPKCS8(sealed, pass)
		require.NoError(b, err)
	}
}

func BenchmarkOpenBundle(b *testing.B) {
	c := newChain(b, ecKey(b), "www.example.com")
	leaf, chain, sealed := certPEM(c.leaf), certPEM(c.root.cert, c.top.cert, c.sub.cert), sealing{}.pem(b, c.key)
	b.ReportAllocs()
	for b.Loop() {
		_, err := acmx.OpenBundle(leaf, chain, sealed, []byte(passphrase))
		require.NoError(b, err)
	}
}

// What a cron job costs on the days on which nothing has changed.
func BenchmarkWriteDirUnchanged(b *testing.B) {
	bundle := newChain(b, ecKey(b), "www.example.com").open(b)
	dir := b.TempDir()
	_, err := bundle.WriteDir(b.Context(), dir, nil)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		changed, err := bundle.WriteDir(b.Context(), dir, nil)
		require.NoError(b, err)
		require.False(b, changed)
	}
}
