package sse_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm/sse"
)

// ev is an event as the tables write it: Type "" is "message".
type ev struct{ Type, ID, Data string }

func collect(t *testing.T, src io.Reader, cfg *sse.Config) ([]ev, *sse.Reader, error) {
	t.Helper()
	r := sse.NewReader(src, cfg)
	var got []ev
	for e, err := range r.Events() {
		if err != nil {
			return got, r, err
		}
		typ := e.Type
		if typ == "message" {
			typ = ""
		}
		got = append(got, ev{Type: typ, ID: e.ID, Data: string(e.Data)})
	}
	return got, r, nil
}

func TestReader_standard(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in    string
		want  []ev
		id    string
		retry time.Duration
	}{
		"LF":                          {in: "data: a\n\n", want: []ev{{Data: "a"}}},
		"CRLF":                        {in: "data: a\r\n\r\n", want: []ev{{Data: "a"}}},
		"lone CR":                     {in: "data: a\r\rdata: b\r\r", want: []ev{{Data: "a"}, {Data: "b"}}},
		"mixed ends":                  {in: "data:test\r\ndata\ndata:test\r\n\r", want: []ev{{Data: "test\n\ntest"}}},
		"two byte order marks":        {in: "\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n", want: []ev{{Data: "1"}, {Data: "3"}}},
		"mark before a blank line":    {in: "\uFEFF\ndata:1\n\n", want: []ev{{Data: "1"}}},
		"empty data":                  {in: "data:\n\ndata\ndata\n\ndata:test\n\n", want: []ev{{}, {Data: "\n"}, {Data: "test"}}},
		"unfinished event":            {in: "retry:1000\ndata:test1\n\nid:test\ndata:test2", want: []ev{{Data: "test1"}}, retry: time.Second},
		"unfinished, line complete":   {in: "data:test1\n\nid:test\ndata:test2\n", want: []ev{{Data: "test1"}}},
		"empty id takes it back":      {in: "id: 1\ndata: a\n\nid\ndata: b\n\n", want: []ev{{ID: "1", Data: "a"}, {Data: "b"}}},
		"id outlives its event":       {in: "id: 1\ndata: a\n\ndata: b\n\n", want: []ev{{ID: "1", Data: "a"}, {ID: "1", Data: "b"}}, id: "1"},
		"id without data":             {in: "id: 7\n\n", id: "7"},
		"id with NUL":                 {in: "id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n", want: []ev{{ID: "1", Data: "a"}, {ID: "1", Data: "b"}}, id: "1"},
		"comments":                    {in: ": keep-alive\n\n: OPENROUTER PROCESSING\n\ndata: a\n\n", want: []ev{{Data: "a"}}},
		"two events CRLF":             {in: "data: a\r\n\r\ndata: b\r\n\r\n", want: []ev{{Data: "a"}, {Data: "b"}}},
		"no space":                    {in: "data:a\n\n", want: []ev{{Data: "a"}}},
		"one space only":              {in: "data:  a\n\n", want: []ev{{Data: " a"}}},
		"colon in the value":          {in: "data: a:b\n\n", want: []ev{{Data: "a:b"}}},
		"type":                        {in: "event: error\ndata: x\n\ndata: y\n\n", want: []ev{{Type: "error", Data: "x"}, {Data: "y"}}},
		"empty type":                  {in: "event: a\nevent\ndata: x\n\n", want: []ev{{Data: "x"}}},
		"no data resets the type":     {in: "event: a\n\ndata: x\n\n", want: []ev{{Data: "x"}}},
		"names are case-sensitive":    {in: "Data: x\nDATA: y\n data: z\n\n"},
		"retry with letters":          {in: "retry: 5s\nretry: -1\nretry: \nretry\n\n"},
		"retry beyond all counting":   {in: "retry: 99999999999999999999999\n\n", retry: 9223372036 * time.Millisecond},
		"bad bytes, one each":         {in: "data: \xff\xfea\n\n", want: []ev{{Data: "\uFFFD\uFFFDa"}}},
		"cut rune, one for all of it": {in: "data: \xe4\xbda\xf0\x9f\x98\n\n", want: []ev{{Data: "\uFFFDa\uFFFD"}}},
		"surrogate bytes":             {in: "data: \xed\xa0\x80\n\n", want: []ev{{Data: "\uFFFD\uFFFD\uFFFD"}}},
		"overlong":                    {in: "data: \xe0\x80\x80\xc0\xaf\xf0\x80\xf4\x90\n\n", want: []ev{{Data: strings.Repeat("\uFFFD", 9)}}},
		"nothing":                     {},
		"runes":                       {in: "data: 你好😀\n\n", want: []ev{{Data: "你好😀"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(src io.Reader) {
				got, r, err := collect(t, src, nil)
				require.NoError(t, err)
				require.Equal(t, tt.want, got)
				require.Equal(t, tt.id, r.LastEventID())
				require.Equal(t, tt.retry, r.Retry())
			}
			check(strings.NewReader(tt.in))
			check(iotest.OneByteReader(strings.NewReader(tt.in)))
			check(iotest.DataErrReader(strings.NewReader(tt.in)))
			for i := range tt.in {
				check(io.MultiReader(strings.NewReader(tt.in[:i]), strings.NewReader(tt.in[i:])))
			}
		})
	}
}

