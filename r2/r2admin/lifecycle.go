package r2admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/r2"
)

// maxLifecycleRules is R2's limit.
const maxLifecycleRules = 1000

// LifecycleRule does something with objects or uploads after a time, within 24 hours of it. At least one of the times is set.
// Times are whole seconds; a date is in UTC. As JSON it has the shape of Cloudflare's API.
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
	for field, date := range map[string]time.Time{"DeleteOn": r.DeleteOn, "InfrequentOn": r.InfrequentOn} {
		if err := checkDate(date); err != nil {
			bad("%s: %w", field, err)
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
	// The types of the SDK are unions, one for each kind of condition; the rules have the shape that a plan is stored in.
	var in struct {
		Rules []LifecycleRule `json:"rules"`
	}
	if raw := got.JSON.RawJSON(); raw != "" {
		if err := json.Unmarshal([]byte(raw), &in); err != nil {
			return nil, &Error{Op: "GetLifecycle", Resource: bucket, Message: "the answer has another shape", Err: err}
		}
	}
	return in.Rules, nil
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// maxSeconds keeps an age from overflowing a Duration: 292 years.
const maxSeconds = math.MaxInt64 / int64(time.Second)

type conditionJSON struct {
	Type   string `json:"type"`
	MaxAge int64  `json:"maxAge,omitempty"`
	Date   string `json:"date,omitempty"`
}

type transitionJSON struct {
	Condition    conditionJSON `json:"condition"`
	StorageClass string        `json:"storageClass,omitempty"`
}

type lifecycleRuleJSON struct {
	ID         string            `json:"id"`
	Enabled    bool              `json:"enabled"`
	Conditions map[string]string `json:"conditions"`
	Abort      *transitionJSON   `json:"abortMultipartUploadsTransition,omitempty"`
	Delete     *transitionJSON   `json:"deleteObjectsTransition,omitempty"`
	Classes    []transitionJSON  `json:"storageClassTransitions,omitempty"`
}

func transition(age time.Duration, date time.Time) *transitionJSON {
	switch {
	case age > 0:
		return &transitionJSON{Condition: conditionJSON{Type: "Age", MaxAge: int64(age / time.Second)}}
	case !date.IsZero():
		return &transitionJSON{Condition: conditionJSON{Type: "Date", Date: date.UTC().Format(time.RFC3339)}}
	}
	return nil
}

func (t *transitionJSON) when() (age time.Duration, date time.Time, err error) {
	if t == nil {
		return 0, time.Time{}, nil
	}
	if t.Condition.MaxAge < 0 || t.Condition.MaxAge > maxSeconds {
		return 0, time.Time{}, fmt.Errorf("maxAge: %d is not in 0 to %d seconds", t.Condition.MaxAge, maxSeconds)
	}
	if t.Condition.Date != "" {
		if date, err = time.Parse(time.RFC3339, t.Condition.Date); err != nil {
			date, err = time.Parse(time.DateOnly, t.Condition.Date)
		}
		date = date.UTC()
		if err != nil || date.IsZero() || checkDate(date) != nil {
			return 0, time.Time{}, fmt.Errorf("date: %.32q is no date", t.Condition.Date)
		}
	}
	if t.Condition.MaxAge == 0 && date.IsZero() {
		return 0, time.Time{}, errors.New("a condition without a time")
	}
	return seconds(t.Condition.MaxAge), date, nil
}

// checkDate takes what can be written as RFC 3339 has it.
func checkDate(t time.Time) error {
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return fmt.Errorf("the year %d is not in 1 to 9999", year)
	}
	return nil
}

// MarshalJSON gives the shape of the API.
func (r LifecycleRule) MarshalJSON() ([]byte, error) {
	j := lifecycleRuleJSON{
		ID: r.ID, Enabled: !r.Disabled, Conditions: map[string]string{"prefix": r.Prefix},
		Abort: transition(r.AbortUploadsAfter, time.Time{}), Delete: transition(r.DeleteAfter, r.DeleteOn),
	}
	if t := transition(r.InfrequentAfter, r.InfrequentOn); t != nil {
		t.StorageClass = "InfrequentAccess"
		j.Classes = append(j.Classes, *t)
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads the shape of the API. What a LifecycleRule cannot hold is an error, so that a rule that is read and written
// again has lost nothing: a condition besides the prefix, several changes of class, a class other than InfrequentAccess.
func (r *LifecycleRule) UnmarshalJSON(data []byte) error {
	var in lifecycleRuleJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	out := LifecycleRule{ID: in.ID, Prefix: in.Conditions["prefix"], Disabled: !in.Enabled}
	for name, v := range in.Conditions {
		if name != "prefix" && v != "" {
			return fmt.Errorf("rule %q: the condition %q is not known", in.ID, name)
		}
	}
	var class *transitionJSON
	switch {
	case len(in.Classes) > 1, len(in.Classes) == 1 && in.Classes[0].StorageClass != "InfrequentAccess":
		return fmt.Errorf("rule %q: its changes of class are not known", in.ID)
	case len(in.Classes) == 1:
		class = &in.Classes[0]
	}
	var errs [3]error
	var never time.Time
	out.AbortUploadsAfter, never, errs[0] = in.Abort.when()
	out.DeleteAfter, out.DeleteOn, errs[1] = in.Delete.when()
	out.InfrequentAfter, out.InfrequentOn, errs[2] = class.when()
	if !never.IsZero() {
		errs[0] = errors.New("uploads that are aborted on a date are not known")
	}
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("rule %q: %w", in.ID, err)
	}
	*r = out
	return nil
}
