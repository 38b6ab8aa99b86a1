package llm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/llm"
	"github.com/kitroll/kitroll/llm/llmtest"
)

// script is a model that says what it is told, and keeps what it was asked.
type script struct {
	*llm.Client
	srv *llmtest.Server

	mu   sync.Mutex
	seen []llmtest.ChatRequest
}

// play answers with one of answers after the other, and with the last for ever.
func play(t *testing.T, answers ...llmtest.Answer) *script {
	t.Helper()
	s := &script{srv: llmtest.NewServer()}
	t.Cleanup(s.srv.Close)
	s.srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, r)
		return answers[min(len(s.seen), len(answers))-1]
	})
	cfg := s.srv.Config()
	cfg.Retry.Max = new(0)
	var err error
	s.Client, err = llm.New(cfg)
	require.NoError(t, err)
	return s
}

// calls is an answer that calls tools, each "name arguments".
func calls(wishes ...string) llmtest.Answer {
	a := llmtest.Answer{Text: "Let me see.", Reasoning: "A tool."}
	for i, w := range wishes {
		name, args, _ := strings.Cut(w, " ")
		a.ToolCalls = append(a.ToolCalls, llm.ToolCall{ID: fmt.Sprintf("call_%d", i), Name: name, Arguments: args})
	}
	return a
}

func function(name string, f func(ctx context.Context, arguments string) (string, error)) llm.Function {
	return llm.Function{Tool: llm.Tool{Name: name}, Call: f}
}

// echo returns its arguments.
func echo(name string) llm.Function {
	return function(name, func(_ context.Context, arguments string) (string, error) { return name + arguments, nil })
}

// roles is the shape of a conversation, with the texts of the results.
func roles(messages []llm.Message) (out []string) {
	for _, m := range messages {
		switch {
		case m.Role == llm.RoleTool:
			out = append(out, m.ToolCallID+"="+m.Text())
		case len(m.ToolCalls) > 0:
			out = append(out, fmt.Sprintf("%d calls", len(m.ToolCalls)))
		default:
			out = append(out, m.Text())
		}
	}
	return out
}

// again sends the history as it is: the server and the package refuse one that is not whole.
func again(t *testing.T, s *script, r *llm.Request, result *llm.RunResult) {
	t.Helper()
	next := *r
	next.ToolChoice = ""
	next.Messages = append(append([]llm.Message{}, r.Messages...), result.Messages...)
	next.Messages = append(next.Messages, llm.User("And now?"))
	_, err := s.Chat(t.Context(), &next)
	require.NoError(t, err)
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := play(t, calls(`add {"a":1}`, `sub {"b":2}`, `nix {}`), calls(`fail {}`), llmtest.Answer{Text: "Done."})
	r := chat()
	r.ToolChoice = llm.ToolChoiceRequired
	r.Messages = append(make([]llm.Message, 0, 10), r.Messages...) // with room that must not be used
	var heard, steps, told []string
	result, err := llm.Run(t.Context(), s, r, []llm.Function{
		echo("add"), echo("sub"), function("fail", func(context.Context, string) (string, error) { return "", errors.New("no such file") }),
	}, &llm.RunOptions{
		OnStep: func(n int) { steps = append(steps, fmt.Sprint(n)) },
		OnEvent: func(ev llm.Event) {
			if ev.Kind == llm.KindText || ev.Kind == llm.KindCallEnd {
				heard = append(heard, ev.Kind.String())
			}
		},
		OnCall: func(c llm.CallResult) { told = append(told, fmt.Sprintf("%d %s %s", c.Step, c.Call.Name, c.Outcome)) },
	})
	require.NoError(t, err)
	assert.Equal(t, "Done.", result.Response.Text())
	assert.Equal(t, []string{
		"3 calls", `call_0=add{"a":1}`, `call_1=sub{"b":2}`, `call_2=error: there is no tool "nix"; there are: add, sub, fail`,
		"1 calls", "call_0=error: no such file", "Done.",
	}, roles(result.Messages))
	assert.Equal(t, "A tool.", result.Messages[0].Reasoning, "what the provider wants back stays")
	assert.Equal(t, []string{"1 add done", "1 sub done", "1 nix failed", "2 fail failed"}, told)
	assert.Len(t, result.Calls, 4)
	require.EqualError(t, result.Calls[3].Err, "no such file")
	assert.Equal(t, []string{"1", "2", "3"}, steps)
	assert.Equal(t, 3, result.Steps)
	assert.Contains(t, heard, "call end")
	assert.Contains(t, heard, "text")

	require.Len(t, s.seen, 3)
	assert.Equal(t, llm.ToolChoiceRequired, s.seen[0].ToolChoice)
	assert.Empty(t, s.seen[1].ToolChoice, "forced once, free then")
	assert.Len(t, s.seen[2].Tools, 3)
	want := 0
	for _, q := range s.seen { // as the server counts
		for _, m := range q.Messages {
			want += len([]rune(m.Text))
		}
	}
	assert.Equal(t, want, result.Usage.Prompt)
	assert.Positive(t, result.Usage.Completion)

	assert.Equal(t, llm.ToolChoiceRequired, r.ToolChoice, "the request is as it was")
	assert.Empty(t, r.Tools)
	assert.Equal(t, llm.Message{}, r.Messages[:2][1], "nothing was written behind the request's messages")
	again(t, s, r, result)
}

