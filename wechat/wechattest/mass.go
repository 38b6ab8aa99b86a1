package wechattest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// FailNextMass lets the next mass send end with this status, such as wechat.MassFailed. Its draft stays.
func (s *Server) FailNextMass(status wechat.MassStatus) { s.EndNextMass(string(status)) }

// EndNextMass lets the next mass send end with this Status of MASSSENDJOBFINISH, such as "send fail" or "err(20013)",
// which is asked for as MassFailed then. Its draft stays.
func (s *Server) EndNextMass(status string) {
	s.look(func() { s.masses = append(s.masses, status) })
}

// CheckNextMass is what the originality check finds in the next News. A reprint then stops the send with err(30003),
// unless it came with send_ignore_reprint, and one that is forbidden stops it with err(30002).
func (s *Server) CheckNextMass(found wechat.CopyrightCheck) {
	s.look(func() { s.checks = append(s.checks, found) })
}

// massRequest is a send; what is typed loosely is looked at as it came.
type massRequest struct {
	Filter *struct {
		All json.RawMessage `json:"is_to_all"`
		Tag json.RawMessage `json:"tag_id"`
	} `json:"filter"`
	ToUser  json.RawMessage `json:"touser"`
	ToName  string          `json:"towxname"`
	Type    string          `json:"msgtype"`
	News    *mediaRef       `json:"mpnews"`
	Voice   *mediaRef       `json:"voice"`
	Image   *mediaRef       `json:"image"`
	Video   *mediaRef       `json:"mpvideo"`
	Text    *textRef        `json:"text"`
	Images  *imagesRef      `json:"images"`
	Reprint int             `json:"send_ignore_reprint"`
	Key     string          `json:"clientmsgid"`
}

type mediaRef struct {
	ID string `json:"media_id"`
}

type textRef struct {
	Content string `json:"content"`
}

type imagesRef struct {
	IDs []wechat.MediaID `json:"media_ids"`
}

func (s *Server) sendAll(c *call) (any, *refusal) {
	var in massRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if in.Filter == nil || in.ToUser != nil {
		return nil, refuse(40008, "invalid message type: no filter")
	}
	job := MassJob{}
	switch all := string(in.Filter.All); all {
	case "true":
		job.Everyone, job.Total = true, slices.Clone(s.opts.Followers)
	case "false":
		id, err := strconv.Atoi(string(in.Filter.Tag))
		if err != nil {
			return nil, refuse(40008, "invalid message type: tag_id is a number")
		}
		i := slices.IndexFunc(s.opts.Tags, func(t Tag) bool { return t.ID == id })
		if i < 0 {
			return nil, refuse(40152, "invalid group id")
		}
		job.Tag, job.Total = id, slices.Clone(s.opts.Tags[i].Members)
	default:
		return nil, refuse(40008, "invalid message type: is_to_all is a boolean")
	}
	return s.send(c, in, job)
}

func (s *Server) sendByOpenID(c *call) (any, *refusal) {
	var in massRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if s.opts.Kind != Service {
		return nil, refuse(48001, "api unauthorized")
	}
	var to []wechat.OpenID
	switch err := json.Unmarshal(in.ToUser, &to); {
	case err != nil || len(to) < 2:
		return nil, refuse(40130, "invalid openid list size, at least two openid")
	case len(to) > 10_000:
		return nil, refuse(40032, "invalid openid list size")
	}
	for _, id := range to {
		if !slices.Contains(s.opts.Followers, id) {
			return nil, refuse(40003, "invalid openid")
		}
	}
	return s.send(c, in, MassJob{Total: to})
}

func (s *Server) send(c *call, in massRequest, job MassJob) (any, *refusal) {
	if len(in.Key) > 32 {
		return nil, refuse(45067, "clientmsgid size out of limit")
	}
	if in.Key == "" { // the platform then makes one from the audience and the content
		sum := sha256.Sum256(c.body)
		in.Key = hex.EncodeToString(sum[:16])
	}
	for _, old := range s.st.Masses {
		switch age := c.now.Sub(old.At); {
		case old.ClientMsgID != in.Key || age >= 24*time.Hour:
		case age < time.Minute:
			return nil, refuse(45066, "clientmsgid exist, retry too fast")
		default:
			return nil, &refusal{code: 45065, msg: "clientmsgid exist", msgID: old.ID}
		}
	}
	s.sends = slices.DeleteFunc(s.sends, func(at time.Time) bool { return c.now.Sub(at) >= time.Minute })
	if len(s.sends) >= 60 {
		return nil, refuse(45011, "api minute-quota reach limit")
	}
	s.sends = append(s.sends, c.now)
	if no := s.checkMass(in, false); no != nil {
		return nil, no
	}
	if s.opts.Kind == Subscription && s.sentOn(c.now) > 0 {
		return nil, refuse(45028, "has no masssend quota")
	}
	n := s.next()
	job.ID, job.ClientMsgID, job.Type = firstMsgID+n, in.Key, in.Type
	job.At, job.Due, job.Status = c.now, c.now.Add(s.opts.PublishAfter), wechat.MassSending
	job.Reprint, job.Unheard = in.Reprint == 1, s.unheard()
	if in.News != nil {
		job.DraftID = wechat.DraftID(in.News.ID)
		if len(s.checks) > 0 {
			job.Copyright, s.checks = &s.checks[0], s.checks[1:]
		}
	}
	if len(s.masses) > 0 {
		job.End, s.masses = s.masses[0], s.masses[1:]
	}
	s.st.Masses = append(s.st.Masses, job)
	out := struct {
		Code int             `json:"errcode"`
		Msg  string          `json:"errmsg"`
		ID   json.RawMessage `json:"msg_id"`
		Data json.RawMessage `json:"msg_data_id,omitempty"`
	}{Msg: "send job submission success", ID: s.id(job.ID, false)}
	if in.Type == "mpnews" {
		out.Data = s.id(firstDataID+n, false)
	}
	return out, nil
}

