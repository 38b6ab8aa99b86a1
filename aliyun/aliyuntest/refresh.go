package aliyuntest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How many a day has, and how long they take.
const (
	refreshURLs, refreshDirectories, refreshRegexes, pushURLs = 10_000, 100, 20, 1000

	refreshTakes = 5 * time.Minute
	pushTakes    = 20 * time.Minute
)

// cdnTask is one path of a refresh or push.
type cdnTask struct {
	id, path, kind string
	at             time.Time
	takes          time.Duration
}

// used is what of the day's quota is gone, by kind. The day is that of UTC+8.
func (s *Server) used() map[string]int {
	today := s.opts.Now().In(beijing()).Format(time.DateOnly)
	out := map[string]int{}
	for _, t := range s.cdnTasks {
		if t.at.In(beijing()).Format(time.DateOnly) == today {
			out[t.kind]++
		}
	}
	return out
}

// refreshQuota is DescribeRefreshQuota: every number is a string.
func (s *Server) refreshQuota(params) (map[string]any, *refusal) {
	used := s.used()
	left := func(most int, kinds ...string) string {
		for _, kind := range kinds {
			most -= used[kind]
		}
		return strconv.Itoa(most)
	}
	return map[string]any{
		"UrlQuota": strconv.Itoa(refreshURLs), "UrlRemain": left(refreshURLs, "file", "exquery"),
		"DirQuota": strconv.Itoa(refreshDirectories), "DirRemain": left(refreshDirectories, "directory"),
		"RegexQuota": strconv.Itoa(refreshRegexes), "RegexRemain": left(refreshRegexes, "regex"),
		"PreloadQuota": strconv.Itoa(pushURLs), "PreloadRemain": left(pushURLs, "preload"),
	}, nil
}

// refresh is RefreshObjectCaches.
func (s *Server) refresh(q params) (map[string]any, *refusal) {
	kind := strings.ToLower(q.Get("ObjectType"))
	most := map[string][2]int{"": {1000, refreshURLs}, "file": {1000, refreshURLs}, "exquery": {1000, refreshURLs}, "directory": {100, refreshDirectories}, "regex": {1, refreshRegexes}}
	limits, known := most[kind]
	if !known {
		return nil, cdnRefusal(400, "InvalidObjectType.Malformed", "The specified ObjectType is not valid")
	}
	if kind == "" {
		kind = "file"
	}
	return s.orderPaths(q, kind, limits[0], limits[1], refreshTakes, "RefreshTaskId")
}

// pushCache is PushObjectCache.
func (s *Server) pushCache(q params) (map[string]any, *refusal) {
	return s.orderPaths(q, "preload", 100, pushURLs, pushTakes, "PushTaskId")
}

func (s *Server) orderPaths(q params, kind string, perCall, perDay int, takes time.Duration, idName string) (map[string]any, *refusal) {
	if refused := q.missing("ObjectPath"); refused != nil {
		return nil, refused
	}
	paths := strings.Split(q.Get("ObjectPath"), "\n")
	hosts := map[string]bool{}
	for _, p := range paths {
		u, err := url.Parse(p)
		switch {
		case kind == "regex":
			continue
		case err != nil || u.Host == "", kind == "directory" && !strings.HasSuffix(u.Path, "/"):
			return nil, cdnRefusal(400, "InvalidObjectPath.Malformed", "The specified ObjectPath is malformed")
		case s.cdn[u.Hostname()] == nil:
			return nil, cdnRefusal(404, "InvalidDomain.NotFound", "The domain provided does not belong to you.")
		}
		hosts[u.Hostname()] = true
	}
	switch {
	case len(paths) > perCall || len(hosts) > 10:
		return nil, cdnRefusal(400, "InvalidObjectPath.TooMany", "too many paths or domains in one call")
	case s.used()[kind]+len(paths) > perDay:
		return nil, cdnRefusal(400, "QuotaExceeded.Refresh", "You have exceeded the quota of the day")
	}
	s.taskID++
	id := strconv.FormatInt(9_000_000_000+int64(s.taskID), 10)
	for _, p := range paths {
		s.cdnTasks = append(s.cdnTasks, cdnTask{id, p, kind, s.opts.Now(), takes})
	}
	return map[string]any{idName: id}, nil
}

// refreshTasks is DescribeRefreshTasks, newest first. A path that holds "fail" fails.
func (s *Server) refreshTasks(q params) (map[string]any, *refusal) {
	size, page := number(q, "PageSize", 20), number(q, "PageNumber", 1)
	if size < 1 || size > 100 || page < 1 {
		return nil, cdnRefusal(400, "InvalidParameter", "PageSize or PageNumber is out of range")
	}
	now := s.opts.Now()
	ids := strings.Split(q.Get("TaskId"), ",")
	var list []map[string]any
	for _, t := range slices.Backward(s.cdnTasks) {
		done := min(100, int(100*now.Sub(t.at)/t.takes))
		status := "Refreshing"
		switch {
		case done == 100 && strings.Contains(t.path, "fail"):
			status = "Failed"
		case done == 100:
			status = "Complete"
		case done == 0:
			status = "Pending"
		}
		if q.Get("TaskId") != "" && !slices.Contains(ids, t.id) || q.Get("ObjectPath") != "" && q.Get("ObjectPath") != t.path ||
			q.Get("ObjectType") != "" && q.Get("ObjectType") != t.kind || q.Get("Status") != "" && q.Get("Status") != status {
			continue
		}
		list = append(list, map[string]any{
			"TaskId": t.id, "ObjectPath": t.path, "ObjectType": t.kind, "Status": status, "Process": strconv.Itoa(done) + "%",
			"CreationTime": t.at.UTC().Format(time.RFC3339),
		})
	}
	from := min((page-1)*size, len(list))
	return map[string]any{"TotalCount": len(list), "Tasks": map[string]any{"CDNTask": list[from:min(from+size, len(list))]}}, nil
}

// CDNPaths are the paths that were refreshed or pushed, and how often.
func (s *Server) CDNPaths() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for _, t := range s.cdnTasks {
		out[t.kind+" "+t.path]++
	}
	return out
}
