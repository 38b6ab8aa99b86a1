package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

// Pace is how often things are looked at; zero values are the defaults.
type Pace struct {
	Look   time.Duration // between two looks of a wait
	Settle time.Duration // how long a purchase of a run that was killed is looked for
}

// Account is where storage is bought in this run: a real account, or the fake's.
type Account struct {
	Blocks   vultr.BlockStore
	Objects  vultr.ObjectStore
	Trees    vultr.FileStore
	Gateways vultr.GatewayStore

	client   *vultr.Client
	pace     Pace
	intent   *intents
	Greeting string
	Close    func()
}

// openAccount connects to the account that the environment names, or to the fake if it names none. A base URL without a
// key is an error: a forgotten variable must not turn a real run into one on a fake.
func openAccount(ctx context.Context, f *flags, getenv func(string) string, pace Pace) (*Account, error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	key, base := get("VULTR_API_KEY"), get("VULTR_BASE_URL")
	if key == "" && base != "" {
		return nil, inputError{errors.New("the environment has VULTR_BASE_URL but not VULTR_API_KEY: set both for a real account, or none for the fake")}
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return nil, inputError{fmt.Errorf("-out: %w", err)}
	}
	unlock, err := atomicfile.TryLock(filepath.Join(f.out, "lock"))
	if err != nil {
		return nil, inputError{fmt.Errorf("-out: %s is in use by another process, or cannot be locked: %w", f.out, err)}
	}
	a := &Account{pace: pace, Close: func() { _ = unlock() }}
	if err := a.open(ctx, f, key, base); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// open fills an account that is locked already.
func (a *Account) open(ctx context.Context, f *flags, key, base string) (err error) {
	cfg := vultr.Config{APIKey: vultr.Secret(key), BaseURL: base}
	where := "real"
	if key == "" {
		srv, err := openFake(f, a)
		if err != nil {
			return err
		}
		cfg, where = srv.Config(), "fake"
		a.Greeting = "account: a fake inside this process, where nothing costs anything (VULTR_API_KEY makes it real)"
	}
	if a.client, err = vultr.New(cfg); err != nil {
		return inputError{err}
	}
	a.Blocks, a.Objects, a.Trees, a.Gateways = a.client.Block(), a.client.Object(), a.client.VFS(), a.client.Gateway()
	if key == "" {
		if err := a.furnish(ctx); err != nil {
			return err
		}
	} else {
		a.Greeting = "account: the real one of VULTR_API_KEY, where everything is billed"
		if u, err := url.Parse(base); err == nil && u.Host != "" {
			a.Greeting += " (at " + u.Host + ")"
		}
	}
	a.intent, err = openIntents(filepath.Join(f.out, "intent-"+where+".json"))
	if err != nil {
		return inputError{err}
	}
	return nil
}

// openFake starts the fake, which keeps in -out what is bought there, and completes what only a real account would need.
func openFake(f *flags, a *Account) (*vultrtest.Server, error) {
	srv, err := vultrtest.Open(vultrtest.Options{
		StateFile: filepath.Join(f.out, "fake.json"), ActiveAfter: 800 * time.Millisecond, AttachAfter: 300 * time.Millisecond,
		Instances: []vultrtest.Instance{
			{ID: vultrtest.DemoInstance, Region: f.region, Label: "web-1", IP: netip.MustParseAddr("192.0.2.11")},
			{ID: vultrtest.DemoInstance2, Region: f.region, Label: "web-2", IP: netip.MustParseAddr("192.0.2.12")},
			{ID: vultrtest.DemoBareMetal, Region: f.region, Label: "metal-1", IP: netip.MustParseAddr("192.0.2.21"), BareMetal: true},
		},
	})
	if err != nil {
		return nil, inputError{fmt.Errorf("the fake: %w", err)}
	}
	unlock := a.Close
	a.Close = func() { srv.Close(); unlock() }
	if a.pace.Look == 0 {
		a.pace.Look = 100 * time.Millisecond
	}
	if len(f.instances) == 0 && !f.need.BareMetal {
		f.instances = []string{vultrtest.DemoInstance}
		if f.need.Writers > 1 {
			f.instances = append(f.instances, vultrtest.DemoInstance2)
		}
	}
	if f.vpc == "" && !f.need.Public {
		f.vpc = "0b36a1d1-2b4c-4f7e-9d55-5a3c1f1f0a01"
	}
	if f.need.Public && !f.address.IsValid() {
		f.address = netip.MustParseAddr("198.51.100.20")
	}
	return srv, nil
}

// furnish gives the fake's account a disk and a file system of old, by whose price a plan can go, as in an account that
// has been used before.
func (a *Account) furnish(ctx context.Context) error {
	for _, spec := range []vultr.BlockSpec{
		{Region: "ams", SizeGB: 10, Label: "old-disk", Type: vultr.HighPerf}, {Region: "ams", SizeGB: 40, Label: "old-archive", Type: vultr.StorageOpt},
	} {
		if _, err := a.Blocks.Ensure(ctx, spec, nil); err != nil {
			return fmt.Errorf("the fake: %w", err)
		}
	}
	if _, err := a.Trees.Ensure(ctx, vultr.FileSystemSpec{Region: "ams", SizeGB: 10, Label: "old-files"}, nil); err != nil {
		return fmt.Errorf("the fake: %w", err)
	}
	return nil
}
