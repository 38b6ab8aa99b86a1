package cwlogs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/eventstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwlogs"
)

const (
	wireKey    = "AKIAEXAMPLEWIRE00000"
	wireSecret = "wireSecretThatIsInNoError"
	wireToken  = "wireSessionTokenThatIsInNoError"
)

// wire is CloudWatch Logs over HTTP: what is asked, and one way to answer each operation.
type wire struct {
	*httptest.Server

	mu     sync.Mutex
	asked  map[string][]map[string]any
	dialed []string
}

func newWire(t *testing.T, answer map[string]http.HandlerFunc) *wire {
	t.Helper()
	w := &wire{asked: map[string][]map[string]any{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		w.mu.Lock()
		w.asked[op] = append(w.asked[op], in)
		w.mu.Unlock()
		rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
		rw.Header().Set("X-Amzn-Requestid", "request-of-"+op)
		if answer[op] == nil {
			rw.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(rw, `{"__type":"AccessDeniedException","message":"no %s"}`, op)
			return
		}
		answer[op](rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

// client dials the server whatever the host.
func (w *wire) client(t *testing.T, sameHost bool) *cwlogs.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		w.mu.Lock()
		w.dialed = append(w.dialed, addr)
		w.mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, w.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := cwlogs.New(cwlogs.Config{
		AWS: aws.Config{
			Region: "eu-central-1", BaseEndpoint: aws.String("http://127.0.0.1:4566"), HTTPClient: &http.Client{Transport: transport},
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: wireKey, SecretAccessKey: wireSecret, SessionToken: wireToken}, nil
			}),
		},
		SameHost: sameHost, MaxRetries: new(0),
	})
	require.NoError(t, err)
	return c
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func TestFilterLogEventsOverTheWire(t *testing.T) {
	t.Parallel()
	pages := []string{
		`{"events":[{"eventId":"1","timestamp":1700000000001,"ingestionTime":1700000000500,"logStreamName":"s","message":"one"}],"nextToken":"t1","searchedLogStreams":[]}`,
		`{"events":[],"nextToken":"t2"}`,
		`{"events":[{"eventId":"2","timestamp":1700000000002,"ingestionTime":1700000000500,"logStreamName":"s","message":"two"}]}`,
	}
	w := newWire(t, map[string]http.HandlerFunc{"FilterLogEvents": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, pages[0])
		pages = pages[1:]
	}})
	events := all(t, w.client(t, false).Read(t.Context(), cwlogs.Query{Groups: []string{"/app"}, Pattern: "o", Start: time.UnixMilli(1700000000000)}))
	require.Equal(t, []string{"one", "two"}, messages(events))
	assert.Equal(t, time.UnixMilli(1700000000500).UTC(), events[0].Ingested)
	asked := w.asked["FilterLogEvents"]
	require.Len(t, asked, 3)
	assert.Equal(t, map[string]any{"logGroupIdentifier": "/app", "filterPattern": "o", "startTime": 1.7e12}, asked[0])
	assert.Equal(t, "t2", asked[2]["nextToken"])
}

func TestErrorsOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWire(t, map[string]http.HandlerFunc{"FilterLogEvents": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}`)
	}})
	_, err := first(w.client(t, false).Read(t.Context(), cwlogs.Query{Groups: []string{"/app"}}))
	require.ErrorIs(t, err, awsops.ErrGone)
	assert.EqualError(t, err, "cwlogs: FilterLogEvents /app: The specified log group does not exist. (ResourceNotFoundException, request request-of-FilterLogEvents)")

	w.Close()
	_, err = first(w.client(t, false).Read(t.Context(), cwlogs.Query{Groups: []string{"/app"}}))
	require.Error(t, err)
	for _, secret := range []string{wireSecret, wireToken, wireKey} {
		assert.NotContains(t, err.Error(), secret)
	}
}

// frame writes an event of an event stream, as the JSON protocol has it.
func frame(w io.Writer, kind, name, payload string) {
	var h eventstream.Headers
	h.Set(":message-type", eventstream.StringValue(kind))
	h.Set(":"+kind+"-type", eventstream.StringValue(name))
	h.Set(":content-type", eventstream.StringValue("application/json"))
	_ = eventstream.NewEncoder().Encode(w, eventstream.Message{Headers: h, Payload: []byte(payload)})
}

// liveAnswer is a session that tells one event and goes on until the client leaves.
func liveAnswer(end func(w io.Writer)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		frame(w, "event", "initial-response", `{}`)
		frame(w, "event", "sessionStart", `{"requestId":"r","sessionId":"s","logGroupIdentifiers":["/app"]}`)
		now := time.Now().UnixMilli()
		frame(w, "event", "sessionUpdate", fmt.Sprintf(`{"sessionMetadata":{"sampled":false},"sessionResults":[{"logStreamName":"s",`+
			`"logGroupIdentifier":"123456789012:/app","message":"live","timestamp":%d,"ingestionTime":%d}]}`, now+60_000, now))
		end(w)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// Trap 22: the stream- host prefix. And frames as they are on the wire, read by the SDK, with nothing left behind.
func TestLiveTailOverTheWire(t *testing.T) { //nolint:paralleltest // goleak looks at all goroutines
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	w := newWire(t, map[string]http.HandlerFunc{
		"StartLiveTail":   liveAnswer(func(io.Writer) {}),
		"FilterLogEvents": text(`{"events":[]}`),
	})
	defer w.Close()
	for _, sameHost := range []bool{false, true} {
		w.dialed = nil
		c := w.client(t, sameHost)
		q := cwlogs.Query{
			Groups: []string{"arn:aws:logs:eu-central-1:123456789012:log-group:/app"}, Pattern: "live", StreamPrefix: "s",
			Tail: &cwlogs.TailOptions{Lag: time.Second, Interval: time.Second},
		}
		e, err := first(c.Tail(t.Context(), q))
		require.NoError(t, err)
		assert.True(t, e.Live)
		assert.Equal(t, "live", e.Message)
		assert.Equal(t, q.Groups[0], e.Group)
		if sameHost {
			assert.NotContains(t, w.dialed, "stream-127.0.0.1:4566")
		} else {
			assert.Contains(t, w.dialed, "stream-127.0.0.1:4566")
		}
	}
	asked := w.asked["StartLiveTail"]
	require.NotEmpty(t, asked)
	assert.Equal(t, map[string]any{
		"logGroupIdentifiers":   []any{"arn:aws:logs:eu-central-1:123456789012:log-group:/app"},
		"logEventFilterPattern": "live", "logStreamNamePrefixes": []any{"s"},
	}, asked[0])
	w.CloseClientConnections()
}

func TestLiveTailEndsOverTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(io.Writer)
		want string
	}{
		"time-out": {
			end:  func(w io.Writer) { frame(w, "exception", "SessionTimeoutException", `{"message":"three hours"}`) },
			want: "SessionTimeoutException",
		},
		"inside AWS": {
			end:  func(w io.Writer) { frame(w, "exception", "SessionStreamingException", `{"message":"sorry"}`) },
			want: "SessionStreamingException",
		},
		"cut": {end: func(w io.Writer) { _, _ = w.Write([]byte{0, 0, 1, 0}); panic(http.ErrAbortHandler) }, want: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, map[string]http.HandlerFunc{"StartLiveTail": liveAnswer(tt.end), "FilterLogEvents": text(`{"events":[]}`)})
			t.Cleanup(w.CloseClientConnections)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var said error
			q := cwlogs.Query{Groups: []string{"arn:aws:logs:eu-central-1:123456789012:log-group:/app"}}
			q.Tail = &cwlogs.TailOptions{Progress: func(s cwlogs.TailStatus) {
				if s.Change == cwlogs.LiveEnded {
					said = s.Err
					cancel(errEnough)
				}
			}}
			_, err := first(w.client(t, true).Tail(ctx, q))
			require.ErrorIs(t, err, errEnough)
			assert.ErrorContains(t, said, tt.want)
		})
	}
}
