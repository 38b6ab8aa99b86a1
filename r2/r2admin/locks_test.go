package r2admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

func lock(t *testing.T, c *r2admin.Client, want ...r2admin.LockRule) r2admin.LockPlan {
	t.Helper()
	plan, err := c.PlanLocks(t.Context(), "images", want)
	require.NoError(t, err)
	require.NoError(t, c.ApplyLocks(t.Context(), plan))
	return plan
}

// What is locked here is locked there: package r2 is refused, for as long as the rules say.
func TestLocksHoldObjects(t *testing.T) {
	t.Parallel()
	var clk clock
	c, _, srv := open(t, r2test.Options{Now: clk.now})
	ctx := t.Context()
	store, err := r2.New(func() r2.Config { cfg := srv.Config(); cfg.Now = nil; return cfg }())
	require.NoError(t, err)
	for _, key := range []string{"age/a", "date/a", "ever/a", "off/a", "free/a"} {
		require.NoError(t, srv.Put(key, []byte("first")))
	}
	until := time.Now().Add(48 * time.Hour)
	lock(t, c,
		r2admin.LockRule{ID: "age", Prefix: "age/", For: day},
		r2admin.LockRule{ID: "date", Prefix: "date/", Until: until},
		r2admin.LockRule{ID: "ever", Prefix: "ever/", Indefinite: true},
		r2admin.LockRule{ID: "off", Prefix: "off/", Indefinite: true, Disabled: true},
	)
	held := func() string {
		var out []string
		for _, key := range []string{"age/a", "date/a", "ever/a", "free/a", "off/a"} {
			_, err := store.Put(ctx, key, strings.NewReader("second"), &r2.PutOptions{IfMatch: "0000"})
			if strings.Contains(err.Error(), "ObjectLockedByBucketPolicy") {
				out = append(out, strings.TrimSuffix(key, "/a"))
				require.ErrorIs(t, err, fs.ErrPermission)
				require.ErrorIs(t, store.Delete(ctx, key), fs.ErrPermission)
				_, err = store.Copy(ctx, key, "free/a", nil)
				require.ErrorIs(t, err, fs.ErrPermission)
			} else {
				require.ErrorIs(t, err, r2.ErrPrecondition, key)
			}
		}
		return strings.Join(out, " ")
	}
	assert.Equal(t, "age date ever", held())
	_, err = store.Put(ctx, "ever/new", strings.NewReader("new"), nil)
	require.NoError(t, err, "new objects can be made")
	require.ErrorIs(t, store.Delete(ctx, "ever/new"), fs.ErrPermission)
	clk.advance(25 * time.Hour)
	assert.Equal(t, "date ever", held())
	clk.advance(25 * time.Hour)
	assert.Equal(t, "ever", held())

	lock(t, c)
	assert.Empty(t, held())
	require.NoError(t, store.Delete(ctx, "ever/a"))
}

func TestLocksOfAnotherBucketHoldNothing(t *testing.T) {
	t.Parallel()
	c, _, srv := open(t, r2test.Options{})
	require.NoError(t, srv.Put("a", []byte("x")))
	_, err := c.EnsureBucket(t.Context(), "other", nil)
	require.NoError(t, err)
	plan, err := c.PlanLocks(t.Context(), "other", []r2admin.LockRule{{ID: "all", Indefinite: true}})
	require.NoError(t, err)
	require.NoError(t, c.ApplyLocks(t.Context(), plan))
	store, err := r2.New(srv.Config())
	require.NoError(t, err)
	require.NoError(t, store.Delete(t.Context(), "a"))

	// A bucket that is made anew has no rules.
	require.NoError(t, c.DeleteBucket(t.Context(), "other", &r2admin.DeleteBucketOptions{Confirm: "other"}))
	_, err = c.EnsureBucket(t.Context(), "other", nil)
	require.NoError(t, err)
	rules, err := c.Locks(t.Context(), "other")
	require.NoError(t, err)
	assert.Empty(t, rules)
}

