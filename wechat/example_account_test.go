package wechat_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func ExampleClient_Capabilities() {
	srv, err := wechattest.Open(wechattest.Options{Kind: wechattest.Subscription}) // real code: wechat.Config{AppID: …, Secret: …}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	can, err := c.Capabilities(context.Background())
	if err != nil {
		fmt.Println(err) // a wrong secret, an IP that is not on the whitelist
		return
	}
	fmt.Println(can.Publish.Access)
	fmt.Println(can.MassByOpenID.Sentence("zh"))
	// Output:
	// yes
	// 能否按 OpenID 群发：否，原因：message/mass/send 的每日调用上限为 0；建议：仅认证服务号可用：请改为给接收者打标签后按标签群发
}

func ExampleClient_RequestByRID() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Draft(context.Background(), "gone")
	if e, ok := errors.AsType[*wechat.Error](err); ok {
		r, err := c.RequestByRID(context.Background(), e.RID)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.ClientIP, r.Query, r.Body)
	}
	// Output: 203.0.113.7 access_token=[redacted] {"media_id":"gone"}
}
