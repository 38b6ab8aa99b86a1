// Package cwlogs reads and follows Amazon CloudWatch Logs.
//
//	client, err := cwlogs.New(cwlogs.Config{AWS: cfg})
//	…
//	q := cwlogs.Query{Groups: []string{"/app/web"}, After: saved}
//	for e, err := range client.Tail(ctx, q) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(e.Timestamp, e.Stream, e.Message)
//		saved = e.Cursor // its text can be kept, and goes on in another process
//	}
//
// # What it promises
//
// [Client.Read] gives every event of a range once, several groups merged in the order of time, and does not take an empty
// page for the end. [Client.Tail] follows without loss and without doubles, though each of the two ways that AWS offers has
// one of these faults: it has both, and merges them. Both go on from any event's [Cursor].
//
// [Client.Insights] runs a query, waits for it, and stops it when nobody waits any more. [Client.ReadStream] reads one stream.
// [Client.Groups], [Client.Streams] and [Client.EnsureGroup] are what one needs around that.
//
// # Limits
//
// An event that becomes visible later than [TailOptions.Recheck] after its own timestamp is not seen by a Tail: a Read of that
// time, later, has it. AWS takes events up to 14 days old. Groups of the class INFREQUENT_ACCESS have no live tail: a Tail polls
// them. Nothing here has been run against the real AWS: times and rates are those of its documentation, and of field reports
// where it says so.
//
// Rights: logs:FilterLogEvents; for live tail logs:StartLiveTail, and logs:DescribeLogGroups for groups given by name. The policy
// CloudWatchLogsReadOnlyAccess has them all. It belongs to whoever reads, not to the instance that writes.
//
// Log lines are in no error and in no log of this package.
//
// Sources: the API reference of CloudWatch Logs and the SDK's own comments (service/cloudwatchlogs v1.92.2, read 2026-11).
package cwlogs
