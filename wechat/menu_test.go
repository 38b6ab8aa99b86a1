package wechat_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func publishedArticle(t *testing.T, c *wechat.Client) wechat.ArticleID {
	t.Helper()
	job, err := c.Publish(t.Context(), makeDraft(t, c))
	require.NoError(t, err)
	out, err := job.Wait(t.Context(), &wechat.WaitOptions{Interval: 10 * time.Millisecond})
	require.NoError(t, err)
	return out.ArticleID
}

func view(name string) wechat.Button {
	return wechat.Button{Name: name, Type: wechat.ButtonView, URL: "https://example.com/"}
}

// Every kind of button there and back.
func TestMenuOfEveryButton(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	ctx := t.Context()
	article, media := publishedArticle(t, c), cover(t, c)
	srv.LinkMiniProgram("wxmini")
	menu := []wechat.Button{
		{Name: "今日歌曲", Type: wechat.ButtonClick, Key: "V1001"},
		{Name: "菜单", Sub: []wechat.Button{
			view("搜索"),
			{Name: "小程序", Type: wechat.ButtonMiniProgram, URL: "https://example.com/old", AppID: "wxmini", PagePath: "pages/x?a=1&b=2"},
			{Name: "发布后的图文消息", Type: wechat.ButtonArticle, ArticleID: article},
			{Name: "发布后的图文消息", Type: wechat.ButtonArticleView, ArticleID: article},
			{Name: "图片", Type: wechat.ButtonMedia, MediaID: media},
		}},
		{Name: "更多", Sub: []wechat.Button{
			{Name: "扫码", Type: wechat.ButtonScan, Key: "a"},
			{Name: "扫码带提示", Type: wechat.ButtonScanWait, Key: "b"},
			{Name: "拍照", Type: wechat.ButtonCamera, Key: "c"},
			{Name: "拍照或相册", Type: wechat.ButtonCameraAlbum, Key: "d"},
			{Name: "位置", Type: wechat.ButtonLocation, Key: "e"},
		}},
	}
	_, err := c.Menus(ctx)
	require.ErrorIs(t, err, wechat.ErrNotFound)
	require.NoError(t, c.SetMenu(ctx, menu...))
	got, err := c.Menus(ctx)
	require.NoError(t, err)
	assert.Equal(t, menu, got.Default.Buttons)
	assert.NotEmpty(t, got.Default.ID)
	assert.Empty(t, got.Conditional)
	now, err := c.CurrentMenu(ctx)
	require.NoError(t, err)
	assert.True(t, now.Open)
	assert.Equal(t, "V1001", now.Buttons[0].Key)
	assert.Equal(t, wechat.CurrentButton{Name: "搜索", Type: "view", URL: "https://example.com/"}, now.Buttons[1].Sub[0], "trap 26: sub_button.list")

	require.NoError(t, c.SetMenu(ctx, view("一"), wechat.Button{Name: "相册", Type: wechat.ButtonAlbum, Key: "f"}))
	got, err = c.Menus(ctx)
	require.NoError(t, err)
	assert.Len(t, got.Default.Buttons, 2, "in place of the old one")
	require.NoError(t, c.DeleteAllMenus(ctx))
	now, err = c.CurrentMenu(ctx)
	require.NoError(t, err)
	assert.Equal(t, wechat.CurrentMenu{}, now)
}

// A material that a menu sends cannot be deleted.
func TestMenuKeepsItsMaterials(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	inDefault, inConditional := cover(t, c), cover(t, c)
	button := func(id wechat.MediaID) wechat.Button {
		return wechat.Button{Name: "图片", Type: wechat.ButtonMedia, MediaID: id}
	}
	require.NoError(t, c.SetMenu(t.Context(), wechat.Button{Name: "菜单", Sub: []wechat.Button{button(inDefault)}}))
	menu, err := c.AddConditionalMenu(t.Context(), wechat.MenuRule{Tag: 101}, button(inConditional))
	require.NoError(t, err)
	for _, id := range []wechat.MediaID{inDefault, inConditional} {
		require.ErrorIs(t, c.DeleteMaterial(t.Context(), id), wechat.ErrDuplicate)
	}
	require.NoError(t, c.DeleteConditionalMenu(t.Context(), menu))
	require.NoError(t, c.DeleteMaterial(t.Context(), inConditional))
	require.NoError(t, c.DeleteAllMenus(t.Context()))
	require.NoError(t, c.DeleteMaterial(t.Context(), inDefault))
}

