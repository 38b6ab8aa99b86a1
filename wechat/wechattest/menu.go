package wechattest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

// menuRoutes is the part of the API about menus and automatic replies. It is open to every account here.
func (s *Server) menuRoutes() map[string]handler {
	const get, post = http.MethodGet, http.MethodPost
	return map[string]handler{
		"menu/create":                {post, 1000, false, s.createMenu},
		"menu/get":                   {get, 10_000, false, s.getMenus},
		"menu/delete":                {get, 1000, false, s.deleteMenus},
		"menu/addconditional":        {post, 0, false, s.addConditional},
		"menu/delconditional":        {post, 0, false, s.deleteConditional},
		"menu/trymatch":              {post, 0, false, s.tryMatch},
		"get_current_selfmenu_info":  {get, 0, false, s.currentMenu},
		"get_current_autoreply_info": {get, 0, false, s.currentAutoReply},
	}
}

const firstMenuID = 208379530

// menu is a menu as it was set.
type menu struct {
	ID      int64
	Buttons []menuButton
	Rule    *matchRule
}

type menuButton struct {
	Type      string           `json:"type,omitempty"`
	Name      string           `json:"name"`
	Key       string           `json:"key,omitempty"`
	URL       string           `json:"url,omitempty"`
	AppID     string           `json:"appid,omitempty"`
	PagePath  string           `json:"pagepath,omitempty"`
	MediaID   wechat.MediaID   `json:"media_id,omitempty"`
	ArticleID wechat.ArticleID `json:"article_id,omitempty"`
	Sub       []menuButton     `json:"sub_button"` // an empty array for a button without
}

// matchRule has its numbers as text or as numbers, as they come.
type matchRule struct {
	Tag      wechat.MsgID `json:"tag_id,omitempty"`
	Platform wechat.MsgID `json:"client_platform_type,omitempty"`
}

type menuRequest struct {
	Buttons []menuButton `json:"button"`
	Rule    *matchRule   `json:"matchrule"`
}

// menuCodes are the codes of a button's faults, which are others in a sub-menu.
type menuCodes struct{ kind, name, key, url, domain, longest int }

func (s *Server) checkButtons(buttons []menuButton) *refusal {
	if len(buttons) < 1 || len(buttons) > 3 {
		return refuse(40016, "invalid button size")
	}
	for _, b := range buttons {
		if len(b.Sub) > 5 {
			return refuse(40023, "invalid sub button size")
		}
		if len(b.Sub) == 0 || b.Type != "" {
			if no := s.checkButton(b, menuCodes{40017, 40018, 40019, 40020, 40055, 16}); no != nil {
				return no
			}
			continue
		}
		if b.Name == "" || len(b.Name) > 16 {
			return refuse(40018, "invalid button name size")
		}
		for _, sub := range b.Sub {
			if len(sub.Sub) > 0 {
				return refuse(40022, "invalid sub button level")
			}
			if no := s.checkButton(sub, menuCodes{40024, 40025, 40026, 40027, 40054, 60}); no != nil {
				return no
			}
		}
	}
	return nil
}

func (s *Server) checkButton(b menuButton, code menuCodes) *refusal {
	if b.Name == "" || len(b.Name) > code.longest {
		return refuse(code.name, "invalid button name size")
	}
	if len(b.URL) > 1024 {
		return refuse(code.url, "invalid button url size")
	}
	web := strings.HasPrefix(b.URL, "http://") || strings.HasPrefix(b.URL, "https://")
	switch b.Type {
	case "click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select":
		if b.Key == "" || len(b.Key) > 128 {
			return refuse(code.key, "invalid button key size")
		}
	case "view":
		if !web {
			return refuse(code.domain, "invalid button url domain")
		}
	case "miniprogram":
		if !web || b.PagePath == "" {
			return refuse(code.domain, "invalid button url domain")
		}
		if !slices.Contains(s.miniPrograms, b.AppID) {
			return refuse(45064, "no permission to use weapp in menu")
		}
	case "media_id", "view_limited":
		if s.material(b.MediaID) == nil || b.Type == "view_limited" { // there is no news material any more
			return refuse(40007, "invalid media_id")
		}
	case "article_id", "article_view_limited":
		if !slices.ContainsFunc(s.st.Published, func(p published) bool { return p.ID == b.ArticleID }) {
			return refuse(53600, "invalid article_id")
		}
	default:
		return refuse(code.kind, "invalid button type")
	}
	return nil
}

func (s *Server) newMenu(in menuRequest) menu {
	for i := range in.Buttons {
		if in.Buttons[i].Sub == nil {
			in.Buttons[i].Sub = []menuButton{}
		}
		for j := range in.Buttons[i].Sub {
			in.Buttons[i].Sub[j].Sub = []menuButton{}
		}
	}
	return menu{ID: firstMenuID + s.next(), Buttons: in.Buttons, Rule: in.Rule}
}

