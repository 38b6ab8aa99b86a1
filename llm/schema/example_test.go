package schema_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/llm/schema"
)

// Mood is one of three.
type Mood string

func (Mood) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type": "string", "enum": ["good", "mixed", "bad"]}`)
}

// Review is what the model makes of a letter.
type Review struct {
	Stars int    `json:"stars" jsonschema:"1 to 5"`
	Mood  Mood   `json:"mood"`
	Quote string `json:"quote,omitempty" jsonschema:"the best sentence, if there is one"`
}

func ExampleAnswer() {
	srv := llmtest.NewServer() // real code: llm.Config{BaseURL: "https://api.openai.com/v1", Key: …}
	defer srv.Close()
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		if len(r.Messages) == 1 { // a slip, that the model mends when it sees it
			return llmtest.Answer{Text: `{"stars": "five", "mood": "good", "quote": null}`}
		}
		return llmtest.Answer{Text: `{"stars": 5, "mood": "good", "quote": null}`}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	review, resp, err := schema.Answer[Review](context.Background(), client, &llm.Request{
		Model: "gpt-4o", Messages: []llm.Message{llm.User("Rate this letter: “It still runs, after nine years!”")},
	}, nil)
	if err != nil {
		fmt.Println(err) // a *schema.Error names the places: /stars: want integer, is string
		return
	}
	fmt.Printf("%d stars, %s (%d requests)\n", review.Stars, review.Mood, len(srv.Requests()))
	fmt.Println(resp.Finish())
	// Output:
	// 5 stars, good (2 requests)
	// stop
}

// A model uses a Go function. The function never sees arguments that do not satisfy the schema of its struct.
func ExampleTool() {
	srv := llmtest.NewServer()
	defer srv.Close()
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		last := r.Messages[len(r.Messages)-1]
		if last.Role == "tool" {
			return llmtest.Answer{Text: "It is " + last.Text + " there."}
		}
		return llmtest.Answer{ToolCalls: []llm.ToolCall{{ID: "call_1", Name: "temperature", Arguments: `{"city":"Ghent"}`}}}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	type place struct {
		City string `json:"city" jsonschema:"in English"`
	}
	temperature, err := schema.Tool("temperature", "The temperature in a city, now.", func(_ context.Context, p place) (string, error) {
		return "7 °C in " + p.City, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	history := []llm.Message{llm.User("How warm is it in Ghent?")}
	result, err := llm.Run(context.Background(), client, &llm.Request{Model: "gpt-4o", Messages: history}, []llm.Function{temperature}, &llm.RunOptions{
		OnCall: func(c llm.CallResult) { fmt.Println(c.Call.Name, c.Call.Arguments, c.Outcome) },
	})
	history = append(history, result.Messages...) // whole also after an error
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Response.Text(), len(history))
	// Output:
	// temperature {"city":"Ghent"} done
	// It is 7 °C in Ghent there. 4
}

func ExampleDecode() {
	srv := llmtest.NewServer()
	defer srv.Close()
	srv.OnChat(func(llmtest.ChatRequest) llmtest.Answer {
		return llmtest.Answer{Text: `{"stars":3,"mood":"mixed"`, Finish: "length"}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	format, err := schema.Format[Review]("review")
	if err != nil {
		fmt.Println(err)
		return
	}
	stream := client.Stream(context.Background(), &llm.Request{Model: "gpt-4o", Format: format, Messages: []llm.Message{llm.User("Rate …")}})
	for text, err := range stream.Text() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Print(text)
	}
	fmt.Println()
	review, err := schema.Decode[Review](stream.Response())
	fmt.Println(review.Stars, err)
	// Output:
	// {"stars":3,"mood":"mixed"
	// 0 schema: the answer was cut off: unexpected EOF: finish_reason length: allow more with MaxTokens
}
