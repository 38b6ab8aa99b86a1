package cwlogstest

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cwlogs"
)

const listPage = 50

// DescribeLogGroups lists groups by name.
func (s *Server) DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	return run(ctx, s, "DescribeLogGroups", func() (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
		prefix, pattern := aws.ToString(in.LogGroupNamePrefix), aws.ToString(in.LogGroupNamePattern)
		if prefix != "" && pattern != "" {
			return nil, invalid("logGroupNamePrefix and logGroupNamePattern are mutually exclusive.")
		}
		names, next, err := s.list(slices.Sorted(maps.Keys(s.groups)), "groups"+prefix+"/"+pattern, in.NextToken, in.Limit, func(name string) bool {
			return strings.HasPrefix(name, prefix) && strings.Contains(name, pattern)
		})
		if err != nil {
			return nil, err
		}
		out := &cloudwatchlogs.DescribeLogGroupsOutput{NextToken: next}
		for _, name := range names {
			g := s.groups[name]
			item := types.LogGroup{
				LogGroupName: &g.name, Arn: new(g.arn() + ":*"), LogGroupArn: new(g.arn()), CreationTime: &g.created,
				LogGroupClass: types.LogGroupClass(g.class), StoredBytes: new(int64),
			}
			if g.days > 0 {
				item.RetentionInDays = &g.days
			}
			for i := range g.events {
				*item.StoredBytes += int64(g.events[i].size())
			}
			if pattern != "" {
				item = types.LogGroup{LogGroupName: item.LogGroupName, Arn: item.Arn, CreationTime: item.CreationTime}
			}
			out.LogGroups = append(out.LogGroups, item)
		}
		return out, nil
	})
}

// list is a page of names.
func (s *Server) list(names []string, of string, next *string, limit *int32, keep func(string) bool) (page []string, more *string, err error) {
	if limit != nil && (*limit < 1 || *limit > listPage) {
		return nil, nil, invalid("Value '%d' at 'limit' failed to satisfy constraint", *limit)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !keep(n) })
	begin := 0
	if next != nil {
		at, ok := s.tokens[*next]
		if !ok || at.list != of {
			return nil, nil, invalid("The specified nextToken is invalid.")
		}
		begin = slices.Index(names, at.last.stream) + 1
	}
	end := min(begin+int(cmp.Or(aws.ToInt32(limit), listPage)), len(names))
	page = names[begin:end]
	if end < len(names) {
		more = s.remember(token{list: of, last: event{stream: page[len(page)-1]}})
	}
	return page, more, nil
}

// DescribeLogStreams lists the streams of a group. The time of the last event is an hour behind.
func (s *Server) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	return run(ctx, s, "DescribeLogStreams", func() (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
		g, err := s.find(in.LogGroupName, in.LogGroupIdentifier)
		if err != nil {
			return nil, err
		}
		prefix, byTime := aws.ToString(in.LogStreamNamePrefix), in.OrderBy == types.OrderByLastEventTime
		if byTime && prefix != "" {
			return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
		}
		now := s.Clock.Now()
		last := map[string]int64{}
		for _, ev := range g.events {
			if ev.ingested <= now.Add(-time.Hour).UnixMilli() {
				last[ev.stream] = max(last[ev.stream], ev.at)
			}
		}
		var names []string
		for name, made := range g.streams {
			if made <= now.UnixMilli() {
				names = append(names, name)
			}
		}
		slices.SortFunc(names, func(a, b string) int {
			if byTime && last[a] != last[b] {
				return cmp.Compare(last[a], last[b])
			}
			return cmp.Compare(a, b)
		})
		if aws.ToBool(in.Descending) {
			slices.Reverse(names)
		}
		names, next, err := s.list(names, "streams"+g.name+"/"+prefix+string(in.OrderBy), in.NextToken, in.Limit, func(n string) bool {
			return strings.HasPrefix(n, prefix)
		})
		if err != nil {
			return nil, err
		}
		out := &cloudwatchlogs.DescribeLogStreamsOutput{NextToken: next}
		for _, name := range names {
			item := types.LogStream{LogStreamName: &name, CreationTime: new(g.streams[name])}
			if ms, ok := last[name]; ok {
				item.LastEventTimestamp = &ms
			}
			out.LogStreams = append(out.LogStreams, item)
		}
		return out, nil
	})
}

var groupName = regexp.MustCompile(`^[A-Za-z0-9_/.#-]{1,512}$`)

// CreateLogGroup makes a group.
func (s *Server) CreateLogGroup(ctx context.Context, in *cloudwatchlogs.CreateLogGroupInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogGroupOutput, error) {
	return run(ctx, s, "CreateLogGroup", func() (*cloudwatchlogs.CreateLogGroupOutput, error) {
		name := aws.ToString(in.LogGroupName)
		switch {
		case !groupName.MatchString(name) || strings.HasPrefix(name, "aws/"):
			return nil, invalid("Value '%s' at 'logGroupName' failed to satisfy constraint", name)
		case s.groups[name] != nil:
			return nil, awsopstest.Refuse("ResourceAlreadyExistsException", "The specified log group already exists")
		}
		s.group(name).tags = maps.Clone(in.Tags)
		return &cloudwatchlogs.CreateLogGroupOutput{}, nil
	})
}

// PutRetentionPolicy sets how long a group keeps events. Nothing is deleted in this fake, as AWS takes up to 72 hours.
func (s *Server) PutRetentionPolicy(ctx context.Context, in *cloudwatchlogs.PutRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
	return run(ctx, s, "PutRetentionPolicy", func() (*cloudwatchlogs.PutRetentionPolicyOutput, error) {
		g, err := s.find(in.LogGroupName, nil)
		if err != nil {
			return nil, err
		}
		days := aws.ToInt32(in.RetentionInDays)
		if !slices.Contains(cwlogs.RetentionDays(), int(days)) {
			return nil, invalid("Value '%d' at 'retentionInDays' failed to satisfy constraint", days)
		}
		g.days = days
		return &cloudwatchlogs.PutRetentionPolicyOutput{}, nil
	})
}

// DeleteRetentionPolicy has a group keep events for ever.
func (s *Server) DeleteRetentionPolicy(ctx context.Context, in *cloudwatchlogs.DeleteRetentionPolicyInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
	return run(ctx, s, "DeleteRetentionPolicy", func() (*cloudwatchlogs.DeleteRetentionPolicyOutput, error) {
		g, err := s.find(in.LogGroupName, nil)
		if err != nil {
			return nil, err
		}
		g.days = 0
		return &cloudwatchlogs.DeleteRetentionPolicyOutput{}, nil
	})
}
