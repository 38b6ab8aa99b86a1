package agentconf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const maxInterval = 172_800 // seconds

// Validate reports everything that is wrong, as one [*Error] whose problems name their path; nil when nothing is. It refuses
// what the agent's schema refuses, and what the schema lets through although nothing can come of it: no section at all,
// plugins and measurements that do not exist, dimensions that the agent publishes literally, patterns that do not compile.
// What is allowed and regretted is the affair of [Config.Warnings].
func (c Config) Validate() error {
	var p problems
	if c.Agent != nil {
		c.Agent.check(&p)
	}
	if c.MetricsSection == nil && c.Logs == nil && empty(c.Traces) && empty(c.OpenTelemetry) {
		p.add("", "nothing-collected", "nothing is collected: want metrics, logs, traces or opentelemetry")
	}
	if c.MetricsSection != nil {
		c.MetricsSection.check(&p)
	}
	if c.Logs != nil {
		c.Logs.check(&p)
	}
	carriedObject(&p, "traces", c.Traces, "traces_collected")
	carriedObject(&p, "opentelemetry", c.OpenTelemetry, "")
	return p.err()
}

func empty(raw json.RawMessage) bool {
	text := bytes.TrimSpace(raw)
	return len(text) == 0 || string(text) == "{}" || string(text) == "null"
}

// carriedObject checks what can be said of a part that is carried: an object, which holds something, and this key.
func carriedObject(p *problems, path string, raw json.RawMessage, key string) {
	if raw == nil {
		return
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		p.add(path, "type", "want an object")
		return
	}
	if len(fields) == 0 {
		p.add(path, "empty", "there is nothing in it")
	}
	if key != "" && len(fields) > 0 && empty(fields[key]) {
		p.add(path+"."+key, "required", "is required, with something in it")
	}
}

func (a *Agent) check(p *problems) {
	interval(p, "agent.metrics_collection_interval", a.Interval)
	length(p, "agent.region", a.Region, 64)
	length(p, "agent.service.name", a.ServiceName, 255)
	length(p, "agent.deployment.environment", a.DeploymentEnv, 259)
	if a.Logfile != nil {
		length(p, "agent.logfile", *a.Logfile, 4096)
	}
	a.Credentials.check(p, "agent.credentials")
	if strings.ContainsAny(a.RunAsUser, " \t\n:/") {
		p.add("agent.run_as_user", "user-name", "%q is no name of a user", a.RunAsUser)
	}
}

func (c *Credentials) check(p *problems, path string) {
	if c == nil {
		return
	}
	placeholder := strings.HasPrefix(c.RoleARN, "${") && strings.HasSuffix(c.RoleARN, "}") && len(c.RoleARN) > len("${}")
	switch n := utf8.RuneCountInString(c.RoleARN); {
	case n > 2048, n < 20 && !placeholder, !placeholder && !strings.HasPrefix(c.RoleARN, "arn:"):
		p.add(path+".role_arn", "arn", "%q is no ARN of a role", c.RoleARN)
	}
}

func (m *Metrics) check(p *problems) {
	const path = "metrics"
	length(p, path+".namespace", m.Namespace, 255)
	if strings.HasPrefix(m.Namespace, "AWS/") {
		p.add(path+".namespace", "namespace", "names that begin with AWS/ belong to AWS")
	}
	if m.Append != nil && len(m.Append) == 0 {
		p.add(path+".append_dimensions", "empty", "there is nothing in it")
	}
	for _, key := range slices.Sorted(maps.Keys(m.Append)) {
		switch at := path + ".append_dimensions." + key; {
		case !slices.Contains(fixedDimensions(), key):
			p.add(at, "fixed-dimensions", "the agent knows only %s here%s", strings.Join(fixedDimensions(), ", "), meant(key, fixedDimensions()))
		case m.Append[key] != "${aws:"+key+"}":
			p.add(at, "fixed-dimensions", `%q must be "${aws:%s}": no other value is known here`, m.Append[key], key)
		}
	}
	m.checkAggregation(p, path+".aggregation_dimensions")
	interval(p, path+".force_flush_interval", m.FlushInterval)
	m.Credentials.check(p, path+".credentials")
	endpoint(p, path+".endpoint_override", m.Endpoint)
	length(p, path+".service.name", m.ServiceName, 4096)
	length(p, path+".deployment.environment", m.DeploymentEnv, 4096)
	if d := m.Destinations; d != nil {
		at := path + ".metrics_destinations"
		if d.CloudWatch == nil && d.Prometheus == nil {
			p.add(at, "empty", "there is nothing in it: want cloudwatch or amp")
		}
		if d.CloudWatch != nil && !json.Valid(d.CloudWatch) {
			p.add(at+".cloudwatch", "type", "is no JSON")
		}
		if d.Prometheus != nil {
			required(p, at+".amp.workspace_id", d.Prometheus.ID, 255)
		}
	}
	m.Collected.check(p, path+".metrics_collected")
}

func (m *Metrics) checkAggregation(p *problems, path string) {
	if m.Aggregate == nil {
		return
	}
	if n := len(m.Aggregate); n < 1 || n > 1024 {
		p.add(path, "count", "%d sets are not 1 to 1,024", n)
	}
	seen := map[string]bool{}
	for i, set := range m.Aggregate {
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(set) > 30 {
			p.add(at, "count", "%d dimensions are more than 30", len(set))
		}
		duplicates(p, at, set)
		for j, d := range set {
			required(p, fmt.Sprintf("%s[%d]", at, j), d, 1024)
		}
		key := strings.Join(set, "\x00")
		if len(set) == 0 {
			key = "\x00\x00" // not the set of one empty name
		}
		if seen[key] {
			p.add(at, "duplicate", "is there already")
		}
		seen[key] = true
	}
}

// The rules of single values. An absent value is not checked: required does that.

func interval(p *problems, path string, seconds int) {
	if seconds != 0 && (seconds < 1 || seconds > maxInterval) {
		p.add(path, "interval", "%d is not in 1 to 172,800 seconds", seconds)
	}
}

func intervalOrZero(p *problems, path string, seconds *int) {
	if seconds != nil && (*seconds < 0 || *seconds > maxInterval) {
		p.add(path, "interval", "%d is not in 0 to 172,800 seconds", *seconds)
	}
}

func length(p *problems, path, s string, most int) {
	if n := utf8.RuneCountInString(s); n > most {
		p.add(path, "length", "%d characters are more than %d", n, most)
	}
	if !utf8.ValidString(s) {
		p.add(path, "utf8", "is no UTF-8")
	}
}

func required(p *problems, path, s string, most int) {
	if s == "" {
		p.add(path, "required", "is required")
	}
	length(p, path, s, most)
}

func endpoint(p *problems, path, s string) {
	if n := utf8.RuneCountInString(s); s != "" && n < 4 {
		p.add(path, "length", "%q is too short for an endpoint", s)
	}
	length(p, path, s, 2048)
}

func duplicates(p *problems, path string, list []string) {
	seen := map[string]bool{}
	for i, s := range list {
		if seen[s] {
			p.add(fmt.Sprintf("%s[%d]", path, i), "duplicate", "%q is there already", s)
		}
		seen[s] = true
	}
}

func oneOf(p *problems, path, s string, allowed ...string) {
	if s != "" && !slices.Contains(allowed, s) {
		p.add(path, "value", "%q is none of %s%s", s, strings.Join(allowed, ", "), meant(s, allowed))
	}
}
