package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

func ExampleClient_Stream() {
	srv := llmtest.NewServer() // real code: llm.Config{BaseURL: "https://api.deepseek.com", Key: …}
	defer srv.Close()
	srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
		return llmtest.Answer{Reasoning: "Rayleigh, 1871.", Text: "Air scatters blue most.", Runes: 8}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := client.Stream(context.Background(), &llm.Request{
		Model:    "deepseek-reasoner",
		Messages: []llm.Message{llm.System("Answer in one sentence."), llm.User("Why is the sky blue?")},
	})
	for ev, err := range stream.Events() {
		if err != nil {
			fmt.Println(err) // stream.Response() has what came before
			return
		}
		fmt.Printf("%s %q\n", ev.Kind, ev.Text)
	}
	fmt.Println(stream.Response().Text())
	// Output:
	// reasoning "Rayleigh"
	// reasoning ", 1871."
	// text "Air scat"
	// text "ters blu"
	// text "e most."
	// finish ""
	// usage ""
	// Air scatters blue most.
}

func ExampleStream_Text() {
	srv := llmtest.NewServer()
	defer srv.Close()
	srv.Misbehave(llmtest.EarlyEnd) // the server closes the stream without a finish_reason
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := client.Stream(context.Background(), &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("Hello, hello")}})
	for text, err := range stream.Text() {
		if errors.Is(err, llm.ErrTruncated) {
			fmt.Printf("cut after %q\n", stream.Response().Text())
			return
		}
		fmt.Printf("%q\n", text)
	}
	// Output:
	// "Hell"
	// "o, h"
	// "ello"
	// cut after "Hello, hello"
}

// A tool call and its result: one turn each way. The model's message goes into the history as it came.
func ExampleTool() {
	srv := llmtest.NewServer() // real code: llm.Config{BaseURL: "https://api.deepseek.com", Key: …}
	defer srv.Close()
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		if last := r.Messages[len(r.Messages)-1]; last.Role == "tool" {
			return llmtest.Answer{Text: "In Århus: " + last.Text + "."}
		}
		return llmtest.Answer{ToolCalls: []llm.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Århus"}`}}}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &llm.Request{
		Model: "deepseek-chat", Messages: []llm.Message{llm.User("What is the weather in Århus?")},
		Tools: []llm.Tool{{
			Name: "weather", Description: "The weather of a city now.",
			Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`),
		}},
	}
	for {
		resp, err := client.Chat(context.Background(), r)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Messages = append(r.Messages, resp.Message())
		if resp.Finish() != llm.FinishToolCalls {
			fmt.Println(resp.Text())
			return
		}
		for _, call := range resp.ToolCalls() {
			var in struct{ City string }
			if err := call.Decode(&in); err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println("asked for", in.City)
			r.Messages = append(r.Messages, llm.ToolResult(call.ID, "rain, 7 °C"))
		}
	}
	// Output:
	// asked for Århus
	// In Århus: rain, 7 °C.
}

// A server that the package does not know, told how it differs.
func ExampleDialect() {
	srv := llmtest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	cfg.Dialect = llm.Generic()
	cfg.Dialect.Name = "my server"
	cfg.Dialect.MaxTokensField = "max_completion_tokens"
	cfg.Dialect.ThinkTags = llm.ThinkTagged
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		return llmtest.Answer{Text: fmt.Sprintf("<think>At most %d tokens.</think>Hello.", r.MaxTokens)}
	})
	client, err := llm.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Chat(context.Background(), &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("Hi")}, MaxTokens: 20})
	fmt.Println(resp.Reasoning(), resp.Text(), err)
	// Output: At most 20 tokens. Hello. <nil>
}

func ExampleClient_Images() {
	srv := llmtest.NewServer()
	defer srv.Close()
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	images, err := client.Images(context.Background(), &llm.ImageRequest{Model: "dall-e-3", Prompt: "A lighthouse at dusk", Style: "vivid"})
	switch {
	case errors.Is(err, llm.ErrUnknownOutcome):
		fmt.Println("it may have been made and charged: look before you ask again")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(images.Images[0].Type)
	}
	// Output: image/png
}

func ExampleClient_Models() {
	srv := llmtest.NewServer() // real code: llm.Config{BaseURL: "https://api.openai.com/v1", Key: …}
	defer srv.Close()
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	chats := func(n llm.ModelName) bool { return n.Family == "gpt" || n.Family == "deepseek" }
	for m, err := range client.Models(context.Background(), &llm.ModelsOptions{Match: chats}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.ID, m.Created.Year())
	}
	// Output:
	// deepseek-chat 2023
	// deepseek-reasoner 2023
	// gpt-4o 2023
	// gpt-4o-mini 2023
}

func ExampleParseModel() {
	m := llm.ParseModel("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B")
	fmt.Println(m.Family, m.Version, m.Method, m.Base, m.Params)
	fmt.Println(m.Fields())
	fmt.Println(llm.ParseModel("llama3.1:8b-instruct-q4_K_M").Fields())
	// Output:
	// deepseek r1 distill qwen 32
	// vendor=deepseek-ai family=deepseek version=r1 method=distill base=qwen params=32B
	// family=llama version=3.1 variant=instruct params=8B quant=q4_k_m tag=8b-instruct-q4_K_M
}

func ExampleTitle() {
	srv := llmtest.NewServer()
	defer srv.Close()
	srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
		return llmtest.Answer{Text: "标题：“天空的颜色。”"}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	history := &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("天空为什么是蓝色的？"), llm.Assistant("因为散射。")}}
	fmt.Println(llm.Title(context.Background(), client, history, nil))
	// Output: 天空的颜色 <nil>
}

func ExampleParseAttachments() {
	text := llm.AppendAttachments("What does it say?", llm.AttachmentCurrent, llm.Attachment{Name: "note.md", Content: "</FILE_CONTENT> does not end it"})
	rest, files := llm.ParseAttachments(text)
	fmt.Printf("%q\n%s: %q\n", rest, files[0].Name, files[0].Content)
	// Output:
	// "What does it say?"
	// note.md: "</FILE_CONTENT> does not end it"
}