// An event must be there when its blank line is, although nothing follows yet: the pipe would block any further read.
func TestReader_noReadAhead(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{"LF": "data: a\n\n", "CRLF up to its CR": "data: a\r\n\r", "CR": "data: a\r\r"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sse.NewReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(errors.New("read too far"))), nil)
			e, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, "a", string(e.Data))
			_, err = r.Next()
			require.EqualError(t, err, "read too far")
		})
	}
}

func TestReader_limit(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for name, tt := range map[string]struct {
		in string
		ok bool
	}{
		"fits":                 {in: "data:" + long[:20] + "\n\n", ok: true},
		"line":                 {in: "data:" + long + "\n\n"},
		"comment":              {in: ":" + long + "\n\n"},
		"line that never ends": {in: "data:" + long},
		"data of many lines":   {in: strings.Repeat("data:"+long[:10]+"\n", 5) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, src := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
				_, r, err := collect(t, src, &sse.Config{MaxLine: 32})
				if tt.ok {
					require.NoError(t, err)
					continue
				}
				limit, ok := errors.AsType[*sse.LimitError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, 32, limit.Limit)
				_, again := r.Next()
				assert.Equal(t, err, again, "an error is final")
			}
		})
	}
}

func TestReader_longLine(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("0123456789", 100_000)
	got, _, err := collect(t, strings.NewReader("data: "+want+"\r\n\r\ndata: b\n\n"), nil)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, want, got[0].Data)
	require.Equal(t, "b", got[1].Data)
}

func TestReader_Pending(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in, want string
		ok       bool
	}{
		"no blank line":            {in: "data: a\n\ndata: b\n", want: "b", ok: true},
		"no line end":              {in: "data: a\n\ndata: b", want: "b", ok: true},
		"several lines":            {in: "data: b\ndata: c", want: "b\nc", ok: true},
		"behind a byte order mark": {in: "\uFEFFdata: b", want: "b", ok: true},
		"all delivered":            {in: "data: a\n\n"},
		"only a field name":        {in: "data: a\n\ndat"},
		"nothing":                  {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, r, err := collect(t, strings.NewReader(tt.in), nil)
			require.NoError(t, err)
			e, ok := r.Pending()
			require.Equal(t, tt.ok, ok)
			if ok {
				require.Equal(t, tt.want, string(e.Data))
			}
		})
	}
	t.Run("not after another error", func(t *testing.T) {
		t.Parallel()
		_, r, err := collect(t, io.MultiReader(strings.NewReader("data: b\n"), iotest.ErrReader(io.ErrUnexpectedEOF)), nil)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		_, ok := r.Pending()
		require.False(t, ok)
	})
}

func TestReader_Events_resumes(t *testing.T) {
	t.Parallel()
	r := sse.NewReader(strings.NewReader("data: a\n\ndata: b\n\ndata: c\n\n"), nil)
	for e, err := range r.Events() {
		require.NoError(t, err)
		require.Equal(t, "a", string(e.Data))
		break
	}
	var rest []string
	for e, err := range r.Events() {
		require.NoError(t, err)
		rest = append(rest, string(e.Data))
	}
	require.Equal(t, []string{"b", "c"}, rest)
}

func TestReader_Raw(t *testing.T) {
	t.Parallel()
	got, _, err := collect(t, strings.NewReader("data: \xff\n\n"), &sse.Config{Raw: true})
	require.NoError(t, err)
	require.Equal(t, []ev{{Data: "\xff"}}, got)
}

func TestReader_noProgress(t *testing.T) {
	t.Parallel()
	_, _, err := collect(t, stuck{}, nil)
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }
