package wechat_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestTagsFromCreateToDelete(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	ctx := t.Context()
	tag, err := c.CreateTag(ctx, "广东")
	require.NoError(t, err)
	assert.Equal(t, wechat.Tag{ID: 102, Name: "广东"}, tag)
	_, err = c.CreateTag(ctx, "广东")
	require.ErrorIs(t, err, wechat.ErrDuplicate)
	done, err := c.TagUsers(ctx, tag.ID, "oFakeFollower0001", "oFakeFollower0002")
	require.NoError(t, err)
	assert.Equal(t, 2, done)
	ids, err := c.UserTags(ctx, "oFakeFollower0001")
	require.NoError(t, err)
	assert.Equal(t, []int{101, 102}, ids)
	require.NoError(t, c.RenameTag(ctx, tag.ID, "广州"))
	require.ErrorIs(t, c.RenameTag(ctx, tag.ID, "读者"), wechat.ErrDuplicate)
	tags, err := c.Tags(ctx)
	require.NoError(t, err)
	assert.Equal(t, []wechat.Tag{{ID: 2, Name: "星标组"}, {ID: 101, Name: "读者", Count: 3}, {ID: 102, Name: "广州", Count: 2}}, tags)
	require.NoError(t, c.DeleteTag(ctx, tag.ID))
	require.ErrorIs(t, c.DeleteTag(ctx, tag.ID), wechat.ErrNotFound)
	require.ErrorIs(t, seqError(c.TagMembers(ctx, tag.ID, nil)), wechat.ErrNotFound)
	assert.Len(t, srv.Tags(), 2)

	_, err = c.CreateTag(ctx, strings.Repeat("字", 11)) // 33 bytes
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorContains(t, err, "45158")
}

func TestEnsureTag(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	there, err := c.EnsureTag(t.Context(), "读者")
	require.NoError(t, err)
	assert.Equal(t, wechat.Tag{ID: 101, Name: "读者", Count: 3}, there)
	assert.Zero(t, srv.Calls("tags/create"))

	srv.LoseNext("tags/create")
	made, err := c.EnsureTag(t.Context(), "新读者")
	require.NoError(t, err, "it looked, and found its own")
	assert.Equal(t, 102, made.ID)
	assert.Len(t, srv.Tags(), 3)

	srv.DropNext("tags/create") // nothing happened, and nobody can tell
	_, err = c.EnsureTag(t.Context(), "第三个")
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	third, err := c.EnsureTag(t.Context(), "第三个")
	require.NoError(t, err)
	assert.Equal(t, 103, third.ID)

	srv.FailNext("tags/create", 45056)
	_, err = c.EnsureTag(t.Context(), "第四个")
	require.ErrorIs(t, err, wechat.ErrInput)
}

func TestCreateTagLostAnswer(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	srv.LoseNext("tags/create")
	_, err := c.CreateTag(t.Context(), "广东")
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	require.ErrorContains(t, err, "look for it in Tags")
	srv.AnswerNext("tags/create", http.StatusOK, nil, `{"errcode":0}`)
	_, err = c.CreateTag(t.Context(), "深圳")
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	assert.Equal(t, 2, srv.Calls("tags/create"), "not repeated")
}

func TestUsers(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	all := crowdOf(205)
	srv, c := account(t, wechattest.Options{Followers: all, Now: func() time.Time { return since }})
	ctx := t.Context()
	srv.Follow("oNew")
	require.NoError(t, c.SetRemark(ctx, "oNew", "张三 😀"))
	u, err := c.User(ctx, "oNew")
	require.NoError(t, err)
	assert.Equal(t, wechat.User{
		OpenID: "oNew", Subscribed: true, SubscribedAt: time.Unix(since.Unix(), 0), Language: "zh_CN", Remark: "张三 😀", Scene: "ADD_SCENE_SEARCH",
	}, u)
	require.NoError(t, c.SetRemark(ctx, "oNew", ""))
	assert.Empty(t, srv.Remarks()["oNew"])

	srv.Unfollow(all[3])
	_, err = c.User(ctx, "oStranger")
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorIs(t, c.SetRemark(ctx, all[3], "x"), wechat.ErrInput)

	users, err := collect(t, c.Users(ctx, all...))
	require.NoError(t, err)
	require.Len(t, users, 205)
	for i, u := range users {
		assert.Equal(t, all[i], u.OpenID)
		assert.Equal(t, i != 3, u.Subscribed)
	}
	assert.Equal(t, wechat.User{OpenID: all[3]}, users[3], "of one who left nothing more is told")
	assert.Equal(t, 2*3, srv.Calls("user/info/batchget"), "100 a call")
	for _, err := range c.Users(ctx, all...) {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 7, srv.Calls("user/info/batchget"), "no page before it is needed")
}