func (s *Server) createMenu(c *call) (any, *refusal) {
	var in menuRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if no := s.checkButtons(in.Buttons); no != nil {
		return nil, no
	}
	in.Rule = nil
	s.st.Menu = new(s.newMenu(in))
	return success(), nil
}

func (s *Server) addConditional(c *call) (any, *refusal) {
	var in menuRequest
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	switch {
	case s.st.Menu == nil:
		return nil, refuse(65303, "there is no selfmenu, please create selfmenu first")
	case in.Rule == nil || *in.Rule == (matchRule{}):
		return nil, refuse(65304, "match rule empty")
	case len(in.Buttons) == 0:
		return nil, refuse(65307, "conditional menu empty")
	}
	if in.Rule.Tag != "" {
		if id, err := strconv.Atoi(string(in.Rule.Tag)); err != nil || s.tag(id) == nil {
			return nil, refuse(45159, "invalid tag id")
		}
	}
	if !slices.Contains([]wechat.MsgID{"", "1", "2", "3"}, in.Rule.Platform) {
		return nil, refuse(40035, "invalid parameter: client_platform_type")
	}
	if no := s.checkButtons(in.Buttons); no != nil {
		return nil, no
	}
	m := s.newMenu(in)
	s.st.Conditional = append(s.st.Conditional, m)
	return struct {
		ID json.RawMessage `json:"menuid"`
	}{s.id(m.ID, true)}, nil
}

func (s *Server) deleteConditional(c *call) (any, *refusal) {
	var in struct {
		ID wechat.MenuID `json:"menuid"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	i := slices.IndexFunc(s.st.Conditional, func(m menu) bool { return strconv.FormatInt(m.ID, 10) == string(in.ID) })
	if i < 0 {
		return nil, refuse(65301, "no conditional menu")
	}
	s.st.Conditional = slices.Delete(s.st.Conditional, i, i+1)
	s.dirty = true
	return success(), nil
}

func (s *Server) deleteMenus(*call) (any, *refusal) {
	s.st.Menu, s.st.Conditional, s.dirty = nil, nil, true
	return success(), nil
}

// inMenu tells whether a button sends a material, which cannot be deleted then.
func (s *Server) inMenu(id wechat.MediaID) bool {
	uses := func(b menuButton) bool {
		return b.MediaID == id || slices.ContainsFunc(b.Sub, func(sub menuButton) bool { return sub.MediaID == id })
	}
	all := s.st.Conditional
	if s.st.Menu != nil {
		all = append(slices.Clone(all), *s.st.Menu)
	}
	return id != "" && slices.ContainsFunc(all, func(m menu) bool { return slices.ContainsFunc(m.Buttons, uses) })
}

type menuAnswer struct {
	Buttons []menuButton    `json:"button"`
	Rule    *matchRule      `json:"matchrule,omitempty"`
	ID      json.RawMessage `json:"menuid,omitempty"`
}

// getMenus has the id of the default menu as a number and those of the others as well: the platform's samples do.
func (s *Server) getMenus(*call) (any, *refusal) {
	if s.st.Menu == nil {
		return nil, refuse(46003, "menu no exist")
	}
	out := struct {
		Menu        menuAnswer   `json:"menu"`
		Conditional []menuAnswer `json:"conditionalmenu,omitempty"`
	}{Menu: menuAnswer{Buttons: s.st.Menu.Buttons, ID: s.id(s.st.Menu.ID, false)}}
	for _, m := range s.st.Conditional {
		out.Conditional = append(out.Conditional, menuAnswer{m.Buttons, m.Rule, s.id(m.ID, false)})
	}
	return out, nil
}

// SetPlatform sets the system on which a follower reads, for conditional menus.
func (s *Server) SetPlatform(id wechat.OpenID, platform wechat.MenuPlatform) {
	s.look(func() {
		s.st.People.Platforms[id] = platform
		s.dirty = true
	})
}

// tryMatch takes the conditional menu that was added last of those that apply.
func (s *Server) tryMatch(c *call) (any, *refusal) {
	var in struct {
		User wechat.OpenID `json:"user_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if !slices.Contains(s.opts.Followers, in.User) {
		return nil, refuse(65302, "no matched user")
	}
	if s.st.Menu == nil {
		return nil, refuse(46003, "menu no exist")
	}
	platform := strconv.Itoa(int(s.st.People.Platforms[in.User]))
	for _, m := range slices.Backward(s.st.Conditional) {
		tag, _ := strconv.Atoi(string(m.Rule.Tag))
		if (m.Rule.Tag == "" || slices.Contains(s.tagsOf(in.User), tag)) && (m.Rule.Platform == "" || string(m.Rule.Platform) == platform) {
			return menuAnswer{Buttons: m.Buttons}, nil
		}
	}
	return menuAnswer{Buttons: s.st.Menu.Buttons}, nil
}

// LinkMiniProgram links mini programs to the account, so that its menu may open them.
func (s *Server) LinkMiniProgram(appIDs ...string) {
	s.look(func() { s.miniPrograms = append(s.miniPrograms, appIDs...) })
}
