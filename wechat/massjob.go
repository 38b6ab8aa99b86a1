package wechat

import (
	"context"
	"errors"
	"fmt"
	"strings"
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

// MassResult is a mass send that succeeded. How many got it, and under which URLs, is in the platform's push
// (MASSSENDJOBFINISH) alone: no call returns it.
type MassResult struct {
	ID     MsgID
	Status MassStatus
}

// MassError is a mass send that came to a bad end. Why, such as an originality check or an administrator who did not
// confirm, is in the platform's push (MASSSENDJOBFINISH) alone. It answers to ErrNotFound when the message was deleted.
type MassError struct{ State MassState }

func (e *MassError) Error() string {
	return fmt.Sprintf("wechat: mass send %s: %s (the reason is on mp.weixin.qq.com, or in the MASSSENDJOBFINISH push)", e.State.ID, e.State.Status)
}

// Is matches ErrNotFound.
func (e *MassError) Is(kind error) bool { return kind == ErrNotFound && e.State.Status == MassDeleted }

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

// Wait polls until the send is done, like [Publication.Wait]: at once, then after 5 s, 10 s, 20 s and so on up to every
// 5 min, at most 60 times, with no timeout of its own.
//
// Errors: [*MassError] for a bad end; ErrPending when the looks are used up; the cause of ctx with the last state; else
// the [*Error] of the look. Source: message/mass/get, developers.weixin.qq.com (read 2026-11).
func (j *MassJob) Wait(ctx context.Context, opts *WaitOptions) (*MassResult, error) {
	last := MassState{ID: j.id, Status: "not asked yet"}
	err := wait(ctx, opts, func(ctx context.Context) (bool, error) {
		s, err := j.poll(ctx)
		if err != nil {
			return false, err
		}
		last = s
		if opts != nil && opts.MassProgress != nil {
			opts.MassProgress(s)
		}
		return s.Done(), nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("wechat: mass send %s (last state: %s): %w", j.id, last.Status, err)
	case last.Status != MassSent:
		return nil, &MassError{State: last}
	}
	return &MassResult{ID: last.ID, Status: last.Status}, nil
}