func TestUsersLeftOut(t *testing.T) {
	t.Parallel()
	c, _ := onTheWire(t, http.StatusOK, `{"user_info_list":[{"subscribe":"1","openid":"b","tagid_list":["7",8]},{"subscribe":0,"openid":"a"}]}`)
	users, err := collect(t, c.Users(t.Context(), "a", "b"))
	require.NoError(t, err)
	assert.Equal(t, []wechat.User{{OpenID: "a"}, {OpenID: "b", TagIDs: []int{7, 8}}}, []wechat.User{users[0], {OpenID: users[1].OpenID, TagIDs: users[1].TagIDs}})
	users, err = collect(t, c.Users(t.Context(), "a", "c", "b"))
	require.ErrorContains(t, err, `an answer without the OpenID "c"`)
	assert.Len(t, users, 1)
}

// Trap 26: user/tag/get sends tagid. The forms of all calls of this group.
func TestFollowerFormsOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do   func(*wechat.Client) error
		path string
		want string // of a GET its query
	}{
		"user/tag/get sends tagid": {
			do:   func(c *wechat.Client) error { return seqError(c.TagMembers(t.Context(), 134, nil)) },
			path: "user/tag/get", want: `{"tagid":134,"next_openid":""}`,
		},
		"user/get": {
			do: func(c *wechat.Client) error {
				return seqError(c.Followers(t.Context(), &wechat.FollowersOptions{After: "o1"}))
			},
			path: "user/get", want: "access_token=tok&next_openid=o1",
		},
		"user/info": {
			do:   func(c *wechat.Client) error { _, err := c.User(t.Context(), "o1"); return err },
			path: "user/info", want: "access_token=tok&lang=zh_CN&openid=o1",
		},
		"user/info/batchget": {
			do:   func(c *wechat.Client) error { return seqError(c.Users(t.Context(), "o1")) },
			path: "user/info/batchget", want: `{"user_list":[{"openid":"o1","lang":"zh_CN"}]}`,
		},
		"user/info/updateremark": {
			do:   func(c *wechat.Client) error { return c.SetRemark(t.Context(), "o1", "张三") },
			path: "user/info/updateremark", want: `{"openid":"o1","remark":"张三"}`,
		},
		"tags/create": {
			do:   func(c *wechat.Client) error { _, err := c.CreateTag(t.Context(), "广东"); return err },
			path: "tags/create", want: `{"tag":{"name":"广东"}}`,
		},
		"tags/update": {
			do:   func(c *wechat.Client) error { return c.RenameTag(t.Context(), 134, "广东") },
			path: "tags/update", want: `{"tag":{"id":134,"name":"广东"}}`,
		},
		"tags/delete": {
			do:   func(c *wechat.Client) error { return c.DeleteTag(t.Context(), 134) },
			path: "tags/delete", want: `{"tag":{"id":134}}`,
		},
		"tags/getidlist": {
			do:   func(c *wechat.Client) error { _, err := c.UserTags(t.Context(), "o1"); return err },
			path: "tags/getidlist", want: `{"openid":"o1"}`,
		},
		"tags/members/batchtagging": {
			do:   func(c *wechat.Client) error { _, err := c.TagUsers(t.Context(), 134, "o1", "o2"); return err },
			path: "tags/members/batchtagging", want: `{"openid_list":["o1","o2"],"tagid":134}`,
		},
		"tags/members/batchuntagging": {
			do:   func(c *wechat.Client) error { _, err := c.UntagUsers(t.Context(), 2, "o1"); return err },
			path: "tags/members/batchuntagging", want: `{"openid_list":["o1"],"tagid":2}`,
		},
		"tags/members/getblacklist": {
			do:   func(c *wechat.Client) error { return seqError(c.Blacklist(t.Context(), nil)) },
			path: "tags/members/getblacklist", want: `{"begin_openid":""}`,
		},
		"tags/members/batchblacklist": {
			do:   func(c *wechat.Client) error { _, err := c.AddToBlacklist(t.Context(), "o1"); return err },
			path: "tags/members/batchblacklist", want: `{"openid_list":["o1"]}`,
		},
		"tags/members/batchunblacklist": {
			do:   func(c *wechat.Client) error { _, err := c.RemoveFromBlacklist(t.Context(), "o1"); return err },
			path: "tags/members/batchunblacklist", want: `{"openid_list":["o1"]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{"tag":{"id":134,"name":"广东"},"user_info_list":[{"openid":"o1"}],"total":0}`)
			require.NoError(t, tt.do(c))
			require.Len(t, sent.requests, 1)
			req := sent.requests[0]
			assert.Equal(t, "/cgi-bin/"+tt.path, req.URL.Path)
			if req.Method == http.MethodGet {
				assert.Equal(t, tt.want, req.URL.Query().Encode())
				assert.Empty(t, sent.bodies[0])
				return
			}
			assert.Equal(t, http.MethodPost, req.Method)
			assert.JSONEq(t, tt.want, sent.bodies[0])
		})
	}
}
