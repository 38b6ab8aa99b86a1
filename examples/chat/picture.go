package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/kitroll/kitroll/llm"
)

// image makes a picture and saves it. A picture at a real provider costs money, so nothing but a typed yes agrees.
func (s *session) image(ctx context.Context, wish string) error {
	switch {
	case wish == "":
		s.screen.Problem(errors.New("/image needs words that say what to paint"), "")
		return nil
	case s.platform.ImageModel == "":
		s.screen.Problem(errors.New("no model is named that makes pictures"), "set LLM_IMAGE_MODEL")
		return nil
	}
	if !s.platform.Fake && !s.flags.yes {
		s.screen.Say("%s at %s makes 1 picture, which costs money.", s.platform.ImageModel, s.platform.Name)
		answer, err := s.keyboard.Line("Type yes to have it made: ")
		if errors.Is(err, errInterrupted) {
			s.leaving = true
			return nil
		}
		if strings.TrimSpace(answer) != "yes" {
			s.screen.Note("nothing was made")
			return nil
		}
	}
	var picture llm.ImageResult
	err := s.busy(ctx, func(ctx context.Context) error {
		resp, err := s.platform.Images(ctx, &llm.ImageRequest{Model: s.platform.ImageModel, Prompt: wish})
		if err != nil {
			return err
		}
		picture = resp.Images[0]
		if len(picture.Data) == 0 {
			s.screen.Note("the picture is made; fetching it from %s", picture)
			picture.Data, picture.Type, err = llm.FetchImage(ctx, picture.URL, s.platform.Downloads)
		}
		return err
	})
	switch {
	case picture.URL != "" && err != nil:
		s.screen.Problem(fmt.Errorf("the picture was made and could not be fetched: %w", err), "its address lives for about an hour: "+picture.URL)
		return nil
	case errors.Is(err, errStopped):
		s.screen.Note("stopped; the picture may be made and charged all the same")
		return nil
	case errors.Is(err, llm.ErrUnknownOutcome):
		s.screen.Problem(err, "whether the picture was made and charged cannot be asked: it was not asked for again by itself; the bill tells")
		return nil
	case err != nil:
		s.screen.Problem(err, hint(err))
		return nil
	}
	path, err := keep(s.flags.out, wish, picture)
	if err != nil {
		s.screen.Problem(fmt.Errorf("the picture was made and could not be saved: %w", err), "-out names another folder")
		return nil
	}
	s.screen.Say("saved: %s (%s, %s); /attach sends it with a message", path, picture.Type, size(len(picture.Data)))
	if picture.RevisedPrompt != "" {
		s.screen.Note("painted was: %s", picture.RevisedPrompt)
	}
	return nil
}

// keep saves a picture under a name made from the wish, and never over a file that is there.
func keep(dir, wish string, p llm.ImageResult) (string, error) {
	ext := map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}[p.Type]
	if ext == "" {
		ext = ".picture"
	}
	name := slug(wish) + time.Now().Format("-20060102-150405")
	for n := 0; ; n++ {
		path := filepath.Join(dir, name+ext)
		if n > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", name, n, ext))
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a picture for others to see
		if errors.Is(err, fs.ErrExist) && n < 1000 {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = f.Write(p.Data)
		return path, errors.Join(err, f.Close())
	}
}

// slug makes a file's name of a wish.
func slug(wish string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '-'
	}, wish)
	if r := []rune(clean); len(r) > 40 {
		clean = string(r[:40])
	}
	if clean = strings.Trim(clean, "-"); clean == "" {
		return "picture"
	}
	return clean
}
