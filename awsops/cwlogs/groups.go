package cwlogs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
	"github.com/kitroll/kitroll/internal/pages"
)

// Group is a log group.
type Group struct {
	Name    string
	ARN     string // without ":*", as [Query.Groups] and live tail want it
	Class   string // "STANDARD", "INFREQUENT_ACCESS", "DELIVERY" …
	Days    int    // how long events are kept; 0 = for ever
	Bytes   int64  // stored, as last counted
	Created time.Time
}

// GroupsOptions narrows a list of groups. nil = all.
type GroupsOptions struct {
	Prefix  string // names that begin so
	Pattern string // names that contain it; AWS then tells name, ARN and time of creation alone. One of both
}

// Groups ranges over the log groups of the account and Region, by name.
func (c *Client) Groups(ctx context.Context, opts *GroupsOptions) iter.Seq2[Group, error] {
	in := cloudwatchlogs.DescribeLogGroupsInput{}
	if opts != nil && opts.Prefix != "" && opts.Pattern != "" {
		return failing[Group](&Error{Op: "Groups", Err: fmt.Errorf("%w: Prefix and Pattern: one of both", awsops.ErrInvalid)})
	}
	if opts != nil && opts.Prefix != "" {
		in.LogGroupNamePrefix = &opts.Prefix
	}
	if opts != nil && opts.Pattern != "" {
		in.LogGroupNamePattern = &opts.Pattern
	}
	return pages.All(ctx, "", func(ctx context.Context, token string) (pages.Page[Group, string], error) {
		ask := in
		if token != "" {
			ask.NextToken = &token
		}
		out, err := awscall.Do(ctx, c.caller, "DescribeLogGroups", awscall.Harmless, c.api.groups, &ask, once)
		if err != nil {
			return pages.Page[Group, string]{}, wrap(err, "")
		}
		page := pages.Page[Group, string]{Next: aws.ToString(out.NextToken), More: aws.ToString(out.NextToken) != ""}
		for i := range out.LogGroups {
			page.Items = append(page.Items, groupOf(&out.LogGroups[i]))
		}
		return page, nil
	})
}

func groupOf(g *types.LogGroup) Group {
	arn := aws.ToString(g.LogGroupArn)
	if arn == "" {
		arn = strings.TrimSuffix(aws.ToString(g.Arn), ":*")
	}
	return Group{
		Name: aws.ToString(g.LogGroupName), ARN: arn, Class: string(g.LogGroupClass), Days: int(aws.ToInt32(g.RetentionInDays)),
		Bytes: aws.ToInt64(g.StoredBytes), Created: at(aws.ToInt64(g.CreationTime)),
	}
}

// Stream is a log stream.
type Stream struct {
	Name    string
	Created time.Time
	// LastSeen is the timestamp of its newest event as AWS last counted, up to an hour late and more: not fit to tell whether
	// there is anything new. Zero = none yet.
	LastSeen time.Time
}

// StreamsOptions narrows a list of streams. nil = all, by name.
type StreamsOptions struct {
	Prefix      string // names that begin so
	NewestFirst bool   // by LastSeen, the newest first, and not by name; not with Prefix
}

// Streams ranges over the streams of a group, given by name or ARN.
func (c *Client) Streams(ctx context.Context, group string, opts *StreamsOptions) iter.Seq2[Stream, error] {
	in := cloudwatchlogs.DescribeLogStreamsInput{LogGroupIdentifier: &group}
	err := checkGroup(group)
	if opts != nil && opts.Prefix != "" {
		in.LogStreamNamePrefix = &opts.Prefix
	}
	if opts != nil && opts.NewestFirst {
		in.OrderBy, in.Descending = types.OrderByLastEventTime, new(true)
		if opts.Prefix != "" {
			err = errors.Join(err, errors.New("Prefix and NewestFirst: one of both"))
		}
	}
	if err != nil {
		return failing[Stream](&Error{Op: "Streams", Err: fmt.Errorf("%w: %w", awsops.ErrInvalid, err)})
	}
	return pages.All(ctx, "", func(ctx context.Context, token string) (pages.Page[Stream, string], error) {
		ask := in
		if token != "" {
			ask.NextToken = &token
		}
		out, err := awscall.Do(ctx, c.caller, "DescribeLogStreams", awscall.Harmless, c.api.streams, &ask, once)
		if err != nil {
			return pages.Page[Stream, string]{}, wrap(err, group)
		}
		page := pages.Page[Stream, string]{Next: aws.ToString(out.NextToken), More: aws.ToString(out.NextToken) != ""}
		for _, s := range out.LogStreams {
			item := Stream{Name: aws.ToString(s.LogStreamName), Created: at(aws.ToInt64(s.CreationTime))}
			if s.LastEventTimestamp != nil {
				item.LastSeen = at(*s.LastEventTimestamp)
			}
			page.Items = append(page.Items, item)
		}
		return page, nil
	})
}

