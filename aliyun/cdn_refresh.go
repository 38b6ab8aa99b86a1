package aliyun

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/pages"
	"github.com/kitroll/kitroll/internal/poll"
)

// RefreshType is what the paths of a refresh are.
type RefreshType string

// The types, with how many go into one call and into a day of an account, unless the platform has raised it.
const (
	RefreshFile      RefreshType = "File"      // URLs: 1000, 10,000
	RefreshDirectory RefreshType = "Directory" // URLs that end in /: 100, 100
	RefreshRegex     RefreshType = "Regex"     // 1, 20
	RefreshExQuery   RefreshType = "ExQuery"   // URLs without regard to their queries: 1000, 10,000
)

func (t RefreshType) perCall() int {
	switch t {
	case RefreshDirectory:
		return 100
	case RefreshRegex:
		return 1
	}
	return 1000
}

// maxRefreshHosts and maxPush are limits of one call; that of a push is unverified.
const (
	maxRefreshHosts = 10
	maxPushURLs     = 100
)

// RefreshOptions are the options of [CDN.Refresh]. nil is all defaults.
type RefreshOptions struct {
	Type  RefreshType // "" = RefreshFile
	Force bool        // also where the origin's file has not changed
}

// PushOptions are the options of [CDN.Push]. nil is all defaults.
type PushOptions struct {
	Area       string // "domestic" or "overseas"; "" = both
	L2         bool   // only into the second layer of caches
	WithHeader string // JSON of request headers to fetch with
}

// Quota is what is left of the day.
type Quota struct {
	URLs, Directories, Regexes, Pushes     int // how many a day has
	URLsLeft, DirectoriesLeft, RegexesLeft int
	PushesLeft                             int
}

// Quota asks what is left of the day's refreshes and pushes.
//
// Source: DescribeRefreshQuota, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) Quota(ctx context.Context) (Quota, error) {
	const op = "DescribeRefreshQuota"
	var a struct{ URLQuota, URLRemain, DirQuota, DirRemain, RegexQuota, RegexRemain, PreloadQuota, PreloadRemain text }
	if err := c.call(ctx, op, nil, true, &a); err != nil {
		return Quota{}, err
	}
	var q Quota
	for to, from := range map[*int]text{
		&q.URLs: a.URLQuota, &q.URLsLeft: a.URLRemain, &q.Directories: a.DirQuota, &q.DirectoriesLeft: a.DirRemain,
		&q.Regexes: a.RegexQuota, &q.RegexesLeft: a.RegexRemain, &q.Pushes: a.PreloadQuota, &q.PushesLeft: a.PreloadRemain,
	} {
		n, err := strconv.Atoi(string(from)) // every number is a string
		if err != nil {
			return Quota{}, &Error{Product: CDNProduct, Op: op, Sent: true, Message: "the answer lacks a number"}
		}
		*to = n
	}
	return q, nil
}

// left is what is left for paths of this type.
func (q Quota) left(t RefreshType) int {
	switch t {
	case RefreshDirectory:
		return q.DirectoriesLeft
	case RefreshRegex:
		return q.RegexesLeft
	}
	return q.URLsLeft
}

// Refresh has the nodes forget what they have of these URLs, which takes 5 to 6 minutes. It asks for the quota first: when
// it does not do for all paths, nothing is sent and the error is [ErrQuota]. More paths than one call takes are several
// calls; when one fails, the Task beside the error is of those before it. One of [ErrUnknownOutcome] can be repeated at
// the price of its quota, or looked up by [CDN.Tasks].
//
// Source: RefreshObjectCaches, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) Refresh(ctx context.Context, paths []string, opts *RefreshOptions) (*CDNTask, error) {
	var o RefreshOptions
	if opts != nil {
		o = *opts
	}
	o.Type = orDefault(o.Type, RefreshFile)
	const op = "RefreshObjectCaches"
	if problems := pathProblems(paths, o.Type); len(problems) > 0 {
		return nil, badInput(CDNProduct, op, problems...)
	}
	q, err := c.Quota(ctx)
	if err != nil {
		return nil, err
	}
	if left := q.left(o.Type); left < len(paths) {
		return nil, quotaError(op, len(paths), left)
	}
	params := map[string]string{"ObjectType": string(o.Type)}
	if o.Force {
		params["Force"] = "true"
	}
	return c.order(ctx, op, params, "RefreshTaskId", portions(paths, o.Type.perCall()))
}

