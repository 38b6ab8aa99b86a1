package cwagent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

const (
	lookInterval = 3 * time.Second
	settling     = 30 * time.Second // how long ListCommands may not show a command that was sent, and an invocation may be missing
	window       = 2 * time.Hour    // how far back commands are looked at: longer than any may take, and than clocks differ
	delivery     = 600              // seconds until a command that was not delivered is given up
	sends        = 3                // how often a command is sent whose answer is lost and which is not found
)

// command is a document with its parameters. Whatever is sent may run twice without harm.
type command struct {
	document string
	params   map[string][]string
	comment  string // the run and the step, at most 90 characters: by it a command is found again
	join     bool   // a command with this comment that is under way is followed in place of a new one
}

// result is a command that has ended.
type result struct {
	id       string
	status   string // the detailed one
	exitCode int
	out, err string
}

// run sends a command, or joins the one that an earlier run has sent, and follows it to its end. A command that failed is an
// error; the result comes with it.
func (c *Client) run(ctx context.Context, instance string, cmd command, tell func(phase, id string) error) (result, error) {
	id, err := c.send(ctx, instance, cmd)
	if err != nil {
		return result{}, err
	}
	r, err := c.follow(ctx, instance, id, tell)
	if err != nil {
		return r, err
	}
	if r.status != "Success" && r.out+r.err == "" { // of several steps AWS may tell the end and not the words (unverified)
		if whole, _, done, err := c.steps(ctx, instance, id); err == nil && done {
			r.out, r.exitCode = whole.out, whole.exitCode
		}
	}
	return r, r.verdict(instance, cmd)
}

// send returns the ID of the command. SendCommand has no token: when its answer is lost, the command is looked for by its
// comment, and sent again only when it cannot be found, which does no harm if it was there after all.
func (c *Client) send(ctx context.Context, instance string, cmd command) (id string, err error) {
	known := map[string]bool{} // of earlier runs
	if cmd.join {
		before, err := c.sentBefore(ctx, instance, cmd)
		if err != nil {
			return "", err
		}
		for _, x := range before {
			if !ended(string(x.Status)) {
				return *x.CommandId, nil
			}
			known[*x.CommandId] = true
		}
	} else {
		cmd.comment += " " + rand.Text()[:8] // of this one alone
	}
	in := &ssm.SendCommandInput{
		DocumentName: &cmd.document, Parameters: cmd.params, Comment: &cmd.comment, InstanceIds: []string{instance}, TimeoutSeconds: new(int32(delivery)),
	}
	for n := 1; ; n++ {
		out, err := do(ctx, c, "SendCommand", instance, awscall.OnlyRefused, c.api.SendCommand, in)
		switch {
		case err == nil && out.Command != nil && aws.ToString(out.Command.CommandId) != "":
			return *out.Command.CommandId, nil
		case err == nil:
			err = &Error{Op: "SendCommand", Resource: instance, Reason: "the answer names no command", Err: awsops.ErrUnknownOutcome}
		case !errors.Is(err, awsops.ErrUnknownOutcome), context.Cause(ctx) != nil:
			return "", err
		}
		if id, lookErr := c.search(ctx, instance, cmd, known); id != "" || lookErr != nil {
			return id, lookErr
		}
		if n == sends {
			return "", err
		}
	}
}

// search looks for a command that may have been sent until ListCommands would show it.
func (c *Client) search(ctx context.Context, instance string, cmd command, known map[string]bool) (id string, err error) {
	began := c.caller.Clock.Now()
	err = awsops.Poll(ctx, c.caller.Clock, lookInterval, func(ctx context.Context) (bool, error) {
		found, err := c.sentBefore(ctx, instance, cmd)
		for _, x := range found {
			if !known[*x.CommandId] {
				id = *x.CommandId
				return true, nil
			}
		}
		return c.caller.Clock.Now().Sub(began) > settling, err
	})
	return id, err
}

