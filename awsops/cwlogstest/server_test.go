package cwlogstest_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

func code(err error) string {
	if said, ok := errors.AsType[smithy.APIError](err); ok {
		return said.ErrorCode()
	}
	return fmt.Sprint(err)
}

func filter(t *testing.T, srv *cwlogstest.Server, in cloudwatchlogs.FilterLogEventsInput) []string {
	t.Helper()
	var got []string
	for {
		out, err := srv.FilterLogEvents(t.Context(), &in)
		require.NoError(t, err)
		for _, e := range out.Events {
			got = append(got, *e.Message)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return got
		}
	}
}

// Trap 26: fakes that answer at once hide all of the above: time, lag and faults are part of the fake.
func TestEventsAreFoundWhenTheIndexHasThem(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	begin := srv.Clock.Now()
	srv.Put("/app", "s", "now")
	srv.Write(cwlogstest.Record{Group: "/app", Stream: "s", At: begin, Lag: time.Minute, Message: "late"})
	in := cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/app")}
	assert.Empty(t, filter(t, srv, in))
	srv.Clock.Advance(2 * time.Second)
	assert.Equal(t, []string{"now"}, filter(t, srv, in))
	srv.Clock.Advance(time.Minute)
	assert.Equal(t, []string{"now", "late"}, filter(t, srv, in))
	assert.Greater(t, srv.Clock.Now().Sub(begin), 62*time.Second, "calls take time")

	out, err := srv.DescribeLogStreams(t.Context(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: new("/app")})
	require.NoError(t, err)
	assert.Nil(t, out.LogStreams[0].LastEventTimestamp, "an hour behind")
}

func TestPagesOfFilterLogEvents(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	big := string(make([]byte, 300_000))
	for i := range 10 {
		srv.Write(cwlogstest.Record{Group: "/app", Stream: "s", At: srv.Clock.Now().Add(time.Duration(i)), Message: big})
	}
	srv.Clock.Advance(time.Minute)
	in := cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/app")}
	pages, empty := 0, 0
	srv.Set(func(b *cwlogstest.Behaviour) { b.Empty = 0.5 })
	for {
		out, err := srv.FilterLogEvents(t.Context(), &in)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(out.Events), 3, "1 MB to a page")
		if pages++; len(out.Events) == 0 {
			empty++
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	assert.Positive(t, empty)
	assert.GreaterOrEqual(t, pages-empty, 4)
	assert.Len(t, filter(t, srv, cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/app")}), 10)
}

func TestRefusalsOfFilterLogEvents(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	arn := srv.AddGroup("/app")
	srv.Set(func(b *cwlogstest.Behaviour) { b.Empty = 1 })
	out, err := srv.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/app")})
	require.NoError(t, err)
	for name, in := range map[string]cloudwatchlogs.FilterLogEventsInput{
		"no group":          {},
		"both":              {LogGroupName: new("/app"), LogGroupIdentifier: &arn},
		"star":              {LogGroupIdentifier: new(arn + ":*")},
		"limit":             {LogGroupName: new("/app"), Limit: new(int32(10_001))},
		"names and prefix":  {LogGroupName: new("/app"), LogStreamNames: []string{"a"}, LogStreamNamePrefix: new("a")},
		"newest before '24": {LogGroupName: new("/app"), StartFromHead: new(false), StartTime: new(int64(1))},
		"range":             {LogGroupName: new("/app"), StartTime: new(int64(2)), EndTime: new(int64(1))},
		"token":             {LogGroupName: new("/app"), NextToken: new("token/none")},
		"token of another":  {LogGroupName: new("/app"), NextToken: out.NextToken, FilterPattern: new("x")},
		"pattern":           {LogGroupName: new("/app"), FilterPattern: new(`{ $.a = 1 }`)},
		"open quote":        {LogGroupName: new("/app"), FilterPattern: new(`"a`)},
	} {
		_, err := srv.FilterLogEvents(t.Context(), &in)
		assert.Equal(t, "InvalidParameterException", code(err), name)
	}
	_, err = srv.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/none")})
	assert.Equal(t, "ResourceNotFoundException", code(err))
	srv.Set(func(b *cwlogstest.Behaviour) { b.Throttle = 1 })
	_, err = srv.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("/app")})
	assert.Equal(t, "ThrottlingException", code(err))
}

func tail(t *testing.T, srv *cwlogstest.Server, arns ...string) cwlogs.LiveStream {
	t.Helper()
	out, err := srv.StartLiveTail(t.Context(), &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: arns})
	require.NoError(t, err)
	return out.Stream
}

