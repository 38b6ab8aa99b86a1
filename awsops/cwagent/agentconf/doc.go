// Package agentconf is the configuration of the Amazon CloudWatch agent as Go types: written, read, checked, and counted
// before it costs anything. It stands on the standard library alone.
//
// # What the platform does
//
// The agent is told by one JSON file what to collect. It publishes each measurement of each plugin as a metric, one for every
// combination of dimensions: a disk plugin with "*" makes one for every mount, tmpfs and squashfs too, and each is billed as a
// custom metric. Its own schema lets through what is surely wrong: an empty file, {"metric":{}}, a plugin that does not exist,
// a measurement that no plugin knows. The agent then starts, and what was meant never arrives.
//
// # What the package promises
//
//   - [Config.Validate] reports every problem at once, each with its path and the rule. What it accepts, the agent's schema
//     accepts; that is tested with thousands of configurations.
//   - [Parse] refuses keys that it does not know, and says which one was meant.
//   - [Config.Warnings] names what is allowed and regretted: metrics that cannot be found by instance, file systems that are
//     billed and hold nothing, dimensions that split a series.
//   - [Config.Metrics] lists the metrics that a machine will publish, and [Cost] what they cost a month.
//
// # A host
//
//	conf := agentconf.Host(nil) // mem, swap and disk, with InstanceId, without the file systems of the kernel
//	if err := conf.Validate(); err != nil {
//		return err
//	}
//	metrics := conf.Metrics(&agentconf.Machine{InstanceID: "i-0123456789abcdef0", Mounts: mounts})
//	fmt.Println(len(metrics), agentconf.Cost(len(metrics), nil))
//	text, err := json.Marshal(conf)
//
// # Limits
//
// Traces, OpenTelemetry, JMX, EFA, OTLP, Prometheus and application signals are carried as they are: their inside is not
// checked, and what they publish is not counted. The counters of Windows are not checked against a list, for there is none.
//
// # Sources
//
// The agent's schema.json (commit ab55b8da, 2026-08-07; a copy with its licence is in testdata) and the CloudWatch user guide,
// "Manually create or edit the CloudWatch agent configuration file"; read 2026-11. What these do not say is marked unverified.
package agentconf
