package wechat_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func ExampleClient_UpdateDraft() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	id := exampleDraft(ctx, c)
	err = c.UpdateDraft(ctx, id, 0, func(a *wechat.Article) error {
		a.Title += "（修订）"
		return nil // what is not touched stays: content, cover, digest, and fields that this package does not know
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for d, err := range c.Drafts(ctx, &wechat.ListOptions{NoContent: true}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(d.ID == id, d.Articles[0].Title, d.Articles[0].Digest)
	}
	// Output: true 年度报告（修订） 正文
}

func ExampleInbox() {
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
	var inbox wechat.Inbox
	go func() { // the handler of the callback URL, on PUBLISHJOBFINISH
		state, err := srv.Events().PublishEnd(ctx, job.ID())
		if err == nil {
			inbox.PublishEnded(state)
		}
	}()
	out, err := job.Wait(ctx, &wechat.WaitOptions{Events: &inbox})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(out.URLs), "article;", srv.Used("freepublish/get"), "of 100 looks used")
	// Output: 1 article; 1 of 100 looks used
}

func ExampleMassJob_Wait() {
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
	if err := plan.Preview(ctx, wechat.PreviewTo{OpenID: "oFakeFollower0001"}); err != nil {
		fmt.Println(err)
		return
	}
	srv.EndNextMass("err(20008)") // what the platform decides after it took the job
	job, err := plan.Send(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = job.Wait(ctx, &wechat.WaitOptions{Events: srv.Events()})
	fmt.Println(err)
	if e, ok := errors.AsType[*wechat.MassError](err); ok && e.Report != nil {
		fmt.Println(e.Report.Reason("zh"), errors.Is(err, wechat.ErrContent))
	}
	// Output:
	// wechat: mass send 3147483652: SEND_FAIL: err(20008) (sent to 0 of 3): fraud
	// 涉嫌欺诈 true
}

func ExampleClient_DeletePublished() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println(c.DeletePublished(ctx, "FakeArticle_000005", 0)) // the platform would delete all of them
	// Output: wechat: freepublish/delete: invalid input: article: 0 is not in 1 to 8; DeleteAllPublished deletes all
}

func ExampleClient_MaterialContent() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	m, err := c.UploadMaterial(ctx, wechat.VideoMaterial, wechat.FileBytes("clip", onePixelMP4), &wechat.MaterialOptions{Title: "短片"})
	if err != nil {
		fmt.Println(err)
		return
	}
	content, err := c.MaterialContent(ctx, m.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	switch {
	case content.Video != nil:
		fmt.Println("a video:", content.Video.Title) // its bytes are at content.Video.URL
	case content.File != nil:
		fmt.Println("a file:", content.File.Name, content.File.Type, len(content.File.Data))
	}
	// Output: a video: 短片
}

func ExampleClient_UploadTemporary() {
	srv := wechattest.NewServer()
	defer srv.Close()
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	m, err := c.UploadTemporary(ctx, wechat.ImageMaterial, wechat.FileBytes("chart", onePixelPNG)) // for a reply
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := c.Temporary(ctx, m.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Name, d.Type, m.Expires.Sub(m.Created))
	// Output: chart.png image/png 72h0m0s
}
