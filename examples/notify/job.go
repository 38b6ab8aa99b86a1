package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/internal/atomicfile"
)

// Sender is the part of aliyun.SMS that the job needs.
type Sender interface {
	Quote(m aliyun.Message) (aliyun.Quote, error)
	SendMany(ctx context.Context, ms iter.Seq[aliyun.Message], opts *aliyun.BatchOptions) iter.Seq2[aliyun.BatchResult, error]
	Resolve(ctx context.Context, outID, phone string, at time.Time) (aliyun.Outcome, error)
}

// openBoard goes on with the journal of this list, or begins one.
func openBoard(path string, list List, now func() time.Time) (*Board, error) {
	b := &Board{path: path, list: list, now: now}
	err := atomicfile.ReadJSON(path, &b.j)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.j = Journal{List: list.Hash, RunID: aliyun.NewOutID(), Began: now(), Lines: make([]Line, len(list.Messages))}
		for i := range b.j.Lines {
			b.j.Lines[i].State = NotSent
		}
	case err != nil:
		return nil, fmt.Errorf("the journal %s cannot be read: %w", path, err)
	case b.j.List != list.Hash || len(b.j.Lines) != len(list.Messages):
		return nil, fmt.Errorf("%w: the journal %s is of another list: name another one with -journal, or bring that list back", errInput, path)
	}
	return b, nil
}

// settle finds out what became of messages that a run has left open. Sent is what the platform has a record of; what it
// has none of is unknown, since a record may be late.
func (b *Board) settle(ctx context.Context, s Sender, places []int) error {
	var g errgroup.Group
	g.SetLimit(8)
	found := make([]Line, len(places))
	for n, i := range places {
		g.Go(func() error {
			line := b.line(i)
			outcome, err := s.Resolve(ctx, b.j.RunID, b.list.Messages[i].Phones[0], line.Sent)
			switch {
			case outcome == aliyun.Delivered:
				line = Line{State: Delivered}
			case outcome == aliyun.Failed:
				line = Line{State: Failed}
			case err == nil && outcome != aliyun.NotFound:
				line = Line{State: Accepted}
			case err == nil && line.State != Accepted: // else the platform has said so, and its records are late
				line = Line{State: Unknown, Note: "no record of it, or none yet"}
			}
			found[n] = line
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	changes := map[int]Line{}
	for n, i := range places {
		changes[i] = found[n]
	}
	return b.set(changes)
}

// plan shows what would be sent. It reports every message that cannot be.
func (b *Board) plan(out io.Writer, s Sender, places []int) error {
	var total aliyun.Quote
	var problems []error
	for _, i := range places {
		q, err := s.Quote(b.list.Messages[i])
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", i+2, err))
			continue
		}
		total.Phones += q.Phones
		total.Messages += q.Messages
		total.Price += q.Price
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d phones, billed as %d messages", total.Phones, total.Messages)
	if total.Price > 0 {
		fmt.Fprintf(out, ", %.2f by -price", total.Price)
	}
	fmt.Fprintf(out, "; of %d in the list\n", len(b.list.Messages))
	return nil
}

// send sends these messages, all with the ID of the run. The journal has them before the first request is made.
func (b *Board) send(ctx context.Context, s Sender, places []int) error {
	begun := map[int]Line{}
	for _, i := range places {
		begun[i] = Line{State: Open, Sent: b.now()}
	}
	if err := b.set(begun); err != nil {
		return err
	}
	messages := func(yield func(aliyun.Message) bool) {
		for _, i := range places {
			m := b.list.Messages[i]
			m.OutID = b.j.RunID
			if !yield(m) {
				return
			}
		}
	}
	states := map[aliyun.SendState]State{
		aliyun.Accepted: Accepted, aliyun.Refused: Refused, aliyun.NotSent: NotSent, aliyun.SendUnknown: Unknown,
	}
	told := map[int]bool{}
	var failed error
	for r, err := range s.SendMany(ctx, messages, nil) {
		note := ""
		if err != nil {
			note = word(err)
		}
		results := map[int]Line{}
		for _, n := range r.Index {
			told[n] = true
			if at := b.line(places[n]).State; at != Delivered && at != Failed { // else the carrier has been quicker
				results[places[n]] = Line{State: states[r.State], Note: note}
			}
		}
		failed = errors.Join(failed, b.set(results)) // the loop goes on: what was sent has to be known
	}
	left := map[int]Line{}
	for n, i := range places { // a run that was interrupted did not take them
		if !told[n] {
			left[i] = Line{State: NotSent}
		}
	}
	return errors.Join(failed, b.set(left))
}

// word is the shortest that says why.
func word(err error) string {
	if e, ok := errors.AsType[*aliyun.Error](err); ok && e.Code != "" {
		return e.Code
	}
	return err.Error()
}

// follow waits for the carrier's word on all that was accepted or may have been, by reports, and at the end by asking.
func (b *Board) follow(ctx context.Context, s Sender, patience time.Duration) error {
	end := time.NewTimer(patience)
	defer end.Stop()
	look := time.NewTicker(min(patience, 200*time.Millisecond))
	defer look.Stop()
	for len(b.in(Accepted, Unknown)) > 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
		case <-end.C:
			return b.settle(ctx, s, b.in(Accepted, Unknown))
		}
	}
	return nil
}
