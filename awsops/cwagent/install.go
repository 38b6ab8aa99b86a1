package cwagent

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// Method is how the package gets onto the instance.
type Method string

// The two ways.
const (
	ByPackage Method = "package" // AWS's document AWS-ConfigureAWSPackage, the default
	ByScript  Method = "script"  // a shell script that downloads, checks the signature against the pinned key, and installs; Linux
)

// InstallOptions are what [Client.Install] may be told. nil and zero fields are defaults.
type InstallOptions struct {
	// RunID is in the comment of every command, [a-zA-Z0-9-]{3,40}: a second run finds by it the commands of the first that are
	// under way. One ID is for one wish; the default is made from the instance, the configuration and these options.
	RunID string

	// Roles gives the instance its Profile, unless it has it. nil = the profile is somebody else's affair.
	Roles   ProfileAttacher
	Profile string

	Method  Method
	Version string // of the agent; default: whatever is installed, else the newest
	Source  Source // of the script

	// Parameter is the name in Parameter Store; it must begin with "AmazonCloudWatch-", for the managed policy of the agent lets it
	// read no other (unverified). Default "AmazonCloudWatch-awsops-" and the instance. Several instances may share one.
	Parameter string
	// OverwriteParameter takes a parameter of that name that is not ours and holds something else.
	OverwriteParameter bool
	// AllowAdvanced permits the tier that holds 8 KB and is charged for, about $0.05 a month (unverified).
	AllowAdvanced bool

	// Replace makes this the only configuration of the agent: all others are removed. Default: it is appended beside them.
	Replace bool

	// Arrival proves the end: Install returns when it has seen a data point. nil = an event says that nobody looked.
	Arrival ArrivalChecker
	// Expect is the metric that is waited for; default: the first of the configuration whose dimensions are known here.
	Expect *agentconf.MetricID

	OnlineWithin  time.Duration // how long the instance may take to come online; 0 = as long as ctx
	ArrivalWithin time.Duration // how long the first data point may take; 0 = as long as ctx
	// Wait: Interval between two looks, default 10 seconds; Progress is called with every event, before the sequence gives it.
	Wait awsops.WaitOptions
}

var runForm = regexp.MustCompile(`^[a-zA-Z0-9-]{3,40}$`)

const parameterPrefix = "AmazonCloudWatch-"

var parameterForm = regexp.MustCompile(`^AmazonCloudWatch-[a-zA-Z0-9_.-]{1,200}$`)

// installation is one run of Install.
type installation struct {
	c        *Client
	instance string
	conf     agentconf.Config
	text     string // the configuration as JSON
	o        InstallOptions
	yield    func(Event, error) bool
	profile  *string // nil = not known
	node     Node
	since    time.Time // data points older than this prove nothing
	expect   *agentconf.MetricID
}

// errBreak is that the caller left the loop.
var errBreak = errors.New("left")

// Install brings the agent onto the instance, configures it, and waits until a data point has been seen. Every look and every
// step that was done is an [Event]; the error comes once and last. Leaving the loop stops it at once; so does a crash, and a
// second run goes on: whatever it repeats may be repeated. The sequence may be ranged over again, which looks again at
// everything.
//
// It has no time limit of its own: when ctx ends, the error wraps its cause and says what was waited for. Of an instance that
// never came online it gives the reasons.
//
// Errors are [*Error]: awsops.ErrInvalid with every problem of the configuration and the options before anything was sent,
// [ErrNotOnline], [ErrSignature], [ErrNoArrival], awsops.ErrFailed for a command that failed, awsops.ErrConflict for a
// parameter that is not ours, awsops.ErrUnknownOutcome, awsops.ErrDenied, awsops.ErrThrottled, errors.ErrUnsupported.
func (c *Client) Install(ctx context.Context, instance string, conf agentconf.Config, opts *InstallOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		in := &installation{c: c, instance: instance, conf: conf, yield: yield}
		if opts != nil {
			in.o = *opts
		}
		err := in.check()
		if err == nil {
			err = in.steps(ctx)
		}
		if err != nil && !errors.Is(err, errBreak) {
			yield(Event{}, err)
		}
	}
}

