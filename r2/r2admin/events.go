package r2admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cloudflare/cloudflare-go/v7/option"
	cf "github.com/cloudflare/cloudflare-go/v7/r2"
)

// maxEventRules is R2's limit for a bucket.
const maxEventRules = 100

// The queue is named by its ID: the shape of one keeps a name, or a part of a path, from being taken for it.
var queueID = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// EventRule sends a message to a queue for each event in a bucket that it fits. As JSON it has the shape of Cloudflare's API, with
// the queue beside it.
type EventRule struct {
	QueueID     string   `json:"queueId"`               // required: the ID, not the name
	Actions     []string `json:"actions"`               // required: of [EventActions]
	Prefix      string   `json:"prefix,omitempty"`      // of the keys; "" = all
	Suffix      string   `json:"suffix,omitempty"`      // of the keys, such as ".jpeg"; "" = all
	Description string   `json:"description,omitempty"` // to know it by

	// These are the platform's and not looked at when a rule is wanted.
	ID      string    `json:"ruleId,omitempty"`
	Queue   string    `json:"queueName,omitempty"`
	Created time.Time `json:"createdAt,omitzero"`
}

// EventActions is all that a rule can tell of: PutObject, CopyObject and CompleteMultipartUpload, which make an object,
// DeleteObject and LifecycleDeletion, which end it.
func EventActions() []string {
	return []string{"PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject", "LifecycleDeletion"}
}

func (r EventRule) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !queueID.MatchString(r.QueueID) {
		bad("QueueID: %q is no ID of a queue, which is up to 32 letters and digits; its name is something else", r.QueueID)
	}
	if len(r.Actions) == 0 {
		bad("Actions: at least one is required")
	}
	for _, a := range r.Actions {
		if !slices.Contains(EventActions(), a) {
			bad("Actions: %q is none of %s", a, strings.Join(EventActions(), ", "))
		}
	}
	for field, v := range map[string]string{"Prefix": r.Prefix, "Suffix": r.Suffix} {
		if len(v) > maxKey {
			bad("%s: it has %d bytes, a key has up to %d", field, len(v), maxKey)
		}
	}
	return errors.Join(problems...)
}

// maxKey is the longest key, in bytes.
const maxKey = 1024

// normal is the rule with its actions in one order.
func (r EventRule) normal() EventRule {
	r.Actions = slices.Compact(slices.Sorted(slices.Values(r.Actions)))
	return r
}

// same compares two normal rules by what is asked for.
func (r EventRule) same(o EventRule) bool {
	return r.QueueID == o.QueueID && slices.Equal(r.Actions, o.Actions) && r.Prefix == o.Prefix && r.Suffix == o.Suffix && r.Description == o.Description
}

// overlaps tells whether one event could fit both, which R2 does not allow within a queue. Between queues it does (field: reported
// in cloudflare-docs#17949).
func (r EventRule) overlaps(o EventRule) bool {
	prefix := strings.HasPrefix(r.Prefix, o.Prefix) || strings.HasPrefix(o.Prefix, r.Prefix)
	suffix := strings.HasSuffix(r.Suffix, o.Suffix) || strings.HasSuffix(o.Suffix, r.Suffix)
	return r.QueueID == o.QueueID && prefix && suffix && slices.ContainsFunc(r.Actions, func(a string) bool { return slices.Contains(o.Actions, a) })
}

// String is the rule in a line.
func (r EventRule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %q…%q to queue %s", strings.Join(r.Actions, ", "), r.Prefix, r.Suffix, r.QueueID)
	if r.Queue != "" {
		b.WriteString(" " + r.Queue)
	}
	if r.Description != "" {
		fmt.Fprintf(&b, " (%s)", r.Description)
	}
	return b.String()
}

