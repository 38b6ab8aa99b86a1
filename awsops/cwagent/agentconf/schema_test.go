package agentconf_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return jsonschema.NewCompiler().Compile("testdata/amazon-cloudwatch-agent-schema.json")
})

// schemaSays is what the agent's own schema says of a text.
func schemaSays(t *testing.T, text string) error {
	t.Helper()
	s, err := schema()
	require.NoError(t, err)
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err, text)
	return s.Validate(v)
}

func text(t *testing.T, c agentconf.Config) string {
	t.Helper()
	out, err := json.Marshal(c)
	require.NoError(t, err)
	return string(out)
}

func TestHostsAreValid(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]*agentconf.HostOptions{
		"default": nil,
		"all": {
			Namespace: "Shop", Interval: 30, RunAsUser: "root", CPU: true, Net: true, AutoScaling: true, ByInstance: true,
			Files:    []agentconf.File{{Path: "/var/log/nginx/*.log", LogGroup: agentconf.LogGroup{Group: "nginx", Stream: "{instance_id}", Retention: 30}}},
			Journald: []agentconf.Journal{{LogGroup: agentconf.LogGroup{Group: "journal"}, Units: []string{"nginx.service"}, Priority: "warning"}},
		},
		"windows": {Windows: true, CPU: true, Net: true, Events: []agentconf.WindowsEvent{{Event: "System", Levels: []string{"ERROR"}, LogGroup: agentconf.LogGroup{Group: "system"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := agentconf.Host(opts)
			require.NoError(t, c.Validate())
			out := text(t, c)
			require.NoError(t, schemaSays(t, out))
			back, err := agentconf.Parse([]byte(out))
			require.NoError(t, err)
			assert.Equal(t, c, back)
			assert.Equal(t, out, text(t, back), "the JSON is stable")
			if name != "all" {
				assert.Empty(t, c.Warnings())
			}
		})
	}
}

// Trap 27: what the schema lets through, and what nothing can come of, is refused.
func TestTrap27WhatTheSchemaLetsThrough(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, path, rule, says string }{
		"nothing":               {`{}`, "", "nothing-collected", "nothing is collected"},
		"metric":                {`{"metric":{}}`, "metric", "unknown-key", `did you mean "metrics"?`},
		"unknown plugin":        {`{"metrics":{"metrics_collected":{"memory":{"measurement":["used_percent"]}}}}`, "metrics.metrics_collected.memory", "unknown-plugin", "there is no such plugin"},
		"misspelt plugin":       {`{"metrics":{"metrics_collected":{"dsk":{"measurement":["used_percent"]}}}}`, "metrics.metrics_collected.dsk", "unknown-plugin", `did you mean "disk"?`},
		"capital plugin":        {`{"metrics":{"metrics_collected":{"Mem":{"measurement":["used_percent"]}}}}`, "metrics.metrics_collected.Mem", "unknown-plugin", `did you mean "mem"?`},
		"unknown measurement":   {`{"metrics":{"metrics_collected":{"mem":{"measurement":["used"," used_percent"]}}}}`, "metrics.metrics_collected.mem.measurement[1]", "unknown-measurement", `did you mean "used_percent"?`},
		"another's measurement": {`{"metrics":{"metrics_collected":{"mem":{"measurement":["disk_used_percent"]}}}}`, "metrics.metrics_collected.mem.measurement[0]", "unknown-measurement", "mem does not measure"},
		"no measurement":        {`{"metrics":{"metrics_collected":{"mem":{"measurement":[]}}}}`, "metrics.metrics_collected.mem.measurement", "required", "nothing is measured"},
		"agent's key":           {`{"agent":{"run_as_usr":"root"},"metrics":{"metrics_collected":{"mem":{"measurement":["used"]}}}}`, "agent.run_as_usr", "unknown-key", `did you mean "run_as_user"?`},
		"plugin's key":          {`{"metrics":{"metrics_collected":{"disk":{"measurement":["used"],"resource":["/"]}}}}`, "metrics.metrics_collected.disk.resource", "unknown-key", `did you mean "resources"?`},
		"dimension":             {`{"metrics":{"append_dimensions":{"InstanceID":"${aws:InstanceID}"},"metrics_collected":{"mem":{"measurement":["used"]}}}}`, "metrics.append_dimensions.InstanceID", "fixed-dimensions", `did you mean "InstanceId"?`},
		"dimension's value":     {`{"metrics":{"append_dimensions":{"InstanceId":"i-1"},"metrics_collected":{"mem":{"measurement":["used"]}}}}`, "metrics.append_dimensions.InstanceId", "fixed-dimensions", "${aws:InstanceId}"},
		"literal dimension":     {`{"metrics":{"metrics_collected":{"mem":{"measurement":["used"],"append_dimensions":{"InstanceId":"${aws:InstanceId}"}}}}}`, "metrics.metrics_collected.mem.append_dimensions.InstanceId", "plugin-dimensions", "published as it stands"},
		"twice, prefixed":       {`{"metrics":{"metrics_collected":{"mem":{"measurement":["used","mem_used"]}}}}`, "metrics.metrics_collected.mem.measurement[1]", "duplicate", "is there already"},
		"duplicate key":         {`{"metrics":{"metrics_collected":{"mem":{"measurement":["used"]}}},"metrics":{"metrics_collected":{"mem":{"measurement":["free"]}}}}`, "metrics", "duplicate-key", "is there twice"},
		"log without a path":    {`{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":""}]}}}}`, "logs.logs_collected.files.collect_list[0].file_path", "required", ""},
		"pattern":               {`{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a","filters":[{"type":"include","expression":"("}]}]}}}}`, "logs.logs_collected.files.collect_list[0].filters[0].expression", "expression", "missing closing )"},
		"namespace":             {`{"metrics":{"namespace":"AWS/EC2","metrics_collected":{"mem":{"measurement":["used"]}}}}`, "metrics.namespace", "namespace", "belong to AWS"},
		"both systems":          {`{"metrics":{"metrics_collected":{"mem":{"measurement":["used"]},"Memory":{"measurement":["Available Bytes"]}}}}`, "metrics.metrics_collected.mem", "windows", "does not exist on Windows"},
		"user":                  {`{"agent":{"run_as_user":"a b"},"metrics":{"metrics_collected":{"mem":{"measurement":["used"]}}}}`, "agent.run_as_user", "user-name", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, schemaSays(t, tt.text), "else it is no case of this table")
			_, err := agentconf.Parse([]byte(tt.text))
			require.ErrorIs(t, err, agentconf.ErrInvalid)
			assertProblem(t, err, tt.path, tt.rule, tt.says)
		})
	}
}

