package wechattest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/kitroll/kitroll/wechat"
)

// FailNextPublish lets the next publishing job end with this status, and with these articles, from 1, in its fail_idx.
// Its draft stays.
func (s *Server) FailNextPublish(status wechat.PublishStatus, failIdx ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publishes = append(s.publishes, publishEnd{Status: status, FailIdx: failIdx})
}

// The platform's IDs are beyond what an int holds where it has 32 bits.
const (
	firstPublishID int64 = 100_000_000
	firstMsgID     int64 = 3_147_483_647
	firstDataID    int64 = 2_247_483_647
)

func (s *Server) submit(c *call) (any, *refusal) {
	d, no := s.named(c)
	if no != nil {
		return nil, no
	}
	n := s.next()
	job := PublishJob{
		ID: wechat.PublishID(strconv.FormatInt(firstPublishID+n, 10)), DraftID: d.ID,
		Status: wechat.PublishRunning, Due: c.now.Add(s.opts.PublishAfter), Unheard: s.unheard(),
	}
	if len(s.publishes) > 0 {
		job.End, s.publishes = s.publishes[0], s.publishes[1:]
	}
	s.st.Jobs = append(s.st.Jobs, job)
	return struct {
		done

		ID   json.RawMessage `json:"publish_id"`
		Data json.RawMessage `json:"msg_data_id"`
	}{success(), s.id(firstPublishID+n, true), s.id(firstDataID+n, true)}, nil
}

// endPublish is the moment in which the draft becomes pages.
func (s *Server) endPublish(job *PublishJob) {
	d := s.draft(job.DraftID)
	switch {
	case job.End.Status != wechat.PublishDone:
		job.Status, job.FailIdx = job.End.Status, job.End.FailIdx
		return
	case d == nil: // another job was faster, or it was deleted meanwhile
		job.Status = wechat.PublishFailed
		return
	}
	job.Status = wechat.PublishDone
	n := s.next()
	out := published{ID: wechat.ArticleID(fmt.Sprintf("FakeArticle_%06d", n)), Updated: job.Due}
	for i := range d.Articles {
		a := d.shown(i, false)
		url := fmt.Sprintf("http://mp.weixin.qq.com/s?__biz=MzFake==&mid=%d&idx=%d&sn=fake%06d", firstDataID+n, i+1, n)
		a.set("url", url)
		a.set("is_deleted", false)
		if m := s.material(wechat.MediaID(a.text("thumb_media_id"))); m != nil {
			a.set("thumb_url", m.URL)
		}
		out.Articles = append(out.Articles, a)
		job.URLs = append(job.URLs, url)
	}
	job.ArticleID = out.ID
	s.st.Published = append(s.st.Published, out)
	s.dropDraft(job.DraftID)
}

func (s *Server) publishState(c *call) (any, *refusal) {
	var in struct {
		ID wechat.PublishID `json:"publish_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	i := slices.IndexFunc(s.st.Jobs, func(j PublishJob) bool { return j.ID == in.ID })
	if i < 0 {
		return nil, refuse(53502, "invalid publish id")
	}
	job := s.st.Jobs[i]
	type item struct {
		Idx int    `json:"idx"`
		URL string `json:"article_url"`
	}
	type detail struct {
		Count int    `json:"count"`
		Items []item `json:"item"`
	}
	n, _ := strconv.ParseInt(string(job.ID), 10, 64)
	out := struct {
		ID      json.RawMessage  `json:"publish_id"`
		Status  int              `json:"publish_status"`
		Article wechat.ArticleID `json:"article_id,omitempty"`
		Detail  *detail          `json:"article_detail,omitempty"`
		FailIdx []int            `json:"fail_idx"`
	}{ID: s.id(n, true), Status: int(job.Status), Article: job.ArticleID, FailIdx: append([]int{}, job.FailIdx...)}
	if job.Status == wechat.PublishDone {
		out.Detail = &detail{Count: len(job.URLs)}
		for i, url := range job.URLs {
			out.Detail.Items = append(out.Detail.Items, item{i + 1, url})
		}
	}
	return out, nil
}

// unpublish deletes one article, or all of them without an index.
func (s *Server) unpublish(c *call) (any, *refusal) {
	var in struct {
		ID    wechat.ArticleID `json:"article_id"`
		Index int              `json:"index"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	i := slices.IndexFunc(s.st.Published, func(p published) bool { return p.ID == in.ID })
	switch {
	case i < 0:
		return nil, refuse(53600, "invalid article id")
	case in.Index < 0 || in.Index > len(s.st.Published[i].Articles):
		return nil, refuse(40035, "invalid parameter: index")
	case in.Index == 0:
		s.st.Published = slices.Delete(s.st.Published, i, i+1)
	default:
		s.st.Published[i].Articles[in.Index-1].set("is_deleted", true)
	}
	s.dirty = true
	return success(), nil
}

func (s *Server) listPublished(c *call) (any, *refusal) {
	in, no := c.list()
	if no != nil {
		return nil, no
	}
	type content struct {
		Articles []fields `json:"news_item"`
		Updated  int64    `json:"update_time"`
	}
	return page(s.st.Published, in, func(p published) any {
		var articles []fields
		for _, a := range p.Articles {
			a = maps.Clone(a)
			if in.NoContent == 1 {
				delete(a, "content")
			}
			articles = append(articles, a)
		}
		return struct {
			ID      wechat.ArticleID `json:"article_id"`
			Content content          `json:"content"`
			Updated int64            `json:"update_time"`
		}{p.ID, content{articles, p.Updated.Unix()}, p.Updated.Unix()}
	}), nil
}

// getPublished is one publication with all of its articles.
func (s *Server) getPublished(c *call) (any, *refusal) {
	var in struct {
		ID wechat.ArticleID `json:"article_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	for _, p := range s.st.Published {
		if p.ID == in.ID {
			return struct {
				Articles []fields `json:"news_item"`
			}{p.Articles}, nil
		}
	}
	return nil, refuse(53600, "invalid article id")
}