// What only the platform knows: what a button points to.
func TestMenuRefusedByThePlatform(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	for name, tt := range map[string]struct {
		button wechat.Button
		is     error
	}{
		"a mini program of others":   {wechat.Button{Name: "a", Type: wechat.ButtonMiniProgram, URL: "https://example.com/", AppID: "wx", PagePath: "p"}, wechat.ErrPermission},
		"an article that is not out": {wechat.Button{Name: "a", Type: wechat.ButtonArticle, ArticleID: "x"}, wechat.ErrNotFound},
		"a material that is gone":    {wechat.Button{Name: "a", Type: wechat.ButtonMedia, MediaID: "x"}, wechat.ErrNotFound},
		"a news material":            {wechat.Button{Name: "a", Type: wechat.ButtonMediaView, MediaID: "x"}, wechat.ErrNotFound},
	} {
		require.ErrorIs(t, c.SetMenu(t.Context(), tt.button), tt.is, name)
	}
	_, err := c.AddConditionalMenu(t.Context(), wechat.MenuRule{Tag: 101}, view("a"))
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorContains(t, err, "a default menu must exist")
	require.NoError(t, c.SetMenu(t.Context(), view("a")))
	_, err = c.AddConditionalMenu(t.Context(), wechat.MenuRule{Tag: 999}, view("a"))
	require.ErrorIs(t, err, wechat.ErrNotFound)
}

func TestConditionalMenus(t *testing.T) {
	t.Parallel()
	for name, numeric := range map[string]bool{"ids as the platform's samples": false, "the other way round": true} { // trap 7
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{NumericIDs: numeric})
			ctx := t.Context()
			require.NoError(t, c.SetMenu(ctx, view("默认")))
			readers, err := c.AddConditionalMenu(ctx, wechat.MenuRule{Tag: 101}, view("读者"))
			require.NoError(t, err)
			phones, err := c.AddConditionalMenu(ctx, wechat.MenuRule{Tag: 101, Platform: wechat.IOS}, view("苹果"))
			require.NoError(t, err)
			got, err := c.Menus(ctx)
			require.NoError(t, err)
			assert.Equal(t, []wechat.Menu{
				{ID: readers, Rule: wechat.MenuRule{Tag: 101}, Buttons: []wechat.Button{view("读者")}},
				{ID: phones, Rule: wechat.MenuRule{Tag: 101, Platform: wechat.IOS}, Buttons: []wechat.Button{view("苹果")}},
			}, got.Conditional)

			srv.SetPlatform("oFakeFollower0002", wechat.IOS)
			for user, want := range map[string]string{"oFakeFollower0001": "读者", "oFakeFollower0002": "苹果", "oFakeFollower0008": "默认"} {
				buttons, err := c.MatchMenu(ctx, user)
				require.NoError(t, err)
				assert.Equal(t, []wechat.Button{view(want)}, buttons)
			}
			_, err = c.MatchMenu(ctx, "oStranger")
			require.ErrorIs(t, err, wechat.ErrNotFound)

			require.NoError(t, c.DeleteConditionalMenu(ctx, phones))
			require.ErrorIs(t, c.DeleteConditionalMenu(ctx, phones), wechat.ErrNotFound)
			require.NoError(t, c.DeleteAllMenus(ctx))
			_, err = c.Menus(ctx)
			require.ErrorIs(t, err, wechat.ErrNotFound, "the conditional ones went too")
		})
	}
	srv, c := account(t, wechattest.Options{})
	require.NoError(t, c.SetMenu(t.Context(), view("默认")))
	srv.LoseNext("menu/addconditional")
	_, err := c.AddConditionalMenu(t.Context(), wechat.MenuRule{Tag: 101}, view("a"))
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
	require.ErrorContains(t, err, "look for it in Menus")
	assert.Equal(t, 1, srv.Calls("menu/addconditional"))
	srv.AnswerNext("menu/addconditional", http.StatusOK, nil, `{"errcode":0}`)
	_, err = c.AddConditionalMenu(t.Context(), wechat.MenuRule{Tag: 101}, view("a"))
	require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
}

