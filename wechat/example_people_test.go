package wechat_test

import (
	"context"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func ExampleClient_Followers() {
	srv := wechattest.NewServer() // real code: wechat.Config{AppID: …, Secret: …}
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	var newcomers []wechat.OpenID
	for id, err := range c.Followers(ctx, &wechat.FollowersOptions{After: "oFakeFollower0006"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		newcomers = append(newcomers, id)
	}
	tag, err := c.EnsureTag(ctx, "新读者")
	if err != nil {
		fmt.Println(err)
		return
	}
	done, err := c.TagUsers(ctx, tag.ID, newcomers...)
	fmt.Println(done, "tagged", err)
	for u, err := range c.Users(ctx, newcomers...) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(u.OpenID, u.Subscribed, u.TagIDs)
	}
	// Output:
	// 2 tagged <nil>
	// oFakeFollower0007 true [102]
	// oFakeFollower0008 true [102]
}
