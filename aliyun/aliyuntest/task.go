package aliyuntest

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// Task is something that was ordered for a domain. It waits for the first half of [Options].TaskTime, runs for the second,
// and only then has its effect, or fails.
type Task struct {
	No      string            `json:"no"`
	Op      string            `json:"op"` // the action that ordered it
	Type    string            `json:"type"`
	Domain  string            `json:"domain"`
	Args    map[string]string `json:"args,omitempty"`
	Created time.Time         `json:"created"`
	DoneAt  time.Time         `json:"doneAt"`
	Ended   bool              `json:"ended,omitempty"`
	Failure string            `json:"failure,omitempty"` // why it failed
	Result  string            `json:"result,omitempty"`
	Doomed  string            `json:"doomed,omitempty"` // what FailNextTask has in store for it
}

const defaultTaskTime = 2 * time.Second

// FailNextTask lets the next task that op orders fail with this reason, after the call that ordered it succeeded. Several
// calls queue up.
func (s *Server) FailNextTask(op, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failTask[op] = append(s.failTask[op], reason)
}

// Tasks are all tasks that were ever ordered, oldest first, as they are now.
func (s *Server) Tasks() []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	var all []Task
	for _, t := range s.state.Tasks {
		all = append(all, *t)
	}
	return all
}

// queue orders a task and returns its number.
func (s *Server) queue(op, typ, domain string, args map[string]string) string {
	now := s.opts.Now()
	t := &Task{No: rand.Text(), Op: op, Type: typ, Domain: domain, Args: args, Created: now, DoneAt: now.Add(s.opts.TaskTime)}
	if due := s.failTask[op]; len(due) > 0 {
		t.Doomed, s.failTask[op] = due[0], due[1:]
	}
	s.state.Tasks = append(s.state.Tasks, t)
	return t.No
}

// advance lets everything happen that is due by the clock, in its order. What a task made is kept, since an auth code is
// made once; what follows from the clock alone can be worked out again.
func (s *Server) advance() {
	now := s.opts.Now()
	ended := false
	for {
		var next *Task
		for _, t := range s.state.Tasks {
			if !t.Ended && !t.DoneAt.After(now) && (next == nil || t.DoneAt.Before(next.DoneAt)) {
				next = t
			}
		}
		until := now
		if next != nil {
			until = next.DoneAt
		}
		for _, d := range s.state.Domains {
			s.advanceOut(d, until)
		}
		if next == nil {
			if ended {
				s.save()
			}
			return
		}
		next.Ended, ended = true, true
		next.Result, next.Failure = s.perform(next)
	}
}

// perform is the effect of a task, or why it fails.
func (s *Server) perform(t *Task) (result, failure string) {
	d := s.domain(t.Domain)
	switch {
	case t.Doomed != "":
		return "", t.Doomed
	case d == nil || d.Gone:
		return "", "The domain name does not exist in this account."
	}
	switch t.Type {
	case typeNameServers:
		switch {
		case d.UpdateLock.On():
			return "", "Domain status clientUpdateProhibited: the domain is locked (域名已设置禁止更新锁)"
		case d.Out.Status == aliyun.OutRequested: // unverified
			return "", "Domain status pendingTransfer prohibits the operation"
		}
		d.NameServers = strings.Fields(t.Args["names"])
	case typeUpdateLock:
		d.UpdateLock = lock(t.Args["on"])
	case typeTransferLock:
		d.TransferLock = lock(t.Args["on"])
	case typeDeleteDS:
		if d.UpdateLock.On() {
			return "", "Domain status clientUpdateProhibited: the domain is locked (域名已设置禁止更新锁)"
		}
		tag, _ := strconv.ParseUint(t.Args["tag"], 10, 16) // checked when it was ordered
		n := len(d.DS)
		d.DS = slices.DeleteFunc(d.DS, func(ds aliyun.DSRecord) bool { return uint64(ds.KeyTag) == tag })
		if len(d.DS) == n {
			return "", "The DS record does not exist."
		}
	case typeAuthCode:
		return s.issueCode(d, t.DoneAt)
	case typeApprove:
		if d.Out.Status != aliyun.OutRequested {
			return "", "The transfer is not in a status that can be approved."
		}
		s.leave(d, t.DoneAt)
	case typeCancel:
		switch d.Out.Status {
		case aliyun.OutPhoneCheck, aliyun.OutMailCheck, aliyun.OutCodeIssued, aliyun.OutRequested:
			d.Out.Status, d.Out.Code, d.Out.Message = aliyun.OutFailed, "clientRejected", "Transfer out rejected"
			d.Out.AuthCode = ""
		default:
			return "", "There is no transfer that can be cancelled."
		}
	}
	return "", ""
}

