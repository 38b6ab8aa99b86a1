package llm

import (
	"time"
)

// Response is an answer, or what has come of it.
type Response struct {
	ID          string
	Model       string // as the server names it
	Fingerprint string // system_fingerprint: the provider's configuration
	Created     time.Time
	Choices     []Choice // by Index
	Usage       *Usage   // nil = the server did not say
	RequestID   string   // for the provider's support
	Limits      RateLimits
}

// Choice is one of the answers asked for with [Request.N].
type Choice struct {
	Index    int
	Message  Message
	Finish   Finish    // empty = it has not ended
	LogProbs *LogProbs // nil = not asked for, or not given
}

// Text is the answer of choice 0.
func (r *Response) Text() string { return r.first().Message.Text() }

// Reasoning is what the model thought before it gave choice 0.
func (r *Response) Reasoning() string { return r.first().Message.Reasoning }

// Finish is why choice 0 ended; empty = it has not.
func (r *Response) Finish() Finish { return r.first().Finish }

// ToolCalls are those of choice 0. None is Incomplete unless the stream failed.
func (r *Response) ToolCalls() []ToolCall { return r.first().Message.ToolCalls }

// Message is choice 0 as the next turn of the conversation.
func (r *Response) Message() Message { return r.first().Message }

func (r *Response) first() Choice {
	if r != nil {
		for _, c := range r.Choices {
			if c.Index == 0 {
				return c
			}
		}
	}
	return Choice{Message: Message{Role: RoleAssistant}}
}
