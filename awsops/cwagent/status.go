package cwagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

var errUnsupported = fmt.Errorf("no package for it: %w", errors.ErrUnsupported)

// Status is what the agent says of itself.
type Status struct {
	Running    bool
	Configured bool
	Started    time.Time // zero when it is stopped
	Version    string
}

// String is the status in words: "running, configured".
func (s Status) String() string {
	out := "stopped"
	if s.Running {
		out = "running"
	}
	if s.Configured {
		return out + ", configured"
	}
	return out + ", not configured"
}

// Status asks the agent. An instance that Systems Manager does not reach is [ErrNotOnline] with the reasons, and one without the
// agent [ErrNotInstalled].
func (c *Client) Status(ctx context.Context, instance string) (Status, error) {
	n, err := c.online(ctx, instance)
	if err != nil {
		return Status{}, at("status", instance, err)
	}
	s, err := c.status(ctx, n, "awsops cwagent status")
	return s, at("status", instance, err)
}

// status runs a script of one step: the document of AWS would do the same in one of several.
func (c *Client) status(ctx context.Context, n Node, comment string) (Status, error) {
	r, err := c.run(ctx, n.Instance, scriptFor(n, comment, statusScript(""), fmt.Sprintf(windowsHead, "status")+windowsStatus), silent)
	if err != nil {
		return Status{}, err
	}
	s, err := parseStatus(r.out)
	if err != nil {
		return Status{}, &Error{Resource: n.Instance, Reason: err.Error(), Output: end(r.out, 4000), Err: awsops.ErrFailed}
	}
	return s, nil
}

func scriptFor(n Node, comment, shell, power string) command {
	cmd := command{document: docShell, params: shellParams(shell), comment: comment}
	if n.Windows {
		cmd.document, cmd.params = docPowerShell, shellParams(power)
	}
	return cmd
}

// parseStatus reads what amazon-cloudwatch-agent-ctl prints, among whatever else stands there: {status: running | stopped,
// starttime, configstatus: configured | "not configured", version}.
func parseStatus(out string) (Status, error) {
	from, to := strings.IndexByte(out, '{'), strings.LastIndexByte(out, '}')
	if from < 0 || to < from {
		return Status{}, errors.New("the agent said nothing of its status")
	}
	var x struct{ Status, StartTime, ConfigStatus, Version string }
	if err := json.Unmarshal([]byte(out[from:to+1]), &x); err != nil {
		return Status{}, fmt.Errorf("the status of the agent cannot be read: %w", err)
	}
	if x.Status != "running" && x.Status != "stopped" {
		return Status{}, fmt.Errorf("the agent calls its status %q", x.Status)
	}
	s := Status{Running: x.Status == "running", Configured: x.ConfigStatus == "configured", Version: x.Version}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(form, x.StartTime); err == nil {
			s.Started = t.UTC()
			break
		}
	}
	return s, nil
}

// Restart stops the agent and starts it again. One without a configuration is [ErrNotConfigured]: starting it would apply the
// agent's own default, and bill for it.
func (c *Client) Restart(ctx context.Context, instance string) error {
	n, err := c.online(ctx, instance)
	if err == nil {
		_, err = c.run(ctx, instance, scriptFor(n, "awsops cwagent restart", restartScript(""), fmt.Sprintf(windowsHead, "restart")+windowsRestart), silent)
	}
	return at("restart", instance, err)
}

// Log is the end of the agent's log, at most this many lines (1 to 10,000) and 23,000 bytes, of which the first line may be
// missing: Systems Manager cuts an output at 24,000 characters and keeps its beginning, so that the end is cut out on the
// instance.
func (c *Client) Log(ctx context.Context, instance string, lines int) (string, error) {
	if lines < 1 || lines > 10_000 {
		return "", &Error{Step: "log", Resource: instance, Err: fmt.Errorf("%w: %d lines are not 1 to 10,000", awsops.ErrInvalid, lines)}
	}
	n, err := c.online(ctx, instance)
	if err != nil {
		return "", at("log", instance, err)
	}
	text, err := c.log(ctx, n, lines)
	return text, at("log", instance, err)
}

func (c *Client) log(ctx context.Context, n Node, lines int) (string, error) {
	r, err := c.run(ctx, n.Instance, scriptFor(n, "awsops cwagent log", logScript("", lines),
		fmt.Sprintf(windowsHead, "log")+fmt.Sprintf(windowsLog, lines, maxOutput, maxOutput)), silent)
	if err != nil {
		return "", err
	}
	if len(r.out) < maxOutput {
		return r.out, nil
	}
	_, whole, ok := strings.Cut(r.out, "\n") // the first line was cut in the middle
	if !ok {
		return strings.ToValidUTF8(r.out, ""), nil
	}
	return whole, nil
}
