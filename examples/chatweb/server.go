package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
)

//go:embed page
var page embed.FS

// policy is what the page may do: run its own script, talk to its own server, and nothing else. Trusted types say which
// function of the script may turn text into HTML.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types rendered"

// The limits of one request.
const (
	maxBody     = 1 << 20
	maxMessages = 400
)

// server relays between browsers and a provider.
type server struct {
	platform *Platform
	system   string
	hosts    []string
	index    []byte
	markdown *Markdown
	pace     pace
	slots    chan struct{}
}

// newServer is the whole of what is served.
func newServer(f *flags, p *Platform) (http.Handler, error) {
	s := &server{
		platform: p, system: f.system, hosts: f.hosts, markdown: NewMarkdown(),
		pace: pace{heartbeat: 15 * time.Second, write: 20 * time.Second, body: 30 * time.Second}, slots: make(chan struct{}, f.streams),
	}
	return s.handler()
}

func (s *server) handler() (http.Handler, error) {
	t, err := template.ParseFS(page, "page/index.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, s.platform); err != nil {
		return nil, err
	}
	s.index = b.Bytes()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(s.index)
	})
	for _, name := range []string{"app.js", "style.css"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, "page/"+name) })
	}
	mux.HandleFunc("POST /chat", s.chat)
	return s.guard(http.NewCrossOriginProtection().Handler(mux)), nil
}

// guard sets the headers of every answer, and refuses requests under a name that is not this server's: a page elsewhere
// could have its own name lead here, and would then be of one origin with this one.
func (s *server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A body that never ends. net/http takes the deadline away when it has read one to its end, or the rest of one that
		// was refused.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.pace.body))
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.known(r.Host) {
			http.Error(w, "this server is not called that: see -host", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) known(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, host) || slices.Contains(s.hosts, host)
}

// question is what the page sends: the conversation as its tab has it.
type question struct {
	Messages []struct {
		Role llm.Role `json:"role"`
		Text string   `json:"text"`
	} `json:"messages"`
}

// read reads and checks a question, and says what is wrong with it in a way that may be shown.
func (s *server) read(w http.ResponseWriter, r *http.Request) (messages []llm.Message, status int, err error) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		return nil, http.StatusUnsupportedMediaType, errors.New("the question must be application/json")
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	var q question
	if err = dec.Decode(&q); err == nil {
		if err = dec.Decode(&struct{}{}); errors.Is(err, io.EOF) { // to the end: only then is a tab that closes noticed
			err = nil
		} else if err == nil {
			err = errors.New("a second value")
		}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the conversation is larger than %d bytes: begin another", tooLarge.Limit)
	}
	switch {
	case err != nil:
		return nil, http.StatusBadRequest, errors.New("the question is not what this page sends")
	case len(q.Messages) == 0:
		return nil, http.StatusBadRequest, errors.New("there is no message")
	case len(q.Messages) > maxMessages:
		return nil, http.StatusBadRequest, fmt.Errorf("the conversation has over %d messages: begin another", maxMessages)
	}
	if s.system != "" {
		messages = append(messages, llm.System(s.system))
	}
	for _, m := range q.Messages {
		switch {
		case m.Role == llm.RoleUser && strings.TrimSpace(m.Text) != "":
			messages = append(messages, llm.User(m.Text))
		case m.Role == llm.RoleAssistant && m.Text != "":
			messages = append(messages, llm.Assistant(m.Text))
		case m.Role != llm.RoleUser && m.Role != llm.RoleAssistant:
			return nil, http.StatusBadRequest, errors.New("a message is neither the user's nor the assistant's")
		}
	}
	if len(messages) == 0 || messages[len(messages)-1].Role != llm.RoleUser {
		return nil, http.StatusBadRequest, errors.New("the last message is not the user's, or is empty")
	}
	return messages, 0, nil
}

func (s *server) chat(w http.ResponseWriter, r *http.Request) {
	messages, status, err := s.read(w, r)
	if err != nil {
		refuse(w, status, err.Error())
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "too many answers are under way: try again in a moment")
		return
	}
	relay := newRelay(w, s.pace)
	defer relay.Stop()
	s.answer(r.Context(), relay, &llm.Request{Model: s.platform.Model, Messages: messages})
}

// refuse answers in place of a stream, with a text that the page can show.
func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message})
}
