// Command plain is what the others are weighed against: one POST with net/http and encoding/json.
package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
)

func main() {
	body, err := json.Marshal(map[string]any{
		"model":    "deepseek-chat",
		"messages": []map[string]string{{"role": "user", "content": "Why is the sky blue?"}},
	})
	if err != nil {
		panic(err)
	}
	resp, err := http.Post(os.Args[1], "application/json", bytes.NewReader(body)) //nolint:forbidigo,noctx // as small as can be
	if err != nil {
		panic(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		panic(err)
	}
	for _, c := range answer.Choices {
		_, _ = os.Stdout.WriteString(c.Message.Content)
	}
}
