package wechattest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// Article is an article as the platform stores it, after its own rewriting.
type Article struct {
	Type      string // "news" or "newspic"
	Title     string
	Author    string
	Digest    string
	Content   string
	SourceURL string
	Cover     wechat.MediaID
	URL       string // of a published one
	Deleted   bool
	Fields    map[string]json.RawMessage // all of them, as they came
}

// Draft is a draft in the box.
type Draft struct {
	ID       wechat.DraftID
	Articles []Article
	Created  time.Time
	Updated  time.Time
}

// Published is a publication.
type Published struct {
	ID       wechat.ArticleID
	Articles []Article
	Updated  time.Time
}

func shown(articles []fields) []Article {
	out := make([]Article, 0, len(articles))
	for _, f := range articles {
		out = append(out, Article{
			Type: f.text("article_type"), Title: f.text("title"), Author: f.text("author"), Digest: f.text("digest"),
			Content: f.text("content"), SourceURL: f.text("content_source_url"), Cover: wechat.MediaID(f.text("thumb_media_id")),
			URL: f.text("url"), Deleted: string(f["is_deleted"]) == "true", Fields: f,
		})
	}
	return out
}

// look runs f under the lock, after the jobs that are due have ended.
func (s *Server) look(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.opts.Now())
	f()
}

// Drafts are the drafts in the box, oldest first.
func (s *Server) Drafts() (out []Draft) {
	s.look(func() {
		for _, d := range s.st.Drafts {
			out = append(out, Draft{ID: d.ID, Articles: shown(d.Articles), Created: d.Created, Updated: d.Updated})
		}
	})
	return out
}

// Published are the publications, oldest first.
func (s *Server) Published() (out []Published) {
	s.look(func() {
		for _, p := range s.st.Published {
			out = append(out, Published{ID: p.ID, Articles: shown(p.Articles), Updated: p.Updated})
		}
	})
	return out
}

// Materials are the permanent materials, oldest first.
func (s *Server) Materials() (out []Material) {
	s.look(func() { out = slices.Clone(s.st.Materials) })
	return out
}

// ArticleImages are the pictures for articles, oldest first.
func (s *Server) ArticleImages() (out []ArticleImage) {
	s.look(func() { out = slices.Clone(s.st.Pictures) })
	return out
}

// PublishJobs are the publishing jobs, oldest first.
func (s *Server) PublishJobs() (out []PublishJob) {
	s.look(func() { out = slices.Clone(s.st.Jobs) })
	return out
}

// MassJobs are the mass sends that were accepted, oldest first.
func (s *Server) MassJobs() (out []MassJob) {
	s.look(func() { out = slices.Clone(s.st.Masses) })
	return out
}

// Used is how many calls of op count against the quota of this day.
func (s *Server) Used(op string) (n int) {
	s.look(func() { _, n = s.used(op, s.handlers[op], s.opts.Now()) })
	return n
}

// SetQuota sets how many calls of op a day has.
func (s *Server) SetQuota(op string, limit int) { s.look(func() { s.quota[op] = limit }) }

// RefuseIP answers the token request with 40164 for this address, as for one that is not on the whitelist; "" = no more.
func (s *Server) RefuseIP(ip string) { s.look(func() { s.refusedIP = ip }) }

// RevokeTokens makes every token so far worthless (40001), as a change of the secret or another process does.
func (s *Server) RevokeTokens() {
	s.look(func() {
		for i := range s.st.Tokens {
			s.st.Tokens[i].Revoked = true
		}
		s.dirty = true
	})
}

// Tokens are the tokens that were given out, oldest first: to search logs for them.
func (s *Server) Tokens() (out []string) {
	s.look(func() {
		for _, t := range s.st.Tokens {
			out = append(out, t.Value)
		}
	})
	return out
}