func TestLockPlan(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	ctx := t.Context()
	rules, err := c.Locks(ctx, "images")
	require.NoError(t, err)
	assert.Empty(t, rules)
	want := []r2admin.LockRule{
		{ID: "logs", Prefix: "logs/", For: 7 * day},
		{ID: "law", Until: time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)},
		{ID: "kept", Prefix: "kept/", Indefinite: true, Disabled: true},
	}
	plan, err := c.PlanLocks(ctx, "images", want)
	require.NoError(t, err)
	assert.Equal(t, `locks images:
+ "logs": "logs/…": locked for 7 days
+ "law": all keys: locked until 2030-01-02T03:04:05Z
+ "kept": "kept/…": locked for ever (disabled)
`, plan.String())
	data, err := json.Marshal(plan) // reviewed, and applied later
	require.NoError(t, err)
	var stored r2admin.LockPlan
	require.NoError(t, json.Unmarshal(data, &stored))
	assert.Equal(t, plan.String(), stored.String())
	for range 2 {
		require.NoError(t, c.ApplyLocks(ctx, stored))
	}
	assert.Equal(t, 1, api.Calls("PutLocks"))
	rules, err = c.Locks(ctx, "images")
	require.NoError(t, err)
	want[1].Until = want[1].Until.Truncate(time.Second)
	assert.Equal(t, want, rules)

	same := lock(t, c, want[2], want[0], want[1])
	assert.True(t, same.Empty())
	assert.Equal(t, "locks images: no changes\n", same.String())
	assert.Equal(t, 1, api.Calls("PutLocks"))

	drop, err := c.PlanLocks(ctx, "images", want[:1])
	require.NoError(t, err)
	lock(t, c, want[0]) // somebody else has done the same
	require.NoError(t, c.ApplyLocks(ctx, drop))
	lock(t, c, want...)
	change := want[0]
	change.For = day
	lock(t, c, change)
	require.ErrorIs(t, c.ApplyLocks(ctx, drop), r2admin.ErrChanged)
}

// What loosens a lock is said, since objects can be lost then.
func TestLockPlanTellsWhatItLoosens(t *testing.T) {
	t.Parallel()
	c, _, _ := open(t, r2test.Options{})
	date := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	lock(t, c,
		r2admin.LockRule{ID: "age", Prefix: "a/", For: 7 * day}, r2admin.LockRule{ID: "date", Prefix: "d/", Until: date},
		r2admin.LockRule{ID: "ever", Prefix: "e/", Indefinite: true}, r2admin.LockRule{ID: "off", Prefix: "o/", Indefinite: true, Disabled: true},
	)
	for name, tt := range map[string]struct {
		want    []r2admin.LockRule
		loosens []string
	}{
		"nothing left": {nil, []string{`"age"`, `"date"`, `"ever"`}},
		"one for all":  {[]r2admin.LockRule{{ID: "all", Indefinite: true}}, nil},
		"longer": {[]r2admin.LockRule{
			{ID: "a", Prefix: "a/", For: 8 * day}, {ID: "d", Until: date}, {ID: "e", Prefix: "e", Indefinite: true},
		}, nil},
		"shorter": {[]r2admin.LockRule{
			{ID: "a", Prefix: "a/", For: 6 * day}, {ID: "d", Prefix: "d/", Until: date.Add(-time.Second)}, {ID: "e", Prefix: "e/", For: 999 * day},
		}, []string{`"age"`, `"date"`, `"ever"`}},
		"narrower": {[]r2admin.LockRule{
			{ID: "a", Prefix: "a/b", For: 7 * day}, {ID: "d", Prefix: "d/", Until: date}, {ID: "e", Prefix: "e/", Indefinite: true},
		}, []string{`"age"`}},
		"switched off": {[]r2admin.LockRule{{ID: "all", Indefinite: true, Disabled: true}}, []string{`"age"`, `"date"`, `"ever"`}},
	} {
		plan, err := c.PlanLocks(t.Context(), "images", tt.want)
		require.NoError(t, err, name)
		require.Len(t, plan.Loosens, len(tt.loosens), name)
		for i, id := range tt.loosens {
			assert.Contains(t, plan.Loosens[i], id, name)
			assert.Contains(t, plan.String(), "! LOOSENS A LOCK: "+id, name)
		}
	}
}