func TestRun_ends(t *testing.T) {
	t.Parallel()
	stop := function("stop", func(context.Context, string) (string, error) { return "", fmt.Errorf("enough: %w", llm.ErrStop) })
	stopWith := function("with", func(context.Context, string) (string, error) { return "the plan", llm.ErrStop })
	broken := function("broken", func(context.Context, string) (string, error) { panic("sk-very-secret") })
	for name, tt := range map[string]struct {
		answers []llmtest.Answer
		faults  []llmtest.Fault
		opts    llm.RunOptions
		tools   []llm.Function
		is      error
		words   string
		history []string
		fates   []llm.CallOutcome
		steps   int
	}{
		"steps": {
			answers: []llmtest.Answer{calls(`add {}`)}, opts: llm.RunOptions{MaxSteps: 2}, is: llm.ErrSteps,
			words: "llm: run: no final answer within the steps allowed (RunOptions.MaxSteps, 2)", steps: 2,
			history: []string{"1 calls", "call_0=add{}", "1 calls", "call_0=add{}"}, fates: []llm.CallOutcome{llm.CallDone, llm.CallDone},
		},
		"steps, eight of them": {answers: []llmtest.Answer{calls(`add {}`)}, is: llm.ErrSteps, steps: 8},
		"stop": {
			answers: []llmtest.Answer{calls(`add {}`, `stop {}`, `add {}`)}, is: llm.ErrStop, words: "llm: run: tool stop: enough: a tool ended the loop", steps: 1,
			history: []string{"3 calls", "call_0=add{}", "call_1=enough: a tool ended the loop", "call_2=error: not carried out: the conversation was interrupted"},
			fates:   []llm.CallOutcome{llm.CallDone, llm.CallDone, llm.CallSkipped},
		},
		"stop with a result": {
			answers: []llmtest.Answer{calls(`with {}`)}, is: llm.ErrStop, steps: 1,
			history: []string{"1 calls", "call_0=the plan"}, fates: []llm.CallOutcome{llm.CallDone},
		},
		"panic": {
			answers: []llmtest.Answer{calls(`broken {}`, `add {}`)}, words: "llm: run: tool broken: panic: sk-very-secret", steps: 1,
			history: []string{
				"2 calls", "call_0=error: the tool broke down; it may have taken effect all the same",
				"call_1=error: not carried out: the conversation was interrupted",
			},
			fates: []llm.CallOutcome{llm.CallUnknown, llm.CallSkipped},
		},
		"JSON that is none, once":  {answers: []llmtest.Answer{calls(`add {}`), {Text: "ok"}}, faults: []llmtest.Fault{llmtest.ToolArgsBad}, steps: 2, history: []string{"ok"}},
		"JSON that is none, twice": {answers: []llmtest.Answer{calls(`add {}`)}, faults: []llmtest.Fault{llmtest.ToolArgsBad, llmtest.ToolArgsBad}, opts: llm.RunOptions{MaxSteps: 2}, is: llm.ErrToolCall, words: "RunOptions.MaxSteps", steps: 2},
		"a call cut off":           {answers: []llmtest.Answer{calls(`add {"a":1}`)}, faults: []llmtest.Fault{llmtest.ToolArgsCut}, is: llm.ErrTruncated, steps: 1},
		"cut behind a whole call": {
			answers: []llmtest.Answer{{ToolCalls: calls(`add {}`).ToolCalls, Finish: "length"}}, is: llm.ErrTruncated,
			words: "finish_reason length behind 1 tool calls: none was carried out", steps: 1,
		},
		"filtered behind a call": {answers: []llmtest.Answer{{ToolCalls: calls(`add {}`).ToolCalls, Finish: "content_filter"}}, is: llm.ErrTruncated, steps: 1},
		"the second step fails": {
			answers: []llmtest.Answer{calls(`add {}`), {Error: &llmtest.APIError{Status: 401, Message: "no"}}}, is: llm.ErrAuth, steps: 2,
			history: []string{"1 calls", "call_0=add{}"}, fates: []llm.CallOutcome{llm.CallDone},
		},
		"declined": {
			answers: []llmtest.Answer{calls(`add {}`, `stop {}`), {Text: "As you wish."}}, steps: 2,
			opts:    llm.RunOptions{Confirm: func(_ context.Context, c llm.ToolCall) (bool, error) { return c.Name == "add", nil }},
			history: []string{"2 calls", "call_0=add{}", "call_1=error: the user declined this call: it was not carried out", "As you wish."},
			fates:   []llm.CallOutcome{llm.CallDone, llm.CallDeclined},
		},
		"nobody to ask": {
			answers: []llmtest.Answer{calls(`nix {}`, `add {}`, `add {}`)}, steps: 1, is: errNobody, words: "llm: run: confirm the call of add: nobody is there",
			opts:    llm.RunOptions{Confirm: func(context.Context, llm.ToolCall) (bool, error) { return true, errNobody }},
			history: []string{"3 calls", `call_0=error: there is no tool "nix"; there are: add, stop, with, broken`, "call_1=error: not carried out: the conversation was interrupted", "call_2=error: not carried out: the conversation was interrupted"},
			fates:   []llm.CallOutcome{llm.CallFailed, llm.CallSkipped, llm.CallSkipped},
		},
		"no call": {answers: []llmtest.Answer{{Text: "Hello"}}, steps: 1, history: []string{"Hello"}},
	} {
		for _, parallel := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d at a time", name, parallel), func(t *testing.T) {
				t.Parallel()
				s := play(t, tt.answers...)
				s.srv.Misbehave(tt.faults...)
				opts, wantHistory, wantFates := tt.opts, tt.history, tt.fates
				opts.Parallel = parallel
				result, err := llm.Run(t.Context(), s, chat(), []llm.Function{echo("add"), stop, stopWith, broken}, &opts)
				if tt.is == nil && tt.words == "" {
					require.NoError(t, err)
				}
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				}
				if tt.words != "" {
					require.ErrorContains(t, err, tt.words)
				}
				var fates []llm.CallOutcome
				for _, c := range result.Calls {
					fates = append(fates, c.Outcome)
				}
				assert.Equal(t, tt.steps, result.Steps)
				require.NotNil(t, result.Response)
				history := roles(result.Messages)
				if parallel > 1 { // what stands behind the end may have begun before it
					history, fates = history[:min(len(history), 2)], fates[:min(len(fates), 1)]
					wantHistory, wantFates = wantHistory[:min(len(wantHistory), 2)], wantFates[:min(len(wantFates), 1)]
				}
				if tt.history != nil || !errors.Is(err, llm.ErrSteps) {
					assert.Equal(t, wantHistory, history)
					assert.Equal(t, wantFates, fates)
				}
				s.srv.OnChat(nil)
				again(t, s, chat(), result)
			})
		}
	}
}

