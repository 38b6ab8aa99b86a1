package vultr

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/kitroll/kitroll/internal/secret"
)

// Secret is a key that does not get printed: fmt (whatever the verb), log/slog and JSON show "[redacted]", or nothing when
// it is empty. It is read from JSON like a string.
type Secret string

// Reveal is the key itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the key.
func (s Secret) String() string { return secret.Mask(string(s)) }

// GoString hides the key.
func (s Secret) GoString() string { return s.String() }

// Format hides the key, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue hides the key.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the key: what is written is for people, not for reading it back.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }
