package cwlogstest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwlogs"
)

// Account and Region are those of the fake.
const (
	Account = "123456789012"
	Region  = "eu-central-1"
)

// Behaviour is how the fake misbehaves. [NewServer] begins with the values given here.
type Behaviour struct {
	Latency   time.Duration // of every call; 20 ms
	IndexLag  time.Duration // from ingestion until FilterLogEvents and the others find an event; 2 s
	Throttle  float64       // share of the calls that are refused for their rate; 0
	Empty     float64       // share of the pages of FilterLogEvents that are empty and not the last; 0.1
	PageSize  int           // events to a page at most, 1 to 10,000; 10,000
	LossAbove int           // events a second of a live tail session above which half are lost in silence; 200
	CutAfter  time.Duration // a live tail session breaks after this; 0 = it does not. AWS ends it after 3 hours anyway
	Mute      bool          // live tail sessions say nothing more and stay open
	QueryTime time.Duration // of an Insights query; 3 s
	// Identify is how live tail names a group; nil = by its name.
	Identify func(name string) string
	// Transform is what live tail makes of a message; nil = nothing. A group with a transformer does.
	Transform func(message string) string
}

// Record is an event to be.
type Record struct {
	Group, Stream string
	At            time.Time     // its own timestamp
	Lag           time.Duration // from there to its ingestion
	Message       string
}

type event struct {
	at, ingested int64 // milliseconds
	seq          int64
	stream       string
	message      string
}

func byTime(a, b event) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ingested, b.ingested), cmp.Compare(a.seq, b.seq))
}

// size is what an event counts for in a page: AWS adds 26 bytes to each.
func (e *event) size() int { return len(e.message) + 26 }

type group struct {
	name    string
	class   string
	created int64
	days    int32
	tags    map[string]string
	events  []event          // by time
	arrived []event          // by ingestion
	streams map[string]int64 // when each was made
}

func (g *group) arn() string {
	return "arn:aws:logs:" + Region + ":" + Account + ":log-group:" + g.name
}

// Server is an account. It satisfies cwlogs.API. Its methods are safe for concurrent use; a program that is to be exact about
// time runs on one goroutine.
type Server struct {
	awsopstest.Script

	Clock *awsopstest.Clock

	mu       sync.Mutex
	b        Behaviour
	rnd      *rand.Rand
	groups   map[string]*group
	denied   map[string]bool
	feeds    []func(from, to time.Time) []Record
	fed      time.Time
	seq      int64
	tokens   map[string]token
	sessions int
	opened   int
	queries  map[string]*query
}

var _ cwlogs.API = (*Server)(nil)

// NewServer makes an account without groups.
func NewServer() *Server {
	s := &Server{
		Clock: &awsopstest.Clock{}, rnd: rand.New(rand.NewPCG(1, 2)), groups: map[string]*group{}, denied: map[string]bool{},
		tokens: map[string]token{}, queries: map[string]*query{},
		b: Behaviour{
			Latency: 20 * time.Millisecond, IndexLag: 2 * time.Second, Empty: 0.1, PageSize: 10_000, LossAbove: 200,
			QueryTime: 3 * time.Second,
		},
	}
	s.fed = s.Clock.Now()
	return s
}

// Config is how to reach the fake.
func (s *Server) Config() cwlogs.Config { return cwlogs.Config{API: s, Clock: s.Clock} }

// Set changes the behaviour.
func (s *Server) Set(change func(*Behaviour)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.b)
}

// Deny takes the right to operations away: Deny("StartLiveTail").
func (s *Server) Deny(ops ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		s.denied[op] = true
	}
}

// AddGroup makes a log group and returns its ARN.
func (s *Server) AddGroup(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.group(name).arn()
}

// SetClass changes the class of a group, made if need be: "INFREQUENT_ACCESS" has no live tail.
func (s *Server) SetClass(name, class string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.group(name).class = class
}

