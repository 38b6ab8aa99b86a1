package tinygguf_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/tinygguf"
)

// reader reads a file as the specification has it, by itself.
type reader struct {
	*bytes.Reader
	t *testing.T
}

func read[T any](r reader) (v T) {
	r.t.Helper()
	require.NoError(r.t, binary.Read(r, binary.LittleEndian, &v))
	return v
}

func (r reader) string() string {
	r.t.Helper()
	data := make([]byte, read[uint64](r))
	_, err := io.ReadFull(r, data)
	require.NoError(r.t, err)
	return string(data)
}

func (r reader) value(kind uint32) any {
	r.t.Helper()
	switch kind {
	case 4:
		return read[uint32](r)
	case 5:
		return read[int32](r)
	case 6:
		return read[float32](r)
	case 7:
		return read[bool](r)
	case 8:
		return r.string()
	case 9:
		kind := read[uint32](r)
		list := make([]any, read[uint64](r))
		for i := range list {
			list[i] = r.value(kind)
		}
		return list
	}
	require.Fail(r.t, "unknown type", "%d", kind)
	return nil
}

func TestModel(t *testing.T) {
	t.Parallel()
	file := tinygguf.Model(7)
	r := reader{bytes.NewReader(file), t}
	require.Equal(t, [4]byte{'G', 'G', 'U', 'F'}, read[[4]byte](r))
	require.EqualValues(t, 3, read[uint32](r))
	tensors, values := read[uint64](r), read[uint64](r)

	meta := map[string]any{}
	for range values {
		key := r.string()
		require.NotContains(t, meta, key)
		meta[key] = r.value(read[uint32](r))
	}
	vocab, ok := meta["tokenizer.ggml.tokens"].([]any)
	require.True(t, ok)
	assert.Len(t, meta["tokenizer.ggml.scores"], len(vocab))
	assert.Len(t, meta["tokenizer.ggml.token_type"], len(vocab))
	assert.EqualValues(t, len(vocab), meta["llama.vocab_size"])
	seen := map[any]bool{}
	for _, word := range vocab {
		assert.False(t, seen[word], "%v comes twice", word)
		seen[word] = true
	}
	assert.True(t, seen["<0x0A>"] && seen["\u2581the"] && seen["{"])

	type tensor struct {
		name         string
		offset, size int
	}
	var infos []tensor
	for range tensors {
		info := tensor{name: r.string(), size: 4}
		for range read[uint32](r) {
			info.size *= int(read[uint64](r))
		}
		require.Zero(t, read[uint32](r), "32-bit floats")
		info.offset = int(read[uint64](r))
		require.Zero(t, info.offset%32)
		infos = append(infos, info)
	}
	require.Len(t, infos, 3+2*9)
	start := (len(file) - r.Len() + 31) / 32 * 32
	next := 0
	for _, info := range infos {
		require.GreaterOrEqual(t, info.offset, next, info.name)
		require.Less(t, info.offset-next, 32, info.name)
		next = info.offset + info.size
		require.LessOrEqual(t, start+next, len(file), info.name)
		for i := start + info.offset; i < start+next; i += 4 {
			f := float64(math.Float32frombits(binary.LittleEndian.Uint32(file[i:])))
			require.True(t, !math.IsNaN(f) && math.Abs(f) < 10, "%s: %v", info.name, f)
		}
	}
	require.Less(t, len(file)-start-next, 32, "nothing follows")
}

func TestModel_seed(t *testing.T) {
	t.Parallel()
	require.True(t, slices.Equal(tinygguf.Model(1), tinygguf.Model(1)))
	require.False(t, slices.Equal(tinygguf.Model(1), tinygguf.Model(2)))
}