// Names are counted in bytes, as the platform counts them: a Chinese character is three.
func TestMenuLimits(t *testing.T) {
	t.Parallel()
	click := func(name, key string) wechat.Button {
		return wechat.Button{Name: name, Type: wechat.ButtonClick, Key: key}
	}
	under := func(sub ...wechat.Button) wechat.Button { return wechat.Button{Name: "a", Sub: sub} }
	long := func(n int) string { return "https://example.com/" + strings.Repeat("a", n-20) }
	for name, tt := range map[string]struct {
		menu []wechat.Button
		text string // empty: goes through
	}{
		"none":                     {text: "buttons: 0 of them, a menu has 1 to 3"},
		"three":                    {menu: []wechat.Button{view("a"), view("b"), view("c")}},
		"four":                     {menu: []wechat.Button{view("a"), view("b"), view("c"), view("d")}, text: "buttons: 4 of them"},
		"name of 16 bytes":         {menu: []wechat.Button{view("一二三四五a")}},
		"name of 17 bytes":         {menu: []wechat.Button{view("一二三四五ab")}, text: "buttons[0].Name: 17 bytes, at most 16"},
		"no name":                  {menu: []wechat.Button{view("")}, text: "buttons[0].Name is required"},
		"name not UTF-8":           {menu: []wechat.Button{view("\xff")}, text: "not UTF-8"},
		"sub name of 60 bytes":     {menu: []wechat.Button{under(view(strings.Repeat("字", 20)))}},
		"sub name of 61 bytes":     {menu: []wechat.Button{under(view(strings.Repeat("字", 20) + "a"))}, text: "buttons[0].Sub[0].Name: 61 bytes, at most 60"},
		"long name over subs":      {menu: []wechat.Button{{Name: "一二三四五六", Sub: []wechat.Button{view("a")}}}, text: "18 bytes, at most 16"},
		"five subs":                {menu: []wechat.Button{under(view("a"), view("b"), view("c"), view("d"), view("e"))}},
		"six subs":                 {menu: []wechat.Button{under(view("a"), view("b"), view("c"), view("d"), view("e"), view("f"))}, text: "1 to 5 buttons in Sub and has 6"},
		"no subs and no type":      {menu: []wechat.Button{under()}, text: "needs a Type, or 1 to 5 buttons in Sub and has 0"},
		"subs and a type":          {menu: []wechat.Button{{Name: "a", Type: wechat.ButtonClick, Key: "k", Sub: []wechat.Button{view("a")}}}, text: "it is the one or the other"},
		"subs of subs":             {menu: []wechat.Button{under(under(view("a")))}, text: "buttons[0].Sub[0].Sub: a sub-menu has none"},
		"a sub without type":       {menu: []wechat.Button{under(wechat.Button{Name: "a"})}, text: "buttons[0].Sub[0].Type is required"},
		"key of 128":               {menu: []wechat.Button{click("a", strings.Repeat("k", 128))}},
		"key of 129":               {menu: []wechat.Button{click("a", strings.Repeat("k", 129))}, text: "buttons[0].Key: 129 bytes, at most 128"},
		"no key":                   {menu: []wechat.Button{click("a", "")}, text: "buttons[0].Key is required for click"},
		"URL of 1024":              {menu: []wechat.Button{{Name: "a", Type: wechat.ButtonView, URL: long(1024)}}},
		"URL of 1025":              {menu: []wechat.Button{{Name: "a", Type: wechat.ButtonView, URL: long(1025)}}, text: "buttons[0].URL: 1025 bytes, at most 1024"},
		"no URL at all":            {menu: []wechat.Button{{Name: "a", Type: wechat.ButtonView, URL: "example.com"}}, text: "buttons[0].URL: want http(s)"},
		"mini program, bare":       {menu: []wechat.Button{{Name: "a", Type: wechat.ButtonMiniProgram}}, text: "buttons[0].PagePath is required for miniprogram"},
		"article without id":       {menu: []wechat.Button{{Name: "a", Type: wechat.ButtonArticle, MediaID: "M"}}, text: "buttons[0].MediaID: a button of type article_id takes none"},
		"article id where none is": {menu: []wechat.Button{under(view("b"), wechat.Button{Name: "a", Type: wechat.ButtonClick, Key: "k", ArticleID: "A"})}, text: "buttons[0].Sub[1].ArticleID: a button of type click takes none"},
		"a URL over subs":          {menu: []wechat.Button{{Name: "a", URL: "https://example.com/", Sub: []wechat.Button{view("a")}}}, text: "buttons[0].URL: a button without Type takes none"},
		"unknown type":             {menu: []wechat.Button{{Name: "a", Type: "vew"}}, text: `buttons[0].Type: "vew" is not known`},
		"everything at once":       {menu: []wechat.Button{view(""), click("b", "")}, text: "buttons[0].Name is required\nbuttons[1].Key is required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			err := c.SetMenu(t.Context(), tt.menu...)
			if tt.text == "" {
				require.NoError(t, err)
				_, err = c.AddConditionalMenu(t.Context(), wechat.MenuRule{Platform: wechat.OtherPlatform}, tt.menu...)
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, wechat.ErrInput)
			require.ErrorContains(t, err, tt.text)
			_, err = c.AddConditionalMenu(t.Context(), wechat.MenuRule{Platform: wechat.IOS}, tt.menu...)
			require.ErrorContains(t, err, tt.text)
			assert.Zero(t, srv.Calls(""), "nothing was sent")
		})
	}
}

func TestMenuCallsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	add := func(rule wechat.MenuRule) func(*wechat.Client) error {
		return func(c *wechat.Client) error { _, err := c.AddConditionalMenu(ctx, rule, view("a")); return err }
	}
	for name, tt := range map[string]struct {
		do   func(*wechat.Client) error
		text string
	}{
		"an empty rule": {do: add(wechat.MenuRule{}), text: "SetMenu sets the menu for everybody"},
		"no tag":        {do: add(wechat.MenuRule{Tag: -1}), text: "rule.Tag: -1"},
		"no platform":   {do: add(wechat.MenuRule{Platform: 4}), text: "rule.Platform: 4"},
		"no menu":       {do: func(c *wechat.Client) error { return c.DeleteConditionalMenu(ctx, "") }, text: "MenuID is empty"},
		"nobody":        {do: func(c *wechat.Client) error { _, err := c.MatchMenu(ctx, ""); return err }, text: "user is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{"menuid":1}`)
			err := tt.do(c)
			require.ErrorIs(t, err, wechat.ErrInput)
			require.ErrorContains(t, err, tt.text)
			assert.Empty(t, sent.requests)
		})
	}
}

func TestMenuFormsOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do         func(*wechat.Client) error
		path, want string
	}{
		"menu/create": {
			do: func(c *wechat.Client) error {
				return c.SetMenu(t.Context(), wechat.Button{Name: "今日歌曲", Type: wechat.ButtonClick, Key: "V1001"}, wechat.Button{Name: "菜单", Sub: []wechat.Button{
					{Name: "wxa", Type: wechat.ButtonMiniProgram, URL: "https://fallback.example/?a=1&b=2", AppID: "wx1", PagePath: "pages/x"},
					{Name: "图文", Type: wechat.ButtonArticle, ArticleID: "A1"},
					{Name: "图片", Type: wechat.ButtonMedia, MediaID: "M1"},
				}})
			},
			path: "menu/create",
			want: `{"button":[{"type":"click","name":"今日歌曲","key":"V1001"},{"name":"菜单","sub_button":[` +
				`{"type":"miniprogram","name":"wxa","url":"https://fallback.example/?a=1&b=2","appid":"wx1","pagepath":"pages/x"},` +
				`{"type":"article_id","name":"图文","article_id":"A1"},{"type":"media_id","name":"图片","media_id":"M1"}]}]}`,
		},
		"menu/addconditional has text for numbers": {
			do: func(c *wechat.Client) error {
				_, err := c.AddConditionalMenu(t.Context(), wechat.MenuRule{Tag: 2, Platform: wechat.IOS}, view("a"))
				return err
			},
			path: "menu/addconditional",
			want: `{"button":[{"type":"view","name":"a","url":"https://example.com/"}],"matchrule":{"tag_id":"2","client_platform_type":"1"}}`,
		},
		"menu/delconditional": {
			do:   func(c *wechat.Client) error { return c.DeleteConditionalMenu(t.Context(), "208379533") },
			path: "menu/delconditional", want: `{"menuid":"208379533"}`,
		},
		"menu/trymatch": {
			do:   func(c *wechat.Client) error { _, err := c.MatchMenu(t.Context(), "me"); return err },
			path: "menu/trymatch", want: `{"user_id":"me"}`,
		},
		"menu/delete is a GET": {do: func(c *wechat.Client) error { return c.DeleteAllMenus(t.Context()) }, path: "menu/delete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, sent := onTheWire(t, http.StatusOK, `{"errcode":0,"menuid":208379533}`)
			require.NoError(t, tt.do(c))
			assert.Equal(t, "/cgi-bin/"+tt.path, sent.requests[0].URL.Path)
			if tt.want == "" {
				assert.Equal(t, http.MethodGet, sent.requests[0].Method)
				return
			}
			assert.JSONEq(t, tt.want, sent.bodies[0])
		})
	}
}

