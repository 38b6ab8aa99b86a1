package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// job is one run.
type job struct {
	flags  *flags
	t      Terminal
	p      platforms
	runner *transfer.Runner
	screen *screen
	sleep  func(context.Context, time.Duration) error
	plan   *transfer.Plan
	in     *bufio.Reader
}

// greet says what is real. Whoever thinks that they move a domain must not be on fakes, nor the other way round.
func (j *job) greet() {
	if j.p.fake {
		j.screen.note("fakes: Aliyun, Route 53, its registrar and the registry are in this process, and nothing is real (-h names the variables that make both sides real)")
		j.screen.note("virtual clock: where something waits, the time is put forward, so that days go by in a moment")
	} else {
		j.screen.note("real: Aliyun and Route 53")
	}
	j.screen.note("state: %s", j.flags.state)
}

// forth shows the plan and goes through the steps.
func (j *job) forth(ctx context.Context) error {
	s, err := j.runner.Load(ctx)
	if err != nil {
		return err
	}
	if s.Step == transfer.StepEnd {
		j.screen.note("%s: everything had been done before: nothing was repeated", s.Domain)
		return nil
	}
	if err := j.stranded(s); err != nil {
		return err
	}
	if s.Undo == nil {
		if j.plan, err = j.runner.Plan(ctx, s); err != nil {
			return err
		}
		fmt.Fprintln(j.t.Err)
		fmt.Fprintln(j.t.Err, printable(j.plan.String()))
	}
	if err := j.write(nil); err != nil {
		return err
	}
	if j.flags.planOnly {
		return nil
	}
	err = j.run(ctx)
	return joined(err, j.write(err))
}

// run goes on until the end, or until a person is needed.
func (j *job) run(ctx context.Context) error {
	opts := &transfer.RunOptions{Sleep: j.sleep, Ask: j.ask, Before: transfer.Step(j.flags.until)}
	for e, err := range j.runner.Run(ctx, opts) {
		if err != nil {
			return err
		}
		j.screen.show(e)
	}
	s, err := j.runner.Load(ctx)
	if err != nil {
		return err
	}
	switch {
	case s.Step == transfer.StepEnd:
		j.screen.note("%s is at Route 53, in zone %s", s.Domain, s.Zone.ID)
		fmt.Fprintln(j.t.Out, s.Zone.ID)
	case !s.Step.Before(transfer.StepApprove):
		j.screen.note("stopped before %q; run the same command without -until to go on", s.Step)
	default:
		j.screen.note("stopped before %q; to take back what was done: movedomain %s-undo %s", s.Step, j.same(), transfer.StepZone)
	}
	return nil
}

// same are the flags that find the same move again.
func (j *job) same() string {
	out := ""
	if !j.p.fake {
		out = fmt.Sprintf("-domain %s -max-price %s ", j.flags.domain, j.flags.price)
	}
	if j.flags.at != "" {
		out += "-at " + j.flags.at + " "
	}
	return out + "-state " + j.flags.state + " "
}

// stranded is a state whose fakes have ended with their process.
func (j *job) stranded(s transfer.State) error {
	if j.p.fake && j.flags.at == "" && s.Zone != nil {
		return inputError{fmt.Errorf("%s is that of a run on fakes, which ended with their process: remove it to begin anew, or keep fakes alive with -world and use them with -at", j.flags.state)}
	}
	return nil
}

// ask lets a person decide, or on fakes the program.
func (j *job) ask(ctx context.Context, q transfer.Question) (string, error) {
	if q.Kind == transfer.AskAcknowledge {
		j.screen.note("")
		for _, it := range q.Items {
			j.screen.note("  %s  %s %s: %s", it.ID, it.Name, it.Type, printable(it.Reason))
		}
		if slices.Equal(j.flags.acknowledge, []string{"all"}) {
			return "all", nil
		}
	}
	if j.p.fake && !j.flags.ask {
		answer := q.Word
		switch q.Kind {
		case transfer.AskAcknowledge:
			answer = "all"
		case transfer.AskFiling:
			answer = string(transfer.FilingNone)
		case transfer.AskConsent:
		}
		j.screen.note("%s %s   (typed by the program, since nothing is real)", q.Text, answer)
		return answer, nil
	}
	if j.in == nil {
		j.in = bufio.NewReader(j.t.In)
	}
	j.screen.note("%s", q.TextZH)
	return typed(ctx, j.t, j.in, q.Text)
}

// back shows the way back and goes it.
func (j *job) back(ctx context.Context) error {
	s, err := j.runner.Load(ctx)
	if err != nil {
		return err
	}
	if err := j.stranded(s); err != nil {
		return err
	}
	to := transfer.Step(j.flags.undo)
	if s.Undo == nil {
		if s.Step == to {
			j.screen.note("the move is before %q: there is nothing to take back", to)
			return nil
		}
		p, err := j.runner.PlanUndo(ctx, s, to)
		if err != nil {
			return err
		}
		j.screen.note("\n%s", printable(strings.TrimSuffix(p.String(), "\n")))
		if len(p.Refused) == 0 && !j.flags.yesUndo {
			answer, err := typed(ctx, j.t, bufio.NewReader(j.t.In), "Type undo to do it:")
			if err != nil {
				return err
			}
			if answer != "undo" {
				return errDeclined
			}
		}
	}
	if _, err := j.runner.BeginUndo(ctx, s, to); err != nil {
		return err
	}
	for e, err := range j.runner.Run(ctx, &transfer.RunOptions{Sleep: j.sleep, Ask: j.ask}) {
		if err != nil {
			return err
		}
		j.screen.show(e)
	}
	j.screen.note("everything from %q on is taken back", to)
	return nil
}
