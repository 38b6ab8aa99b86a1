package r2

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

// ApplyOptions is what [Client.Apply] may be told. nil is the defaults.
type ApplyOptions struct {
	Concurrency int                // files on their way at a time: 1 to 64, default 16
	Progress    func(SyncProgress) // runs on the caller's goroutine, after each file and each delete
}

// SyncProgress is how far an Apply has come.
type SyncProgress struct {
	Key   string // what has just been done
	Err   error  // nil if it went well
	Done  int    // changes so far, those that failed too
	Total int
}

// Failure is a change that failed.
type Failure struct {
	Change

	Err error
}

// Report is what a sync has done.
type Report struct {
	Put     int
	Deleted int
	Bytes   int64     // of what was put
	Failed  []Failure // in order of their failing
}

// Apply carries out a plan: the files first, then, if all of them were stored, the deletes. A file that fails does not keep the
// others from being stored, unless it is for want of permission or of the bucket; the error then says how many failed and wraps
// the first, and [Report.Failed] has all. Doing it again is safe: make a new plan, which has only what is left.
//
// A file is stored as it is by now; one whose size is not that of the plan fails. A plan that was refused is refused again.
// Large files go in parts, and are not resumed: [Client.PutFile] does that.
func (c *Client) Apply(ctx context.Context, p Plan, opts *ApplyOptions) (Report, error) {
	var o ApplyOptions
	if opts != nil {
		o = *opts
	}
	switch {
	case p.refused != nil:
		return Report{}, p.refused
	case p.src == nil && len(p.Puts) > 0:
		return Report{}, fmt.Errorf("r2: sync: %w: the plan was not made by PlanSync", ErrInput)
	case o.Concurrency < 0 || o.Concurrency > 64:
		return Report{}, fmt.Errorf("r2: sync: %w: Concurrency: %d is not in 1 to 64 (0 = 16)", ErrInput, o.Concurrency)
	}
	a := &applying{c: c, plan: p, opts: o, total: len(p.Puts) + len(p.Deletes)}
	a.puts(ctx)
	if len(a.report.Failed) == 0 && ctx.Err() == nil {
		a.deletes(ctx)
	}
	return a.report, a.err(ctx)
}

type applying struct {
	c      *Client
	plan   Plan
	opts   ApplyOptions
	report Report
	done   int
	total  int
}

// tell counts a change, on the caller's goroutine.
func (a *applying) tell(change Change, err error) {
	a.done++
	switch {
	case err != nil:
		a.report.Failed = append(a.report.Failed, Failure{change, err})
	case change.Path == "":
		a.report.Deleted++
	default:
		a.report.Put++
		a.report.Bytes += change.Size
	}
	if a.opts.Progress != nil {
		a.opts.Progress(SyncProgress{Key: change.Key, Err: err, Done: a.done, Total: a.total})
	}
}

func (a *applying) puts(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type outcome struct {
		change Change
		err    error
	}
	todo, out := make(chan Change), make(chan outcome)
	var wg sync.WaitGroup
	workers := 16
	if a.opts.Concurrency > 0 {
		workers = a.opts.Concurrency
	}
	for range min(workers, len(a.plan.Puts)) {
		wg.Go(func() {
			for change := range todo {
				out <- outcome{change, a.put(ctx, change)}
			}
		})
	}
	wg.Go(func() {
		defer close(todo)
		for _, change := range a.plan.Puts {
			if ctx.Err() != nil { // a select would choose
				return
			}
			select {
			case todo <- change:
			case <-ctx.Done():
				return
			}
		}
	})
	go func() { wg.Wait(); close(out) }()
	for o := range out {
		a.tell(o.change, o.err)
		if errors.Is(o.err, fs.ErrPermission) || isCode(o.err, "NoSuchBucket") {
			stop() // so will all the others
		}
	}
}

func (a *applying) put(ctx context.Context, change Change) error {
	f, err := a.plan.src.Open(change.Path)
	if err != nil {
		return a.c.bodyFailed(change.Key, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	o := a.plan.options(change.Key)
	o.Size = change.Size
	if change.Size == 0 {
		stat, err := f.Stat()
		if err == nil && stat.Size() != 0 {
			err = wrongSize(stat.Size(), 0)
		}
		if err != nil {
			return a.c.bodyFailed(change.Key, err)
		}
	}
	_, err = a.c.Put(ctx, change.Key, f, &o)
	return err
}

func (a *applying) deletes(ctx context.Context) {
	byKey := make(map[string]Change, len(a.plan.Deletes))
	keys := make([]string, 0, len(a.plan.Deletes))
	for _, change := range a.plan.Deletes {
		byKey[change.Key] = change
		keys = append(keys, change.Key)
	}
	for key, err := range a.c.DeleteAll(ctx, slices.Values(keys)) {
		a.tell(byKey[key], err)
	}
}

func (a *applying) err(ctx context.Context) error {
	if len(a.report.Failed) > 0 {
		return fmt.Errorf("r2: sync: %d of %d changes failed, and %d were not tried; the first: %w", len(a.report.Failed), a.total, a.total-a.done, a.report.Failed[0].Err)
	}
	if a.done < a.total {
		return fmt.Errorf("r2: sync: ended after %d of %d changes: %w", a.done, a.total, context.Cause(ctx))
	}
	return nil
}
