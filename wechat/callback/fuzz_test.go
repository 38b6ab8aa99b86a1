package callback_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kitroll/kitroll/wechat/callback"
)

func FuzzDecrypt(f *testing.F) {
	f.Add([]byte(v2Long), []byte("hello"))
	f.Add([]byte(v1Encrypt), []byte(""))
	f.Add([]byte("AAAA"), []byte(v2Msg))
	c, err := callback.NewCipher(v2AppID, v2Key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, encrypted, msg []byte) {
		if got, err := c.Decrypt(encrypted); err != nil {
			if !errors.Is(err, callback.ErrDecrypt) || got != nil {
				t.Fatalf("%v, %q", err, got)
			}
		} else if len(got) > len(encrypted) {
			t.Fatal("longer than what it was made from")
		}
		sealed := c.Encrypt(msg)
		if got, err := c.Decrypt(sealed); err != nil || !bytes.Equal(got, msg) {
			t.Fatalf("%q came back as %q, %v", msg, got, err)
		}
	})
}

// flat reads what a push's top level has, with encoding/xml. ok is false where the two may differ: what encoding/xml
// refuses, namespaces, and elements inside of elements.
func flat(text string) (fields map[string]string, ok bool) {
	d := xml.NewDecoder(strings.NewReader(text))
	fields = map[string]string{}
	depth, name, nested, roots := 0, "", false, 0
	var value strings.Builder
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return fields, depth == 0 && roots == 1
		}
		if err != nil {
			return nil, false
		}
		switch v := tok.(type) {
		case xml.Directive:
			return nil, false
		case xml.StartElement:
			if v.Name.Space != "" {
				return nil, false
			}
			switch depth++; depth {
			case 1:
				roots++
			case 2:
				name, nested = strings.ToLower(v.Name.Local), false
				value.Reset()
			default:
				nested = true
			}
		case xml.EndElement:
			if depth == 2 {
				if _, known := fields[name]; !known {
					if fields[name] = value.String(); nested {
						fields[name] = ""
					}
				}
			}
			depth--
		case xml.CharData:
			if depth == 2 {
				value.Write(v)
			}
			if depth == 0 && len(bytes.TrimSpace(v)) > 0 {
				return nil, false
			}
		}
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add(xmlPush("<MsgType>text</MsgType><Content><![CDATA[a]]></Content>"))
	f.Add(xmlEvent("PUBLISHJOBFINISH", publishOK))
	f.Add(xmlEvent("MASSSENDJOBFINISH", massOK))
	f.Add(v2Msg)
	f.Add("<?xml version='1.0'?><!-- c --><xml><a b='c'/>&lt;&#20;</xml>")
	f.Add("<!DOCTYPE a [<!ENTITY b 'c'>]><xml>&b;</xml>")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := callback.Parse([]byte(text))
		if err != nil {
			if !errors.Is(err, callback.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if p.Content == nil || p.Raw != text || p.To == "" || p.From == "" {
			t.Fatalf("half a push: %#v", p.Content)
		}
		upper := strings.ToUpper(text)
		if strings.HasPrefix(strings.TrimSpace(upper), "<!DOCTYPE") {
			t.Fatal("a document type")
		}
		if want, ok := flat(text); ok && utf8.ValidString(text) && !p.JSON {
			for name, value := range want {
				if got := p.Field(name); got != value {
					t.Fatalf("%s: %q, and encoding/xml says %q", name, got, value)
				}
			}
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	f.Add(v1Message)
	f.Add(jsonPush(`"MsgType":"text","Content":"a","MsgId":1`))
	f.Add(jsonEvent("PUBLISHJOBFINISH", `"PublishEventInfo":{"publish_id":1,"publish_status":2,"fail_idx":[1,[2]]}`))
	f.Add(`{"a":{"b":[[],{},null,true,1e400,"\ud800"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		text = "{" + text
		p, err := callback.Parse([]byte(text))
		if err != nil {
			if !errors.Is(err, callback.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if !json.Valid([]byte(strings.TrimPrefix(text, "\ufeff"))) {
			t.Fatalf("not JSON, and read: %q", text)
		}
		var loose map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		if d.Decode(&loose) == nil && len(loose) == strings.Count(text, ":") { // no name twice, no groups
			for name, value := range loose {
				if s, ok := value.(string); ok && p.Field(name) != s && strings.ToLower(name) == name {
					count := 0
					for other := range loose {
						if strings.EqualFold(other, name) {
							count++
						}
					}
					if count == 1 {
						t.Fatalf("%s: %q, and encoding/json says %q", name, p.Field(name), s)
					}
				}
			}
		}
	})
}
