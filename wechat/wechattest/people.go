package wechattest

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// people is what has become of the followers and tags of the options.
type people struct {
	Changed   bool // false: the options' are still right
	Followers []wechat.OpenID
	Tags      []Tag
	Left      []wechat.OpenID // who followed once
	Blacklist []wechat.OpenID
	Remarks   map[wechat.OpenID]string
	Since     map[wechat.OpenID]time.Time
	Platforms map[wechat.OpenID]wechat.MenuPlatform
}

// peopleRoutes is the part of the API about followers and tags. All of it is closed to accounts that are not verified.
func (s *Server) peopleRoutes() map[string]handler {
	const get, post = http.MethodGet, http.MethodPost
	return map[string]handler{
		"user/get":                      {get, 500, true, s.getUsers},
		"user/info":                     {get, 5_000_000, true, s.userInfo},
		"user/info/batchget":            {post, 5_000_000, true, s.userInfos},
		"user/info/updateremark":        {post, 10_000, true, s.updateRemark},
		"tags/get":                      {get, 0, true, s.getTags},
		"tags/create":                   {post, 0, true, s.createTag},
		"tags/update":                   {post, 0, true, s.updateTag},
		"tags/delete":                   {post, 0, true, s.deleteTag},
		"tags/getidlist":                {post, 0, true, s.tagsOfUser},
		"user/tag/get":                  {post, 0, true, s.tagMembers},
		"tags/members/batchtagging":     {post, 0, true, s.tagUsers},
		"tags/members/batchuntagging":   {post, 0, true, s.untagUsers},
		"tags/members/getblacklist":     {post, 0, true, s.getBlacklist},
		"tags/members/batchblacklist":   {post, 0, true, s.blacklist},
		"tags/members/batchunblacklist": {post, 0, true, s.unblacklist},
	}
}

// ownPeople makes the options' followers and tags the server's own, or takes those of the state file in their place.
func (s *Server) ownPeople() {
	if p := s.st.People; p != nil && p.Changed {
		s.opts.Followers, s.opts.Tags = p.Followers, p.Tags
		return
	}
	s.opts.Followers = slices.Clone(s.opts.Followers)
	tags := slices.Clone(s.opts.Tags)
	for i := range tags {
		tags[i].Members = slices.Clone(tags[i].Members)
	}
	s.opts.Tags = tags
	s.st.People = &people{Remarks: map[wechat.OpenID]string{}, Since: map[wechat.OpenID]time.Time{}, Platforms: map[wechat.OpenID]wechat.MenuPlatform{}}
}

// changed keeps followers and tags for the state file.
func (s *Server) changed() {
	s.st.People.Changed, s.st.People.Followers, s.st.People.Tags = true, s.opts.Followers, s.opts.Tags
	s.dirty = true
}

// Follow adds followers.
func (s *Server) Follow(ids ...wechat.OpenID) {
	s.look(func() {
		for _, id := range ids {
			if !slices.Contains(s.opts.Followers, id) {
				s.opts.Followers = append(s.opts.Followers, id)
				s.st.People.Since[id] = s.opts.Now()
			}
			s.st.People.Left = without(s.st.People.Left, id)
		}
		s.changed()
	})
}

// Unfollow lets followers leave: their tags and remarks are gone, and user/info knows no more of them than that.
func (s *Server) Unfollow(ids ...wechat.OpenID) {
	s.look(func() {
		for _, id := range ids {
			if slices.Contains(s.opts.Followers, id) {
				s.st.People.Left = append(s.st.People.Left, id)
			}
			s.opts.Followers = without(s.opts.Followers, id)
			for i := range s.opts.Tags {
				s.opts.Tags[i].Members = without(s.opts.Tags[i].Members, id)
			}
			delete(s.st.People.Remarks, id)
			delete(s.st.People.Since, id)
		}
		s.changed()
	})
}

// Tags are the account's tags.
func (s *Server) Tags() (out []Tag) {
	s.look(func() {
		for _, t := range s.opts.Tags {
			out = append(out, Tag{ID: t.ID, Name: t.Name, Members: slices.Clone(t.Members)})
		}
	})
	return out
}

// Blacklisted are the followers on the blacklist, in the order in which they got there.
func (s *Server) Blacklisted() (out []wechat.OpenID) {
	s.look(func() { out = slices.Clone(s.st.People.Blacklist) })
	return out
}

// Remarks are the account's notes on followers.
func (s *Server) Remarks() (out map[wechat.OpenID]string) {
	s.look(func() { out = maps.Clone(s.st.People.Remarks) })
	return out
}

