package r2test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Queue is a queue of the account, which event notifications may go to.
type Queue struct{ ID, Name string }

// AddQueue makes a queue. What arrives in it is not kept: the rules are, and nothing else.
func (cp *ControlPlane) AddQueue(q Queue) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.queues = append(cp.queues, q)
}

// eventRule is a rule as the API gives it.
type eventRule struct {
	RuleID      string   `json:"ruleId"`
	Actions     []string `json:"actions"`
	Prefix      string   `json:"prefix,omitempty"`
	Suffix      string   `json:"suffix,omitempty"`
	Description string   `json:"description,omitempty"`
	CreatedAt   string   `json:"createdAt"`
}

// overlaps tells whether one event could match both: the rules of a queue may not.
func (r eventRule) overlaps(o eventRule) bool {
	both := func(a, b string, has func(string, string) bool) bool { return has(a, b) || has(b, a) }
	return both(r.Prefix, o.Prefix, strings.HasPrefix) && both(r.Suffix, o.Suffix, strings.HasSuffix) &&
		slices.ContainsFunc(r.Actions, func(a string) bool { return slices.Contains(o.Actions, a) })
}

// routeEvents takes the path below event_notifications/r2/.
func (cp *ControlPlane) routeEvents(c *apiCall, rest string) handler {
	parts := strings.Split(rest, "/") // bucket/configuration or bucket/configuration/queues/ID
	if len(parts) < 2 || parts[0] == "" || parts[1] != "configuration" {
		return nil
	}
	kind, id := "", ""
	switch {
	case len(parts) == 4 && parts[2] == "queues" && parts[3] != "":
		kind, id = " queue", parts[3]
	case len(parts) > 2:
		return nil
	}
	found := map[string]struct {
		op string
		do handler
	}{
		"GET":          {"ListEventRules", cp.listEvents},
		"PUT queue":    {"CreateEventRule", cp.createEvents},
		"DELETE queue": {"DeleteEventRule", cp.deleteEvents},
	}[c.http.Method+kind]
	if found.do == nil {
		return nil
	}
	c.op, c.bucket, c.rest = found.op, parts[0], id
	return found.do
}

// The numbers of this part of the API are not documented: these are the fake's.
func noEventRules() *apiError {
	return apiRefuse(http.StatusNotFound, 11015, "There is no event notification configuration.")
}

func (cp *ControlPlane) listEvents(c *apiCall) (any, *apiError) {
	type queue struct {
		QueueID   string      `json:"queueId"`
		QueueName string      `json:"queueName"`
		Rules     []eventRule `json:"rules"`
	}
	var out []queue
	for _, q := range cp.queues {
		if rules := cp.of(c.bucket, c.jurisdiction).Events[q.ID]; len(rules) > 0 {
			out = append(out, queue{QueueID: q.ID, QueueName: q.Name, Rules: rules})
		}
	}
	if len(out) == 0 {
		return nil, noEventRules()
	}
	return map[string]any{"bucketName": c.bucket, "queues": out}, nil
}

// createEvents adds rules to those of the queue, all or none, as wrangler's command counts on.
func (cp *ControlPlane) createEvents(c *apiCall) (any, *apiError) {
	var in struct {
		Rules []struct {
			Actions     []string `json:"actions"`
			Prefix      string   `json:"prefix"`
			Suffix      string   `json:"suffix"`
			Description string   `json:"description"`
		} `json:"rules"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if !slices.ContainsFunc(cp.queues, func(q Queue) bool { return q.ID == c.rest }) {
		return nil, apiRefuse(http.StatusNotFound, 11000, "The queue does not exist.")
	}
	s := cp.of(c.bucket, c.jurisdiction)
	rules := slices.Clone(s.Events[c.rest])
	for _, r := range in.Rules {
		rule := eventRule{
			Actions: r.Actions, Prefix: r.Prefix, Suffix: r.Suffix, Description: r.Description,
			CreatedAt: cp.srv.opts.Now().UTC().Format(time.RFC3339Nano),
		}
		known := []string{"PutObject", "CopyObject", "DeleteObject", "CompleteMultipartUpload", "LifecycleDeletion"}
		if len(r.Actions) == 0 || slices.ContainsFunc(r.Actions, func(a string) bool { return !slices.Contains(known, a) }) {
			return nil, apiRefuse(http.StatusBadRequest, 10040, "The event notification rule was not well formed.")
		}
		if slices.ContainsFunc(rules, rule.overlaps) {
			return nil, apiRefuse(http.StatusConflict, 11020, "The rule conflicts with an existing event notification rule.")
		}
		rule.RuleID = rand.Text()
		rules = append(rules, rule)
	}
	total := len(in.Rules)
	for _, there := range s.Events {
		total += len(there)
	}
	if len(in.Rules) == 0 || total > 100 {
		return nil, apiRefuse(http.StatusBadRequest, 10040, "The number of event notification rules is not in 1 to 100.")
	}
	if s.Events == nil {
		s.Events = map[string][]eventRule{}
	}
	s.Events[c.rest] = rules
	return struct{}{}, nil
}

// deleteEvents deletes the rules that are named, and all of the queue if there is no body.
func (cp *ControlPlane) deleteEvents(c *apiCall) (any, *apiError) {
	var in struct {
		RuleIDs []string `json:"ruleIds"`
	}
	if len(c.body) > 0 {
		if no := c.decode(&in); no != nil {
			return nil, no
		}
	}
	rules := cp.of(c.bucket, c.jurisdiction).Events
	left := slices.DeleteFunc(slices.Clone(rules[c.rest]), func(r eventRule) bool {
		return len(c.body) == 0 || slices.Contains(in.RuleIDs, r.RuleID)
	})
	gone := len(rules[c.rest]) - len(left)
	if gone == 0 || len(c.body) > 0 && gone != len(in.RuleIDs) {
		return nil, noEventRules()
	}
	rules[c.rest] = left
	return struct{}{}, nil
}
