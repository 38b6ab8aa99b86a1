package callback

import (
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/wechat"
)

// MaxText is how many bytes of UTF-8 a [TextReply] may have: what is known to arrive, the documentation has no number.
const MaxText = 2048

// Reply is what the platform shows to the user in answer to a push: one of the types of this package, by value. nil says
// nothing. Control characters other than line ends and tabs are left out of texts, and bytes that are not UTF-8 replaced.
//
// Source: 被动回复用户消息, developers.weixin.qq.com (read 2026-11).
type Reply interface {
	kind() string // MsgType
	problem(*Push) error
	write(*writer)
}

// TextReply is a text of 1 to [MaxText] bytes.
type TextReply struct{ Text string }

// ImageReply is a picture of the account's materials.
type ImageReply struct{ Media wechat.MediaID }

// VoiceReply is a voice recording of the account's materials.
type VoiceReply struct{ Media wechat.MediaID }

// VideoReply is a video of the account's materials.
type VideoReply struct {
	Media              wechat.MediaID
	Title, Description string // may be empty
}

// MusicReply is a song elsewhere.
type MusicReply struct {
	Title, Description string // may be empty
	URL                string
	HQURL              string // to play in a good network; empty = URL
	Thumb              wechat.MediaID
}

// NewsReply is cards that lead to pages: one in answer to a message of a user, up to eight to an event.
type NewsReply struct{ Articles []NewsArticle }

// NewsArticle is one card.
type NewsArticle struct{ Title, Description, PictureURL, URL string }

// TransferReply hands the message to the account's people of customer service.
type TransferReply struct{ Account string } // of one of them; empty = whoever is free

func (TextReply) kind() string     { return "text" }
func (ImageReply) kind() string    { return "image" }
func (VoiceReply) kind() string    { return "voice" }
func (VideoReply) kind() string    { return "video" }
func (MusicReply) kind() string    { return "music" }
func (NewsReply) kind() string     { return "news" }
func (TransferReply) kind() string { return "transfer_customer_service" }

func (r TextReply) problem(*Push) error {
	switch n := len(r.Text); {
	case n == 0:
		return errors.New("TextReply: Text is empty")
	case n > MaxText:
		return fmt.Errorf("TextReply: Text has %d bytes, more than %d", n, MaxText)
	}
	return nil
}

func (r ImageReply) problem(*Push) error { return needsMedia("ImageReply", r.Media) }
func (r VoiceReply) problem(*Push) error { return needsMedia("VoiceReply", r.Media) }
func (r VideoReply) problem(*Push) error { return needsMedia("VideoReply", r.Media) }

func needsMedia(of string, id wechat.MediaID) error {
	if id == "" {
		return errors.New(of + ": Media is empty")
	}
	return nil
}

func (r MusicReply) problem(*Push) error {
	if r.URL == "" && r.HQURL == "" {
		return errors.New("MusicReply: URL is empty")
	}
	return nil
}

func (r NewsReply) problem(p *Push) error {
	most := 8
	if p.event == "" {
		most = 1
	}
	if n := len(r.Articles); n < 1 || n > most {
		return fmt.Errorf("NewsReply: %d articles, not 1 to %d: a message may be answered by one, an event by eight", n, most)
	}
	return nil
}

func (TransferReply) problem(p *Push) error {
	if p.event != "" {
		return errors.New("TransferReply: an event is no message that could be handed on")
	}
	return nil
}

func (r TextReply) write(w *writer)  { w.text("Content", r.Text) }
func (r ImageReply) write(w *writer) { w.group("Image", func() { w.text("MediaId", string(r.Media)) }) }

func (r VoiceReply) write(w *writer) { w.group("Voice", func() { w.text("MediaId", string(r.Media)) }) }

func (r VideoReply) write(w *writer) {
	w.group("Video", func() {
		w.text("MediaId", string(r.Media))
		w.text("Title", r.Title)
		w.text("Description", r.Description)
	})
}

func (r MusicReply) write(w *writer) {
	w.group("Music", func() {
		w.text("Title", r.Title)
		w.text("Description", r.Description)
		w.text("MusicUrl", r.URL)
		w.text("HQMusicUrl", r.HQURL)
		if r.Thumb != "" {
			w.text("ThumbMediaId", string(r.Thumb))
		}
	})
}

func (r NewsReply) write(w *writer) {
	w.number("ArticleCount", int64(len(r.Articles)))
	w.group("Articles", func() {
		w.list("item", len(r.Articles), func(i int) {
			a := r.Articles[i]
			w.text("Title", a.Title)
			w.text("Description", a.Description)
			w.text("PicUrl", a.PictureURL)
			w.text("Url", a.URL)
		})
	})
}

func (r TransferReply) write(w *writer) {
	if r.Account != "" {
		w.group("TransInfo", func() { w.text("KfAccount", r.Account) })
	}
}
