package acmx

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// Step is what the next [Client.Advance] does.
type Step string

// The steps, in their order.
const (
	StepRequest Step = "request" // look for a certificate, and request one if there is none
	StepDetails Step = "details" // wait until ACM has a record for each name
	StepTags    Step = "tags"    // put the tags on it
	StepRecord  Step = "record"  // present one record
	StepWait    Step = "wait"    // wait until it is issued
	StepDone    Step = "done"
)

// State is how far [Client.Ensure] has come. It is plain JSON, and losing it loses nothing: from the zero State the same
// certificate is found again at ACM.
type State struct {
	Spec        string    `json:"spec,omitzero"` // the fingerprint
	Step        Step      `json:"step,omitzero"` // "" = StepRequest
	ARN         string    `json:"arn,omitzero"`
	Reused      bool      `json:"reused,omitzero"`      // it was there before
	RequestedAt time.Time `json:"requestedAt,omitzero"` // or found
	Dead        []string  `json:"dead,omitzero"`        // failed ones, so that they are not brought back
	Records     []Record  `json:"records,omitzero"`
	Presented   int       `json:"presented,omitzero"` // how many of Records
	Looks       int       `json:"looks,omitzero"`     // within this step
	Status      Status    `json:"status,omitzero"`    // as seen last
}

// Next is what to do with a [State].
type Next struct {
	Step  Step
	After time.Duration // when to call again; 0 = at once
}

// Done tells that the certificate is issued.
func (n Next) Done() bool { return n.Step == StepDone }

// EnsureOptions is what [Client.Ensure] may be told. nil is the defaults.
type EnsureOptions struct {
	// ReuseOnly buys nothing, whatever MaxCost is: without a certificate of the spec the error is fs.ErrNotExist.
	ReuseOnly bool
	// OnlyTagged takes no certificate that fits but was made elsewhere, and so has no tag [TagSpec].
	OnlyTagged bool
	// Interval is the pause between looks while ACM validates; default 5 s, growing by half up to 30 s.
	Interval time.Duration
	// Progress is told after every step, on the goroutine of the caller.
	Progress func(State, Next)
}

func (o *EnsureOptions) orDefault() EnsureOptions {
	var out EnsureOptions
	if o != nil {
		out = *o
	}
	if out.Interval <= 0 {
		out.Interval = 5 * time.Second
	}
	return out
}

// How long a certificate that was requested may be unknown to DescribeCertificate. "Several seconds", says ACM.
const patience = 2 * time.Minute

// Advance makes the next step towards the certificate of the spec: at most one call that changes anything, safe to make
// again after a crash at any point. [Client.Ensure] is a loop over it; cron jobs and workflow engines call it themselves.
// A nil solver presents nothing: somebody else adds State.Records.
//
// Errors are as with [Client.Ensure]. The State beside an error is still good to go on from.
func (c *Client) Advance(ctx context.Context, spec Spec, solver Solver, s State, opts *EnsureOptions) (State, Next, error) {
	spec, err := spec.normal(c.maxNames)
	if err != nil {
		return s, Next{Step: s.Step}, invalid("Ensure", "", err)
	}
	if s.Spec == "" {
		s.Spec = spec.Fingerprint()
	}
	if s.Spec != spec.Fingerprint() {
		return s, Next{Step: s.Step}, invalid("Ensure", s.ARN, errors.New("the State is that of another Spec"))
	}
	o := opts.orDefault()
	s.Dead, s.Records = slices.Clone(s.Dead), slices.Clone(s.Records)
	switch s.Step {
	case "", StepRequest:
		return c.stepRequest(ctx, spec, s, o)
	case StepDetails:
		return c.stepDetails(ctx, spec, s)
	case StepTags:
		return c.stepTags(ctx, spec, s)
	case StepRecord:
		return c.stepRecord(ctx, solver, s)
	case StepWait:
		return c.stepWait(ctx, s, o)
	case StepDone:
		return s, Next{Step: StepDone}, nil
	}
	return s, Next{Step: s.Step}, invalid("Ensure", s.ARN, fmt.Errorf("the State has the unknown step %q", string(s.Step)))
}

// to moves on to a step.
func (s State) to(step Step, after time.Duration) (State, Next, error) {
	s.Step, s.Looks = step, 0
	return s, Next{Step: step, After: after}, nil
}

// again repeats the step later: the pause grows by factor from first up to most.
func (s State) again(first, most time.Duration, factor float64) (State, Next, error) {
	pause := first
	for range s.Looks {
		pause = min(time.Duration(float64(pause)*factor), most)
	}
	s.Looks++
	return s, Next{Step: s.Step, After: pause}, nil
}

func (c *Client) stepRequest(ctx context.Context, spec Spec, s State, o EnsureOptions) (State, Next, error) {
	s.Step = StepRequest
	stay := Next{Step: StepRequest}
	if err := c.affordable("Ensure", spec, o); err != nil {
		return s, stay, err
	}
	f, err := c.search(ctx, spec, o.OnlyTagged)
	if err != nil {
		return s, stay, err
	}
	if f.best != nil {
		s.ARN, s.Reused, s.Status, s.RequestedAt = f.best.ARN, true, f.best.Status, c.now()
		return s.to(StepDetails, 0)
	}
	if o.ReuseOnly {
		return s, stay, &Error{Op: "Ensure", Err: fmt.Errorf("no certificate of these names: %w", fs.ErrNotExist)}
	}
	verdicts, err := c.checkCAA(ctx, spec.Names)
	if err == nil {
		err = forbidden("Ensure", verdicts)
	}
	if err != nil {
		return s, stay, err
	}
	for _, arn := range f.dead {
		if !slices.Contains(s.Dead, arn) {
			s.Dead = append(s.Dead, arn)
		}
	}
	before := c.now()
	arn, err := c.request(ctx, spec, s.Dead)
	if err != nil {
		return s, stay, err
	}
	s.ARN, s.Reused, s.Status, s.RequestedAt = arn, false, StatusPending, before
	return s.to(StepDetails, time.Second)
}