// What the schema refuses is refused here too.
func TestWhatTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	mem := `"metrics_collected":{"mem":{"measurement":["used"]}}`
	file := func(rest string) string {
		return `{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a"` + rest + `}]}}}}`
	}
	journal := func(rest string) string {
		return `{"logs":{"logs_collected":{"journald":{"collect_list":[{` + rest + `}]}}}}`
	}
	event := func(rest string) string {
		return `{"logs":{"logs_collected":{"windows_events":{"collect_list":[{` + rest + `}]}}}}`
	}
	for name, tt := range map[string]struct{ text, path, rule string }{
		"no plugin":             {`{"metrics":{"metrics_collected":{}}}`, "metrics.metrics_collected", "empty"},
		"no plugins":            {`{"metrics":{}}`, "metrics.metrics_collected", "empty"},
		"unknown in metrics":    {`{"metrics":{` + mem + `,"append_dimension":{}}}`, "metrics.append_dimension", "unknown-key"},
		"interval 0":            {`{"agent":{"metrics_collection_interval":0},"metrics":{` + mem + `}}`, "agent.metrics_collection_interval", "interval"},
		"interval too long":     {`{"agent":{"metrics_collection_interval":172801},"metrics":{` + mem + `}}`, "agent.metrics_collection_interval", "interval"},
		"interval as a text":    {`{"agent":{"metrics_collection_interval":"60"},"metrics":{` + mem + `}}`, "agent.metrics_collection_interval", "type"},
		"interval with a half":  {`{"metrics":{"force_flush_interval":1.5,` + mem + `}}`, "metrics.force_flush_interval", "type"},
		"cores chosen":          {`{"metrics":{"metrics_collected":{"cpu":{"measurement":["usage_idle"],"resources":["cpu0"]}}}}`, "metrics.metrics_collected.cpu.resources", "resources"},
		"procstat of nothing":   {`{"metrics":{"metrics_collected":{"procstat":[{"measurement":["pid_count"]}]}}}`, "metrics.metrics_collected.procstat[0]", "required"},
		"procstat as an object": {`{"metrics":{"metrics_collected":{"procstat":{"exe":"a","measurement":["pid_count"]}}}}`, "metrics.metrics_collected.procstat", "type"},
		"procstat renamed":      {`{"metrics":{"metrics_collected":{"procstat":[{"exe":"a","measurement":[{"name":"pid_count","rename":"n"}]}]}}}`, "metrics.metrics_collected.procstat[0].measurement[0]", "decoration"},
		"no procstat":           {`{"metrics":{"metrics_collected":{"procstat":[]}}}`, "metrics.metrics_collected.procstat", "count"},
		"namespace empty":       {`{"metrics":{"namespace":"",` + mem + `}}`, "metrics.namespace", "required"},
		"namespace too long":    {`{"metrics":{"namespace":"` + strings.Repeat("x", 256) + `",` + mem + `}}`, "metrics.namespace", "length"},
		"aggregation twice":     {`{"metrics":{"aggregation_dimensions":[["a"],["a"]],` + mem + `}}`, "metrics.aggregation_dimensions[1]", "duplicate"},
		"aggregation of twins":  {`{"metrics":{"aggregation_dimensions":[["a","a"]],` + mem + `}}`, "metrics.aggregation_dimensions[0][1]", "duplicate"},
		"no aggregation":        {`{"metrics":{"aggregation_dimensions":[],` + mem + `}}`, "metrics.aggregation_dimensions", "count"},
		"destination":           {`{"metrics":{"metrics_destinations":{"amp":{}},` + mem + `}}`, "metrics.metrics_destinations.amp.workspace_id", "required"},
		"no destination":        {`{"metrics":{"metrics_destinations":{},` + mem + `}}`, "metrics.metrics_destinations", "empty"},
		"role":                  {`{"agent":{"credentials":{"role_arn":"x"}},"metrics":{` + mem + `}}`, "agent.credentials.role_arn", "arn"},
		"statsd's key":          {`{"metrics":{"metrics_collected":{"statsd":{"port":1}}}}`, "metrics.metrics_collected.statsd.port", "unknown-key"},
		"collectd's security":   {`{"metrics":{"metrics_collected":{"collectd":{"collectd_security_level":"signed"}}}}`, "metrics.metrics_collected.collectd.collectd_security_level", "value"},
		"prometheus' path":      {`{"metrics":{"metrics_collected":{"prometheus":{}}}}`, "metrics.metrics_collected.prometheus.prometheus_config_path", "required"},
		"efa's measurement":     {`{"metrics":{"metrics_collected":{"efa":{}}}}`, "metrics.metrics_collected.efa.measurement", "required"},
		"no logs":               {`{"logs":{}}`, "logs", "required"},
		"logs of nothing":       {`{"logs":{"logs_collected":{}}}`, "logs.logs_collected", "empty"},
		"retention":             {file(`,"retention_in_days":31`), "logs.logs_collected.files.collect_list[0].retention_in_days", "retention"},
		"retention 0":           {file(`,"retention_in_days":0`), "logs.logs_collected.files.collect_list[0].retention_in_days", "interval"},
		"file's key":            {file(`,"log_group":"x"`), "logs.logs_collected.files.collect_list[0].log_group", "unknown-key"},
		"timezone":              {file(`,"timezone":"CET"`), "logs.logs_collected.files.collect_list[0].timezone", "value"},
		"backpressure":          {file(`,"backpressure_mode":"drop"`), "logs.logs_collected.files.collect_list[0].backpressure_mode", "value"},
		"filter":                {file(`,"filters":[{"type":"only","expression":"x"}]`), "logs.logs_collected.files.collect_list[0].filters[0].type", "value"},
		"group too long":        {file(`,"log_group_name":"` + strings.Repeat("x", 513) + `"`), "logs.logs_collected.files.collect_list[0].log_group_name", "length"},
		"no files":              {`{"logs":{"logs_collected":{"files":{"collect_list":[]}}}}`, "logs.logs_collected.files.collect_list", "count"},
		"files twice":           {`{"logs":{"logs_collected":{"files":{"collect_list":[{"file_path":"/a"},{"file_path":"/a"}]}}}}`, "logs.logs_collected.files.collect_list[1]", "duplicate"},
		"journal's group":       {journal(`"units":["x"]`), "logs.logs_collected.journald.collect_list[0].log_group_name", "required"},
		"journal's priority":    {journal(`"log_group_name":"x","priority":"error"`), "logs.logs_collected.journald.collect_list[0].priority", "value"},
		"forwarded events":      {event(`"event_name":"Forwarded Events","event_levels":["ERROR"]`), "logs.logs_collected.windows_events.collect_list[0].event_name", "value"},
		"events of no level":    {event(`"event_name":"System"`), "logs.logs_collected.windows_events.collect_list[0]", "required"},
		"event's level":         {event(`"event_name":"System","event_levels":["ERR"]`), "logs.logs_collected.windows_events.collect_list[0].event_levels[0]", "value"},
		"event's ID":            {event(`"event_name":"System","event_ids":[65536]`), "logs.logs_collected.windows_events.collect_list[0].event_ids[0]", "value"},
		"event's format":        {event(`"event_name":"System","event_levels":["ERROR"],"event_format":"json"`), "logs.logs_collected.windows_events.collect_list[0].event_format", "value"},
		"traces of nothing":     {`{"traces":{"traces_collected":{}}}`, "traces.traces_collected", "required"},
		"a list":                {`[]`, "", "type"},
		"null":                  {`{"metrics":null}`, "metrics", "type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, schemaSays(t, tt.text), "else it belongs into the other table")
			_, err := agentconf.Parse([]byte(tt.text))
			assertProblem(t, err, tt.path, tt.rule, "")
		})
	}
}

