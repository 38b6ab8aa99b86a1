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

// LifecyclePlan is what ApplyLifecycle would do. It is plain JSON: it can be stored, reviewed and applied later.
type LifecyclePlan struct {
	Bucket string          `json:"bucket"`
	Before []LifecycleRule `json:"before"` // the rules at the time of the plan; ApplyLifecycle refuses when they have changed
	After  []LifecycleRule `json:"after"`  // all of them, with those that are kept
	Kept   []string        `json:"kept,omitempty"`
	// Deletes says of each rule that is new or changed what objects it will delete, for which there is no way back.
	Deletes  []string `json:"deletes,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// Empty tells whether there is nothing to do.
func (p LifecyclePlan) Empty() bool { return equalLifecycles(p.Before, p.After) }

// String is the difference, one rule a line, as diff writes it; after it what would be deleted, and the warnings.
func (p LifecyclePlan) String() string {
	var b strings.Builder
	if p.Empty() {
		fmt.Fprintf(&b, "lifecycle %s: no changes\n", p.Bucket)
	} else {
		fmt.Fprintf(&b, "lifecycle %s:\n", p.Bucket)
		before, after := byID(p.Before), byID(p.After)
		for _, r := range p.Before {
			if o, ok := after[r.ID]; !ok || !r.equal(o) {
				fmt.Fprintf(&b, "- %s\n", r)
			}
		}
		for _, r := range p.After {
			mark := "+"
			if o, ok := before[r.ID]; ok && r.equal(o) {
				mark = " "
			}
			fmt.Fprintf(&b, "%s %s", mark, r)
			if slices.Contains(p.Kept, r.ID) {
				b.WriteString(" (kept)")
			}
			b.WriteString("\n")
		}
	}
	for _, d := range p.Deletes {
		b.WriteString("! DELETES OBJECTS: " + d + "\n")
	}
	for _, w := range p.Warnings {
		b.WriteString("! " + w + "\n")
	}
	return b.String()
}

// String is the rule in a line.
func (r LifecycleRule) String() string {
	var does []string
	say := func(what string, age time.Duration, date time.Time) {
		switch {
		case age > 0:
			does = append(does, what+" after "+days(age))
		case !date.IsZero():
			does = append(does, what+" on "+date.UTC().Format(time.RFC3339))
		}
	}
	say("abort unfinished uploads", r.AbortUploadsAfter, time.Time{})
	say("move to Infrequent Access", r.InfrequentAfter, r.InfrequentOn)
	say("delete objects", r.DeleteAfter, r.DeleteOn)
	what := "all keys"
	if r.Prefix != "" {
		what = fmt.Sprintf("%q", r.Prefix+"…")
	}
	off := ""
	if r.Disabled {
		off = " (disabled)"
	}
	return fmt.Sprintf("%q: %s: %s%s", r.ID, what, strings.Join(does, ", "), off)
}

// days is a time in days where it is whole days.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}

// equal compares rules to the second, which is what the API keeps.
func (r LifecycleRule) equal(o LifecycleRule) bool {
	sameTime := func(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) }
	return r.ID == o.ID && r.Prefix == o.Prefix && r.Disabled == o.Disabled && r.AbortUploadsAfter == o.AbortUploadsAfter &&
		r.DeleteAfter == o.DeleteAfter && r.InfrequentAfter == o.InfrequentAfter && sameTime(r.DeleteOn, o.DeleteOn) && sameTime(r.InfrequentOn, o.InfrequentOn)
}

func byID(rules []LifecycleRule) map[string]LifecycleRule {
	out := make(map[string]LifecycleRule, len(rules))
	for _, r := range rules {
		out[r.ID] = r
	}
	return out
}

// equalLifecycles compares sets: the order of the rules has no meaning.
func equalLifecycles(a, b []LifecycleRule) bool {
	other := byID(b)
	return len(a) == len(b) && !slices.ContainsFunc(a, func(r LifecycleRule) bool { o, ok := other[r.ID]; return !ok || !r.equal(o) })
}

// PlanLifecycle compares the rules of a bucket with those that are wanted, which replace them. R2 gives every bucket a rule that
// aborts unfinished uploads after 7 days, without which they are stored, and paid for, for ever: a rule of the bucket that
// does just that is kept, unless one of the wanted ones aborts the uploads of all keys itself. What would delete objects is in
// LifecyclePlan.Deletes. Every problem of want is reported before anything is sent, as [ErrInput]; so is, afterwards, an ID that
// is that of the rule that is kept, and more than 1,000 rules.
// Source: developers.cloudflare.com/r2/buckets/object-lifecycles (read 2026-11).
func (c *Client) PlanLifecycle(ctx context.Context, bucket string, want []LifecycleRule) (LifecyclePlan, error) {
	p := LifecyclePlan{Bucket: bucket, Before: []LifecycleRule{}, After: append([]LifecycleRule{}, want...)}
	if err := p.check(); err != nil {
		return LifecyclePlan{}, invalid("PlanLifecycle", bucket, err)
	}
	before, err := c.Lifecycle(ctx, bucket)
	if err != nil {
		return LifecyclePlan{}, err
	}
	p.Before = append(p.Before, before...)
	if !slices.ContainsFunc(want, LifecycleRule.abortsAll) {
		for _, r := range before {
			if !r.onlyAborts() {
				continue
			}
			p.After, p.Kept = append(p.After, r), append(p.Kept, r.ID)
		}
	}
	if err := p.check(); err != nil {
		return LifecyclePlan{}, invalid("PlanLifecycle", bucket, err)
	}
	p.judge()
	return p, nil
}

// judge finds what deserves a second look.
func (p *LifecyclePlan) judge() {
	before := byID(p.Before)
	for _, r := range p.After {
		if o, ok := before[r.ID]; ok && r.equal(o) || r.Disabled {
			continue
		}
		if r.DeleteAfter > 0 || !r.DeleteOn.IsZero() {
			p.Deletes = append(p.Deletes, r.String())
		}
		if r.InfrequentAfter > 0 || !r.InfrequentOn.IsZero() {
			p.Warnings = append(p.Warnings, fmt.Sprintf("rule %q: what is in Infrequent Access is paid for 30 days at least, and for being read; no rule leads back", r.ID))
		}
	}
	if !slices.ContainsFunc(p.After, LifecycleRule.abortsAll) {
		p.Warnings = append(p.Warnings, "no rule aborts the unfinished uploads of all keys: they are stored, and paid for, until somebody does")
	}
}

func (p LifecyclePlan) check() error {
	problems := []error{checkBucket(p.Bucket)}
	ids := map[string]bool{}
	for _, r := range p.After {
		switch {
		case ids[r.ID] && slices.Contains(p.Kept, r.ID):
			problems = append(problems, fmt.Errorf("rule %q: the ID is that of the rule that aborts unfinished uploads, which is kept", r.ID))
		case ids[r.ID]:
			problems = append(problems, fmt.Errorf("rule %q: there are two of this ID", r.ID))
		}
		ids[r.ID] = true
		problems = append(problems, r.check())
	}
	if len(p.After) > maxLifecycleRules {
		problems = append(problems, fmt.Errorf("%d rules with those that are kept: up to %d", len(p.After), maxLifecycleRules))
	}
	if slices.ContainsFunc(p.Before, LifecycleRule.onlyAborts) && !slices.ContainsFunc(p.After, LifecycleRule.abortsAll) {
		problems = append(problems, errors.New("the rule that aborts unfinished uploads would be lost"))
	}
	return errors.Join(problems...)
}

// ApplyLifecycle does what the plan says; an empty plan sends nothing. The rules are read once more, and when they are neither those
// of the plan nor its aim already, the error is [ErrChanged] and nothing is written. A plan that was changed by hand so that
// the rule that aborts unfinished uploads would be lost is [ErrInput]. Rules take effect within 24 hours.
func (c *Client) ApplyLifecycle(ctx context.Context, p LifecyclePlan) error {
	return rulePlan[LifecycleRule]{
		op: "ApplyLifecycle", bucket: p.Bucket, before: p.Before, after: p.After,
		equal: equalLifecycles, read: c.Lifecycle, write: c.writeLifecycle,
	}.apply(ctx, p.check())
}

func (c *Client) writeLifecycle(ctx context.Context, bucket string, rules []LifecycleRule) error {
	body, err := json.Marshal(map[string][]LifecycleRule{"rules": rules})
	if err != nil {
		return invalid("ApplyLifecycle", bucket, err)
	}
	var params cf.BucketLifecycleUpdateParams
	set(&params.AccountID.Value, &params.AccountID.Present, c.account)
	_, err = do(ctx, c, "PutLifecycle", bucket, harmless, func(ctx context.Context) (*cf.BucketLifecycleUpdateResponse, error) {
		// The SDK has a type for each leaf of this.
		return c.buckets.Lifecycle.Update(ctx, bucket, params, option.WithRequestBody("application/json", body))
	})
	return err
}

// SetLifecycle is [Client.PlanLifecycle] and [Client.ApplyLifecycle] at once: for rules that were reviewed elsewhere. Between reading
// and writing the rules nobody else should write them.
func (c *Client) SetLifecycle(ctx context.Context, bucket string, rules []LifecycleRule) error {
	p, err := c.PlanLifecycle(ctx, bucket, rules)
	if err != nil {
		return err
	}
	return c.ApplyLifecycle(ctx, p)
}
