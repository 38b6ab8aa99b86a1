package wechattest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// Delivery is what became of a push.
type Delivery struct {
	Message  Message
	Attempts []Attempt // up to three

	Reply *Reply // what the user sees; nil for nothing
	// Broken is why the user of a message sees 该公众号提供的服务出现故障，请稍后再试; nil when they do not.
	Broken error
}

// Attempt is one request.
type Attempt struct {
	At     time.Time
	Took   time.Duration
	Status int    // 0 without an answer
	Body   string // as it came, at most 64 KiB
	Err    error  // why there was none
}

// Push delivers m, and again after a failure or 5 s without an answer, three times in all. Each delivery has a stamp and
// a nonce of its own. The user's view of it is in what it returns; an error is one of the fake: no callback, or ctx.
//
// That an answer other than 200 is followed by another delivery is a guess.
func (s *Server) Push(ctx context.Context, m Message) (Delivery, error) {
	s.mu.Lock()
	c, set := s.push.callback, s.push.set
	s.mu.Unlock()
	if !set {
		return Delivery{}, errors.New("wechattest: no callback is set")
	}
	m = s.complete(m)
	d := Delivery{Message: m}
	for range 3 {
		a, err := s.attempt(ctx, c, m)
		if err != nil {
			return d, err
		}
		d.Attempts = append(d.Attempts, a)
		if a.Err == nil && a.Status == http.StatusOK {
			d.Reply, d.Broken = c.readReply(s.opts.AppID, m, a.Body)
			break
		}
		d.Broken = a.Err
		if d.Broken == nil {
			d.Broken = fmt.Errorf("wechattest: HTTP %d", a.Status)
		}
	}
	if d.Broken != nil {
		d.Reply = nil
	}
	s.mu.Lock()
	s.push.all = append(s.push.all, d)
	s.mu.Unlock()
	return d, nil
}

func (s *Server) attempt(ctx context.Context, c Callback, m Message) (Attempt, error) {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := s.delivery(limited, c, m)
	if err != nil {
		return Attempt{}, err
	}
	a := Attempt{At: s.opts.Now()}
	began := time.Now()
	resp, err := c.Client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		var body []byte
		body, err = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		a.Status, a.Body = resp.StatusCode, string(body)
	}
	a.Took, a.Err = time.Since(began), err
	if ctx.Err() != nil {
		return a, context.Cause(ctx)
	}
	return a, nil
}

// Deliveries are the pushes so far, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.push.all)
}

// PushDue pushes the ends of publishing jobs and mass sends that have ended since SetCallback or the last PushDue, as
// the platform does by itself.
func (s *Server) PushDue(ctx context.Context) ([]Delivery, error) {
	var out []Delivery
	for _, e := range s.ended() {
		s.mu.Lock()
		told := s.push.told[e.key]
		if s.push.told != nil {
			s.push.told[e.key] = true
		}
		s.mu.Unlock()
		if told {
			continue
		}
		d, err := s.Push(ctx, e.message)
		if err != nil {
			return out, err
		}
		out = append(out, d)
	}
	return out, nil
}

type ending struct {
	key     string
	message Message
}

// ended are the jobs that have ended, as they are pushed.
func (s *Server) ended() (out []ending) {
	for _, job := range s.PublishJobs() {
		if job.Settled && !job.Unheard {
			out = append(out, ending{"publish " + string(job.ID), endOfPublish(job)})
		}
	}
	for _, job := range s.MassJobs() {
		if job.Settled && !job.Unheard {
			out = append(out, ending{"mass " + strconv.FormatInt(job.ID, 10), endOfMass(job)})
		}
	}
	return out
}

// endOfPublish is PUBLISHJOBFINISH, with the line break that the official sample has in article_id.
func endOfPublish(job PublishJob) Message {
	id, _ := strconv.ParseInt(string(job.ID), 10, 64)
	info := []Field{N("publish_id", id), N("publish_status", int64(job.Status))}
	if job.Status == wechat.PublishDone {
		info = append(info, F("article_id", string(job.ArticleID)+"\n"))
		detail := []Field{N("count", int64(len(job.URLs)))}
		for i, u := range job.URLs {
			detail = append(detail, G("item", N("idx", int64(i+1)), F("article_url", u)))
		}
		info = append(info, G("article_detail", detail...))
	}
	for _, i := range job.FailIdx {
		info = append(info, N("fail_idx", int64(i)))
	}
	m := EventMessage("", "PUBLISHJOBFINISH", G("PublishEventInfo", info...))
	m.Created = job.Due
	return m
}

// endOfMass is MASSSENDJOBFINISH. Its lists may be there and empty.
func endOfMass(job MassJob) Message {
	r := job.Report()
	fields := []Field{
		F("Event", "MASSSENDJOBFINISH"), N("MsgID", job.ID), F("Status", r.Status), N("TotalCount", int64(r.Total)),
		N("FilterCount", int64(r.Filtered)), N("SentCount", int64(r.Sent)), N("ErrorCount", int64(r.Failed)),
	}
	if r.Copyright != nil {
		found := []Field{}
		for _, a := range r.Copyright.Articles {
			found = append(found, G("item", N("ArticleIdx", int64(a.Idx)), N("UserDeclareState", int64(a.UserDeclareState)),
				N("AuditState", int64(a.AuditState)), F("OriginalArticleUrl", a.OriginalURL), N("OriginalArticleType", int64(a.OriginalType)),
				flag("CanReprint", a.CanReprint), flag("NeedReplaceContent", a.NeedReplace), flag("NeedShowReprintSource", a.NeedSource)))
		}
		fields = append(fields, G("CopyrightCheckResult", N("Count", int64(len(found))), G("ResultList", found...), N("CheckState", int64(r.Copyright.State))))
	}
	pages := []Field{}
	for _, a := range r.Articles {
		pages = append(pages, G("item", N("ArticleIdx", int64(a.Idx)), F("ArticleUrl", a.URL)))
	}
	fields = append(fields, G("ArticleUrlResult", N("Count", int64(len(pages))), G("ResultList", pages...)))
	return Message{Type: "event", Fields: fields, Created: job.Due}
}

func flag(name string, set bool) Field {
	if set {
		return N(name, 1)
	}
	return N(name, 0)
}
