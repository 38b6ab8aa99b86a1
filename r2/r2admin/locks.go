package r2admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	cf "github.com/cloudflare/cloudflare-go/v7/r2"
)

// maxLockRules is R2's limit.
const maxLockRules = 1000

// LockRule keeps objects from being overwritten and deleted, also those that are there already: by their age, until a day, or for
// ever. Exactly one of the three is set. New objects can be made at any time. Of several rules that fit, the one that lasts
// longest counts; lifecycle rules wait for it. As JSON it has the shape of Cloudflare's API.
type LockRule struct {
	ID       string // required, its own in the bucket
	Prefix   string // of the keys; "" = all
	Disabled bool

	For        time.Duration // from when the object was written, in whole seconds; or
	Until      time.Time     // to the second; or
	Indefinite bool          // until the rule is gone
}

func (r LockRule) check() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("rule %q: "+format, append([]any{r.ID}, args...)...))
	}
	if r.ID == "" {
		bad("ID is required")
	}
	if r.For < 0 || r.For%time.Second != 0 {
		bad("For: %v is not a time in whole seconds", r.For)
	}
	if err := checkDate(r.Until); err != nil {
		bad("Until: %w", err)
	}
	set := 0
	for _, is := range []bool{r.For != 0, !r.Until.IsZero(), r.Indefinite} {
		if is {
			set++
		}
	}
	if set != 1 {
		bad("want one of For, Until and Indefinite, there are %d", set)
	}
	return errors.Join(problems...)
}

type lockConditionJSON struct {
	Type          string `json:"type"`
	MaxAgeSeconds int64  `json:"maxAgeSeconds,omitempty"`
	Date          string `json:"date,omitempty"`
}

type lockRuleJSON struct {
	ID        string            `json:"id"`
	Enabled   bool              `json:"enabled"`
	Prefix    string            `json:"prefix,omitempty"`
	Condition lockConditionJSON `json:"condition"`
}

// MarshalJSON gives the shape of the API.
func (r LockRule) MarshalJSON() ([]byte, error) {
	j := lockRuleJSON{ID: r.ID, Enabled: !r.Disabled, Prefix: r.Prefix, Condition: lockConditionJSON{Type: "Indefinite"}}
	switch {
	case r.For > 0:
		j.Condition = lockConditionJSON{Type: "Age", MaxAgeSeconds: int64(r.For / time.Second)}
	case !r.Until.IsZero():
		j.Condition = lockConditionJSON{Type: "Date", Date: r.Until.UTC().Format(time.RFC3339)}
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads the shape of the API. A condition that a LockRule cannot hold is an error, so that a rule that is read and
// written again is the same.
func (r *LockRule) UnmarshalJSON(data []byte) error {
	var in lockRuleJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	out := LockRule{ID: in.ID, Prefix: in.Prefix, Disabled: !in.Enabled}
	switch c := in.Condition; c.Type {
	case "Age":
		if c.MaxAgeSeconds <= 0 || c.MaxAgeSeconds > maxSeconds {
			return fmt.Errorf("rule %q: maxAgeSeconds: %d is not in 1 to %d", in.ID, c.MaxAgeSeconds, maxSeconds)
		}
		out.For = seconds(c.MaxAgeSeconds)
	case "Date":
		_, date, err := (&transitionJSON{Condition: conditionJSON{Date: c.Date}}).when()
		if err != nil {
			return fmt.Errorf("rule %q: %w", in.ID, err)
		}
		out.Until = date
	case "Indefinite":
		out.Indefinite = true
	default:
		return fmt.Errorf("rule %q: the condition %.32q is not known", in.ID, c.Type)
	}
	*r = out
	return nil
}

// String is the rule in a line.
func (r LockRule) String() string {
	what := "all keys"
	if r.Prefix != "" {
		what = fmt.Sprintf("%q", r.Prefix+"…")
	}
	how := "for ever"
	switch {
	case r.For > 0:
		how = "for " + days(r.For)
	case !r.Until.IsZero():
		how = "until " + r.Until.UTC().Format(time.RFC3339)
	}
	if r.Disabled {
		how += " (disabled)"
	}
	return fmt.Sprintf("%q: %s: locked %s", r.ID, what, how)
}

func (r LockRule) equal(o LockRule) bool {
	return r.ID == o.ID && r.Prefix == o.Prefix && r.Disabled == o.Disabled && r.For == o.For && r.Indefinite == o.Indefinite &&
		r.Until.Truncate(time.Second).Equal(o.Until.Truncate(time.Second))
}

// covers tells whether this rule holds everything that o holds, for at least as long. A date and an age cannot be compared.
func (r LockRule) covers(o LockRule) bool {
	longer := r.Indefinite || r.For > 0 && o.For > 0 && r.For >= o.For || !r.Until.IsZero() && !o.Until.IsZero() && !r.Until.Before(o.Until)
	return !r.Disabled && longer && strings.HasPrefix(o.Prefix, r.Prefix)
}

// Locks gives the lock rules of a bucket; none at all is no error.
// Source: developers.cloudflare.com/r2/buckets/bucket-locks (read 2026-11).
func (c *Client) Locks(ctx context.Context, bucket string) ([]LockRule, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, invalid("GetLocks", bucket, err)
	}
	var p cf.BucketLockGetParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	got, err := do(ctx, c, "GetLocks", bucket, harmless, func(ctx context.Context) (*cf.BucketLockGetResponse, error) {
		return c.buckets.Locks.Get(ctx, bucket, p)
	})
	if err != nil {
		return nil, err
	}
	// The condition is a union in the SDK, without a word for which it is; the rules have the shape that a plan is stored in.
	var in struct {
		Rules []LockRule `json:"rules"`
	}
	if raw := got.JSON.RawJSON(); raw != "" {
		if err := json.Unmarshal([]byte(raw), &in); err != nil {
			return nil, &Error{Op: "GetLocks", Resource: bucket, Message: "the answer has another shape", Err: err}
		}
	}
	return in.Rules, nil
}

// LockPlan is what ApplyLocks would do. It is plain JSON: it can be stored, reviewed and applied later.
type LockPlan struct {
	Bucket string     `json:"bucket"`
	Before []LockRule `json:"before"` // the rules at the time of the plan; ApplyLocks refuses when they have changed
	After  []LockRule `json:"after"`
	// Loosens says of each rule whose objects are held no longer, or less long, by one of the new ones: they can be lost then.
	Loosens []string `json:"loosens,omitempty"`
}

// Empty tells whether there is nothing to do.
func (p LockPlan) Empty() bool { return equalLocks(p.Before, p.After) }

// String is the difference, one rule a line, as diff writes it; after it what is held no longer.
func (p LockPlan) String() string {
	var b strings.Builder
	if p.Empty() {
		fmt.Fprintf(&b, "locks %s: no changes\n", p.Bucket)
		return b.String()
	}
	fmt.Fprintf(&b, "locks %s:\n", p.Bucket)
	for _, r := range p.Before {
		if !slices.ContainsFunc(p.After, r.equal) {
			fmt.Fprintf(&b, "- %s\n", r)
		}
	}
	for _, r := range p.After {
		mark := "+"
		if slices.ContainsFunc(p.Before, r.equal) {
			mark = " "
		}
		fmt.Fprintf(&b, "%s %s\n", mark, r)
	}
	for _, l := range p.Loosens {
		b.WriteString("! LOOSENS A LOCK: " + l + "\n")
	}
	return b.String()
}

// equalLocks compares sets: the strictest rule counts, and not the first.
func equalLocks(a, b []LockRule) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(r LockRule) bool { return !slices.ContainsFunc(b, r.equal) })
}

