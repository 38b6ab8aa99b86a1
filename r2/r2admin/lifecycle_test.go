package r2admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

const day = 24 * time.Hour

// Trap 21: a lifecycle update keeps the default abort rule.
func TestLifecycleKeepsTheDefaultAbortRule(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	first, err := c.Lifecycle(t.Context(), "images")
	require.NoError(t, err)
	require.Len(t, first, 1)
	assert.Equal(t, 7*day, first[0].AbortUploadsAfter)

	rules := []r2admin.LifecycleRule{
		{ID: "logs", Prefix: "logs/", DeleteAfter: 30 * day, InfrequentOn: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)},
		{ID: "old", Disabled: true, DeleteOn: time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC), InfrequentAfter: day},
	}
	for range 2 { // and once more it is not there twice
		require.NoError(t, c.SetLifecycle(t.Context(), "images", rules))
		got, err := c.Lifecycle(t.Context(), "images")
		require.NoError(t, err)
		assert.Equal(t, append(append([]r2admin.LifecycleRule(nil), rules...), first...), got)
	}

	own := []r2admin.LifecycleRule{{ID: "mine", AbortUploadsAfter: day}}
	require.NoError(t, c.SetLifecycle(t.Context(), "images", own))
	got, err := c.Lifecycle(t.Context(), "images")
	require.NoError(t, err)
	assert.Equal(t, own, got, "a rule of one's own takes its place")

	err = c.SetLifecycle(t.Context(), "images", []r2admin.LifecycleRule{{ID: "mine", DeleteAfter: day}})
	require.ErrorIs(t, err, r2admin.ErrInput, "it would take the place of the rule that is kept")
	assert.Equal(t, 2, api.Calls("PutLifecycle"), "what is there already is not written again")
}

