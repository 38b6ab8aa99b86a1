// Package llmtest is an OpenAI-style server to test against: real HTTP, scripted answers, and every way to misbehave that
// has been seen in the field.
//
//	srv := llmtest.NewServer()
//	defer srv.Close()
//	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
//		return llmtest.Answer{Reasoning: "Easy.", Text: "Hello, " + r.Messages[0].Text}
//	})
//	client, err := llm.New(srv.Config())
//
// It serves POST /v1/chat/completions and POST /v1/responses, streamed and not, POST /v1/images/generations, GET /v1/models,
// and the images that it has given addresses for. It is as strict as OpenAI is: a bearer key, a known model, messages with known roles and
// content; for images the rules of each model (one image for dall-e-3, no response_format for gpt-image …).
//
// [Server.Misbehave] makes the next streams go wrong in the ways named by [Fault]. The embedded fault script does the same
// for whole calls: DropNext, LoseNext, AnswerNext, HangNext and SlowNext with the operations "chat", "images" and "models".
// [Server.ShapeModels] writes the list of models in the ways named by [ModelsShape].
//
// [Options].Dialect takes on the manner of a provider. [Recorder] keeps what a real one said, and [Replay] says it again.
//
// Everything runs in memory, without a port, also inside a testing/synctest bubble. A [Server] is an http.Handler, so it
// can be mounted on a port as well.
package llmtest
