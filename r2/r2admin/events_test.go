package r2admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// notified opens a control plane with two queues.
func notified(t *testing.T) (*r2admin.Client, *r2test.ControlPlane) {
	t.Helper()
	c, api, _ := open(t, r2test.Options{})
	api.AddQueue(r2test.Queue{ID: queue, Name: "events"})
	api.AddQueue(r2test.Queue{ID: "other", Name: "more"})
	return c, api
}

func uploads() r2admin.EventRule {
	return r2admin.EventRule{
		QueueID: queue, Actions: []string{"PutObject", "CompleteMultipartUpload", "CopyObject"}, Prefix: "img/", Suffix: ".png", Description: "new pictures",
	}
}

func deletions() r2admin.EventRule {
	return r2admin.EventRule{QueueID: queue, Actions: []string{"DeleteObject", "LifecycleDeletion"}}
}

func applied(t *testing.T, c *r2admin.Client, opts *r2admin.EventOptions, want ...r2admin.EventRule) r2admin.EventPlan {
	t.Helper()
	plan, err := c.PlanEvents(t.Context(), "images", want, opts)
	require.NoError(t, err)
	require.NoError(t, c.ApplyEvents(t.Context(), plan))
	return plan
}

func TestEventsAreIdempotent(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	ctx := t.Context()
	rules, err := c.EventRules(ctx, "images")
	require.NoError(t, err)
	assert.Empty(t, rules)
	_, err = c.EventRules(ctx, "nowhere")
	require.ErrorIs(t, err, fs.ErrNotExist, "no rules is not no bucket")

	plan, err := c.PlanEvents(ctx, "images", []r2admin.EventRule{uploads(), deletions()}, nil)
	require.NoError(t, err)
	assert.Equal(t, "events images:\n"+
		"+ CompleteMultipartUpload, CopyObject, PutObject of \"img/\"…\".png\" to queue "+queue+" (new pictures)\n"+
		"+ DeleteObject, LifecycleDeletion of \"\"…\"\" to queue "+queue+"\n", plan.String())
	data, err := json.Marshal(plan) // reviewed, and applied later
	require.NoError(t, err)
	var stored r2admin.EventPlan
	require.NoError(t, json.Unmarshal(data, &stored))
	assert.Equal(t, plan, stored)
	for range 2 { // what is there already is not an error
		require.NoError(t, c.ApplyEvents(ctx, stored))
	}
	assert.Equal(t, 2, api.Calls("CreateEventRule"))

	rules, err = c.EventRules(ctx, "images")
	require.NoError(t, err)
	require.Len(t, rules, 2)
	assert.Equal(t, "events", rules[0].Queue)
	assert.NotEmpty(t, rules[0].ID)
	assert.False(t, rules[0].Created.IsZero())

	turned := uploads()
	turned.Actions = []string{"CopyObject", "PutObject", "CompleteMultipartUpload", "PutObject"}
	again := applied(t, c, &r2admin.EventOptions{Exact: true}, deletions(), turned)
	assert.True(t, again.Empty(), again.String())
	assert.Equal(t, "events images: no changes\n", again.String())
	assert.Equal(t, 2, api.Calls("CreateEventRule"))
}

func TestEventsStayUnlessTheyAreReplaced(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	applied(t, c, nil, uploads(), deletions())

	renamed := uploads()
	renamed.Description = "pictures"
	plan := applied(t, c, nil, renamed)
	require.Len(t, plan.Delete, 1)
	assert.Equal(t, "new pictures", plan.Delete[0].Description)
	assert.Contains(t, plan.String(), "\n  DeleteObject, LifecycleDeletion of")
	assert.Contains(t, plan.String(), "\n- CompleteMultipartUpload")
	assert.Contains(t, plan.String(), "\n+ CompleteMultipartUpload")
	rules, err := c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	require.Len(t, rules, 2)
	assert.Equal(t, []string{"", "pictures"}, []string{rules[0].Description, rules[1].Description})

	fewer := uploads()
	fewer.Actions = []string{"PutObject"}
	_, err = c.PlanEvents(t.Context(), "images", []r2admin.EventRule{fewer}, nil)
	require.ErrorIs(t, err, r2admin.ErrInput, "it would take actions away from a rule that nobody asked to change")
	require.ErrorContains(t, err, "one event could fit it and a rule that is there")
	elsewhere := uploads()
	elsewhere.QueueID = "other"
	applied(t, c, nil, elsewhere) // another queue may be told too

	applied(t, c, &r2admin.EventOptions{Exact: true}, fewer)
	rules, err = c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	require.Len(t, rules, 1)
	assert.Equal(t, []string{"PutObject"}, rules[0].Actions)
	applied(t, c, &r2admin.EventOptions{Exact: true})
	rules, err = c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	assert.Empty(t, rules)
	assert.Equal(t, 5, api.Calls("DeleteEventRule"))
}

