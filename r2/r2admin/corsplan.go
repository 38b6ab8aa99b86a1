package r2admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CORSPlan is what ApplyCORS would do. It is plain JSON: it can be stored, reviewed and applied later.
type CORSPlan struct {
	Bucket   string     `json:"bucket"`
	Before   []CORSRule `json:"before"` // the rules at the time of the plan; ApplyCORS refuses when they have changed
	After    []CORSRule `json:"after"`
	Warnings []string   `json:"warnings,omitempty"`
}

// Empty tells whether there is nothing to do.
func (p CORSPlan) Empty() bool { return equalRules(p.Before, p.After) }

// String is the difference, one rule a line, as diff writes it; after it the warnings.
func (p CORSPlan) String() string {
	var b strings.Builder
	if p.Empty() {
		fmt.Fprintf(&b, "cors %s: no changes\n", p.Bucket)
	} else {
		fmt.Fprintf(&b, "cors %s:\n", p.Bucket)
		line := func(mark string, r CORSRule) {
			data, _ := json.Marshal(r) // strings and numbers: it cannot fail
			fmt.Fprintf(&b, "%s %s\n", mark, data)
		}
		has := func(list []CORSRule, r CORSRule) bool {
			return slices.ContainsFunc(list, func(o CORSRule) bool { return o.equal(r) || r.equal(o) })
		}
		moved := true
		for _, r := range p.Before {
			if !has(p.After, r) {
				line("-", r)
				moved = false
			}
		}
		for _, r := range p.After {
			if !has(p.Before, r) {
				line("+", r)
				moved = false
			} else if len(p.Before) > 0 {
				line(" ", r)
			}
		}
		if moved {
			b.WriteString("the order of the rules changes, or how often one is there\n")
		}
	}
	for _, w := range p.Warnings {
		b.WriteString("! " + w + "\n")
	}
	return b.String()
}

// equalRules compares in order, since the first rule that fits counts.
func equalRules(got, want []CORSRule) bool {
	return slices.EqualFunc(got, want, func(g, w CORSRule) bool { return g.normal().equal(w.normal()) })
}

// PlanCORS compares the rules of a bucket with those that are wanted, which replace them: none removes them. The order of
// origins, methods and headers within a rule, the case of methods and headers, and IDs that are not asked for make no
// difference. Every problem of want is reported before anything is sent, as [ErrInput].
func (c *Client) PlanCORS(ctx context.Context, bucket string, want []CORSRule) (CORSPlan, error) {
	p := CORSPlan{Bucket: bucket, Before: []CORSRule{}, After: []CORSRule{}}
	for i, r := range want {
		p.After = append(p.After, r.normal())
		if slices.Contains(r.Headers, "*") {
			p.Warnings = append(p.Warnings, fmt.Sprintf("rule %d: \"*\" in Headers works for some and not for others: list them, such as content-type", i+1))
		}
		if slices.Contains(p.After[i].Methods, "PUT") && !slices.Contains(r.Headers, "*") && !slices.Contains(p.After[i].Headers, "content-type") {
			p.Warnings = append(p.Warnings, fmt.Sprintf("rule %d: a presigned PUT from a browser needs content-type in Headers", i+1))
		}
	}
	if err := p.check(); err != nil {
		return CORSPlan{}, invalid("PlanCORS", bucket, err)
	}
	got, err := c.CORS(ctx, bucket)
	if err != nil {
		return CORSPlan{}, err
	}
	for _, r := range got {
		p.Before = append(p.Before, r.normal())
	}
	return p, nil
}

func (p CORSPlan) check() error {
	problems := []error{checkBucket(p.Bucket)}
	for i, r := range p.After {
		if err := r.check(); err != nil {
			problems = append(problems, fmt.Errorf("rule %d: %w", i+1, err))
		}
	}
	return errors.Join(problems...)
}

// ApplyCORS does what the plan says; an empty plan sends nothing. The rules are read once more, and when they are neither those
// of the plan nor its aim already, the error is [ErrChanged] and nothing is written. Browsers see new rules after up to 30
// seconds.
func (c *Client) ApplyCORS(ctx context.Context, p CORSPlan) error {
	return rulePlan[CORSRule]{
		op: "ApplyCORS", bucket: p.Bucket, before: p.Before, after: p.After, equal: equalRules, read: c.CORS, write: c.writeCORS,
	}.apply(ctx, p.check())
}

// writeCORS replaces the rules. None is a configuration less: the platform refuses an empty one.
func (c *Client) writeCORS(ctx context.Context, bucket string, rules []CORSRule) error {
	if len(rules) == 0 {
		return c.deleteCORS(ctx, bucket)
	}
	return c.putCORS(ctx, bucket, rules)
}
