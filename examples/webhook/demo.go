package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// stage is the demo: an account in memory that pushes to the bot as the platform does.
type stage struct {
	srv    *wechattest.Server
	inbox  *wechat.Inbox
	out    io.Writer
	second time.Duration
}

const follower = wechat.OpenID("oFakeFollower0001")

// demo plays followers, an attacker, and an editor.
func demo(ctx context.Context, bot *Bot, f *flags, out io.Writer) error {
	srv, err := wechattest.Open(wechattest.Options{PublishAfter: f.second})
	if err != nil {
		return err
	}
	defer srv.Close()
	inbox := &wechat.Inbox{}
	h, err := newHandler(bot, callback.Config{Jobs: inbox, Token: srv.Callback().Token, AppID: srv.AppID(), AESKeys: []string{srv.Callback().AESKey}}, f.second)
	if err != nil {
		return err
	}
	defer h.Shutdown(context.WithoutCancel(ctx)) //nolint:errcheck // without an end, it has no error
	if err := srv.SetCallback(ctx, wechattest.Callback{URL: "http://callback.fake" + f.path, Handler: h, Timeout: 5 * f.second}); err != nil {
		return err
	}
	fmt.Fprintf(out, "account: a fake inside this process, whose seconds are %v long (-h names the variables that make it real)\n", f.second)
	s := &stage{srv: srv, inbox: inbox, out: out, second: f.second}
	for _, act := range []func(context.Context) error{s.talk, s.repeat, s.forge, s.edit} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// push shows a push and what the follower sees.
func (s *stage) push(ctx context.Context, m wechattest.Message, what string) (wechattest.Delivery, error) {
	fmt.Fprintf(s.out, "\n-> %s\n", what)
	began := time.Now()
	d, err := s.srv.Push(ctx, m)
	switch {
	case err != nil:
		return d, err
	case d.Broken != nil:
		return d, fmt.Errorf("the follower sees 该公众号提供的服务出现故障: %w", d.Broken)
	}
	seen := "nothing"
	if d.Reply != nil {
		seen = strings.ReplaceAll(d.Reply.Text, "\n", "\n   ")
	}
	fmt.Fprintf(s.out, "<- %s\n   (delivery %d, after %.1f of the platform's seconds)\n", seen, len(d.Attempts), float64(time.Since(began))/float64(s.second))
	return d, nil
}

// talk asks what takes 1, 8 and 20 seconds to answer.
func (s *stage) talk(ctx context.Context) error {
	if _, err := s.push(ctx, wechattest.EventMessage(follower, "subscribe"), "event: subscribe"); err != nil {
		return err
	}
	for _, text := range []string{"天空为什么是蓝色的？", "请用 8 秒想一想，海为什么是咸的？", "请用 20 秒讲讲彩虹", more} {
		if _, err := s.push(ctx, wechattest.TextMessage(follower, text), text); err != nil {
			return err
		}
	}
	return nil
}

// repeat delivers one message twice, as the platform does when an answer was lost on the way.
func (s *stage) repeat(ctx context.Context) error {
	m := wechattest.TextMessage(follower, "雪为什么是白色的？")
	m.ID, m.Created = 42, time.Now()
	first, err := s.push(ctx, m, "雪为什么是白色的？")
	if err != nil {
		return err
	}
	second, err := s.push(ctx, m, "the same message once more")
	if err != nil {
		return err
	}
	if first.Reply == nil || second.Reply == nil || first.Reply.Raw != second.Reply.Raw {
		return errors.New("the second delivery got another answer than the first")
	}
	fmt.Fprintln(s.out, "   the same answer; the model was asked once")
	return nil
}

// forge sends a message with the right address and no token.
func (s *stage) forge(ctx context.Context) error {
	fmt.Fprintln(s.out, "\n-> a forged message, not signed")
	req, err := s.srv.PushRequest(ctx, wechattest.TextMessage(follower, "forged"))
	if err != nil {
		return err
	}
	q := req.URL.Query()
	q.Set("msg_signature", strings.Repeat("0", 40))
	req.URL.RawQuery = q.Encode()
	resp, err := s.srv.Callback().Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	fmt.Fprintf(s.out, "<- HTTP %s\n", resp.Status)
	if resp.StatusCode != http.StatusForbidden {
		return errors.New("a forged message was not refused")
	}
	return nil
}

// edit publishes one article and mass-sends another; how both end comes as events.
func (s *stage) edit(ctx context.Context) error {
	client, err := wechat.New(s.srv.Config())
	if err != nil {
		return err
	}
	var cover bytes.Buffer
	if err := png.Encode(&cover, image.NewGray(image.Rect(0, 0, 900, 383))); err != nil {
		return err
	}
	picture, err := client.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes("cover.png", cover.Bytes()), nil)
	if err != nil {
		return err
	}
	id, err := client.CreateDraft(ctx, wechat.Article{Title: "彩虹", Content: "<p>正文</p>", Cover: picture.ID})
	if err != nil {
		return err
	}
	job, err := client.Publish(ctx, id)
	if err != nil {
		return err
	}
	plan, err := client.PlanMass(ctx, wechat.ToTag(101), wechat.Text{Content: "新文章：彩虹"}, nil)
	if err != nil {
		return err
	}
	mass, err := plan.Send(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n-> publish %s and mass send %s are under way\n", job.ID(), mass.ID())
	pushed := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	go func() { pushed <- s.pushEnds(ctx) }()
	events := &wechat.WaitOptions{Events: s.inbox}
	_, err1 := job.Wait(ctx, events)
	_, err2 := mass.Wait(ctx, events)
	stop()
	if err := errors.Join(err1, err2, <-pushed); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "   waited for both by their pushes, with %d of the day's 100 looks at publications\n", s.srv.Used("freepublish/get"))
	return nil
}

// pushEnds is the platform's own doing: it tells of jobs that have ended.
func (s *stage) pushEnds(ctx context.Context) error {
	for {
		select {
		case <-time.After(s.second):
		case <-ctx.Done():
			return nil
		}
		if _, err := s.srv.PushDue(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}
