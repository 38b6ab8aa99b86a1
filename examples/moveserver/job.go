package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// job is one run.
type job struct {
	flags   *flags
	t       Terminal
	p       platforms
	journal *journal
	client  *ec2move.Client
	screen  *screen
	plan    *ec2move.Plan
}

// move does the job of one set of flags.
func (f *flags) move(ctx context.Context, t Terminal, getenv func(string) string) error {
	p, err := f.connect(ctx, getenv)
	if err != nil {
		return inputError{err}
	}
	defer p.closing()
	if err := f.complete(p.demo); err != nil {
		return inputError{err}
	}
	journal, err := openJournal(f.state)
	if err != nil {
		return inputError{err}
	}
	defer journal.close()
	p.cfg.Save = journal.save
	client, err := ec2move.New(p.cfg)
	if err != nil {
		return inputError{err}
	}
	j := &job{flags: f, t: t, p: p, journal: journal, client: client, screen: &screen{w: t.Err}}
	j.greet()
	st, kept, err := journal.load()
	if err != nil {
		return inputError{err}
	}
	if kept {
		if err := j.same(st); err != nil {
			return inputError{err}
		}
	}
	err = j.do(ctx, st, kept)
	if failure := j.write(err); failure != nil && err == nil {
		err = failure
	}
	return err
}

// greet says what is real. Whoever thinks that they move a server must not be on fakes, nor the other way round.
func (j *job) greet() {
	if j.p.fake {
		j.screen.note("fakes: nothing is real (-h names the variables that make AWS real); where something waits, the time is put forward")
	} else {
		j.screen.note("real: AWS")
	}
	j.screen.note("state: %s", j.flags.state)
}

// same tells a state of this move from that of another.
func (j *job) same(st ec2move.State) error {
	ours, err := json.Marshal(j.flags.spec)
	if err != nil {
		return err
	}
	theirs, err := json.Marshal(st.Spec)
	if err != nil {
		return err
	}
	if string(ours) != string(theirs) {
		return fmt.Errorf("-state %s is of another move, or the spec has changed since it began:\n  then %s\n  now  %s", j.flags.state, theirs, ours)
	}
	return nil
}

func (j *job) do(ctx context.Context, st ec2move.State, kept bool) error {
	if j.flags.rollback {
		return j.back(ctx, st, kept)
	}
	if kept {
		return j.resume(ctx, st)
	}
	plan, err := j.client.Plan(ctx, j.flags.spec)
	if err != nil {
		return err
	}
	j.plan = plan
	if j.flags.asJSON {
		e := json.NewEncoder(j.t.Out)
		e.SetIndent("", "  ")
		if err := e.Encode(plan); err != nil {
			return err
		}
	}
	fmt.Fprintln(j.t.Err)
	fmt.Fprintln(j.t.Err, printable(plan.String()))
	switch {
	case j.flags.planOnly:
		return nil
	case plan.Blocked():
		return errStops
	}
	if err := j.confirm(ctx, "move", "Type move to begin:"); err != nil {
		return err
	}
	return j.follow(j.client.Run(ctx, plan))
}

// resume goes on where a kept state stands. The plan is that of the time when it began.
func (j *job) resume(ctx context.Context, st ec2move.State) error {
	if j.p.fake && j.flags.at == "" && !st.Done() {
		return inputError{fmt.Errorf("-state %s is that of a run on fakes, which ended with their process: remove it to begin anew, or keep fakes alive with -serve and use them with -at", j.flags.state)}
	}
	if st.Done() {
		j.screen.note("%s: everything had been done before: nothing was repeated", st.Spec.ID)
		return j.result(st)
	}
	if j.flags.planOnly || j.flags.asJSON {
		return inputError{fmt.Errorf("-state %s: this move has begun, so that a plan would be of another world", j.flags.state)}
	}
	if j.flags.retry {
		st = st.Retry()
	}
	st.NoAddress = st.NoAddress || j.flags.none
	j.screen.note("going on with what %s says", j.flags.state)
	return j.follow(j.client.Resume(ctx, st))
}

// back takes back what was done.
func (j *job) back(ctx context.Context, st ec2move.State, kept bool) error {
	if !kept {
		j.screen.note("no state was kept: AWS is asked what this move has made")
		found, err := j.client.Find(ctx, j.flags.spec)
		if err != nil {
			return err
		}
		st = found
	}
	j.screen.note("what will be taken back:")
	for id, p := range st.Steps {
		if p.ID != "" {
			j.screen.note("  %-12s %s", id, p.ID)
		}
		for of, made := range p.IDs {
			j.screen.note("  %-12s %s (of %s)", id, made, of)
		}
	}
	if err := j.confirm(ctx, "rollback", "Type rollback to do it:"); err != nil {
		return err
	}
	for e, err := range j.client.Rollback(ctx, st) {
		if err != nil {
			return err
		}
		j.screen.show(e)
	}
	j.screen.note("everything that %s had made is taken back", st.Spec.ID)
	return nil
}

// follow shows what happens, and in the end what has come of it.
func (j *job) follow(events iter.Seq2[awsops.Event, error]) error {
	for e, err := range events {
		if err != nil {
			return err
		}
		j.screen.show(e)
	}
	st, ok, err := j.journal.load()
	if err != nil || !ok || !st.Done() { // left by a break, of which there is none
		return fmt.Errorf("the move has not ended: %w", err)
	}
	return j.result(st)
}

// result prints the new instance, for a script.
func (j *job) result(st ec2move.State) error {
	fmt.Fprintln(j.t.Out, st.Steps[ec2move.StepLaunch].ID)
	return nil
}

// confirm lets a person decide, or on fakes the program.
func (j *job) confirm(ctx context.Context, word, prompt string) error {
	if j.flags.yes || j.p.fake {
		return nil
	}
	answer, err := typed(ctx, j.t, prompt)
	if err != nil {
		return err
	}
	if answer != word {
		return errDeclined
	}
	return nil
}
