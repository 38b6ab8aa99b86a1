package r2admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	cf "github.com/cloudflare/cloudflare-go/v7/r2"
)

// maxLifecycleRules is R2's limit.
const maxLifecycleRules = 1000

// LifecycleRule does something with objects or uploads after a time, within 24 hours of it. At least one of the times is set.
// Times are whole seconds; a date is in UTC.
type LifecycleRule struct {
	ID       string // required, its own in the bucket
	Prefix   string // of the keys; "" = all
	Disabled bool

	AbortUploadsAfter time.Duration // multipart uploads that were not completed
	DeleteAfter       time.Duration // objects, by age; or
	DeleteOn          time.Time     // on a day
	InfrequentAfter   time.Duration // to the class InfrequentAccess, by age; or
	InfrequentOn      time.Time     // on a day. There is no rule that leads back
}

func (r LifecycleRule) check() error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("rule %q: "+format, append([]any{r.ID}, args...)...))
	}
	if r.ID == "" {
		bad("ID is required")
	}
	for field, d := range map[string]time.Duration{
		"AbortUploadsAfter": r.AbortUploadsAfter, "DeleteAfter": r.DeleteAfter, "InfrequentAfter": r.InfrequentAfter,
	} {
		if d < 0 || d%time.Second != 0 {
			bad("%s: %v is not a time in whole seconds", field, d)
		}
	}
	if r.DeleteAfter != 0 && !r.DeleteOn.IsZero() || r.InfrequentAfter != 0 && !r.InfrequentOn.IsZero() {
		bad("an age and a date for the same: want one")
	}
	if r.AbortUploadsAfter == 0 && r.DeleteAfter == 0 && r.InfrequentAfter == 0 && r.DeleteOn.IsZero() && r.InfrequentOn.IsZero() {
		bad("it does nothing")
	}
	return errors.Join(problems...)
}

// abortsAll tells the rule that every bucket begins with: unfinished uploads of all keys.
func (r LifecycleRule) abortsAll() bool {
	return r.AbortUploadsAfter > 0 && r.Prefix == "" && !r.Disabled
}

// onlyAborts tells whether a rule does nothing else.
func (r LifecycleRule) onlyAborts() bool {
	return r.abortsAll() && r.DeleteAfter == 0 && r.InfrequentAfter == 0 && r.DeleteOn.IsZero() && r.InfrequentOn.IsZero()
}

// Lifecycle gives the rules of a bucket.
func (c *Client) Lifecycle(ctx context.Context, bucket string) ([]LifecycleRule, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, invalid("GetLifecycle", bucket, err)
	}
	var p cf.BucketLifecycleGetParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	got, err := do(ctx, c, "GetLifecycle", bucket, harmless, func(ctx context.Context) (*cf.BucketLifecycleGetResponse, error) {
		return c.buckets.Lifecycle.Get(ctx, bucket, p)
	})
	if err != nil {
		return nil, err
	}
	var out []LifecycleRule
	for _, r := range got.Rules {
		rule := LifecycleRule{
			ID: r.ID, Prefix: r.Conditions.Prefix, Disabled: !r.Enabled,
			AbortUploadsAfter: seconds(r.AbortMultipartUploadsTransition.Condition.MaxAge),
			DeleteAfter:       seconds(r.DeleteObjectsTransition.Condition.MaxAge), DeleteOn: r.DeleteObjectsTransition.Condition.Date,
		}
		for _, t := range r.StorageClassTransitions { // the only class that a rule leads to is InfrequentAccess
			rule.InfrequentAfter, rule.InfrequentOn = seconds(t.Condition.MaxAge), t.Condition.Date
		}
		out = append(out, rule)
	}
	return out, nil
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// SetLifecycle replaces the rules of a bucket, all at once, up to 1,000. R2 gives every bucket a rule that aborts unfinished
// uploads after 7 days, without which they are stored, and paid for, for ever: a rule of the bucket that does just that is kept,
// unless one of the new rules aborts the uploads of all keys itself. Between reading and writing the rules nobody else should
// write them. Rules take effect within 24 hours.
func (c *Client) SetLifecycle(ctx context.Context, bucket string, rules []LifecycleRule) error {
	problems := []error{checkBucket(bucket)}
	ids, aborts := map[string]bool{}, false
	for _, r := range rules {
		if ids[r.ID] {
			problems = append(problems, fmt.Errorf("rule %q: there are two of this ID", r.ID))
		}
		ids[r.ID], aborts = true, aborts || r.abortsAll()
		problems = append(problems, r.check())
	}
	if err := errors.Join(problems...); err != nil {
		return invalid("SetLifecycle", bucket, err)
	}
	all := append([]LifecycleRule(nil), rules...)
	if !aborts {
		old, err := c.Lifecycle(ctx, bucket)
		if err != nil {
			return err
		}
		for _, r := range old {
			if r.onlyAborts() && ids[r.ID] {
				return invalid("SetLifecycle", bucket, fmt.Errorf("rule %q: the ID is that of the rule that aborts unfinished uploads, which is kept", r.ID))
			}
			if r.onlyAborts() {
				all = append(all, r)
			}
		}
	}
	if len(all) > maxLifecycleRules {
		return invalid("SetLifecycle", bucket, fmt.Errorf("%d rules with those that are kept: up to %d", len(all), maxLifecycleRules))
	}
	body, err := lifecycleJSON(all)
	if err != nil {
		return invalid("SetLifecycle", bucket, err)
	}
	var p cf.BucketLifecycleUpdateParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	_, err = do(ctx, c, "PutLifecycle", bucket, harmless, func(ctx context.Context) (*cf.BucketLifecycleUpdateResponse, error) {
		return c.buckets.Lifecycle.Update(ctx, bucket, p, option.WithRequestBody("application/json", body))
	})
	return err
}

// lifecycleJSON is the shape of the API, in which the SDK has a type for each leaf.
func lifecycleJSON(rules []LifecycleRule) ([]byte, error) {
	type condition struct {
		Type   string `json:"type"`
		MaxAge int64  `json:"maxAge,omitempty"`
		Date   string `json:"date,omitempty"`
	}
	type transition struct {
		Condition    condition `json:"condition"`
		StorageClass string    `json:"storageClass,omitempty"`
	}
	type rule struct {
		ID         string            `json:"id"`
		Enabled    bool              `json:"enabled"`
		Conditions map[string]string `json:"conditions"`
		Abort      *transition       `json:"abortMultipartUploadsTransition,omitempty"`
		Delete     *transition       `json:"deleteObjectsTransition,omitempty"`
		Classes    []transition      `json:"storageClassTransitions,omitempty"`
	}
	when := func(age time.Duration, date time.Time) *transition {
		switch {
		case age > 0:
			return &transition{Condition: condition{Type: "Age", MaxAge: int64(age / time.Second)}}
		case !date.IsZero():
			return &transition{Condition: condition{Type: "Date", Date: date.UTC().Format(time.RFC3339)}}
		}
		return nil
	}
	out := []rule{}
	for _, r := range rules {
		j := rule{
			ID: r.ID, Enabled: !r.Disabled, Conditions: map[string]string{"prefix": r.Prefix},
			Abort: when(r.AbortUploadsAfter, time.Time{}), Delete: when(r.DeleteAfter, r.DeleteOn),
		}
		if t := when(r.InfrequentAfter, r.InfrequentOn); t != nil {
			t.StorageClass = "InfrequentAccess"
			j.Classes = append(j.Classes, *t)
		}
		out = append(out, j)
	}
	return json.Marshal(map[string]any{"rules": out})
}
