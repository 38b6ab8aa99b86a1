package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// What README.md promises.
const (
	minOpenAI   = 20  // times as quick as openai-go, at least
	minGoOpenAI = 7   // and go-openai
	maxAllocs   = 0.1 // for each chunk
)

// contest is one thing that several contestants do, the first of which is ours.
type contest struct {
	count int // how many units one run makes
	all   []contestant
}

type contestant struct {
	name string
	run  func() error
}

// result is one contestant's cost of a unit: the least time by the clock and of all CPUs, which need not be of one round.
type result struct {
	name          string
	clock, cpu    float64 // ns
	allocs, bytes float64
}

// speed races the clients. Rounds take turns and the best of each counts, so that a busy machine hurts all alike.
func speed(chunks, rounds int) (r report, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d CPUs, best of %d rounds. %s chunks a stream, half of them reasoning.\n", runtime.Version(), runtime.GOMAXPROCS(0), rounds, amount(chunks))
	defer func() { r.text = b.String() }()
	for _, f := range forms() {
		w := newWorkload(f, chunks)
		results, err := race(streams(w), rounds)
		if err != nil {
			return r, err
		}
		fmt.Fprintf(&b, "\n%s, %d bytes a chunk:\n\n%s", f.name, len(w.body)/chunks, board("chunk", "ns", 1, results))
		r.broken = append(r.broken, slow(f, results)...)
	}
	results, err := race(firsts(), rounds)
	if err != nil {
		return r, err
	}
	fmt.Fprintf(&b, "\nThe client's share of the time to the first token (request built and sent, first chunk read, closed):\n\n%s", board("request", "µs", 1000, results))
	return r, nil
}

func streams(w *workload) contest {
	text := func(read func(*workload) (int, error)) func() error {
		return func() error {
			n, err := read(w)
			if err == nil && n != w.textBytes {
				err = fmt.Errorf("read %d bytes of text, not %d", n, w.textBytes)
			}
			return err
		}
	}
	return contest{count: w.chunks, all: []contestant{
		{ours, text(readLLM)},
		{openAI, text(readOpenAI)},
		{goOpenAI, text(readGoOpenAI)},
		{"reading lines alone", func() error {
			n, err := readLines(w)
			if err == nil && n != w.lines {
				err = fmt.Errorf("read %d lines, not %d", n, w.lines)
			}
			return err
		}},
	}}
}

func race(c contest, rounds int) ([]result, error) {
	results := make([]result, len(c.all))
	for round := range rounds + 1 { // the first warms up
		for i, one := range c.all {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began, used := time.Now(), cpuTime()
			err := one.run()
			clock := float64(time.Since(began).Nanoseconds()) / float64(c.count)
			cpu := float64((cpuTime() - used).Nanoseconds()) / float64(c.count)
			runtime.ReadMemStats(&after)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", one.name, err)
			}
			r := &results[i]
			if round == 1 {
				r.clock, r.cpu = clock, cpu
			}
			*r = result{
				name: one.name, clock: min(r.clock, clock), cpu: min(r.cpu, cpu),
				allocs: float64(after.Mallocs-before.Mallocs) / float64(c.count),
				bytes:  float64(after.TotalAlloc-before.TotalAlloc) / float64(c.count),
			}
		}
	}
	return results, nil
}

// board shows the results, and how each compares with the first, which is ours.
func board(of, unit string, divisor float64, results []result) string {
	table := [][]string{{"client", unit + "/" + of, "CPU " + unit + "/" + of, "allocs/" + of, "B/" + of, "CPU, in ours"}}
	decimals := int(min(1, divisor-1))
	for _, r := range results {
		table = append(table, []string{
			r.name, fmt.Sprintf("%.*f", decimals, r.clock/divisor), fmt.Sprintf("%.*f", decimals, r.cpu/divisor),
			fmt.Sprintf("%.2f", r.allocs), amount(int(r.bytes)), fmt.Sprintf("%.2fx", r.cpu/results[0].cpu),
		})
	}
	return markdown(table)
}

func slow(f form, results []result) (broken []string) {
	for _, r := range results {
		least := map[string]float64{openAI: minOpenAI, goOpenAI: minGoOpenAI}[r.name]
		if factor := r.cpu / results[0].cpu; factor < least {
			broken = append(broken, fmt.Sprintf("%s: only %.1f times as quick as %s, %v were promised", f.name, factor, r.name, least))
		}
	}
	if a := results[0].allocs; a > maxAllocs {
		broken = append(broken, fmt.Sprintf("%s: %.2f allocations a chunk, at most %v were promised", f.name, a, maxAllocs))
	}
	return broken
}
