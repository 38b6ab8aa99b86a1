package httpcall_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// talkative is a body with the methods that net/http prefers to Read.
type talkative struct {
	*strings.Reader

	closed bool
}

func (b *talkative) Close() error {
	b.closed = true
	return nil
}

func (b *talkative) WriteTo(io.Writer) (int64, error) { return 0, errors.New("WriteTo was called") }

func TestPlainBody(t *testing.T) {
	t.Parallel()
	body := &talkative{Reader: strings.NewReader("hello")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://platform.fake/", body)
	require.NoError(t, err)
	req.ContentLength = 5
	plain := httpcall.PlainBody(req)
	_, writes := plain.Body.(io.WriterTo)
	assert.False(t, writes, "only Read and Close are left")
	_, seeks := plain.Body.(io.Seeker)
	assert.False(t, seeks)
	var got strings.Builder
	_, err = io.Copy(&got, plain.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", got.String())
	require.NoError(t, plain.Body.Close())
	assert.True(t, body.closed)
	assert.EqualValues(t, 5, plain.ContentLength)
	assert.Same(t, body, req.Body, "the caller's request is as it was")

	empty, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://platform.fake/", http.NoBody)
	require.NoError(t, err)
	assert.Same(t, empty, httpcall.PlainBody(empty), "nothing to hide")
}
