package wechattest_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestRefusesAboutPeople(t *testing.T) {
	t.Parallel()
	ids := func(n int) string {
		return `"` + strings.TrimSuffix(strings.Repeat(`oFakeFollower0001","`, n), `,"`)
	}
	full := []wechattest.Tag{}
	for n := range 100 {
		full = append(full, wechattest.Tag{ID: 101 + n, Name: fmt.Sprint("t", n)})
	}
	crowded := []wechattest.Tag{}
	for n := range 21 {
		tag := wechattest.Tag{ID: 101 + n, Name: fmt.Sprint("t", n)}
		if n < 20 {
			tag.Members = []wechat.OpenID{"oFakeFollower0001"}
		}
		crowded = append(crowded, tag)
	}
	huge := []wechattest.Tag{{ID: 101, Name: "t", Members: make([]wechat.OpenID, 100_001)}}
	for name, tt := range map[string]struct {
		op, body string
		opts     wechattest.Options
		want     int
	}{
		"a good tag":                 {op: "tags/create", body: `{"tag":{"name":"广东"}}`},
		"a tag without name":         {op: "tags/create", body: `{"tag":{"name":""}}`, want: 45157},
		"a tag twice":                {op: "tags/create", body: `{"tag":{"name":"读者"}}`, want: 45157},
		"eleven characters":          {op: "tags/create", body: `{"tag":{"name":"一二三四五六七八九十一"}}`, want: 45158},
		"thirty bytes":               {op: "tags/create", body: `{"tag":{"name":"一二三四五六七八九十"}}`},
		"a hundred tags":             {op: "tags/create", body: `{"tag":{"name":"a"}}`, opts: wechattest.Options{Tags: full}, want: 45056},
		"rename to itself":           {op: "tags/update", body: `{"tag":{"id":101,"name":"读者"}}`},
		"rename a reserved one":      {op: "tags/update", body: `{"tag":{"id":2,"name":"x"}}`, want: 45058},
		"rename no tag":              {op: "tags/update", body: `{"tag":{"id":99,"name":"x"}}`, want: 45159},
		"delete a reserved one":      {op: "tags/delete", body: `{"tag":{"id":0}}`, want: 45058},
		"delete a huge one":          {op: "tags/delete", body: `{"tag":{"id":101}}`, opts: wechattest.Options{Tags: huge}, want: 45057},
		"members by tag_id":          {op: "user/tag/get", body: `{"tag_id":101,"next_openid":""}`, want: 45159},
		"members after a stranger":   {op: "user/tag/get", body: `{"tagid":101,"next_openid":"x"}`, want: 40003},
		"tag fifty":                  {op: "tags/members/batchtagging", body: `{"openid_list":[` + ids(50) + `],"tagid":101}`},
		"tag fifty-one":              {op: "tags/members/batchtagging", body: `{"openid_list":[` + ids(51) + `],"tagid":101}`, want: 40032},
		"tag nobody":                 {op: "tags/members/batchtagging", body: `{"openid_list":[],"tagid":101}`, want: 40032},
		"tag a stranger":             {op: "tags/members/batchtagging", body: `{"openid_list":["x"],"tagid":101}`, want: 40003},
		"tag with no tag":            {op: "tags/members/batchtagging", body: `{"openid_list":["oFakeFollower0001"],"tagid":99}`, want: 45159},
		"the twenty-first tag":       {op: "tags/members/batchtagging", body: `{"openid_list":["oFakeFollower0001"],"tagid":121}`, opts: wechattest.Options{Tags: crowded}, want: 45059},
		"the twentieth tag again":    {op: "tags/members/batchtagging", body: `{"openid_list":["oFakeFollower0001"],"tagid":120}`, opts: wechattest.Options{Tags: crowded}},
		"blacklist twenty":           {op: "tags/members/batchblacklist", body: `{"openid_list":[` + ids(20) + `]}`},
		"blacklist twenty-one":       {op: "tags/members/batchblacklist", body: `{"openid_list":[` + ids(21) + `]}`, want: 40032},
		"unblacklist a stranger":     {op: "tags/members/batchunblacklist", body: `{"openid_list":["x"]}`, want: 40003},
		"a hundred users":            {op: "user/info/batchget", body: `{"user_list":[` + strings.Repeat(`{"openid":"oFakeFollower0001"},`, 99) + `{"openid":"oFakeFollower0002"}]}`},
		"a hundred and one":          {op: "user/info/batchget", body: `{"user_list":[` + strings.Repeat(`{"openid":"oFakeFollower0001"},`, 100) + `{"openid":"oFakeFollower0002"}]}`, want: 40032},
		"user without OpenID":        {op: "user/info/batchget", body: `{"user_list":[{"lang":"zh_CN"}]}`, want: 41009},
		"remark of 31":               {op: "user/info/updateremark", body: `{"openid":"oFakeFollower0001","remark":"` + strings.Repeat("字", 31) + `"}`, want: 40035},
		"remark of 30":               {op: "user/info/updateremark", body: `{"openid":"oFakeFollower0001","remark":"` + strings.Repeat("字", 30) + `"}`},
		"tags of a stranger":         {op: "tags/getidlist", body: `{"openid":"x"}`, want: 40003},
		"an account not verified":    {op: "tags/create", body: `{"tag":{"name":"a"}}`, opts: wechattest.Options{Verified: new(false)}, want: 48001},
		"not verified, no blacklist": {op: "tags/members/getblacklist", body: `{}`, opts: wechattest.Options{Verified: new(false)}, want: 48001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := open(t, tt.opts)
			assert.Equal(t, tt.want, call(t, srv, tt.op, tt.body))
		})
	}
}

