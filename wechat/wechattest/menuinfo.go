package wechattest

import "encoding/json"

// SetConsoleMenu sets what get_current_selfmenu_info answers, as a menu of the web console that has what no API sets.
func (s *Server) SetConsoleMenu(answer string) {
	s.look(func() { s.consoleMenu = json.RawMessage(answer) })
}

// SetAutoReply sets what get_current_autoreply_info answers: rules that were made on the web console.
func (s *Server) SetAutoReply(answer string) {
	s.look(func() { s.autoReply = json.RawMessage(answer) })
}

func (s *Server) currentAutoReply(*call) (any, *refusal) {
	if s.autoReply != nil {
		return s.autoReply, nil
	}
	return struct {
		Follow int `json:"is_add_friend_reply_open"`
		On     int `json:"is_autoreply_open"`
	}{}, nil
}

// shownButton is a button in get_current_selfmenu_info, whose sub_button is no array.
type shownButton struct {
	Type string `json:"type,omitempty"`
	Name string `json:"name"`
	Key  string `json:"key,omitempty"`
	URL  string `json:"url,omitempty"`
	Sub  *struct {
		List []shownButton `json:"list"`
	} `json:"sub_button,omitempty"`
}

func showButtons(buttons []menuButton) (out []shownButton) {
	for _, b := range buttons {
		shown := shownButton{Type: b.Type, Name: b.Name, Key: b.Key, URL: b.URL}
		if len(b.Sub) > 0 {
			shown.Sub = new(struct {
				List []shownButton `json:"list"`
			}{showButtons(b.Sub)})
		}
		out = append(out, shown)
	}
	return out
}

func (s *Server) currentMenu(*call) (any, *refusal) {
	if s.consoleMenu != nil {
		return s.consoleMenu, nil
	}
	type info struct {
		Buttons []shownButton `json:"button"`
	}
	out := struct {
		Open int   `json:"is_menu_open"`
		Info *info `json:"selfmenu_info,omitempty"`
	}{}
	if s.st.Menu != nil {
		out.Open, out.Info = 1, &info{showButtons(s.st.Menu.Buttons)}
	}
	return out, nil
}
