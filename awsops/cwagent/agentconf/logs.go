package agentconf

import "encoding/json"

// Logs is which logs are sent to CloudWatch Logs.
type Logs struct {
	Collected       *LogsCollected  `json:"logs_collected,omitempty"`
	Metrics         json.RawMessage `json:"metrics_collected,omitempty"`    // embedded metrics, Prometheus, containers: carried as it is
	StreamName      string          `json:"log_stream_name,omitempty"`      // where an entry names none; 1 to 512
	FlushInterval   int             `json:"force_flush_interval,omitempty"` // seconds, 1 to 172,800; 0 = the default, 5
	Credentials     *Credentials    `json:"credentials,omitempty"`
	Endpoint        string          `json:"endpoint_override,omitempty"` // 4 to 2,048
	ServiceName     string          `json:"service.name,omitempty"`      // at most 255
	DeploymentEnv   string          `json:"deployment.environment,omitempty"`
	ConcurrentCalls int             `json:"concurrency,omitempty"` // 0 = the default
}

// LogsCollected are the sources of logs.
type LogsCollected struct {
	Files              *Files          `json:"files,omitempty"`
	WindowsEvents      *WindowsEvents  `json:"windows_events,omitempty"`
	Journald           *Journald       `json:"journald,omitempty"`
	ApplicationSignals json.RawMessage `json:"application_signals,omitempty"` // carried as it is
}

// Files is the list of files.
type Files struct {
	List []File `json:"collect_list"` // 1 to 16,384, each once
}

// WindowsEvents is the list of event logs.
type WindowsEvents struct {
	List []WindowsEvent `json:"collect_list"` // 1 to 16,384, each once
}

// Journald is the list of selections from the journal of systemd.
type Journald struct {
	List []Journal `json:"collect_list"` // 1 to 16,384, each once
}

// LogGroup is where a source goes. It is in every entry.
type LogGroup struct {
	Group     string      `json:"log_group_name,omitempty"`    // 1 to 512; a file's default is made from its path
	Stream    string      `json:"log_stream_name,omitempty"`   // 1 to 512; placeholders such as {instance_id}
	Class     string      `json:"log_group_class,omitempty"`   // when the group is made: "STANDARD", "INFREQUENT_ACCESS"
	Retention int         `json:"retention_in_days,omitempty"` // one of [Retentions]; 0 = not touched, -1 = for ever
	Filters   []LogFilter `json:"filters,omitempty"`
}

// LogFilter decides about a line.
type LogFilter struct {
	Type       string `json:"type"`       // "include" or "exclude"
	Expression string `json:"expression"` // a regular expression
}

// File is one file, or the newest of those that a pattern finds.
type File struct {
	Path           string `json:"file_path"` // may hold * and **
	LogGroup              //nolint:embeddedstructfieldcheck // the order of the JSON
	Blacklist      string `json:"blacklist,omitempty"`                // a regular expression for names that are left out
	MultiLineStart string `json:"multi_line_start_pattern,omitempty"` // a regular expression, or "{timestamp_format}"
	Timestamp      string `json:"timestamp_format,omitempty"`         // such as "%Y-%m-%d %H:%M:%S"
	Timezone       string `json:"timezone,omitempty"`                 // "Local" or "UTC"
	TrimTimestamp  bool   `json:"trim_timestamp,omitempty"`
	Encoding       string `json:"encoding,omitempty"`           // empty = UTF-8
	AutoRemoval    bool   `json:"auto_removal,omitempty"`       // the file is DELETED when it has been sent
	Backpressure   string `json:"backpressure_mode,omitempty"`  // "fd_release"
	PublishMulti   bool   `json:"publish_multi_logs,omitempty"` // all files that the pattern finds, not only the newest
	ServiceName    string `json:"service.name,omitempty"`
	DeploymentEnv  string `json:"deployment.environment,omitempty"`
}

// WindowsEvent is one event log of Windows. One of Levels, IDs and Filters is needed.
type WindowsEvent struct {
	Event    string   `json:"event_name"` // "System", "Application" …; never "Forwarded Events"
	LogGroup          //nolint:embeddedstructfieldcheck // the order of the JSON
	Levels   []string `json:"event_levels,omitempty"` // CRITICAL, ERROR, WARNING, INFORMATION, VERBOSE
	IDs      []int    `json:"event_ids,omitempty"`    // 0 to 65,535
	Format   string   `json:"event_format,omitempty"` // "text" or "xml"
}

// Journal is one selection from the journal. Its Group is required.
type Journal struct {
	LogGroup
	Units    []string            `json:"units,omitempty"`    // all of systemd's when empty
	Priority string              `json:"priority,omitempty"` // the least: "emerg" … "debug", or "0" … "7"
	Matches  []map[string]string `json:"matches,omitempty"`  // fields of the journal
}

// Retentions are the days for which a log group may keep its events; -1 is for ever.
func Retentions() []int {
	return []int{
		-1, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
	}
}
