package cwlogs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// API is every call that the package makes. A [Config] takes one for fakes and for what stands between; cwlogstest.Server
// is one.
type API interface {
	EventsAPI
	LiveAPI
	InsightsAPI
	GroupsAPI
}

// EventsAPI finds groups and streams and reads them. *cloudwatchlogs.Client satisfies it.
type EventsAPI interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
	DescribeLogGroups(context.Context, *cloudwatchlogs.DescribeLogGroupsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error)
	DescribeLogStreams(context.Context, *cloudwatchlogs.DescribeLogStreamsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogStreamsOutput, error)
}

// LiveAPI opens live tail sessions. The answer is of this package's own making, since the SDK keeps the stream of its own
// answer in a field that nobody else can set.
type LiveAPI interface {
	StartLiveTail(context.Context, *cloudwatchlogs.StartLiveTailInput, ...func(*cloudwatchlogs.Options)) (*LiveSession, error)
}

// LiveSession is an open live tail session.
type LiveSession struct {
	Stream LiveStream
}

// LiveStream is the updates of a live tail session, one a second, empty ones too.
type LiveStream interface {
	// Next waits at most so long for an update; nil without an error means that none came. A wait of 0 only looks. The
	// error is io.EOF when the session ended without a word, else what AWS said, as the SDK reports it.
	Next(ctx context.Context, wait time.Duration) (*types.LiveTailSessionUpdate, error)
	// Close ends the session; nothing of it runs on afterwards.
	Close() error
}

// InsightsAPI runs queries. *cloudwatchlogs.Client satisfies it.
type InsightsAPI interface {
	StartQuery(context.Context, *cloudwatchlogs.StartQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartQueryOutput, error)
	GetQueryResults(context.Context, *cloudwatchlogs.GetQueryResultsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetQueryResultsOutput, error)
	StopQuery(context.Context, *cloudwatchlogs.StopQueryInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StopQueryOutput, error)
}

// GroupsAPI makes groups and sets how long they keep events. *cloudwatchlogs.Client satisfies it.
type GroupsAPI interface {
	CreateLogGroup(context.Context, *cloudwatchlogs.CreateLogGroupInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error)
	PutRetentionPolicy(context.Context, *cloudwatchlogs.PutRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error)
	DeleteRetentionPolicy(context.Context, *cloudwatchlogs.DeleteRetentionPolicyInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error)
}
