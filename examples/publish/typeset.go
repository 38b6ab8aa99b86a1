package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kitroll/kitroll/wechat/article"
)

// typesetter is the [Typesetter] and [PictureBox] of WeChat articles. It sends nothing to WeChat.
type typesetter struct {
	loader article.Loader // of what the article names
	theme  article.Theme
}

func (t typesetter) Parse(markdown []byte) (*Article, error) {
	doc, err := article.Parse(markdown)
	if err != nil {
		return nil, err
	}
	if err := doc.Check(); err != nil {
		return nil, err
	}
	rehearsed := map[string]string{} // what cannot be laid out is found before anything is sent
	for _, ref := range doc.Pictures() {
		rehearsed[ref] = "https://mmbiz.qpic.cn/rehearsal/0"
	}
	if _, err := doc.Render(t.options(rehearsed)); err != nil {
		return nil, err
	}
	return &Article{
		Title: doc.Title, Author: doc.Author, Digest: doc.Digest, SourceURL: doc.SourceURL, CoverRef: doc.Cover,
		Pictures: doc.Pictures(), Markdown: markdown,
	}, nil
}

// options are how every article is laid out. Formulas stay as their source: there is nothing here that draws them.
func (t typesetter) options(addresses map[string]string) article.RenderOptions {
	return article.RenderOptions{Theme: t.theme, Pictures: addresses, Math: article.TeXSource}
}

func (t typesetter) Render(a *Article, addresses map[string]string) (html string, notes []string, err error) {
	doc, err := article.Parse(a.Markdown)
	if err != nil {
		return "", nil, err
	}
	out, err := doc.Render(t.options(addresses))
	return out.HTML, out.Notes, err
}

func (t typesetter) Load(ctx context.Context, ref string) (Picture, error) {
	pic, err := t.loader.Load(ctx, ref)
	if err != nil {
		return Picture{}, err
	}
	return fitted(pic)
}

// LoadFile takes any file that the operator names. The article's own references go through Load, which keeps to the
// article's folder.
func (typesetter) LoadFile(path string) (Picture, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Picture{}, fmt.Errorf("picture %s does not exist", path)
	case err != nil:
		return Picture{}, fmt.Errorf("picture %s cannot be read: %w", path, err)
	case !info.Mode().IsRegular():
		return Picture{}, fmt.Errorf("picture %s is not a regular file", path)
	case info.Size() > article.MaxPictureBytes:
		return Picture{}, fmt.Errorf("picture %s has %d bytes, over the limit of %d", path, info.Size(), article.MaxPictureBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Picture{}, fmt.Errorf("picture %s cannot be read: %w", path, err)
	}
	return fitted(article.NewPicture(path, filepath.Base(path), data))
}

func (typesetter) Cover(p Picture) (Picture, error) {
	cover, err := article.Cover(article.NewPicture(p.Ref, p.Name, p.Data))
	if err != nil {
		return Picture{}, err
	}
	p.Press = File{cover.Name, cover.Type, cover.Data}
	return p, nil
}

// fitted is a picture as it was found, with the form of it that WeChat takes.
func fitted(pic article.Picture) (Picture, error) {
	fit, err := article.Fit(pic)
	if err != nil {
		return Picture{}, err
	}
	return Picture{
		Ref: pic.Ref, SHA256: pic.SHA256,
		File:  File{pic.Name, pic.Type, pic.Data},
		Press: File{fit.Name, fit.Type, fit.Data},
	}, nil
}