// Push has the nodes fetch these URLs now, which takes 5 to 30 minutes. Quota, portions and errors are as with
// [CDN.Refresh].
//
// Source: PushObjectCache, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) Push(ctx context.Context, urls []string, opts *PushOptions) (*CDNTask, error) {
	var o PushOptions
	if opts != nil {
		o = *opts
	}
	const op = "PushObjectCache"
	problems := pathProblems(urls, RefreshFile)
	if o.Area != "" && o.Area != "domestic" && o.Area != "overseas" {
		problems = append(problems, fmt.Sprintf("Area %q must be domestic or overseas", o.Area))
	}
	if len(problems) > 0 {
		return nil, badInput(CDNProduct, op, problems...)
	}
	q, err := c.Quota(ctx)
	if err != nil {
		return nil, err
	}
	if q.PushesLeft < len(urls) {
		return nil, quotaError(op, len(urls), q.PushesLeft)
	}
	params := map[string]string{"Area": o.Area, "WithHeader": o.WithHeader}
	if o.L2 {
		params["L2Preload"] = "true"
	}
	return c.order(ctx, op, params, "PushTaskId", portions(urls, maxPushURLs))
}

func quotaError(op string, want, left int) *Error {
	return &Error{
		Kind: ErrQuota, Product: CDNProduct, Op: op, Message: fmt.Sprintf("%d paths, and %d are left of today", want, left),
		Hint:   "the day ends at midnight of UTC+8; fewer, larger directories take less of it",
		HintZH: "当日刷新预热额度不足，北京时间零点重置；可改用目录刷新",
	}
}

func pathProblems(paths []string, t RefreshType) (out []string) {
	if len(paths) == 0 {
		out = append(out, "there is no path")
	}
	for i, p := range paths {
		u, err := url.Parse(p)
		switch {
		case strings.ContainsAny(p, "\r\n"):
			out = append(out, fmt.Sprintf("path %d has a line break, which separates paths", i))
		case t == RefreshRegex:
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			out = append(out, fmt.Sprintf("path %d is no URL: scheme and host are needed", i))
		case t == RefreshDirectory && !strings.HasSuffix(u.Path, "/"):
			out = append(out, fmt.Sprintf("path %d is no directory: it must end in /", i))
		}
	}
	return out
}

