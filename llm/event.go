package llm

// Kind is what an [Event] says.
type Kind int

// The kinds of events. Ignore those you do not know: more may come.
const (
	KindText      Kind = iota + 1 // Text is a piece of the answer
	KindReasoning                 // Text is a piece of what the model thinks before it answers
	KindRefusal                   // Text is a piece of a refusal
	KindFinish                    // Finish says why the answer ended; comes once for each choice
	KindUsage                     // Usage holds the tokens counted; comes once, last
	KindCallStart                 // Call names a tool that the model begins to call; Arguments are still empty
	KindCallDelta                 // Text is a piece of the arguments of Call
	KindCallEnd                   // Call is whole; comes once for each call, when the answer is complete and not before
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case KindText:
		return "text"
	case KindReasoning:
		return "reasoning"
	case KindRefusal:
		return "refusal"
	case KindFinish:
		return "finish"
	case KindUsage:
		return "usage"
	case KindCallStart:
		return "call start"
	case KindCallDelta:
		return "call delta"
	case KindCallEnd:
		return "call end"
	default:
		return "unknown"
	}
}

// Event is one thing that a stream reports.
//
// A Text points into the answer as it has grown so far: keeping it keeps that alive. Use strings.Clone to keep a piece
// of a long answer for long.
type Event struct {
	Kind   Kind
	Choice int    // which answer, from 0; above 0 only with Request.N > 1
	Text   string // of KindText, KindReasoning, KindRefusal, KindCallDelta; never empty there
	// Call is that of the three kinds of calls. Two calls may grow in turns: tell them apart by Index. It must not be
	// changed. Act on that of KindCallEnd only: the others may still be cut off.
	Call   *ToolCall
	Finish Finish // of KindFinish
	Usage  *Usage // of KindUsage
}

// Finish is why an answer ended, in the server's own word.
type Finish string

// The usual reasons.
const (
	FinishStop          Finish = "stop"           // the model was done, or met a stop text
	FinishLength        Finish = "length"         // MaxTokens or the context was used up: the text is cut
	FinishToolCalls     Finish = "tool_calls"     // the model wants a tool called
	FinishContentFilter Finish = "content_filter" // the provider cut the text
	FinishError         Finish = "error"          // the provider failed; the stream reports an error
)

// Normal is the reason under its usual name: what some providers call otherwise becomes one of the constants, the rest
// stays as it is.
func (f Finish) Normal() Finish {
	switch f {
	case "function_call":
		return FinishToolCalls
	case "sensitive": // Zhipu (unverified)
		return FinishContentFilter
	case "network_error", "insufficient_system_resource": // Zhipu, DeepSeek (unverified)
		return FinishError
	case "eos", "end_turn", "stop_sequence":
		return FinishStop
	case "max_tokens":
		return FinishLength
	default:
		return f
	}
}

// Usage counts tokens.
type Usage struct {
	Prompt     int // tokens of the request
	Completion int // tokens of the answer, reasoning included
	Total      int
	Cached     int // tokens of the request that came from the provider's cache
	Reasoning  int // tokens of the answer that were reasoning
}
