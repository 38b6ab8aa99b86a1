package llmtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// Exchange is one request with its answer, as it went over the wire. It holds no key: of the headers only a few are kept,
// and a key that stands in a body is replaced (not one that a stream brings in pieces).
type Exchange struct {
	Method string      `json:"method"`
	Path   string      `json:"path"` // without the query, which may hold a key
	Body   string      `json:"body"` // of the request
	Status int         `json:"status"`
	Header http.Header `json:"header"` // of the answer: type, request ID, rate limits
	Answer string      `json:"answer"`
	// Base64 is the answer where it is not text.
	Base64 string `json:"base64,omitempty"`
	// Broken says that the answer broke off rather than ended.
	Broken bool `json:"broken,omitempty"`
}

// Recorder is a transport that passes requests on and keeps what was said, so that a conversation with a real provider can
// be had again in a test:
//
//	rec := llmtest.NewRecorder(http.DefaultTransport)
//	client, err := llm.New(llm.Config{…, HTTPClient: &http.Client{Transport: rec}})
//	… talk …
//	err = rec.Save("testdata/talk.json")
type Recorder struct {
	next http.RoundTripper

	mu        sync.Mutex
	exchanges []*Exchange
}

// NewRecorder records what goes through next, the transport that reaches the provider.
func NewRecorder(next http.RoundTripper) *Recorder { return &Recorder{next: next} }

// RoundTrip passes the request on. A request that gets no answer is not recorded.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := drainBody(req)
	if err != nil {
		return nil, err
	}
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	scrub := keysOf(req).Replace
	x := &Exchange{Method: req.Method, Path: req.URL.Path, Body: scrub(string(body)), Status: resp.StatusCode, Header: http.Header{}}
	for name, values := range resp.Header {
		switch lower := strings.ToLower(name); {
		case lower == "content-type", lower == "retry-after", strings.HasSuffix(lower, "request-id"), strings.HasPrefix(lower, "x-ratelimit-"):
			x.Header[name] = values
		}
	}
	r.mu.Lock()
	r.exchanges = append(r.exchanges, x)
	r.mu.Unlock()
	resp.Body = &recording{r: r, x: x, body: resp.Body, scrub: scrub}
	return resp, nil
}

func drainBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	req.Body = io.NopCloser(bytes.NewReader(data))
	return data, err
}

// keysOf replaces the keys that the request carries.
func keysOf(req *http.Request) *strings.Replacer {
	var pairs []string
	for name, values := range req.Header {
		lower := strings.ToLower(name)
		if !strings.Contains(lower, "auth") && !strings.Contains(lower, "key") && !strings.Contains(lower, "token") {
			continue
		}
		for _, v := range values {
			if v = strings.TrimPrefix(v, "Bearer "); v != "" {
				pairs = append(pairs, v, "[key]")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// recording keeps what is read of an answer.
type recording struct {
	r     *Recorder
	x     *Exchange
	body  io.ReadCloser
	scrub func(string) string
	buf   bytes.Buffer
}

func (b *recording) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.buf.Write(p[:n])
	if err != nil {
		b.keep(!errors.Is(err, io.EOF))
	}
	return n, err
}

func (b *recording) Close() error {
	b.keep(false)
	return b.body.Close()
}

func (b *recording) keep(broken bool) {
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	b.x.Broken = b.x.Broken || broken
	if utf8.Valid(b.buf.Bytes()) {
		b.x.Answer = b.scrub(b.buf.String())
	} else {
		b.x.Base64 = base64.StdEncoding.EncodeToString(b.buf.Bytes())
	}
}

// Exchanges is what has been recorded, in order. An answer that is still being read is there as far as it has come when
// its reader ends.
func (r *Recorder) Exchanges() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Exchange, len(r.exchanges))
	for i, x := range r.exchanges {
		out[i] = *x
		out[i].Header = x.Header.Clone()
	}
	return out
}

// Save writes the exchanges to a file, for [OpenReplay]. Read it before it is shared: no key is in it, but what was said is.
func (r *Recorder) Save(path string) error {
	return atomicfile.WriteJSON(path, r.Exchanges())
}

// Replay is a transport that answers as recorded.
type Replay struct {
	mu        sync.Mutex
	exchanges []Exchange
	used      []bool
}

// OpenReplay reads a file that [Recorder.Save] wrote.
func OpenReplay(path string) (*Replay, error) {
	var exchanges []Exchange
	if err := atomicfile.ReadJSON(path, &exchanges); err != nil {
		return nil, fmt.Errorf("llmtest: replay: %w", err)
	}
	return NewReplay(exchanges...), nil
}

// NewReplay answers with exchanges, each once.
func NewReplay(exchanges ...Exchange) *Replay {
	return &Replay{exchanges: exchanges, used: make([]bool, len(exchanges))}
}

// RoundTrip answers with the first exchange left whose request has the same method, path and body; bodies of JSON are the
// same when they mean the same. There is no answer to a request that was not recorded: the error says what differs.
func (p *Replay) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := drainBody(req)
	if err != nil {
		return nil, err
	}
	text := keysOf(req).Replace(string(body))
	p.mu.Lock()
	defer p.mu.Unlock()
	why := "no exchange is left"
	for i, x := range p.exchanges {
		switch {
		case p.used[i]:
		case x.Method != req.Method || x.Path != req.URL.Path:
			why = "the next one recorded is " + x.Method + " " + x.Path
		case !sameBody(x.Body, text):
			why = "the next one recorded has another body: " + x.Body
		default:
			p.used[i] = true
			return x.response(req)
		}
	}
	return nil, fmt.Errorf("llmtest: replay: %s %s was not recorded: %s", req.Method, req.URL.Path, why)
}

// Left counts the exchanges that have not been asked for.
func (p *Replay) Left() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, used := range p.used {
		if !used {
			n++
		}
	}
	return n
}

func sameBody(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func (x Exchange) response(req *http.Request) (*http.Response, error) {
	answer := []byte(x.Answer)
	if x.Base64 != "" {
		var err error
		if answer, err = base64.StdEncoding.DecodeString(x.Base64); err != nil {
			return nil, fmt.Errorf("llmtest: replay: %w", err)
		}
	}
	var body io.Reader = bytes.NewReader(answer)
	if x.Broken {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", x.Status, http.StatusText(x.Status)), StatusCode: x.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.Header.Clone(), Body: io.NopCloser(body), ContentLength: -1, Request: req,
	}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
