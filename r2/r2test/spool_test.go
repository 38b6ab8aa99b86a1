package r2test_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// With a spool, a body that goes by leaves no more than buffers behind, however large it is: a GiB needs no GiB of memory.
func TestSpoolHoldsNoBodyInMemory(t *testing.T) { //nolint:paralleltest // what others allocate would count
	srv := open(t, r2test.Options{Spool: t.TempDir()})
	c, err := r2.New(srv.Config())
	require.NoError(t, err)
	const size = 96 << 20
	for name, do := range map[string]func(t *testing.T) int64{
		"one PUT": func(t *testing.T) int64 {
			t.Helper()
			info, err := c.Put(t.Context(), "one", io.NewSectionReader(nothing{}, 0, size), &r2.PutOptions{PartSize: size})
			require.NoError(t, err)
			require.NotContains(t, info.ETag, "-")
			return info.Size
		},
		"parts and a copy": func(t *testing.T) int64 {
			t.Helper()
			_, err := c.Put(t.Context(), "parts", io.NewSectionReader(nothing{}, 0, size), &r2.PutOptions{PartSize: 32 << 20})
			require.NoError(t, err)
			info, err := c.Copy(t.Context(), "copy", "parts", nil)
			require.NoError(t, err)
			require.NotContains(t, info.ETag, "-")
			o, err := c.Get(t.Context(), "copy", nil)
			require.NoError(t, err)
			defer o.Close()
			n, err := io.Copy(io.Discard, o)
			require.NoError(t, err)
			return n
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.EqualValues(t, size, do(t), name)
		runtime.ReadMemStats(&after)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(size/4), "bytes, in all: %s", name)
	}
}

// nothing is zeros without end.
type nothing struct{}

func (nothing) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}
