package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func ExampleClient_CreateDraft() {
	srv := wechattest.NewServer() // real code: wechat.Config{AppID: …, Secret: …}
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	picture, err := c.UploadArticleImage(ctx, wechat.FileBytes("chart", onePixelPNG)) // for the body
	if err != nil {
		fmt.Println(err)
		return
	}
	cover, err := c.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes("cover.png", onePixelPNG), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := c.CreateDraft(ctx, wechat.Article{
		Title:   "年度报告",
		Author:  "编辑部",
		Content: `<section style="color:#333">正文</section><p><img src="` + picture + `"></p>`,
		Cover:   cover.ID,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := c.Draft(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Articles[0].Title, d.Articles[0].Digest)
	// Output: 年度报告 正文
}

func ExampleClient_CreateDraft_limits() {
	c, err := wechat.New(wechat.Config{AppID: "wx0123456789abcdef", Secret: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.CreateDraft(context.Background(), wechat.Article{
		Title: "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三", Content: `<img src="https://example.com/a.png">`,
	})
	fmt.Println(err)
	// Output:
	// wechat: draft/add: invalid input: posts[0].Title: 33 characters, at most 32
	// posts[0].Cover is required: the MediaID of a permanent image
	// posts[0].Content: the picture "https://example.com/a.png" is not on WeChat's hosts (mmbiz.qpic.cn): upload it with UploadArticleImage
}

func ExamplePublication_Wait() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	job, err := c.Publish(ctx, exampleDraft(ctx, c))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("write this down:", job.ID()) // c.Publication(id) comes back to it after a restart
	out, err := job.Wait(ctx, &wechat.WaitOptions{Interval: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(out.URLs[0])
	// Output:
	// write this down: 100000004
	// https://mp.weixin.qq.com/s?__biz=MzFake==&mid=2247483652&idx=1&sn=fake000005
}

func ExampleClient_PlanMass() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	plan, err := c.PlanMass(ctx, wechat.ToTag(101), wechat.News{DraftID: exampleDraft(ctx, c)}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan) // and ask a person
	job, err := plan.Send(ctx)
	if errors.Is(err, wechat.ErrUnknownOutcome) {
		fmt.Println("wait a minute, then plan.Send(ctx) again: it cannot be sent twice")
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := job.Wait(ctx, &wechat.WaitOptions{Interval: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Status)
	// Output:
	// Mass send of mpnews to tag 101 (读者)
	//   receivers:       3
	//   article 1:       年度报告
	//   API calls left:  100 of 100 today
	//   mass sends left: unknown (订阅号: 1 a day; 服务号: 4 a month to each follower)
	//   clientmsgid:     4be2ca51cb891a0fe3e76380c05a1755
	// SEND_SUCCESS
}

func exampleDraft(ctx context.Context, c *wechat.Client) wechat.DraftID {
	cover, err := c.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes("cover.png", onePixelPNG), nil)
	if err != nil {
		panic(err)
	}
	id, err := c.CreateDraft(ctx, wechat.Article{Title: "年度报告", Content: "<p>正文</p>", Cover: cover.ID})
	if err != nil {
		panic(err)
	}
	return id
}
