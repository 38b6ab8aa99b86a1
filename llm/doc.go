// Package llm talks to OpenAI-style APIs: streaming chat with tools, whole answers, images and lists of models, at OpenAI,
// DeepSeek, Aliyun DashScope, Moonshot, Zhipu, Volcengine Ark, SiliconFlow, OpenRouter, Groq, xAI, Mistral, Gemini, Azure, and
// at servers of one's own such as Ollama, vLLM and llama.cpp. It has no dependencies beyond the standard library.
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
// # Tools and JSON
//
// [Request.Tools] are functions that the model may ask to have called. Its calls come as events of their own, piece by piece,
// and once the answer is complete each comes as [KindCallEnd]: act on that, or on [Response.ToolCalls] after a stream without
// an error. A call that was cut off is never handed out as finished: it fails the stream with [ErrTruncated], also when the
// server gave a finish_reason, and stands in the Response marked Incomplete. The history is checked before it is sent: every
// call needs its [ToolResult]. [Run] carries calls out until the model has its answer.
//
// [Request.Format] asks for JSON, with or without a schema. Where a provider knows no schemas, this one goes into the
// instructions. Package llm/schema makes schemas and tools from Go types and holds answers to them.
//
// # Differences between providers
//
// What providers write otherwise is a [Dialect]: data, found by the host of BaseURL, which a caller can change or replace. It
// knows how thinking is turned on, off, up and down ([Request.Reasoning]), which field bounds the answer, where reasoning goes
// when it is sent back and when it must be, and how images are asked for. What servers send is read in every known way
// whatever the dialect. [Request.Extra] has room for a provider's own fields and takes out what one refuses: {"stream_options":
// nil}. Unknown members of what the model says are kept in Message.Extra and ToolCall.Extra and sent back: some providers
// need them, such as OpenRouter's reasoning_details and Gemini's thought signatures.
//
// A dialect with API: [APIResponses] speaks the Responses API behind the same requests, events, messages and errors. Nothing
// is kept at the server; reasoning travels encrypted in Message.Extra. OpenAI's models from GPT-5.5 on want it for tools
// together with a reasoning effort.
//
//	d := llm.OpenAI()
//	d.API = llm.APIResponses
//	client, err := llm.New(llm.Config{BaseURL: "https://api.openai.com/v1", Key: key, Dialect: d})
//
// # Limits
//
// Audio and pictures in answers, custom tools (other than functions) and the server's own tools (search, code) of the
// Responses API are not read. Of a stream with [Request.N] above 1, Message and Text are choice 0.
//
// # Testing
//
// Package llmtest is a server with scripted answers that can misbehave in all these ways, in the manner of each provider, and
// a recorder of what a real one said.
//
// Sources: API references and source code of the providers and servers named (read 2026-11). What no page confirms is
// marked "unverified" where it is handled.
package llm
