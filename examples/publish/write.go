package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// article is the text: the file that was given, or what the model writes on the topic. A text that was cut off is asked
// for again as a whole: half an article is worth nothing, and asking twice changes nothing but the bill of one answer.
func (p *Pipeline) article(ctx context.Context) (*Article, error) {
	markdown := p.Job.Markdown
	if p.Job.Topic != "" {
		var err error
		if markdown, err = p.written(ctx); err != nil {
			return nil, err
		}
	}
	a, err := p.Typesetter.Parse(markdown)
	if err != nil {
		return nil, p.badArticle("article", err)
	}
	return a, nil
}

func (p *Pipeline) written(ctx context.Context) ([]byte, error) {
	path := filepath.Join(p.Job.Out, "article.md")
	if had := p.Journal.Value("write", "sha256"); had != "" {
		text, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, &StepError{"write", fmt.Errorf("the journal says that the article was written, but %s is gone: put it back, or name another -journal", path)}
		case err != nil:
			return nil, &StepError{"write", err}
		case hash(text) == had:
			p.Report.Skip("write", nil)
			return text, nil
		case !p.Journal.Step("draft").Begun.IsZero():
			return nil, &StepError{"write", fmt.Errorf("%s was changed after its draft was made: restore it, or name another -journal to publish the new text", path)}
		}
		p.Report.Note(p.Job.Lang.Say("article.md was edited: the edited text is used", "article.md 已被修改：使用修改后的文本"))
		return text, p.finish("write", values{"sha256": hash(text)})
	}
	p.Report.Begin("write")
	text, err := p.Writer.Write(ctx, p.Job.Topic, p.Report.Delta)
	p.Report.EndDelta()
	if err != nil {
		return nil, &StepError{"write", err}
	}
	if _, err := p.Typesetter.Parse([]byte(text)); err != nil {
		// It was paid for: a person may mend it and go on with -article.
		refused := filepath.Join(p.Job.Out, "refused.md")
		return nil, &StepError{"write", errors.Join(fmt.Errorf("the model's text is no article that can be published: %w. It is kept in %s: mend it and run with -article, or run again to have another one written", err, refused), save(refused, []byte(text)))}
	}
	if err := save(path, []byte(text)); err != nil {
		return nil, &StepError{"write", err}
	}
	return []byte(text), p.finish("write", values{"sha256": hash([]byte(text))})
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// save writes a file of the job's own folder, whole or not at all.
func save(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, data, 0o644)
}