func TestPeopleSurviveARestart(t *testing.T) {
	t.Parallel()
	opts := wechattest.Options{StateFile: filepath.Join(t.TempDir(), "state.json")}
	srv, c := open(t, opts)
	_, err := c.DraftCount(t.Context()) // something else is written first
	require.NoError(t, err)
	srv.Close()

	srv, c = open(t, opts)
	assert.Len(t, srv.Tags(), 2, "nothing was changed: the options' are right")
	tag, err := c.CreateTag(t.Context(), "新")
	require.NoError(t, err)
	_, err = c.TagUsers(t.Context(), tag.ID, "oFakeFollower0002")
	require.NoError(t, err)
	_, err = c.AddToBlacklist(t.Context(), "oFakeFollower0004")
	require.NoError(t, err)
	require.NoError(t, c.SetRemark(t.Context(), "oFakeFollower0003", "三"))
	srv.Unfollow("oFakeFollower0001")
	require.NoError(t, c.SetRemark(t.Context(), "oFakeFollower0003", "三号"))
	srv.Close()

	srv, c = open(t, opts)
	assert.Equal(t, []wechat.OpenID{"oFakeFollower0002"}, srv.Tags()[2].Members)
	assert.Equal(t, []wechat.OpenID{"oFakeFollower0002", "oFakeFollower0003"}, srv.Tags()[1].Members)
	assert.Equal(t, []wechat.OpenID{"oFakeFollower0004"}, srv.Blacklisted())
	assert.Equal(t, map[wechat.OpenID]string{"oFakeFollower0003": "三号"}, srv.Remarks())
	u, err := c.User(t.Context(), "oFakeFollower0001")
	require.NoError(t, err)
	assert.False(t, u.Subscribed)
	n, err := c.FollowerCount(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 7, n)
}

// What the caller gave stays the caller's.
func TestOptionsAreCopied(t *testing.T) {
	t.Parallel()
	followers := []wechat.OpenID{"a", "b", "c"}
	tags := []wechattest.Tag{{ID: 101, Name: "读者", Members: followers[:1]}}
	srv, c := open(t, wechattest.Options{Followers: followers, Tags: tags})
	_, err := c.TagUsers(t.Context(), 101, "c")
	require.NoError(t, err)
	require.NoError(t, c.RenameTag(t.Context(), 101, "别的"))
	srv.Unfollow("a")
	assert.Equal(t, []wechat.OpenID{"a", "b", "c"}, followers)
	assert.Equal(t, "读者", tags[0].Name)
}
