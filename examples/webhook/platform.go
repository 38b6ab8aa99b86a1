package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/wechat/callback"
)

// Account is the Official Account of a real run.
type Account struct {
	Token, AppID string
	Keys         []string // EncodingAESKey: the present one, and the old one while it is being changed
}

// readAccount finds the account in the environment; nil when there is none. Some of the variables only are an error: a
// forgotten one must not turn a server into a demo.
func readAccount(get func(string) string) (*Account, error) {
	required := []string{"WECHAT_APPID", "WECHAT_TOKEN", "WECHAT_AES_KEY"}
	var set, missing []string
	for _, name := range required {
		if get(name) == "" {
			missing = append(missing, name)
		} else {
			set = append(set, name)
		}
	}
	switch {
	case len(set) == 0 && get("WECHAT_AES_KEY_OLD") == "":
		return nil, nil
	case len(missing) > 0:
		return nil, fmt.Errorf("the environment has some of WeChat's variables but not %s: set %s, or none of them for the demo",
			strings.Join(missing, ", "), strings.Join(required, ", "))
	}
	a := &Account{Token: get("WECHAT_TOKEN"), AppID: get("WECHAT_APPID"), Keys: []string{get("WECHAT_AES_KEY")}}
	if old := get("WECHAT_AES_KEY_OLD"); old != "" {
		a.Keys = append(a.Keys, old)
	}
	return a, nil
}

// Model is who answers.
type Model struct {
	llm.Streamer
	Name  string // as the provider calls it
	At    string // the provider's host, or that it is a fake
	Close func()
}

func openModel(get func(string) string, second time.Duration) (*Model, error) {
	base, key, model := get("LLM_BASE_URL"), get("LLM_KEY"), get("LLM_MODEL")
	if base+key+model == "" {
		srv := llmtest.NewServer()
		srv.OnChat(pretend(second))
		client, err := llm.New(srv.Config())
		return &Model{Streamer: client, Name: "deepseek-chat", At: "a fake inside this process", Close: srv.Close}, err
	}
	var problems []error
	if base == "" {
		problems = append(problems, errors.New("LLM_BASE_URL is missing"))
	}
	if model == "" {
		problems = append(problems, errors.New("LLM_MODEL is missing"))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("%w: set both for a real model, or none of LLM_BASE_URL, LLM_MODEL and LLM_KEY for the fake", errors.Join(problems...))
	}
	client, err := llm.New(llm.Config{BaseURL: base, Key: llm.Key(key)})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil { // llm.New has read it before
		return nil, errors.New("LLM_BASE_URL is not a URL")
	}
	return &Model{Streamer: client, Name: model, At: u.Host, Close: func() {}}, nil
}

// pretend is what the fake model says: what it is, slowly if the question asks for it. "N 秒" in a question makes the
// answer take N seconds.
func pretend(second time.Duration) func(llmtest.ChatRequest) llmtest.Answer {
	const runes = 8
	return func(r llmtest.ChatRequest) llmtest.Answer {
		asked := r.Messages[len(r.Messages)-1].Text
		seconds := 1
		if before, _, ok := strings.Cut(asked, " 秒"); ok {
			_, _ = fmt.Sscan(before[strings.LastIndexAny(before, " ，")+1:], &seconds)
		}
		text := fmt.Sprintf("你问的是：%s。我不是模型，是 llmtest 包里的模拟服务，就运行在本程序之内。", strings.TrimRight(asked, "？?。"))
		text += strings.Repeat("真正的模型会在这里写出答案。", 3*seconds)
		chunks := len([]rune(text))/runes + 1
		return llmtest.Answer{Text: text, Runes: runes, Delay: time.Duration(seconds) * second / time.Duration(chunks)}
	}
}

// newHandler is the callback URL for the bot. A second is how long one of the platform's is: shorter in the demo.
func newHandler(bot *Bot, cfg callback.Config, second time.Duration) (*callback.Handler, error) {
	bot.Patience = 13 * second // before the third delivery's 14.5
	cfg.Handle, cfg.Late = bot.Handle, bot.Late
	cfg.Deliveries = 3
	cfg.Limit = 9 * second / 2
	return callback.New(cfg)
}