// affordable refuses what costs more than was allowed.
func (c *Client) affordable(op string, spec Spec, o EnsureOptions) error {
	if o.ReuseOnly {
		return nil
	}
	if cost := c.estimate(spec); cost.Issue > spec.MaxCost {
		return &Error{Op: op, Err: fmt.Errorf("%w: %s is more than %s", ErrTooExpensive, cost, spec.MaxCost)}
	}
	return nil
}

// request buys. It may be repeated: for an hour ACM takes the same token for the same certificate.
func (c *Client) request(ctx context.Context, spec Spec, dead []string) (string, error) {
	tags := maps.Clone(spec.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[TagSpec] = spec.Fingerprint()
	in := acm.RequestCertificateInput{
		DomainName:       &spec.Names[0],
		IdempotencyToken: new(spec.token(dead)),
		KeyAlgorithm:     types.KeyAlgorithm(spec.Key),
		ValidationMethod: types.ValidationMethodDns,
		Tags:             sdkTags(tags),
		Options:          &types.CertificateOptions{Export: types.CertificateExportDisabled},
	}
	if len(spec.Names) > 1 {
		in.SubjectAlternativeNames = spec.Names[1:]
	}
	if spec.Exportable {
		in.Options.Export = types.CertificateExportEnabled
	}
	out, err := act(ctx, c, action{op: "RequestCertificate", token: true}, c.api.request, &in)
	if err != nil {
		return "", err
	}
	if aws.ToString(out.CertificateArn) == "" {
		return "", &Error{Op: "RequestCertificate", Err: fmt.Errorf("%w: the answer holds no ARN", ErrUnknownOutcome)}
	}
	return *out.CertificateArn, nil
}

func (c *Client) stepDetails(ctx context.Context, spec Spec, s State) (State, Next, error) {
	d, err := c.describe(ctx, s.ARN)
	if errors.Is(err, fs.ErrNotExist) && c.now().Sub(s.RequestedAt) < patience {
		return s.again(time.Second, 8*time.Second, 2)
	}
	if e, ok := errors.AsType[*Error](err); ok && errors.Is(err, fs.ErrNotExist) && !s.Reused {
		gone := *e
		gone.Message += "; ACM answers the request with a certificate that is gone: if it was deleted within the last hour, run this again after that, or set Spec.Label"
		return s, Next{Step: s.Step}, &gone
	}
	if err != nil {
		return s, Next{Step: s.Step}, err
	}
	s.Status = d.Status
	if d.Status.Final() {
		// ACM has taken the request for one of the last hour, whose certificate has failed meanwhile. The next one bears
		// that in its token. One that failed after this request is a failure to be told.
		if !s.Reused && d.CreatedAt.Before(s.RequestedAt.Add(-patience)) && !slices.Contains(s.Dead, s.ARN) {
			s.Dead = append(s.Dead, s.ARN)
			s.ARN = ""
			return s.to(StepRequest, 0)
		}
		return s, Next{Step: s.Step}, d.final("Ensure")
	}
	if !d.complete(spec.Names) && d.Status != StatusIssued {
		return s.again(time.Second, 8*time.Second, 2)
	}
	s.Records, s.Presented = d.Records(), 0
	return s.to(StepTags, 0)
}

// stepTags puts on what is missing. Those that are there beside are somebody else's and stay.
func (c *Client) stepTags(ctx context.Context, spec Spec, s State) (State, Next, error) {
	have, err := c.tagsOf(ctx, s.ARN)
	if err != nil {
		return s, Next{Step: s.Step}, err
	}
	missing := map[string]string{}
	want := maps.Clone(spec.Tags)
	if want == nil {
		want = map[string]string{}
	}
	want[TagSpec] = spec.Fingerprint()
	for key, value := range want {
		if got, ok := have[key]; !ok || got != value {
			missing[key] = value
		}
	}
	if len(missing) > 0 {
		in := acm.AddTagsToCertificateInput{CertificateArn: &s.ARN, Tags: sdkTags(missing)}
		if _, err := call(ctx, c, "AddTagsToCertificate", s.ARN, c.api.addTags, &in); err != nil {
			return s, Next{Step: s.Step}, err
		}
	}
	return s.to(StepRecord, 0)
}

func (c *Client) stepRecord(ctx context.Context, solver Solver, s State) (State, Next, error) {
	if solver == nil || s.Presented >= len(s.Records) {
		return s.to(StepWait, 0)
	}
	r := s.Records[s.Presented]
	if err := solver.PresentCNAME(ctx, r.Name, r.Target); err != nil {
		return s, Next{Step: s.Step}, &Error{Op: "PresentCNAME", ARN: s.ARN, Err: fmt.Errorf("%s: %w", r.Name, err)}
	}
	s.Presented++
	if s.Presented >= len(s.Records) {
		return s.to(StepWait, 0)
	}
	return s, Next{Step: s.Step}, nil
}

func (c *Client) stepWait(ctx context.Context, s State, o EnsureOptions) (State, Next, error) {
	d, err := c.describe(ctx, s.ARN)
	if err == nil {
		s.Status = d.Status
		err = d.final("Ensure")
	}
	if err != nil {
		return s, Next{Step: s.Step}, err
	}
	if d.Status == StatusIssued { // and not when every name has SUCCESS, which is earlier
		return s.to(StepDone, 0)
	}
	return s.again(o.Interval, max(o.Interval, 30*time.Second), 1.5)
}
