package callback_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// A handler that answers, and the platform that pushes to it.
func ExampleHandler() {
	ctx := context.Background()
	srv := wechattest.NewServer() // a real account needs nothing of the kind
	defer srv.Close()

	h, err := callback.New(callback.Config{
		Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey},
		Handle: func(_ context.Context, p *callback.Push) (callback.Reply, error) {
			switch m := p.Content.(type) {
			case callback.Text:
				return callback.TextReply{Text: "你说：" + m.Text}, nil
			case callback.Subscribe:
				return callback.TextReply{Text: "欢迎"}, nil
			}
			return nil, nil // says nothing
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Shutdown(ctx)
	if err := srv.SetCallback(ctx, wechattest.Callback{Handler: h}); err != nil { // http.Handle("/wechat", h)
		fmt.Println(err)
		return
	}

	for _, m := range []wechattest.Message{
		wechattest.EventMessage("oUser", "subscribe"),
		wechattest.TextMessage("oUser", "你好"),
		wechattest.EventMessage("oUser", "unsubscribe"),
	} {
		d, err := srv.Push(ctx, m)
		if err != nil {
			fmt.Println(err)
			return
		}
		if d.Reply != nil {
			fmt.Println(d.Reply.Text)
		} else {
			fmt.Println("-")
		}
	}
	// Output:
	// 欢迎
	// 你说：你好
	// -
}

// A publishing job whose end is pushed: the wait is over at once, and has cost one look of the account's 100 a day.
func ExampleConfig_jobs() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	srv := wechattest.NewServer()
	defer srv.Close()
	var inbox wechat.Inbox
	h, err := callback.New(callback.Config{
		Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey}, Jobs: &inbox,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Shutdown(ctx)
	if err := srv.SetCallback(ctx, wechattest.Callback{Handler: h}); err != nil {
		fmt.Println(err)
		return
	}
	c, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	cover, err := c.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes("cover.png", onePixel()), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := c.CreateDraft(ctx, wechat.Article{Title: "标题", Content: "<p>正文</p>", Cover: cover.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	job, err := c.Publish(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	time.AfterFunc(50*time.Millisecond, func() { srv.PushDue(ctx) }) // the platform does it by itself
	out, err := job.Wait(ctx, &wechat.WaitOptions{Events: &inbox})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(out.URLs), "page,", srv.Used("freepublish/get"), "look")
	// Output: 1 page, 1 look
}

// A text that was kept, read again.
func ExampleParse() {
	p, err := callback.Parse([]byte(`<xml><ToUserName>gh_1</ToUserName><FromUserName>oUser</FromUserName><CreateTime>1481013459</CreateTime>
<MsgType>event</MsgType><Event>wifi_connected</Event><ConnectTime>7</ConnectTime></xml>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v %s\n", p.Content, p.Field("ConnectTime"))
	// Output: {Type:event Event:wifi_connected} 7
}

// Encryption by hand, as a tool would do it.
func ExampleCipher() {
	c, err := callback.NewCipher("wxb11529c136998cb6", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
	if err != nil {
		fmt.Println(err)
		return
	}
	msg, err := c.Decrypt(c.Encrypt([]byte("我是中文abcd123")))
	fmt.Println(string(msg), err)
	// Output: 我是中文abcd123 <nil>
}
