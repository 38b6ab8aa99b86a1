package wechattest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Reply is what the user sees in answer to a message.
type Reply struct {
	XMLName xml.Name `json:"-" xml:"xml"`

	To      string      `json:"ToUserName"   xml:"ToUserName"`
	From    string      `json:"FromUserName" xml:"FromUserName"`
	Created json.Number `json:"CreateTime"   xml:"CreateTime"`
	Type    string      `json:"MsgType"      xml:"MsgType"`

	Text     string        `json:"Content"                xml:"Content"`
	Image    *ReplyMedia   `json:"Image,omitempty"        xml:"Image"`
	Voice    *ReplyMedia   `json:"Voice,omitempty"        xml:"Voice"`
	Video    *ReplyMedia   `json:"Video,omitempty"        xml:"Video"`
	Music    *ReplyMusic   `json:"Music,omitempty"        xml:"Music"`
	Count    json.Number   `json:"ArticleCount,omitempty" xml:"ArticleCount"`
	Articles *ReplyCards   `json:"Articles,omitempty"     xml:"Articles"`
	Service  *ReplyService `json:"TransInfo,omitempty"    xml:"TransInfo"`

	Raw       string `json:"-" xml:"-"` // decrypted
	Encrypted bool   `json:"-" xml:"-"`
}

// ReplyMedia is a picture, a voice recording or a video.
type ReplyMedia struct {
	MediaID     string `json:"MediaId" xml:"MediaId"`
	Title       string
	Description string
}

// ReplyMusic is a song.
type ReplyMusic struct {
	Title        string
	Description  string
	MusicURL     string `json:"MusicUrl"     xml:"MusicUrl"`
	HQMusicURL   string `json:"HQMusicUrl"   xml:"HQMusicUrl"`
	ThumbMediaID string `json:"ThumbMediaId" xml:"ThumbMediaId"`
}

// ReplyCards is the list of cards.
type ReplyCards struct {
	Items []ReplyCard `json:"item" xml:"item"`
}

// ReplyCard is one card.
type ReplyCard struct {
	Title       string
	Description string
	PicURL      string `json:"PicUrl" xml:"PicUrl"`
	URL         string `json:"Url"    xml:"Url"`
}

// ReplyService names one of the account's people.
type ReplyService struct {
	Account string `json:"KfAccount" xml:"KfAccount"`
}

// sealed is the form of an encrypted reply.
type sealed struct {
	XMLName   xml.Name    `json:"-"            xml:"xml"`
	Encrypt   string      `json:"Encrypt"      xml:"Encrypt"`
	Signature string      `json:"MsgSignature" xml:"MsgSignature"`
	TimeStamp json.Number `json:"TimeStamp"    xml:"TimeStamp"`
	Nonce     string      `json:"Nonce"        xml:"Nonce"`
}

// readReply takes an answer apart as the platform does: nil for one that says nothing.
func (c Callback) readReply(appID string, m Message, body string) (*Reply, error) {
	if body == "" || body == "success" {
		return nil, nil
	}
	encrypted := false
	if c.Mode != PlainPush {
		var s sealed
		switch err := c.decode(body, &s); {
		case err != nil:
			return nil, err
		case s.Encrypt != "":
			stamp := strings.TrimSpace(s.TimeStamp.String())
			if s.Signature != signature(c.Token, stamp, s.Nonce, s.Encrypt) {
				return nil, errors.New("MsgSignature is wrong")
			}
			text, err := decrypt(c.AESKey, appID, s.Encrypt)
			if err != nil {
				return nil, err
			}
			body, encrypted = text, true
		case c.Mode == SafePush:
			return nil, errors.New("a reply that is not encrypted, in safe mode")
		}
	}
	r := &Reply{Raw: body, Encrypted: encrypted}
	if err := c.decode(body, r); err != nil {
		return nil, err
	}
	return r, r.check(m, c.Account)
}

func (c Callback) decode(body string, v any) error {
	if !utf8.ValidString(body) {
		return errors.New("the answer is not UTF-8")
	}
	if c.JSON {
		if hasUnicodeEscape([]byte(body)) {
			return errors.New(`the answer has \uXXXX`)
		}
		d := json.NewDecoder(strings.NewReader(body))
		if err := d.Decode(v); err != nil {
			return fmt.Errorf("the answer is no JSON: %w", err)
		}
		return nil
	}
	if !strings.HasPrefix(body, "<xml>") || !strings.HasSuffix(body, "</xml>") {
		return errors.New("the answer is neither success nor <xml>…</xml>")
	}
	d := xml.NewDecoder(bytes.NewReader([]byte(body)))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the answer is no XML: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the answer goes on behind </xml>")
	}
	return nil
}

// check refuses what the user would see as 该公众号提供的服务出现故障.
func (r *Reply) check(m Message, account string) error {
	_, err := strconv.ParseInt(strings.TrimSpace(r.Created.String()), 10, 64)
	switch {
	case r.To != string(m.From) || r.From != account:
		return errors.New("ToUserName or FromUserName are not those of the message, exchanged")
	case err != nil:
		return errors.New("CreateTime is no number")
	}
	media := func(v *ReplyMedia) error {
		if v == nil || v.MediaID == "" {
			return errors.New("MediaId is missing")
		}
		return nil
	}
	switch r.Type {
	case "text":
		if r.Text == "" || len(r.Text) > 2048 {
			return fmt.Errorf("Content has %d bytes, not 1 to 2048", len(r.Text))
		}
	case "image":
		return media(r.Image)
	case "voice":
		return media(r.Voice)
	case "video":
		return media(r.Video)
	case "music":
		if r.Music == nil || (r.Music.MusicURL == "" && r.Music.HQMusicURL == "") {
			return errors.New("MusicUrl is missing")
		}
	case "news":
		return r.checkCards(m)
	case "transfer_customer_service":
	default:
		return fmt.Errorf("MsgType %q is no reply", r.Type)
	}
	return nil
}

func (r *Reply) checkCards(m Message) error {
	most := 8
	if m.Type != "event" {
		most = 1
	}
	if r.Articles == nil || len(r.Articles.Items) < 1 || len(r.Articles.Items) > most {
		return fmt.Errorf("Articles: not 1 to %d", most)
	}
	if n, err := r.Count.Int64(); err != nil || int(n) != len(r.Articles.Items) {
		return errors.New("ArticleCount is not the number of articles")
	}
	return nil
}
