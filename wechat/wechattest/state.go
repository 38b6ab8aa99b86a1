package wechattest

import (
	"encoding/json"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/wechat"
)

// state is everything that the platform remembers. It is what StateFile holds.
type state struct {
	Seq         int64
	RIDs        int64
	Tokens      []token
	Forced      []time.Time // forced refreshes
	Materials   []Material
	Pictures    []ArticleImage
	Temporaries []Temporary
	Drafts      []draft
	Jobs        []PublishJob
	Published   []published
	Masses      []MassJob
	People      *people // nil = as the options say
	Menu        *menu   // nil = there is none
	Conditional []menu
	Speed       int            // of mass sends, 0 to 4
	Day         string         // of Used, in Beijing
	Used        map[string]int // calls of the day
	Cleared     map[string]int // clearings of quotas, by month in Beijing and kind
}

type token struct {
	Value   string
	Expires time.Time
	Revoked bool
	Legacy  bool // of GET token, which knows nothing of the others
}

// Material is a permanent material.
type Material struct {
	ID          wechat.MediaID
	Type        wechat.MaterialType
	Name        string
	URL         string // http, as the platform writes it; for images
	Data        []byte
	Title       string // of a video
	Description string
	Updated     time.Time
}

// ArticleImage is a picture for the body of articles.
type ArticleImage struct {
	URL  string // http, as the platform writes it
	Name string
	Data []byte
}

// fields is an article with all the fields that it came with.
type fields map[string]json.RawMessage

func (f fields) text(name string) string {
	var out string
	_ = json.Unmarshal(f[name], &out)
	return out
}

func (f fields) set(name string, v any) { f[name] = encode(v) }

type draft struct {
	ID       wechat.DraftID
	Articles []fields
	Created  time.Time
	Updated  time.Time
}

// PublishJob is a publishing job, under way or done.
type PublishJob struct {
	ID        wechat.PublishID
	DraftID   wechat.DraftID
	Status    wechat.PublishStatus
	FailIdx   []int
	ArticleID wechat.ArticleID
	URLs      []string
	Due       time.Time // when it is done
	Unheard   bool      // no push comes

	End     publishEnd
	Settled bool
}

// publishEnd is how a job is to end; the zero value is well.
type publishEnd struct {
	Status  wechat.PublishStatus
	FailIdx []int
}

type published struct {
	ID       wechat.ArticleID
	Articles []fields // url and is_deleted among them
	Updated  time.Time
}

// MassJob is a mass send, under way or done.
type MassJob struct {
	ID          int64
	ClientMsgID string
	Type        string // msgtype
	DraftID     wechat.DraftID
	Everyone    bool
	Tag         int
	At          time.Time
	Due         time.Time // when it is done
	Status      wechat.MassStatus
	Total       []wechat.OpenID // who was meant
	Sent        []wechat.OpenID // who got it
	Failed      int             // how many should have got it
	Reprint     bool            // send_ignore_reprint
	Outcome     string          // of the push: "send success", "send fail", "err(30003)"
	Copyright   *wechat.CopyrightCheck
	URLs        []string // http, as the platform writes them; of a News
	Deleted     []int    // articles, from 1
	Unheard     bool     // no push comes

	End     string // scripted status; empty = by itself
	Settled bool
}

func (s *Server) next() int64 {
	s.st.Seq++
	s.dirty = true
	return s.st.Seq
}

// save writes the state when it has changed.
func (s *Server) save() error {
	if !s.dirty || s.opts.StateFile == "" {
		return nil
	}
	if err := atomicfile.WriteJSON(s.opts.StateFile, s.st); err != nil {
		return err
	}
	s.dirty = false
	return nil
}

// settle ends the jobs that are due. It runs before everything that looks at the state.
func (s *Server) settle(now time.Time) {
	for i := range s.st.Jobs {
		if job := &s.st.Jobs[i]; !job.Settled && !now.Before(job.Due) {
			s.endPublish(job)
			job.Settled, s.dirty = true, true
		}
	}
	for i := range s.st.Masses {
		if job := &s.st.Masses[i]; !job.Settled && !now.Before(job.Due) {
			s.endMass(job)
			job.Settled, s.dirty = true, true
		}
	}
}

func (s *Server) draft(id wechat.DraftID) *draft {
	for i := range s.st.Drafts {
		if s.st.Drafts[i].ID == id {
			return &s.st.Drafts[i]
		}
	}
	return nil
}

func (s *Server) dropDraft(id wechat.DraftID) {
	for i, d := range s.st.Drafts {
		if d.ID == id {
			s.st.Drafts = append(s.st.Drafts[:i], s.st.Drafts[i+1:]...)
			s.dirty = true
			return
		}
	}
}

func (s *Server) material(id wechat.MediaID) *Material {
	for i := range s.st.Materials {
		if s.st.Materials[i].ID == id {
			return &s.st.Materials[i]
		}
	}
	return nil
}
