package wechat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/internal/httpcall"
)

// TokenFile is a [TokenStore] and a [Locker] on a file, for the processes of one machine. The file holds tokens in clear
// and is readable by its owner alone; a second one beside it, with .lock at its end, is the lock, which the system gives
// back when a process dies. Several accounts may share one: at worst an entry is lost, which costs one request.
//
//	file := wechat.NewTokenFile("/var/lib/myapp/wechat-tokens.json")
//	c, err := wechat.New(wechat.Config{AppID: …, Secret: …, Store: file, Locker: file})
type TokenFile struct{ path string }

var (
	_ TokenStore = (*TokenFile)(nil)
	_ Locker     = (*TokenFile)(nil)
)

// NewTokenFile is the file at path, which need not exist; its folder must. Nothing is read or written yet.
func NewTokenFile(path string) *TokenFile { return &TokenFile{path: path} }

// String is the path of the file.
func (f *TokenFile) String() string { return "wechat.TokenFile{" + f.path + "}" }

// keptToken is a token in the file: Token itself never shows its value to JSON.
type keptToken struct {
	Value   string    `json:"value"`
	Expires time.Time `json:"expires"`
}

// Get reads a token from the file. A file that is not there yet holds none.
func (f *TokenFile) Get(_ context.Context, key string) (Token, bool, error) {
	var kept map[string]keptToken
	if err := atomicfile.ReadJSON(f.path, &kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Token{}, false, fmt.Errorf("wechat: token file: %w", err)
	}
	t, ok := kept[key]
	return Token(t), ok && t.Value != "", nil
}

// Set writes a token into the file, which is never half written. A file that was broken begins anew. The time in Token
// is what counts; ttl is not kept.
func (f *TokenFile) Set(_ context.Context, key string, t Token, _ time.Duration) error {
	var kept map[string]keptToken
	if err := atomicfile.ReadJSON(f.path, &kept); err != nil || kept == nil {
		kept = map[string]keptToken{}
	}
	kept[key] = keptToken(t)
	if err := atomicfile.WriteJSON(f.path, kept); err != nil {
		return fmt.Errorf("wechat: token file: %w", err)
	}
	return nil
}

// Lock takes the lock, one for all keys, and waits for it until ctx ends. errors.ErrUnsupported where the system has no
// such locks.
func (f *TokenFile) Lock(ctx context.Context, _ string) (unlock func(), err error) {
	for {
		free, err := atomicfile.TryLock(f.path + ".lock")
		if err == nil {
			return func() { _ = free() }, nil
		}
		if !errors.Is(err, atomicfile.ErrLocked) {
			return nil, fmt.Errorf("wechat: token file: lock: %w", err)
		}
		if cause := httpcall.Sleep(ctx, 20*time.Millisecond); cause != nil {
			return nil, fmt.Errorf("wechat: token file: waiting for the lock: %w", cause)
		}
	}
}
