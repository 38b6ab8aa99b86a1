package aliyun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

const (
	cdnDomain = "img.example.com"
	siteA     = "https://www.example.com"
	siteB     = "https://app.example.com"
)

func newCDN(t *testing.T, fake aliyuntest.Options) (*aliyuntest.Server, *aliyun.CDN) {
	t.Helper()
	srv, err := aliyuntest.Open(fake)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	srv.AddCDNDomain(cdnDomain)
	c, err := aliyun.New(srv.Config())
	require.NoError(t, err)
	return srv, c.CDN()
}

// whole is a CORS with everything.
func whole() aliyun.CORS {
	return aliyun.CORS{
		Origins: []string{siteA, siteB}, Check: true, Methods: []string{"GET", "PUT"}, Headers: []string{"Content-Type"},
		Expose: []string{"ETag"}, MaxAge: time.Hour, Credentials: true,
	}
}

// fast looks without pauses worth mentioning.
func fast() *aliyun.CDNWaitOptions { return &aliyun.CDNWaitOptions{Interval: time.Microsecond} }

// Trap 24: applied twice makes no second rule, and rules of other keys and functions are untouched.
func TestCORSIsAppliedOnce(t *testing.T) {
	t.Parallel()
	srv, cdn := newCDN(t, aliyuntest.Options{})
	cache := srv.SetCDNRule(cdnDomain, "set_resp_header", "", "header_operation_type", "add", "key", "X-Frame-Options", "value", "DENY", "duplicate", "off")
	other := srv.SetCDNRule(cdnDomain, "filetype_based_ttl_set", "", "ttl", "3600")
	vary := srv.SetCDNRule(cdnDomain, "set_resp_header", "", "header_operation_type", "add", "key", "Vary", "value", "Accept-Encoding", "duplicate", "on")
	plan, err := cdn.PlanCORS(t.Context(), cdnDomain, whole())
	require.NoError(t, err)
	require.Len(t, plan.Set, 7)
	require.NoError(t, cdn.Apply(t.Context(), plan))
	require.NoError(t, cdn.Wait(t.Context(), plan, fast()))
	rules := srv.CDNRules(cdnDomain)
	require.Len(t, rules, 10)
	calls := srv.Calls(aliyuntest.BatchSetCdnDomainConfig)
	assert.Equal(t, 1, calls)

	require.NoError(t, cdn.Apply(t.Context(), plan), "the same plan again")
	again, err := cdn.PlanCORS(t.Context(), cdnDomain, whole())
	require.NoError(t, err)
	assert.True(t, again.Empty(), "%s", again)
	require.NoError(t, cdn.Apply(t.Context(), again))
	assert.Equal(t, rules, srv.CDNRules(cdnDomain))
	assert.Equal(t, calls, srv.Calls(aliyuntest.BatchSetCdnDomainConfig))
	assert.Zero(t, srv.Calls(aliyuntest.DeleteSpecificConfig))
	for id, want := range map[aliyun.ConfigID]string{
		cache: "set_resp_header X-Frame-Options: DENY", other: "filetype_based_ttl_set : ", vary: "set_resp_header Vary: Accept-Encoding",
	} {
		assert.Equal(t, want, rules[id])
	}
}

// Trap 23: an ID of 18 digits arrives as a number in one answer and as a string in the other.
func TestConfigIDKeepsItsDigits(t *testing.T) {
	t.Parallel()
	srv, cdn := newCDN(t, aliyuntest.Options{})
	require.NoError(t, cdn.SetHeaders(t.Context(), []string{cdnDomain}, []aliyun.HeaderRule{{Key: "X-A", Value: "1"}}))
	have, err := cdn.Headers(t.Context(), cdnDomain)
	require.NoError(t, err)
	require.Len(t, have, 1)
	assert.Len(t, string(have[0].ID), 18)
	assert.Contains(t, srv.CDNRules(cdnDomain), have[0].ID)
	have[0].Value = "2"
	require.NoError(t, cdn.SetHeaders(t.Context(), []string{cdnDomain}, have))
	assert.Equal(t, map[aliyun.ConfigID]string{have[0].ID: "set_resp_header X-A: 2"}, srv.CDNRules(cdnDomain))
	var r aliyun.HeaderRule
	data, err := json.Marshal(have[0])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	assert.Equal(t, have[0], r)
}

// What a plan does to what is there.
func TestPlanCORS(t *testing.T) {
	t.Parallel()
	origin := func(value string, more ...string) []string {
		return append([]string{"header_operation_type", "add", "key", "Access-Control-Allow-Origin", "value", value}, more...)
	}
	star := aliyun.CORS{Origins: []string{"*"}}
	for name, tt := range map[string]struct {
		rules  [][]string // the first element is the parent
		want   aliyun.CORS
		plan   string
		notes  int
		result int
	}{
		"nothing there":        {want: star, plan: "+ Access-Control-Allow-Origin: *", result: 1},
		"right already":        {rules: [][]string{append([]string{""}, origin("*", "duplicate", "off", "access_origin_control", "off")...)}, want: star, result: 1},
		"in another case":      {rules: [][]string{{"", "header_operation_type", "add", "key", "access-control-allow-origin", "value", "*"}}, want: star, result: 1},
		"a list unchecked":     {rules: [][]string{append([]string{""}, origin(siteA+","+siteB)...)}, want: star, plan: "~ Access-Control-Allow-Origin: *", result: 1},
		"beside the origin's":  {rules: [][]string{append([]string{""}, origin("*", "duplicate", "on")...)}, want: star, plan: "~ Access-Control-Allow-Origin: *", result: 1},
		"three, one is right":  {rules: [][]string{append([]string{""}, origin("x")...), append([]string{"-1"}, origin("*")...), append([]string{""}, origin("*")...)}, want: star, plan: "- Access-Control-Allow-Origin: x|- Access-Control-Allow-Origin: *", result: 1},
		"none is right":        {rules: [][]string{append([]string{""}, origin("x")...), append([]string{""}, origin("y")...)}, want: star, plan: "~ Access-Control-Allow-Origin: *|- Access-Control-Allow-Origin: y", result: 1},
		"on a condition":       {rules: [][]string{append([]string{"77"}, origin("x")...)}, want: star, plan: "+ Access-Control-Allow-Origin: *", notes: 1, result: 2},
		"deleted by a rule":    {rules: [][]string{{"", "header_operation_type", "delete", "key", "Access-Control-Allow-Origin"}}, want: star, plan: "~ Access-Control-Allow-Origin: *", result: 1},
		"no longer wanted":     {rules: [][]string{append([]string{""}, origin("*")...), {"", "header_operation_type", "add", "key", "Access-Control-Allow-Credentials", "value", "true"}}, want: star, plan: "- Access-Control-Allow-Credentials: true", result: 1},
		"vary of others stays": {rules: [][]string{{"", "header_operation_type", "add", "key", "Vary", "value", "Accept"}}, want: aliyun.CORS{Origins: []string{siteA}, Check: true}, plan: "+ Access-Control-Allow-Origin: https://www.example.com (the one that matches)|+ Vary: Origin (beside the origin's)", result: 3},
		"without vary":         {want: aliyun.CORS{Origins: []string{siteA}, Check: true, NoVary: true}, plan: "+ Access-Control-Allow-Origin: https://www.example.com (the one that matches)", result: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, cdn := newCDN(t, aliyuntest.Options{})
			for _, r := range tt.rules {
				srv.SetCDNRule(cdnDomain, "set_resp_header", r[0], r[1:]...)
			}
			plan, err := cdn.PlanCORS(t.Context(), cdnDomain, tt.want)
			require.NoError(t, err)
			var lines []string
			for _, line := range strings.Split(strings.TrimSpace(plan.String()), "\n")[1:] {
				if line[0] != '!' {
					lines = append(lines, line)
				}
			}
			assert.Equal(t, tt.plan, strings.Join(lines, "|"))
			assert.Len(t, plan.Notes, tt.notes)
			data, err := json.Marshal(plan) // kept, and carried out later
			require.NoError(t, err)
			var kept aliyun.CORSPlan
			require.NoError(t, json.Unmarshal(data, &kept))
			require.NoError(t, cdn.Apply(t.Context(), kept))
			assert.Len(t, srv.CDNRules(cdnDomain), tt.result)
			again, err := cdn.PlanCORS(t.Context(), cdnDomain, tt.want)
			require.NoError(t, err)
			assert.True(t, again.Empty(), "%s", again)
		})
	}
}

// Trap 25, and all else that is known before a call.
func TestCORSIsChecked(t *testing.T) {
	t.Parallel()
	srv, cdn := newCDN(t, aliyuntest.Options{})
	for name, tt := range map[string]struct {
		want aliyun.CORS
		text string
	}{
		"nothing":              {aliyun.CORS{}, "Origins is empty"},
		"list with check off":  {aliyun.CORS{Origins: []string{siteA, siteB}}, "only works with Check"},
		"star and credentials": {aliyun.CORS{Origins: []string{"*"}, Credentials: true}, "refused by browsers"},
		"star and others":      {aliyun.CORS{Origins: []string{"*", siteA}, Check: true}, "* is all of them"},
		"path":                 {aliyun.CORS{Origins: []string{siteA + "/"}}, "must end after the host"},
		"no scheme":            {aliyun.CORS{Origins: []string{"www.example.com"}}, "scheme://host"},
		"pattern, check off":   {aliyun.CORS{Origins: []string{"https://*.example.com"}}, "needs Check"},
		"pattern inside":       {aliyun.CORS{Origins: []string{"https://www.*.com"}, Check: true}, "in front of the host"},
		"lower-case method":    {aliyun.CORS{Origins: []string{"*"}, Methods: []string{"get"}}, "upper-case"},
		"header":               {aliyun.CORS{Origins: []string{"*"}, Headers: []string{"a b"}}, "name of a header"},
		"header star":          {aliyun.CORS{Origins: []string{siteA}, Headers: []string{"*"}, Credentials: true}, "no wildcard"},
		"max age":              {aliyun.CORS{Origins: []string{"*"}, MaxAge: time.Millisecond}, "whole seconds"},
	} {
		_, err := cdn.PlanCORS(t.Context(), cdnDomain, tt.want)
		require.ErrorIs(t, err, aliyun.ErrInput, name)
		require.ErrorContains(t, err, tt.text, name)
	}
	for _, r := range []aliyun.HeaderRule{
		{Key: "a b", Value: "1"},
		{Key: "X-A"},
		{Key: "X-A", Value: "1\n2"},
		{Key: "X-A", Value: "1", CheckOrigin: true},
		{Key: "Access-Control-Allow-Origin", Value: siteA + "," + siteB},
		{Key: "Access-Control-Allow-Origin", Value: "*", Duplicate: true},
		{Key: "X-A", Value: "1", Operation: aliyun.HeaderRewrite},
	} {
		require.ErrorIs(t, cdn.SetHeaders(t.Context(), []string{cdnDomain}, []aliyun.HeaderRule{r}), aliyun.ErrInput, "%s", r)
	}
	require.ErrorIs(t, cdn.SetHeaders(t.Context(), nil, nil), aliyun.ErrInput)
	require.ErrorIs(t, cdn.SetHeaders(t.Context(), []string{"a.com", "b.com"}, []aliyun.HeaderRule{{ID: "1", Key: "X", Value: "1"}}), aliyun.ErrInput)
	require.ErrorIs(t, cdn.DeleteRule(t.Context(), cdnDomain, "1,2"), aliyun.ErrInput)
	_, err := cdn.Headers(t.Context(), "https://img.example.com/")
	require.ErrorIs(t, err, aliyun.ErrInput)
	assert.Zero(t, srv.Calls(""), "nothing was sent")
}

// Somebody else at the console, a crash in the middle, an answer that is lost.
func TestApplyLooksFirst(t *testing.T) {
	t.Parallel()
	t.Run("changed meanwhile", func(t *testing.T) {
		t.Parallel()
		srv, cdn := newCDN(t, aliyuntest.Options{})
		plan, err := cdn.PlanCORS(t.Context(), cdnDomain, whole())
		require.NoError(t, err)
		srv.SetCDNRule(cdnDomain, "set_resp_header", "", "header_operation_type", "add", "key", "Access-Control-Allow-Origin", "value", "https://theirs.example")
		before := srv.CDNRules(cdnDomain)
		err = cdn.Apply(t.Context(), plan)
		require.ErrorIs(t, err, aliyun.ErrConflict)
		require.ErrorIs(t, cdn.Wait(t.Context(), plan, fast()), aliyun.ErrConflict)
		assert.Equal(t, before, srv.CDNRules(cdnDomain))
	})
	for name, fault := range map[string]func(*aliyuntest.Server, string){
		"answer lost":   (*aliyuntest.Server).LoseNext,
		"never arrived": (*aliyuntest.Server).DropNext,
	} {
		for _, op := range []string{aliyuntest.BatchSetCdnDomainConfig, aliyuntest.DeleteSpecificConfig} {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				srv, cdn := newCDN(t, aliyuntest.Options{})
				for range 2 {
					srv.SetCDNRule(cdnDomain, "set_resp_header", "", "header_operation_type", "add", "key", "Access-Control-Allow-Origin", "value", "*")
				}
				plan, err := cdn.PlanCORS(t.Context(), cdnDomain, whole())
				require.NoError(t, err)
				fault(srv, op)
				err = cdn.Apply(t.Context(), plan)
				if op == aliyuntest.BatchSetCdnDomainConfig { // it has new rules: not repeated by itself
					require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
				}
				require.NoError(t, cdn.Apply(t.Context(), plan), "the same plan goes on")
				require.NoError(t, cdn.Wait(t.Context(), plan, fast()))
				assert.Len(t, srv.CDNRules(cdnDomain), 7)
			})
		}
	}
}

func TestWaitForRules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, cdn := newCDN(t, aliyuntest.Options{CDNLag: 20 * time.Second})
		plan, err := cdn.PlanCORS(t.Context(), cdnDomain, whole())
		require.NoError(t, err)
		require.NoError(t, cdn.Apply(t.Context(), plan))
		began, looks := time.Now(), 0
		require.NoError(t, cdn.Wait(t.Context(), plan, &aliyun.CDNWaitOptions{Progress: func(waiting []aliyun.HeaderRule) {
			looks++
			assert.Len(t, waiting, 7)
		}}))
		assert.Less(t, time.Since(began), 30*time.Second)
		assert.Equal(t, 5, looks) // 0, 2, 5, 9.5, 16.25 s

		more := whole()
		more.MaxAge = time.Minute
		plan, err = cdn.PlanCORS(t.Context(), cdnDomain, more)
		require.NoError(t, err)
		require.NoError(t, cdn.Apply(t.Context(), plan))
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("no patience"))
		defer cancel()
		require.ErrorContains(t, cdn.Wait(ctx, plan, nil), "no patience")
		srv.FailCDNRules(cdnDomain)
		require.ErrorIs(t, cdn.Wait(t.Context(), plan, nil), aliyun.ErrTaskFailed)
		srv.Close()
	})
}

// Trap 26: domains × functions over 50 are split.
func TestBatchesAreSplit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ domains, rules, calls int }{
		"50 × 1": {50, 1, 1}, "51 × 1": {51, 1, 2}, "10 × 5": {10, 5, 1}, "11 × 5": {11, 5, 2}, "1 × 50": {1, 50, 1}, "1 × 51": {1, 51, 2},
		"3 × 26": {3, 26, 3}, "2 × 60": {2, 60, 3}, // 50 to each, then 10 to both
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, cdn := newCDN(t, aliyuntest.Options{})
			var domains []string
			for i := range tt.domains {
				domains = append(domains, fmt.Sprintf("d%d.example.com", i))
				srv.AddCDNDomain(domains[i])
			}
			var rules []aliyun.HeaderRule
			for i := range tt.rules {
				rules = append(rules, aliyun.HeaderRule{Key: fmt.Sprintf("X-%d", i), Value: "1"})
			}
			require.NoError(t, cdn.SetHeaders(t.Context(), domains, rules))
			assert.Equal(t, tt.calls, srv.Calls(aliyuntest.BatchSetCdnDomainConfig))
			for _, d := range domains {
				assert.Len(t, srv.CDNRules(d), tt.rules)
			}
		})
	}
}

