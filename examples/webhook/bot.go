package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/callback"
)

const (
	instructions = "你是一个微信公众号的助手。回答简短、准确，用纯文本，不用 Markdown。"
	welcome      = "你好！有什么想问的，直接发给我。"
	nothingMore  = "没有下文了，问我新的问题吧。"
	oneAtATime   = "上一个问题还在写，回复“" + more + "”查看。"
	textOnly     = "我只看得懂文字。"

	turnsKept   = 6                // questions and answers of one follower that the model is told
	memoryKept  = 30 * time.Minute // after a follower's last word
	longestTalk = 3 * time.Minute  // for one answer
)

// Bot answers the pushes of one account.
type Bot struct {
	Model     llm.Streamer
	ModelName string
	Patience  time.Duration // of a follower: then they get what is there
	Screen    io.Writer     // for the operator: the ends of jobs

	mu      sync.Mutex
	talks   map[wechat.OpenID]*talk
	writers sync.WaitGroup
}

// talk is what is remembered of a follower.
type talk struct {
	turns   []llm.Message
	writing *writing // nil = nothing to read on
	missed  string   // a reply that the platform did not come back for
	touched time.Time
}

// Handle is what the callback URL calls for each push, once.
func (b *Bot) Handle(ctx context.Context, p *callback.Push) (callback.Reply, error) {
	switch m := p.Content.(type) {
	case callback.Text:
		return callback.TextReply{Text: b.answer(ctx, p.From, strings.TrimSpace(m.Text))}, nil
	case callback.Voice:
		if m.Recognition != "" {
			return callback.TextReply{Text: b.answer(ctx, p.From, m.Recognition)}, nil
		}
		return callback.TextReply{Text: textOnly}, nil
	case callback.Image, callback.Video, callback.Location, callback.Link:
		return callback.TextReply{Text: textOnly}, nil
	case callback.Subscribe:
		return callback.TextReply{Text: welcome}, nil
	case callback.Unsubscribe:
		b.mu.Lock()
		delete(b.talks, p.From)
		b.mu.Unlock()
	case callback.PublishFinished:
		b.say("publish %s: %s %s", m.ID, m.Status, strings.Join(m.URLs, " "))
	case callback.MassFinished:
		b.say("mass send %s: %s, %d of %d got it %s", m.ID, m.Status, m.Sent, m.Total, m.Reason("en"))
	}
	return nil, nil
}

func (b *Bot) say(format string, args ...any) {
	fmt.Fprintln(b.Screen, "   event: "+strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// answer begins an answer, or goes on with one, and gives what is there when the follower's patience ends.
func (b *Bot) answer(ctx context.Context, from wechat.OpenID, said string) string {
	w, instead := b.next(ctx, from, said)
	if w == nil {
		return instead
	}
	t := time.NewTimer(b.Patience)
	defer t.Stop()
	select {
	case <-w.done:
	case <-t.C:
	case <-ctx.Done():
	}
	text, last := w.part()
	if last {
		b.mu.Lock()
		if t := b.talks[from]; t != nil && t.writing == w {
			t.writing = nil
		}
		b.mu.Unlock()
	}
	return text
}

// next finds the answer that said is about, or begins it; else there is something to be said instead.
func (b *Bot) next(ctx context.Context, from wechat.OpenID, said string) (w *writing, instead string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for id, t := range b.talks {
		if now.Sub(t.touched) > memoryKept {
			delete(b.talks, id)
		}
	}
	if b.talks == nil {
		b.talks = map[wechat.OpenID]*talk{}
	}
	t := b.talks[from]
	if t == nil {
		t = &talk{}
		b.talks[from] = t
	}
	t.touched = now
	switch wantsMore := said == more || strings.EqualFold(said, "more"); {
	case wantsMore && t.missed != "":
		instead, t.missed = t.missed, ""
		return nil, instead
	case wantsMore && t.writing == nil:
		return nil, nothingMore
	case wantsMore:
		return t.writing, ""
	case t.writing != nil && !t.writing.ended():
		return nil, oneAtATime
	}
	t.writing = &writing{done: make(chan struct{})}
	messages := append([]llm.Message{llm.System(instructions)}, append(t.turns, llm.User(said))...)
	w = t.writing
	b.writers.Go(func() { b.write(context.WithoutCancel(ctx), t, w, messages, said) })
	return w, ""
}

// write reads the stream of the model. It goes on when the push that began it has been answered.
func (b *Bot) write(ctx context.Context, t *talk, w *writing, messages []llm.Message, said string) {
	ctx, cancel := context.WithTimeout(ctx, longestTalk)
	defer cancel()
	stream := b.Model.Stream(ctx, &llm.Request{Model: b.ModelName, Messages: messages})
	var failed error
	for text, err := range stream.Text() { //nolint:contextcheck // the stream has ctx
		if err != nil {
			failed = err
			break
		}
		w.add(text)
	}
	if failed != nil {
		b.say("the model failed: %v", failed)
	} else {
		b.mu.Lock()
		t.turns = append(t.turns, llm.User(said), llm.Assistant(stream.Response().Text()))
		t.turns = t.turns[max(0, len(t.turns)-turnsKept):]
		b.mu.Unlock()
	}
	w.end(failed)
}

// Late keeps a reply that could not be given, for when the follower writes again.
func (b *Bot) Late(_ context.Context, p *callback.Push, r callback.Reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if text, ok := r.(callback.TextReply); ok && b.talks[p.From] != nil {
		b.talks[p.From].missed = text.Text
	}
}

// Wait waits for the answers under way.
func (b *Bot) Wait() { b.writers.Wait() }
