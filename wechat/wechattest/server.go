package wechattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/wechat"
)

// Kind is the kind of an account. What they may do differs.
type Kind string

// The kinds of accounts.
const (
	Service      Kind = "service"      // 服务号: 4 mass sends a month to each follower
	Subscription Kind = "subscription" // 订阅号, 公众号: 1 mass send a day, none by OpenID
)

// Options is the account. The zero value is a verified service account with eight followers and two tags.
type Options struct {
	AppID  string // default "wx0123456789abcdef"
	Secret string // default "fake-app-secret"

	Kind     Kind  // default Service
	Verified *bool // default true; new(false) = 48001 for publishing, mass sends, tags and followers

	Followers []wechat.OpenID // default eight
	Tags      []Tag           // default 2 "星标组" without members and 101 "读者" with three
	Products  []string        // ids of the account's shop; default "1" and "2"

	PublishAfter time.Duration // how long a publishing job or mass send takes; default 20 ms
	TokenLife    time.Duration // default 2 h
	NumericIDs   bool          // publish_id as a number, where it is a string by default; msg_id the other way round

	Now       func() time.Time // default time.Now
	StateFile string           // where the account's state is kept over restarts; empty = nowhere
}

// Tag is a tag of the account.
type Tag struct {
	ID      int
	Name    string
	Members []wechat.OpenID
}

// Server is the account. It is safe for concurrent use.
type Server struct {
	*fault.Script

	// URL is the base URL for clients that were made with Client.
	URL string

	pipe     *pipehttp.Server
	opts     Options
	handlers map[string]handler

	mu           sync.Mutex
	st           state
	dirty        bool
	refusedIP    string
	quota        map[string]int // what SetQuota changed
	idsPerPage   int            // what SetPageSize changed
	publishes    []publishEnd   // scripted by FailNextPublish
	masses       []string       // scripted by FailNextMass and EndNextMass
	checks       []wechat.CopyrightCheck
	lost         int               // scripted by LoseNextPush
	requests     map[string]logged // by rid
	expired      bool              // what ExpireVerification set
	callback     string            // what SetCallbackHost set
	miniPrograms []string          // what LinkMiniProgram linked
	consoleMenu  json.RawMessage   // what SetConsoleMenu set
	autoReply    json.RawMessage   // what SetAutoReply set
	sends        []time.Time       // of the last minute
	push         pushes
}

// NewServer opens an account with the defaults. It cannot fail. Close ends it.
func NewServer() *Server {
	s, err := Open(Options{})
	if err != nil {
		panic("wechattest: the defaults do not open: " + err.Error()) // no file is read: it cannot happen
	}
	return s
}

// Open opens an account. The errors are those of reading Options.StateFile; one that does not exist yet is none.
func Open(opts Options) (*Server, error) {
	if opts.AppID == "" {
		opts.AppID = "wx0123456789abcdef"
	}
	if opts.Secret == "" {
		opts.Secret = "fake-app-secret"
	}
	if opts.Kind == "" {
		opts.Kind = Service
	}
	if opts.Verified == nil {
		opts.Verified = new(true)
	}
	if opts.Followers == nil {
		for n := range 8 {
			opts.Followers = append(opts.Followers, wechat.OpenID(fmt.Sprintf("oFakeFollower%04d", n+1)))
		}
	}
	if opts.Tags == nil {
		opts.Tags = []Tag{{ID: 2, Name: "星标组"}, {ID: 101, Name: "读者", Members: opts.Followers[:min(3, len(opts.Followers))]}}
	}
	if opts.Products == nil {
		opts.Products = []string{"1", "2"}
	}
	if opts.PublishAfter == 0 {
		opts.PublishAfter = 20 * time.Millisecond
	}
	if opts.TokenLife == 0 {
		opts.TokenLife = 2 * time.Hour
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{Script: &fault.Script{}, opts: opts, quota: map[string]int{}}
	s.handlers = s.routes()
	maps.Copy(s.handlers, s.peopleRoutes())
	maps.Copy(s.handlers, s.toolRoutes())
	maps.Copy(s.handlers, s.menuRoutes())
	if opts.StateFile != "" {
		if err := atomicfile.ReadJSON(opts.StateFile, &s.st); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("wechattest: state: %w", err)
		}
	}
	s.ownPeople()
	s.pipe = pipehttp.NewServer("api.weixin.fake", s)
	s.URL = s.pipe.URL
	return s, nil
}

// Close ends every connection.
func (s *Server) Close() {
	s.pipe.Close()
	s.mu.Lock()
	callback := s.push.pipe
	s.mu.Unlock()
	if callback != nil {
		callback.Close()
	}
}

// Config is a configuration that reaches this account.
func (s *Server) Config() wechat.Config {
	return wechat.Config{AppID: s.opts.AppID, Secret: s.opts.Secret, BaseURL: s.URL, HTTPClient: s.Client()}
}

// Client is an HTTP client whose every connection ends in the fake, whatever the host. With it the pictures can be
// fetched from their mmbiz.qpic.cn URLs, over http or https.
func (s *Server) Client() *http.Client {
	return s.pipe.HTTPSClient()
}

