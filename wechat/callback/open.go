package callback

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// query is what the platform writes into the URL.
type query struct {
	signature, timestamp, nonce, echo, encryption, msgSignature string
}

// readQuery takes the first of each, without the map that net/url makes.
func readQuery(raw string) (q query) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		var at *string
		switch name {
		case "signature":
			at = &q.signature
		case "timestamp":
			at = &q.timestamp
		case "nonce":
			at = &q.nonce
		case "echostr":
			at = &q.echo
		case "encrypt_type":
			at = &q.encryption
		case "msg_signature":
			at = &q.msgSignature
		default:
			continue
		}
		if strings.IndexByte(value, '%') >= 0 || strings.IndexByte(value, '+') >= 0 {
			var err error
			if value, err = url.QueryUnescape(value); err != nil {
				continue
			}
		}
		if *at == "" {
			*at = value
		}
	}
	return q
}

// authentic checks what every request must have: a signature and a fresh timestamp.
func (h *Handler) authentic(q query) error {
	if q.signature == "" || q.timestamp == "" || q.nonce == "" || !signedBy(q.signature, h.token, []byte(q.timestamp), []byte(q.nonce)) {
		return fmt.Errorf("wechat/callback: %w", ErrSignature)
	}
	sent, err := strconv.ParseInt(q.timestamp, 10, 64) // 32 bits end in 2038
	now, window := h.cfg.Now().Unix(), int64(h.cfg.Window.Seconds())
	if err != nil || sent < now-window || sent > now+window {
		return fmt.Errorf("wechat/callback: %w: the timestamp is more than %v from this machine's clock", ErrReplay, h.cfg.Window)
	}
	return nil
}

// Open reads one request of the platform: it checks signature, timestamp, size and mode, decrypts and parses. ServeHTTP
// does that and more; Open is for frameworks that want to answer by themselves. It does not know whether a push was
// there before: the platform delivers again what was not answered in 5 s.
//
// Errors: ErrSignature, ErrReplay, ErrMode, ErrTooLarge, ErrDecrypt, ErrMalformed; else that of reading the body.
func (h *Handler) Open(r *http.Request) (*Push, error) {
	p, _, err := h.open(r)
	return p, err
}

func (h *Handler) open(r *http.Request) (*Push, query, error) {
	q := readQuery(r.URL.RawQuery)
	if err := h.authentic(q); err != nil { // before anything of the body is read
		return nil, q, err
	}
	body, err := h.read(r)
	if err != nil {
		return nil, q, err
	}
	raw := asString(body)
	fields, isJSON, err := parseTree(raw)
	if err != nil {
		return nil, q, err
	}
	encrypted := fields.get("Encrypt")
	if err := h.rightMode(q, encrypted != ""); err != nil {
		return nil, q, err
	}
	if encrypted == "" {
		p, err := newPush(raw, fields, isJSON)
		return p, q, err
	}
	p, err := h.decrypt(q, asBytes(encrypted))
	return p, q, err
}

// rightMode refuses the downgrade: what is not encrypted where everything is, and what could not be checked.
func (h *Handler) rightMode(q query, encrypted bool) error {
	claimed := q.encryption == "aes"
	switch {
	case h.cfg.Mode == Safe && (!encrypted || !claimed):
		return fmt.Errorf("wechat/callback: %w: a push that is not encrypted, in safe mode", ErrMode)
	case h.cfg.Mode == Plain && (encrypted || claimed):
		return fmt.Errorf("wechat/callback: %w: an encrypted push, in plain mode", ErrMode)
	case encrypted != claimed:
		return fmt.Errorf("wechat/callback: %w: encrypt_type and body do not agree", ErrMode)
	}
	return nil
}

// decrypt opens the encrypted part; what stands beside it in compatible mode is covered by no signature and not read.
func (h *Handler) decrypt(q query, encrypted []byte) (*Push, error) {
	if q.msgSignature == "" || !signedBy(q.msgSignature, h.token, []byte(q.timestamp), []byte(q.nonce), encrypted) {
		return nil, fmt.Errorf("wechat/callback: %w: msg_signature", ErrSignature)
	}
	var first error
	for _, c := range h.ciphers {
		text, err := c.Decrypt(encrypted)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		p, err := parse(asString(text))
		if err != nil {
			return nil, err
		}
		p.Encrypted, p.key = true, c
		return p, nil
	}
	return nil, first
}

func (h *Handler) read(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	limit := int64(h.cfg.MaxBody)
	if r.ContentLength > limit {
		return nil, fmt.Errorf("wechat/callback: %w: %d bytes, more than %d", ErrTooLarge, r.ContentLength, limit)
	}
	if r.ContentLength > 0 {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, fmt.Errorf("wechat/callback: reading the push: %w", err)
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("wechat/callback: reading the push: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("wechat/callback: %w: more than %d bytes", ErrTooLarge, limit)
	}
	return body, nil
}
