package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/kitroll/kitroll/acmx"
)

// shelf is the [Shelf]: a folder in one of acmx's layouts.
type shelf struct {
	dir    string
	layout acmx.Layout
	keep   int
}

// adopted is the name that acmx gives to the files that it finds in the folder.
const adopted = "000000-adopted"

// Installed reads what is there.
func (s shelf) Installed() (at Installed, err error) {
	for _, name := range []string{"fullchain.pem", "privkey.pem", "haproxy.pem"} {
		if info, err := os.Lstat(filepath.Join(s.dir, name)); err == nil && info.Mode().IsRegular() {
			at.Plain = adopted
		}
	}
	if s.Has(adopted) {
		at.Plain = adopted
	}
	b, err := acmx.ReadDir(s.dir)
	if err != nil {
		return at, err
	}
	target, err := os.Readlink(filepath.Join(s.dir, "current"))
	at.Facts, at.Version = bundle{b}.Facts(), filepath.Base(target)
	return at, err
}

// Has reports whether a version is still there.
func (s shelf) Has(version string) bool {
	_, err := os.Stat(filepath.Join(s.dir, "versions", version))
	return err == nil
}

// Install puts a bundle there.
func (s shelf) Install(ctx context.Context, b Bundle, reload func(ctx context.Context) error) (bool, error) {
	ours, ok := b.(bundle)
	if !ok {
		return false, errors.New("a bundle of another kind")
	}
	return ours.WriteDir(ctx, s.dir, &acmx.WriteOptions{Layout: s.layout, Keep: &s.keep, Reload: reload})
}

// Describe says what files there will be.
func (s shelf) Describe(lang Lang) string {
	files := map[acmx.Layout]string{
		acmx.LayoutNginx:   "fullchain.pem 0644, privkey.pem 0600",
		acmx.LayoutApache:  "fullchain.pem 0644, privkey.pem 0600, cert.pem 0644, chain.pem 0644",
		acmx.LayoutHAProxy: "haproxy.pem 0600",
	}[s.layout]
	return lang.Sayf("in %s for %s: %s", "到 %s（%s）：%s", s.dir, s.layout, files)
}

// command is a reload hook that runs a program, without a shell.
func command(words []string) func(ctx context.Context) error {
	if len(words) == 0 {
		return nil
	}
	return func(ctx context.Context) error {
		out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput() //nolint:gosec // -reload is what the operator wants to have run
		if err != nil {
			said := strings.TrimSpace(string(out))
			if len(said) > 2000 {
				said = said[:2000] + " …"
			}
			return fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, said)
		}
		return nil
	}
}
