package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// MassStatus is the platform's msg_status.
type MassStatus string

// The states of a mass send. Others are kept as they come, and taken for still going on.
const (
	MassSent    MassStatus = "SEND_SUCCESS"
	MassSending MassStatus = "SENDING"
	MassFailed  MassStatus = "SEND_FAIL" // to all or to some
	MassDeleted MassStatus = "DELETE"    // sent, then deleted
)

// MassState is what one poll of a mass send told.
type MassState struct {
	ID     MsgID
	Status MassStatus
}

// Done tells whether the job has come to an end, good or bad.
func (s MassState) Done() bool {
	return s.Status == MassSent || s.Status == MassFailed || s.Status == MassDeleted
}

// MassResult is a mass send that succeeded.
type MassResult struct {
	ID     MsgID
	Status MassStatus

	// Report is how many got it, under which URLs, and what the originality check said. It is in the platform's push
	// (MASSSENDJOBFINISH) alone, and no call returns it: nil without WaitOptions.Events, and when the push was lost.
	Report *MassReport
}

// MassError is a mass send that came to a bad end, to all or to some of those who were meant. Why is in Report, which
// is nil without WaitOptions.Events and when the push was lost: no call returns it. errors.Is finds ErrContent in what
// the content was the reason for, ErrPermission where an administrator did not confirm, and ErrNotFound in what was
// deleted.
type MassError struct {
	State  MassState
	Report *MassReport
}

func (e *MassError) Error() string {
	text := fmt.Sprintf("wechat: mass send %s: %s", e.State.ID, e.State.Status)
	if e.Report == nil {
		return text + " (the reason is on mp.weixin.qq.com, or in the MASSSENDJOBFINISH push)"
	}
	text += fmt.Sprintf(": %s (sent to %d of %d)", e.Report.Status, e.Report.Sent, e.Report.Total)
	if why := e.Report.Reason("en"); why != "" {
		text += ": " + why
	}
	return text
}

// Is matches the kinds of this package.
func (e *MassError) Is(kind error) bool {
	if e.State.Status == MassDeleted {
		return kind == ErrNotFound
	}
	if e.Report != nil {
		if code, ok := e.Report.Code(); ok {
			_, _, is := massReason(code)
			return is != nil && kind == is
		}
	}
	return false
}

// MassJob is a mass send that the platform has accepted, which is not yet one that was delivered.
type MassJob struct {
	Replayed bool // the platform had this send already (45065): nothing was sent again

	id   MsgID
	data MsgID
	poll func(context.Context) (MassState, error)
}

// NewMassJob makes a handle that asks poll: for test doubles and middleware.
func NewMassJob(id MsgID, poll func(context.Context) (MassState, error)) *MassJob {
	return &MassJob{id: id, poll: poll}
}

// MassJob is the handle of a send from its ID, after a restart. It asks nothing by itself.
func (c *Client) MassJob(id MsgID) *MassJob {
	return NewMassJob(id, func(ctx context.Context) (MassState, error) { return c.massState(ctx, id) })
}

// ID is the platform's msg_id, to be written down at once.
func (j *MassJob) ID() MsgID { return j.id }

// DataID is the msg_data_id that joins a News with the account's statistics; empty for other messages, for a replayed
// job and for a handle from an ID.
func (j *MassJob) DataID() MsgID { return j.data }

func (c *Client) massState(ctx context.Context, id MsgID) (MassState, error) {
	const op = "message/mass/get"
	if id == "" {
		return MassState{}, invalid(op, []error{errors.New("MsgID is empty")})
	}
	var out struct {
		Status string `json:"msg_status"`
	}
	in := struct {
		ID MsgID `json:"msg_id"`
	}{id}
	if err := c.post(ctx, call{op: op, effect: harmless}, in, &out); err != nil {
		return MassState{}, err
	}
	if out.Status == "" {
		return MassState{}, &Error{Op: op, Msg: "an answer without msg_status", HTTPStatus: 200, temporary: true, sent: true}
	}
	return MassState{ID: id, Status: MassStatus(strings.ToUpper(strings.TrimSpace(out.Status)))}, nil
}

// Poll asks once, and is not repeated by itself. A state that is a failure is not an error here.
//
// Source: message/mass/get, developers.weixin.qq.com (read 2026-11).
func (j *MassJob) Poll(ctx context.Context) (MassState, error) { return j.poll(ctx) }

// lateReport is how long a push may come after the look that saw the end.
const lateReport = time.Minute

// Wait returns when the send is done. It looks like [Publication.Wait], at once and then with growing pauses, 12 times
// at most, with no timeout of its own. Looks tell no more than whether it is done. With [WaitOptions].Events the push
// about the job ends it, and brings the Report; where a look sees the end first, the push has a minute more to come.
//
// Errors: [*MassError] for a bad end; ErrPending when the looks are used up; the cause of ctx with the last state; else
// the [*Error] of the look. Source: message/mass/get, MASSSENDJOBFINISH, developers.weixin.qq.com (read 2026-11).
func (j *MassJob) Wait(ctx context.Context, opts *WaitOptions) (*MassResult, error) {
	last := MassState{ID: j.id, Status: "not asked yet"}
	var report *MassReport
	tell := func(s MassState) {
		last = s
		if opts != nil && opts.MassProgress != nil {
			opts.MassProgress(s)
		}
	}
	hear := func(ctx context.Context, e Events) (MassReport, error) { return e.MassEnd(ctx, j.id) }
	err := wait(ctx, opts, hear, func(ctx context.Context, e *ears[MassReport]) (bool, error) {
		if pushed := e.heard(); pushed != nil && pushed.ID == j.id {
			report = pushed.secured()
			tell(MassState{ID: j.id, Status: pushed.MassStatus()})
			return true, nil
		}
		s, err := j.poll(ctx)
		if err != nil {
			return false, err
		}
		tell(s)
		if s.Done() {
			if pushed := e.await(ctx, lateReport); pushed != nil && pushed.ID == j.id {
				report = pushed.secured()
			}
		}
		return s.Done(), nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("wechat: mass send %s (last state: %s): %w", j.id, last.Status, err)
	case last.Status != MassSent:
		return nil, &MassError{State: last, Report: report}
	}
	return &MassResult{ID: last.ID, Status: last.Status, Report: report}, nil
}
