package wechattest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func TestRefusesAboutMenus(t *testing.T) {
	t.Parallel()
	menu := func(buttons ...string) string { return `{"button":[` + strings.Join(buttons, ",") + `]}` }
	over := func(subs ...string) string {
		return menu(`{"name":"a","sub_button":[` + strings.Join(subs, ",") + `]}`)
	}
	conditional := func(rule string) string {
		return `{"button":[{"type":"click","name":"a","key":"k"}],"matchrule":` + rule + `}`
	}
	long := strings.Repeat("x", 1025)
	const ok = `{"type":"click","name":"a","key":"k"}`
	for name, tt := range map[string]struct {
		op, body string
		want     int
	}{
		"one":                    {op: "menu/create", body: menu(ok)},
		"none":                   {op: "menu/create", body: menu(), want: 40016},
		"four":                   {op: "menu/create", body: menu(ok, ok, ok, ok), want: 40016},
		"no type":                {op: "menu/create", body: menu(`{"name":"a"}`), want: 40017},
		"bad type":               {op: "menu/create", body: menu(`{"name":"a","type":"x"}`), want: 40017},
		"name":                   {op: "menu/create", body: menu(`{"type":"click","name":"一二三四五六","key":"k"}`), want: 40018},
		"name over subs":         {op: "menu/create", body: menu(`{"name":"一二三四五六","sub_button":[` + ok + `]}`), want: 40018},
		"key":                    {op: "menu/create", body: menu(`{"type":"click","name":"a"}`), want: 40019},
		"URL too long":           {op: "menu/create", body: menu(`{"type":"view","name":"a","url":"https://` + long + `"}`), want: 40020},
		"no URL":                 {op: "menu/create", body: menu(`{"type":"view","name":"a","url":"example.com"}`), want: 40055},
		"mini program":           {op: "menu/create", body: menu(`{"type":"miniprogram","name":"a","url":"https://example.com","appid":"wx","pagepath":"p"}`), want: 45064},
		"article":                {op: "menu/create", body: menu(`{"type":"article_id","name":"a","article_id":"x"}`), want: 53600},
		"material":               {op: "menu/create", body: menu(`{"type":"media_id","name":"a","media_id":"x"}`), want: 40007},
		"sub":                    {op: "menu/create", body: over(ok)},
		"six subs":               {op: "menu/create", body: over(ok, ok, ok, ok, ok, ok), want: 40023},
		"subs of subs":           {op: "menu/create", body: over(`{"name":"b","sub_button":[` + ok + `]}`), want: 40022},
		"sub type":               {op: "menu/create", body: over(`{"name":"b","type":"x"}`), want: 40024},
		"sub name":               {op: "menu/create", body: over(`{"type":"click","name":"` + strings.Repeat("字", 21) + `","key":"k"}`), want: 40025},
		"sub key":                {op: "menu/create", body: over(`{"type":"click","name":"b","key":"` + long + `"}`), want: 40026},
		"sub URL too long":       {op: "menu/create", body: over(`{"type":"view","name":"b","url":"https://` + long + `"}`), want: 40027},
		"sub without URL":        {op: "menu/create", body: over(`{"type":"view","name":"b"}`), want: 40054},
		"escapes":                {op: "menu/create", body: menu(`{"type":"click","name":"\u4e2d","key":"k"}`), want: 40033},
		"rule as text":           {op: "menu/addconditional", body: conditional(`{"tag_id":"101"}`)},
		"rule as number":         {op: "menu/addconditional", body: conditional(`{"tag_id":101}`)},
		"no rule":                {op: "menu/addconditional", body: conditional(`{}`), want: 65304},
		"rule of no tag":         {op: "menu/addconditional", body: conditional(`{"tag_id":"9"}`), want: 45159},
		"rule of no platform":    {op: "menu/addconditional", body: conditional(`{"client_platform_type":"4"}`), want: 40035},
		"conditional and empty":  {op: "menu/addconditional", body: `{"button":[],"matchrule":{"tag_id":"101"}}`, want: 65307},
		"no such conditional":    {op: "menu/delconditional", body: `{"menuid":"1"}`, want: 65301},
		"match of nobody":        {op: "menu/trymatch", body: `{"user_id":"x"}`, want: 65302},
		"match":                  {op: "menu/trymatch", body: `{"user_id":"oFakeFollower0001"}`},
		"menu by POST":           {op: "menu/get", body: `{}`, want: 43001},
		"console's menu by POST": {op: "get_current_selfmenu_info", body: `{}`, want: 43001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := open(t, wechattest.Options{})
			if tt.op != "menu/create" {
				require.Zero(t, call(t, srv, "menu/create", menu(ok)))
			}
			assert.Equal(t, tt.want, call(t, srv, tt.op, tt.body))
		})
	}
	srv, _ := open(t, wechattest.Options{})
	assert.Equal(t, 65303, call(t, srv, "menu/addconditional", conditional(`{"tag_id":"101"}`)), "there is no default menu")
	assert.Equal(t, 46003, call(t, srv, "menu/trymatch", `{"user_id":"oFakeFollower0001"}`))
}

func TestMenusSurviveARestartAndHaveAQuota(t *testing.T) {
	t.Parallel()
	opts := wechattest.Options{StateFile: filepath.Join(t.TempDir(), "state.json")}
	button := wechat.Button{Name: "一", Type: wechat.ButtonClick, Key: "k"}
	srv, c := open(t, opts)
	require.NoError(t, c.SetMenu(t.Context(), button))
	id, err := c.AddConditionalMenu(t.Context(), wechat.MenuRule{Platform: wechat.Android}, button)
	require.NoError(t, err)
	srv.SetPlatform("oFakeFollower0001", wechat.Android)
	srv.Close()
	srv, c = open(t, opts)
	got, err := c.Menus(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []wechat.Button{button}, got.Default.Buttons)
	assert.Equal(t, id, got.Conditional[0].ID)
	srv.SetQuota("menu/create", 2)
	require.NoError(t, c.SetMenu(t.Context(), button))
	require.ErrorIs(t, c.SetMenu(t.Context(), button), wechat.ErrQuota)
}
