package llm

import "encoding/json"

// LogProbs are the log probabilities of an answer's tokens, asked for with [Request.TopLogProbs].
type LogProbs struct {
	Content, Refusal []LogProb
}

// LogProb is one token's.
type LogProb struct {
	Token   string
	LogProb float64
	Bytes   []byte    // of the token, which may be a part of a character; nil = the server did not say
	Top     []LogProb // the likeliest tokens at this place
}

// wireLogProb has the bytes as numbers, where encoding/json would expect base64.
type wireLogProb struct {
	Token   string        `json:"token"`
	LogProb float64       `json:"logprob"`
	Bytes   []int         `json:"bytes"`
	Top     []wireLogProb `json:"top_logprobs"`
}

func (w wireLogProb) logProb() LogProb {
	out := LogProb{Token: w.Token, LogProb: w.LogProb}
	for _, b := range w.Bytes {
		out.Bytes = append(out.Bytes, byte(b))
	}
	for _, t := range w.Top {
		out.Top = append(out.Top, t.logProb())
	}
	return out
}

// add takes the member of a chunk. What is of another shape is not worth an error: the answer is whole without it.
func (l *LogProbs) add(raw []byte) {
	var w struct {
		Content []wireLogProb `json:"content"`
		Refusal []wireLogProb `json:"refusal"`
	}
	if json.Unmarshal(raw, &w) != nil {
		return
	}
	for _, p := range w.Content {
		l.Content = append(l.Content, p.logProb())
	}
	for _, p := range w.Refusal {
		l.Refusal = append(l.Refusal, p.logProb())
	}
}