func TestEventsAreCheckedHere(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	for name, tt := range map[string]struct {
		change func(*r2admin.EventRule)
		text   string
	}{
		"queue name":     {func(r *r2admin.EventRule) { r.QueueID = "my-queue" }, "no ID of a queue"},
		"no queue":       {func(r *r2admin.EventRule) { r.QueueID = "" }, "no ID of a queue"},
		"path":           {func(r *r2admin.EventRule) { r.QueueID = "../x" }, "no ID of a queue"},
		"no action":      {func(r *r2admin.EventRule) { r.Actions = nil }, "Actions: at least one"},
		"unknown action": {func(r *r2admin.EventRule) { r.Actions = []string{"object-create"} }, `"object-create" is none of PutObject`},
		"prefix":         {func(r *r2admin.EventRule) { r.Prefix = strings.Repeat("p", 1025) }, "Prefix: it has 1025 bytes"},
		"suffix":         {func(r *r2admin.EventRule) { r.Suffix = strings.Repeat("s", 1025) }, "Suffix: it has 1025 bytes"},
	} {
		rule := uploads()
		tt.change(&rule)
		_, err := c.PlanEvents(t.Context(), "images", []r2admin.EventRule{rule}, nil)
		require.ErrorIs(t, err, r2admin.ErrInput, name)
		require.ErrorContains(t, err, tt.text, name)
	}
	overlap := func(prefix, suffix string) r2admin.EventRule {
		return r2admin.EventRule{QueueID: queue, Actions: []string{"PutObject"}, Prefix: prefix, Suffix: suffix}
	}
	for name, tt := range map[string]struct {
		other r2admin.EventRule
		bad   bool
	}{
		"all":            {overlap("", ""), true},
		"below":          {overlap("img/2026/", ""), true},
		"above":          {overlap("im", "g"), true},
		"longer suffix":  {overlap("img/", "x.png"), true},
		"beside":         {overlap("doc/", ".png"), false},
		"another suffix": {overlap("img/", ".jpg"), false},
		"another action": {r2admin.EventRule{QueueID: queue, Actions: []string{"DeleteObject"}, Prefix: "img/", Suffix: ".png"}, false},
	} {
		_, err := c.PlanEvents(t.Context(), "images", []r2admin.EventRule{uploads(), tt.other}, nil)
		if tt.bad {
			require.ErrorContains(t, err, "rule 2: one event could fit it and rule 1", name)
		} else {
			require.NoError(t, err, name)
		}
	}
	sent := api.Calls("")
	assert.Equal(t, api.Calls("ListEventRules"), sent)
	for _, err := range []error{
		c.DeleteEventRule(t.Context(), "images", queue, " "), c.DeleteEventRule(t.Context(), "images", "my-queue", "r"), c.DeleteEventRule(t.Context(), "No", queue, "r"),
		c.ApplyEvents(t.Context(), r2admin.EventPlan{Bucket: "images", Delete: []r2admin.EventRule{{QueueID: queue, ID: "r"}}}),
		c.ApplyEvents(t.Context(), r2admin.EventPlan{Bucket: "images", Delete: []r2admin.EventRule{{QueueID: queue}}, Before: []r2admin.EventRule{{QueueID: queue}}}),
	} {
		require.ErrorIs(t, err, r2admin.ErrInput)
	}
	assert.Equal(t, sent, api.Calls(""), "nothing was sent")

	var many []r2admin.EventRule
	for i := range 101 {
		many = append(many, overlap(fmt.Sprintf("%03d/", i), ""))
	}
	_, err := c.PlanEvents(t.Context(), "images", many, nil)
	require.ErrorContains(t, err, "101 rules with those that stay: up to 100")
}