func TestLiveTailSamplesAndLoses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rate        int
		least, most int
		sampled     bool
	}{
		"slow":   {rate: 200, least: 200, most: 200},
		"silent": {rate: 400, least: 120, most: 280}, // nothing shows it
		"sample": {rate: 3000, least: 500, most: 500, sampled: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := cwlogstest.NewServer()
			s := tail(t, srv, srv.AddGroup("/app"))
			at := srv.Clock.Now()
			for i := range tt.rate {
				srv.Write(cwlogstest.Record{Group: "/app", Stream: "s", At: at.Add(time.Duration(i) * time.Microsecond), Message: "m"})
			}
			update, err := s.Next(t.Context(), 2*time.Second)
			require.NoError(t, err)
			assert.Equal(t, tt.sampled, update.SessionMetadata.Sampled)
			assert.GreaterOrEqual(t, len(update.SessionResults), tt.least)
			assert.LessOrEqual(t, len(update.SessionResults), tt.most)
			update, err = s.Next(t.Context(), 2*time.Second)
			require.NoError(t, err)
			assert.Empty(t, update.SessionResults, "a second without events has an update too")
		})
	}
}

func TestLiveTailForgetsWhatIsNotRead(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	s := tail(t, srv, srv.AddGroup("/app"))
	for i := range 60 {
		srv.Put("/app", "s", fmt.Sprint(i))
		srv.Clock.Advance(time.Second)
	}
	var got []string
	for {
		update, err := s.Next(t.Context(), 0)
		require.NoError(t, err)
		if update == nil {
			break
		}
		for _, e := range update.SessionResults {
			got = append(got, *e.Message)
		}
	}
	assert.Len(t, got, 10, "10 updates")
	assert.Equal(t, "59", got[9])
}

func TestLiveTailEnds(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	arn := srv.AddGroup("/app")
	s := tail(t, srv, arn)
	end := func() (updates int, err error) {
		for {
			if _, err = s.Next(t.Context(), time.Minute); err != nil {
				return updates, err
			}
			updates++
		}
	}
	begin := srv.Clock.Now()
	updates, err := end()
	_, timeOut := errors.AsType[*types.SessionTimeoutException](err)
	assert.True(t, timeOut, "%v", err)
	assert.InDelta(t, 3*60*60, updates, 2)
	assert.InDelta(t, 3*60*60, srv.Clock.Now().Sub(begin).Seconds(), 2)
	require.NoError(t, s.Close())
	open, ever := srv.Sessions()
	assert.Equal(t, 0, open)
	assert.Equal(t, 1, ever)

	srv.Set(func(b *cwlogstest.Behaviour) { b.CutAfter = 5 * time.Second })
	s = tail(t, srv, arn)
	updates, err = end()
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 5, updates)
}

func TestRefusalsOfLiveTail(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	one, two := srv.AddGroup("/one"), srv.AddGroup("/two")
	eleven := make([]string, 0, 11)
	for i := range 11 {
		eleven = append(eleven, srv.AddGroup(fmt.Sprint("/g", i)))
	}
	for name, in := range map[string]cloudwatchlogs.StartLiveTailInput{
		"none":             {},
		"eleven":           {LogGroupIdentifiers: eleven},
		"a name":           {LogGroupIdentifiers: []string{"/one"}},
		"star":             {LogGroupIdentifiers: []string{one + ":*"}},
		"streams of two":   {LogGroupIdentifiers: []string{one, two}, LogStreamNames: []string{"s"}},
		"names and prefix": {LogGroupIdentifiers: []string{one}, LogStreamNames: []string{"s"}, LogStreamNamePrefixes: []string{"s"}},
	} {
		_, err := srv.StartLiveTail(t.Context(), &in)
		assert.Equal(t, "InvalidParameterException", code(err), name)
	}
	srv.SetClass("/two", "INFREQUENT_ACCESS")
	_, err := srv.StartLiveTail(t.Context(), &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{two}})
	assert.Equal(t, "InvalidOperationException", code(err))
	for range 15 {
		tail(t, srv, one)
	}
	_, err = srv.StartLiveTail(t.Context(), &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{one}})
	assert.Equal(t, "LimitExceededException", code(err))
}

// The returned tokens of GetLogEvents are never empty; at the end, the one sent comes back.
func TestTokensOfGetLogEvents(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.Put("/app", "s", "a", "b")
	srv.Clock.Advance(time.Minute)
	in := cloudwatchlogs.GetLogEventsInput{LogGroupName: new("/app"), LogStreamName: new("s"), StartFromHead: new(true), Limit: new(int32(1))}
	var got []string
	for {
		out, err := srv.GetLogEvents(t.Context(), &in)
		require.NoError(t, err)
		require.NotEmpty(t, *out.NextForwardToken)
		for _, e := range out.Events {
			got = append(got, *e.Message)
		}
		if in.NextToken != nil && *in.NextToken == *out.NextForwardToken {
			assert.Empty(t, out.Events)
			break
		}
		in.NextToken = out.NextForwardToken
	}
	assert.Equal(t, []string{"a", "b"}, got)
	srv.Put("/app", "s", "c")
	srv.Clock.Advance(time.Minute)
	out, err := srv.GetLogEvents(t.Context(), &in)
	require.NoError(t, err)
	require.Len(t, out.Events, 1, "the token of the end goes on")
	in.NextToken, in.LogStreamName = out.NextForwardToken, new("other")
	_, err = srv.GetLogEvents(t.Context(), &in)
	assert.Equal(t, "ResourceNotFoundException", code(err))
}
