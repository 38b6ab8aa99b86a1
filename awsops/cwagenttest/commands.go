package cwagenttest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

// Where AWS cuts output.
const (
	maxStdout = 24_000
	maxStderr = 8_000
	maxDetail = 2_500
)

// sent is a command.
type sent struct {
	id, document, comment, instance string
	params                          map[string][]string
	at                              time.Time
	ends                            time.Time // when it was delivered
	expires                         time.Time // when it is given up undelivered
	delivered, done                 bool
	details                         string // of the status
	code                            int
	out, err                        string
}

// ending is how a command is to end, in place of what it would do.
type ending struct {
	document, details string
	code              int
	out, err          string
}

// EndNext ends the next command of the document in a way of its own: "Failed", "Execution Timed Out", "Undeliverable",
// "Terminated", "Cancelled". An empty document is any.
func (s *Server) EndNext(document, details string, code int, out, err string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endings = append(s.endings, ending{document, details, code, out, err})
}

// duration is how long a document takes.
func duration(document string) time.Duration {
	switch document {
	case "AWS-ConfigureAWSPackage":
		return 25 * time.Second
	case "AmazonCloudWatch-ManageAgent":
		return 8 * time.Second
	}
	return 4 * time.Second
}

// tick lets everything happen that is due, in the order in which it was sent.
func (s *Server) tick() {
	now := s.Clock.Now()
	for _, c := range s.commands {
		m := s.machines[c.instance]
		switch {
		case c.done:
		case !c.delivered && m.online(now) && !m.lost:
			c.delivered, c.ends = true, now.Add(duration(c.document))
		case !c.delivered && now.After(c.expires):
			c.done, c.details, c.code = true, "Delivery Timed Out", -1
		case c.delivered && !now.Before(c.ends):
			c.done = true
			s.end(c, m)
		}
	}
}

func (s *Server) end(c *sent, m *machine) {
	for i, e := range s.endings {
		if e.document == "" || e.document == c.document {
			s.endings = slices.Delete(s.endings, i, i+1)
			c.details, c.code, c.out, c.err = e.details, e.code, e.out, e.err
			return
		}
	}
	c.out, c.err, c.code = s.perform(c, m)
	c.details = "Success"
	if c.code != 0 {
		c.details = "Failed"
	}
}

func (m *machine) online(now time.Time) bool {
	return !m.registered.IsZero() && !now.Before(m.registered)
}

// DescribeInstanceInformation shows what has registered. The first page of an unfiltered list is empty: whoever stops there sees
// nothing.
func (s *Server) DescribeInstanceInformation(ctx context.Context, in *ssm.DescribeInstanceInformationInput, _ ...func(*ssm.Options)) (*ssm.DescribeInstanceInformationOutput, error) {
	return locked(ctx, s, "DescribeInstanceInformation", func() (*ssm.DescribeInstanceInformationOutput, error) {
		var ids []string
		for _, f := range in.Filters {
			if aws.ToString(f.Key) != "InstanceIds" {
				return nil, awsopstest.Refuse("InvalidFilterKey", "the fake knows no filter %s", aws.ToString(f.Key))
			}
			ids = f.Values
		}
		if aws.ToString(in.NextToken) == "" {
			return &ssm.DescribeInstanceInformationOutput{NextToken: new("more")}, nil
		}
		out := &ssm.DescribeInstanceInformationOutput{}
		for id, m := range s.machines {
			if m.online(s.Clock.Now()) && (len(ids) == 0 || slices.Contains(ids, id)) {
				out.InstanceInformationList = append(out.InstanceInformationList, s.information(m))
			}
		}
		return out, nil
	})
}

func (s *Server) information(m *machine) types.InstanceInformation {
	i := types.InstanceInformation{
		InstanceId: &m.ID, PingStatus: types.PingStatusOnline, LastPingDateTime: new(s.Clock.Now()), PlatformType: types.PlatformTypeLinux,
		PlatformName: &m.Platform, PlatformVersion: &m.Version, AgentVersion: new("3.3.2299.0"), IsLatestVersion: new(true), ResourceType: types.ResourceTypeEc2Instance,
	}
	if m.Windows {
		i.PlatformType = types.PlatformTypeWindows
	}
	if m.lost {
		i.PingStatus, i.LastPingDateTime = types.PingStatusConnectionLost, new(m.registered)
	}
	return i
}

