package schema_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
	"github.com/kitroll/kitroll/llm/schema"
)

type forecast struct {
	City   string `json:"city"`
	Degree int    `json:"degree" jsonschema:"in °C"`
}

// script is a model that says what it is told, and keeps what it was asked.
type script struct {
	*llm.Client

	mu   sync.Mutex
	seen []llmtest.ChatRequest
}

// play answers with one of answers after the other, and with the last for ever.
func play(t *testing.T, d llm.Dialect, answers ...llmtest.Answer) *script {
	t.Helper()
	srv := llmtest.NewServer()
	t.Cleanup(srv.Close)
	s := &script{}
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, r)
		return answers[min(len(s.seen), len(answers))-1]
	})
	cfg := srv.Config()
	cfg.Dialect, cfg.Retry.Max = d, new(0)
	var err error
	s.Client, err = llm.New(cfg)
	require.NoError(t, err)
	return s
}

func texts(answers ...string) (out []llmtest.Answer) {
	for _, a := range answers {
		out = append(out, llmtest.Answer{Text: a, Usage: &llm.Usage{Prompt: 10, Completion: 5, Total: 15, Cached: 2, Reasoning: 1}})
	}
	return out
}

func question() *llm.Request {
	return &llm.Request{Model: "gpt-4o", Messages: []llm.Message{llm.User("How warm is it in Ürümqi?")}}
}

const (
	good   = `{"city":"Ürümqi","degree":-3}`
	bad    = `{"city":"Ürümqi","degree":"cold"}`
	worse  = `{"degree":"cold"}`
	fenced = "Here you are:\n```json\n" + good + "\n```\nKeep warm."
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	noSchema := llm.Generic()
	noSchema.NoSchema = true
	for name, tt := range map[string]struct {
		dialect llm.Dialect
		answers []llmtest.Answer
		opts    *schema.AnswerOptions
		asked   int
		is      error
		words   string
	}{
		"at once":                      {answers: texts(good), asked: 1},
		"mended":                       {answers: texts(bad, good), asked: 2},
		"not mended":                   {answers: texts(worse, bad, good), asked: 2, is: schema.ErrMismatch, words: "/degree: want integer, is string"},
		"mended the second time":       {answers: texts(worse, bad, good), opts: &schema.AnswerOptions{Repairs: new(2)}, asked: 3},
		"must not be mended":           {answers: texts(bad, good), opts: &schema.AnswerOptions{Repairs: new(0)}, asked: 1, is: schema.ErrMismatch},
		"fenced, schema mode":          {answers: texts(fenced), asked: 2, is: schema.ErrMismatch, words: "not JSON: invalid character 'H'"},
		"fenced, no schema mode":       {dialect: noSchema, answers: texts(fenced), asked: 1},
		"wrong and fenced":             {dialect: noSchema, answers: texts("```\n"+bad+"\n```", fenced), asked: 2},
		"braces in a text":             {dialect: noSchema, answers: texts("So: " + `{"city":"}{","degree":1}`), asked: 1},
		"two objects":                  {dialect: noSchema, answers: texts(good + " or " + good), asked: 2, is: schema.ErrMismatch, words: "not JSON"},
		"a list of one":                {dialect: noSchema, answers: texts("[" + good + "]"), asked: 2, is: schema.ErrMismatch, words: "want object, is array"},
		"an open brace in front":       {dialect: noSchema, answers: texts("{x} " + good), asked: 2, is: schema.ErrMismatch},
		"no object":                    {dialect: noSchema, answers: texts("It is cold."), asked: 2, is: schema.ErrMismatch, words: "not JSON"},
		"cut within":                   {dialect: noSchema, answers: texts(good[:20]), asked: 2, is: schema.ErrMismatch},
		"nothing, then all":            {answers: texts("", good), asked: 2},
		"cut":                          {answers: []llmtest.Answer{{Text: good, Finish: "length"}}, asked: 1, is: llm.ErrTruncated, words: "MaxTokens"},
		"refused":                      {answers: []llmtest.Answer{{Refusal: "I will not."}}, asked: 1, is: schema.ErrRefused},
		"filtered":                     {answers: []llmtest.Answer{{Text: good, Finish: "content_filter"}}, asked: 1, is: llm.ErrContentFilter},
		"the server fails":             {answers: []llmtest.Answer{{Error: &llmtest.APIError{Status: 401, Message: "no"}}}, asked: 1, is: llm.ErrAuth},
		"the server fails the mending": {answers: append(texts(bad), llmtest.Answer{Error: &llmtest.APIError{Status: 401, Message: "no"}}), asked: 2, is: llm.ErrAuth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, tt.dialect, tt.answers...)
			r := question()
			got, resp, err := schema.Answer[forecast](t.Context(), s, r, tt.opts)
			require.Len(t, s.seen, tt.asked)
			assert.Equal(t, question(), r, "the request is as it was")
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
				require.ErrorContains(t, err, tt.words)
				require.Zero(t, got)
				return
			}
			require.NoError(t, err)
			assert.NotZero(t, got)
			assert.Contains(t, resp.Text(), `"degree":`)
			n := tt.asked
			assert.Equal(t, &llm.Usage{Prompt: 10 * n, Completion: 5 * n, Total: 15 * n, Cached: 2 * n, Reasoning: n}, resp.Usage, "of all answers")
		})
	}
}

