package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/kitroll/kitroll/llm/llmtest"
)

// behaviour runs every row with every client and prints what was seen.
func behaviour(ctx context.Context) report {
	all, them := rows(), peers()
	cells := observe(ctx, all, them)
	table := [][]string{{"case"}}
	right := make([]int, len(them))
	for _, p := range them {
		table[0] = append(table[0], p.name)
	}
	var r report
	for i, row := range all {
		line := []string{row.name}
		for j, p := range them {
			mark := "✗ "
			if row.right(cells[i][j]) {
				mark = "✓ "
				right[j]++
			} else if p.name == ours {
				r.broken = append(r.broken, "not right: "+row.name+": "+cells[i][j].String())
			}
			line = append(line, mark+cells[i][j].String())
		}
		table = append(table, line)
	}
	last := []string{"right"}
	for _, n := range right {
		last = append(last, fmt.Sprintf("%d of %d", n, len(all)))
	}
	r.text = markdown(append(table, last))
	return r
}

// observe meets all clients with all rows, several at a time: most of the time they wait.
func observe(ctx context.Context, all []row, them []peer) [][]outcome {
	const atATime = 8
	cells := make([][]outcome, len(all))
	free := make(chan struct{}, atATime)
	var wg sync.WaitGroup
	for i, row := range all {
		cells[i] = make([]outcome, len(them))
		for j, p := range them {
			if row.alone {
				continue
			}
			free <- struct{}{}
			wg.Go(func() {
				cells[i][j] = row.meet(ctx, p)
				<-free
			})
		}
	}
	wg.Wait()
	for i, row := range all {
		for j, p := range them {
			if row.alone {
				cells[i][j] = row.meet(ctx, p)
			}
		}
	}
	return cells
}

// meet is one client and one server, on a connection over loopback.
func (r row) meet(ctx context.Context, p peer) outcome {
	srv := llmtest.NewServer()
	defer srv.Close()
	srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer { return llmtest.Answer{Text: said, Runes: 2} })
	var mu sync.Mutex
	var tries []time.Time
	serve := r.serve(srv)
	base, closeWeb := listen(ctx, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		tries = append(tries, time.Now())
		mu.Unlock()
		serve.ServeHTTP(w, req)
	}))
	defer closeWeb()

	wire := newWire()
	label := r.name + " / " + p.name
	o := outcome{row: r}
	// The clients' context ends when all has been counted, so that what they left behind cannot hide.
	ctx, cancel := context.WithTimeout(ctx, r.stop)
	defer cancel()
	began := time.Now()
	labelled(ctx, label, func(ctx context.Context) {
		o.answer = p.ask(ctx, base+"/v1", &http.Client{Transport: wire.transport}, r.question)
	})
	o.took, o.stopped = time.Since(began), ctx.Err() != nil
	o.routines, o.conns = wire.leftovers(label)
	o.read = wire.read.Load()
	mu.Lock()
	o.tries = tries
	mu.Unlock()
	return o
}

// markdown is a table that reads well as it is, too.
func markdown(table [][]string) string {
	width := make([]int, len(table[0]))
	for _, line := range table {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, line := range table {
		for i, cell := range line {
			b.WriteString("| " + cell + strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+1))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range width {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}