func without(ids []wechat.OpenID, id wechat.OpenID) []wechat.OpenID {
	return slices.DeleteFunc(slices.Clone(ids), func(other wechat.OpenID) bool { return other == id })
}

// pageOfIDs is one page of OpenIDs. The page after the last has no data at all.
type pageOfIDs struct {
	Total *int    `json:"total,omitempty"`
	Count int     `json:"count"`
	Data  *idList `json:"data,omitempty"`

	Next wechat.OpenID `json:"next_openid"`
}

type idList struct {
	IDs []wechat.OpenID `json:"openid"`
}

func pageAfter(all []wechat.OpenID, after wechat.OpenID, size int, total bool) (any, *refusal) {
	out := pageOfIDs{}
	if total {
		out.Total = new(len(all))
	}
	begin := 0
	if after != "" {
		i := slices.Index(all, after)
		if i < 0 {
			return nil, refuse(40003, "invalid openid")
		}
		begin = i + 1
	}
	if page := all[begin:min(begin+size, len(all))]; len(page) > 0 {
		out.Count, out.Data, out.Next = len(page), &idList{slices.Clone(page)}, page[len(page)-1]
	}
	return out, nil
}

func (s *Server) getUsers(c *call) (any, *refusal) {
	return pageAfter(s.opts.Followers, wechat.OpenID(c.query.Get("next_openid")), s.pageSize(), true)
}

// SetPageSize sets how many OpenIDs a page has, in place of the platform's 10,000, so that a few followers make several.
func (s *Server) SetPageSize(n int) { s.look(func() { s.idsPerPage = n }) }

func (s *Server) pageSize() int {
	if s.idsPerPage > 0 {
		return s.idsPerPage
	}
	return 10_000
}

type userInfo struct {
	Subscribe int           `json:"subscribe"`
	OpenID    wechat.OpenID `json:"openid"`
	Language  *string       `json:"language,omitempty"`
	Time      int64         `json:"subscribe_time,omitempty"`
	Remark    *string       `json:"remark,omitempty"`
	Group     *int          `json:"groupid,omitempty"`
	Tags      *[]int        `json:"tagid_list,omitempty"`
	Scene     string        `json:"subscribe_scene,omitempty"`
	QRScene   *int          `json:"qr_scene,omitempty"`
	QRText    *string       `json:"qr_scene_str,omitempty"`
}

func (s *Server) info(id wechat.OpenID, lang string) (userInfo, *refusal) {
	switch {
	case id == "":
		return userInfo{}, refuse(41009, "missing openid")
	case slices.Contains(s.st.People.Left, id):
		return userInfo{OpenID: id}, nil
	case !slices.Contains(s.opts.Followers, id):
		return userInfo{}, refuse(40003, "invalid openid")
	}
	since := int64(1_672_502_400) // those of the options came on 2023-01-01 at 00:00 in Beijing
	if t, ok := s.st.People.Since[id]; ok {
		since = t.Unix()
	}
	tags := s.tagsOf(id)
	return userInfo{
		Subscribe: 1, OpenID: id, Language: &lang, Time: since, Remark: new(s.st.People.Remarks[id]), Group: new(0), Tags: &tags,
		Scene: "ADD_SCENE_SEARCH", QRScene: new(0), QRText: new(""),
	}, nil
}

func (s *Server) userInfo(c *call) (any, *refusal) {
	info, no := s.info(wechat.OpenID(c.query.Get("openid")), c.query.Get("lang"))
	if no != nil {
		return nil, no
	}
	return info, nil
}

func (s *Server) userInfos(c *call) (any, *refusal) {
	var in struct {
		List []struct {
			ID   wechat.OpenID `json:"openid"`
			Lang string        `json:"lang"`
		} `json:"user_list"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if len(in.List) < 1 || len(in.List) > 100 {
		return nil, refuse(40032, "invalid openid list size")
	}
	out := struct {
		List []userInfo `json:"user_info_list"`
	}{}
	for _, u := range in.List {
		info, no := s.info(u.ID, u.Lang)
		if no != nil {
			return nil, no
		}
		out.List = append(out.List, info)
	}
	return out, nil
}

func (s *Server) updateRemark(c *call) (any, *refusal) {
	var in struct {
		ID     wechat.OpenID `json:"openid"`
		Remark string        `json:"remark"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	switch {
	case !slices.Contains(s.opts.Followers, in.ID):
		return nil, refuse(40003, "invalid openid")
	case len([]rune(in.Remark)) > 30:
		return nil, refuse(40035, "invalid parameter: remark")
	}
	s.st.People.Remarks[in.ID] = in.Remark
	s.changed()
	return success(), nil
}
