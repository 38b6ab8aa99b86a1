package wechat

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// MassMessage is what a mass send carries: [News], [Text], [Images], [Voice] or [Video].
type MassMessage interface{ massMessage() (massJSON, []error) }

// News sends a draft as a card, straight from the draft box: it must not be published first. A sent draft is gone.
type News struct{ DraftID DraftID }

// Text sends plain text.
type Text struct{ Content string }

// Images sends 1 to 20 pictures of the library. Title is on the platform's page of 2026 alone and was not verified.
type Images struct {
	IDs             []MediaID
	Title           string
	Recommend       string // the line above them
	OpenComment     bool
	FansOnlyComment bool
}

// Voice sends a voice message of the library.
type Voice struct{ ID MediaID }

// Video sends a video. ID is what [Client.MassVideo] returns, not the material's own.
type Video struct {
	ID          MediaID
	Title       string
	Description string
}

// massJSON is the part of a send that depends on the message, for sendall and send and, with image, for preview.
type massJSON struct {
	Type   string         `json:"msgtype"`
	News   any            `json:"mpnews,omitempty"`
	Text   *massText      `json:"text,omitempty"`
	Voice  any            `json:"voice,omitempty"`
	Images *massImages    `json:"images,omitempty"` // plural, with msgtype "image", in sendall and send
	Image  any            `json:"image,omitempty"`  // singular in preview
	Video  *massVideoJSON `json:"mpvideo,omitempty"`

	draft DraftID // of News
}

type massText struct {
	Content string `json:"content"`
}

type massImages struct {
	IDs             []MediaID `json:"media_ids"`
	Recommend       string    `json:"recommend,omitempty"`
	Title           string    `json:"title,omitempty"`
	OpenComment     int       `json:"need_open_comment"`
	FansOnlyComment int       `json:"only_fans_can_comment"`
}

type massVideoJSON struct {
	ID          MediaID `json:"media_id"`
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
}

func (m News) massMessage() (massJSON, []error) {
	var bad []error
	if m.DraftID == "" {
		bad = append(bad, errors.New("News.DraftID is empty"))
	}
	return massJSON{Type: "mpnews", News: mediaID(m.DraftID), draft: m.DraftID}, bad
}

func (m Text) massMessage() (massJSON, []error) {
	var bad []error
	if strings.TrimSpace(m.Content) == "" {
		bad = append(bad, errors.New("Text.Content is empty"))
	}
	return massJSON{Type: "text", Text: &massText{m.Content}}, bad
}

func (m Images) massMessage() (massJSON, []error) {
	var bad []error
	if n := len(m.IDs); n < 1 || n > maxImages || slices.Contains(m.IDs, "") {
		bad = append(bad, fmt.Errorf("Images.IDs: want 1 to %d MediaIDs, none of them empty", maxImages))
	}
	if m.FansOnlyComment && !m.OpenComment {
		bad = append(bad, errors.New("Images.FansOnlyComment: needs OpenComment"))
	}
	return massJSON{Type: "image", Images: &massImages{
		IDs: slices.Clone(m.IDs), Recommend: m.Recommend, Title: m.Title,
		OpenComment: bit(m.OpenComment), FansOnlyComment: bit(m.FansOnlyComment),
	}}, bad
}

func (m Voice) massMessage() (massJSON, []error) {
	var bad []error
	if m.ID == "" {
		bad = append(bad, errors.New("Voice.ID is empty"))
	}
	return massJSON{Type: "voice", Voice: mediaID(m.ID)}, bad
}

func (m Video) massMessage() (massJSON, []error) {
	var bad []error
	if m.ID == "" {
		bad = append(bad, errors.New("Video.ID is empty"))
	}
	return massJSON{Type: "mpvideo", Video: &massVideoJSON{m.ID, m.Title, m.Description}}, bad
}

// checkMass gives a message its form on the wire, and refuses nil in both of its forms.
func checkMass(m MassMessage) (massJSON, []error) {
	if v := reflect.ValueOf(m); !v.IsValid() || (v.Kind() == reflect.Pointer && v.IsNil()) {
		return massJSON{}, []error{errors.New("MassMessage is nil")}
	}
	return m.massMessage()
}

// forPreview is the message as message/mass/preview takes it: one picture, under another name.
func (m massJSON) forPreview() massJSON {
	if m.Images != nil {
		m.Image, m.Images = mediaID(m.Images.IDs[0]), nil
	}
	return m
}
