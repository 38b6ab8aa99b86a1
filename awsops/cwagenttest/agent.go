package cwagenttest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// perform does on the machine what a command says.
func (s *Server) perform(c *sent, m *machine) (out, stderr string, code int) {
	switch c.document {
	case "AWS-ConfigureAWSPackage":
		return s.pack(c, m)
	case "AmazonCloudWatch-ManageAgent":
		return s.manage(c, m)
	}
	if (c.document == "AWS-RunPowerShellScript") != m.Windows {
		return "", "the document is not for this system", 1
	}
	return s.script(m, strings.Join(c.params["commands"], "\n"))
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func (s *Server) pack(c *sent, m *machine) (out, stderr string, code int) {
	if first(c.params["name"]) != "AmazonCloudWatchAgent" {
		return "", "failed to find the package", 1
	}
	version := first(c.params["version"])
	if version == "" {
		version = Newest
	}
	if first(c.params["action"]) == "Uninstall" {
		s.stop(m)
		m.Installed, m.configs = "", map[string]string{}
		return "Successfully uninstalled AmazonCloudWatchAgent", "", 0
	}
	if !strings.HasPrefix(version, "1.") {
		return "", "failed to download manifest: the version " + version + " does not exist", 1
	}
	m.Installed = version
	return "Successfully installed AmazonCloudWatchAgent " + version, "", 0
}

// manage is what AmazonCloudWatch-ManageAgent has amazon-cloudwatch-agent-ctl do.
func (s *Server) manage(c *sent, m *machine) (out, stderr string, code int) {
	if m.Installed == "" {
		return "", "amazon-cloudwatch-agent-ctl: not found", 127
	}
	name, source := first(c.params["optionalConfigurationLocation"]), first(c.params["optionalConfigurationSource"])
	switch action := first(c.params["action"]); action {
	case "configure", "configure (append)":
		text, err := s.fetch(source, name)
		if err == nil {
			err = validate(text)
		}
		if err != nil {
			return fmt.Sprintf("****** processing amazon-cloudwatch-agent ******\nConfiguration validation first phase succeeded\n"+
				"Configuration validation second phase failed\n======== Error Log ========\n%v", err), "", 1
		}
		if action == "configure" { // fetch-config: all earlier ones go
			m.configs = map[string]string{}
		}
		m.configs[source+"_"+name] = text
		s.restart(c, m)
		return "Configuration validation first phase succeeded\nConfiguration validation second phase succeeded\nConfiguration validation succeeded", "", 0
	case "configure (remove)":
		if source == "all" {
			m.configs = map[string]string{}
		}
		delete(m.configs, source+"_"+name)
		s.restart(c, m)
		return "Successfully removed the configuration", "", 0
	case "stop":
		s.stop(m)
		return "", "", 0
	case "start":
		s.start(m)
		return "", "", 0
	}
	return m.status(), "", 0
}

func (s *Server) restart(c *sent, m *machine) {
	if first(c.params["optionalRestart"]) != "yes" {
		return
	}
	s.stop(m)
	if len(m.configs) > 0 {
		s.start(m)
	}
}

// start applies the default configuration to an agent that has none.
func (s *Server) start(m *machine) {
	if len(m.configs) == 0 {
		m.configs["default"] = `{"agent":{"run_as_user":"cwagent"},"metrics":{"append_dimensions":{"InstanceId":"${aws:InstanceId}"},` +
			`"metrics_collected":{"mem":{"measurement":["mem_used_percent"]},"disk":{"measurement":["used_percent"],"resources":["*"]}}}}`
	}
	s.stop(m)
	m.running = true
	m.periods = append(m.periods, period{from: s.Clock.Now(), configs: slices.Collect(maps.Values(m.configs))})
	m.Log = append(m.Log, s.Clock.Now().Format(time.RFC3339)+" I! Starting AmazonCloudWatchAgent "+m.Installed)
}

func (s *Server) stop(m *machine) {
	if m.running {
		m.periods[len(m.periods)-1].until = s.Clock.Now()
	}
	m.running = false
}

// fetch is the agent reading Parameter Store with the rights of its role: names that begin with AmazonCloudWatch- and no other.
func (s *Server) fetch(source, name string) (string, error) {
	if source != "ssm" {
		return "{}", nil
	}
	if !strings.HasPrefix(name, "AmazonCloudWatch-") {
		return "", fmt.Errorf("AccessDeniedException: not authorized to perform: ssm:GetParameter on %s", name)
	}
	p := s.parameters[name]
	if p == nil {
		return "", fmt.Errorf("ParameterNotFound: %s", name)
	}
	return p.value, nil
}

// validate is as much as the agent itself looks at.
func validate(text string) error {
	var c map[string]map[string]any
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return fmt.Errorf("E! the JSON cannot be read: %w", err)
	}
	for _, section := range []string{"metrics", "logs", "traces"} {
		if part, ok := c[section]; ok {
			for _, key := range []string{section + "_collected"} {
				if inner, ok := part[key].(map[string]any); !ok || len(inner) == 0 {
					return fmt.Errorf("E! Under path : /%s/ | Error : %s is required", section, key)
				}
			}
		}
	}
	return nil
}

