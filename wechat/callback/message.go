package callback

import (
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

// Text is a text message.
type Text struct {
	Text   string
	MenuID string // bizmsgmenuid: which item of a menu message was chosen; else empty
	From   Source
}

// Source is which article a message was written under, for messages from the menu of one; else zero.
type Source struct {
	DataID wechat.MsgID // MsgDataId
	Idx    int          // which article, from 1
}

// Image is a picture.
type Image struct {
	URL   string         // PicUrl; https
	Media wechat.MediaID // a temporary material
}

// Voice is a voice message.
type Voice struct {
	Media       wechat.MediaID
	Format      string // such as "amr"
	Recognition string // what was said, where the account has that switched on; else empty
}

// Video is a video, or a short one.
type Video struct {
	Media wechat.MediaID
	Thumb wechat.MediaID
	Short bool
}

// Location is a place that a user chose to send. See [Position] for one that the app reported.
type Location struct {
	Latitude, Longitude float64 // degrees: Location_X and Location_Y
	Scale               int     // of the map
	Label               string
}

// Link is a page that a user shared.
type Link struct{ Title, Description, URL string }

// Other is a push that this package does not know, or whose content is not as documented. [Push.Field] and [Push.Raw]
// have what is in it.
type Other struct {
	Type  string // MsgType as it came
	Event string // for events, as it came
}

func (Text) content()     {}
func (Image) content()    {}
func (Voice) content()    {}
func (Video) content()    {}
func (Location) content() {}
func (Link) content()     {}
func (Other) content()    {}

// message makes the content of a message; nil for a type that is not known.
//
// Source: 接收普通消息, developers.weixin.qq.com (read 2026-11).
func message(kind string, t tree) Content {
	switch kind {
	case "text":
		return Text{
			Text: t.get("Content"), MenuID: t.get("bizmsgmenuid"),
			From: Source{wechat.MsgID(squeeze(t.get("MsgDataId"))), whole(t.get("Idx"))},
		}
	case "image":
		return Image{URL: secureURL(t.get("PicUrl")), Media: media(t, "MediaId")}
	case "voice":
		return Voice{Media: media(t, "MediaId"), Format: t.get("Format"), Recognition: t.get("Recognition")}
	case "video", "shortvideo":
		return Video{Media: media(t, "MediaId"), Thumb: media(t, "ThumbMediaId"), Short: kind == "shortvideo"}
	case "location":
		return Location{
			Latitude: decimal(t.get("Location_X")), Longitude: decimal(t.get("Location_Y")),
			Scale: whole(t.get("Scale")), Label: t.get("Label"),
		}
	case "link":
		return Link{Title: t.get("Title"), Description: t.get("Description"), URL: strings.TrimSpace(t.get("Url"))}
	}
	return nil
}

func media(t tree, name string) wechat.MediaID { return wechat.MediaID(squeeze(t.get(name))) }
