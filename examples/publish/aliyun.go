package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// operator is the [Notifier] by SMS. The template has two variables, title and result.
type operator struct {
	sms             *aliyun.SMS
	phone, template string
	lang            Lang
}

func (o *operator) Notify(ctx context.Context, n Note) error {
	// With the template known, a wrong variable is found before anything is sent. Not every key may read templates, and
	// then the platform's own check has to do.
	_ = o.sms.LoadTemplates(ctx, o.template)
	title := n.Title
	if title == "" {
		title = o.lang.Say("article", "文章")
	}
	err := o.send(ctx, n.ID, title, n.Result)
	if errors.Is(err, aliyun.ErrInput) && title == n.Title {
		// A title may hold what no parameter may, such as an address. Nothing was sent.
		err = o.send(ctx, n.ID, o.lang.Say("article", "文章"), n.Result)
	}
	return lost(err, aliyun.ErrUnknownOutcome)
}

// parameterRunes is the longest value of a variable.
const parameterRunes = 35

func (o *operator) send(ctx context.Context, id, title, result string) error {
	params := map[string]string{"title": title, "result": result}
	for k, v := range params {
		v = strings.NewReplacer("【", "[", "】", "]").Replace(v)
		if r := []rune(v); len(r) > parameterRunes {
			v = string(r[:parameterRunes-1]) + "…"
		}
		params[k] = v
	}
	_, err := o.sms.Send(ctx, aliyun.Message{Phones: []string{o.phone}, Template: o.template, Params: params, OutID: id}, nil)
	return err
}

func (o *operator) FindNote(ctx context.Context, n Note, since time.Time) (bool, error) {
	outcome, err := o.sms.Resolve(ctx, n.ID, o.phone, since)
	return err == nil && outcome != aliyun.NotFound, err
}
