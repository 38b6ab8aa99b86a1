package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

//go:embed demo.csv
var demoList []byte

// platform is the real one, or the fake.
type platform struct {
	sms      *aliyun.SMS
	greeting string

	// push, of the fake, brings its reports to an address until ctx ends.
	push  func(ctx context.Context, url string)
	close func()
}

// open is the platform that the environment has keys for; without keys it is the fake, which tests arrange. The fake
// remembers in a file beside the journal what it has sent, phones and all, as the platform does.
func open(f *flags, getenv func(string) string, arrange func(*aliyuntest.Server)) (*platform, error) {
	cfg := aliyun.Config{Credentials: aliyun.EnvCredentials(getenv)}
	p := &platform{close: func() {}}
	opts := &aliyun.SMSOptions{Sign: f.sign, PricePerSegment: f.price, Guard: aliyun.NewGuard(aliyun.Limits{})}
	if getenv("ALIBABA_CLOUD_ACCESS_KEY_ID") == "" {
		fake, err := aliyuntest.Open(aliyuntest.Options{StateFile: f.journal + ".fake", Carrier: carrier})
		if err != nil {
			return nil, err
		}
		if arrange != nil {
			arrange(fake)
		}
		cfg, p.close, p.push = fake.Config(), fake.Close, pusher(fake)
		p.greeting = "No keys in the environment: the platform is a fake inside this program, and no phone gets anything."
		opts.ResolveInterval, opts.ResolvePolls = 200*time.Millisecond, 3
	} else {
		p.greeting = "Keys found: the messages are real and cost money."
	}
	c, err := aliyun.New(cfg)
	if err != nil {
		return nil, err
	}
	p.sms = c.SMS(opts)
	return p, nil
}

// carrier is slow with some phones, and does not know one.
func carrier(phone string) aliyuntest.Report {
	last := int(phone[len(phone)-1] - '0')
	r := aliyuntest.Report{After: time.Duration(last) * 300 * time.Millisecond}
	if last == 6 {
		r.ErrCode = "MOBILE_NOT_ON_SERVICE"
	}
	return r
}

func pusher(fake *aliyuntest.Server) func(ctx context.Context, url string) {
	return func(ctx context.Context, url string) {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_, _ = fake.PushReports(ctx, client, url) // what fails is pushed again, as the platform does
			}
		}
	}
}

// demoFlags are what the demo sends.
func (f *flags) demo() {
	f.template, f.sign = aliyuntest.DemoTemplate, aliyuntest.DemoSign
	if f.price == 0 {
		f.price = 0.045
	}
}

// templateFor loads the template, so that every line of the list is held against its text before anything is sent.
func (p *platform) templateFor(ctx context.Context, code string) error {
	if err := p.sms.LoadTemplates(ctx, code); err != nil {
		return fmt.Errorf("template %s: %w", code, err)
	}
	return nil
}
