package wechattest

import (
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// Message is what the platform pushes: a message of a user or an event. Make one with [TextMessage] or [EventMessage],
// or fill it for any other kind.
type Message struct {
	From   wechat.OpenID // default: the account's first follower
	Type   string        // MsgType, such as "text" or "event"
	Fields []Field       // what follows MsgType, in that order; MsgId is added to messages

	ID      int64     // default: the next number
	Created time.Time // default: now
}

// Field is an element of a push: text, a number, or elements inside. Fields with one name are repeated elements, and an
// array in JSON.
type Field struct {
	Name   string
	Text   string
	Number bool // no CDATA, and no quotes in JSON
	Inside []Field
}

// F is a text.
func F(name, text string) Field { return Field{Name: name, Text: text} }

// N is a number.
func N(name string, n int64) Field {
	return Field{Name: name, Text: strconv.FormatInt(n, 10), Number: true}
}

// G is a group of fields.
func G(name string, inside ...Field) Field { return Field{Name: name, Inside: inside} }

// TextMessage is a text of a user.
func TextMessage(from wechat.OpenID, text string) Message {
	return Message{From: from, Type: "text", Fields: []Field{F("Content", text)}}
}

// EventMessage is an event, such as "subscribe", or "CLICK" with F("EventKey", "V1001").
func EventMessage(from wechat.OpenID, event string, fields ...Field) Message {
	return Message{From: from, Type: "event", Fields: append([]Field{F("Event", event)}, fields...)}
}

// complete fills what is left to its default. It is the same for every delivery of the message.
func (s *Server) complete(m Message) Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.From == "" && len(s.opts.Followers) > 0 {
		m.From = s.opts.Followers[0]
	}
	if m.Created.IsZero() {
		m.Created = s.opts.Now()
	}
	if m.ID == 0 {
		s.push.messages++
		m.ID = 7_000_000_000_000_000_000 + s.push.messages // beyond what a float64 holds
	}
	return m
}

func (m Message) all(account string) []Field {
	out := []Field{F("ToUserName", account), F("FromUserName", string(m.From)), N("CreateTime", m.Created.Unix()), F("MsgType", m.Type)}
	out = append(out, m.Fields...)
	if m.Type != "event" {
		out = append(out, N("MsgId", m.ID))
	}
	return out
}

func writeXML(name string, fields []Field) string {
	var b strings.Builder
	b.WriteString("<" + name + ">")
	for _, f := range fields {
		switch {
		case f.Inside != nil:
			b.WriteString(writeXML(f.Name, f.Inside))
		case f.Number:
			b.WriteString("<" + f.Name + ">" + f.Text + "</" + f.Name + ">")
		default:
			b.WriteString("<" + f.Name + "><![CDATA[" + strings.ReplaceAll(f.Text, "]]>", "]]]]><![CDATA[>") + "]]></" + f.Name + ">")
		}
	}
	b.WriteString("</" + name + ">")
	return b.String()
}

func writeJSON(fields []Field) string {
	var order []string
	values := map[string][]string{}
	for _, f := range fields {
		if values[f.Name] == nil {
			order = append(order, f.Name)
		}
		value := f.Text
		switch {
		case f.Inside != nil:
			value = writeJSON(f.Inside)
		case !f.Number:
			value = string(encode(f.Text))
		}
		values[f.Name] = append(values[f.Name], value)
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range order {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(encode(name)) + ":")
		if all := values[name]; len(all) > 1 || name == "item" {
			b.WriteString("[" + strings.Join(all, ",") + "]")
		} else {
			b.WriteString(all[0])
		}
	}
	b.WriteByte('}')
	return b.String()
}
