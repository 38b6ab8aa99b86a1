package llmtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/llm"
)

// Key is the key that a server takes unless [Options.Key] says otherwise.
const Key = "sk-llmtest-0123456789abcdef"

// host is under .localhost, to which package llm sends a key over plain http.
const host = "llm.localhost"

// The operations, for the methods of the fault script.
const (
	OpChat   = "chat"
	OpImages = "images"
	OpModels = "models"
)

// Options changes a [Server].
type Options struct {
	// Key is the bearer key that is asked for; empty = [Key].
	Key string
	// Dialect is the provider whose manner is taken on, by the name that package llm gives it, such as "deepseek": which
	// members chunks have, in which order and where, which requests are refused, how errors look. Empty = DeepSeek's chunks,
	// with OpenAI's rules. A Config of the server is for that dialect.
	Dialect string
	// Models are the models there are; nil = DefaultModels.
	Models []string
	// StateFile, if set, keeps the count of images made: it is read when the server opens and written after every change,
	// before the answer leaves.
	StateFile string
	// Now is the server's clock; nil = time.Now.
	Now func() time.Time
}

// DefaultModels are the models of a server that was not told otherwise.
func DefaultModels() []string {
	return []string{"gpt-4o", "gpt-4o-mini", "deepseek-chat", "deepseek-reasoner", "qwen-plus", "dall-e-2", "dall-e-3", "gpt-image-1", "Kwai-Kolors/Kolors"}
}

// Server is the fake. It is safe for concurrent use.
type Server struct {
	*fault.Script

	opts  Options
	shape shape
	pipe  *pipehttp.Server

	mu       sync.Mutex
	state    state
	onChat   func(ChatRequest) Answer
	onImage  func(ImageRequest) ImageAnswer
	faults   []Fault
	list     ModelsShape
	requests []Request
	files    map[string][]byte
	serial   int
}

type state struct {
	Images int `json:"images"`
}

// Request is one request as it arrived, refused ones included.
type Request struct {
	Method, Path string
	Header       http.Header
	Body         []byte
}

// NewServer opens a server with the defaults.
func NewServer() *Server {
	s, _ := Open(Options{}) // only a state file and a dialect can fail
	return s
}

// Open opens a server.
func Open(opts Options) (*Server, error) {
	if opts.Key == "" {
		opts.Key = Key
	}
	if opts.Models == nil {
		opts.Models = DefaultModels()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	shape, ok := shapes()[opts.Dialect]
	if !ok {
		return nil, fmt.Errorf("llmtest: there is no dialect %q", opts.Dialect)
	}
	s := &Server{Script: &fault.Script{}, opts: opts, shape: shape, files: map[string][]byte{}}
	if opts.StateFile != "" {
		if err := atomicfile.ReadJSON(opts.StateFile, &s.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("llmtest: state file: %w", err)
		}
	}
	s.pipe = pipehttp.NewServer(host, s)
	return s, nil
}

// Config is for a client of this server.
func (s *Server) Config() llm.Config {
	cfg := llm.Config{BaseURL: s.pipe.URL + "/v1", Key: llm.Key(s.opts.Key), HTTPClient: s.pipe.Client()}
	for _, d := range llm.Dialects() {
		if d.Name == s.opts.Dialect {
			cfg.Dialect = d
		}
	}
	return cfg
}

// Client is an HTTP client whose every connection ends in this server, for the addresses of images.
func (s *Server) Client() *http.Client { return s.pipe.Client() }

// Close ends the server and every connection to it.
func (s *Server) Close() { s.pipe.Close() }

// OnChat makes answer the source of all chat answers. Without it, a server repeats what the user said last.
func (s *Server) OnChat(answer func(ChatRequest) Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onChat = answer
}

// OnImage makes answer the source of all images. Without it, a server paints a picture that depends on the prompt.
func (s *Server) OnImage(answer func(ImageRequest) ImageAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onImage = answer
}

// Requests is all that has arrived so far, in order, save for calls that the fault script kept from arriving.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// ImagesMade counts the images made and charged, whether or not the answer arrived.
func (s *Server) ImagesMade() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Images
}

// maxBody bounds a request, as every server does.
const maxBody = 64 << 20

// ServeHTTP serves the API under any prefix, such as "/v1".
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, "/chat/completions"), strings.HasSuffix(r.URL.Path, "/responses"):
		body, ok := s.read(w, r)
		if !ok {
			return
		}
		serve := s.Script.Serve
		if streams(body) {
			serve = s.ServeStream
		}
		talk := s.chat
		if strings.HasSuffix(r.URL.Path, "/responses") {
			talk = s.responses
		}
		serve(w, r, OpChat, func(w http.ResponseWriter, r *http.Request) { talk(w, r, body) })
	case strings.HasSuffix(r.URL.Path, "/images/generations"):
		body, ok := s.read(w, r)
		if !ok {
			return
		}
		s.Script.Serve(w, r, OpImages, func(w http.ResponseWriter, r *http.Request) { s.images(w, r, body) })
	case strings.HasSuffix(r.URL.Path, "/models"):
		s.Script.Serve(w, r, OpModels, s.models)
	case strings.HasPrefix(r.URL.Path, "/files/"):
		s.file(w, r)
	default:
		writeError(w, unknownURL(r))
	}
}

func (s *Server) read(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		writeError(w, APIError{Status: http.StatusRequestEntityTooLarge, Type: "invalid_request_error", Message: "The request body is too large."})
	}
	return body, err == nil
}

// admit records the request and checks method and key.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, method string, body []byte) bool {
	s.mu.Lock()
	s.requests = append(s.requests, Request{Method: r.Method, Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	s.serial++
	w.Header().Set("x-request-id", fmt.Sprintf("req_%06d", s.serial))
	s.mu.Unlock()
	if r.Method != method {
		writeError(w, APIError{Status: http.StatusMethodNotAllowed, Type: "invalid_request_error", Message: "Not allowed to " + r.Method + " on " + r.URL.Path + "."})
		return false
	}
	key, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if name := s.shape.keyHeader; name != "" {
		key, found = r.Header.Get(name), true
	}
	switch {
	case !found || key == "":
		s.fail(w, APIError{
			Status: http.StatusUnauthorized, Type: "invalid_request_error",
			Message: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
		})
	case key != s.opts.Key:
		s.fail(w, APIError{Status: http.StatusUnauthorized, Type: "invalid_request_error", Code: "invalid_api_key", Message: "Incorrect API key provided."})
	default:
		return true
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // what the package writes can be encoded
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}
