package wechattest

import (
	"context"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// Events is what the platform pushes about the ends of jobs, for a Wait in this process, without a callback URL between.
// A push comes at the moment in which its job ends, on the clock of Options.Now, and stays to be read.
func (s *Server) Events() wechat.Events { return events{s} }

// LoseNextPush lets no push come about the next job that is submitted, published or mass-sent.
func (s *Server) LoseNextPush() { s.look(func() { s.lost++ }) }

// unheard takes one of the lost pushes for a new job.
func (s *Server) unheard() bool {
	if s.lost == 0 {
		return false
	}
	s.lost--
	return true
}

type events struct{ s *Server }

func (e events) PublishEnd(ctx context.Context, id wechat.PublishID) (state wechat.PublishState, err error) {
	err = e.wait(ctx, func() (due time.Time, ended bool) {
		for _, job := range e.s.st.Jobs {
			if job.ID == id && !job.Unheard {
				state = job.State()
				return job.Due, job.Settled
			}
		}
		return time.Time{}, false
	})
	return state, err
}

func (e events) MassEnd(ctx context.Context, id wechat.MsgID) (report wechat.MassReport, err error) {
	err = e.wait(ctx, func() (due time.Time, ended bool) {
		for _, job := range e.s.st.Masses {
			if strconv.FormatInt(job.ID, 10) == string(id) && !job.Unheard {
				report = job.Report()
				return job.Due, job.Settled
			}
		}
		return time.Time{}, false
	})
	return report, err
}

// wait returns when find says that the job has ended. A job that there is not, or of which no push comes, is waited for
// until ctx ends.
func (e events) wait(ctx context.Context, find func() (due time.Time, ended bool)) error {
	for {
		var due time.Time
		var ended bool
		var now time.Time
		e.s.look(func() {
			now = e.s.opts.Now()
			due, ended = find()
		})
		if ended {
			return nil
		}
		var wake <-chan time.Time
		if !due.IsZero() {
			wake = time.After(max(due.Sub(now), time.Millisecond))
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// State is the job as PUBLISHJOBFINISH and freepublish/get tell it.
func (j PublishJob) State() wechat.PublishState {
	return wechat.PublishState{ID: j.ID, Status: j.Status, ArticleID: j.ArticleID, URLs: j.URLs, FailIdx: j.FailIdx}
}

// Report is the job as MASSSENDJOBFINISH tells it.
func (j MassJob) Report() wechat.MassReport {
	r := wechat.MassReport{
		ID: wechat.MsgID(strconv.FormatInt(j.ID, 10)), Status: j.Outcome, Copyright: j.Copyright,
		Total: len(j.Total), Filtered: len(j.Sent) + j.Failed, Sent: len(j.Sent), Failed: j.Failed,
	}
	if r.Copyright == nil && j.DraftID != "" {
		r.Copyright = &wechat.CopyrightCheck{State: wechat.CopyrightOriginal}
	}
	for i, url := range j.URLs {
		r.Articles = append(r.Articles, wechat.MassArticle{Idx: i + 1, URL: url})
	}
	return r
}
