// Command bench measures what one streamed chunk costs in three clients, on the same bytes, in one run:
//
//	go run .
//
// The numbers are the best of several rounds that take turns, so that a busy machine hurts all alike. With -check it
// fails when package llm is not quicker by the factors that README.md promises.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
	"time"
)

const (
	minOpenAI   = 20 // times as quick as openai-go, at least
	minGoOpenAI = 7
	maxAllocs   = 0.1 // for each chunk
)

func main() {
	chunks := flag.Int("chunks", 20_000, "chunks of a stream")
	rounds := flag.Int("rounds", 7, "rounds for each client")
	check := flag.Bool("check", false, "fail when the promised factors are not met")
	flag.Parse()

	fmt.Printf("%d chunks a stream, half of them reasoning; %s, %d CPUs; best of %d rounds\n", *chunks, runtime.Version(), runtime.GOMAXPROCS(0), *rounds)
	ok := true
	for _, f := range forms() {
		work := newWorkload(f, *chunks)
		results, err := measure(work, *rounds)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("\n%s, %d bytes a chunk\n", f.name, len(work.body) / *chunks)
		report(results)
		ok = fastEnough(results) && ok
	}
	if *check && !ok {
		os.Exit(1)
	}
}

// result is one client's cost of a chunk.
type result struct {
	name   string
	time   time.Duration // of the whole stream, best round
	allocs float64       // of a chunk
	bytes  float64       // of a chunk
	chunks int
}

func (r result) perChunk() float64 { return float64(r.time.Nanoseconds()) / float64(r.chunks) }

func measure(w *workload, rounds int) ([]result, error) {
	all := clients(w)
	results := make([]result, len(all))
	for round := range rounds + 1 { // the first warms up
		for i, c := range all {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			got, err := c.read()
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if got != w.textBytes {
				return nil, fmt.Errorf("%s: read %d bytes of text, not %d", c.name, got, w.textBytes)
			}
			if r := &results[i]; round > 0 && (r.time == 0 || took < r.time) {
				*r = result{
					name: c.name, time: took, chunks: w.chunks,
					allocs: float64(after.Mallocs-before.Mallocs) / float64(w.chunks),
					bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(w.chunks),
				}
			}
		}
	}
	return results, nil
}

func report(results []result) {
	tw := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "client\tns/chunk\tallocs/chunk\tB/chunk\tllm is quicker\t")
	for _, r := range results {
		fmt.Fprintf(tw, "%s\t%.0f\t%.2f\t%.0f\t%.1fx\t\n", r.name, r.perChunk(), r.allocs, r.bytes, r.perChunk()/results[0].perChunk())
	}
	_ = tw.Flush() // to standard output
}

func fastEnough(results []result) bool {
	ours := results[0]
	ok := true
	for i, least := range map[int]float64{1: minOpenAI, 2: minGoOpenAI} {
		if factor := results[i].perChunk() / ours.perChunk(); factor < least {
			fmt.Fprintf(os.Stderr, "only %.1f times as quick as %s, %v were promised\n", factor, results[i].name, least)
			ok = false
		}
	}
	if ours.allocs > maxAllocs {
		fmt.Fprintf(os.Stderr, "%.2f allocations a chunk, at most %v were promised\n", ours.allocs, maxAllocs)
		ok = false
	}
	return ok
}
