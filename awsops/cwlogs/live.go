package cwlogs

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// liveCall makes a [LiveSession] of the SDK's answer.
func liveCall(
	start func(context.Context, *cloudwatchlogs.StartLiveTailInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.StartLiveTailOutput, error),
	sameHost bool,
) func(context.Context, *cloudwatchlogs.StartLiveTailInput, ...func(*cloudwatchlogs.Options)) (*LiveSession, error) {
	return func(ctx context.Context, in *cloudwatchlogs.StartLiveTailInput, opts ...func(*cloudwatchlogs.Options)) (*LiveSession, error) {
		if sameHost {
			opts = append(opts, func(o *cloudwatchlogs.Options) { o.APIOptions = append(o.APIOptions, withoutHostPrefix) })
		}
		out, err := start(ctx, in, opts...)
		if err != nil {
			return nil, err
		}
		stream := out.GetStream()
		if stream == nil || stream.Reader == nil {
			return nil, errors.New("an answer without a stream")
		}
		return &LiveSession{Stream: sdkStream{stream}}, nil
	}
}

// withoutHostPrefix keeps the SDK from putting "stream-" before the host. The SDK forgets what a context says of it, so that
// it has to be said within the call.
func withoutHostPrefix(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("kitroll.SameHost",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
		}), middleware.Before)
}

// sdkStream is a session over the wire. The SDK reads it on goroutines that end with Close.
type sdkStream struct {
	stream *cloudwatchlogs.StartLiveTailEventStream
}

func (s sdkStream) Next(ctx context.Context, wait time.Duration) (*types.LiveTailSessionUpdate, error) {
	timer := time.NewTimer(max(wait, time.Millisecond)) // the SDK hands over without a buffer: it needs a moment
	defer timer.Stop()
	for {
		select {
		case ev, ok := <-s.stream.Events():
			if !ok {
				if err := s.stream.Err(); err != nil {
					return nil, err
				}
				return nil, io.EOF
			}
			if update, ok := ev.(*types.StartLiveTailResponseStreamMemberSessionUpdate); ok {
				return &update.Value, nil
			} // else the start of the session, or what is newer than this package
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (s sdkStream) Close() error { return s.stream.Close() }