func (in *installation) steps(ctx context.Context) error {
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"role", in.role},
		{"online", in.waitOnline},
		{"package", in.install},
		{"parameter", in.parameter},
		{"configure", in.configure},
		{"running", in.running},
		{"arrival", in.arrival},
	} {
		if err := s.do(ctx); err != nil {
			if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) && !errors.Is(err, errBreak) {
				err = fmt.Errorf("%w: %w", cause, err) // an interface of the caller's says no more than "canceled"
			}
			return at(s.name, in.instance, err)
		}
	}
	return nil
}

// tell gives an event away.
func (in *installation) tell(step, phase, resource string) error {
	e := Event{Step: step, Phase: phase, Resource: resource, At: in.c.caller.Clock.Now()}
	if in.o.Wait.Progress != nil {
		in.o.Wait.Progress(e)
	}
	if !in.yield(e, nil) {
		return errBreak
	}
	return nil
}

// check is everything that can be known before anything is sent, and the defaults.
func (in *installation) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !instanceForm.MatchString(in.instance) {
		bad("%q is no ID of an instance", in.instance)
	}
	text, err := json.Marshal(in.conf)
	if err != nil {
		bad("the configuration: %w", err)
	}
	in.text = string(text)
	if err := in.conf.Validate(); err != nil {
		problems = append(problems, err)
	}
	o := &in.o
	o.Method = cmp.Or(o.Method, ByPackage)
	o.Parameter = cmp.Or(o.Parameter, parameterPrefix+"awsops-"+in.instance)
	o.RunID = cmp.Or(o.RunID, runID(in.instance, string(o.Method), o.Version, o.Parameter, strconv.FormatBool(o.Replace), in.text))
	o.Wait.Interval = cmp.Or(max(o.Wait.Interval, 0), 10*time.Second)
	if !runForm.MatchString(o.RunID) {
		bad("RunID: %q is not 3 to 40 letters, digits and -", o.RunID)
	}
	if o.Method != ByPackage && o.Method != ByScript {
		bad("Method: %q is none of package, script", o.Method)
	}
	if !parameterForm.MatchString(o.Parameter) {
		bad("Parameter: %q is not %s and up to 200 letters, digits and _.-", o.Parameter, parameterPrefix)
	}
	if (o.Profile != "") != (o.Roles != nil) {
		bad("Profile and Roles: the one needs the other")
	}
	if o.Version != "" && !versionForm.MatchString(o.Version) {
		bad("Version: %q is no version", o.Version)
	}
	switch n := len(in.text); {
	case n > agentconf.AdvancedParameter:
		bad("the configuration: %d bytes are more than the %d that Parameter Store holds", n, agentconf.AdvancedParameter)
	case n > agentconf.StandardParameter && !o.AllowAdvanced:
		bad("the configuration: %d bytes are more than the %d of a standard parameter: AllowAdvanced permits the tier that is charged for", n, agentconf.StandardParameter)
	}
	if strings.Contains(in.text, "{{") {
		bad("the configuration: Parameter Store takes no value with double braces")
	}
	o.Source.check(in.c.region, bad)
	if o.Arrival != nil {
		in.expect = in.expected()
		if in.expect == nil && in.conf.MetricsSection != nil {
			bad("Arrival: no metric of the configuration has dimensions that are known here: add InstanceId to append_dimensions, or set Expect")
		}
	}
	if err := errors.Join(problems...); err != nil {
		return &Error{Step: "check", Resource: in.instance, Err: fmt.Errorf("%w: %w", awsops.ErrInvalid, err)}
	}
	return nil
}

var (
	instanceForm = regexp.MustCompile(`^(i|mi)-[0-9a-f]{8,20}$`)
	versionForm  = regexp.MustCompile(`^[0-9][0-9a-zA-Z.~+-]{0,40}$`)
)

// runID is short and the same for the same wish.
func runID(wish ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(wish, "\n")))
	return hex.EncodeToString(sum[:4])
}

// comment is by what a command is found again.
func (in *installation) comment(step string) string {
	return "awsops cwagent " + in.o.RunID + " " + step
}

// role sees to it that the instance has a profile.
func (in *installation) role(ctx context.Context) error {
	if in.o.Roles == nil {
		return in.tell("role", "not checked", "")
	}
	if err := in.o.Roles.AttachProfile(ctx, in.instance, in.o.Profile); err != nil {
		return fmt.Errorf("the profile %s: %w", in.o.Profile, err)
	}
	in.profile = &in.o.Profile
	return in.tell("role", "done", in.o.Profile)
}
