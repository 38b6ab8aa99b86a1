package llm_test

import (
	"context"
	"fmt"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

func ExampleRun() {
	srv := llmtest.NewServer()
	defer srv.Close()
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		if last := r.Messages[len(r.Messages)-1]; last.Role == "tool" {
			return llmtest.Answer{Text: "The server says: " + last.Text}
		}
		return llmtest.Answer{ToolCalls: []llm.ToolCall{
			{ID: "a", Name: "status", Arguments: "{}"}, {ID: "b", Name: "restart", Arguments: "{}"},
		}}
	})
	client, err := llm.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	functions := []llm.Function{
		{
			Tool: llm.Tool{Name: "status", Description: "How the server is."},
			Call: func(context.Context, string) (string, error) { return "up for 3 days", nil },
		},
		{
			Tool: llm.Tool{Name: "restart", Description: "Restarts the server."},
			Call: func(context.Context, string) (string, error) { return "restarted", nil },
		},
	}
	result, err := llm.Run(context.Background(), client, &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("Is it up?")}}, functions, &llm.RunOptions{
		Confirm: func(_ context.Context, c llm.ToolCall) (bool, error) { return c.Name != "restart", nil }, // asks a person
	})
	if err != nil {
		fmt.Println(err) // result has what was done and what was not
		return
	}
	for _, c := range result.Calls {
		fmt.Println(c.Call.Name, c.Outcome)
	}
	fmt.Println(result.Response.Text())
	// Output:
	// status done
	// restart declined
	// The server says: error: the user declined this call: it was not carried out
}