// sentBefore are the commands with the comment, newest first.
func (c *Client) sentBefore(ctx context.Context, instance string, cmd command) (found []types.Command, err error) {
	since := c.caller.Clock.Now().Add(-window)
	in := &ssm.ListCommandsInput{
		InstanceId: &instance,
		Filters:    []types.CommandFilter{{Key: types.CommandFilterKeyInvokedAfter, Value: new(since.UTC().Format("2006-01-02T15:04:05Z"))}},
	}
	for {
		out, err := do(ctx, c, "ListCommands", instance, awscall.Harmless, c.api.ListCommands, in)
		if err != nil {
			return nil, err
		}
		for _, x := range out.Commands {
			if aws.ToString(x.Comment) == cmd.comment && aws.ToString(x.DocumentName) == cmd.document && aws.ToString(x.CommandId) != "" {
				found = append(found, x)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return found, nil
		}
		next := *in
		next.NextToken = out.NextToken
		in = &next
	}
}

// follow looks until the command has ended. That there is no invocation is normal right after sending, and an error when it
// stays so.
func (c *Client) follow(ctx context.Context, instance, id string, tell func(phase, id string) error) (r result, err error) {
	began, plugin := c.caller.Clock.Now(), ""
	err = awsops.Poll(ctx, c.caller.Clock, lookInterval, func(ctx context.Context) (bool, error) {
		in := &ssm.GetCommandInvocationInput{CommandId: &id, InstanceId: &instance}
		if plugin != "" {
			in.PluginName = &plugin
		}
		out, err := do(ctx, c, "GetCommandInvocation", id, awscall.Harmless, c.api.GetCommandInvocation, in)
		switch code := codeOf(err); {
		case code == "InvocationDoesNotExist":
			if c.caller.Clock.Now().Sub(began) > settling {
				return false, err
			}
			return false, tell(string(types.CommandInvocationStatusPending), id)
		case code == "InvalidPluginName" && plugin == "": // a document of several steps
			var done bool
			r, plugin, done, err = c.steps(ctx, instance, id)
			if err != nil || done && plugin == "" {
				return done, err
			}
			if !done {
				plugin = ""
				return false, tell(r.status, id)
			}
			return false, nil // it has ended: its output comes with the next look
		case err != nil:
			return false, err
		}
		whole := r.status
		r = result{
			id: id, status: detailed(string(out.Status), out.StatusDetails), exitCode: int(out.ResponseCode),
			out: aws.ToString(out.StandardOutputContent), err: aws.ToString(out.StandardErrorContent),
		}
		if plugin != "" { // the step may have succeeded in a command that did not
			r.status = whole
		}
		if ended(r.status) {
			return true, nil
		}
		return false, tell(r.status, id)
	})
	return r, err
}

// steps is the state of a command of several steps, and the step whose output matters: the one that failed, else the one that
// said most. Those of another system are skipped and say nothing.
func (c *Client) steps(ctx context.Context, instance, id string) (r result, plugin string, done bool, err error) {
	in := &ssm.ListCommandInvocationsInput{CommandId: &id, InstanceId: &instance, Details: true}
	out, err := do(ctx, c, "ListCommandInvocations", id, awscall.Harmless, c.api.ListCommandInvocations, in)
	if err != nil {
		return result{}, "", false, err
	}
	if len(out.CommandInvocations) == 0 {
		return result{id: id, status: string(types.CommandInvocationStatusPending)}, "", false, nil
	}
	x := out.CommandInvocations[0]
	r = result{id: id, status: detailed(string(x.Status), x.StatusDetails)}
	most := -1
	for _, p := range x.CommandPlugins {
		said := len(aws.ToString(p.Output))
		if p.Status == types.CommandPluginStatusFailed || p.Status == types.CommandPluginStatusTimedOut {
			said = 1 << 30
		}
		if said > most {
			most, plugin = said, aws.ToString(p.Name)
			r.out, r.exitCode = aws.ToString(p.Output), int(p.ResponseCode)
		}
	}
	return r, plugin, ended(r.status), nil
}

func detailed(status string, details *string) string {
	if d := aws.ToString(details); d != "" {
		return d
	}
	return status
}

// ended tells the states from which nothing comes any more, in both spellings that AWS uses.
func ended(status string) bool {
	switch strings.ReplaceAll(status, " ", "") {
	case "Pending", "InProgress", "Delayed", "Cancelling", "":
		return false
	}
	return true
}

// verdict is the error of a command that did not succeed.
func (r result) verdict(instance string, cmd command) error {
	if r.status == "Success" {
		return nil
	}
	e := &Error{Op: cmd.document, Resource: instance, Status: r.status, ExitCode: max(r.exitCode, 0), Output: end(r.out+"\n"+r.err, 4000), Err: awsops.ErrFailed}
	e.Reason = explain(r.status)
	if last := lastLines(r.err, r.out); last != "" && r.exitCode > 0 {
		e.Reason = last
	}
	if kind := kindOfExit(e.ExitCode); kind != nil && strings.HasPrefix(cmd.document, "AWS-Run") {
		e.Err = fmt.Errorf("%w: %w", awsops.ErrFailed, kind)
	}
	return e
}

// explain is what a state of a command means for a person (SDK, GetCommandInvocation; read 2026-11).
func explain(status string) string {
	switch strings.ReplaceAll(status, " ", "") {
	case "DeliveryTimedOut":
		return "it was not delivered in time: the instance is stopped, or its ssm-agent cannot reach Systems Manager"
	case "ExecutionTimedOut", "TimedOut":
		return "it was begun and did not end in time"
	case "Undeliverable":
		return "it cannot be delivered: the instance does not exist or does not answer"
	case "Terminated":
		return "it was ended since others of the same command had failed too often"
	case "Cancelled":
		return "somebody has cancelled it"
	case "Failed":
		return "it failed on the instance"
	case "InvalidPlatform":
		return "the document is not for the system of the instance"
	case "AccessDenied":
		return "whoever sends it may not send it to this instance"
	}
	return "it ended as " + status
}

// lastLines is the end of what a program said: errors first.
func lastLines(texts ...string) string {
	for _, text := range texts {
		lines := strings.FieldsFunc(strings.TrimSpace(text), func(r rune) bool { return r == '\n' || r == '\r' })
		if len(lines) > 0 {
			return end(strings.Join(lines[max(0, len(lines)-3):], " | "), 512)
		}
	}
	return ""
}

// end is the last n bytes of a text, from a whole character on.
func end(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[len(s)-n:], "")
}

func silent(string, string) error { return nil }
