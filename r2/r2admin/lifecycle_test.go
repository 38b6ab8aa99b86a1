package r2admin_test

import (
	"fmt"
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
	assert.Equal(t, 3, api.Calls("PutLifecycle"))
}

func TestLifecycleIsCheckedHere(t *testing.T) {
	t.Parallel()
	c, api, _ := open(t, r2test.Options{})
	err := c.SetLifecycle(t.Context(), "images", []r2admin.LifecycleRule{
		{}, {ID: "a", DeleteAfter: -1}, {ID: "a", DeleteAfter: day, DeleteOn: time.Now()}, {ID: "b", AbortUploadsAfter: time.Millisecond},
	})
	require.ErrorIs(t, err, r2admin.ErrInput)
	for _, text := range []string{"ID is required", "it does nothing", "DeleteAfter", "two of this ID", "an age and a date", "AbortUploadsAfter"} {
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
