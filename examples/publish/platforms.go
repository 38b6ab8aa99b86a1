package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// Pace is how often running jobs and records are looked at; zero values are the packages' defaults.
type Pace struct{ Jobs, Records time.Duration }

// quick is for the fakes, whose jobs take half a second.
func quick() Pace { return Pace{Jobs: 200 * time.Millisecond, Records: 50 * time.Millisecond} }

// openPlatforms connects every platform, the real one or its fake, and checks what can be checked without a request. The
// fakes keep their state in out, so that a run that was interrupted finds there tomorrow what it left today.
func openPlatforms(s Settings, loader article.Loader, job Job, pace Pace) (p Platforms, closing func(), err error) {
	f := &fakes{dir: filepath.Join(job.Out, "fakes")}
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return Platforms{}, nil, fmt.Errorf("-out: %w", err)
	}
	writer, err1 := openLLM(s, f, job.Lang)
	host, account2, err2 := openR2(s, f)
	paper, account3, err3 := openWeChat(s, f, pace)
	sms, account4, err4 := openAliyun(s, f, job.Lang, pace)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		f.close()
		return Platforms{}, nil, err
	}
	theme, ok := article.ThemeNamed(job.Theme)
	if !ok {
		f.close()
		return Platforms{}, nil, fmt.Errorf("-theme: there is none named %q", job.Theme)
	}
	set := typesetter{loader, theme}
	return Platforms{
		Writer: writer, Painter: writer, Typesetter: set, PictureBox: set, ImageHost: host,
		Gallery: paper, CoverStore: paper, DraftBox: paper, DraftReader: paper,
		Publisher: paper, PublishFinder: paper, Broadcaster: paper, BroadcastFollower: paper, Notifier: sms,
		Accounts: []Account{
			{Platform: "llm", Name: writer.textModel, Fake: !s.real["llm"]},
			{Platform: "r2", Name: account2, Fake: !s.real["r2"], Keeps: true},
			{Platform: "wechat", Name: account3, Fake: !s.real["wechat"], Keeps: true},
			{Platform: "aliyun", Name: account4, Fake: !s.real["aliyun"], Keeps: true},
		},
	}, f.close, nil
}

func openLLM(s Settings, f *fakes, lang Lang) (*studio, error) {
	cfg, st := s.llm(), &studio{textModel: s.get("LLM_MODEL"), imageModel: s.get("LLM_IMAGE_MODEL"), lang: lang}
	if !s.real["llm"] {
		srv, err := f.llm(lang)
		if err != nil {
			return st, err
		}
		cfg, st.textModel, st.imageModel = srv.Config(), "gpt-4o-mini", "gpt-image-1"
		if s.real["wechat"] {
			st.imageModel = "" // a fake's picture is not for readers
		}
		st.downloads = &llm.FetchOptions{HTTPClient: srv.Client()}
	}
	var err error
	st.client, err = llm.New(cfg)
	return st, err
}

func openR2(s Settings, f *fakes) (*bucket, string, error) {
	cfg := s.r2()
	if !s.real["r2"] {
		srv, err := f.r2()
		if err != nil {
			return nil, "", err
		}
		cfg = srv.Config()
	}
	client, err := r2.New(cfg)
	return &bucket{client}, fmt.Sprintf("%s/%s", cfg.AccountID, cfg.Bucket), err
}

func openWeChat(s Settings, f *fakes, pace Pace) (*press, string, error) {
	cfg := s.wechat()
	if !s.real["wechat"] {
		srv, err := f.wechat()
		if err != nil {
			return nil, "", err
		}
		cfg, pace = srv.Config(), quick()
	}
	client, err := wechat.New(cfg)
	return &press{client: client, every: pace.Jobs}, cfg.AppID, err
}

func openAliyun(s Settings, f *fakes, lang Lang, pace Pace) (*operator, string, error) {
	cfg, o := s.aliyun(), &operator{phone: s.get("SMS_PHONE"), template: s.get("SMS_TEMPLATE"), lang: lang}
	sign, account := s.get("SMS_SIGN"), s.get("ALIBABA_CLOUD_ACCESS_KEY_ID")
	if !s.real["aliyun"] {
		srv, err := f.aliyun()
		if err != nil {
			return nil, "", err
		}
		cfg, pace, sign, account = srv.Config(), quick(), aliyuntest.DemoSign, "demo"
		o.phone, o.template = "13800000000", aliyuntest.DemoTemplate
	}
	if _, err := aliyun.NormalizePhone(o.phone); err != nil {
		return nil, "", fmt.Errorf("SMS_PHONE: %w", err)
	}
	client, err := aliyun.New(cfg)
	if err != nil {
		return nil, "", err
	}
	o.sms = client.SMS(&aliyun.SMSOptions{Sign: sign, ResolveInterval: pace.Records})
	// The journal keeps a name by which to tell accounts apart; the key's own ID stays out of files.
	return o, "account " + hash([]byte(account))[:12], nil
}
