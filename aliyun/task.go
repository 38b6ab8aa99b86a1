package aliyun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/pages"
	"github.com/kitroll/kitroll/internal/poll"
)

// TaskStatus is how far a domain task is. Texts that are not known are kept, and count as running.
type TaskStatus string

// The states of a task.
const (
	TaskQueued  TaskStatus = "WAITING_EXECUTE"
	TaskRunning TaskStatus = "EXECUTING"
	TaskDone    TaskStatus = "EXECUTE_SUCCESS"
	TaskFailed  TaskStatus = "EXECUTE_FAILURE"
)

// DomainTask is something that was ordered for a domain and that the platform does in its own time. Its number is all that
// there is to keep: [Domains.Task] makes the handle again.
type DomainTask struct {
	Domain string
	No     string

	d *Domains
}

// Task is the handle of a task that was begun before, maybe by another process.
func (d *Domains) Task(domain, no string) *DomainTask {
	return &DomainTask{Domain: domain, No: no, d: d}
}

// TaskState is a task at one moment. It prints without the task's result, which may be an auth code.
type TaskState struct {
	Status  TaskStatus
	Type    string  // "CHG_DNS", "SET_UPDATE_PROHIBITED", …
	Reason  string  // why it failed, redacted; "" unless it did
	Result  Private // what the task was for, where it was to find something out: the auth code
	Created time.Time
	Updated time.Time
}

// Done reports whether the task has come to its end, either way.
func (s TaskState) Done() bool { return s.Status == TaskDone || s.Status == TaskFailed }

const taskOp = "QueryTaskDetailList"

// Poll asks once. A task that failed is no error here: [DomainTask.Wait] makes it one. Errors: fs.ErrNotExist when the
// platform does not know the task, or not yet; else as [Client.Call] reports them. It is retried.
//
// Source: QueryTaskDetailList, API Domain 2018-01-29 (read 2026-11).
func (t *DomainTask) Poll(ctx context.Context) (TaskState, error) {
	problems := domainProblems(t.Domain)
	if t.No == "" {
		problems = append(problems, "the number of the task is empty")
	}
	if len(problems) > 0 {
		return TaskState{}, badInput(DomainProduct, taskOp, problems...)
	}
	states, err := t.d.details(ctx, t.Domain, t.No)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.TaskNo = t.No
		}
		return TaskState{}, err
	}
	if len(states) == 0 {
		e := &Error{Product: DomainProduct, Op: taskOp, TaskNo: t.No, Sent: true, Message: "no such task for " + t.Domain}
		e.setKinds(notThere().kinds)
		e.advise()
		return TaskState{}, e
	}
	return states[0], nil
}

// details are what the platform says of a task and this domain, of which there is one.
func (d *Domains) details(ctx context.Context, domain, no string) ([]TaskState, error) {
	var a struct {
		Data struct {
			TaskDetail []struct {
				DomainName, TaskType, TaskStatus, TaskResult, FailReason, ErrorMsg, CreateTime, UpdateTime string
				TaskStatusCode                                                                             text
			}
		}
	}
	err := d.call(ctx, taskOp, map[string]string{
		"TaskNo": no, "DomainName": domain, "PageNum": "1", "PageSize": "20",
	}, true, &a)
	if err != nil {
		return nil, err
	}
	var states []TaskState
	for _, w := range a.Data.TaskDetail {
		if w.DomainName != "" && !strings.EqualFold(w.DomainName, domain) {
			continue
		}
		s := TaskState{
			Status: taskStatus(w.TaskStatus, string(w.TaskStatusCode)), Type: w.TaskType, Result: Private{w.TaskResult},
			Created: platformTime(w.CreateTime), Updated: platformTime(w.UpdateTime),
		}
		if s.Status == TaskFailed {
			s.Reason = shown(cmp.Or(w.FailReason, w.ErrorMsg, "no reason given"))
			s.Result = Private{}
		}
		states = append(states, s)
	}
	return states, nil
}

