package wechat_test

import (
	"context"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func ExampleClient_SetMenu() {
	srv := wechattest.NewServer() // real code: wechat.Config{AppID: …, Secret: …}
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = c.SetMenu(ctx,
		wechat.Button{Name: "官网", Type: wechat.ButtonView, URL: "https://example.com/"},
		wechat.Button{Name: "更多", Sub: []wechat.Button{
			{Name: "联系客服", Type: wechat.ButtonClick, Key: "contact"},
			{Name: "扫一扫", Type: wechat.ButtonScan, Key: "scan"},
		}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.AddConditionalMenu(ctx, wechat.MenuRule{Tag: 101}, wechat.Button{Name: "读者专区", Type: wechat.ButtonView, URL: "https://example.com/readers"})
	if err != nil {
		fmt.Println(err)
		return
	}
	buttons, err := c.MatchMenu(ctx, "oFakeFollower0001")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(buttons[0].Name)
	fmt.Println(c.SetMenu(ctx, wechat.Button{Name: "一二三四五六", Type: wechat.ButtonClick}))
	// Output:
	// 读者专区
	// wechat: menu/create: invalid input: buttons[0].Name: 18 bytes, at most 16; a Chinese character is 3
	// buttons[0].Key is required for click
}