func TestLifecycleIsCheckedHere(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	err := c.SetLifecycle(t.Context(), "images", []r2admin.LifecycleRule{
		{},
		{ID: "a", DeleteAfter: -1},
		{ID: "a", DeleteAfter: day, DeleteOn: time.Now()},
		{ID: "b", AbortUploadsAfter: time.Millisecond},
		{ID: "c", DeleteOn: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
	})
	require.ErrorIs(t, err, r2admin.ErrInput)
	for _, text := range []string{"ID is required", "it does nothing", "DeleteAfter", "two of this ID", "an age and a date", "AbortUploadsAfter", "the year 20000"} {
		require.ErrorContains(t, err, text)
	}
	assert.Zero(t, api.Calls(""))
	var many []r2admin.LifecycleRule
	for i := range 1000 {
		many = append(many, r2admin.LifecycleRule{ID: fmt.Sprint(i), DeleteAfter: day})
	}
	require.ErrorContains(t, c.SetLifecycle(t.Context(), "images", many), "1001 rules with those that are kept")
	require.NoError(t, c.SetLifecycle(t.Context(), "images", many[1:]))
}

func TestPurge(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	api.AddZone(r2test.Zone{ID: "z1", Name: "example.com"})
	var urls []string
	for i := range 61 {
		urls = append(urls, fmt.Sprintf("https://img.example.com/%d.png", i))
	}
	api.LoseNext("Purge") // done twice, which does no harm
	require.NoError(t, c.Purge(t.Context(), "z1", urls))
	assert.Equal(t, 4, api.Calls("Purge"))
	assert.Equal(t, append(append([]string(nil), urls[:30]...), urls...), api.Purged())

	require.ErrorContains(t, c.Purge(t.Context(), "z1", []string{"https://elsewhere.example/a.png"}), "not of the zone")
	api.AnswerNext("Purge", 403, nil, `{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}`)
	require.ErrorContains(t, c.Purge(t.Context(), "z1", urls[:1]), "needs Cache Purge")
	err := c.Purge(t.Context(), "../x", []string{"img.example.com/a.png", "https://u:p@img.example.com/"})
	require.ErrorIs(t, err, r2admin.ErrInput)
	for _, text := range []string{"zone:", "urls[0]", "urls[1]"} {
		require.ErrorContains(t, err, text)
	}
	require.NoError(t, c.Purge(t.Context(), "z1", nil))
	assert.Equal(t, 6, api.Calls("Purge"))
}

func TestLifecyclePlan(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	ctx := t.Context()
	want := []r2admin.LifecycleRule{
		{ID: "logs", Prefix: "logs/", DeleteAfter: 30 * day},
		{ID: "cold", InfrequentAfter: 36 * time.Hour, DeleteOn: time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)},
		{ID: "off", Disabled: true, DeleteAfter: day},
	}
	plan, err := c.PlanLifecycle(ctx, "images", want)
	require.NoError(t, err)
	assert.Equal(t, `lifecycle images:
+ "logs": "logs/…": delete objects after 30 days
+ "cold": all keys: move to Infrequent Access after 36h0m0s, delete objects on 2030-01-02T03:04:05Z
+ "off": all keys: delete objects after 1 day (disabled)
  "Default Multipart Abort Rule": all keys: abort unfinished uploads after 7 days (kept)
! DELETES OBJECTS: "logs": "logs/…": delete objects after 30 days
! DELETES OBJECTS: "cold": all keys: move to Infrequent Access after 36h0m0s, delete objects on 2030-01-02T03:04:05Z
! rule "cold": what is in Infrequent Access is paid for 30 days at least, and for being read; no rule leads back
`, plan.String())
	data, err := json.Marshal(plan) // reviewed, and applied later
	require.NoError(t, err)
	var stored r2admin.LifecyclePlan
	require.NoError(t, json.Unmarshal(data, &stored))
	assert.Equal(t, plan.String(), stored.String())
	for range 2 { // what is there already is not an error
		require.NoError(t, c.ApplyLifecycle(ctx, stored))
	}
	assert.Equal(t, 1, api.Calls("PutLifecycle"))

	want[0], want[2] = want[2], want[0] // the order has no meaning
	plan, err = c.PlanLifecycle(ctx, "images", want)
	require.NoError(t, err)
	assert.True(t, plan.Empty())
	assert.Equal(t, "lifecycle images: no changes\n", plan.String())
	assert.Empty(t, plan.Deletes, "what is in force already is not announced again")

	want[0].Disabled = false
	plan, err = c.PlanLifecycle(ctx, "images", want)
	require.NoError(t, err)
	assert.Equal(t, []string{`"off": all keys: delete objects after 1 day`}, plan.Deletes, "switching it on deletes")
	assert.Contains(t, plan.String(), "\n- \"off\": all keys: delete objects after 1 day (disabled)\n")
}

func TestLifecyclePlanRefusesWhatChanged(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	ctx := t.Context()
	plan, err := c.PlanLifecycle(ctx, "images", []r2admin.LifecycleRule{{ID: "logs", Prefix: "logs/", DeleteAfter: 30 * day}})
	require.NoError(t, err)
	require.NoError(t, c.SetLifecycle(ctx, "images", []r2admin.LifecycleRule{{ID: "mine", AbortUploadsAfter: day}})) // somebody else
	require.ErrorIs(t, c.ApplyLifecycle(ctx, plan), r2admin.ErrChanged)
	assert.Equal(t, 1, api.Calls("PutLifecycle"))

	api.LoseNext("PutLifecycle") // the same twice is the same as once
	plan, err = c.PlanLifecycle(ctx, "images", []r2admin.LifecycleRule{{ID: "logs", Prefix: "logs/", DeleteAfter: 30 * day}})
	require.NoError(t, err)
	require.NoError(t, c.ApplyLifecycle(ctx, plan))
	assert.Equal(t, []string{"mine"}, plan.Kept)
}

