package agentconf

import "encoding/json"

// Config is one file of the agent. Its JSON is that of the agent, always in the same order.
type Config struct {
	Agent          *Agent   `json:"agent,omitempty"`
	MetricsSection *Metrics `json:"metrics,omitempty"` // [Config.Metrics] is what comes of it
	Logs           *Logs    `json:"logs,omitempty"`
	// Traces and OpenTelemetry are carried as they are. Only that they are objects with something in them is checked.
	Traces        json.RawMessage `json:"traces,omitempty"`
	OpenTelemetry json.RawMessage `json:"opentelemetry,omitempty"`
}

// Agent is what concerns the agent as a whole.
type Agent struct {
	Interval      int          `json:"metrics_collection_interval,omitempty"` // seconds between two collections, 1 to 172,800; 0 = the agent's default, 60
	RunAsUser     string       `json:"run_as_user,omitempty"`                 // Linux; empty = root
	Region        string       `json:"region,omitempty"`                      // empty = that of the instance
	Logfile       *string      `json:"logfile,omitempty"`                     // nil = the default place; "" = to stdout
	Debug         bool         `json:"debug,omitempty"`
	SDKLogLevel   string       `json:"aws_sdk_log_level,omitempty"` // separated by "|"
	OmitHostname  bool         `json:"omit_hostname,omitempty"`     // no dimension host, where append_dimensions has not removed it anyway
	Credentials   *Credentials `json:"credentials,omitempty"`
	ServiceName   string       `json:"service.name,omitempty"`           // at most 255
	DeploymentEnv string       `json:"deployment.environment,omitempty"` // at most 259
	UserAgent     string       `json:"user_agent,omitempty"`
	Internal      *bool        `json:"internal,omitempty"`
	UseDualstack  *bool        `json:"use_dualstack_endpoint,omitempty"`
}

// Credentials are a role to be assumed.
type Credentials struct {
	RoleARN string `json:"role_arn,omitempty"`
}

// Metrics is which metrics are collected and what they carry.
type Metrics struct {
	Namespace string `json:"namespace,omitempty"` // 1 to 255; empty = "CWAgent"
	// Append adds dimensions to every metric and removes host. Only four pairs are known: see [AppendInstance] and its
	// neighbours. Without InstanceId the metrics of an instance cannot be found by its ID.
	Append map[string]string `json:"append_dimensions,omitempty"`
	// Aggregate publishes sums over the metrics that have these dimensions, beside the metrics themselves: each is billed too.
	// An empty set sums over everything.
	Aggregate     [][]string    `json:"aggregation_dimensions,omitempty"`
	Collected     Collected     `json:"metrics_collected"`
	Destinations  *Destinations `json:"metrics_destinations,omitempty"` // nil = CloudWatch
	FlushInterval int           `json:"force_flush_interval,omitempty"` // seconds, 1 to 172,800; 0 = the default
	Credentials   *Credentials  `json:"credentials,omitempty"`          // nil = those of the agent
	Endpoint      string        `json:"endpoint_override,omitempty"`    // 4 to 2,048
	ServiceName   string        `json:"service.name,omitempty"`
	DeploymentEnv string        `json:"deployment.environment,omitempty"`
}

// DefaultNamespace is where metrics go when a configuration does not say.
const DefaultNamespace = "CWAgent"

// The only pairs that Metrics.Append may hold.
const (
	DimInstanceID   = "InstanceId"
	DimImageID      = "ImageId"
	DimInstanceType = "InstanceType"         // a resize makes a new series of every metric
	DimAutoScaling  = "AutoScalingGroupName" // absent where the instance is in none
)

// Append makes the pairs of Metrics.Append: Append(DimInstanceID) is {"InstanceId": "${aws:InstanceId}"}.
func Append(dimensions ...string) map[string]string {
	out := make(map[string]string, len(dimensions))
	for _, d := range dimensions {
		out[d] = "${aws:" + d + "}"
	}
	return out
}

// Destinations are where metrics go besides CloudWatch.
type Destinations struct {
	CloudWatch json.RawMessage `json:"cloudwatch,omitempty"` // as it is: usually {}
	Prometheus *Workspace      `json:"amp,omitempty"`
}

// Workspace is one of Amazon Managed Service for Prometheus.
type Workspace struct {
	ID string `json:"workspace_id"`
}
