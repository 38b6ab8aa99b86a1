package route53x

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/kitroll/kitroll/internal/secret"
)

// AuthCode is the code with which the holder of a domain lets another registrar have it: whoever knows it may take an
// unlocked domain away. However it is printed, logged or put into JSON, it is "[redacted]"; string(code) is the code.
//
// A variable of this type is safe in a struct as an exported field. fmt calls no method on a field that is not exported:
// such a struct needs a Format of its own.
type AuthCode string

// String is "[redacted]", or empty when there is no code.
func (c AuthCode) String() string { return secret.Mask(string(c)) }

// GoString is String.
func (c AuthCode) GoString() string { return c.String() }

// Format prints String for every verb.
func (c AuthCode) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, c.String()) }

// LogValue is String.
func (c AuthCode) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON is String: a code does not get into a journal. It is asked for anew.
func (c AuthCode) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// MarshalText is String.
func (c AuthCode) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
