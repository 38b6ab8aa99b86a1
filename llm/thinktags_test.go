package llm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
)

// TestThinkTags has texts with tags, each cut in two at every offset, and into single bytes.
func TestThinkTags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ways            llm.ThinkTags
		in              string
		reasoning, text string
		seen            string // as text by the events, where that differs
	}{
		"plain":                       {in: "<think>a</think>b", text: "<think>a</think>b"},
		"tagged":                      {ways: llm.ThinkTagged, in: "<think>\na 你</think>\n\nb <c>", reasoning: "\na 你", text: "b <c>"},
		"white space before":          {ways: llm.ThinkTagged, in: " \n<think>a</think>b", reasoning: "a", text: "b"},
		"no tags":                     {ways: llm.ThinkTagged, in: "a < b", text: "a < b"},
		"like a tag":                  {ways: llm.ThinkTagged, in: "<thin air", text: "<thin air"},
		"later in the text":           {ways: llm.ThinkTagged, in: "Use <think> for it", text: "Use <think> for it"},
		"again, after it":             {ways: llm.ThinkTagged, in: "<think>a</think>b</think>c<think>d", reasoning: "a", text: "b</think>c<think>d"},
		"never closed":                {ways: llm.ThinkTagged, in: "<think>a</thi", reasoning: "a</thi"},
		"nothing but the start":       {ways: llm.ThinkTagged, in: "<thi", text: "<thi"},
		"nothing but space":           {ways: llm.ThinkTagged, in: " \n", text: " \n"},
		"empty thinking":              {ways: llm.ThinkTagged, in: "<think></think>b", text: "b"},
		"closing without opening":     {ways: llm.ThinkTagged, in: "a</think>b", reasoning: "a", text: "b", seen: "ab"},
		"opened by the template":      {ways: llm.ThinkOpened, in: "a</think>\nb", reasoning: "a", text: "b"},
		"opened twice":                {ways: llm.ThinkOpened, in: "<think>a</think>b", reasoning: "a", text: "b"},
		"opened by the template, cut": {ways: llm.ThinkOpened, in: "a < b", reasoning: "a < b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ways := [][]string{strings.Split(tt.in, "")}
			for i := range tt.in {
				ways = append(ways, []string{tt.in[:i], tt.in[i:]})
			}
			for _, pieces := range ways {
				d := llm.Generic()
				d.ThinkTags = tt.ways
				c, err := llm.New(llm.Config{BaseURL: "https://api.example.com", Dialect: d, HTTPClient: client(contents(t, pieces))})
				require.NoError(t, err)
				s := c.Stream(t.Context(), hello())
				text, err := drain(s)
				require.NoError(t, err)
				require.Equal(t, cmpOr(tt.seen, tt.text), text, pieces)
				require.Equal(t, tt.text, s.Response().Text(), pieces)
				require.Equal(t, tt.reasoning, s.Response().Reasoning(), pieces)
			}
		})
	}
}

// contents is a stream whose chunks hold the pieces.
func contents(t *testing.T, pieces []string) canned {
	t.Helper()
	var b strings.Builder
	for _, p := range pieces {
		quoted, err := json.Marshal(p)
		require.NoError(t, err)
		b.WriteString(`data: {"choices":[{"index":0,"delta":{"content":` + string(quoted) + `}}]}` + "\n\n")
	}
	b.WriteString("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")
	return canned(b.String())
}
