package wechat

import (
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"
)

// ButtonType is what a button of the menu does.
type ButtonType string

// The types of buttons, and which fields of [Button] each takes beside Name.
const (
	ButtonClick        ButtonType = "click"                // Key: a CLICK event to the callback URL
	ButtonView         ButtonType = "view"                 // URL: opens a page
	ButtonMiniProgram  ButtonType = "miniprogram"          // AppID, PagePath, and URL for old clients
	ButtonArticle      ButtonType = "article_id"           // ArticleID: sends the published article's card into the chat
	ButtonArticleView  ButtonType = "article_view_limited" // ArticleID: opens the published article
	ButtonMedia        ButtonType = "media_id"             // MediaID: sends a permanent material into the chat
	ButtonMediaView    ButtonType = "view_limited"         // MediaID: opens a news material, which must be older than 2022
	ButtonScan         ButtonType = "scancode_push"        // Key: scans a code and shows it
	ButtonScanWait     ButtonType = "scancode_waitmsg"     // Key: scans a code and waits for a message of yours
	ButtonCamera       ButtonType = "pic_sysphoto"         // Key: takes a picture
	ButtonCameraAlbum  ButtonType = "pic_photo_or_album"   // Key: takes a picture or picks one
	ButtonAlbum        ButtonType = "pic_weixin"           // Key: picks a picture
	ButtonLocation     ButtonType = "location_select"      // Key: picks a place
	buttonWithSubmenus ButtonType = ""
)

// Button is a button of the menu: with a type and that type's fields, or with Sub alone.
type Button struct {
	Name string     // required, at most 16 bytes, or 60 in a sub-menu; a Chinese character is 3 bytes
	Type ButtonType // empty for a button that opens a sub-menu

	Key       string // at most 128 bytes
	URL       string // http(s), at most 1,024 bytes
	AppID     string // of the mini program, which must be linked to the account (45064)
	PagePath  string
	MediaID   MediaID
	ArticleID ArticleID // of [Published]: the article must be out already

	Sub []Button // 1 to 5, which have none themselves
}

const (
	maxButtons    = 3
	maxSubButtons = 5
	maxName       = 16 // bytes
	maxSubName    = 60 // bytes
	maxKey        = 128
	maxButtonURL  = 1024
)

type buttonJSON struct {
	Type      ButtonType   `json:"type,omitempty"`
	Name      string       `json:"name"`
	Key       string       `json:"key,omitempty"`
	URL       string       `json:"url,omitempty"`
	AppID     string       `json:"appid,omitempty"`
	PagePath  string       `json:"pagepath,omitempty"`
	MediaID   MediaID      `json:"media_id,omitempty"`
	ArticleID ArticleID    `json:"article_id,omitempty"`
	Sub       []buttonJSON `json:"sub_button,omitempty"`
}

func (b Button) json() buttonJSON {
	return buttonJSON{b.Type, b.Name, b.Key, b.URL, b.AppID, b.PagePath, b.MediaID, b.ArticleID, each(b.Sub, Button.json)}
}

func (b buttonJSON) button() Button {
	return Button{b.Name, b.Type, b.Key, b.URL, b.AppID, b.PagePath, b.MediaID, b.ArticleID, each(b.Sub, buttonJSON.button)}
}

func each[A, B any](in []A, f func(A) B) (out []B) {
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

// fields are the names of the fields that are set.
func (b Button) fields() map[string]bool {
	out := map[string]bool{}
	for name, value := range map[string]string{
		"Key": b.Key, "URL": b.URL, "AppID": b.AppID, "PagePath": b.PagePath, "MediaID": string(b.MediaID), "ArticleID": string(b.ArticleID),
	} {
		if value != "" {
			out[name] = true
		}
	}
	return out
}

// takes are the fields that a type needs; it has no others.
func (t ButtonType) takes() ([]string, bool) {
	switch t {
	case ButtonClick, ButtonScan, ButtonScanWait, ButtonCamera, ButtonCameraAlbum, ButtonAlbum, ButtonLocation:
		return []string{"Key"}, true
	case ButtonView:
		return []string{"URL"}, true
	case ButtonMiniProgram:
		return []string{"AppID", "PagePath", "URL"}, true
	case ButtonArticle, ButtonArticleView:
		return []string{"ArticleID"}, true
	case ButtonMedia, ButtonMediaView:
		return []string{"MediaID"}, true
	case buttonWithSubmenus:
		return nil, true
	}
	return nil, false
}

// checkMenu refuses what the platform would, naming each button by its place.
func checkMenu(buttons []Button) (problems []error) {
	if n := len(buttons); n < 1 || n > maxButtons {
		problems = append(problems, fmt.Errorf("buttons: %d of them, a menu has 1 to %d", n, maxButtons))
	}
	for i, b := range buttons {
		where := fmt.Sprintf("buttons[%d]", i)
		problems = append(problems, b.check(where, maxName)...)
		if n := len(b.Sub); b.Type == buttonWithSubmenus && (n < 1 || n > maxSubButtons) {
			problems = append(problems, fmt.Errorf("%s: needs a Type, or 1 to %d buttons in Sub and has %d", where, maxSubButtons, n))
		}
		for j, sub := range b.Sub {
			where := fmt.Sprintf("%s.Sub[%d]", where, j)
			problems = append(problems, sub.check(where, maxSubName)...)
			switch {
			case len(sub.Sub) > 0:
				problems = append(problems, fmt.Errorf("%s.Sub: a sub-menu has none", where))
			case sub.Type == buttonWithSubmenus:
				problems = append(problems, fmt.Errorf("%s.Type is required", where))
			}
		}
	}
	return problems
}

func (b Button) check(where string, maxName int) (problems []error) {
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(where+format, args...))
	}
	switch n := len(b.Name); {
	case n == 0:
		bad(".Name is required")
	case n > maxName:
		bad(".Name: %d bytes, at most %d; a Chinese character is 3", n, maxName)
	case !utf8.ValidString(b.Name):
		bad(".Name: is not UTF-8")
	}
	wants, known := b.Type.takes()
	if !known {
		bad(".Type: %q is not known", string(b.Type))
		return problems
	}
	if b.Type != buttonWithSubmenus && len(b.Sub) > 0 {
		bad(": has a Type and Sub; it is the one or the other")
	}
	set := b.fields()
	for _, name := range wants {
		if !set[name] {
			bad(".%s is required for %s", name, b.Type)
		}
		delete(set, name)
	}
	for _, name := range []string{"Key", "URL", "AppID", "PagePath", "MediaID", "ArticleID"} {
		switch {
		case set[name] && b.Type == buttonWithSubmenus:
			bad(".%s: a button without Type takes none", name)
		case set[name]:
			bad(".%s: a button of type %s takes none", name, b.Type)
		}
	}
	if n := len(b.Key); n > maxKey {
		bad(".Key: %d bytes, at most %d", n, maxKey)
	}
	if err := checkButtonURL(b.URL); err != nil {
		bad(".URL: %w", err)
	}
	return problems
}

func checkButtonURL(raw string) error {
	if raw == "" {
		return nil
	}
	if len(raw) > maxButtonURL {
		return fmt.Errorf("%d bytes, at most %d", len(raw), maxButtonURL)
	}
	if u, err := url.Parse(raw); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("want http(s)://…")
	}
	return nil
}
