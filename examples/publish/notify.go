package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"
)

// noteKey names a message in the journal, so that the same news is told once.
func noteKey(parts ...string) string {
	return "sms:" + parts[0] + ":" + hash([]byte(strings.Join(parts, "\x00")))[:8]
}

// notify sends the operator one message. Its ID is made and recorded before it leaves: a message is not idempotent, and
// by its ID it can be looked up.
func (p *Pipeline) notify(ctx context.Context, key, title, result string) error {
	n := Note{ID: "kitroll-" + strings.ToLower(rand.Text()), Title: title, Result: result}
	if e := p.Journal.Step(key); e.Values["id"] != "" {
		n.ID = e.Values["id"]
	}
	if p.Again == "sms" {
		n.ID = "kitroll-" + strings.ToLower(rand.Text())
	}
	_, err := p.once(ctx, step{
		name: key,
		keys: values{"id": n.ID},
		do: func(ctx context.Context) (values, error) {
			return values{"id": n.ID}, p.Notifier.Notify(ctx, n)
		},
		find: func(ctx context.Context, e Entry) (values, bool, error) {
			sent := n
			sent.ID = e.Values["id"]
			found, err := p.Notifier.FindNote(ctx, sent, e.Begun)
			if wait := p.Timing.NoteSettle - time.Since(e.Begun); err == nil && !found && wait > 0 {
				err = fmt.Errorf("%w: there is no record of the message, and records come late; a run after %s can tell", ErrUnknown, time.Now().Add(wait).Format(time.TimeOnly))
			}
			return values{"id": sent.ID}, found, err
		},
		advice: p.Job.Lang.Say(
			"The operator may or may not have the message. -again sms sends another one",
			"运维人员可能已收到也可能没有收到短信。-again sms 会再发一条"),
	})
	return err
}