// EventRules gives the rules of a bucket, of all queues, in the platform's order; none at all is no error. Errors: [*Error],
// fs.ErrNotExist if there is no such bucket in this jurisdiction. Source: cloudflare-go v7.9.0 (read 2026-11).
func (c *Client) EventRules(ctx context.Context, bucket string) ([]EventRule, error) {
	if err := checkBucket(bucket); err != nil {
		return nil, invalid("ListEventRules", bucket, err)
	}
	var p cf.BucketEventNotificationListParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	got, err := do(ctx, c, "ListEventRules", bucket, harmless, func(ctx context.Context) (*cf.BucketEventNotificationListResponse, error) {
		return c.buckets.EventNotifications.List(ctx, bucket, p)
	})
	if e, ok := errors.AsType[*Error](err); ok && e.Is(fs.ErrNotExist) && e.Code != codeNoSuchBucket {
		return nil, nil // the bucket is there, its rules are not
	}
	if err != nil {
		return nil, err
	}
	var out []EventRule
	for _, q := range got.Queues {
		for _, r := range q.Rules {
			created, _ := time.Parse(time.RFC3339, r.CreatedAt) // zero when the API gives none
			rule := EventRule{
				QueueID: q.QueueID, Queue: q.QueueName, Prefix: r.Prefix, Suffix: r.Suffix, Description: r.Description, ID: r.RuleID, Created: created,
			}
			for _, a := range r.Actions {
				rule.Actions = append(rule.Actions, string(a))
			}
			out = append(out, rule.normal())
		}
	}
	return out, nil
}

// DeleteEventRule deletes one rule of a queue. One that is not there is fs.ErrNotExist, unless the call had to be repeated: then
// the first one has deleted it.
//
// rule is required: without one the API would delete all rules of the queue.
func (c *Client) DeleteEventRule(ctx context.Context, bucket, queue, rule string) error {
	problems := []error{checkBucket(bucket)}
	if !queueID.MatchString(queue) {
		problems = append(problems, fmt.Errorf("queue: %q is no ID of a queue", queue))
	}
	if strings.TrimSpace(rule) == "" {
		problems = append(problems, errors.New("rule: the ID of the rule is required: without it all rules of the queue would go"))
	}
	if err := errors.Join(problems...); err != nil {
		return invalid("DeleteEventRule", bucket, err)
	}
	body, err := json.Marshal(map[string][]string{"ruleIds": {rule}})
	if err != nil {
		return invalid("DeleteEventRule", bucket, err)
	}
	var p cf.BucketEventNotificationDeleteParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	attempts := 0
	_, err = do(ctx, c, "DeleteEventRule", bucket, harmless, func(ctx context.Context) (*cf.BucketEventNotificationDeleteResponse, error) {
		attempts++ // the parameters of the SDK have no body, with which the API knows the rule
		return c.buckets.EventNotifications.Delete(ctx, bucket, queue, p, option.WithRequestBody("application/json", body))
	})
	if e, ok := errors.AsType[*Error](err); ok && attempts > 1 && e.Is(fs.ErrNotExist) && e.Code != codeNoSuchBucket {
		return nil
	}
	return err
}

// createEventRule adds one rule. It is not repeated; when its answer was lost, the rule is looked for.
func (c *Client) createEventRule(ctx context.Context, bucket string, r EventRule) error {
	var rule cf.BucketEventNotificationUpdateParamsRule
	var actions []cf.BucketEventNotificationUpdateParamsRulesAction
	for _, a := range r.Actions {
		actions = append(actions, cf.BucketEventNotificationUpdateParamsRulesAction(a))
	}
	set(&rule.Actions.Value, &rule.Actions.Present, actions)
	if r.Prefix != "" {
		set(&rule.Prefix.Value, &rule.Prefix.Present, r.Prefix)
	}
	if r.Suffix != "" {
		set(&rule.Suffix.Value, &rule.Suffix.Present, r.Suffix)
	}
	if r.Description != "" {
		set(&rule.Description.Value, &rule.Description.Present, r.Description)
	}
	var p cf.BucketEventNotificationUpdateParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	set(&p.Rules.Value, &p.Rules.Present, []cf.BucketEventNotificationUpdateParamsRule{rule})
	_, err := do(ctx, c, "CreateEventRule", bucket, once, func(ctx context.Context) (*cf.BucketEventNotificationUpdateResponse, error) {
		return c.buckets.EventNotifications.Update(ctx, bucket, r.QueueID, p)
	})
	if !errors.Is(err, fs.ErrExist) && !errors.Is(err, ErrUnknownOutcome) {
		return err
	}
	// Made by somebody else in the meantime, or by the call whose answer is missing; or it is another that is in the way.
	now, again := c.EventRules(ctx, bucket)
	if again == nil && slices.ContainsFunc(now, r.same) {
		return nil
	}
	return err
}