func TestLocksAreCheckedHere(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	_, err := c.PlanLocks(t.Context(), "No", []r2admin.LockRule{
		{},
		{ID: "a", For: time.Millisecond},
		{ID: "a", For: day, Indefinite: true},
		{ID: "b", For: -day},
		{ID: "c", For: day, Until: time.Now()},
		{ID: "d", Until: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)},
	})
	require.ErrorIs(t, err, r2admin.ErrInput)
	for _, text := range []string{
		"bucket:", "ID is required", `rule "a": For`, "two of this ID", `rule "a": want one of For, Until and Indefinite, there are 2`,
		`rule "b": For`, `rule "": want one of For, Until and Indefinite, there are 0`, `rule "c": want one`, `rule "d": Until: the year 20000`,
	} {
		require.ErrorContains(t, err, text)
	}
	var many []r2admin.LockRule
	for i := range 1001 {
		many = append(many, r2admin.LockRule{ID: fmt.Sprint(i), For: day})
	}
	_, err = c.PlanLocks(t.Context(), "images", many)
	require.ErrorContains(t, err, "1001 rules: up to 1000")
	require.ErrorIs(t, c.ApplyLocks(t.Context(), r2admin.LockPlan{Bucket: "images", After: many}), r2admin.ErrInput)
	assert.Zero(t, api.Calls(""))
	lock(t, c, many[1:]...)
}

func TestLocksOfTheFakeAreStrict(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	for name, body := range map[string]string{
		"no id":         `{"rules":[{"enabled":true,"condition":{"type":"Indefinite"}}]}`,
		"not enabled":   `{"rules":[{"id":"a","condition":{"type":"Indefinite"}}]}`,
		"two":           `{"rules":[{"id":"a","enabled":true,"condition":{"type":"Indefinite"}},{"id":"a","enabled":true,"condition":{"type":"Indefinite"}}]}`,
		"no type":       `{"rules":[{"id":"a","enabled":true,"condition":{"maxAgeSeconds":1}}]}`,
		"no age":        `{"rules":[{"id":"a","enabled":true,"condition":{"type":"Age"}}]}`,
		"age and date":  `{"rules":[{"id":"a","enabled":true,"condition":{"type":"Age","maxAgeSeconds":1,"date":"2030-01-01T00:00:00Z"}}]}`,
		"no date":       `{"rules":[{"id":"a","enabled":true,"condition":{"type":"Date"}}]}`,
		"shape of S3":   `{"Rules":[{"ID":"a"}]}`,
		"lifecycle age": `{"rules":[{"id":"a","enabled":true,"condition":{"type":"Age","maxAge":1}}]}`,
	} {
		assert.Equal(t, 400, plainly(t, api, http.MethodPut, "/r2/buckets/images/lock", body), name)
	}
	assert.Equal(t, 404, plainly(t, api, http.MethodPut, "/r2/buckets/nowhere/lock", `{"rules":[]}`))
	for name, rule := range map[string]string{
		"unknown": `{"type":"Whenever"}`, "age": `{"type":"Age"}`, "date": `{"type":"Date"}`, "odd date": `{"type":"Date","date":"soon"}`,
	} {
		api.AnswerNext("GetLocks", 200, nil, `{"success":true,"errors":[],"messages":[],"result":{"rules":[{"id":"a","enabled":true,"condition":`+rule+`}]}}`)
		_, err := c.Locks(t.Context(), "images")
		require.ErrorContains(t, err, "the answer has another shape", name)
	}
}

// A month's invoices cannot be overwritten.
func ExampleClient_PlanLocks() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane() // real code: r2admin.Config{AccountID: …, APIToken: …}
	defer api.Close()
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.Put("invoices/1.pdf", []byte("…")); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	plan, err := c.PlanLocks(ctx, "images", []r2admin.LockRule{{ID: "invoices", Prefix: "invoices/", For: 3650 * 24 * time.Hour}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	fmt.Println(c.ApplyLocks(ctx, plan))
	store, err := r2.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(store.Delete(ctx, "invoices/1.pdf") != nil)
	// Output:
	// locks images:
	// + "invoices": "invoices/…": locked for 3650 days
	// <nil>
	// true
}