// taskStatus prefers the text; the number helps where there is none.
func taskStatus(status, code string) TaskStatus {
	if status != "" {
		return TaskStatus(strings.ToUpper(shown(status)))
	}
	switch code {
	case "0":
		return TaskQueued
	case "1":
		return TaskRunning
	case "2":
		return TaskDone
	case "3":
		return TaskFailed
	}
	return TaskStatus("status " + code)
}

// WaitOptions are how to wait. nil has the defaults.
type WaitOptions struct {
	Interval time.Duration   // between two looks; 0 = 5 s
	Progress func(TaskState) // after every look, on the caller's goroutine
}

const defaultTaskInterval = 5 * time.Second

// Wait looks every opts.Interval until the task is done. It has no timeout of its own: bound it with ctx, and go on with
// [Domains.Task].
//
// Errors: [ErrTaskFailed] with the platform's reason when the task failed, and [ErrLocked] as well when the reason is a
// lock; the cause of ctx; else as [DomainTask.Poll] has them. A task that the platform does not know at first is waited for:
// it may not be listed yet (unverified).
func (t *DomainTask) Wait(ctx context.Context, opts *WaitOptions) (TaskState, error) {
	o := WaitOptions{}
	if opts != nil {
		o = *opts
	}
	var state TaskState
	missing := 0
	err := poll.Until(ctx, poll.Schedule{First: orDefault(o.Interval, defaultTaskInterval)}, nil, func(ctx context.Context) (bool, error) {
		s, err := t.Poll(ctx)
		if isNotThere(err) && missing < 3 {
			missing++
			return false, nil
		}
		if err != nil {
			return false, err
		}
		state = s
		if o.Progress != nil {
			o.Progress(s)
		}
		return s.Done(), nil
	})
	if err != nil {
		if _, ours := errors.AsType[*Error](err); !ours {
			err = fmt.Errorf("aliyun: task %s of %s (%s): %w", t.No, t.Domain, orDefault(state.Status, "not seen yet"), err)
		}
		return state, err
	}
	return state, state.failure(t.No)
}

// failure is the error of a task that failed.
func (s TaskState) failure(no string) error {
	if s.Status != TaskFailed {
		return nil
	}
	e := &Error{
		Kind: ErrTaskFailed, Product: DomainProduct, Op: orDefault(s.Type, "task"), TaskNo: no, Sent: true,
		Message: "the task failed: " + s.Reason,
	}
	lower := strings.ToLower(s.Reason)
	if strings.Contains(lower, "prohibit") || strings.Contains(lower, "locked") || strings.Contains(s.Reason, "锁") { // unverified
		e.also = []error{ErrLocked}
	}
	e.advise()
	return e
}

// TaskInfo is a task in the account's list.
type TaskInfo struct {
	No      string
	Type    string // "CHG_DNS", "SET_UPDATE_PROHIBITED", …
	Status  string // "COMPLETE" where all its domains are done, either way
	Created time.Time
}

const taskPage = 100

// Tasks are the account's domain tasks since then, newest first as the platform lists them (unverified). It is the way to a
// task whose number was lost with the answer. Ranging again asks again. It is retried.
//
// Source: QueryTaskList, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) Tasks(ctx context.Context, since time.Time) iter.Seq2[TaskInfo, error] {
	return pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[TaskInfo, int], error) {
		var a struct {
			NextPage bool
			Data     struct {
				TaskInfo []struct {
					TaskNo, TaskType, TaskStatus, CreateTime string
					CreateTimeLong                           text
				}
			}
		}
		err := d.call(ctx, "QueryTaskList", map[string]string{
			"BeginCreateTime": strconv.FormatInt(since.UnixMilli(), 10), "PageNum": strconv.Itoa(page), "PageSize": strconv.Itoa(taskPage),
		}, true, &a)
		if err != nil {
			return pages.Page[TaskInfo, int]{}, err
		}
		p := pages.Page[TaskInfo, int]{Next: page + 1, More: a.NextPage && len(a.Data.TaskInfo) > 0}
		for _, t := range a.Data.TaskInfo {
			p.Items = append(p.Items, TaskInfo{No: t.TaskNo, Type: t.TaskType, Status: t.TaskStatus, Created: instant(t.CreateTimeLong, t.CreateTime)})
		}
		return p, nil
	})
}