// portions are calls of at most n paths of at most ten hosts.
func portions(paths []string, n int) (out [][]string) {
	var hosts map[string]bool
	for _, p := range paths {
		host := ""
		if u, err := url.Parse(p); err == nil {
			host = u.Host
		}
		if last := len(out) - 1; last < 0 || len(out[last]) == n || len(hosts) == maxRefreshHosts && !hosts[host] {
			out, hosts = append(out, nil), map[string]bool{}
		}
		hosts[host] = true
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// order makes the calls one after the other.
func (c *CDN) order(ctx context.Context, op string, params map[string]string, idName string, calls [][]string) (*CDNTask, error) {
	task := &CDNTask{cdn: c}
	for _, paths := range calls {
		params["ObjectPath"] = strings.Join(paths, "\n")
		var a map[string]any
		if err := c.call(ctx, op, params, false, &a); err != nil {
			return task.orNil(), err
		}
		ids, _ := a[idName].(string)
		if ids == "" {
			e := &Error{Kind: ErrUnknownOutcome, Product: CDNProduct, Op: op, Sent: true, Message: "the answer has no task"}
			e.advise()
			return task.orNil(), e
		}
		task.ids = append(task.ids, strings.Split(ids, ",")...)
	}
	return task, nil
}

// CDNTask is a refresh or push that was ordered.
type CDNTask struct {
	cdn *CDN
	ids []string
}

func (t *CDNTask) orNil() *CDNTask {
	if len(t.ids) == 0 {
		return nil
	}
	return t
}

// Task is the handle again, after a restart, by what [CDNTask.IDs] was.
func (c *CDN) Task(ids string) *CDNTask { return &CDNTask{c, strings.Split(ids, ",")} }

// IDs are the IDs with commas between them: what to keep for [CDN.Task].
func (t *CDNTask) IDs() string { return strings.Join(t.ids, ",") }

// CDNTaskStatus is how far a task has come.
type CDNTaskStatus struct {
	Total, Complete, Failed int // paths that the platform names
	Percent                 int // of the slowest
}

// Done reports whether nothing is waited for any more.
func (s CDNTaskStatus) Done() bool { return s.Total > 0 && s.Complete+s.Failed == s.Total }

// CDNTaskInfo is one path of a task.
type CDNTaskInfo struct {
	TaskID, Path, Type, Status string // Status: "Complete", "Refreshing", "Failed", "Pending"
	Percent                    int
	CreatedAt                  time.Time // zero = not said
}

// CDNTaskQuery says which tasks: by ID, or by path, or by type and status. The zero value is those of the last days.
type CDNTaskQuery struct {
	TaskIDs string // with commas
	Path    string
	Type    RefreshType
	Status  string
}

// Tasks are refreshes and pushes, one for each path, page by page as they are ranged over.
//
// Source: DescribeRefreshTasks, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) Tasks(ctx context.Context, q CDNTaskQuery) iter.Seq2[CDNTaskInfo, error] {
	const size = 100
	return pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[CDNTaskInfo, int], error) {
		var a struct {
			TotalCount text
			Tasks      struct {
				CDNTask []struct {
					TaskID                                  text `json:"TaskId"`
					ObjectPath, ObjectType, Status, Process string
					CreationTime                            string
				}
			}
		}
		err := c.call(ctx, "DescribeRefreshTasks", map[string]string{
			"TaskId": q.TaskIDs, "ObjectPath": q.Path, "ObjectType": strings.ToLower(string(q.Type)), "Status": q.Status,
			"PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(size),
		}, true, &a)
		var out pages.Page[CDNTaskInfo, int]
		for _, t := range a.Tasks.CDNTask {
			percent, _ := strconv.Atoi(strings.TrimSuffix(t.Process, "%"))
			at, _ := time.Parse(time.RFC3339, t.CreationTime)
			out.Items = append(out.Items, CDNTaskInfo{string(t.TaskID), t.ObjectPath, t.ObjectType, t.Status, percent, at})
		}
		total, terr := strconv.Atoi(string(a.TotalCount))
		out.More = len(out.Items) > 0 && (page*size < total || terr != nil && len(out.Items) == size)
		out.Next = page + 1
		return out, err
	})
}

// maxTaskIDs is how many IDs go into one look (unverified).
const maxTaskIDs = 50

// Poll looks once.
func (t *CDNTask) Poll(ctx context.Context) (CDNTaskStatus, error) {
	out := CDNTaskStatus{Percent: 100}
	for some := range slices.Chunk(t.ids, maxTaskIDs) {
		for info, err := range t.cdn.Tasks(ctx, CDNTaskQuery{TaskIDs: strings.Join(some, ",")}) {
			if err != nil {
				return CDNTaskStatus{}, err
			}
			out.Total++
			switch {
			case strings.EqualFold(info.Status, "Complete"):
				out.Complete++
				continue
			case strings.EqualFold(info.Status, "Failed"):
				out.Failed++
			}
			out.Percent = min(out.Percent, info.Percent)
		}
	}
	if out.Total == 0 { // not in the list yet
		out.Percent = 0
	}
	return out, nil
}

// CDNTaskWaitOptions say how patiently to look. nil is all defaults.
type CDNTaskWaitOptions struct {
	Interval time.Duration       // between two looks; 0 = 15 s
	Progress func(CDNTaskStatus) // after every look, on the caller's goroutine
}

// Wait looks until the task is done. It has no timeout of its own: bound it with ctx, and go on with [CDN.Task]. Paths
// that failed are [ErrTaskFailed], with the status beside it.
func (t *CDNTask) Wait(ctx context.Context, opts *CDNTaskWaitOptions) (last CDNTaskStatus, err error) {
	var o CDNTaskWaitOptions
	if opts != nil {
		o = *opts
	}
	err = poll.Until(ctx, poll.Schedule{First: o.Interval}, nil, func(ctx context.Context) (bool, error) {
		s, err := t.Poll(ctx)
		if err != nil {
			return false, err
		}
		if last = s; o.Progress != nil {
			o.Progress(s)
		}
		return s.Done(), nil
	})
	if err == nil && last.Failed > 0 {
		err = &Error{Kind: ErrTaskFailed, Product: CDNProduct, Op: "Wait", Message: fmt.Sprintf("%d of %d paths failed", last.Failed, last.Total)}
	}
	return last, err
}