func lock(on string) aliyun.LockState {
	if on == "true" {
		return aliyun.LockOpen
	}
	return aliyun.LockClose
}

// status is the platform's text and number for a task at a moment.
func (t *Task) status(now time.Time, half time.Duration) (string, int) {
	switch {
	case t.Ended && t.Failure != "":
		return string(aliyun.TaskFailed), 3
	case t.Ended:
		return string(aliyun.TaskDone), 2
	case now.Before(t.Created.Add(half)):
		return string(aliyun.TaskQueued), 0
	}
	return string(aliyun.TaskRunning), 1
}

// taskDetails is QueryTaskDetailList.
func (s *Server) taskDetails(q params) (map[string]any, *refusal) {
	if refused := q.missing("TaskNo", "PageNum", "PageSize"); refused != nil {
		return nil, refused
	}
	list := []map[string]any{}
	for _, t := range s.state.Tasks {
		if t.No != q.Get("TaskNo") || q.Get("DomainName") != "" && !strings.EqualFold(q.Get("DomainName"), t.Domain) {
			continue
		}
		status, code := t.status(s.opts.Now(), s.opts.TaskTime/2)
		m := map[string]any{
			"TaskNo": t.No, "TaskDetailNo": t.No + "-1", "DomainName": t.Domain, "TaskType": t.Type, "TaskStatus": status, "TaskStatusCode": code,
			"CreateTime": t.Created.In(beijing()).Format(time.DateTime), "TryCount": 0,
		}
		if t.Ended {
			m["UpdateTime"] = t.DoneAt.In(beijing()).Format(time.DateTime)
			m["TaskResult"], m["ErrorMsg"] = t.Result, "The operation is successful."
			if t.Failure != "" {
				m["FailReason"], m["ErrorMsg"] = t.Failure, t.Failure
			}
		}
		list = append(list, m)
	}
	return map[string]any{
		"CurrentPageNum": 1, "TotalItemNum": len(list), "TotalPageNum": 1, "NextPage": false, "PrePage": false,
		"Data": map[string]any{"TaskDetail": list},
	}, nil
}

// taskList is QueryTaskList, newest first.
func (s *Server) taskList(q params) (map[string]any, *refusal) {
	if refused := q.missing("PageNum", "PageSize"); refused != nil {
		return nil, refused
	}
	page, err := strconv.Atoi(q.Get("PageNum"))
	size, sizeErr := strconv.Atoi(q.Get("PageSize"))
	if cmp.Or(err, sizeErr) != nil || page < 1 || size < 1 {
		return nil, gateway("InvalidPageSize", "The specified page is invalid.")
	}
	since, err := strconv.ParseInt(orElse(q.Get("BeginCreateTime"), "0"), 10, 64)
	if err != nil {
		return nil, gateway("InvalidBeginCreateTime", "The specified BeginCreateTime is invalid.")
	}
	var found []map[string]any
	for _, t := range slices.Backward(s.state.Tasks) {
		if t.Created.UnixMilli() < since {
			continue
		}
		status := "EXECUTING"
		if t.Ended {
			status = "COMPLETE"
		}
		found = append(found, map[string]any{
			"TaskNo": t.No, "TaskType": t.Type, "TaskStatus": status, "TaskNum": 1, "CreateTime": t.Created.In(beijing()).Format(time.DateTime),
		})
	}
	return map[string]any{
		"CurrentPageNum": page, "TotalItemNum": len(found), "NextPage": page*size < len(found),
		"Data": map[string]any{"TaskInfo": append([]map[string]any{}, cut(found, page, size)...)},
	}, nil
}
