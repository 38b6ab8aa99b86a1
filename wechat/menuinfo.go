package wechat

import (
	"context"
	"time"
)

// CurrentMenu is the menu that followers see, whether it was set by API or on the web console.
type CurrentMenu struct {
	Open    bool // whether the menu is shown at all
	Buttons []CurrentButton
}

// CurrentButton is a button as it is shown. A button of the web console has types of its own: "text", "img", "voice",
// "video" and "news", with what it sends in Value or News.
type CurrentButton struct {
	Name  string
	Type  string
	Key   string
	URL   string
	Value string // text, or the id of a picture, voice or video
	News  []NewsItem
	Sub   []CurrentButton
}

// NewsItem is an article in a menu or an automatic reply.
type NewsItem struct {
	Title     string
	Author    string
	Digest    string
	CoverURL  string // https
	URL       string // of the article; https
	SourceURL string // behind 阅读原文
}

type newsJSON struct {
	List []struct {
		Title     string `json:"title"`
		Author    string `json:"author"`
		Digest    string `json:"digest"`
		CoverURL  string `json:"cover_url"`
		URL       string `json:"content_url"`
		SourceURL string `json:"source_url"`
	} `json:"list"`
}

func (n newsJSON) items() (out []NewsItem) {
	for _, i := range n.List {
		out = append(out, NewsItem{i.Title, i.Author, i.Digest, secureURL(i.CoverURL), secureURL(i.URL), i.SourceURL})
	}
	return out
}

// currentButtonJSON differs from a button of the menu calls: its sub_button is an object with a list.
type currentButtonJSON struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"`
	Key   string   `json:"key"`
	URL   string   `json:"url"`
	Value string   `json:"value"`
	News  newsJSON `json:"news_info"`
	Sub   struct {
		List []currentButtonJSON `json:"list"`
	} `json:"sub_button"`
}

func (b currentButtonJSON) button() CurrentButton {
	return CurrentButton{b.Name, b.Type, b.Key, b.URL, b.Value, b.News.items(), each(b.Sub.List, currentButtonJSON.button)}
}

// CurrentMenu reads the menu that followers see now.
//
// Source: get_current_selfmenu_info, developers.weixin.qq.com (read 2026-11).
func (c *Client) CurrentMenu(ctx context.Context) (CurrentMenu, error) {
	var out struct {
		Open truth `json:"is_menu_open"`
		Info struct {
			Buttons []currentButtonJSON `json:"button"`
		} `json:"selfmenu_info"`
	}
	if err := c.do(ctx, call{op: "get_current_selfmenu_info", get: true}, &out); err != nil {
		return CurrentMenu{}, err
	}
	return CurrentMenu{Open: bool(out.Open), Buttons: each(out.Info.Buttons, currentButtonJSON.button)}, nil
}

// AutoReply is what the account answers by itself, as set on the web console. No API sets it: a program answers by what
// it returns to the callback.
type AutoReply struct {
	FollowOn bool   // whether a new follower gets Follow
	Follow   *Reply // nil = none is set
	On       bool   // whether messages get Default and those of Keywords
	Default  *Reply
	Keywords []KeywordRule
}

// Reply is one answer.
type Reply struct {
	Type    string // "text", "img", "voice", "video" or "news"
	Content string // text, or the id of the material
	News    []NewsItem
}

// KeywordRule is what messages with certain words get.
type KeywordRule struct {
	Name     string
	Created  time.Time
	All      bool // all of Replies; false: one of them, by chance
	Keywords []Keyword
	Replies  []Reply
}

// Keyword is a word to look for.
type Keyword struct {
	Type    string // "text"
	Content string
	Whole   bool // the whole message; false: anywhere in it
}

type replyJSON struct {
	Type    string   `json:"type"`
	Content string   `json:"content"`
	News    newsJSON `json:"news_info"`
}

func (r replyJSON) reply() Reply { return Reply{r.Type, r.Content, r.News.items()} }

// orNone is nil for an answer that is not set, which comes as an object without a type, or not at all.
func (r *replyJSON) orNone() *Reply {
	if r == nil || r.Type == "" {
		return nil
	}
	return new(r.reply())
}

// AutoReply reads the rules of the automatic replies.
//
// Source: get_current_autoreply_info, developers.weixin.qq.com (read 2026-11).
func (c *Client) AutoReply(ctx context.Context) (AutoReply, error) {
	type keyword struct {
		Type    string `json:"type"`
		Match   string `json:"match_mode"`
		Content string `json:"content"`
	}
	type rule struct {
		Name     string      `json:"rule_name"`
		Created  number      `json:"create_time"`
		Mode     string      `json:"reply_mode"`
		Keywords []keyword   `json:"keyword_list_info"`
		Replies  []replyJSON `json:"reply_list_info"`
	}
	var out struct {
		FollowOn truth      `json:"is_add_friend_reply_open"`
		On       truth      `json:"is_autoreply_open"`
		Follow   *replyJSON `json:"add_friend_autoreply_info"`
		Default  *replyJSON `json:"message_default_autoreply_info"`
		Keywords struct {
			List []rule `json:"list"`
		} `json:"keyword_autoreply_info"`
	}
	if err := c.do(ctx, call{op: "get_current_autoreply_info", get: true}, &out); err != nil {
		return AutoReply{}, err
	}
	return AutoReply{
		FollowOn: bool(out.FollowOn), Follow: out.Follow.orNone(), On: bool(out.On), Default: out.Default.orNone(),
		Keywords: each(out.Keywords.List, func(r rule) KeywordRule {
			return KeywordRule{
				Name: r.Name, Created: moment(r.Created), All: r.Mode == "reply_all",
				Keywords: each(r.Keywords, func(k keyword) Keyword { return Keyword{k.Type, k.Content, k.Match == "equal"} }),
				Replies:  each(r.Replies, replyJSON.reply),
			}
		}),
	}, nil
}
