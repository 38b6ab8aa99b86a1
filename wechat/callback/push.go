package callback

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unsafe"

	"github.com/kitroll/kitroll/wechat"
)

// Push is one delivery of the platform: a message of a user, or an event.
type Push struct {
	To      string        // the account, as "gh_…"
	From    wechat.OpenID // who wrote or did it; for the ends of jobs an OpenID that means nothing
	Created time.Time     // by the platform's clock, in seconds
	MsgID   wechat.MsgID  // of messages, mass sends and templates; else empty

	// Content is what it is: one of the types of this package by value, never nil. What is not known is [Other].
	Content Content

	Encrypted bool   // it came encrypted, and so will the reply be
	JSON      bool   // it came as JSON, and so will the reply be
	Raw       string // the whole of it, decrypted: XML or JSON. It is what users wrote: keep it out of logs

	fields tree
	key    *Cipher // that decrypted it
	event  string  // in upper case; empty for messages
}

// Content is what a push may carry: [Text], [Image], [Voice], [Video], [Location] and [Link] of users; the events from
// [Subscribe] to [AuthorizationRevoked]; the ends of jobs, [PublishFinished], [MassFinished] and [TemplateFinished];
// and [Other].
type Content interface{ content() }

// Field is the text of an element of the push, by its path from the root: Field("ScanCodeInfo", "ScanResult"). The first
// counts where there are several, and the case of names does not. It is empty for one that is not there, and for one that
// has elements inside. It is for what the types of this package do not have.
func (p *Push) Field(path ...string) string { return p.fields.get(path...) }

// String is what can be said of the push without telling what the user wrote.
func (p Push) String() string {
	name := p.event
	if name == "" {
		name = p.fields.get("MsgType")
	}
	return fmt.Sprintf("%q from %s at %s", name, p.From, p.Created.UTC().Format(time.RFC3339))
}

// GoString is String.
func (p Push) GoString() string { return p.String() }

// Format prints String, for every verb.
func (p Push) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, p.String()) }

// LogValue is String as fields.
func (p Push) LogValue() slog.Value {
	return slog.GroupValue(slog.String("type", p.fields.get("MsgType")), slog.String("event", p.event),
		slog.String("from", string(p.From)), slog.Time("created", p.Created), slog.String("msg_id", string(p.MsgID)))
}

// Parse reads a push that is neither signed nor encrypted: the decrypted text, XML or JSON. A [Handler] does this by
// itself; Parse is for pushes that were kept, or that arrive in another way.
//
// Errors: ErrMalformed for damaged XML or JSON, a document type, too many elements, or a push that does not say from
// whom, to whom and when. An event or message type that is not known is no error: see [Other].
func Parse(text []byte) (*Push, error) {
	return parse(string(text))
}

func parse(raw string) (*Push, error) {
	fields, isJSON, err := parseTree(raw)
	if err != nil {
		return nil, err
	}
	return newPush(raw, fields, isJSON)
}

// asString is b without a copy: b is ours alone, and must not change any more.
func asString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // a push is read once and written never
}

// parseTree goes by the first character, since the platform's Content-Type says nothing.
func parseTree(raw string) (fields tree, isJSON bool, err error) {
	isJSON = strings.HasPrefix(strings.TrimLeft(raw, "\ufeff \t\r\n"), "{")
	if isJSON {
		fields, err = parseJSON(raw)
	} else {
		fields, err = parseXML(raw)
	}
	if err != nil {
		return nil, isJSON, fmt.Errorf("wechat/callback: %w: %w", ErrMalformed, err)
	}
	return fields, isJSON, nil
}

func newPush(raw string, fields tree, isJSON bool) (*Push, error) {
	seconds, err := strconv.ParseInt(strings.TrimSpace(fields.get("CreateTime")), 10, 64)
	p := &Push{
		To: fields.get("ToUserName"), From: wechat.OpenID(fields.get("FromUserName")), Created: time.Unix(seconds, 0),
		MsgID: wechat.MsgID(squeeze(fields.get("MsgId"))), JSON: isJSON, Raw: raw, fields: fields,
	}
	kind := fields.get("MsgType")
	if err != nil || p.To == "" || p.From == "" || kind == "" {
		return nil, fmt.Errorf("wechat/callback: %w: ToUserName, FromUserName, CreateTime or MsgType is missing", ErrMalformed)
	}
	if strings.EqualFold(kind, "event") {
		name := strings.TrimSpace(fields.get("Event"))
		p.event = strings.ToUpper(name)
		p.Content = event(p.event, fields)
		if p.Content == nil {
			p.Content = Other{Type: kind, Event: name}
		}
		return p, nil
	}
	p.Content = message(strings.ToLower(kind), fields)
	if p.Content == nil {
		p.Content = Other{Type: kind}
	}
	return p, nil
}

// asBytes is s without a copy, to be read only.
func asBytes(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s)) //nolint:gosec // as asString
}

// identity is what makes two deliveries the same push: the MsgId of a message; of an event who, when, which and on what.
// The signature, the nonce and the random part of the encryption are new with each delivery.
func (p *Push) identity() string {
	if p.event == "" && p.MsgID != "" {
		return "message\x00" + p.To + "\x00" + string(p.From) + "\x00" + string(p.MsgID)
	}
	return strings.Join([]string{
		"event", p.To, string(p.From), strconv.FormatInt(p.Created.Unix(), 10), p.fields.get("MsgType"), p.event,
		p.fields.get("EventKey"), string(p.MsgID), p.fields.get("PublishEventInfo", "publish_id"),
	}, "\x00")
}

// squeeze takes the white space out of an identifier: the official samples have line breaks inside of some.
func squeeze(id string) string {
	if strings.IndexFunc(id, unicode.IsSpace) < 0 {
		return id
	}
	return strings.Join(strings.Fields(id), "")
}

// secureURL makes https of the platform's http.
func secureURL(u string) string {
	u = strings.TrimSpace(u)
	if rest, ok := strings.CutPrefix(u, "http://"); ok {
		return "https://" + rest
	}
	return u
}