// SendCommand takes a command for one registered instance.
func (s *Server) SendCommand(ctx context.Context, in *ssm.SendCommandInput, _ ...func(*ssm.Options)) (*ssm.SendCommandOutput, error) {
	return locked(ctx, s, "SendCommand", func() (*ssm.SendCommandOutput, error) {
		now := s.Clock.Now()
		if len(in.InstanceIds) != 1 {
			return nil, awsopstest.Refuse("ValidationException", "the fake sends to one instance")
		}
		m := s.machines[in.InstanceIds[0]]
		if m == nil || !m.online(now) {
			return nil, awsopstest.Refuse("InvalidInstanceId", "Instances [[%s]] not in a valid state for account 123456789012", in.InstanceIds[0])
		}
		if n := utf8.RuneCountInString(aws.ToString(in.Comment)); n > 100 {
			return nil, awsopstest.Refuse("ValidationException", "Value at 'comment' failed to satisfy constraint: Member must have length less than or equal to 100")
		}
		timeout := 3600
		if in.TimeoutSeconds != nil {
			if timeout = int(*in.TimeoutSeconds); timeout < 30 || timeout > 2_592_000 {
				return nil, awsopstest.Refuse("ValidationException", "Value at 'timeoutSeconds' failed to satisfy constraint")
			}
		}
		if err := checkDocument(aws.ToString(in.DocumentName), in.Parameters); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(fmt.Append(nil, "command", len(s.commands)))
		c := &sent{
			id: fmt.Sprintf("%x-%x-4%x-8%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])[:36], document: *in.DocumentName, comment: aws.ToString(in.Comment),
			instance: m.ID, params: in.Parameters, at: now, expires: now.Add(time.Duration(timeout) * time.Second),
		}
		s.commands = append(s.commands, c)
		return &ssm.SendCommandOutput{Command: new(c.answer())}, nil
	})
}

func checkDocument(name string, params map[string][]string) error {
	allowed := map[string][]string{
		"AWS-RunShellScript":           {"commands", "workingDirectory", "executionTimeout"},
		"AWS-RunPowerShellScript":      {"commands", "workingDirectory", "executionTimeout"},
		"AWS-ConfigureAWSPackage":      {"action", "name", "version", "installationType", "additionalArguments"},
		"AmazonCloudWatch-ManageAgent": {"action", "mode", "optionalConfigurationSource", "optionalConfigurationLocation", "optionalRestart"},
	}[name]
	if allowed == nil {
		return awsopstest.Refuse("InvalidDocument", "Document with name %s does not exist.", name)
	}
	for key, values := range params {
		if !slices.Contains(allowed, key) {
			return awsopstest.Refuse("InvalidParameters", "%s is not a parameter of the document", key)
		}
		for _, v := range values {
			if strings.Contains(v, "{{") {
				return awsopstest.Refuse("InvalidParameters", "the fake resolves no references to parameters: %s", key)
			}
		}
	}
	enums := map[string][]string{
		"mode": {"ec2", "onPremise", "auto"}, "optionalConfigurationSource": {"ssm", "default", "all"}, "optionalRestart": {"yes", "no"},
	}
	switch name {
	case "AmazonCloudWatch-ManageAgent":
		enums["action"] = []string{"configure", "configure (append)", "configure (remove)", "start", "status", "stop"}
	case "AWS-ConfigureAWSPackage":
		enums["action"] = []string{"Install", "Uninstall"}
	}
	for key, values := range enums {
		if v := params[key]; v != nil && (len(v) != 1 || !slices.Contains(values, v[0])) {
			return awsopstest.Refuse("InvalidParameters", "%v is not among the allowed values of %s", v, key)
		}
	}
	if len(params["commands"]) == 0 && strings.HasPrefix(name, "AWS-Run") || len(params["action"]) == 0 && !strings.HasPrefix(name, "AWS-Run") {
		return awsopstest.Refuse("InvalidParameters", "a required parameter is missing")
	}
	return nil
}

// state is the status in its two spellings.
func (c *sent) state() (status, details string) {
	switch {
	case !c.delivered && !c.done:
		return "Pending", "Pending"
	case !c.done:
		return "InProgress", "In Progress"
	}
	switch c.details {
	case "Success", "Cancelled":
		return c.details, c.details
	case "Delivery Timed Out", "Execution Timed Out":
		return "TimedOut", c.details
	}
	return "Failed", c.details
}

func (c *sent) answer() types.Command {
	status, details := c.state()
	return types.Command{
		CommandId: &c.id, DocumentName: &c.document, Comment: &c.comment, InstanceIds: []string{c.instance}, Parameters: c.params, RequestedDateTime: &c.at,
		ExpiresAfter: &c.expires, Status: types.CommandStatus(status), StatusDetails: &details,
	}
}

func (s *Server) find(id, instance *string) *sent {
	for _, c := range s.commands {
		if c.id == aws.ToString(id) && c.instance == aws.ToString(instance) && !s.Clock.Now().Before(c.at.Add(s.o.Lag)) {
			return c
		}
	}
	return nil
}

// steps are the names of a document's steps, the last one that of the instance.
func (c *sent) steps(m *machine) []string {
	switch {
	case c.document == "AWS-ConfigureAWSPackage":
		return []string{"configurePackage"}
	case c.document != "AmazonCloudWatch-ManageAgent":
		return []string{"runScript"}
	case m.Windows:
		return []string{"ControlCloudWatchAgentLinux", "ControlCloudWatchAgentWindows"}
	}
	return []string{"ControlCloudWatchAgentWindows", "ControlCloudWatchAgentLinux"}
}

// GetCommandInvocation does not know a command at once, nor which step is meant where there are several.
func (s *Server) GetCommandInvocation(ctx context.Context, in *ssm.GetCommandInvocationInput, _ ...func(*ssm.Options)) (*ssm.GetCommandInvocationOutput, error) {
	return locked(ctx, s, "GetCommandInvocation", func() (*ssm.GetCommandInvocationOutput, error) {
		c := s.find(in.CommandId, in.InstanceId)
		if c == nil {
			return nil, awsopstest.Refuse("InvocationDoesNotExist", "")
		}
		steps, name := c.steps(s.machines[c.instance]), aws.ToString(in.PluginName)
		whole := name == "" && len(steps) > 1 && s.o.WholeCommands
		if name == "" && len(steps) > 1 && !whole || name != "" && !slices.Contains(steps, name) {
			return nil, awsopstest.Refuse("InvalidPluginName", "the document has the steps %v", steps)
		}
		status, details := c.state()
		out := &ssm.GetCommandInvocationOutput{
			CommandId: &c.id, InstanceId: &c.instance, Comment: &c.comment, DocumentName: &c.document, PluginName: new(steps[len(steps)-1]), ResponseCode: -1,
			Status: types.CommandInvocationStatus(status), StatusDetails: &details, StandardOutputContent: new(""), StandardErrorContent: new(""),
		}
		if c.done && !whole {
			out.ResponseCode = int32(c.code)
			out.StandardOutputContent, out.StandardErrorContent = new(head(c.out, maxStdout)), new(head(c.err, maxStderr))
		}
		if name != "" && name != steps[len(steps)-1] { // the other system's
			out.Status, out.StatusDetails, out.ResponseCode = types.CommandInvocationStatusSuccess, new("Success"), 0
			out.StandardOutputContent, out.StandardErrorContent = new(skipped(name)), new("")
		}
		return out, nil
	})
}

func skipped(step string) string {
	return "Step execution skipped due to unsupported platform. Step name: " + step
}

// head is the first n characters.
func head(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// ListCommands shows the newest first, three to a page, and none that was just sent.
func (s *Server) ListCommands(ctx context.Context, in *ssm.ListCommandsInput, _ ...func(*ssm.Options)) (*ssm.ListCommandsOutput, error) {
	return locked(ctx, s, "ListCommands", func() (*ssm.ListCommandsOutput, error) {
		var after time.Time
		for _, f := range in.Filters {
			t, err := time.Parse(time.RFC3339, aws.ToString(f.Value))
			if f.Key != types.CommandFilterKeyInvokedAfter || err != nil {
				return nil, awsopstest.Refuse("InvalidFilterKey", "the fake filters by InvokedAfter")
			}
			after = t
		}
		var all []types.Command
		for _, c := range slices.Backward(s.commands) {
			if (in.InstanceId == nil || *in.InstanceId == c.instance) && !c.at.Before(after) && !s.Clock.Now().Before(c.at.Add(s.o.Lag)) {
				all = append(all, c.answer())
			}
		}
		from, _ := strconv.Atoi(aws.ToString(in.NextToken))
		from = min(from, len(all))
		out := &ssm.ListCommandsOutput{Commands: all[from:min(from+3, len(all))]}
		if from+3 < len(all) {
			out.NextToken = new(strconv.Itoa(from + 3))
		}
		return out, nil
	})
}

// ListCommandInvocations shows the steps, with less of their output.
func (s *Server) ListCommandInvocations(ctx context.Context, in *ssm.ListCommandInvocationsInput, _ ...func(*ssm.Options)) (*ssm.ListCommandInvocationsOutput, error) {
	return locked(ctx, s, "ListCommandInvocations", func() (*ssm.ListCommandInvocationsOutput, error) {
		c := s.find(in.CommandId, in.InstanceId)
		if c == nil {
			return &ssm.ListCommandInvocationsOutput{}, nil
		}
		status, details := c.state()
		x := types.CommandInvocation{
			CommandId: &c.id, InstanceId: &c.instance, Comment: &c.comment, DocumentName: &c.document, Status: types.CommandInvocationStatus(status), StatusDetails: &details,
		}
		steps := c.steps(s.machines[c.instance])
		for i, name := range steps {
			p := types.CommandPlugin{Name: &name, Status: types.CommandPluginStatusSuccess, StatusDetails: new("Success"), Output: new(skipped(name))}
			if i == len(steps)-1 {
				p.Status, p.StatusDetails, p.ResponseCode, p.Output = types.CommandPluginStatus(status), &details, int32(c.code), new("")
				if c.done {
					p.Output = new(head(c.out+c.err, maxDetail))
				}
			}
			if in.Details {
				x.CommandPlugins = append(x.CommandPlugins, p)
			}
		}
		return &ssm.ListCommandInvocationsOutput{CommandInvocations: []types.CommandInvocation{x}}, nil
	})
}
