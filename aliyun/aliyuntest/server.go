package aliyuntest

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/internal/pipehttp"
)

// The actions, for the methods of the Script and for [Server.FailNext].
const (
	SendSms              = "SendSms"
	SendBatchSms         = "SendBatchSms"
	QuerySendDetails     = "QuerySendDetails"
	QuerySendStatistics  = "QuerySendStatistics"
	GetSmsTemplate       = "GetSmsTemplate"
	QuerySmsTemplateList = "QuerySmsTemplateList"
	GetSmsSign           = "GetSmsSign"
	QuerySmsSignList     = "QuerySmsSignList"
	SendMessageToGlobe   = "SendMessageToGlobe" // of the international API

	DescribeUserDomains      = "DescribeUserDomains"
	DescribeCdnDomainConfigs = "DescribeCdnDomainConfigs"
	BatchSetCdnDomainConfig  = "BatchSetCdnDomainConfig"
	DeleteSpecificConfig     = "DeleteSpecificConfig"
	RefreshObjectCaches      = "RefreshObjectCaches"
	PushObjectCache          = "PushObjectCache"
	DescribeRefreshTasks     = "DescribeRefreshTasks"
	DescribeRefreshQuota     = "DescribeRefreshQuota"
)

// What every Server has from the start, unless its Options say otherwise.
const (
	DemoSign            = "阿里云通信测试"
	DemoTemplate        = "SMS_100000001" // a notice with the variables title and result
	DemoTemplateContent = "文章《${title}》${result}"
	DemoCodeTemplate    = "SMS_100000002" // a verification code with the variable code
	DemoCodeContent     = "您的验证码为${code}，5分钟内有效。"
	DemoIntlTemplate    = "SMS_100000003" // a notice abroad with the variable result
	DemoIntlContent     = "Your article is ${result}."
)

// Options are the beginnings of a Server. The zero value is the fake of [NewServer].
type Options struct {
	AccessKeyID     string // "" = "LTAIfakeAccessKeyID0"
	AccessKeySecret string // "" = "fakeAccessKeySecretOfTheFake01"
	SecurityToken   string // a temporary key's; "" = none is asked for

	Templates []aliyun.Template         // nil = the three demo templates; a zero Status means approved
	Signs     map[string]SignState      // nil = DemoSign, approved
	AllowList []string                  // numbers without flow control (the platform allows 300), 11 digits each
	Now       func() time.Time          // clock of windows, records and days; nil = time.Now. Signatures use the wall clock
	DetailLag time.Duration             // how long after the send a record appears; 0 = at once
	Carrier   func(phone string) Report // what the carrier says of each message; nil = Delivered at once

	TaskTime  time.Duration                  // from the order of a domain task to its end; 0 = 2 s, below 0 = none
	CheckTime time.Duration                  // how long the phone check and then the mail check before an auth code take; 0 = there are none
	CodeLife  time.Duration                  // of an auth code; 0 = 7 days
	ZoneGrace time.Duration                  // how long a zone answers after its domain has gone; 0 = 72 h, below 0 = for ever
	Locate    func(addr netip.Addr) []string // the lines of an address, most special first, without default; nil = a few known networks

	CDNLag time.Duration // until a rule that was written is active; it is seen configuring once even with 0

	// StateFile, if set, is where messages are read from on Open and written to after every change, before the answer
	// leaves, so that a program can be killed, run again and meet the platform's memory.
	StateFile string
}

// SignState is where a sign stands with the platform's review.
type SignState int

// The states, by the platform's numbers.
const (
	SignInReview  SignState = 0
	SignApproved  SignState = 1
	SignRejected  SignState = 2
	SignCancelled SignState = 10
)

// Report is what the carrier says of a message.
type Report struct {
	After   time.Duration // from the send until the report; before it the message is waiting
	ErrCode string        // "" or "DELIVERED" = delivered, else failed with this word
}

// Server is the fake. It is an http.Handler, so it can also be mounted on a port of loopback: then set Endpoints of the
// Config to it and HTTPClient to nil.
type Server struct {
	*fault.Script

	pipe *pipehttp.Server

	mu        sync.Mutex
	opts      Options
	key       aliyun.Credentials
	templates map[string]aliyun.Template
	signs     map[string]SignState
	allow     map[string]bool
	nonces    map[string]time.Time
	fail      map[string][]string // business or gateway codes that are due, by action
	failTask  map[string][]string // reasons of tasks that will fail, by the action that orders them
	rotation  map[string]int      // how often a set was answered
	state     state

	reports      map[int]delivery // by the place in state.Messages
	uplinks      []uplink
	uplinkPushes []delivery

	cdn              map[string]*cdnDomain
	cdnTasks         []cdnTask
	configID, taskID int
}

// NewServer starts a fake with all defaults. It cannot fail.
func NewServer() *Server {
	s, err := Open(Options{})
	if err != nil {
		panic("aliyuntest: " + err.Error()) // no file, so nothing that can fail
	}
	return s
}

