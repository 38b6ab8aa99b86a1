package wechat

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// The platform's identifiers. Each is text to us whatever the platform sends: publish_id is a string on one official
// page and an int on another, msg_id a number here and a string there, and int64 or float64 would lose what does not
// fit. They decode from a JSON string or number, without the line breaks that the official samples have inside of some.
type (
	// DraftID is the media_id of draft/add.
	DraftID string
	// PublishID is the publish_id of freepublish/submit: a publishing job.
	PublishID string
	// ArticleID is the article_id of a publication.
	ArticleID string
	// MediaID is the media_id of a material.
	MediaID string
	// MsgID is the msg_id of a mass send, and a msg_data_id.
	MsgID string
	// OpenID is a follower, as this account sees them.
	OpenID string
)

// UnmarshalJSON reads a JSON string or number.
func (id *DraftID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

// UnmarshalJSON reads a JSON string or number.
func (id *PublishID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

// UnmarshalJSON reads a JSON string or number.
func (id *ArticleID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

// UnmarshalJSON reads a JSON string or number.
func (id *MediaID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

// UnmarshalJSON reads a JSON string or number.
func (id *MsgID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

// UnmarshalJSON reads a JSON string or number.
func (id *OpenID) UnmarshalJSON(b []byte) error { return decodeID(b, id) }

func decodeID[T ~string](b []byte, id *T) error {
	text := string(b)
	switch {
	case text == "null":
		return nil
	case strings.HasPrefix(text, `"`):
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
	case strings.Trim(text, "-0123456789") != "":
		return fmt.Errorf("%.40q is no identifier: want a string or a whole number", text)
	}
	*id = T(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text))
	return nil
}

// number is a whole number that may come as a string, as errcode does from some of the platform's APIs.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(strings.Trim(string(b), `"`))
	if text == "null" || text == "" {
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%.40q is no whole number", text)
	}
	*n = number(v)
	return nil
}