// The call that deletes is one that deletes everything when its body is missing: the body is looked at.
func TestDeleteEventRuleNamesTheRule(t *testing.T) {
	t.Parallel()
	_, api := notified(t)
	cfg := config(api, r2test.Options{})
	hc := api.Client()
	next := hc.Transport
	var body string
	hc.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodDelete {
			data, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			body = string(data)
			req.Body = io.NopCloser(strings.NewReader(body))
			assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
		}
		return next.RoundTrip(req)
	})
	cfg.HTTPClient = hc
	c, err := r2admin.New(cfg)
	require.NoError(t, err)
	applied(t, c, nil, uploads(), deletions())
	rules, err := c.EventRules(t.Context(), "images")
	require.NoError(t, err)

	require.ErrorIs(t, c.DeleteEventRule(t.Context(), "images", queue, "nosuch"), fs.ErrNotExist)
	require.NoError(t, c.DeleteEventRule(t.Context(), "images", queue, rules[0].ID))
	assert.JSONEq(t, `{"ruleIds":["`+rules[0].ID+`"]}`, body)
	left, err := c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	assert.Equal(t, rules[1:], left)

	api.LoseNext("DeleteEventRule") // the repeat finds nothing: it was ours
	require.NoError(t, c.DeleteEventRule(t.Context(), "images", queue, rules[1].ID))
	err = c.DeleteEventRule(t.Context(), "nowhere", queue, "r")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "10006")
}

func TestEventsWithLostAnswers(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	ctx := t.Context()
	plan, err := c.PlanEvents(ctx, "images", []r2admin.EventRule{uploads(), deletions()}, nil)
	require.NoError(t, err)
	api.LoseNext("CreateEventRule") // made, the answer lost: it is found
	require.NoError(t, c.ApplyEvents(ctx, plan))
	assert.Equal(t, 2, api.Calls("CreateEventRule"), "nothing is made twice")

	more := uploads()
	more.Prefix = "more/"
	plan, err = c.PlanEvents(ctx, "images", []r2admin.EventRule{more}, nil)
	require.NoError(t, err)
	api.DropNext("CreateEventRule") // not made: nobody can know
	require.ErrorIs(t, c.ApplyEvents(ctx, plan), r2admin.ErrUnknownOutcome)
	assert.Equal(t, 3, api.Calls("CreateEventRule"))
	require.NoError(t, c.ApplyEvents(ctx, plan), "the same plan goes on")

	// Between two steps: the old rule is gone, the new one is not there yet.
	renamed := more
	renamed.Description = "other"
	plan, err = c.PlanEvents(ctx, "images", []r2admin.EventRule{renamed}, nil)
	require.NoError(t, err)
	api.AnswerNext("CreateEventRule", 400, nil, `{"success":false,"errors":[{"code":10040,"message":"odd"}]}`)
	require.ErrorContains(t, c.ApplyEvents(ctx, plan), "code 10040")
	require.NoError(t, c.ApplyEvents(ctx, plan), "the same plan goes on")
	rules, err := c.EventRules(ctx, "images")
	require.NoError(t, err)
	require.Len(t, rules, 3)
	assert.Equal(t, 1, api.Calls("DeleteEventRule"))
}

func TestEventsRefuseWhatChanged(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	ctx := t.Context()
	add, err := c.PlanEvents(ctx, "images", []r2admin.EventRule{uploads()}, nil)
	require.NoError(t, err)
	applied(t, c, nil, deletions()) // somebody else
	err = c.ApplyEvents(ctx, add)
	require.ErrorIs(t, err, r2admin.ErrChanged)
	require.ErrorContains(t, err, "a rule is there that the plan does not know")
	add, err = c.PlanEvents(ctx, "images", []r2admin.EventRule{uploads()}, nil)
	require.NoError(t, err)
	applied(t, c, &r2admin.EventOptions{Exact: true}) // somebody else again
	err = c.ApplyEvents(ctx, add)
	require.ErrorIs(t, err, r2admin.ErrChanged)
	require.ErrorContains(t, err, "a rule that the plan keeps is gone")
	assert.Equal(t, 1, api.Calls("CreateEventRule"))

	// A platform where a rule takes the place of the others of its queue: it is noticed.
	applied(t, c, nil, deletions())
	add, err = c.PlanEvents(ctx, "images", []r2admin.EventRule{uploads()}, nil)
	require.NoError(t, err)
	const with = `{"success":true,"errors":[],"messages":[],"result":{"bucketName":"images","queues":[{"queueId":"` + queue + `","rules":[%s]}]}}`
	const old, made = `{"ruleId":"1","actions":["LifecycleDeletion","DeleteObject"]}`,
		`{"ruleId":"2","actions":["PutObject","CopyObject","CompleteMultipartUpload"],"prefix":"img/","suffix":".png","description":"new pictures"}`
	api.AnswerNext("ListEventRules", 200, nil, fmt.Sprintf(with, old))
	api.AnswerNext("ListEventRules", 200, nil, fmt.Sprintf(with, made))
	err = c.ApplyEvents(ctx, add)
	require.ErrorIs(t, err, r2admin.ErrChanged)
	require.ErrorContains(t, err, "after it a rule that the plan keeps is gone")

	api.AnswerNext("ListEventRules", 200, nil, fmt.Sprintf(with, old+","+made))
	api.AnswerNext("ListEventRules", 200, nil, fmt.Sprintf(with, old))
	require.ErrorContains(t, c.ApplyEvents(ctx, add), "after it this rule is missing")
}

