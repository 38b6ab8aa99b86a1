package callback

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// Mode is how pushes come, as chosen in the account's console (消息加解密方式).
type Mode int

// The modes. The zero value is the safe one.
const (
	Safe       Mode = iota // 安全模式: encrypted. A plain push is refused
	Compatible             // 兼容模式: encrypted and plain in one. The encrypted part counts; a push without one is taken, as in Plain
	Plain                  // 明文模式: the signature does not cover what is pushed, so that who sees one URL can use it once for a message of their own
)

func (m Mode) String() string {
	switch m {
	case Safe:
		return "safe"
	case Compatible:
		return "compatible"
	case Plain:
		return "plain"
	}
	return fmt.Sprintf("Mode(%d)", int(m))
}

// Config is what a [Handler] is made from. It is copied. Printing it, in whatever way, shows no secret.
type Config struct {
	Token   string   // required: the token of the console, a password of your own choice
	AppID   string   // required but in Plain: pushes for another account are refused
	AESKeys []string // required but in Plain: EncodingAESKey, the present one first. While it is being changed, the old one behind it
	Mode    Mode     // default Safe

	// Handle gets each push once and may answer it. Its context does not end with the request: it has the values of the
	// first delivery's and ends after MaxRun, or with Shutdown. A nil Reply says nothing. An error is logged and says
	// nothing, unless it wraps ErrRetry; a panic is taken for an error. It runs on a goroutine of its own, many at a
	// time. nil is allowed beside Jobs.
	Handle func(ctx context.Context, p *Push) (Reply, error)

	// Jobs is told of the ends of publishing jobs and mass sends, before Handle: a *wechat.Inbox. nil = nobody.
	Jobs JobEvents

	// Late gets a reply that could not be given any more, on Handle's goroutine: the platform had been answered "success",
	// or has not come back for it. A customer-service message can still reach the user. nil = it is dropped, with a
	// warning in the log.
	Late func(ctx context.Context, p *Push, r Reply)

	// Deliveries is how many deliveries of a push may end before it is answered "success" unheard, 1 to 3; default 1. The
	// platform gives up after 5 s and delivers again, twice at most. With 1 a slow reply goes to Late. With 3 the answer
	// has 15 s, since a later delivery meets the same run of Handle; in the meantime the user waits.
	Deliveries int

	Limit   time.Duration // from the arrival of a push to "success"; default 4.5 s of the platform's 5
	MaxRun  time.Duration // for a run of Handle and Late; default 5 min
	Window  time.Duration // how far the timestamp of a request may be from Now; default 10 min
	MaxBody int           // bytes; default 1 MiB
	Seen    Seen          // default: the memory of this process alone

	Logger *slog.Logger     // default: discard. Warn: what is refused, replies that came too late; Error: what Handle returned
	Now    func() time.Time // the clock for timestamps; default time.Now
}

func (c Config) safe() secret.Fields {
	keys := make([]string, len(c.AESKeys))
	for i, k := range c.AESKeys {
		keys[i] = secret.Mask(k)
	}
	return secret.Fields{"callback.Config", "Token", secret.Mask(c.Token), "AppID", c.AppID, "AESKeys", keys, "Mode", c.Mode}
}

// String is the configuration without its secrets.
func (c Config) String() string { return c.safe().String() }

// GoString is the configuration without its secrets.
func (c Config) GoString() string { return c.safe().String() }

// Format prints the configuration without its secrets, for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its secrets.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// New checks cfg and makes a handler. Its error joins every problem found, each naming its field.
func New(cfg Config) (*Handler, error) {
	var problems []error
	complain := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	complain(cfg.Token == "", "Token is required")
	complain(cfg.Mode < Safe || cfg.Mode > Plain, "Mode: %v is none of Safe, Compatible and Plain", cfg.Mode)
	complain(cfg.Mode == Plain && len(cfg.AESKeys) > 0, "AESKeys: not used in Plain; choose Safe or Compatible, as in the console")
	complain(cfg.Mode != Plain && cfg.AppID == "", "AppID is required")
	complain(cfg.Mode != Plain && len(cfg.AESKeys) == 0, "AESKeys is required (or Mode Plain, where anyone who sees one URL can write as any user)")
	complain(cfg.Handle == nil && cfg.Jobs == nil, "Handle is required (or Jobs)")
	complain(cfg.Deliveries < 0 || cfg.Deliveries > 3, "Deliveries: %d is not in 1 to 3", cfg.Deliveries)
	complain(cfg.Limit < 0 || cfg.Limit > 5*time.Second, "Limit: %v is not in 0 to 5s", cfg.Limit)
	complain(cfg.MaxRun < 0, "MaxRun is negative")
	complain(cfg.Window < 0, "Window is negative")
	complain(cfg.MaxBody < 0, "MaxBody is negative")
	h := &Handler{cfg: cfg, memory: memory{byPush: map[string]*flight{}, stamps: map[string]string{}, cancel: map[*flight]context.CancelCauseFunc{}}}
	secrets := []string{cfg.Token}
	for i, text := range cfg.AESKeys {
		key, err := decodeKey(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("AESKeys[%d] %w", i, err))
			continue
		}
		c, err := newCipher(cfg.AppID, key)
		if err != nil {
			problems = append(problems, fmt.Errorf("AESKeys[%d]: %w", i, err))
		}
		h.ciphers = append(h.ciphers, c)
		secrets = append(secrets, text)
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("wechat/callback: config: %w", errors.Join(problems...))
	}
	h.cfg.Deliveries = cmp.Or(cfg.Deliveries, 1)
	h.cfg.Limit = cmp.Or(cfg.Limit, 4500*time.Millisecond)
	h.cfg.MaxRun = cmp.Or(cfg.MaxRun, 5*time.Minute)
	h.cfg.Window = cmp.Or(cfg.Window, 10*time.Minute)
	h.cfg.MaxBody = cmp.Or(cfg.MaxBody, 1<<20)
	h.cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	h.cfg.AESKeys = nil // the ciphers have them
	if cfg.Now == nil {
		h.cfg.Now = time.Now
	}
	h.token = []byte(cfg.Token)
	h.hide = func(text string) string { return secret.Scrub(strings.ToValidUTF8(text, "?"), secrets...) }
	return h, nil
}
