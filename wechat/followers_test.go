package wechat_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// crowdOf makes n followers.
func crowdOf(n int) []wechat.OpenID {
	ids := make([]wechat.OpenID, n)
	for i := range ids {
		ids[i] = wechat.OpenID(fmt.Sprintf("oFollower%05d", i+1))
	}
	return ids
}

// collect ranges twice: the second range must give the same.
func collect[T any](t *testing.T, seq iter.Seq2[T, error]) ([]T, error) {
	t.Helper()
	once := func() (out []T, err error) {
		for v, e := range seq {
			require.NoError(t, err, "nothing follows an error")
			if e != nil {
				err = e
				continue
			}
			out = append(out, v)
		}
		return out, err
	}
	first, err := once()
	again, _ := once()
	if err == nil {
		assert.Equal(t, first, again, "the second range")
	}
	return first, err
}

func TestListsOfOpenIDs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op   string
		list func(*wechat.Client, *wechat.FollowersOptions) iter.Seq2[wechat.OpenID, error]
	}{
		"followers": {op: "user/get", list: func(c *wechat.Client, o *wechat.FollowersOptions) iter.Seq2[wechat.OpenID, error] {
			return c.Followers(t.Context(), o)
		}},
		"tag members": {op: "user/tag/get", list: func(c *wechat.Client, o *wechat.FollowersOptions) iter.Seq2[wechat.OpenID, error] {
			return c.TagMembers(t.Context(), 101, o)
		}},
		"blacklist": {op: "tags/members/getblacklist", list: func(c *wechat.Client, o *wechat.FollowersOptions) iter.Seq2[wechat.OpenID, error] {
			return c.Blacklist(t.Context(), o)
		}},
	} {
		for people, want := range map[int]int{0: 1, 3: 1, 4: 1, 7: 3, 8: 3} { // how many calls, with pages of 4
			t.Run(fmt.Sprint(name, " ", people), func(t *testing.T) {
				t.Parallel()
				all := crowdOf(8)
				srv, c := account(t, wechattest.Options{Followers: all, Tags: []wechattest.Tag{{ID: 101, Name: "读者"}}})
				srv.SetPageSize(4)
				members := slices.Clone(all[:people])
				if people > 0 {
					_, err := c.TagUsers(t.Context(), 101, members...)
					require.NoError(t, err)
					_, err = c.AddToBlacklist(t.Context(), members...)
					require.NoError(t, err)
				}
				if tt.op == "user/get" {
					srv.Unfollow(all[people:]...)
				}
				got, err := collect(t, tt.list(c, nil))
				require.NoError(t, err)
				assert.ElementsMatch(t, members, got)
				if tt.op == "user/tag/get" && people > 0 && people <= 4 {
					want = 2 // it names no total: only the page after the last tells that it was the last
				}
				assert.Equal(t, 2*want, srv.Calls(tt.op), "calls of two ranges")

				if people == 7 {
					rest, err := collect(t, tt.list(c, &wechat.FollowersOptions{After: all[4]}))
					require.NoError(t, err)
					assert.Equal(t, all[5:7], rest, "after a restart")
				}
				for id, err := range tt.list(c, nil) {
					require.NoError(t, err)
					require.Equal(t, all[0], id)
					break
				}
			})
		}
	}
}

// onPages answers the calls of a list with these bodies, in order, and the last of them again and again.
func onPages(t *testing.T, answers ...string) (*wechat.Client, *httpmock.MockTransport) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	n := 0
	mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
		answer := answers[min(n, len(answers)-1)]
		n++
		return httpmock.NewStringResponse(http.StatusOK, answer), nil
	})
	c, err := wechat.New(wechat.Config{AppID: "wx0123456789abcdef", Tokens: fixedToken("tok"), HTTPClient: &http.Client{Transport: mock}, MaxRetries: new(0)})
	require.NoError(t, err)
	return c, mock
}

