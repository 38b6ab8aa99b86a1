// Command bench compares package llm with two other Go clients, in one run on one machine:
//
//	go run .         what a streamed chunk costs, and how long the first one takes
//	go run . -table  what each client makes of a server that misbehaves
//	go run . -weight what each client adds to a small program
//	go run . -wechat what a push to a WeChat Official Account costs, beside another library
//
// With -check, a run fails when package llm does not keep what README.md promises of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
)

// report is what a run has to say, and what of its promises package llm has not kept.
type report struct {
	text   string
	broken []string
}

func main() {
	chunks := flag.Int("chunks", 20_000, "chunks of a stream, or pushes")
	rounds := flag.Int("rounds", 7, "rounds for each client")
	table := flag.Bool("table", false, "run the table of behaviour in place of the race")
	weight := flag.Bool("weight", false, "weigh programs in place of the race")
	wechat := flag.Bool("wechat", false, "race the libraries for WeChat's pushes in place of those for chat")
	check := flag.Bool("check", false, "fail when a promise is not kept")
	flag.Parse()

	ctx := context.Background()
	run := func() (report, error) { return speed(*chunks, *rounds) }
	switch {
	case *table:
		run = func() (report, error) { return behaviour(ctx), nil }
	case *weight:
		run = func() (report, error) { return weights(ctx) }
	case *wechat:
		run = func() (report, error) { return pushing(*chunks, *rounds) }
	}
	r, err := run()
	_, _ = io.WriteString(os.Stdout, r.text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	for _, b := range r.broken {
		fmt.Fprintln(os.Stderr, b)
	}
	if err != nil || *check && len(r.broken) > 0 {
		os.Exit(1) //nolint:forbidigo // a program
	}
}
