package llm

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Reasoning asks a model to think more, or less. The zero value leaves it to the provider. How it is written is the
// [Dialect]'s affair; what a dialect has no words for is refused before anything is sent.
type Reasoning struct {
	Effort Effort // how hard; where a provider has a mere switch, any effort turns it on
	Budget int    // at most so many tokens of thinking; 0 = not said
	Off    bool   // do not think
}

// Effort is how hard a model is to think. Providers know other words too; they are sent as they are.
type Effort string

// The efforts. Which there are depends on the model; a dialect replaces one that its provider lacks by the next.
const (
	EffortMinimal Effort = "minimal"
	EffortLow     Effort = "low"
	EffortMedium  Effort = "medium"
	EffortHigh    Effort = "high"
	EffortMax     Effort = "max"
)

func (r Reasoning) check() error {
	switch {
	case r.Budget < 0:
		return fmt.Errorf("Reasoning.Budget: %d is negative", r.Budget)
	case r.Off && (r.Effort != "" || r.Budget > 0):
		return errors.New("Reasoning: Off together with Effort or Budget")
	}
	return nil
}

// members are what r adds to a request.
func (t Thinking) members(r Reasoning, provider string) (map[string]any, error) {
	out := map[string]any{}
	switch {
	case r == Reasoning{}:
		return nil, nil
	case r.Off:
		if t.Off == nil {
			return nil, fmt.Errorf("Reasoning.Off: %s has no way to turn thinking off here: leave it out, or use another model", provider)
		}
		maps.Copy(out, t.Off)
		return out, nil
	case r.Effort != "" && t.Effort == "" && t.On == nil:
		return nil, fmt.Errorf("Reasoning.Effort: %s has no such setting: leave it out, or use Request.Extra", provider)
	case r.Budget > 0 && t.Budget == "":
		return nil, fmt.Errorf("Reasoning.Budget: %s has no such setting: use Effort, or Request.Extra", provider)
	}
	maps.Copy(out, t.On)
	if r.Effort != "" && t.Effort != "" {
		word := string(r.Effort)
		if w, ok := t.Efforts[r.Effort]; ok {
			word = w
		}
		set(out, t.Effort, word)
	}
	if r.Budget > 0 {
		set(out, t.Budget, r.Budget)
	}
	return out, nil
}

// set puts v at a path such as "reasoning.effort", without changing the objects on the way: they belong to the dialect.
func set(members map[string]any, path string, v any) {
	name, rest, nested := strings.Cut(path, ".")
	if !nested {
		members[name] = v
		return
	}
	inner := map[string]any{}
	if old, ok := members[name].(map[string]any); ok {
		inner = maps.Clone(old)
	}
	set(inner, rest, v)
	members[name] = inner
}
