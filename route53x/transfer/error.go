package transfer

import (
	"errors"
	"strings"
)

// Kinds of errors, for errors.Is. After each of them the move goes on where it was, once its cause is gone: run it again.
var (
	ErrInvalid         = errors.New("not valid")                   // a Config, a domain or an answer
	ErrBlocked         = errors.New("something stands against it") // Error.Reasons has all of it
	ErrUnacknowledged  = errors.New("not acknowledged")            // records that get lost or change; Error.Question
	ErrNeedsStatement  = errors.New("a statement is needed")       // about the ICP filing; Error.Question
	ErrNeedsConsent    = errors.New("consent is needed")           // Error.Question says which word
	ErrDiffers         = errors.New("the zones differ")            // Error.Reasons has the differences
	ErrTooExpensive    = errors.New("costs more than allowed")     //
	ErrNotTransferable = errors.New("cannot be transferred")       // says the gaining registrar
	ErrTaskFailed      = errors.New("the platform's task failed")  // Error.Reasons has what it says
	ErrRefused         = errors.New("the platform refused it")     // a call that changes something, by a clear answer
	ErrAmbiguous       = errors.New("cannot be told apart")        // what happened can no longer be found out
	ErrCannotUndo      = errors.New("can no longer be undone")     // Error.Reasons says why
	ErrInUse           = errors.New("in use by another process")   // a journal
	ErrOtherMove       = errors.New("belongs to another move")     // a journal, or a state
)

// Error is every error of this package that a step ends with. Its text says what is wrong and what to do; Hint and HintZH
// are what to do at Aliyun's side, in two languages.
type Error struct {
	Kind     error
	Step     Step
	Text     string   // what is wrong, with what to do
	Reasons  []string // one sentence each
	Hint     string   // more to do, or ""
	HintZH   string
	Question *Question // what a person is asked, or nil
	Err      error     // the platform's error, or nil
}

// Error is "transfer: step: text: reasons".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("transfer: ")
	if e.Step != "" {
		b.WriteString(string(e.Step) + ": ")
	}
	switch {
	case e.Text != "":
		b.WriteString(e.Text)
	case e.Kind != nil:
		b.WriteString(e.Kind.Error())
	}
	if len(e.Reasons) > 0 {
		b.WriteString(": " + strings.Join(e.Reasons, "; "))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns kind and cause.
func (e *Error) Unwrap() []error {
	var all []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}