func TestCDNDomains(t *testing.T) {
	t.Parallel()
	srv, cdn := newCDN(t, aliyuntest.Options{})
	for i := range 1200 {
		srv.AddCDNDomain(fmt.Sprintf("d%d.example.com", i))
	}
	srv.SetCDNStatus("d7.example.com", "offline")
	assert.Len(t, collect(t, cdn.Domains(t.Context(), aliyun.DomainQuery{})), 1201)
	assert.Equal(t, 6, srv.Calls(aliyuntest.DescribeUserDomains), "500 a page, ranged over twice")
	off := collect(t, cdn.Domains(t.Context(), aliyun.DomainQuery{Status: "offline"}))
	require.Len(t, off, 1)
	assert.Equal(t, aliyun.CDNDomain{Name: "d7.example.com", CNAME: "d7.example.com.w.kunlunsl.com", Status: "offline", Type: "web"}, off[0])

	_, err := cdn.Headers(t.Context(), "nowhere.example.com")
	require.ErrorIs(t, err, fs.ErrNotExist)
	srv.SetCDNStatus(cdnDomain, "configuring")
	require.ErrorIs(t, cdn.SetHeaders(t.Context(), []string{cdnDomain}, []aliyun.HeaderRule{{Key: "X-A", Value: "1"}}), aliyun.ErrConflict)
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)}
	srv, cdn := newCDN(t, aliyuntest.Options{Now: c.Now})
	var paths []string
	for i := range 2500 {
		paths = append(paths, fmt.Sprintf("https://%s/%d.png", cdnDomain, i))
	}
	task, err := cdn.Refresh(t.Context(), paths, nil)
	require.NoError(t, err)
	assert.Equal(t, 3, srv.Calls(aliyuntest.RefreshObjectCaches))
	status, err := task.Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2500, status.Total)
	assert.False(t, status.Done())
	c.now = c.now.Add(150 * time.Second)
	again := cdn.Task(task.IDs()) // after a restart
	status, err = again.Poll(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 50, status.Percent)
	c.now = c.now.Add(150 * time.Second)
	status, err = again.Wait(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, aliyun.CDNTaskStatus{Total: 2500, Complete: 2500, Percent: 100}, status)

	q, err := cdn.Quota(t.Context())
	require.NoError(t, err)
	assert.Equal(t, aliyun.Quota{URLs: 10_000, URLsLeft: 7500, Directories: 100, DirectoriesLeft: 100, Regexes: 20, RegexesLeft: 20, Pushes: 1000, PushesLeft: 1000}, q)
	calls := srv.Calls(aliyuntest.RefreshObjectCaches)
	for len(paths) < 7501 {
		paths = append(paths, fmt.Sprintf("https://%s/%d.png", cdnDomain, len(paths)))
	}
	_, err = cdn.Refresh(t.Context(), paths, nil)
	require.ErrorIs(t, err, aliyun.ErrQuota)
	require.ErrorContains(t, err, "7501 paths, and 7500 are left")
	assert.Equal(t, calls, srv.Calls(aliyuntest.RefreshObjectCaches), "nothing was sent")

	push, err := cdn.Push(t.Context(), []string{"https://" + cdnDomain + "/a.png", "https://" + cdnDomain + "/fail.png"}, nil)
	require.NoError(t, err)
	c.now = c.now.Add(time.Hour)
	status, err = push.Wait(t.Context(), nil)
	require.ErrorIs(t, err, aliyun.ErrTaskFailed)
	assert.Equal(t, 1, status.Failed)
	found := collect(t, cdn.Tasks(t.Context(), aliyun.CDNTaskQuery{Path: "https://" + cdnDomain + "/fail.png"}))
	require.Len(t, found, 1)
	assert.Equal(t, "Failed", found[0].Status)

	hosts := make([]string, 0, 11)
	for i := range 11 { // ten domains a call
		host := fmt.Sprintf("h%d.example.com", i)
		srv.AddCDNDomain(host)
		hosts = append(hosts, "https://"+host+"/")
	}
	calls = srv.Calls(aliyuntest.RefreshObjectCaches)
	_, err = cdn.Refresh(t.Context(), hosts, &aliyun.RefreshOptions{Type: aliyun.RefreshDirectory})
	require.NoError(t, err)
	assert.Equal(t, calls+2, srv.Calls(aliyuntest.RefreshObjectCaches))

	srv.LoseNext(aliyuntest.RefreshObjectCaches)
	_, err = cdn.Refresh(t.Context(), []string{"https://" + cdnDomain + "/lost.png"}, nil)
	require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
	assert.Len(t, collect(t, cdn.Tasks(t.Context(), aliyun.CDNTaskQuery{Path: "https://" + cdnDomain + "/lost.png"})), 1, "and it can be looked up")

	for name, bad := range map[string]func() error{
		"none":    func() error { _, err := cdn.Refresh(t.Context(), nil, nil); return err },
		"no host": func() error { _, err := cdn.Refresh(t.Context(), []string{"/a.png"}, nil); return err },
		"line break": func() error {
			_, err := cdn.Push(t.Context(), []string{"https://a.com/a\nhttps://b.com/b"}, nil)
			return err
		},
		"no directory": func() error {
			_, err := cdn.Refresh(t.Context(), []string{"https://a.com/a"}, &aliyun.RefreshOptions{Type: aliyun.RefreshDirectory})
			return err
		},
		"area": func() error {
			_, err := cdn.Push(t.Context(), []string{"https://a.com/a"}, &aliyun.PushOptions{Area: "moon"})
			return err
		},
	} {
		require.ErrorIs(t, bad(), aliyun.ErrInput, name)
	}
}
