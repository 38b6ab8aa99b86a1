package cwmetricstest

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwmetrics"
)

// Behaviour is how the fake behaves. [NewServer] begins with the values given here.
type Behaviour struct {
	Latency  time.Duration // of every call; 20 ms
	DataLag  time.Duration // until a point can be read; 10 s
	ListLag  time.Duration // until a metric is in the list; 15 min
	Throttle float64       // share of the calls that are refused for their rate; 0
	PageSize int           // points to a page at most; 100,800
	Internal int           // so many answers say InternalError of their first metric, and give nothing of it
	Cut      int           // so many answers end early, as PartialData without a token
	Message  string        // of every answer, if it is not empty
}

// point is a value as it was sent.
type point struct {
	at, sent time.Time
	value    float64
	unit     string
}

type metric struct {
	id      cwmetrics.MetricID
	fine    bool // kept by the second for 3 hours
	hidden  bool
	points  []point
	created time.Time
}

// Server is the metrics of an account. It satisfies cwmetrics.API, and is safe for concurrent use.
type Server struct {
	awsopstest.Script

	Clock *awsopstest.Clock

	mu      sync.Mutex
	b       Behaviour
	rnd     *rand.Rand
	metrics map[string]*metric
	denied  map[string]bool
	tokens  map[string]any
}

var _ cwmetrics.API = (*Server)(nil)

// NewServer makes an account without metrics.
func NewServer() *Server {
	return &Server{
		Clock: &awsopstest.Clock{}, rnd: rand.New(rand.NewPCG(1, 2)), metrics: map[string]*metric{}, denied: map[string]bool{}, tokens: map[string]any{},
		b: Behaviour{Latency: 20 * time.Millisecond, DataLag: 10 * time.Second, ListLag: 15 * time.Minute, PageSize: 100_800},
	}
}

// Config is how to reach the fake.
func (s *Server) Config() cwmetrics.Config { return cwmetrics.Config{API: s, Clock: s.Clock} }

// Set changes the behaviour.
func (s *Server) Set(change func(*Behaviour)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.b)
}

// Deny takes the right to operations away: Deny("GetMetricData").
func (s *Server) Deny(ops ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range ops {
		s.denied[op] = true
	}
}

// Put sends values of now.
func (s *Server) Put(id cwmetrics.MetricID, unit string, values ...float64) {
	for _, v := range values {
		s.PutAt(id, s.Clock.Now(), unit, v)
	}
}

// PutAt sends a value of some time, now.
func (s *Server) PutAt(id cwmetrics.MetricID, at time.Time, unit string, value float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.metric(id)
	m.points = append(m.points, point{at: at, sent: s.Clock.Now(), value: value, unit: unit})
}

// Fine has a metric kept by the second, as one sent with a StorageResolution of 1 is.
func (s *Server) Fine(id cwmetrics.MetricID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metric(id).fine = true
}

// Hide has a metric answered with Forbidden.
func (s *Server) Hide(id cwmetrics.MetricID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metric(id).hidden = true
}

func (s *Server) metric(id cwmetrics.MetricID) *metric {
	m := s.metrics[id.String()]
	if m == nil {
		m = &metric{id: id, created: s.Clock.Now()}
		s.metrics[id.String()] = m
	}
	return m
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
		switch {
		case s.denied[op]:
			return nil, awsopstest.Refuse("AccessDenied", "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: cloudwatch:%s", op)
		case s.b.Throttle > 0 && s.rnd.Float64() < s.b.Throttle:
			return nil, awsopstest.Refuse("Throttling", "Rate exceeded")
		}
		return effect()
	})
}

func invalid(format string, args ...any) error {
	return awsopstest.Refuse("ValidationError", format, args...)
}