var errNobody = errors.New("nobody is there")

func TestRun_panic(t *testing.T) {
	t.Parallel()
	cause := errors.New("divided by zero")
	s := play(t, calls(`broken {}`))
	result, err := llm.Run(t.Context(), s, chat(), []llm.Function{function("broken", func(context.Context, string) (string, error) { panic(cause) })}, nil)
	p, ok := errors.AsType[*llm.PanicError](err)
	require.True(t, ok)
	require.ErrorIs(t, err, cause)
	assert.Equal(t, "broken", p.Tool)
	assert.Contains(t, string(p.Stack), "run_test.go", "where it happened")
	assert.NotContains(t, result.Calls[0].Text, "zero", "the panic's words are not for the model")
	assert.Positive(t, result.Calls[0].Took)
}

func TestRun_refused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		r     *llm.Request
		tools []llm.Function
		opts  *llm.RunOptions
		want  []string
	}{
		"nil":        {want: []string{"nil"}},
		"everything": {r: &llm.Request{N: 2, Tools: []llm.Tool{{Name: "x"}}}, tools: []llm.Function{{}}, opts: &llm.RunOptions{Parallel: -1}, want: []string{"Tools: must be empty", "N: 2", "RunOptions: MaxSteps, Parallel or CallTimeout is negative", "functions[0]: Call: missing", "Model: missing", "Name:"}},
		"twice":      {r: chat(), tools: []llm.Function{echo("a"), echo("a")}, want: []string{"a second tool is called a"}},
		"steps":      {r: chat(), opts: &llm.RunOptions{MaxSteps: -1}, want: []string{"negative"}},
		"time":       {r: chat(), opts: &llm.RunOptions{CallTimeout: -1}, want: []string{"negative"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, llmtest.Answer{Text: "no"})
			result, err := llm.Run(t.Context(), s, tt.r, tt.tools, tt.opts)
			require.ErrorIs(t, err, llm.ErrInvalid)
			for _, w := range tt.want {
				require.ErrorContains(t, err, w)
			}
			require.Equal(t, &llm.RunResult{}, result)
			require.Empty(t, s.seen, "nothing was sent")
		})
	}
}

