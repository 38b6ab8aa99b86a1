package cwagenttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwagent"
)

// Options are how an account behaves. nil and zero fields are defaults.
type Options struct {
	Region string            // default "us-east-1"
	Lag    time.Duration     // how long a command that was sent is not shown; default 2 seconds, below 0 = none
	Clock  *awsopstest.Clock // shared with other fakes; default one of its own
	// WholeCommands answers GetCommandInvocation without a step for documents of several, with their state and without their
	// output. The API reference says that a step must be named; what AWS does is unverified.
	WholeCommands bool
	// PublishLag is how long a data point takes from the agent to whoever asks for it; default 90 seconds.
	PublishLag time.Duration
}

// Instance is a machine. Only ID is required.
type Instance struct {
	ID       string
	Windows  bool
	Platform string // default "Ubuntu", "Microsoft Windows Server 2025 Datacenter"
	Version  string // default "24.04"

	Profile     string        // its instance profile; without one it never registers
	OnlineAfter time.Duration // from when it has a profile to when it is online; default 40 seconds
	Unreachable bool          // it never registers, whatever profile it has
	Mute        bool          // its role lets the agent publish nothing
	BadPackage  bool          // the download of the script does not carry the signature of the key

	Installed string            // version of the agent; empty = none
	Configs   map[string]string // what others have configured, by name: file_other.json
	Log       []string          // of the agent
}

type machine struct {
	Instance
	registered time.Time // when it comes online; zero = never
	lost       bool      // ConnectionLost
	configs    map[string]string
	running    bool
	periods    []period // in which the agent has run, the last one perhaps still
}

// period is from a start of the agent to its stop, with the configurations that it had read.
type period struct {
	from, until time.Time // until: zero = still
	configs     []string
}

// Server is an account in a Region. It satisfies cwagent.API, cwagent.ProfileAttacher and cwagent.ArrivalChecker, and is safe for
// concurrent use.
type Server struct {
	awsopstest.Script
	Clock *awsopstest.Clock

	o          Options
	mu         sync.Mutex
	machines   map[string]*machine
	commands   []*sent
	parameters map[string]*parameter
	endings    []ending
}

var (
	_ cwagent.API             = (*Server)(nil)
	_ cwagent.ProfileAttacher = (*Server)(nil)
	_ cwagent.ArrivalChecker  = (*Server)(nil)
)

// Newest is the version of the agent that is installed when none is asked for.
const Newest = "1.300064.0b1337"

// NewServer makes an account without instances.
func NewServer(opts *Options) *Server {
	var o Options
	if opts != nil {
		o = *opts
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Lag == 0 {
		o.Lag = 2 * time.Second
	}
	o.Lag = max(o.Lag, 0)
	if o.PublishLag == 0 {
		o.PublishLag = 90 * time.Second
	}
	if o.Clock == nil {
		o.Clock = &awsopstest.Clock{}
	}
	return &Server{Clock: o.Clock, o: o, machines: map[string]*machine{}, parameters: map[string]*parameter{}}
}

// Config is ready for cwagent.New.
func (s *Server) Config() cwagent.Config {
	return cwagent.Config{AWS: aws.Config{Region: s.o.Region}, API: s, Clock: s.Clock}
}

// AddInstance starts a machine. One with a profile comes online after its time.
func (s *Server) AddInstance(i Instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.OnlineAfter == 0 {
		i.OnlineAfter = 40 * time.Second
	}
	if i.Platform == "" {
		i.Platform = "Ubuntu"
		if i.Windows {
			i.Platform = "Microsoft Windows Server 2025 Datacenter"
		}
	}
	if i.Version == "" {
		i.Version = "24.04"
	}
	m := &machine{Instance: i, configs: maps.Clone(i.Configs)}
	if m.configs == nil {
		m.configs = map[string]string{}
	}
	if len(m.configs) > 0 && m.Installed != "" {
		s.start(m)
	}
	s.machines[i.ID] = m
	s.register(m)
}

func (s *Server) register(m *machine) {
	if m.Profile != "" && !m.Unreachable {
		m.registered = s.Clock.Now().Add(m.OnlineAfter)
	}
}

// Lose cuts a machine off: it stays registered, and nothing reaches it until it is found again.
func (s *Server) Lose(id string, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machines[id].lost = lost
}

// Configs are the configurations that the agent of an instance has now, by name.
func (s *Server) Configs(id string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	return maps.Clone(s.machines[id].configs)
}

// Running tells whether the agent of an instance runs, and in which version.
func (s *Server) Running(id string) (version string, running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	m := s.machines[id]
	return m.Installed, m.running
}

// Sent are the commands that arrived, in order, as "AWS-RunShellScript: awsops cwagent 1234abcd look".
func (s *Server) Sent() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		lines = append(lines, c.document+": "+c.comment)
	}
	return lines
}

// Parameters are the names in Parameter Store, sorted, each with its tier: "AmazonCloudWatch-x (Standard)".
func (s *Server) Parameters() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, p := range s.parameters {
		names = append(names, fmt.Sprintf("%s (%s)", name, p.tier))
	}
	slices.Sort(names)
	return names
}

// locked runs effect under the lock, as a call of op, after everything that is due has happened.
func locked[O any](ctx context.Context, s *Server, op string, effect func() (*O, error)) (*O, error) {
	return awsopstest.Call(ctx, &s.Script, op, func() (*O, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tick()
		return effect()
	})
}

// AttachProfile gives a profile to an instance that has none, or the same. Its operation in the script is "AssociateIamInstanceProfile".
func (s *Server) AttachProfile(ctx context.Context, instance, profile string) error {
	_, err := locked(ctx, s, "AssociateIamInstanceProfile", func() (*struct{}, error) {
		m := s.machines[instance]
		switch {
		case m == nil:
			return nil, awsopstest.Refuse("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", instance)
		case m.Profile == profile:
			return &struct{}{}, nil
		case m.Profile != "":
			return nil, awsopstest.Refuse("IncorrectState", "There is an existing association for instance %s", instance)
		}
		m.Profile = profile
		s.register(m)
		return &struct{}{}, nil
	})
	return err
}
