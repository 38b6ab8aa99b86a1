package cwagent

import (
	"cmp"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// RemoveOptions are what [Client.Remove] may be told. nil and zero fields are defaults.
type RemoveOptions struct {
	Parameter     string // default as in [InstallOptions]
	KeepParameter bool   // others use it too
	Package       bool   // also remove the agent itself, with the configurations of others
}

// Remove takes our configuration from the agent, and those of others stay; when it was the last one, the agent has none. The
// parameter is deleted if it carries our tag. What is not there is no error.
func (c *Client) Remove(ctx context.Context, instance string, opts *RemoveOptions) error {
	var o RemoveOptions
	if opts != nil {
		o = *opts
	}
	o.Parameter = cmp.Or(o.Parameter, parameterPrefix+"awsops-"+instance)
	if !parameterForm.MatchString(o.Parameter) || !instanceForm.MatchString(instance) {
		return &Error{Step: "remove", Resource: instance, Reason: "the instance or the parameter has no valid name", Err: awsops.ErrInvalid}
	}
	return at("remove", instance, c.remove(ctx, instance, o))
}

func (c *Client) remove(ctx context.Context, instance string, o RemoveOptions) error {
	in := &installation{c: c, instance: instance}
	in.o.RunID = runID(instance, o.Parameter)
	n, err := c.online(ctx, instance)
	if err != nil {
		return err
	}
	switch _, err := c.status(ctx, n, in.comment("look")); {
	case errors.Is(err, ErrNotInstalled):
	case err != nil:
		return err
	default:
		if err := c.unconfigure(ctx, in, o); err != nil {
			return err
		}
	}
	if o.KeepParameter {
		return nil
	}
	switch mine, err := c.owns(ctx, o.Parameter); {
	case err != nil && (codeOf(err) == "InvalidResourceId" || errors.Is(err, awsops.ErrGone)):
		return nil
	case err != nil:
		return err
	case !mine:
		return nil
	}
	_, err = do(ctx, c, "DeleteParameter", o.Parameter, awscall.Harmless, c.api.DeleteParameter, &ssm.DeleteParameterInput{Name: &o.Parameter})
	if errors.Is(err, awsops.ErrGone) {
		return nil
	}
	return err
}

func (c *Client) unconfigure(ctx context.Context, in *installation, o RemoveOptions) error {
	cmd := command{document: docManage, comment: in.comment("remove"), join: true, params: map[string][]string{
		"action": {"configure (remove)"}, "mode": {in.mode()}, "optionalConfigurationSource": {"ssm"}, "optionalConfigurationLocation": {o.Parameter},
		"optionalRestart": {"yes"},
	}}
	if o.Package {
		cmd = command{document: docPackage, comment: in.comment("uninstall"), join: true, params: map[string][]string{"action": {"Uninstall"}, "name": {agentPackage}}}
	}
	_, err := c.run(ctx, in.instance, cmd, silent)
	return err
}
