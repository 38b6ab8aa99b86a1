package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Answer writes a person's answer to the question of an [Error] into the state, which is saved. A word that is not the one
// that was asked for is [ErrNeedsConsent], and the question stands. What was agreed to holds for that question only: when
// the price changes, it is asked again.
func (r *Runner) Answer(ctx context.Context, s State, q Question, answer string) (State, error) {
	if err := r.mine(s); err != nil {
		return s, err
	}
	next := s.clone()
	answer = strings.TrimSpace(answer)
	switch q.Kind {
	case AskConsent:
		if answer != q.Word || q.Word == "" {
			return s, &Error{Kind: ErrNeedsConsent, Step: q.Step, Text: fmt.Sprintf("%q is not %q: nothing was done", answer, q.Word), Question: &q}
		}
		next.Consents[q.Step] = Consent{answer, r.now()}
	case AskFiling:
		if !slices.Contains(filings(), Filing(answer)) {
			return s, &Error{Kind: ErrNeedsStatement, Step: q.Step, Text: fmt.Sprintf("%q is none of %s", answer, strings.Join(q.Options, ", ")), Question: &q}
		}
		next.Filing = Filing(answer)
	case AskAcknowledge:
		ids := strings.FieldsFunc(answer, func(c rune) bool { return c == ' ' || c == ',' })
		if answer == "all" {
			ids = nil
			for _, it := range q.Items {
				ids = append(ids, it.ID)
			}
		}
		for _, id := range ids {
			if !slices.ContainsFunc(q.Items, func(it Item) bool { return it.ID == id }) {
				return s, &Error{Kind: ErrUnacknowledged, Step: q.Step, Text: fmt.Sprintf("%q is the ID of none of these records", id), Question: &q}
			}
			next.Acknowledged[id] = r.now()
		}
	default:
		return s, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("question of kind %q", q.Kind)}
	}
	return next, r.save(ctx, next)
}

// consent is there when exactly this word was given for the step.
func (w *walk) consent(step Step, word, text, zh string) error {
	if w.s.Consents[step].Word == word {
		return nil
	}
	if w.r.cfg.Consent[step] == word {
		w.s.Consents[step] = Consent{word, w.r.now()}
		w.event(EventAsk, "agreed to in the config: "+word, "")
		return nil
	}
	return &Error{
		Kind: ErrNeedsConsent, Text: fmt.Sprintf("nothing was done: it needs the word %q", word),
		Question: &Question{Step: step, Kind: AskConsent, Word: word, Text: text, TextZH: zh},
	}
}
