package transfer

// Filing is what the domain's holder states about its ICP filing (备案). No platform can be asked.
type Filing string

// The statements.
const (
	FilingNone      Filing = "none"      // there is none
	FilingCancelled Filing = "cancelled" // there was one, and it was cancelled
	FilingMoved     Filing = "moved"     // it was moved to another domain
	FilingAccept    Filing = "accept"    // there is one, and that it may be lost is accepted
)

// QuestionKind says what is asked.
type QuestionKind string

// The kinds.
const (
	AskConsent     QuestionKind = "consent"     // the answer is Word, to the letter
	AskFiling      QuestionKind = "filing"      // the answer is one of Options
	AskAcknowledge QuestionKind = "acknowledge" // the answer is IDs of Items, separated by blanks, or "all"
)

// Question is what a person has to decide before the move goes on.
type Question struct {
	Step    Step         `json:"step"`
	Kind    QuestionKind `json:"kind"`
	Text    string       `json:"text"`
	TextZH  string       `json:"textZh"`
	Word    string       `json:"word,omitempty"`
	Options []string     `json:"options,omitempty"`
	Items   []Item       `json:"items,omitempty"`
}