// Trap 14: no data on the page after the last, totals that promise more than there is, a next_openid that repeats.
func TestFollowerPagesThatMislead(t *testing.T) {
	t.Parallel()
	page := func(total int, next string, ids ...string) string {
		data := ""
		for _, id := range ids {
			data += "," + strconv.Quote(id)
		}
		if data != "" {
			data = `"data":{"openid":[` + data[1:] + `]},`
		}
		return fmt.Sprintf(`{"total":%d,"count":%d,%s"next_openid":%q}`, total, len(ids), data, next)
	}
	for name, tt := range map[string]struct {
		answers []string
		want    []wechat.OpenID
		calls   int
		text    string
	}{
		"nobody":                       {answers: []string{page(0, "")}, calls: 1},
		"one page":                     {answers: []string{page(2, "b", "a", "b")}, want: []wechat.OpenID{"a", "b"}, calls: 1},
		"no data at the end":           {answers: []string{page(5, "b", "a", "b"), page(5, "c", "c"), page(5, "")}, want: []wechat.OpenID{"a", "b", "c"}, calls: 3},
		"data that is empty":           {answers: []string{page(5, "a", "a"), `{"total":5,"count":0,"data":{"openid":[]},"next_openid":"z"}`}, want: []wechat.OpenID{"a"}, calls: 2},
		"the total shrinks":            {answers: []string{page(3, "b", "a", "b"), page(1, "c", "c"), page(1, "")}, want: []wechat.OpenID{"a", "b", "c"}, calls: 3},
		"no next":                      {answers: []string{page(5, "", "a")}, want: []wechat.OpenID{"a"}, calls: 1},
		"next repeats":                 {answers: []string{page(9, "b", "a", "b"), page(9, "b", "c")}, want: []wechat.OpenID{"a", "b", "c"}, calls: 2, text: "repeats its page cursor"},
		"next goes round":              {answers: []string{page(9, "a", "a"), page(9, "b", "b"), page(9, "a", "a")}, want: []wechat.OpenID{"a", "b", "a"}, calls: 3, text: "repeats its page cursor"},
		"refused in the middle":        {answers: []string{page(9, "a", "a"), `{"errcode":45009,"errmsg":"quota"}`}, want: []wechat.OpenID{"a"}, calls: 2, text: "45009"},
		"OpenIDs that look like nouns": {answers: []string{`{"total":1,"count":1,"data":{"openid":[17]},"next_openid":""}`}, want: []wechat.OpenID{"17"}, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, mock := onPages(t, tt.answers...)
			var got []wechat.OpenID
			var last error
			for id, err := range c.Followers(t.Context(), nil) {
				require.NoError(t, last, "nothing follows an error")
				if last = err; err == nil {
					got = append(got, id)
				}
			}
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.calls, mock.GetTotalCallCount())
			if tt.text == "" {
				require.NoError(t, last)
			} else {
				require.ErrorContains(t, last, tt.text)
			}
		})
	}
}

func TestFollowerCount(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	n, err := c.FollowerCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 8, n)
	srv.Follow("oNewOne")
	n, err = c.FollowerCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 9, n)
	srv.AnswerNext("user/get", http.StatusOK, nil, `{"count":0}`)
	_, err = c.FollowerCount(t.Context())
	require.ErrorIs(t, err, wechat.ErrTemporary, "no total is not nobody")
}

func TestBlacklistInBatchesOf20(t *testing.T) {
	t.Parallel()
	all := crowdOf(45)
	srv, c := account(t, wechattest.Options{Followers: all})
	done, err := c.AddToBlacklist(t.Context(), all...)
	require.NoError(t, err)
	assert.Equal(t, 45, done)
	assert.Equal(t, 3, srv.Calls("tags/members/batchblacklist"))
	assert.Equal(t, all, srv.Blacklisted())

	srv.FailNext("tags/members/batchunblacklist", 49003)
	done, err = c.RemoveFromBlacklist(t.Context(), all...)
	require.ErrorIs(t, err, wechat.ErrInput)
	assert.Zero(t, done)
	done, err = c.RemoveFromBlacklist(t.Context(), all[:21]...)
	require.NoError(t, err)
	assert.Equal(t, 21, done)
	assert.Equal(t, all[21:], srv.Blacklisted())
}

func TestBlacklistedGetNothing(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	_, err := c.AddToBlacklist(t.Context(), "oFakeFollower0002")
	require.NoError(t, err)
	plan, err := c.PlanMass(t.Context(), wechat.ToTag(101), wechat.Text{Content: "你好"}, nil)
	require.NoError(t, err)
	err = plan.Preview(t.Context(), wechat.PreviewTo{OpenID: "oFakeFollower0002"})
	require.ErrorIs(t, err, wechat.ErrPermission)
	require.ErrorContains(t, err, "on the blacklist")
	job, err := plan.Send(t.Context())
	require.NoError(t, err)
	_, err = job.Wait(t.Context(), &wechat.WaitOptions{Interval: 10 * time.Millisecond})
	require.NoError(t, err)
	assert.Equal(t, []wechat.OpenID{"oFakeFollower0001", "oFakeFollower0003"}, srv.MassJobs()[0].Sent)
}

func TestBatchesStopAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	all := crowdOf(120)
	srv, c := account(t, wechattest.Options{Followers: all})
	tag, err := c.CreateTag(t.Context(), "广东")
	require.NoError(t, err)
	ids := slices.Clone(all)
	ids[70] = "oStranger"
	done, err := c.TagUsers(t.Context(), tag.ID, ids...)
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorContains(t, err, "50 of 120 are done")
	assert.Equal(t, 50, done)
	assert.Equal(t, 2, srv.Calls("tags/members/batchtagging"))
	got, err := collect(t, c.TagMembers(t.Context(), tag.ID, nil))
	require.NoError(t, err)
	assert.Equal(t, all[:50], got)

	srv.LoseNext("tags/members/batchtagging")
	done, err = c.TagUsers(t.Context(), tag.ID, all...)
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	require.ErrorContains(t, err, "doing it again is safe")
	assert.Zero(t, done)
	done, err = c.TagUsers(t.Context(), tag.ID, all...)
	require.NoError(t, err)
	assert.Equal(t, 120, done)
	assert.Len(t, srv.Tags()[2].Members, 120, "nobody has it twice")
	done, err = c.UntagUsers(t.Context(), tag.ID, all[:119]...)
	require.NoError(t, err)
	assert.Equal(t, 119, done)
	assert.Equal(t, all[119:], srv.Tags()[2].Members)
}

// Nothing of this may leave: no OpenID is a mistake of the caller and never "everybody".
func TestFollowersRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	long := "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一"
	for name, tt := range map[string]struct {
		do   func(*wechat.Client) error
		text string
	}{
		"tag nobody":         {do: func(c *wechat.Client) error { _, err := c.TagUsers(ctx, 101); return err }, text: "there are none"},
		"tag an empty one":   {do: func(c *wechat.Client) error { _, err := c.TagUsers(ctx, 101, "a", ""); return err }, text: "OpenIDs[1] is empty"},
		"tag of no tag":      {do: func(c *wechat.Client) error { _, err := c.UntagUsers(ctx, -1, ""); return err }, text: "-1 is no tag\nOpenIDs[0] is empty"},
		"blacklist nobody":   {do: func(c *wechat.Client) error { _, err := c.AddToBlacklist(ctx); return err }, text: "there are none"},
		"unblacklist nobody": {do: func(c *wechat.Client) error { _, err := c.RemoveFromBlacklist(ctx); return err }, text: "there are none"},
		"no user":            {do: func(c *wechat.Client) error { _, err := c.User(ctx, ""); return err }, text: "OpenIDs[0] is empty"},
		"no users":           {do: func(c *wechat.Client) error { return seqError(c.Users(ctx)) }, text: "there are none"},
		"tags of no user":    {do: func(c *wechat.Client) error { _, err := c.UserTags(ctx, ""); return err }, text: "is empty"},
		"members of no tag":  {do: func(c *wechat.Client) error { return seqError(c.TagMembers(ctx, -1, nil)) }, text: "-1 is no tag"},
		"remark too long":    {do: func(c *wechat.Client) error { return c.SetRemark(ctx, "", long) }, text: "OpenIDs[0] is empty\nremark: 31 characters, at most 30"},
		"remark not UTF-8":   {do: func(c *wechat.Client) error { return c.SetRemark(ctx, "o", "\xff") }, text: "not UTF-8"},
		"tag without name":   {do: func(c *wechat.Client) error { _, err := c.CreateTag(ctx, " "); return err }, text: "name is required"},
		"long tag name":      {do: func(c *wechat.Client) error { _, err := c.EnsureTag(ctx, long); return err }, text: "31 characters, at most 30"},
		"rename a reserved":  {do: func(c *wechat.Client) error { return c.RenameTag(ctx, 2, "a\xff") }, text: "2 is none of your own: 0, 1 and 2 are the platform's\nname: is not UTF-8"},
		"delete a reserved":  {do: func(c *wechat.Client) error { return c.DeleteTag(ctx, 0) }, text: "0 is none of your own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{}`)
			err := tt.do(c)
			require.ErrorIs(t, err, wechat.ErrInput)
			require.ErrorContains(t, err, tt.text)
			assert.Empty(t, sent.requests)
		})
	}
}

func seqError[T any](seq iter.Seq2[T, error]) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}
