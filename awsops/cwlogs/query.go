package cwlogs

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops"
)

// Query says which events are read. Only Groups is required.
type Query struct {
	// Groups are names or ARNs of log groups; an ARN without ":*" at its end. Groups of other accounts, seen through
	// cross-account observability, must be ARNs.
	Groups []string
	// Streams are the log streams of interest, at most 100; StreamPrefix is the beginning of their names. At most one of
	// both; neither = all, those that come into being while a Tail runs too.
	Streams      []string
	StreamPrefix string
	// Pattern is a filter pattern of CloudWatch Logs, at most 1,024 characters; empty = every event.
	Pattern string
	// Start and End bound the events' own timestamps: Start is included, End is not, both in milliseconds. Zero: from the
	// oldest event (Tail: from now on), to the newest there is.
	Start, End time.Time
	// NewestFirst turns the order round. It needs a Start in 2024 or later, a limit of AWS.
	NewestFirst bool
	// After goes on behind the event that this is the Cursor of. The query must be the same, but for Start and End.
	After Cursor
	// Unmask shows what a data protection policy hides, with the right logs:Unmask. A Tail then polls: a live tail session
	// cannot unmask.
	Unmask bool
	// PageSize is the largest number of events to a call, 1 to 10,000; 0 = 10,000. AWS also ends a page at 1 MB.
	PageSize int
	// Tail is for [Client.Tail] alone; nil = defaults.
	Tail *TailOptions
}

// maxGroups bounds the pages that are in memory at once: one to a group.
const maxGroups = 100

// headless is the first time from which AWS reads newest first.
func headless() time.Time { return time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) }

// check gives every problem.
func (q Query) check(tail bool) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(q.Groups) == 0 || len(q.Groups) > maxGroups {
		bad("Groups: %d, not 1 to %d", len(q.Groups), maxGroups)
	}
	seen := map[string]bool{}
	for i, g := range q.Groups {
		if err := checkGroup(g); err != nil {
			bad("Groups[%d]: %w", i, err)
		} else if seen[g] {
			bad("Groups[%d]: %s is named twice", i, g)
		}
		seen[g] = true
	}
	if len(q.Streams) > 0 && q.StreamPrefix != "" {
		bad("Streams and StreamPrefix: one of both")
	}
	if len(q.Streams) > 100 {
		bad("Streams: %d, more than 100", len(q.Streams))
	}
	for i, s := range q.Streams {
		if err := checkStream(s); err != nil {
			bad("Streams[%d]: %w", i, err)
		}
	}
	if q.StreamPrefix != "" {
		if err := checkStream(q.StreamPrefix); err != nil {
			bad("StreamPrefix: %w", err)
		}
	}
	if len(q.Pattern) > 1024 {
		bad("Pattern: %d bytes, more than 1,024", len(q.Pattern))
	}
	if q.PageSize < 0 || q.PageSize > 10_000 {
		bad("PageSize: %d is not in 1 to 10,000", q.PageSize)
	}
	if !q.End.IsZero() && !q.Start.Before(q.End) {
		bad("End: not after Start")
	}
	if !q.Start.IsZero() && q.Start.UnixMilli() < 0 {
		bad("Start: before 1970")
	}
	if tail {
		if q.NewestFirst {
			bad("NewestFirst: of no use to a Tail")
		}
		if !q.End.IsZero() {
			bad("End: a Tail has none: use Read")
		}
		problems = append(problems, q.Tail.check())
	} else if q.NewestFirst && q.Start.Before(headless()) {
		bad("NewestFirst: needs a Start in 2024 or later")
	}
	if !q.After.IsZero() && q.After.query != q.identity() {
		bad("After: %w: it is of another query", ErrCursor)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%w: %w", awsops.ErrInvalid, err)
	}
	return nil
}

// identity tells queries apart, so that a cursor is not used with another.
func (q Query) identity() uint64 {
	h := sha256.New()
	for _, list := range [][]string{q.Groups, q.Streams, {q.StreamPrefix, q.Pattern, strconv.FormatBool(q.NewestFirst)}} {
		_, _ = io.WriteString(h, strconv.Itoa(len(list))+";")
		for _, s := range list {
			_, _ = io.WriteString(h, strconv.Itoa(len(s))+":"+s)
		}
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func isARN(group string) bool { return strings.HasPrefix(group, "arn:") }

// groupName is the name in an ARN, or the name itself.
func groupName(group string) string {
	if !isARN(group) {
		return group
	}
	_, name, _ := strings.Cut(group, ":log-group:")
	return strings.TrimSuffix(name, ":*")
}

// checkGroup: names are 1 to 512 of letters, digits and "_-/.#" (API reference of CreateLogGroup, read 2026-11).
func checkGroup(group string) error {
	switch {
	case group == "":
		return errors.New("is empty")
	case isARN(group) && strings.HasSuffix(group, "*"):
		return fmt.Errorf("%q: the ARN without \":*\" at its end", group)
	case isARN(group) && (strings.Count(group, ":") != 6 || !strings.Contains(group, ":logs:") || !strings.Contains(group, ":log-group:")):
		return fmt.Errorf("%q is not the ARN of a log group", group)
	}
	name := groupName(group)
	if name == "" || len(name) > 512 {
		return fmt.Errorf("%q: a name has 1 to 512 characters", group)
	}
	if i := strings.IndexFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-/.#", r)
	}); i >= 0 {
		return fmt.Errorf("%q: a name has letters, digits and _-/.# only", group)
	}
	return nil
}

// checkStream: names are 1 to 512 characters without ":" and "*" (API reference of CreateLogStream, read 2026-11).
func checkStream(name string) error {
	if name == "" || len(name) > 512 || strings.ContainsAny(name, ":*") {
		return fmt.Errorf("%q: a stream's name has 1 to 512 characters, none of them : or *", name)
	}
	return nil
}
