// Package llm talks to OpenAI-style APIs: streaming chat, whole answers and images, at OpenAI, DeepSeek, Aliyun DashScope,
// Moonshot, Zhipu, Volcengine Ark, SiliconFlow, OpenRouter, Groq, xAI, Mistral, Azure, and at servers of one's own such as
// Ollama, vLLM and llama.cpp. It has no dependencies beyond the standard library.
//
//	client, err := llm.New(llm.Config{BaseURL: "https://api.deepseek.com", Key: llm.Key(os.Getenv("DEEPSEEK_API_KEY"))})
//	if err != nil {
//		return err
//	}
//	stream := client.Stream(ctx, &llm.Request{
//		Model:    "deepseek-chat",
//		Messages: []llm.Message{llm.System("Answer in one sentence."), llm.User("Why is the sky blue?")},
//	})
//	for ev, err := range stream.Events() {
//		if err != nil {
//			return err
//		}
//		switch ev.Kind {
//		case llm.KindReasoning:
//			thinking(ev.Text)
//		case llm.KindText:
//			fmt.Print(ev.Text)
//		}
//	}
//	history = append(history, stream.Response().Message())
//
// # What it promises
//
// An answer is a success only when it is whole. All of these servers speak "the OpenAI protocol", and between them and
// their proxies a stream ends in every way there is: cut within a line, ended in peace before the finish_reason, an error
// object in a chunk, an HTML page with status 200, nothing at all. Each is an error here, with what came before it in
// [Stream.Response]; what is merely odd (comments by the hundred, a byte order mark, lone carriage returns, no last blank
// line, "error":null in every chunk, a whole completion in place of a stream) is read as it was meant.
//
// Nothing waits for ever: [Timeouts] bounds the first byte, silence, and streams of nothing but comments. Nothing is open
// before a loop over the events begins or after it has ended, however it ended, and no goroutine is started.
//
// Errors are [*Error], with the provider's message, code and request ID from every envelope known, and answer errors.Is for
// the kinds ([ErrAuth], [ErrQuota], [ErrRateLimit], [ErrTruncated] …). Failures that may pass are repeated, until the first
// event has reached the caller; a used up quota is not, though it comes as 429; a request for images is not once it may
// have left ([ErrUnknownOutcome]).
//
// Keys do not show: not in errors, even when the server echoes them, nor in any way of printing a [Config] or [Client].
// Plain http with a key is refused except to local hosts, and redirects are not followed.
//
// It is quick: a chunk costs a fraction of a microsecond and no allocation (see internal/bench for the comparison).
//
// # Differences between providers
//
// Reasoning is read under reasoning_content, reasoning and in lists of content parts; usage wherever it stands.
// [Request.Extra] has room for a provider's own fields, such as {"enable_thinking": true} or {"thinking":
// {"type": "enabled"}}, and takes out what one refuses: {"stream_options": nil}. MaxTokens goes as max_completion_tokens to
// api.openai.com and as max_tokens elsewhere.
//
// # Limits
//
// Tool calls, structured output and the Responses API are not in this release: an answer that calls tools ends with the
// finish "tool_calls" and without the calls. Of <think> tags in the text nothing is made.
//
// # Testing
//
// Package llmtest is a server with scripted answers that can misbehave in all these ways.
//
// Sources: API references and source code of the providers and servers named (read 2026-11). What no page confirms is
// marked "unverified" where it is handled.
package llm