// Open starts a fake. The error is that of a StateFile that cannot be read, or of Options that contradict themselves.
func Open(opts Options) (*Server, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.AccessKeyID == "" {
		opts.AccessKeyID = "LTAIfakeAccessKeyID0"
	}
	if opts.AccessKeySecret == "" {
		opts.AccessKeySecret = "fakeAccessKeySecretOfTheFake01"
	}
	if opts.Templates == nil {
		opts.Templates = demoTemplates()
	}
	if opts.Signs == nil {
		opts.Signs = map[string]SignState{DemoSign: SignApproved}
	}
	if opts.Carrier == nil {
		opts.Carrier = func(string) Report { return Report{} }
	}
	opts.TaskTime = max(0, cmp.Or(opts.TaskTime, defaultTaskTime))
	opts.CodeLife = cmp.Or(opts.CodeLife, defaultCodeLife)
	opts.ZoneGrace = cmp.Or(opts.ZoneGrace, defaultZoneGrace)
	if opts.Locate == nil {
		opts.Locate = locate
	}
	s := &Server{
		Script:    &fault.Script{},
		opts:      opts,
		key:       aliyun.Credentials{AccessKeyID: opts.AccessKeyID, AccessKeySecret: opts.AccessKeySecret, SecurityToken: opts.SecurityToken},
		templates: map[string]aliyun.Template{},
		signs:     maps.Clone(opts.Signs),
		allow:     map[string]bool{},
		nonces:    map[string]time.Time{},
		fail:      map[string][]string{},
		reports:   map[int]delivery{},
		cdn:       map[string]*cdnDomain{},
		failTask:  map[string][]string{},
		rotation:  map[string]int{},
	}
	for _, t := range opts.Templates {
		if _, twice := s.templates[t.Code]; twice || t.Code == "" {
			return nil, fmt.Errorf("aliyuntest: Options.Templates: code %q is empty or there twice", t.Code)
		}
		s.SetTemplate(t)
	}
	for _, phone := range opts.AllowList {
		s.allow[phone] = true
	}
	if opts.StateFile != "" {
		if err := atomicfile.ReadJSON(opts.StateFile, &s.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("aliyuntest: Options.StateFile: %w", err)
		}
		s.state.index()
	}
	s.pipe = pipehttp.NewServer("aliyun.fake", s)
	return s, nil
}

func demoTemplates() []aliyun.Template {
	return []aliyun.Template{
		{Code: DemoTemplate, Name: "文章通知", Content: DemoTemplateContent, Type: aliyun.Notice},
		{
			Code: DemoCodeTemplate, Name: "验证码", Content: DemoCodeContent, Type: aliyun.Code,
			Attributes: map[string]string{"code": "characterWithNumber"},
		},
		{Code: DemoIntlTemplate, Name: "Article", Content: DemoIntlContent, Type: aliyun.Intl},
	}
}

// Config is a ready Config of package aliyun that reaches this fake and nothing else.
func (s *Server) Config() aliyun.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return aliyun.Config{
		AccessKeyID: s.key.AccessKeyID, AccessKeySecret: s.key.AccessKeySecret, SecurityToken: s.key.SecurityToken,
		Endpoints: map[aliyun.Product]string{
			aliyun.SMSProduct: s.pipe.URL, aliyun.GlobeSMSProduct: s.pipe.URL, aliyun.CDNProduct: s.pipe.URL,
			aliyun.DNSProduct: s.pipe.URL, aliyun.DomainProduct: s.pipe.URL,
		},
		AllowHTTP:  true, // pipes: nothing leaves the process
		HTTPClient: s.pipe.Client(),
	}
}

// Client is an HTTP client whose every connection ends in this fake.
func (s *Server) Client() *http.Client { return s.pipe.Client() }

// Close ends every connection. The state stays and can still be inspected.
func (s *Server) Close() { s.pipe.Close() }

// FailNext refuses the next call of op with this code before it has any effect: codes that begin with isv., isp. or
// BUSINESS as HTTP 200, the others as the gateway does, HTTP 4xx or 5xx. Several calls queue up.
func (s *Server) FailNext(op, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[op] = append(s.fail[op], code)
}

// SetCredentials changes the only key that is accepted from now on.
func (s *Server) SetCredentials(key aliyun.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// SetTemplate adds or changes a template. A zero Status means approved.
func (s *Server) SetTemplate(t aliyun.Template) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.Status == "" {
		t.Status = aliyun.TemplateApproved
	}
	t.Attributes = maps.Clone(t.Attributes)
	s.templates[t.Code] = t
}

// SetSign adds or changes a sign.
func (s *Server) SetSign(name string, state SignState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signs[name] = state
}

// Messages are the messages that were accepted, one for each phone, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.state.Messages)
	for i := range out {
		out[i].Params = maps.Clone(out[i].Params)
	}
	return out
}

// Count is how many messages were accepted for a phone (11 digits, or country and number), "" for all. It is what the
// account is billed for.
func (s *Server) Count(phone string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if phone == "" {
		return len(s.state.Messages)
	}
	return len(s.state.byPhone[phone])
}

// CountOutID is how many messages were accepted with this OutID.
func (s *Server) CountOutID(outID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, m := range s.state.Messages {
		if m.OutID == outID {
			n++
		}
	}
	return n
}