// RemoveGroup removes a group and what is in it.
func (s *Server) RemoveGroup(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, name)
}

func (s *Server) group(name string) *group {
	g := s.groups[name]
	if g == nil {
		g = &group{name: name, class: "STANDARD", created: s.Clock.Now().UnixMilli(), streams: map[string]int64{}}
		s.groups[name] = g
	}
	return g
}

// Put writes events that happen and are ingested now.
func (s *Server) Put(group, stream string, messages ...string) {
	now := s.Clock.Now()
	for _, m := range messages {
		s.Write(Record{Group: group, Stream: stream, At: now, Message: m})
	}
}

// Write writes events. One that would have been ingested already is there at once, but live tail has missed it.
func (s *Server) Write(records ...Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(records)
}

// Feed has a function write events as time goes by: it is asked for those that happen from one time to another, the latter
// not included.
func (s *Server) Feed(records func(from, to time.Time) []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pump()
	s.feeds = append(s.feeds, records)
}

// pump writes what the feeds have for the time that has passed.
func (s *Server) pump() {
	now := s.Clock.Now()
	if !now.After(s.fed) {
		return
	}
	from := s.fed
	s.fed = now
	for _, feed := range s.feeds {
		s.write(feed(from, now))
	}
}

func (s *Server) write(records []Record) {
	fresh := map[*group][]event{}
	for _, r := range records {
		g := s.group(r.Group)
		s.seq++
		ev := event{at: r.At.UnixMilli(), ingested: r.At.Add(r.Lag).UnixMilli(), seq: s.seq, stream: r.Stream, message: r.Message}
		if _, ok := g.streams[r.Stream]; !ok {
			g.streams[r.Stream] = ev.ingested
		}
		fresh[g] = append(fresh[g], ev)
	}
	for g, events := range fresh {
		g.events = insert(g.events, events, byTime)
		g.arrived = insert(g.arrived, events, func(a, b event) int {
			return cmp.Or(cmp.Compare(a.ingested, b.ingested), cmp.Compare(a.seq, b.seq))
		})
	}
}

// insert keeps a list in order, by merging from the end: what comes is mostly newer than what is there.
func insert(list, fresh []event, compare func(a, b event) int) []event {
	slices.SortFunc(fresh, compare)
	i, at := len(list)-1, len(list)+len(fresh)-1
	list = append(list, fresh...)
	for k := len(fresh) - 1; k >= 0; at-- {
		if i >= 0 && compare(list[i], fresh[k]) > 0 {
			list[at] = list[i]
			i--
		} else {
			list[at] = fresh[k]
			k--
		}
	}
	return list
}

// run runs a call with its latency, rights and rate.
func run[O any](ctx context.Context, s *Server, op string, effect func() (*O, error)) (*O, error) {
	return awsopstest.Call(ctx, &s.Script, op, func() (*O, error) {
		s.mu.Lock()
		latency := s.b.Latency
		s.mu.Unlock()
		if err := s.Clock.Sleep(ctx, latency); err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pump()
		switch {
		case s.denied[op]:
			return nil, awsopstest.Refuse("AccessDeniedException", "User: arn:aws:iam::%s:user/reader is not authorized to perform: logs:%s", Account, op)
		case s.b.Throttle > 0 && s.rnd.Float64() < s.b.Throttle:
			return nil, awsopstest.Refuse("ThrottlingException", "Rate exceeded")
		}
		return effect()
	})
}

func invalid(format string, args ...any) error {
	return awsopstest.Refuse("InvalidParameterException", format, args...)
}

func notFound() error {
	return awsopstest.Refuse("ResourceNotFoundException", "The specified log group does not exist.")
}

// visible tells whether an event can be found.
func (s *Server) visible(e *event, now int64) bool {
	return e.ingested+s.b.IndexLag.Milliseconds() <= now
}

// id is a decimal number of 56 digits, as AWS's are.
func (e *event) id() string { return fmt.Sprintf("39%014d%040d", e.at, e.seq) }