func assertProblem(t *testing.T, err error, path, rule, says string) {
	t.Helper()
	require.ErrorIs(t, err, agentconf.ErrInvalid)
	var e *agentconf.Error
	require.ErrorAs(t, err, &e)
	for _, p := range e.Problems {
		if p.Path == path && p.Rule == rule {
			assert.Contains(t, p.Text, says)
			return
		}
	}
	assert.Fail(t, "no such problem", "%s %s in %v", path, rule, e.Problems)
}

// Thousands of random configurations: those that Validate accepts, the schema accepts, and Parse reads back as they were.
func TestWhatValidateAcceptsTheSchemaAccepts(t *testing.T) {
	t.Parallel()
	accepted, refused := 0, 0
	for seed := range uint64(2000) {
		g := generator{rand.New(rand.NewPCG(seed, 27))}
		c := g.config()
		if seed%2 == 1 {
			g.spoil(&c)
		}
		err := c.Validate()
		out := text(t, c)
		if err != nil {
			refused++
			continue
		}
		accepted++
		require.NoError(t, schemaSays(t, out), "seed %d: %s", seed, out)
		back, err := agentconf.Parse([]byte(out))
		require.NoError(t, err, "seed %d: %s", seed, out)
		require.JSONEq(t, out, text(t, back), "seed %d", seed)
		require.Equal(t, out, text(t, back), "seed %d: stable", seed)
	}
	assert.GreaterOrEqual(t, accepted, 1000)
	assert.Greater(t, refused, 500, "what is spoilt is found")
}
