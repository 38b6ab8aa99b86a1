package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// coverNew in place of a file has the cover painted.
const coverNew = "new"

// chosenCover is the picture that -cover names; nil when it names none. What an earlier run was told holds for those that
// go on from it. It comes first, so that a wrong name is found before anything is paid for.
func (p *Pipeline) chosenCover() (*Picture, error) {
	file := cmp.Or(p.Job.Cover, p.Journal.Value("choose cover", "file"))
	if file == "" || file == coverNew {
		return nil, nil
	}
	pic, err := p.PictureBox.LoadFile(file)
	if err == nil {
		pic, err = p.PictureBox.Cover(pic)
	}
	if err != nil {
		return nil, inputError{fmt.Errorf("-cover: %w", err)}
	}
	if p.Job.Cover != "" {
		err = p.Journal.Finish("choose cover", values{"file": file})
	}
	return &pic, err
}

// pictures brings together the pictures of the body and the cover.
func (p *Pipeline) pictures(ctx context.Context, a *Article, chosen *Picture) (body []Picture, cover Picture, err error) {
	for _, ref := range a.Pictures {
		pic, err := p.PictureBox.Load(ctx, ref)
		if err != nil {
			return nil, Picture{}, p.badArticle("pictures", err)
		}
		body = append(body, pic)
	}
	if chosen != nil {
		return body, *chosen, nil
	}
	original, err := p.ownCover(ctx, a, body)
	if err != nil {
		return nil, Picture{}, err
	}
	if cover, err = p.PictureBox.Cover(original); err != nil {
		return nil, Picture{}, p.badArticle("cover", err)
	}
	return body, cover, nil
}

// badArticle is bad input when a person wrote the article, and a failure when a model did.
func (p *Pipeline) badArticle(step string, err error) error {
	if p.Job.Topic == "" {
		return inputError{err}
	}
	return &StepError{step, err}
}

// ownCover is, in this order: what the article names, the article's first picture, and, since no article goes without
// one, a painted one. An article written on a topic has a painted one.
func (p *Pipeline) ownCover(ctx context.Context, a *Article, body []Picture) (Picture, error) {
	switch {
	case p.Job.Topic != "" || p.Job.Cover == coverNew:
		return p.painted(ctx, a)
	case a.CoverRef != "":
		pic, err := p.PictureBox.Load(ctx, a.CoverRef)
		if err != nil {
			return Picture{}, p.badArticle("cover", err)
		}
		return pic, nil
	case len(body) > 0:
		return body[0], nil
	}
	return p.painted(ctx, a)
}

// painted has the cover painted, once. A picture costs money and no platform can be asked whether a lost one was made.
func (p *Pipeline) painted(ctx context.Context, a *Article) (Picture, error) {
	const file = "cover-painted.img"
	path := filepath.Join(p.Job.Out, file)
	v, err := p.once(ctx, step{
		name: "paint",
		do: func(ctx context.Context) (values, error) {
			data, err := p.Painter.Paint(ctx, a.Title)
			if err != nil {
				return nil, err
			}
			if err := save(path, data); err != nil {
				return nil, fmt.Errorf("%w: the picture was made and charged, and could not be kept: %w", ErrUnknown, err)
			}
			return values{"file": file, "sha256": hash(data)}, nil
		},
		advice: p.Job.Lang.Say(
			"The picture may have been made and charged. Go on with -cover FILE (a picture of yours, costs nothing) or with -again paint (asks once more, may cost twice)",
			"图片可能已经生成并计费。可用 -cover FILE（使用自己的图片，不花钱）继续，或用 -again paint 再次请求（可能重复计费）"),
	})
	if err != nil {
		return Picture{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil || hash(data) != v["sha256"] {
		return Picture{}, &StepError{"paint", fmt.Errorf("the painted cover %s is gone or was changed: put it back, or use -cover FILE", path)}
	}
	pic, err := p.PictureBox.LoadFile(path)
	if err != nil {
		return Picture{}, &StepError{"paint", err}
	}
	return pic, nil
}

// plainTheme is the one whose name is not part of the fingerprint, as journals from before there were themes have it.
const plainTheme = "default"

// unchanged makes a fingerprint of what the draft is made from, and refuses to go on with a draft that was made from
// something else: the text is watched by the journal's identity, the pictures and the theme are watched here.
func (p *Pipeline) unchanged(a *Article, all []Picture) (string, error) {
	parts := []string{hash(a.Markdown)}
	for _, pic := range all {
		parts = append(parts, pic.SHA256)
	}
	if p.Job.Theme != "" && p.Job.Theme != plainTheme {
		parts = append(parts, "theme "+p.Job.Theme)
	}
	now := hash([]byte(strings.Join(parts, " ")))
	if had := p.Journal.Step("draft").Values["fingerprint"]; had != "" && had != now {
		return "", inputError{errors.New("a picture, the cover or the -theme is not the one that the draft was made with: restore it, or name another -journal to make a new draft")}
	}
	return now, nil
}

// host keeps every distinct picture at its public address, and leaves the article with those addresses beside the
// preview. The key comes from the content, so doing it again stores nothing new.
func (p *Pipeline) host(ctx context.Context, a *Article, ps []Picture) error {
	addresses := map[string]string{}
	todo := slices.DeleteFunc(distinct(ps), func(pic Picture) bool {
		addresses[pic.SHA256] = p.Journal.Value(hostStep(pic), "address")
		return addresses[pic.SHA256] != ""
	})
	for i, pic := range todo {
		p.Report.Progress("host", i, len(todo))
		address, err := p.ImageHost.Host(ctx, pic)
		if err != nil {
			return &StepError{"host", fmt.Errorf("picture %s: %w", pic.Name, err)}
		}
		if err := p.Journal.Finish(hostStep(pic), values{"address": address}); err != nil {
			return &StepError{"host", err}
		}
		addresses[pic.SHA256] = address
	}
	if len(todo) > 0 {
		p.Report.Progress("host", len(todo), len(todo))
	} else {
		p.Report.Skip("host", nil)
	}
	text := a.Markdown
	for _, pic := range ps {
		text = withAddress(text, pic.Ref, addresses[pic.SHA256])
	}
	if err := save(filepath.Join(p.Job.Out, "portable.md"), text); err != nil {
		return &StepError{"host", err}
	}
	return nil
}

func hostStep(pic Picture) string { return "host:" + pic.SHA256[:16] }

// withAddress puts a public address in the place of a picture's reference: ](ref) and ](<ref>), with or without title.
func withAddress(text []byte, ref, address string) []byte {
	for _, open := range []string{"](<" + ref + ">", "](" + ref + ")", "](" + ref + " "} {
		closing := ""
		if end := open[len(open)-1]; end == ')' || end == ' ' {
			closing = string(end)
		}
		text = bytes.ReplaceAll(text, []byte(open), []byte("]("+address+closing))
	}
	return text
}

// distinct keeps the first of the pictures that are the same bytes.
func distinct(ps []Picture) []Picture {
	var out []Picture
	for _, pic := range ps {
		if !slices.ContainsFunc(out, func(o Picture) bool { return o.SHA256 == pic.SHA256 }) {
			out = append(out, pic)
		}
	}
	return out
}
