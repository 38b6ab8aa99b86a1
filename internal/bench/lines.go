package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// plainCall is the request that the clients make, by hand.
func plainCall(hc *http.Client) (*http.Response, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	body, err := json.Marshal(struct {
		Model    string    `json:"model"`
		Messages []message `json:"messages"`
		Stream   bool      `json:"stream"`
	}{model, []message{{"user", prompt}}, true})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, baseURL+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := hc.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return resp, err
}

// readLines is the limit: a program that finds the lines of the stream and does nothing with them.
func readLines(w *workload) (n int, err error) {
	resp, err := plainCall(w.client())
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	for r := bufio.NewReader(resp.Body); ; n++ {
		if _, err := r.ReadSlice('\n'); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

// firstPlain is the first token by hand, with encoding/json.
func firstPlain(hc *http.Client) error {
	resp, err := plainCall(hc)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	line, err := bufio.NewReader(resp.Body).ReadSlice('\n')
	if err != nil {
		return err
	}
	var chunk struct {
		Choices []struct {
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
		} `json:"choices"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(line, []byte("data: ")), &chunk); err != nil {
		return err
	}
	if len(chunk.Choices) == 0 || chunk.Choices[0].Delta.Content == "" {
		return errNoText
	}
	return nil
}
