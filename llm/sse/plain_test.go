package sse_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/sse"
)

// An event that has been read whole is given without a copy. It must be what it is when it comes byte by byte, where
// that cannot be, in whatever company.
func TestReader_sameByteByByte(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"data: one\n\n", "data: two\n\n", "data: \n\n", "data:no blank\n\n", "data: CRLF\r\n\r\n", "data: CR\r\r", "data: bad \xff\n\n", "\n", "\r",
		": a comment\n\n", "data: half\n", "id: 7\n", "event: x\n", "data: " + strings.Repeat("long ", 300) + "\n\n", "\uFEFFdata: mark\n\n",
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		for range 60 {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		for _, raw := range []bool{false, true} {
			want, _, err := collect(t, iotest.OneByteReader(strings.NewReader(b.String())), &sse.Config{Raw: raw})
			require.NoError(t, err)
			got, _, err := collect(t, strings.NewReader(b.String()), &sse.Config{Raw: raw})
			require.NoError(t, err)
			require.Equal(t, want, got, "seed %d", seed)
			got, _, err = collect(t, iotest.HalfReader(strings.NewReader(b.String())), &sse.Config{Raw: raw})
			require.NoError(t, err)
			require.Equal(t, want, got, "seed %d", seed)
		}
	}
}

// The limit is the same for every event, not only for the first.
func TestReader_limitOfLaterEvents(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{31: true, 32: true, 33: false} {
		in := "data: a\n\ndata: " + strings.Repeat("x", n-len("data: ")) + "\n\n"
		for name, src := range map[string]io.Reader{"at once": strings.NewReader(in), "by bytes": iotest.OneByteReader(strings.NewReader(in))} {
			events, _, err := collect(t, src, &sse.Config{MaxLine: 32})
			_, limit := errors.AsType[*sse.LimitError](err)
			require.Equal(t, !ok, limit, "a line of %d bytes, %s: %v", n, name, err)
			require.Len(t, events, map[bool]int{true: 2, false: 1}[ok])
		}
	}
}

// What a caller appends to an event's data must not reach the bytes behind it.
func TestReader_dataHasNoRoom(t *testing.T) {
	t.Parallel()
	r := sse.NewReader(strings.NewReader("data: a\n\ndata: b\n\ndata: c\n\n"), nil)
	var got []string
	for ev, err := range r.Events() {
		require.NoError(t, err)
		got = append(got, string(ev.Data))
		_ = append(ev.Data, "!!!!!!!!!!"...)
	}
	require.Equal(t, []string{"a", "b", "c"}, got)
}

// The buffer grows while a source fills it; nothing may get lost on the way.
func TestReader_manyEvents(t *testing.T) {
	t.Parallel()
	const n = 5_000
	var in bytes.Buffer
	for i := range n {
		fmt.Fprintf(&in, "data: %0*d\n\n", 1+i%400, i)
	}
	events, _, err := collect(t, &in, nil)
	require.NoError(t, err)
	require.Len(t, events, n)
	for i, e := range events {
		require.Equal(t, fmt.Sprintf("%0*d", 1+i%400, i), e.Data)
	}
}
