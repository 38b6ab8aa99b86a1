package cwagent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// Documents of AWS. ManageAgent has a step for each system, the two others of the first line have one step.
const (
	docShell      = "AWS-RunShellScript"
	docPowerShell = "AWS-RunPowerShellScript"
	docPackage    = "AWS-ConfigureAWSPackage"
	docManage     = "AmazonCloudWatch-ManageAgent"
	agentPackage  = "AmazonCloudWatchAgent"
)

// install brings the package onto the instance, unless it is there and no version is asked for.
func (in *installation) install(ctx context.Context) error {
	s, err := in.c.status(ctx, in.node, in.comment("look"))
	switch {
	case errors.Is(err, ErrNotInstalled):
	case err != nil:
		return err
	case in.o.Version == "" || strings.HasPrefix(s.Version, in.o.Version):
		return in.tell("package", "there already", s.Version)
	}
	cmd := command{document: docPackage, params: map[string][]string{"action": {"Install"}, "name": {agentPackage}}, comment: in.comment("package"), join: true}
	if in.o.Version != "" {
		cmd.params["version"] = []string{in.o.Version}
	}
	if in.o.Method == ByScript {
		if in.node.Windows {
			return &Error{Resource: in.instance, Reason: "the script is for Linux: use ByPackage", Err: errors.ErrUnsupported}
		}
		cmd.document, cmd.params = docShell, shellParams(in.o.Source.script(in.o.Version, ""))
	}
	if _, err := in.c.run(ctx, in.instance, cmd, in.teller("package")); err != nil {
		return err
	}
	return in.tell("package", "done", agentPackage)
}

func (in *installation) teller(step string) func(phase, id string) error {
	return func(phase, id string) error { return in.tell(step, phase, id) }
}

// configure has the agent read the parameter and restart. To append is the default: fetch-config, which is what "configure"
// runs, removes whatever others have configured.
func (in *installation) configure(ctx context.Context) error {
	in.since = in.c.caller.Clock.Now()
	action := "configure (append)"
	if in.o.Replace {
		action = "configure"
	}
	r, err := in.c.run(ctx, in.instance, command{
		document: docManage, comment: in.comment("configure"), join: true,
		params: map[string][]string{
			"action": {action}, "mode": {in.mode()}, "optionalConfigurationSource": {"ssm"}, "optionalConfigurationLocation": {in.o.Parameter},
			"optionalRestart": {"yes"},
		},
	}, in.teller("configure"))
	if err != nil {
		return refused(err, r)
	}
	return in.tell("configure", "done", in.o.Parameter)
}

// refused makes what it is of a configuration that the agent does not take.
func refused(err error, r result) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || !strings.Contains(r.out+r.err, "Configuration validation") || !strings.Contains(r.out+r.err, "phase failed") {
		return err
	}
	own := *e
	own.Err = fmt.Errorf("%w: the agent refuses the configuration", awsops.ErrInvalid)
	own.Reason = lastLines(r.out + "\n" + r.err)
	return &own
}

// mode: instances of EC2, and managed ones of elsewhere.
func (in *installation) mode() string {
	if strings.HasPrefix(in.instance, "mi-") {
		return "onPremise"
	}
	return "ec2"
}

// running waits until the agent says that it runs with a configuration. It may take a moment to start; one that stays down is
// told with the end of its log.
func (in *installation) running(ctx context.Context) error {
	const patience = 2 * time.Minute
	began := in.c.caller.Clock.Now()
	return awsops.Poll(ctx, in.c.caller.Clock, in.o.Wait.Interval, func(ctx context.Context) (bool, error) {
		s, err := in.c.status(ctx, in.node, in.comment("status"))
		switch {
		case err != nil:
			return false, err
		case s.Running && s.Configured:
			return true, in.tell("running", "done", s.Version)
		case in.c.caller.Clock.Now().Sub(began) > patience:
			e := &Error{Resource: in.instance, Reason: "after the configuration it is " + s.String(), Err: awsops.ErrFailed}
			if log, err := in.c.log(ctx, in.node, 50); err == nil {
				e.Output = end(log, 4000)
				e.Reason += ": " + lastLines(log)
			}
			return false, e
		}
		return false, in.tell("running", s.String(), s.Version)
	})
}
