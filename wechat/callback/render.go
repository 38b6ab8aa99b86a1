package callback

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// writer writes what the platform reads: XML without a header, or JSON with raw UTF-8 and no \uXXXX.
type writer struct {
	buf   []byte
	json  bool
	comma bool
}

func (w *writer) name(name string) {
	if !w.json {
		w.buf = append(append(append(w.buf, '<'), name...), '>')
		return
	}
	if w.comma {
		w.buf = append(w.buf, ',')
	}
	w.comma = true
	w.buf = append(append(append(w.buf, '"'), name...), `":`...)
}

func (w *writer) close(name string) {
	if !w.json {
		w.buf = append(append(append(w.buf, "</"...), name...), '>')
	}
}

func (w *writer) text(name, value string) {
	w.name(name)
	if w.json {
		w.quoted(value)
	} else {
		w.cdata(value)
	}
	w.close(name)
}

func (w *writer) number(name string, n int64) {
	w.name(name)
	w.buf = strconv.AppendInt(w.buf, n, 10)
	w.close(name)
}

func (w *writer) group(name string, inside func()) {
	w.name(name)
	w.object(inside)
	w.close(name)
}

func (w *writer) object(inside func()) {
	if !w.json {
		inside()
		return
	}
	w.buf, w.comma = append(w.buf, '{'), false
	inside()
	w.buf, w.comma = append(w.buf, '}'), true
}

// list writes repeated elements, which in JSON are an array. Its form there is unverified.
func (w *writer) list(name string, n int, inside func(int)) {
	if !w.json {
		for i := range n {
			w.group(name, func() { inside(i) })
		}
		return
	}
	w.name(name)
	w.buf = append(w.buf, '[')
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.object(func() { inside(i) })
	}
	w.buf = append(w.buf, ']')
}

// cdata writes a CDATA section, or several where the text has the end of one.
func (w *writer) cdata(text string) {
	w.buf = append(w.buf, "<![CDATA["...)
	for {
		before, after, found := strings.Cut(text, "]]>")
		w.clean(before)
		if !found {
			break
		}
		w.buf = append(w.buf, "]]]]><![CDATA[>"...)
		text = after
	}
	w.buf = append(w.buf, "]]>"...)
}

// clean leaves out what XML cannot hold.
func (w *writer) clean(text string) {
	for _, c := range text { // bytes that are not UTF-8 come as U+FFFD
		if c >= ' ' && c != 0xFFFE && c != 0xFFFF || c == '\n' || c == '\t' || c == '\r' {
			w.buf = utf8.AppendRune(w.buf, c)
		}
	}
}

func (w *writer) quoted(text string) {
	w.buf = append(w.buf, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			w.buf = append(w.buf, '\\', byte(c))
		case c == '\n':
			w.buf = append(w.buf, `\n`...)
		case c == '\r':
			w.buf = append(w.buf, `\r`...)
		case c == '\t':
			w.buf = append(w.buf, `\t`...)
		case c >= ' ':
			w.buf = utf8.AppendRune(w.buf, c)
		}
	}
	w.buf = append(w.buf, '"')
}

func (w *writer) document(inside func()) []byte {
	if w.json {
		w.object(inside)
	} else {
		w.group("xml", inside)
	}
	return w.buf
}

// render writes a reply to p.
func render(p *Push, r Reply, now time.Time) ([]byte, error) {
	if err := r.problem(p); err != nil {
		return nil, fmt.Errorf("wechat/callback: %w: %w", ErrReply, err)
	}
	w := &writer{json: p.JSON, buf: make([]byte, 0, 512)}
	return w.document(func() {
		w.text("ToUserName", string(p.From))
		w.text("FromUserName", p.To)
		w.number("CreateTime", now.Unix())
		w.text("MsgType", r.kind())
		r.write(w)
	}), nil
}

// seal encrypts a reply and signs it.
func seal(c *Cipher, token string, msg []byte, asJSON bool, now time.Time) []byte {
	nonce, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return envelope(token, string(c.Encrypt(msg)), nonce.String(), asJSON, now.Unix())
}

func envelope(token, encrypted, nonce string, asJSON bool, stamp int64) []byte {
	w := &writer{json: asJSON, buf: make([]byte, 0, len(encrypted)+256)}
	return w.document(func() {
		w.text("Encrypt", encrypted)
		w.text("MsgSignature", Sign(token, strconv.FormatInt(stamp, 10), nonce, encrypted))
		w.number("TimeStamp", stamp)
		w.text("Nonce", nonce)
	})
}
