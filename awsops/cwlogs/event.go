package cwlogs

import "time"

// Event is one log event.
type Event struct {
	Group     string    // as the query names it
	Stream    string    // of the group
	Timestamp time.Time // when it happened, as its sender says; UTC, in milliseconds
	Ingested  time.Time // when CloudWatch Logs got it; UTC, in milliseconds
	Message   string
	ID        string // AWS's, unique for ever; empty when Live, and from ReadStream: AWS gives none there
	Cursor    Cursor // where to go on after this event, with [Query.After]; zero from ReadStream

	Live    bool // came by live tail, about a second after its ingestion
	Late    bool // older than events that were handed on before it: it was ingested late, or live tail had lost it
	Sampled bool // ingested while live tail showed a sample only: the sweep found it
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