func (p LockPlan) check() error {
	problems := []error{checkBucket(p.Bucket)}
	ids := map[string]bool{}
	for _, r := range p.After {
		if ids[r.ID] {
			problems = append(problems, fmt.Errorf("rule %q: there are two of this ID", r.ID))
		}
		ids[r.ID] = true
		problems = append(problems, r.check())
	}
	if len(p.After) > maxLockRules {
		problems = append(problems, fmt.Errorf("%d rules: up to %d", len(p.After), maxLockRules))
	}
	return errors.Join(problems...)
}

// PlanLocks compares the lock rules of a bucket with those that are wanted, which replace them: none removes them. Every problem of
// want is reported before anything is sent, as [ErrInput].
func (c *Client) PlanLocks(ctx context.Context, bucket string, want []LockRule) (LockPlan, error) {
	p := LockPlan{Bucket: bucket, Before: []LockRule{}, After: append([]LockRule{}, want...)}
	if err := p.check(); err != nil {
		return LockPlan{}, invalid("PlanLocks", bucket, err)
	}
	before, err := c.Locks(ctx, bucket)
	if err != nil {
		return LockPlan{}, err
	}
	p.Before = append(p.Before, before...)
	for _, old := range before {
		if !old.Disabled && !slices.ContainsFunc(want, func(r LockRule) bool { return r.covers(old) }) {
			p.Loosens = append(p.Loosens, old.String())
		}
	}
	return p, nil
}

// ApplyLocks does what the plan says; an empty plan sends nothing. The rules are read once more, and when they are neither those of
// the plan nor its aim already, the error is [ErrChanged] and nothing is written. Once it has returned, what the rules hold can no
// longer be overwritten or deleted: package r2 then gets fs.ErrPermission (ObjectLockedByBucketPolicy).
func (c *Client) ApplyLocks(ctx context.Context, p LockPlan) error {
	return rulePlan[LockRule]{
		op: "ApplyLocks", bucket: p.Bucket, before: p.Before, after: p.After, equal: equalLocks, read: c.Locks, write: c.writeLocks,
	}.apply(ctx, p.check())
}

func (c *Client) writeLocks(ctx context.Context, bucket string, rules []LockRule) error {
	body, err := json.Marshal(map[string][]LockRule{"rules": rules})
	if err != nil {
		return invalid("ApplyLocks", bucket, err)
	}
	var params cf.BucketLockUpdateParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.account)
	_, err = do(ctx, c, "PutLocks", bucket, harmless, func(ctx context.Context) (*cf.BucketLockUpdateResponse, error) {
		return c.buckets.Locks.Update(ctx, bucket, params, option.WithRequestBody("application/json", body))
	})
	return err
}
