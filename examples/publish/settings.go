package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/wechat"
)

// variables are the environment variables that make a platform real.
type variables struct {
	platform           string
	required, optional []string
	note               [2]string // in English and Chinese
}

func allVariables() []variables {
	return []variables{
		{
			platform: "llm", required: []string{"LLM_BASE_URL", "LLM_MODEL"}, optional: []string{"LLM_KEY", "LLM_IMAGE_MODEL"},
			note: [2]string{"any OpenAI-style API; a local server needs no key; LLM_IMAGE_MODEL paints covers", "任何 OpenAI 风格的接口；本地服务不需要 key；LLM_IMAGE_MODEL 用于生成封面"},
		},
		{
			platform: "r2", required: []string{"R2_ACCOUNT_ID", "R2_BUCKET", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_PUBLIC_BASE"}, optional: []string{"R2_ENDPOINT"},
			note: [2]string{"R2_PUBLIC_BASE is the bucket's public address, https://img.example.com", "R2_PUBLIC_BASE 是存储桶的公开地址，如 https://img.example.com"},
		},
		{
			platform: "wechat", required: []string{"WECHAT_APPID", "WECHAT_SECRET"}, optional: []string{"WECHAT_BASE_URL"},
			note: [2]string{"this machine's IP must be on the account's whitelist", "本机 IP 须在公众号的 IP 白名单中"},
		},
		{
			platform: "aliyun", required: []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "SMS_SIGN", "SMS_TEMPLATE", "SMS_PHONE"},
			optional: []string{"ALIBABA_CLOUD_SECURITY_TOKEN", "SMS_ENDPOINT"},
			note:     [2]string{"the template has the variables ${title} and ${result}", "短信模板含变量 ${title} 和 ${result}"},
		},
	}
}

func (v variables) write(w io.Writer, lang Lang) {
	fmt.Fprintf(w, "  %-7s %s\n", v.platform, strings.Join(v.required, " "))
	fmt.Fprintf(w, "          %s: %s\n", lang.Say("optional", "可选"), strings.Join(v.optional, " "))
	fmt.Fprintf(w, "          %s\n", lang.Say(v.note[0], v.note[1]))
}

// Settings is what the environment says of one run.
type Settings struct {
	real map[string]bool // by platform
	get  func(string) string
}

// readSettings finds out which platforms are real. A platform with some of its variables only is an error that names the
// missing ones: a forgotten variable must not turn a real run into one on a fake.
func readSettings(getenv func(string) string) (Settings, error) {
	s := Settings{real: map[string]bool{}, get: func(name string) string { return strings.TrimSpace(getenv(name)) }}
	var errs []error
	for _, v := range allVariables() {
		var set, missing []string
		for _, name := range v.required {
			if s.get(name) == "" {
				missing = append(missing, name)
			} else {
				set = append(set, name)
			}
		}
		for _, name := range v.optional {
			if s.get(name) != "" {
				set = append(set, name)
			}
		}
		if len(set) > 0 && len(missing) > 0 {
			errs = append(errs, fmt.Errorf("%s: the environment has %s but not %s: set all of them for the real platform, or none for the fake",
				v.platform, strings.Join(set, ", "), strings.Join(missing, ", ")))
		}
		s.real[v.platform] = len(missing) == 0
	}
	return s, errors.Join(errs...)
}

func (s Settings) llm() llm.Config {
	return llm.Config{BaseURL: s.get("LLM_BASE_URL"), Key: llm.Key(s.get("LLM_KEY"))}
}

func (s Settings) r2() r2.Config {
	return r2.Config{
		AccountID: s.get("R2_ACCOUNT_ID"), Bucket: s.get("R2_BUCKET"), Endpoint: s.get("R2_ENDPOINT"), PublicBase: s.get("R2_PUBLIC_BASE"),
		AccessKeyID: s.get("R2_ACCESS_KEY_ID"), SecretAccessKey: s.get("R2_SECRET_ACCESS_KEY"),
	}
}

func (s Settings) wechat() wechat.Config {
	return wechat.Config{AppID: s.get("WECHAT_APPID"), Secret: s.get("WECHAT_SECRET"), BaseURL: s.get("WECHAT_BASE_URL")}
}

func (s Settings) aliyun() aliyun.Config {
	cfg := aliyun.Config{Credentials: aliyun.EnvCredentials(s.get)}
	if at := s.get("SMS_ENDPOINT"); at != "" {
		cfg.Endpoints = map[aliyun.Product]string{aliyun.SMSProduct: at}
	}
	return cfg
}
