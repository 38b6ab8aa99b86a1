package cwlogs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	for i := range 120 {
		srv.AddGroup(fmt.Sprintf("/app/%03d", i))
	}
	srv.AddGroup("/other")
	c := client(t, srv)
	sequence := c.Groups(t.Context(), &cwlogs.GroupsOptions{Prefix: "/app/"})
	for range 2 {
		n := 0
		for g, err := range sequence {
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("/app/%03d", n), g.Name)
			assert.Equal(t, "arn:aws:logs:eu-central-1:123456789012:log-group:"+g.Name, g.ARN)
			n++
		}
		assert.Equal(t, 120, n)
	}
	for g, err := range c.Groups(t.Context(), &cwlogs.GroupsOptions{Pattern: "the"}) {
		require.NoError(t, err)
		assert.Equal(t, "/other", g.Name)
		assert.Equal(t, "arn:aws:logs:eu-central-1:123456789012:log-group:/other", g.ARN, `AWS gives one with ":*" alone`)
	}
	for _, err := range c.Groups(t.Context(), &cwlogs.GroupsOptions{Prefix: "a", Pattern: "b"}) {
		assert.ErrorIs(t, err, awsops.ErrInvalid)
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	for i := range 70 {
		srv.Put("/app", fmt.Sprintf("i-%02d", 69-i), "hello")
		srv.Clock.Advance(time.Second)
	}
	c := client(t, srv)
	var names []string
	for s, err := range c.Streams(t.Context(), "/app", nil) {
		require.NoError(t, err)
		assert.True(t, s.LastSeen.IsZero(), "it is an hour behind")
		names = append(names, s.Name)
	}
	assert.Len(t, names, 70)
	assert.IsIncreasing(t, names)
	srv.Clock.Advance(2 * time.Hour)
	names = nil
	for s, err := range c.Streams(t.Context(), "/app", &cwlogs.StreamsOptions{NewestFirst: true}) {
		require.NoError(t, err)
		assert.False(t, s.LastSeen.IsZero())
		names = append(names, s.Name)
	}
	assert.Len(t, names, 70)
	assert.Equal(t, "i-00", names[0])
	for _, err := range c.Streams(t.Context(), "/app:*", &cwlogs.StreamsOptions{NewestFirst: true, Prefix: "i"}) {
		require.ErrorIs(t, err, awsops.ErrInvalid)
		assert.ErrorContains(t, err, "one of both")
		assert.ErrorContains(t, err, "/app:*")
	}
	for _, err := range c.Streams(t.Context(), "/nope", nil) {
		assert.ErrorIs(t, err, awsops.ErrGone)
	}
}

func TestEnsureGroup(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	c := client(t, srv)
	// The answer of the creation is lost: the second one is refused, and that is no error.
	srv.LoseNext("CreateLogGroup")
	g, err := c.EnsureGroup(t.Context(), "/app/web", 30, &cwlogs.EnsureGroupOptions{Tags: map[string]string{"team": "a"}})
	require.NoError(t, err)
	assert.Equal(t, 30, g.Days)
	assert.Equal(t, "/app/web", g.Name)
	assert.NotEmpty(t, g.ARN)
	assert.Equal(t, 2, srv.Calls("CreateLogGroup"))

	_, err = c.EnsureGroup(t.Context(), "/app/web", 30, nil)
	require.NoError(t, err)
	assert.Equal(t, 2, srv.Calls("CreateLogGroup"))
	assert.Equal(t, 1, srv.Calls("PutRetentionPolicy"), "a second call does nothing")

	g, err = c.EnsureGroup(t.Context(), "/app/web", 0, nil)
	require.NoError(t, err)
	assert.Zero(t, g.Days)
	srv.Clock.Advance(8 * 24 * time.Hour)
	_, err = c.EnsureGroup(t.Context(), "/app/web", 7, nil)
	require.ErrorIs(t, err, awsops.ErrConflict, "events would be deleted")
	assert.ErrorContains(t, err, "ever")
	g, err = c.EnsureGroup(t.Context(), "/app/web", 7, &cwlogs.EnsureGroupOptions{Shorten: true})
	require.NoError(t, err)
	assert.Equal(t, 7, g.Days)

	_, err = c.EnsureGroup(t.Context(), "aws/no good", 31, nil)
	require.ErrorIs(t, err, awsops.ErrInvalid)
	assert.ErrorContains(t, err, "31 days")
	assert.ErrorContains(t, err, "letters")
	assert.ErrorContains(t, err, "aws/")
	for _, days := range cwlogs.RetentionDays() {
		_, err := c.EnsureGroup(t.Context(), fmt.Sprint("/days/", days), days, nil)
		assert.NoError(t, err)
	}
}

// GetLogEvents: the end is when the returned token equals the sent one.
func TestReadStream(t *testing.T) {
	t.Parallel()
	srv := cwlogstest.NewServer()
	srv.Set(func(b *cwlogstest.Behaviour) { b.PageSize = 7 })
	begin := srv.Clock.Now()
	for i := range 50 {
		srv.Put("/app", fmt.Sprint("s", i%2), fmt.Sprint("event ", i))
		srv.Clock.Advance(time.Second)
	}
	srv.Clock.Advance(time.Minute)
	c := client(t, srv)
	sequence := c.ReadStream(t.Context(), cwlogs.StreamQuery{Group: "/app", Stream: "s1"})
	for range 2 {
		events := all(t, sequence)
		require.Len(t, events, 25)
		assert.Equal(t, "event 1", events[0].Message)
		assert.Equal(t, "event 49", events[24].Message)
	}
	events := all(t, c.ReadStream(t.Context(), cwlogs.StreamQuery{Group: "/app", Stream: "s0", Start: begin.Add(2 * time.Second), End: begin.Add(6 * time.Second)}))
	assert.Equal(t, []string{"event 2", "event 4"}, messages(events))
	_, err := first(c.ReadStream(t.Context(), cwlogs.StreamQuery{Group: "", Stream: "*", Start: begin, End: begin}))
	require.ErrorIs(t, err, awsops.ErrInvalid)
	_, err = first(c.ReadStream(t.Context(), cwlogs.StreamQuery{Group: "/app", Stream: "nope"}))
	assert.ErrorIs(t, err, awsops.ErrGone)
}
