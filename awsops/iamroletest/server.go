package iamroletest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/iamrole"
)

// Options are how an account behaves. nil and zero fields are defaults.
type Options struct {
	Region      string            // says the partition; default "us-east-1"
	Account     string            // default "123456789012"
	Lag         time.Duration     // how long reads and dependent calls do not see a change; default 3 seconds, below 0 = none
	EC2Lag      time.Duration     // how long EC2 does not see one; default 12 seconds, below 0 = none
	MaxRoles    int               // quota of roles; default 1,000
	MaxAttached int               // quota of managed policies of a role; default 10
	Clock       *awsopstest.Clock // shared with other fakes; default one of its own
}

// Server is an account. It satisfies iamrole.API, and is safe for concurrent use.
type Server struct {
	awsopstest.Script
	Clock *awsopstest.Clock

	o        Options
	mu       sync.Mutex
	roles    map[string]*history[role]
	profiles map[string]*history[profile]
	policies map[string]bool
	attached map[string]string // instance to profile
	made     int
}

var _ iamrole.API = (*Server)(nil)

type role struct {
	name, path, trust, description, boundary, id string
	created                                      time.Time
	tags                                         map[string]string
	managed                                      []string
	inline                                       map[string]string
}

func (r role) clone() role {
	r.managed, r.inline = slices.Clone(r.managed), maps.Clone(r.inline)
	return r
}

type profile struct {
	name, path, id string
	created        time.Time
	tags           map[string]string
	role           string
}

// history is a thing with what it was, for readers that lag behind. A nil value is "deleted".
type history[T any] struct {
	at     []time.Time
	values []*T
}

func (h *history[T]) now() *T {
	if h == nil || len(h.values) == 0 {
		return nil
	}
	return h.values[len(h.values)-1]
}

func (h *history[T]) asOf(t time.Time) *T {
	if h == nil {
		return nil
	}
	for i, at := range slices.Backward(h.at) {
		if !at.After(t) {
			return h.values[i]
		}
	}
	return nil
}

func (h *history[T]) set(t time.Time, v *T) {
	h.at, h.values = append(h.at, t), append(h.values, v)
}

// NewServer makes an empty account that knows a few of AWS's managed policies.
func NewServer(opts *Options) *Server {
	var o Options
	if opts != nil {
		o = *opts
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
		*d = max(*d, 0)
	}
	def(&o.Lag, 3*time.Second)
	def(&o.EC2Lag, 12*time.Second)
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.MaxRoles == 0 {
		o.MaxRoles = 1000
	}
	if o.MaxAttached == 0 {
		o.MaxAttached = 10
	}
	if o.Clock == nil {
		o.Clock = &awsopstest.Clock{}
	}
	s := &Server{
		Clock: o.Clock, o: o,
		roles: map[string]*history[role]{}, profiles: map[string]*history[profile]{}, policies: map[string]bool{}, attached: map[string]string{},
	}
	for _, name := range []string{iamrole.PolicySSM, iamrole.PolicyCWAgent, "CloudWatchLogsReadOnlyAccess", "AmazonS3ReadOnlyAccess"} {
		s.AddPolicy("arn:" + string(s.partition()) + ":iam::aws:policy/" + name)
	}
	return s
}

// Config is ready for iamrole.New.
func (s *Server) Config() iamrole.Config {
	return iamrole.Config{AWS: aws.Config{Region: s.o.Region}, API: s, Clock: s.Clock}
}

// AddPolicy makes a managed policy known.
func (s *Server) AddPolicy(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies[arn] = true
}

// AddRole is a role that somebody else has made, long ago.
func (s *Server) AddRole(name, trust string, tags map[string]string, managed ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &history[role]{}
	h.set(time.Time{}, &role{name: name, path: "/", trust: trust, tags: tags, managed: managed, id: s.id("AROA"), inline: map[string]string{}})
	s.roles[name] = h
}

// AddProfile is a profile that somebody else has made, long ago. An empty role is none.
func (s *Server) AddProfile(name, roleName string, tags map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &history[profile]{}
	h.set(time.Time{}, &profile{name: name, path: "/", tags: tags, role: roleName, id: s.id("AIPA")})
	s.profiles[name] = h
}

// Snapshot is everything that is there now, sorted, as lines: "role web: AmazonSSM…", "profile web: web". Readers of IAM see it
// later.
func (s *Server) Snapshot() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, h := range s.roles {
		if r := h.now(); r != nil {
			what := slices.Concat(slices.Clone(r.managed), slices.Collect(maps.Keys(r.inline)))
			slices.Sort(what)
			lines = append(lines, "role "+name+": "+strings.Join(what, " "))
		}
	}
	for name, h := range s.profiles {
		if p := h.now(); p != nil {
			lines = append(lines, "profile "+name+": "+p.role)
		}
	}
	slices.Sort(lines)
	return lines
}

func (s *Server) partition() awsops.Partition { return awsops.PartitionOf(s.o.Region) }

func (s *Server) arn(kind, path, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s%s%s", s.partition(), s.o.Account, kind, path, name)
}

func (s *Server) id(prefix string) string {
	s.made++
	sum := sha256.Sum256(fmt.Append(nil, prefix, s.made))
	return prefix + strings.ToUpper(hex.EncodeToString(sum[:8]))
}

// seen is the moment up to which readers see.
func (s *Server) seen() time.Time { return s.Clock.Now().Add(-s.o.Lag) }

func (s *Server) role(name string) (*role, error) {
	if r := s.roles[name].asOf(s.seen()); r != nil {
		return r, nil
	}
	return nil, awsopstest.Refuse("NoSuchEntity", "The role with name %s cannot be found.", name)
}

func (s *Server) profile(name string) (*profile, error) {
	if p := s.profiles[name].asOf(s.seen()); p != nil {
		return p, nil
	}
	return nil, awsopstest.Refuse("NoSuchEntity", "Instance Profile %s cannot be found.", name)
}

// change is a role to be written: it must be visible and still there.
func (s *Server) change(name string, edit func(*role) error) error {
	if _, err := s.role(name); err != nil {
		return err
	}
	r := s.roles[name].now()
	if r == nil {
		return awsopstest.Refuse("NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	next := r.clone()
	if err := edit(&next); err != nil {
		return err
	}
	s.roles[name].set(s.Clock.Now(), &next)
	return nil
}

func (s *Server) answerRole(r *role, tags bool) types.Role {
	out := types.Role{
		RoleName: &r.name, RoleId: &r.id, Path: &r.path, Arn: new(s.arn("role", r.path, r.name)), CreateDate: &r.created,
		AssumeRolePolicyDocument: new(encode(r.trust)),
	}
	if r.description != "" {
		out.Description = &r.description
	}
	if r.boundary != "" {
		out.PermissionsBoundary = &types.AttachedPermissionsBoundary{
			PermissionsBoundaryArn: &r.boundary, PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy,
		}
	}
	if tags {
		out.Tags = answerTags(r.tags)
	}
	return out
}

func (s *Server) answerProfile(p *profile) *types.InstanceProfile {
	out := &types.InstanceProfile{
		InstanceProfileName: &p.name, InstanceProfileId: &p.id, Path: &p.path, Arn: new(s.arn("instance-profile", p.path, p.name)),
		CreateDate: &p.created, Tags: answerTags(p.tags), Roles: []types.Role{},
	}
	if r := s.roles[p.role].now(); p.role != "" && r != nil {
		out.Roles = append(out.Roles, s.answerRole(r, false))
	}
	return out
}

func answerTags(tags map[string]string) (out []types.Tag) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: &k, Value: new(tags[k])})
	}
	return out
}
