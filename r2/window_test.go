package r2_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// throttle answers parts of uploads a second after they came, and refuses those that refuse tells it to.
type throttle struct {
	refuse func(began time.Duration, busy int) *http.Response // nil = it is let through

	mu      sync.Mutex
	start   time.Time
	busy    int
	most    map[time.Duration]int // parts on their way, by the second in which the last of them began
	refused int
}

func (th *throttle) between(req *http.Request, next http.RoundTripper) (*http.Response, error) {
	if !req.URL.Query().Has("partNumber") {
		return next.RoundTrip(req)
	}
	th.mu.Lock()
	if th.start.IsZero() {
		th.start, th.most = time.Now(), map[time.Duration]int{}
	}
	th.busy++
	second := time.Since(th.start).Truncate(time.Second)
	th.most[second] = max(th.most[second], th.busy)
	no := th.refuse(time.Since(th.start), th.busy)
	if no != nil {
		th.refused++
	}
	th.mu.Unlock()
	time.Sleep(time.Second)
	defer func() {
		th.mu.Lock()
		th.busy--
		th.mu.Unlock()
	}()
	if no != nil {
		if req.Body != nil {
			_, _ = io.Copy(io.Discard, req.Body)
			_ = req.Body.Close()
		}
		no.Request = req
		return no, nil
	}
	return next.RoundTrip(req)
}

// busier than at any other time, from one moment to another.
func (th *throttle) busier(from, to time.Duration) (most int) {
	th.mu.Lock()
	defer th.mu.Unlock()
	for second, n := range th.most {
		if second >= from && second < to {
			most = max(most, n)
		}
	}
	return most
}

func refusal(status int, code, retryAfter string) *http.Response {
	h := http.Header{"Content-Type": {"application/xml"}}
	if retryAfter != "" {
		h.Set("Retry-After", retryAfter)
	}
	body := "<Error><Code>" + code + "</Code><Message>Reduce your request rate.</Message></Error>"
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1}
}

// A refusal halves the parts on their way, whatever was refused with it, Retry-After is waited for before any of them is sent
// again, every part that is stored then adds one, and in the end as many are sent as before.
func TestRefusedPartsAreFewerAtATime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer      func() *http.Response
		concurrency int
		half        int
	}{
		"429":                {answer: func() *http.Response { return refusal(429, "TooManyRequests", "7") }, half: 2},
		"503":                {answer: func() *http.Response { return refusal(503, "SlowDown", "7") }, half: 2},
		"eight at a time":    {answer: func() *http.Response { return refusal(429, "TooManyRequests", "7") }, concurrency: 8, half: 4},
		"three":              {answer: func() *http.Response { return refusal(429, "TooManyRequests", "7") }, concurrency: 3, half: 1},
		"one is never fewer": {answer: func() *http.Response { return refusal(429, "TooManyRequests", "7") }, concurrency: 1, half: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := &throttle{refuse: func(at time.Duration, _ int) *http.Response {
				if at < time.Second {
					return tt.answer()
				}
				return nil
			}}
			inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
				t.Helper()
				data := random(60*kib + 1)
				_, err := c.Put(t.Context(), "key", bytes.NewReader(data), &r2.PutOptions{PartSize: kib, Concurrency: tt.concurrency})
				require.NoError(t, err)
				assert.True(t, bytes.Equal(data, content(t, srv, "key")))
				all := cmp.Or(tt.concurrency, 4)
				assert.Equal(t, all, th.refused)
				assert.Equal(t, all, th.busier(0, time.Second))
				assert.Zero(t, th.busier(time.Second, 8*time.Second), "all of them wait for Retry-After")
				assert.Equal(t, tt.half, th.busier(8*time.Second, 9*time.Second), "half of them come first")
				if all > 1 {
					assert.Equal(t, all-1, th.busier(9*time.Second, 11*time.Second), "one more for each that is stored")
				}
				assert.Equal(t, all, th.busier(9*time.Second, time.Hour), "and it recovers")
			}, through(th.between))
		})
	}
}

// A platform that takes two parts of an upload at a time: four at a time would be refused again and again, until no repeat is
// left for one of them.
func TestPartsFindTheirPace(t *testing.T) {
	t.Parallel()
	th := &throttle{refuse: func(_ time.Duration, busy int) *http.Response {
		if busy > 2 {
			return refusal(503, "SlowDown", "")
		}
		return nil
	}}
	inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		data := random(60 * kib)
		for name, body := range map[string]io.Reader{"file": bytes.NewReader(data), "stream": streamed{bytes.NewReader(data)}} {
			th.mu.Lock()
			th.refused = 0
			th.mu.Unlock()
			_, err := c.Put(t.Context(), name, body, &r2.PutOptions{PartSize: kib})
			require.NoError(t, err, name)
			assert.True(t, bytes.Equal(data, content(t, srv, name)), name)
			assert.Less(t, th.refused, 16, "of 60 parts: twice on the way to the pace, and when more are tried")
		}
	}, through(th.between))
}

// The window is of one upload: another one of the same client goes at its own pace.
func TestRefusedPartsOfAnotherUpload(t *testing.T) {
	t.Parallel()
	th := &throttle{refuse: func(time.Duration, int) *http.Response { return nil }}
	slow := through(func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/refused") && req.URL.Query().Has("partNumber") {
			_, _ = io.Copy(io.Discard, req.Body)
			_ = req.Body.Close()
			resp := refusal(429, "TooManyRequests", "30")
			resp.Request = req
			return resp, nil
		}
		return th.between(req, next)
	})
	inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("the shop is closing")
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Put(ctx, "refused", bytes.NewReader(random(9*kib)), &r2.PutOptions{PartSize: kib})
			assert.ErrorIs(t, err, why, "parts that wait for room end with the context too")
		})
		synctest.Wait()
		_, err := c.Put(t.Context(), "key", bytes.NewReader(random(9*kib)), &r2.PutOptions{PartSize: kib})
		require.NoError(t, err)
		assert.Equal(t, 4, th.busier(0, time.Second))
		cancel(why)
		wg.Wait()
		assert.Zero(t, srv.Uploads())
	}, slow)
}

// Copies in parts keep to it as well.
func TestRefusedPartsOfACopy(t *testing.T) {
	t.Parallel()
	th := &throttle{refuse: func(at time.Duration, _ int) *http.Response {
		if at < time.Second {
			return refusal(429, "TooManyRequests", "3")
		}
		return nil
	}}
	inBubble(t, r2test.Options{MinPart: kib}, func(t *testing.T, srv *r2test.Server, c *r2.Client) {
		t.Helper()
		r2.SetCopyLimits(c, 2*kib, kib)
		data := random(12 * kib)
		require.NoError(t, srv.Put("from", data))
		_, err := c.Copy(t.Context(), "to", "from", nil)
		require.NoError(t, err)
		assert.True(t, slices.Equal(data, content(t, srv, "to")))
		assert.Equal(t, 4, th.busier(0, time.Second))
		assert.Equal(t, 2, th.busier(4*time.Second, 5*time.Second))
		assert.Equal(t, 3, th.busier(5*time.Second, time.Hour))
	}, through(th.between))
}
