package httpcall_test

import (
	"io"
	"math"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/httpcall"
)

type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error { b.closed++; return nil }

func TestRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  io.Reader
		limit int64
		want  string
		is    error
	}{
		"empty":       {body: strings.NewReader(""), limit: 5},
		"below":       {body: strings.NewReader("1234"), limit: 5, want: "1234"},
		"at":          {body: strings.NewReader("12345"), limit: 5, want: "12345"},
		"above":       {body: strings.NewReader("123456"), limit: 5, want: "12345", is: httpcall.ErrTooLarge},
		"byte by one": {body: iotest.OneByteReader(strings.NewReader("123456")), limit: 5, want: "12345", is: httpcall.ErrTooLarge},
		"no limit":    {body: strings.NewReader("12345"), limit: math.MaxInt64, want: "12345"},
		"cut short": {
			body: io.MultiReader(strings.NewReader("123"), iotest.ErrReader(io.ErrUnexpectedEOF)), limit: 5,
			want: "123", is: io.ErrUnexpectedEOF,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &body{Reader: tt.body}
			got, err := httpcall.Read(b, tt.limit)
			require.ErrorIs(t, err, tt.is)
			assert.Equal(t, tt.want, string(got), "what was read is given even with an error")
			assert.Equal(t, 1, b.closed)
		})
	}
}

func TestReadRedacts(t *testing.T) {
	t.Parallel()
	_, err := httpcall.Read(io.NopCloser(iotest.ErrReader(&url.Error{Op: "Get", URL: "http://a.fake/?k=s3cr3t", Err: io.EOF})), 5)
	require.EqualError(t, err, `read body: Get "http://a.fake/": EOF`)
}

func TestReadStopsAtTheLimit(t *testing.T) {
	t.Parallel()
	endless := &body{Reader: io.LimitReader(forever{}, 1<<40)}
	got, err := httpcall.Read(endless, 1000)
	require.ErrorIs(t, err, httpcall.ErrTooLarge)
	require.ErrorContains(t, err, "1000 bytes")
	assert.Len(t, got, 1000)
}

type forever struct{}

func (forever) Read(p []byte) (int, error) { return len(p), nil }

func TestHead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   string
		n    int
		want string
	}{
		"empty":           {n: 5},
		"short":           {in: "abc", n: 5, want: "abc"},
		"exact":           {in: "abcde", n: 5, want: "abcde"},
		"long":            {in: "abcdef", n: 5, want: "abcde…"},
		"one line":        {in: "<html>\r\n\t<body>\n\n Bad  Gateway", n: 100, want: "<html> <body> Bad Gateway"},
		"edges trimmed":   {in: "\n a \n", n: 10, want: "a"},
		"controls":        {in: "a\x00\x1b[31mb\x7f", n: 20, want: "a[31mb"},
		"other new lines": {in: "a\u0085b\u2028c\u2029d", n: 20, want: "a b c d"},
		"backwards":       {in: "a\u202eb\u200bc\ufeff", n: 20, want: "abc"},
		"half a rune":     {in: "文章", n: 4, want: "文…"},
		"not UTF-8":       {in: "a\xff\xfeb", n: 10, want: "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, httpcall.Head([]byte(tt.in), tt.n))
		})
	}
}

func FuzzHead(f *testing.F) {
	f.Add([]byte("a\nb\u2028c"), 3)
	f.Add([]byte("文章\xff"), 4)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		n = max(0, min(n, 1<<16))
		got := httpcall.Head(in, n)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b\u2028") || len(got) > n+len("…") {
			t.Fatalf("%q", got)
		}
	})
}