// Somebody was faster, with a rule that the plan could not know.
func TestEventsInConflict(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	plan, err := c.PlanEvents(t.Context(), "images", []r2admin.EventRule{uploads()}, nil)
	require.NoError(t, err)
	wide := `{"rules":[{"actions":["PutObject"]}]}`
	assert.Equal(t, 200, plainly(t, api, http.MethodPut, "/event_notifications/r2/images/configuration/queues/"+queue, wide))
	api.AnswerNext("ListEventRules", 404, nil, `{"success":false,"errors":[{"code":11015,"message":"none yet"}]}`) // it came in between
	err = c.ApplyEvents(t.Context(), plan)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, "one event could fit it and another rule of the queue")
	rules, err := c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	require.Len(t, rules, 1, "nothing was done about it")
}

func TestEventsOfTheFakeAreStrict(t *testing.T) {
	t.Parallel()
	c, api := notified(t)
	unknown := uploads()
	unknown.QueueID = "nosuch"
	plan, err := c.PlanEvents(t.Context(), "images", []r2admin.EventRule{unknown}, nil)
	require.NoError(t, err)
	require.ErrorContains(t, c.ApplyEvents(t.Context(), plan), "queue does not exist")
	applied(t, c, nil, uploads())
	for name, tt := range map[string]struct {
		body   string
		status int
	}{
		"conflict":       {`{"rules":[{"actions":["PutObject"],"prefix":"img/"}]}`, 409},
		"no actions":     {`{"rules":[{"actions":[],"prefix":"x"}]}`, 400},
		"unknown action": {`{"rules":[{"actions":["object-create"],"prefix":"x"}]}`, 400},
		"unknown field":  {`{"rules":[{"actions":["PutObject"],"prefix":"x","queue":"q"}]}`, 400},
		"no rules":       {`{"rules":[]}`, 400},
		"with itself":    {`{"rules":[{"actions":["PutObject"],"prefix":"x"},{"actions":["PutObject"],"prefix":"xy"}]}`, 409},
	} {
		assert.Equal(t, tt.status, plainly(t, api, http.MethodPut, "/event_notifications/r2/images/configuration/queues/"+queue, tt.body), name)
	}
	for path, status := range map[string]int{
		"/event_notifications/r2/nowhere/configuration": 404, "/event_notifications/r2/images/configuration/": 404,
		"/event_notifications/r2/images/configuration/queues/": 404, "/event_notifications/r2/images": 404, "/event_notifications/r2/images/configuration": 200,
	} {
		assert.Equal(t, status, plainly(t, api, http.MethodGet, path, ""), path)
	}
	rules, err := c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	require.Len(t, rules, 1)
	assert.Equal(t, 200, plainly(t, api, http.MethodDelete, "/event_notifications/r2/images/configuration/queues/"+queue, ""), "no body: all")
	rules, err = c.EventRules(t.Context(), "images")
	require.NoError(t, err)
	assert.Empty(t, rules)
}

// plainly sends a request below the account without a client, and gives its status.
func plainly(t *testing.T, api *r2test.ControlPlane, method, path, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, api.URL+"/accounts/"+account+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+api.Token)
	resp, err := api.Client().Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

// A message for each new picture, as often as one likes.
func ExampleClient_PlanEvents() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane() // real code: r2admin.Config{AccountID: …, APIToken: …}
	defer api.Close()
	api.AddQueue(r2test.Queue{ID: queue, Name: "pictures"})
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		plan, err := c.PlanEvents(context.Background(), "images", []r2admin.EventRule{{
			QueueID: queue, Actions: []string{"PutObject", "CompleteMultipartUpload"}, Suffix: ".png", Description: "thumbnails",
		}}, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(plan)
		if err := c.ApplyEvents(context.Background(), plan); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// events images:
	// + CompleteMultipartUpload, PutObject of ""…".png" to queue 6f1c2d3e4b5a69788796a5b4c3d2e1f0 (thumbnails)
	// events images: no changes
}
