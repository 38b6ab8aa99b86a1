package llm_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

const titlePrompt = "Based on the chat history, give this conversation a name.\nKeep it short - 10 characters max, no quotes.\nUse 简体中文.\nJust provide the name, nothing else.\n\nHere's the conversation:\n\n```\n" +
	"天空为什么是蓝的？[image]\n\n---------\n\n" +
	"\n```\n\nName this conversation in 10 characters or less.\nUse 简体中文.\nOnly give the name, nothing else.\n\nThe name is:"

func TestTitle(t *testing.T) {
	t.Parallel()
	srv := llmtest.NewServer()
	defer srv.Close()
	var asked llmtest.ChatRequest
	srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		asked = r
		return llmtest.Answer{Text: "“天空的颜色。”"}
	})
	c, err := llm.New(srv.Config())
	require.NoError(t, err)
	history := &llm.Request{Model: "gpt-4o", Messages: []llm.Message{
		llm.System("Be kind."), llm.User("天空为什么是蓝的？", llm.Image([]byte(pixel))), {Role: llm.RoleAssistant, Reasoning: "hm"},
	}}
	title, err := llm.Title(t.Context(), c, history, nil)
	require.NoError(t, err)
	require.Equal(t, "天空的颜色", title)
	require.Equal(t, "gpt-4o", asked.Model)
	require.Len(t, asked.Messages, 1)
	require.Equal(t, "user", asked.Messages[0].Role)
	require.Equal(t, titlePrompt, asked.Messages[0].Text)

	history.Messages = nil
	for range 6 {
		history.Messages = append(history.Messages, llm.User(strings.Repeat("😀", 60)+"```"), llm.Assistant("```go\n````"))
	}
	_, err = llm.Title(t.Context(), c, history, &llm.TitleOptions{Model: "gpt-4o-mini", Language: "English", Limit: 20})
	require.NoError(t, err)
	require.Equal(t, "gpt-4o-mini", asked.Model)
	prompt := asked.Messages[0].Text
	require.Contains(t, prompt, "20 characters max")
	require.Equal(t, 2, strings.Count(prompt, "Use English."))
	require.Equal(t, 2, strings.Count(prompt, "\n`````\n"), "the fence is longer than those inside")
	require.Equal(t, 3, strings.Count(prompt, "---------"), "four messages")
	require.Equal(t, 2*50, strings.Count(prompt, "😀"), "100 UTF-16 units are 50 of these")
}

// chatter is a Chatter of one answer.
type chatter struct {
	text string
	err  error
}

func (c chatter) Chat(context.Context, *llm.Request) (*llm.Response, error) {
	if c.err != nil {
		return nil, c.err
	}
	return &llm.Response{Choices: []llm.Choice{{Message: llm.Assistant(c.text)}}}, nil
}

func TestTitle_clean(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"plain":                  {"Blue sky", "Blue sky"},
		"quotes":                 {`"Blue 'sky'"`, "Blue 'sky"},
		"Chinese quotes":         {"“蓝天”", "蓝天"},
		"book title marks":       {"《蓝天》", "蓝天"},
		"thinking":               {"<think>a\nlong\n\nthought</think>\n\nBlue sky", "Blue sky"},
		"thinking, closing only": {"a thought</think>Blue sky", "Blue sky"},
		"thinking, cut":          {"<think>I wonder", "首先说说天空的颜色吧"},
		"prefix":                 {"Title: Blue sky", "Blue sky"},
		"long prefix":            {"The name is: Blue sky", "Blue sky"},
		"Chinese prefix":         {"标题：蓝天", "蓝天"},
		"bold prefix":            {"**Title: Blue**", "Blue"},
		"punctuation":            {"Blue sky!?。", "Blue sky"},
		"several lines":          {"\n\nBlue sky\n\nBecause it is blue.", "Blue sky"},
		"too long":               {"天空为什么是蓝色的而不是绿色的", "天空为什么是蓝色的而"},
		"family":                 {strings.Repeat("👨‍👩‍👧", 12), strings.Repeat("👨‍👩‍👧", 10)},
		"flags":                  {strings.Repeat("🇨🇳", 12), strings.Repeat("🇨🇳", 10)},
		"accents":                {strings.Repeat("e\u0301", 12), strings.Repeat("e\u0301", 10)},
		"skin":                   {strings.Repeat("👍🏽", 11), strings.Repeat("👍🏽", 10)},
		"empty":                  {"", "首先说说天空的颜色吧"},
		"only quotes":            {`""`, "首先说说天空的颜色吧"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &llm.Request{Model: "m", Messages: []llm.Message{llm.System("s"), llm.User("\n 首先说说天空的颜色吧，再说别的\nmore")}}
			got, err := llm.Title(t.Context(), chatter{text: tt.answer}, r, nil)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
	t.Run("error", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("broken")
		got, err := llm.Title(t.Context(), chatter{err: broken}, &llm.Request{Model: "m", Messages: []llm.Message{llm.User("Hello")}}, nil)
		require.ErrorIs(t, err, broken)
		require.Equal(t, "Hello", got)
	})
}

func FuzzTitle(f *testing.F) {
	f.Add("“Title: x。”", 3)
	f.Add("<think>\n</think>🇨🇳🇨🇳", 1)
	f.Fuzz(func(t *testing.T, answer string, limit int) {
		limit = 1 + limit&15
		got := llm.CleanTitle(answer, limit)
		require.NotContains(t, got, "\n")
		require.Equal(t, got, llm.CutGraphemes(got, limit), "within the limit")
		if utf8.ValidString(answer) {
			require.True(t, utf8.ValidString(got))
		}
	})
}

// FuzzTitle_thinking holds the hand-written search for tags to the regular expressions that say the same.
func FuzzTitle_thinking(f *testing.F) {
	block := regexp.MustCompile(`(?s)<(?:[tT][hH][iI][nN][kK])(?:[iI][nN][gG])?>.*?</(?:[tT][hH][iI][nN][kK])(?:[iI][nN][gG])?>`)
	closing := regexp.MustCompile(`(?s)^.*</(?:[tT][hH][iI][nN][kK])(?:[iI][nN][gG])?>`)
	opening := regexp.MustCompile(`(?s)<(?:[tT][hH][iI][nN][kK])(?:[iI][nN][gG])?>.*`)
	for _, s := range []string{"<think>a</think>b", "a</THINKING>b<think>c", "<think><thinkin></thinking></think>x", "</think", "<think></think><thinking>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		want := opening.ReplaceAllString(closing.ReplaceAllString(block.ReplaceAllString(s, ""), ""), "")
		require.Equal(t, want, llm.WithoutThinking(s), "%q", s)
	})
}
