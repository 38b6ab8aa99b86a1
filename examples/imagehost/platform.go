package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
)

// Pace is how often a domain is looked at, and the way to public addresses. The zero value is the default of r2admin, short on
// the fakes, and the network.
type Pace struct {
	Look   time.Duration
	Public *http.Client
}

// Account is where the pictures go: the bucket, and the control plane that it is made and opened to the public with.
type Account struct {
	Data    *r2.Client
	Control *r2admin.Client
	Base    string // of the public addresses

	public  *http.Client
	fake    *fake // nil when the account is real
	pace    Pace
	closers []func()
}

// openAccount connects to the account that the environment names, or to the fake if it names none. It sends nothing. The
// folder -out is this process's alone until Close.
func openAccount(ctx context.Context, f *flags, s Settings, pace Pace) (*Account, error) {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return nil, fmt.Errorf("-out: %w", err)
	}
	unlock, err := atomicfile.TryLock(filepath.Join(f.out, "lock"))
	if err != nil {
		return nil, fmt.Errorf("-out: %s is in use by another process, or cannot be locked: %w", f.out, err)
	}
	a := &Account{Base: "https://" + s.Domain, pace: pace, closers: []func(){func() { _ = unlock() }}}
	if err := a.open(ctx, f, s); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *Account) open(ctx context.Context, f *flags, s Settings) error {
	var data r2.Config
	var control r2admin.Config
	a.public = cmp.Or(a.pace.Public, publicClient())
	if s.Real {
		data = r2.Config{
			AccountID: s.Account, Bucket: s.Bucket, Jurisdiction: s.Jurisdiction, Endpoint: s.get("R2_ENDPOINT"),
			AccessKeyID: s.get("R2_ACCESS_KEY_ID"), SecretAccessKey: s.get("R2_SECRET_ACCESS_KEY"), PublicBase: a.Base,
		}
		control = r2admin.Config{
			AccountID: s.Account, APIToken: s.get("CLOUDFLARE_API_TOKEN"), Jurisdiction: s.Jurisdiction, BaseURL: s.get("CLOUDFLARE_BASE_URL"),
		}
	} else {
		w, err := openFake(f.out)
		if err != nil {
			return err
		}
		a.fake, a.closers = w, append(a.closers, w.Close)
		a.public = w.bucket.Client()
		if f.serve != "" { // the addresses on the page are then those of a port here
			base, stop, err := w.servePublic(ctx)
			if err != nil {
				return err
			}
			a.Base, a.closers, a.public = base, append(a.closers, stop), publicClient()
		}
		data, control = w.configs()
		data.PublicBase = a.Base
		if a.pace.Look == 0 {
			a.pace.Look = 100 * time.Millisecond
		}
	}
	var err1, err2 error
	a.Data, err1 = r2.New(data)
	a.Control, err2 = r2admin.New(control)
	return errors.Join(err1, err2)
}

// Close ends what open has begun, the last first.
func (a *Account) Close() {
	for _, end := range slices.Backward(a.closers) {
		end()
	}
}