// Calls of one answer run side by side up to the limit, and their results stay in order.
func TestRun_parallel(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		parallel int
		took     time.Duration
	}{"one": {0, 8 * time.Second}, "two": {2, 5 * time.Second}, "many": {9, 3 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := play(t, calls(`wait {"D":"3s"}`, `wait {"D":"1s"}`, `wait {"D":"2s"}`, `wait {"D":"2s"}`), llmtest.Answer{Text: "ok"})
				defer s.srv.Close()
				wait := function("wait", func(ctx context.Context, arguments string) (string, error) {
					var in struct{ D string }
					if err := (&llm.ToolCall{Arguments: arguments}).Decode(&in); err != nil {
						return "", err
					}
					d, err := time.ParseDuration(in.D)
					time.Sleep(d)
					return in.D, err
				})
				began := time.Now()
				var told []string
				result, err := llm.Run(t.Context(), s, chat(), []llm.Function{wait}, &llm.RunOptions{
					Parallel: tt.parallel, OnCall: func(c llm.CallResult) { told = append(told, c.Text) },
				})
				require.NoError(t, err)
				assert.Equal(t, tt.took, time.Since(began))
				assert.Equal(t, []string{"4 calls", "call_0=3s", "call_1=1s", "call_2=2s", "call_3=2s", "ok"}, roles(result.Messages))
				assert.Equal(t, []string{"3s", "1s", "2s", "2s"}, told)
				assert.Equal(t, 3*time.Second, result.Calls[0].Took)
			})
		})
	}
}