func TestAnswer_onTheWire(t *testing.T) {
	t.Parallel()
	s := play(t, llm.Dialect{}, texts(worse, bad, good)...)
	_, _, err := schema.Answer[forecast](t.Context(), s, question(), &schema.AnswerOptions{Name: "weather", Repairs: new(2)})
	require.NoError(t, err)
	want, err := schema.For[forecast]()
	require.NoError(t, err)
	var body struct {
		Format json.RawMessage `json:"response_format"`
	}
	require.NoError(t, json.Unmarshal(s.seen[2].Raw, &body))
	assert.JSONEq(t, `{"type":"json_schema","json_schema":{"name":"weather","strict":true,"schema":`+string(want)+`}}`, string(body.Format))

	require.Len(t, s.seen[1].Messages, 3)
	assert.JSONEq(t, worse, s.seen[1].Messages[1].Text, "the model sees what it wrote")
	assert.Equal(t, "Your answer does not satisfy the JSON Schema:\n- /city: missing\n- /degree: want integer, is string\n"+
		"Answer again with the whole JSON object, mended, and nothing else.", s.seen[1].Messages[2].Text)
	require.Len(t, s.seen[2].Messages, 3, "only the last try")
	assert.JSONEq(t, bad, s.seen[2].Messages[1].Text)
	assert.NotContains(t, s.seen[2].Messages[2].Text, "/city")
}

func TestAnswer_refused(t *testing.T) {
	t.Parallel()
	s := play(t, llm.Dialect{}, texts(good)...)
	_, resp, err := schema.Answer[[]int](t.Context(), s, question(), nil)
	require.ErrorContains(t, err, "put it into a struct")
	require.Nil(t, resp)
	_, _, err = schema.Answer[forecast](t.Context(), s, nil, nil)
	require.ErrorIs(t, err, llm.ErrInvalid)
	_, _, err = schema.Answer[forecast](t.Context(), s, question(), &schema.AnswerOptions{Name: "not a name"})
	require.ErrorIs(t, err, llm.ErrInvalid)
	require.Empty(t, s.seen, "nothing was sent")
}

// other is a Chatter that is no client.
type other struct{ text string }

func (o other) Chat(context.Context, *llm.Request) (*llm.Response, error) { return said(o.text), nil }

func TestAnswer_otherChatters(t *testing.T) {
	t.Parallel()
	got, resp, err := schema.Answer[forecast](t.Context(), other{good}, question(), nil)
	require.NoError(t, err)
	assert.Equal(t, forecast{"Ürümqi", -3}, got)
	assert.Nil(t, resp.Usage, "unknown stays unknown")
	_, _, err = schema.Answer[forecast](t.Context(), other{fenced}, question(), nil)
	require.ErrorIs(t, err, schema.ErrMismatch)
}

func TestTool(t *testing.T) {
	t.Parallel()
	type where struct {
		City string `json:"city" jsonschema:"with its province"`
		Unit unit   `json:"unit,omitempty"`
	}
	var heard []where
	tool, err := schema.Tool("weather", "the weather", func(_ context.Context, in where) (string, error) {
		heard = append(heard, in)
		if in.City == "Atlantis" {
			return "", errors.New("there is no such city")
		}
		return "rain in " + in.City, nil
	})
	require.NoError(t, err)
	now, err := schema.Tool("now", "the time", func(context.Context, struct{}) (string, error) { return "noon", nil })
	require.NoError(t, err)
	var a llmtest.Answer
	for i, wish := range []string{
		`weather {"city":"Ghent","unit":"kelvin"}`, `weather {"city":"Ghent"}`, `weather {"city":"Atlantis","unit":null}`, `now {}`,
		`weather {"city":7,"unit":"rankine","x":1}`, `weather {}`, `now {"zone":"UTC"}`,
	} {
		name, args, _ := strings.Cut(wish, " ")
		a.ToolCalls = append(a.ToolCalls, llm.ToolCall{ID: string(rune('a' + i)), Name: name, Arguments: args})
	}
	s := play(t, llm.Dialect{}, a, llmtest.Answer{Text: "ok"})
	result, err := llm.Run(t.Context(), s, question(), []llm.Function{tool, now}, nil)
	require.NoError(t, err)
	var results []string
	for _, c := range result.Calls {
		results = append(results, c.Text)
	}
	assert.Equal(t, []string{
		"rain in Ghent", "rain in Ghent", "error: there is no such city", "noon",
		"error: schema: the arguments do not satisfy the schema: /city: want string, is integer; " +
			"/unit: want one of \"celsius\",\"kelvin\",null; /x: not a property of the schema",
		"error: schema: the arguments do not satisfy the schema: /city: missing",
		"error: schema: the arguments do not satisfy the schema: /zone: not a property of the schema",
	}, results)
	require.ErrorIs(t, result.Calls[5].Err, schema.ErrArguments)
	assert.Equal(t, []where{{"Ghent", "kelvin"}, {"Ghent", ""}, {"Atlantis", ""}}, heard, "the function sees nothing else")
	require.Len(t, s.seen[0].Tools, 2)
	assert.Equal(t, "weather", s.seen[0].Tools[0].Name)
	assert.False(t, s.seen[0].Tools[0].Strict)
	assert.JSONEq(t, `{"type":"object","properties":{"city":{"type":"string","description":"with its province"},
		"unit":{"type":["string","null"],"enum":["celsius","kelvin",null]}},"required":["city","unit"],"additionalProperties":false}`,
		string(s.seen[0].Tools[0].Parameters))
}

func TestTool_refused(t *testing.T) {
	t.Parallel()
	_, err := schema.Tool[forecast]("x", "", nil)
	require.ErrorContains(t, err, "tool x: no function")
	_, err = schema.Tool("x", "", func(context.Context, int) (string, error) { return "", nil })
	require.ErrorContains(t, err, "must be an object")
	_, err = schema.Tool("x", "", func(context.Context, struct{ C chan int }) (string, error) { return "", nil })
	require.ErrorContains(t, err, "has no form in JSON")
}