// handler is one call of the API.
type handler struct {
	method   string
	limit    int  // a day; 0 = not counted
	verified bool // closed to accounts that are not
	do       func(*call) (any, *refusal)
}

// call is a request being answered. The server's lock is held.
type call struct {
	op    string
	query url.Values
	head  http.Header
	body  []byte
	now   time.Time
}

// refusal is an errcode.
type refusal struct {
	code  int
	msg   string
	msgID int64 // with 45065
}

func refuse(code int, format string, args ...any) *refusal {
	return &refusal{code: code, msg: fmt.Sprintf(format, args...)}
}

const maxBody = 64 << 20

// ServeHTTP answers the API under /cgi-bin/ and /channels/, and pictures when asked as mmbiz.qpic.cn.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if host, _, _ := strings.Cut(r.Host, ":"); host == pictureHost {
		s.servePicture(w, r)
		return
	}
	op, ok := strings.CutPrefix(r.URL.Path, "/cgi-bin/")
	if strings.HasPrefix(r.URL.Path, "/channels/") {
		op, ok = r.URL.Path[1:], true
	} else if strings.HasPrefix(op, "channels/") {
		ok = false // these are at the root alone
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.Serve(w, r, op, func(w http.ResponseWriter, r *http.Request) { s.serveAPI(w, r, op) })
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, op string) {
	if r.Method == http.MethodPost && r.ContentLength < 0 {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = io.WriteString(w, "<html><head><title>412 Precondition Failed</title></head></html>")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the client gave up
	}
	if len(body) > maxBody {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	out, file, err := s.answer(&call{op: op, query: r.URL.Query(), head: r.Header, body: body}, r.Method)
	if err != nil {
		http.Error(w, "wechattest: state: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if file != nil {
		file.write(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(out) //nolint:gosec // JSON as text/plain, to a test
}

// answer runs the call and keeps the state before the answer may leave.
func (s *Server) answer(c *call, method string) (body []byte, file *rawFile, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.opts.Now()
	s.settle(c.now)
	out, no := s.dispatch(c, method)
	if err := s.save(); err != nil {
		return nil, nil, err
	}
	if no != nil {
		rid := s.rid()
		refused := no.json(rid)
		s.log(rid, c, refused)
		return refused, nil, nil
	}
	if file, ok := out.(*rawFile); ok {
		return nil, file, nil
	}
	return encode(out), nil, nil
}

func (s *Server) dispatch(c *call, method string) (any, *refusal) {
	h, ok := s.handlers[c.op]
	switch {
	case !ok:
		return nil, refuse(40066, "invalid url")
	case method != h.method && h.method == http.MethodPost:
		return nil, refuse(43002, "require POST method")
	case method != h.method:
		return nil, refuse(43001, "require GET method")
	}
	if !slices.Contains([]string{"stable_token", "token", "clear_quota/v2"}, c.op) {
		if no := s.checkToken(c); no != nil {
			return nil, no
		}
	}
	if no := s.count(c, h); no != nil {
		return nil, no
	}
	if h.verified && (!*s.opts.Verified || s.expired) {
		return nil, refuse(48001, "api unauthorized")
	}
	return h.do(c)
}

func (n *refusal) json(rid string) []byte {
	return encode(struct {
		Code  int    `json:"errcode"`
		Msg   string `json:"errmsg"`
		MsgID int64  `json:"msg_id,omitempty"`
	}{n.code, n.msg + " rid: " + rid, n.msgID})
}

func (s *Server) rid() string {
	s.st.RIDs++
	return fmt.Sprintf("65f0a1b2-%08x-%08x", s.st.RIDs*2654435761&0xffffffff, s.st.RIDs)
}

// done is the answer of calls that return nothing else.
type done struct {
	Code int    `json:"errcode"`
	Msg  string `json:"errmsg"`
}

func success() done { return done{Msg: "ok"} }

func encode(v any) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("wechattest: encode %T: %v", v, err)) // types of this package alone
	}
	return bytes.TrimSpace(buf.Bytes())
}

// decode reads a JSON body as the platform does: no byte order mark, UTF-8, and no \uXXXX.
func (c *call) decode(v any) *refusal {
	switch {
	case len(c.body) == 0:
		return refuse(44002, "empty post data")
	case bytes.HasPrefix(c.body, []byte("\ufeff")), !utf8.Valid(c.body):
		return refuse(47001, "data format error")
	case hasUnicodeEscape(c.body):
		return refuse(40033, "invalid charset. please check your request, if include \\uxxxx will create fail!")
	}
	if err := json.Unmarshal(c.body, v); err != nil {
		return refuse(47001, "data format error")
	}
	return nil
}

func hasUnicodeEscape(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] == '\\' {
			if body[i+1] == 'u' {
				return true
			}
			i++
		}
	}
	return false
}

// FailNext answers the next call of op with errcode, in place of any effect.
func (s *Server) FailNext(op string, errcode int) {
	s.mu.Lock()
	rid := s.rid()
	s.mu.Unlock()
	s.AnswerNext(op, http.StatusOK, http.Header{"Content-Type": {"text/plain"}}, string(refuse(errcode, "scripted failure hint: [fake]").json(rid)))
}
