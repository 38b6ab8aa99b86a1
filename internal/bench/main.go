// Command bench compares packages of this library with others, in one run on one machine:
//
//	go run .         what a streamed chunk costs, and how long the first one takes
//	go run . -table  what each client makes of a server that misbehaves
//	go run . -weight what each client adds to a small program
//	go run . -wechat what a push to a WeChat Official Account costs, beside another library
//	go run . -r2     what an upload to a bucket costs, beside other clients of S3
//
// With -check, a run fails when it does not keep what README.md promises.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
)

// report is what a run has to say, and which promises were not kept.
type report struct {
	text   string
	broken []string
}

// What a run with -r2 starts this program for, in processes of their own.
const (
	taskDiscard = "discard"
	taskUpload  = "upload"
)

func main() {
	chunks := flag.Int("chunks", 20_000, "chunks of a stream, or pushes")
	rounds := flag.Int("rounds", 0, "rounds for each client (default 7, with -r2 3)")
	table := flag.Bool("table", false, "run the table of behaviour in place of the race")
	weight := flag.Bool("weight", false, "weigh programs in place of the race")
	wechat := flag.Bool("wechat", false, "race the libraries for WeChat's pushes in place of those for chat")
	bucket := flag.Bool("r2", false, "race the clients of a bucket in place of those for chat")
	check := flag.Bool("check", false, "fail when a promise is not kept")
	flag.Parse()

	ctx := context.Background()
	run := func() (report, error) { return speed(*chunks, cmp.Or(*rounds, 7)) }
	switch {
	case *table:
		run = func() (report, error) { return behaviour(ctx), nil }
	case *weight:
		run = func() (report, error) { return weights(ctx) }
	case *wechat:
		run = func() (report, error) { return pushing(*chunks, cmp.Or(*rounds, 7)) }
	case *bucket && flag.Arg(0) == taskDiscard:
		run = func() (report, error) { return report{}, discard(os.Stdin, os.Stdout) }
	case *bucket && flag.Arg(0) == taskUpload:
		run = func() (report, error) { return report{}, upload(os.Stdin, os.Stdout) }
	case *bucket:
		run = func() (report, error) { return uploading(ctx, cmp.Or(*rounds, 3)) }
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