// Trap 26: sub_button is an object with a list. Types of the web console, and news inside.
func TestCurrentMenuOfTheConsole(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	srv.SetConsoleMenu(`{"is_menu_open":1,"selfmenu_info":{"button":[{"type":"text","name":"问候","value":"你好"},{"name":"更多","sub_button":{"list":[` +
		`{"type":"news","name":"图文","value":"V","news_info":{"list":[{"title":"标题","author":"编辑部","digest":"摘要","show_cover":1,` +
		`"cover_url":"http://mmbiz.qpic.cn/a","content_url":"http://mp.weixin.qq.com/s?x=1","source_url":"http://example.com"}]}},` +
		`{"type":"view","name":"网页","url":"http://example.com"}]}}]}}`)
	got, err := c.CurrentMenu(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.CurrentMenu{Open: true, Buttons: []wechat.CurrentButton{
		{Name: "问候", Type: "text", Value: "你好"},
		{Name: "更多", Sub: []wechat.CurrentButton{
			{Name: "图文", Type: "news", Value: "V", News: []wechat.NewsItem{{
				Title: "标题", Author: "编辑部", Digest: "摘要", CoverURL: "https://mmbiz.qpic.cn/a", URL: "https://mp.weixin.qq.com/s?x=1", SourceURL: "http://example.com",
			}}},
			{Name: "网页", Type: "view", URL: "http://example.com"},
		}},
	}}, got)
}

func TestAutoReply(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	none, err := c.AutoReply(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.AutoReply{}, none)
	srv.SetAutoReply(`{"is_add_friend_reply_open":1,"is_autoreply_open":1,"add_friend_autoreply_info":{"type":"text","content":"谢谢关注"},` +
		`"message_default_autoreply_info":{},"keyword_autoreply_info":{"list":[{"rule_name":"规则","create_time":1423028166,"reply_mode":"reply_all",` +
		`"keyword_list_info":[{"type":"text","match_mode":"contain","content":"新闻"},{"type":"text","match_mode":"equal","content":"测试"}],` +
		`"reply_list_info":[{"type":"news","content":"K","news_info":{"list":[{"title":"标题","content_url":"http://mp.weixin.qq.com/s"}]}},{"type":"text","content":"好"}]},` +
		`{"rule_name":"二","reply_mode":"random_one"}]}}`)
	got, err := c.AutoReply(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wechat.AutoReply{
		FollowOn: true, On: true, Follow: &wechat.Reply{Type: "text", Content: "谢谢关注"},
		Keywords: []wechat.KeywordRule{
			{
				Name: "规则", Created: time.Unix(1423028166, 0), All: true,
				Keywords: []wechat.Keyword{{Type: "text", Content: "新闻"}, {Type: "text", Content: "测试", Whole: true}},
				Replies: []wechat.Reply{
					{Type: "news", Content: "K", News: []wechat.NewsItem{{Title: "标题", URL: "https://mp.weixin.qq.com/s"}}},
					{Type: "text", Content: "好"},
				},
			},
			{Name: "二"},
		},
	}, got)
}