func (m *machine) status() string {
	x := struct {
		Status       string `json:"status"`
		StartTime    string `json:"starttime"`
		ConfigStatus string `json:"configstatus"`
		Version      string `json:"version"`
	}{"stopped", "", "not configured", m.Installed}
	if m.running {
		x.Status, x.StartTime = "running", m.periods[len(m.periods)-1].from.UTC().Format("2006-01-02T15:04:05-07:00")
	}
	if len(m.configs) > 0 {
		x.ConfigStatus = "configured"
	}
	out, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(out)
}

var (
	linesForm   = regexp.MustCompile(`(?m)^\$?lines ?= ?(\d+)$`)
	versionForm = regexp.MustCompile(`(?m)^version='([^']*)'$`)
)

// script does what the scripts of package cwagent do.
func (s *Server) script(m *machine, text string) (out, stderr string, code int) {
	line, _, _ := strings.Cut(text, "\n")
	name, ok := strings.CutPrefix(line, "# cwagent: ")
	switch {
	case !ok:
		return "", "sh: the fake runs no shell", 127
	case name == "install" && m.BadPackage:
		return "", "the signature is not good", 5
	case name == "install":
		if m.Installed == "" {
			m.Installed = Newest
		}
		if v := versionForm.FindStringSubmatch(text); v != nil && v[1] != "latest" {
			m.Installed = v[1]
		}
		return "installed", "", 0
	case m.Installed == "":
		return "", "there is no amazon-cloudwatch-agent-ctl", 9
	case name == "status":
		return m.status(), "", 0
	case name == "restart" && len(m.configs) == 0:
		return "", "to start it would apply its default configuration", 8
	case name == "restart":
		s.start(m)
		return "", "", 0
	}
	n := 0
	if v := linesForm.FindStringSubmatch(text); v != nil {
		n, _ = strconv.Atoi(v[1])
	}
	if len(m.Log) == 0 {
		return "", "there is no amazon-cloudwatch-agent.log yet", 0
	}
	out = strings.Join(m.Log[max(0, len(m.Log)-n):], "\n") + "\n"
	return out[max(0, len(out)-23_000):], "", 0
}

// Arrived finds the newest data point of exactly this metric that has had the time to arrive: the agent publishes at the
// interval of each configuration that it read when it was started, and what it has published stays. Its operation in the
// script is "GetMetricData".
func (s *Server) Arrived(ctx context.Context, namespace, name string, dimensions map[string]string, since time.Time) (at time.Time, arrived bool, err error) {
	want := agentconf.MetricID{Namespace: namespace, Name: name, Dimensions: dimensions}.String()
	_, err = locked(ctx, s, "GetMetricData", func() (*struct{}, error) {
		for _, m := range s.machines {
			if m.Mute || m.Profile == "" {
				continue
			}
			for _, p := range m.periods {
				if t := m.published(p, want, s.Clock.Now().Add(-s.o.PublishLag)); !t.IsZero() && !t.Before(since) && t.After(at) {
					at, arrived = t, true
				}
			}
		}
		return &struct{}{}, nil
	})
	return at, arrived, err
}

// published is the newest data point of a metric in a period that is seen by now, zero when there is none.
func (m *machine) published(p period, want string, seen time.Time) (at time.Time) {
	if !p.until.IsZero() && p.until.Before(seen) {
		seen = p.until
	}
	if !seen.After(p.from) {
		return at
	}
	for _, text := range p.configs {
		conf, err := agentconf.Parse([]byte(text))
		if err != nil {
			continue // it publishes nothing of what nobody knows
		}
		for _, id := range conf.Metrics(&agentconf.Machine{InstanceID: m.ID, Hostname: "ip-10-0-0-1"}) {
			if t := latest(p.from, seen, interval(conf)); id.String() == want && t.After(at) {
				at = t
			}
		}
	}
	return at
}

func interval(c agentconf.Config) time.Duration {
	if c.Agent != nil && c.Agent.Interval > 0 {
		return time.Duration(c.Agent.Interval) * time.Second
	}
	return time.Minute
}

// latest is the last moment of publishing up to seen, zero when there was none.
func latest(from, seen time.Time, every time.Duration) time.Time {
	n := int64(seen.Sub(from) / every)
	if n < 1 {
		return time.Time{}
	}
	return from.Add(time.Duration(n) * every)
}
