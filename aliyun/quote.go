package aliyun

import "fmt"

// Quote is what a message would cost. Nothing is sent for it.
type Quote struct {
	Phones   int
	Segments int     // of the longest text to one phone
	Messages int     // Phones × Segments: what is billed
	Price    float64 // in the currency of [SMSOptions].PricePerSegment; 0 where that is 0
}

// Quote checks a message as [SMS.Send] does, and counts. It needs the template's text: load it with [SMS.LoadTemplates],
// else the error is [ErrInput]. The carrier has the last word: [Report].Segments.
func (s *SMS) Quote(m Message) (Quote, error) {
	if m.Sign == "" {
		m.Sign = s.opts.Sign
	}
	template, known := s.loaded(m.Template)
	if !known {
		return Quote{}, inputError("Quote", fmt.Sprintf("Template %s is not loaded: its text is what is counted", m.Template))
	}
	checked, err := m.check(s.opts.ParamLimit, template, known)
	if err != nil {
		return Quote{}, err
	}
	text, err := template.Render(m.Params)
	if err != nil {
		return Quote{}, err
	}
	n := Segments(m.Sign, text, template.Type == Intl)
	if n.TooLong {
		return Quote{}, inputError("Quote", fmt.Sprintf("the text has %d units with its sign, at most %d are allowed", n.Units, maxUnits))
	}
	q := Quote{Phones: len(checked.phones), Segments: n.Segments, Messages: len(checked.phones) * n.Segments}
	q.Price = float64(q.Messages) * s.opts.PricePerSegment
	return q, nil
}
