package llm

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/kitroll/kitroll/internal/secret"
)

// Key is an API key. Every way of printing it (all fmt verbs, slog, JSON) shows no more than "sk-…123", which is enough
// to tell two keys apart. Convert it to a string to get at the key itself.
//
// Two things no type can prevent: fmt prints an unexported field of a struct without asking the field's type, and
// encoding/json writes a map's string keys as they are. Keep a Key in exported fields, and out of the keys of maps.
type Key string

// String is the key as it may be shown.
func (k Key) String() string {
	s := secret.Tail(string(k), 3)
	if strings.HasPrefix(string(k), "sk-") && strings.HasPrefix(s, "…") {
		return "sk-" + s
	}
	return s
}

// GoString is String.
func (k Key) GoString() string { return k.String() }

// Format prints String for every verb.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String; so a key is shown the same way in JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String shows no secret; neither does any other way of printing a Config.
func (c Config) String() string { return c.safe().String() }

// GoString is String.
func (c Config) GoString() string { return c.String() }

// Format prints String for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is String's fields as a group.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON is String as a JSON string.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

func (c Config) safe() secret.Fields {
	names := make([]string, 0, len(c.Header))
	for name := range c.Header {
		names = append(names, name) // the values may be keys, such as Azure's api-key
	}
	return secret.Fields{"llm.Config", "BaseURL", safeURL(c.BaseURL), "Key", c.Key.String(), "Header", names}
}

// String names the endpoint; it shows no secret, and neither does any other way of printing a Client.
func (c *Client) String() string { return c.safe().String() }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Format prints String for every verb.
func (c *Client) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is String's fields as a group.
func (c *Client) LogValue() slog.Value { return c.safe().LogValue() }

func (c *Client) safe() secret.Fields {
	if c == nil {
		return secret.Fields{"llm.Client"}
	}
	return secret.Fields{"llm.Client", "BaseURL", safeURL(c.base.String()), "Key", c.cfg.Key.String()}
}

// scrubber replaces the keys that a request carried in what the server answered.
type scrubber []secretText

type secretText struct{ secret, shown string }

func (c *Client) scrubber(k Key) scrubber {
	var s scrubber
	if len(k) >= 4 {
		s = append(s, secretText{string(k), k.String()})
	}
	for name, values := range c.cfg.Header {
		lower := strings.ToLower(name)
		for _, word := range []string{"key", "auth", "token", "secret", "cookie"} {
			if !strings.Contains(lower, word) {
				continue
			}
			for _, v := range values {
				v = strings.TrimPrefix(v, "Bearer ")
				if len(v) >= 4 {
					s = append(s, secretText{v, Key(v).String()})
				}
			}
			break
		}
	}
	return s
}

func (s scrubber) scrub(text string) string {
	for _, st := range s {
		text = strings.ReplaceAll(text, st.secret, st.shown)
	}
	return text
}