func failing[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(*new(T), err) }
}

// RetentionDays are the numbers of days that CloudWatch Logs takes (API reference of PutRetentionPolicy, read 2026-11).
func RetentionDays() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// EnsureGroup makes a log group unless it is there, and has it keep events for so many days, one of [RetentionDays]; 0 = for
// ever, which is paid for ever. A second call does nothing. A longer time is never shortened in silence: events older than
// days are deleted by AWS, so a group that keeps them longer is an awsops.ErrConflict unless opts.Shorten is set. The Group
// returned is as AWS then lists it: an account-level policy may have set other days.
func (c *Client) EnsureGroup(ctx context.Context, name string, days int, opts *EnsureGroupOptions) (Group, error) {
	if opts == nil {
		opts = &EnsureGroupOptions{}
	}
	fail := func(err error) (Group, error) { return Group{}, &Error{Op: "EnsureGroup", Resource: name, Err: err} }
	var problems []error
	if err := checkGroup(name); err != nil {
		problems = append(problems, err)
	}
	if isARN(name) || strings.HasPrefix(name, "aws/") {
		problems = append(problems, fmt.Errorf("%q: a name, which does not begin with aws/", name))
	}
	if days != 0 && !slices.Contains(RetentionDays(), days) {
		problems = append(problems, fmt.Errorf("%d days: one of %v, or 0 for ever", days, RetentionDays()))
	}
	if err := errors.Join(problems...); err != nil {
		return fail(fmt.Errorf("%w: %w", awsops.ErrInvalid, err))
	}
	group, there, err := c.group(ctx, name)
	if err != nil {
		return Group{}, err
	}
	if !there {
		in := cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: opts.Tags}
		// The name is unique: a second creation is refused and changes nothing.
		_, err := awscall.Do(ctx, c.caller, "CreateLogGroup", awscall.Harmless, c.api.create, &in, once)
		if f, ok := errors.AsType[*awscall.Failure](err); ok && f.Code != "ResourceAlreadyExistsException" {
			return Group{}, wrap(err, name)
		}
		if err == nil {
			group = Group{Name: name}
		} else if group, there, err = c.group(ctx, name); err != nil {
			return Group{}, err
		}
	}
	if group.Days != days {
		shorter := days != 0 && (group.Days == 0 || days < group.Days)
		old := c.caller.Clock.Now().Sub(group.Created) > time.Duration(days)*24*time.Hour
		if there && shorter && old && !opts.Shorten {
			return fail(fmt.Errorf("%w: it keeps events for %s, not %d days; Shorten would delete them", awsops.ErrConflict, forDays(group.Days), days))
		}
		if err := c.retain(ctx, name, days); err != nil {
			return Group{}, err
		}
	}
	switch now, ok, err := c.group(ctx, name); {
	case err != nil:
		return Group{}, err
	case ok:
		group = now
	default: // made a moment ago, and not listed yet
		group.Name, group.Days = name, days
	}
	return group, nil
}

// EnsureGroupOptions are for [Client.EnsureGroup].
type EnsureGroupOptions struct {
	Tags    map[string]string // of a group that is made
	Shorten bool              // a group that keeps events longer is made to keep them for fewer days
}

func forDays(days int) string {
	if days == 0 {
		return "ever"
	}
	return fmt.Sprintf("%d days", days)
}

func (c *Client) retain(ctx context.Context, name string, days int) (err error) {
	if days == 0 {
		_, err = awscall.Do(ctx, c.caller, "DeleteRetentionPolicy", awscall.Harmless, c.api.retainAll, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &name}, once)
	} else {
		_, err = awscall.Do(ctx, c.caller, "PutRetentionPolicy", awscall.Harmless, c.api.retain,
			&cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: new(int32(days))}, once)
	}
	return wrap(err, name)
}

// group finds a group by its name.
func (c *Client) group(ctx context.Context, name string) (Group, bool, error) {
	for g, err := range c.Groups(ctx, &GroupsOptions{Prefix: name}) {
		if err != nil {
			return Group{}, false, err
		}
		if g.Name == name {
			return g, true, nil
		}
	}
	return Group{}, false, nil
}
