package main

import (
	"errors"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
)

// hint is what a person can do about an error, in the language of the run; "" where there is nothing to say. The texts of
// the platforms are those of their packages.
func hint(err error, lang Lang) string {
	if e, ok := errors.AsType[*wechat.Error](err); ok {
		return e.Hint(string(lang))
	}
	if d, ok := errors.AsType[*article.Difference](err); ok {
		return d.Explain(string(lang))
	}
	if e, ok := errors.AsType[*aliyun.Error](err); ok {
		return lang.Say(e.Hint, e.HintZH)
	}
	if e, ok := errors.AsType[*r2.Error](err); ok {
		return e.Hint()
	}
	for _, h := range []struct {
		kind   error
		en, zh string
	}{
		{llm.ErrAuth, "check LLM_KEY, and that it may use the model", "请检查 LLM_KEY，以及它是否有权使用该模型"},
		{llm.ErrQuota, "the provider's balance is used up: top it up and run again", "模型服务余额已用完：充值后再次运行"},
		{llm.ErrRateLimit, "too many requests: run again in a minute", "请求过于频繁：一分钟后再次运行"},
		{llm.ErrNotFound, "check LLM_BASE_URL (with its version, as in …/v1), LLM_MODEL and LLM_IMAGE_MODEL", "请检查 LLM_BASE_URL（需含版本，如 …/v1）、LLM_MODEL 和 LLM_IMAGE_MODEL"},
		{llm.ErrContentFilter, "the provider refuses this content: word the topic differently", "模型服务拒绝了该内容：请换一种说法"},
		{llm.ErrTruncated, "the answer broke off; nothing was published: run again, the article is asked for anew", "回答中途断开，没有发布任何内容：再次运行会重新生成文章"},
	} {
		if errors.Is(err, h.kind) {
			return lang.Say(h.en, h.zh)
		}
	}
	return lang.Say("run again: what is done is not repeated", "再次运行即可：已完成的步骤不会重复")
}
