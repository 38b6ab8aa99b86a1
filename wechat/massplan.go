package wechat

import (
	"context"
	"errors"
	"fmt"
)

// explore reads what a plan shows. A fact that the platform will not give becomes a note; a failure that would stop the
// send as well is an error.
func (c *Client) explore(ctx context.Context, p *MassPlan, to target, message massJSON) error {
	steps := []struct {
		what string
		read func() error
	}{
		{"the number of receivers", func() error { return c.exploreAudience(ctx, p, to) }},
		{"the quota", func() error { return c.exploreQuota(ctx, p, to.op()) }},
		{"the draft", func() error { return c.exploreDraft(ctx, p, message.draft) }},
	}
	for _, step := range steps {
		err := step.read()
		switch e, ok := errors.AsType[*Error](err); {
		case err == nil:
		case errors.Is(err, errNoTag), ctx.Err() != nil, !ok, e.Op == opToken, e.Is(ErrToken), e.Is(ErrConfig):
			return err
		default:
			p.Notes = append(p.Notes, fmt.Sprintf("%s is not known: %v", step.what, err))
		}
	}
	return nil
}

var errNoTag = fmt.Errorf("wechat: mass plan: Audience: no such tag: %w", ErrNotFound)

func (c *Client) exploreAudience(ctx context.Context, p *MassPlan, to target) error {
	switch to.kind {
	case toEveryone:
		var out struct {
			Total *number `json:"total"`
		}
		if err := c.do(ctx, call{op: "user/get", get: true}, &out); err != nil {
			return err
		}
		if out.Total != nil {
			p.Receivers = new(int(*out.Total))
		}
	case toOpenIDs:
		p.Receivers = new(len(to.openIDs))
	default:
		tags, err := c.Tags(ctx)
		if err != nil {
			return err
		}
		for _, tag := range tags {
			if tag.ID == to.tag {
				p.Audience += fmt.Sprintf(" (%s)", tag.Name)
				p.Receivers = new(tag.Count)
			}
		}
		if p.Receivers == nil {
			return fmt.Errorf("%w: %d", errNoTag, to.tag)
		}
	}
	if p.Receivers != nil && *p.Receivers == 0 {
		p.Notes = append(p.Notes, "nobody would receive it: the platform takes the job, and it fails afterwards")
	}
	return nil
}

func (c *Client) exploreQuota(ctx context.Context, p *MassPlan, op string) error {
	var out struct {
		Quota *struct {
			Limit  number `json:"daily_limit"`
			Remain number `json:"remain"`
		} `json:"quota"`
	}
	in := struct {
		Path string `json:"cgi_path"`
	}{"/cgi-bin/" + op}
	if err := c.post(ctx, call{op: "openapi/quota/get"}, in, &out); err != nil || out.Quota == nil {
		return err
	}
	p.CallsLeft, p.CallsLimit = new(int(out.Quota.Remain)), new(int(out.Quota.Limit))
	if out.Quota.Limit == 0 {
		p.Notes = append(p.Notes, "the daily limit is 0: this account may have no mass sends by API")
	}
	return nil
}

func (c *Client) exploreDraft(ctx context.Context, p *MassPlan, id DraftID) error {
	if id == "" {
		return nil
	}
	d, err := c.Draft(ctx, id)
	if errors.Is(err, ErrNotFound) {
		p.Notes = append(p.Notes, fmt.Sprintf("the draft %s is gone: deleted, published, or sent already; if this very send was made within 24 hours, Send finds it again", id))
		return nil
	}
	if err != nil {
		return err
	}
	for _, a := range d.Articles {
		p.Titles = append(p.Titles, a.Title)
	}
	return nil
}