func TestRun_interrupted(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	obedient := function("long", func(ctx context.Context, _ string) (string, error) {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Hour):
			return "late", nil
		}
	})
	deaf := function("long", func(context.Context, string) (string, error) {
		time.Sleep(3 * minute)
		return "done all the same", nil
	})
	unknown := "call_1=error: context canceled; it may have taken effect all the same"
	skipped := "call_2=error: not carried out: the conversation was interrupted"
	for name, tt := range map[string]struct {
		tool    llm.Function
		opts    llm.RunOptions
		cancel  time.Duration
		is      []error
		fates   []llm.CallOutcome
		history []string
		took    time.Duration
	}{
		"cancelled": {
			tool: obedient, cancel: minute, is: []error{context.Canceled}, took: minute,
			fates: []llm.CallOutcome{llm.CallDone, llm.CallUnknown, llm.CallSkipped}, history: []string{"3 calls", "call_0=quick{}", unknown, skipped},
		},
		"cancelled, and the tool does not hear": {
			tool: deaf, cancel: minute, is: []error{context.Canceled}, took: 3 * minute,
			fates: []llm.CallOutcome{llm.CallDone, llm.CallDone, llm.CallSkipped}, history: []string{"3 calls", "call_0=quick{}", "call_1=done all the same", skipped},
		},
		"timeout": {
			tool: obedient, opts: llm.RunOptions{Timeout: 2 * minute}, is: []error{llm.ErrTimeout, context.DeadlineExceeded}, took: 2 * minute,
			fates:   []llm.CallOutcome{llm.CallDone, llm.CallUnknown, llm.CallSkipped},
			history: []string{"3 calls", "call_0=quick{}", "call_1=error: context deadline exceeded; it may have taken effect all the same", skipped},
		},
		"timeout by default": {tool: obedient, is: []error{llm.ErrTimeout}, took: 10 * minute, fates: []llm.CallOutcome{llm.CallDone, llm.CallUnknown, llm.CallSkipped}},
		"no timeout":         {tool: obedient, opts: llm.RunOptions{Timeout: -1}, took: time.Hour, fates: []llm.CallOutcome{llm.CallDone, llm.CallDone, llm.CallDone}},
		"one call takes too long": {
			tool: obedient, opts: llm.RunOptions{CallTimeout: 5 * time.Second}, took: 5 * time.Second,
			fates: []llm.CallOutcome{llm.CallDone, llm.CallUnknown, llm.CallDone},
			history: []string{
				"3 calls", "call_0=quick{}", "call_1=error: context deadline exceeded; it may have taken effect all the same", "call_2=quick{}", "ok",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
				t.Helper()
				srv.OnChat(func(r llmtest.ChatRequest) llmtest.Answer {
					if len(r.Messages) > 1 {
						return llmtest.Answer{Text: "ok"}
					}
					return calls(`quick {}`, `long {}`, `quick {}`)
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel > 0 {
					defer time.AfterFunc(tt.cancel, cancel).Stop()
				}
				began := time.Now()
				result, err := llm.Run(ctx, c, chat(), []llm.Function{echo("quick"), tt.tool}, &tt.opts)
				assert.Equal(t, tt.took, time.Since(began))
				if tt.is == nil {
					require.NoError(t, err)
				}
				for _, is := range tt.is {
					require.ErrorIs(t, err, is)
				}
				assert.Equal(t, errors.Is(err, llm.ErrTimeout), tt.cancel == 0 && tt.is != nil)
				var fates []llm.CallOutcome
				for _, c := range result.Calls {
					fates = append(fates, c.Outcome)
				}
				assert.Equal(t, tt.fates, fates)
				if tt.history != nil {
					assert.Equal(t, tt.history, roles(result.Messages))
				}
				again(t, &script{Client: c}, chat(), result)
			})
		})
	}
}

// The time of the loop runs out while the model is silent: what came is in the result, and not in the history.
func TestRun_silentModel(t *testing.T) {
	t.Parallel()
	inBubble(t, nil, func(t *testing.T, srv *llmtest.Server, c *llm.Client) {
		t.Helper()
		srv.Misbehave(llmtest.Stall)
		result, err := llm.Run(t.Context(), c, chat(), nil, &llm.RunOptions{Timeout: time.Minute})
		require.ErrorIs(t, err, llm.ErrTimeout)
		require.EqualError(t, err, "llm: run: no final answer within the time allowed (RunOptions.Timeout, 1m0s)")
		assert.Equal(t, "Hello there", result.Response.Text())
		assert.Empty(t, result.Messages)
		assert.Equal(t, 1, result.Steps)
	})
}
