package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

const (
	tiny      = "github.com/kitroll/kitroll/internal/bench/tiny/"
	maxWeight = 500_000 // bytes that package llm may add, as README.md promises
)

// program is a small one that makes one call.
type program struct {
	name, pkg string
	bytes     int64 // of the binary, stripped
	packages  int   // that it is linked from, those of the standard library included
}

// weights builds the small programs, stripped, and compares them with the one that has net/http alone.
func weights(ctx context.Context) (r report, err error) {
	dir, err := os.MkdirTemp("", "weight")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	all := []program{
		{name: "net/http and encoding/json", pkg: "plain"},
		{name: ours, pkg: "kitroll"},
		{name: openAI, pkg: "openaigo"},
		{name: goOpenAI, pkg: "goopenai"},
	}
	table := [][]string{{"one call with", "bytes, stripped", "more", "packages", "more"}}
	for i := range all {
		p := &all[i]
		if err := p.weigh(ctx, filepath.Join(dir, p.pkg)); err != nil {
			return r, err
		}
		base := all[0]
		table = append(table, []string{
			p.name, amount(int(p.bytes)), fmt.Sprintf("%+.2f MB", float64(p.bytes-base.bytes)/1e6),
			amount(p.packages), fmt.Sprintf("%+d", p.packages-base.packages),
		})
		if more := p.bytes - base.bytes; p.name == ours && more > maxWeight {
			r.broken = append(r.broken, fmt.Sprintf("package llm adds %s bytes, at most %s were promised", amount(int(more)), amount(maxWeight)))
		}
	}
	r.text = fmt.Sprintf("%s, %s/%s, -trimpath -ldflags=-s -w\n\n%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, markdown(table))
	return r, nil
}

func (p *program) weigh(ctx context.Context, out string) error {
	if _, err := goTool(ctx, "build", "-trimpath", "-ldflags=-s -w", "-o", out, tiny+p.pkg); err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	list, err := goTool(ctx, "list", "-deps", tiny+p.pkg)
	p.bytes, p.packages = info.Size(), bytes.Count(list, []byte{'\n'})
	return err
}

func goTool(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own arguments
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, stderr.Bytes())
	}
	return out, nil
}