// Trap 21: a plan that was changed by hand keeps the rule too, and so does one for a bucket that has lost it already say so.
func TestLifecyclePlanCannotLoseTheAbortRule(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	plan, err := c.PlanLifecycle(t.Context(), "images", []r2admin.LifecycleRule{{ID: "logs", DeleteAfter: day}})
	require.NoError(t, err)
	plan.After = plan.After[:1]
	err = c.ApplyLifecycle(t.Context(), plan)
	require.ErrorIs(t, err, r2admin.ErrInput)
	require.ErrorContains(t, err, "aborts unfinished uploads would be lost")
	plan.After = append(plan.After, r2admin.LifecycleRule{ID: "not all", Prefix: "x/", AbortUploadsAfter: day})
	require.ErrorIs(t, c.ApplyLifecycle(t.Context(), plan), r2admin.ErrInput)
	assert.Zero(t, api.Calls("PutLifecycle"))

	assert.Equal(t, 200, plainly(t, api, http.MethodPut, "/r2/buckets/images/lifecycle", `{"rules":[]}`))
	plan, err = c.PlanLifecycle(t.Context(), "images", nil)
	require.NoError(t, err)
	require.Len(t, plan.Warnings, 1)
	assert.Contains(t, plan.String(), "! no rule aborts the unfinished uploads")
}

// A rule that would lose something when it is written again is not read as if it were a smaller one.
func TestLifecycleRulesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ rule, text string }{
		"two classes":   {`"storageClassTransitions":[{"condition":{"type":"Age","maxAge":1},"storageClass":"InfrequentAccess"},{}]`, "changes of class"},
		"another class": {`"storageClassTransitions":[{"condition":{"type":"Age","maxAge":1},"storageClass":"Frozen"}]`, "changes of class"},
		"condition":     {`"conditions":{"prefix":"","suffix":"x"}`, `"suffix" is not known`},
		"abort date":    {`"abortMultipartUploadsTransition":{"condition":{"type":"Date","date":"2030-01-01"}}`, "aborted on a date"},
		"date":          {`"deleteObjectsTransition":{"condition":{"type":"Date","date":"soon"}}`, `"soon" is no date`},
		"no time":       {`"deleteObjectsTransition":{"condition":{"type":"Age"}}`, "without a time"},
		"year":          {`"deleteObjectsTransition":{"condition":{"type":"Date","date":"0000-01-01T00:00:00+23:59"}}`, "is no date"},
		"zero date":     {`"deleteObjectsTransition":{"condition":{"type":"Date","date":"0001-01-01T00:00:00Z"}}`, "is no date"},
		"age":           {`"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":9999999999999}}`, "maxAge"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, api, _ := open(t, r2test.Options{})
			api.AnswerNext("GetLifecycle", 200, nil, `{"success":true,"errors":[],"messages":[],"result":{"rules":[{"id":"a","enabled":true,`+tt.rule+`}]}}`)
			_, err := c.Lifecycle(t.Context(), "images")
			require.ErrorContains(t, err, tt.text)
			require.ErrorContains(t, err, "GetLifecycle images: the answer has another shape")
		})
	}
	c, api, _ := open(t, r2test.Options{})
	api.AnswerNext("GetLifecycle", 200, nil, `{"success":true,"errors":[],"messages":[],"result":{}}`)
	rules, err := c.Lifecycle(t.Context(), "images")
	require.NoError(t, err)
	assert.Empty(t, rules)
}

// Old logs go, and one sees it before.
func ExampleClient_PlanLifecycle() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane() // real code: r2admin.Config{AccountID: …, APIToken: …}
	defer api.Close()
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := c.PlanLifecycle(context.Background(), "images", []r2admin.LifecycleRule{{ID: "logs", Prefix: "logs/", DeleteAfter: 90 * 24 * time.Hour}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	fmt.Println(c.ApplyLifecycle(context.Background(), plan))
	// Output:
	// lifecycle images:
	// + "logs": "logs/…": delete objects after 90 days
	//   "Default Multipart Abort Rule": all keys: abort unfinished uploads after 7 days (kept)
	// ! DELETES OBJECTS: "logs": "logs/…": delete objects after 90 days
	// <nil>
}