// checkMass refuses what a send, or with one a preview, may not carry.
func (s *Server) checkMass(in massRequest, preview bool) *refusal {
	notFound := refuse(40007, "invalid media_id")
	badType := refuse(40008, "invalid message type")
	of := func(id wechat.MediaID, t wechat.MaterialType) *refusal {
		if m := s.material(id); m == nil || m.Type != t {
			return notFound
		}
		return nil
	}
	switch in.Type {
	case "mpnews":
		if in.News == nil {
			return badType
		}
		if s.draft(wechat.DraftID(in.News.ID)) == nil {
			return notFound
		}
	case "text":
		if in.Text == nil || strings.TrimSpace(in.Text.Content) == "" {
			return refuse(44004, "empty content")
		}
	case "voice":
		if in.Voice == nil {
			return badType
		}
		return of(wechat.MediaID(in.Voice.ID), wechat.VoiceMaterial)
	case "image":
		if preview {
			if in.Image == nil {
				return badType
			}
			return of(wechat.MediaID(in.Image.ID), wechat.ImageMaterial)
		}
		if in.Images == nil || len(in.Images.IDs) == 0 {
			return badType
		}
		for _, id := range in.Images.IDs {
			if no := of(id, wechat.ImageMaterial); no != nil {
				return no
			}
		}
	case "mpvideo":
		if in.Video == nil {
			return badType
		}
		id, made := strings.CutPrefix(in.Video.ID, massVideo)
		if !made {
			return notFound
		}
		return of(wechat.MediaID(id), wechat.VideoMaterial)
	default:
		return badType
	}
	return nil
}

// sentOn is how many sends of this day in Beijing count against the quota: those that did not fail.
func (s *Server) sentOn(now time.Time) (n int) {
	for _, job := range s.st.Masses {
		if inBeijing(job.At).Format(time.DateOnly) == inBeijing(now).Format(time.DateOnly) && job.Status != wechat.MassFailed {
			n++
		}
	}
	return n
}

// endMass is the moment in which the cards arrive and the draft is gone.
func (s *Server) endMass(job *MassJob) {
	job.Status, job.Outcome = wechat.MassFailed, "send fail"
	d := s.draft(job.DraftID)
	switch {
	case job.End == string(wechat.MassDeleted):
		job.Status, job.Outcome = wechat.MassDeleted, "send success"
		return
	case job.End == string(wechat.MassFailed):
		return
	case job.End != "" && job.End != string(wechat.MassSent):
		job.Outcome = job.End
		return
	case job.DraftID != "" && d == nil:
		return
	case job.Copyright != nil && job.Copyright.State == wechat.CopyrightForbidden:
		job.Outcome = "err(30002)"
		return
	case job.Copyright != nil && job.Copyright.State == wechat.CopyrightReprint && !job.Reprint:
		job.Outcome = "err(30003)"
		return
	}
	for _, id := range job.Total {
		if slices.Contains(s.st.People.Blacklist, id) {
			continue
		}
		if s.opts.Kind == Subscription || s.receivedIn(job.At, id) < 4 {
			job.Sent = append(job.Sent, id)
		} else {
			job.Failed++
		}
	}
	if len(job.Sent) == 0 { // a tag without fans, or all of them have had their four
		return
	}
	job.Status, job.Outcome = wechat.MassSent, "send success"
	if d != nil {
		for i := range d.Articles {
			job.URLs = append(job.URLs, fmt.Sprintf("http://mp.weixin.qq.com/s?__biz=MzFake==&mid=%d&idx=%d&sn=mass%06d", firstDataID+job.ID-firstMsgID, i+1, job.ID-firstMsgID))
		}
		s.dropDraft(d.ID)
	}
}

// receivedIn is how many sends a follower has had in that month.
func (s *Server) receivedIn(at time.Time, id wechat.OpenID) (n int) {
	for _, job := range s.st.Masses {
		if job.Settled && inBeijing(job.At).Format("2006-01") == inBeijing(at).Format("2006-01") && slices.Contains(job.Sent, id) {
			n++
		}
	}
	return n
}

func (s *Server) preview(c *call) (any, *refusal) {
	var in massRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	var to wechat.OpenID
	_ = json.Unmarshal(in.ToUser, &to)
	switch {
	case in.ToName == "" && to == "":
		return nil, refuse(40003, "invalid openid")
	case in.ToName == "" && !slices.Contains(s.opts.Followers, to):
		return nil, refuse(43004, "require subscribe")
	case slices.Contains(s.st.People.Blacklist, to):
		return nil, refuse(43019, "require remove blacklist")
	}
	if no := s.checkMass(in, true); no != nil {
		return nil, no
	}
	return struct {
		Code int             `json:"errcode"`
		Msg  string          `json:"errmsg"`
		ID   json.RawMessage `json:"msg_id"`
	}{0, "preview success", s.id(firstMsgID+s.next(), false)}, nil
}

func (s *Server) massState(c *call) (any, *refusal) {
	var in struct {
		ID wechat.MsgID `json:"msg_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	for _, job := range s.st.Masses {
		if strconv.FormatInt(job.ID, 10) == string(in.ID) {
			return struct {
				ID     json.RawMessage   `json:"msg_id"`
				Status wechat.MassStatus `json:"msg_status"`
			}{s.id(job.ID, false), job.Status}, nil
		}
	}
	return nil, refuse(40059, "invalid msg id")
}
