package wechattest

import (
	"slices"
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

const (
	mostTags       = 100
	mostTagsOnUser = 20
	lastReserved   = 2
	firstOwnTag    = 100
)

type tagRow struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Count *int   `json:"count,omitempty"`
}

func (s *Server) tag(id int) *Tag {
	i := slices.IndexFunc(s.opts.Tags, func(t Tag) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &s.opts.Tags[i]
}

func (s *Server) tagsOf(id wechat.OpenID) []int {
	tags := []int{}
	for _, t := range s.opts.Tags {
		if slices.Contains(t.Members, id) {
			tags = append(tags, t.ID)
		}
	}
	return tags
}

func (s *Server) getTags(*call) (any, *refusal) {
	out := struct {
		Tags []tagRow `json:"tags"`
	}{[]tagRow{}}
	for _, t := range s.opts.Tags {
		out.Tags = append(out.Tags, tagRow{t.ID, t.Name, new(len(t.Members))})
	}
	return out, nil
}

type tagRequest struct {
	Tag struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	} `json:"tag"`
}

func (s *Server) checkTagName(name string, of int) *refusal {
	switch {
	case strings.TrimSpace(name) == "":
		return refuse(45157, "invalid tag name")
	case len(name) > 30:
		return refuse(45158, "invalid tag name size")
	case slices.ContainsFunc(s.opts.Tags, func(t Tag) bool { return t.Name == name && t.ID != of }):
		return refuse(45157, "invalid tag name: it exists")
	}
	return nil
}

// ownTag is a tag that may be changed.
func (s *Server) ownTag(id int) (*Tag, *refusal) {
	if id <= lastReserved {
		return nil, refuse(45058, "can't modify sys tag")
	}
	t := s.tag(id)
	if t == nil {
		return nil, refuse(45159, "invalid tag id")
	}
	return t, nil
}

func (s *Server) createTag(c *call) (any, *refusal) {
	var in tagRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if no := s.checkTagName(in.Tag.Name, 0); no != nil {
		return nil, no
	}
	if len(s.opts.Tags) >= mostTags {
		return nil, refuse(45056, "too many tag now, no need to add new")
	}
	id := firstOwnTag
	for _, t := range s.opts.Tags {
		id = max(id, t.ID+1)
	}
	s.opts.Tags = append(s.opts.Tags, Tag{ID: id, Name: in.Tag.Name})
	s.changed()
	return struct {
		Tag tagRow `json:"tag"`
	}{tagRow{ID: id, Name: in.Tag.Name}}, nil
}

func (s *Server) updateTag(c *call) (any, *refusal) {
	var in tagRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	t, no := s.ownTag(in.Tag.ID)
	if no != nil {
		return nil, no
	}
	if no := s.checkTagName(in.Tag.Name, t.ID); no != nil {
		return nil, no
	}
	t.Name = in.Tag.Name
	s.changed()
	return success(), nil
}

func (s *Server) deleteTag(c *call) (any, *refusal) {
	var in tagRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	t, no := s.ownTag(in.Tag.ID)
	if no != nil {
		return nil, no
	}
	if len(t.Members) > 100_000 {
		return nil, refuse(45057, "fans of the tag more than 100,000, can't delete it")
	}
	s.opts.Tags = slices.DeleteFunc(s.opts.Tags, func(t Tag) bool { return t.ID == in.Tag.ID })
	s.changed()
	return success(), nil
}

func (s *Server) tagsOfUser(c *call) (any, *refusal) {
	var in struct {
		ID wechat.OpenID `json:"openid"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if !slices.Contains(s.opts.Followers, in.ID) {
		return nil, refuse(40003, "invalid openid")
	}
	return struct {
		Tags []int `json:"tagid_list"`
	}{s.tagsOf(in.ID)}, nil
}

func (s *Server) tagMembers(c *call) (any, *refusal) {
	var in struct {
		Tag  *int          `json:"tagid"`
		Next wechat.OpenID `json:"next_openid"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if in.Tag == nil || s.tag(*in.Tag) == nil {
		return nil, refuse(45159, "invalid tag id")
	}
	return pageAfter(s.tag(*in.Tag).Members, in.Next, s.pageSize(), false)
}

type batchRequest struct {
	IDs []wechat.OpenID `json:"openid_list"`
	Tag *int            `json:"tagid"`
}

// batch reads a list of followers. It is all or nothing: one stranger refuses it.
func (s *Server) batch(c *call, most int) (in batchRequest, no *refusal) {
	if no := c.decode(&in); no != nil {
		return in, no
	}
	if len(in.IDs) < 1 || len(in.IDs) > most {
		return in, refuse(40032, "invalid openid list size")
	}
	for _, id := range in.IDs {
		if !slices.Contains(s.opts.Followers, id) {
			return in, refuse(40003, "invalid openid")
		}
	}
	return in, nil
}

func (s *Server) tagBatch(c *call) (t *Tag, ids []wechat.OpenID, no *refusal) {
	in, no := s.batch(c, 50)
	if no != nil {
		return nil, nil, no
	}
	if in.Tag == nil || s.tag(*in.Tag) == nil {
		return nil, nil, refuse(45159, "invalid tag id")
	}
	return s.tag(*in.Tag), in.IDs, nil
}

func (s *Server) tagUsers(c *call) (any, *refusal) {
	t, ids, no := s.tagBatch(c)
	if no != nil {
		return nil, no
	}
	for _, id := range ids {
		if !slices.Contains(t.Members, id) && len(s.tagsOf(id)) >= mostTagsOnUser {
			return nil, refuse(45059, "user has too many tags")
		}
	}
	for _, id := range ids {
		if !slices.Contains(t.Members, id) {
			t.Members = append(t.Members, id)
		}
	}
	s.changed()
	return success(), nil
}

func (s *Server) untagUsers(c *call) (any, *refusal) {
	t, ids, no := s.tagBatch(c)
	if no != nil {
		return nil, no
	}
	for _, id := range ids {
		t.Members = without(t.Members, id)
	}
	s.changed()
	return success(), nil
}

func (s *Server) getBlacklist(c *call) (any, *refusal) {
	var in struct {
		Begin wechat.OpenID `json:"begin_openid"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	return pageAfter(s.st.People.Blacklist, in.Begin, s.pageSize(), true)
}

func (s *Server) blacklist(c *call) (any, *refusal) {
	in, no := s.batch(c, 20)
	if no != nil {
		return nil, no
	}
	for _, id := range in.IDs {
		s.st.People.Blacklist = append(without(s.st.People.Blacklist, id), id)
	}
	s.changed()
	return success(), nil
}

func (s *Server) unblacklist(c *call) (any, *refusal) {
	in, no := s.batch(c, 20)
	if no != nil {
		return nil, no
	}
	for _, id := range in.IDs {
		s.st.People.Blacklist = without(s.st.People.Blacklist, id)
	}
	s.changed()
	return success(), nil
}
