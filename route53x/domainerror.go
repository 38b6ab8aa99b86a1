package route53x

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Kinds of errors that only registered domains have.
var (
	ErrNeedsConsent = errors.New("needs consent")            // costs money or cannot be undone, and nobody has agreed to just that
	ErrAskAgain     = errors.New("no answer, ask again")     // the registry is slow or under maintenance: neither yes nor no
	ErrFailed       = errors.New("the operation has failed") // it was accepted, and then not done
)

// domainKind is what a code of the service means here.
// Source: the errors of the API reference (read 2026-11).
func domainKind(code, message string) error {
	switch code {
	case "DuplicateRequest":
		return ErrExists
	case "TLDInMaintenance":
		return ErrAskAgain
	case "UnsupportedTLD", "TLDRulesViolation":
		return ErrUnsupported
	case "DomainLimitExceeded", "OperationLimitExceeded", "DnssecLimitExceeded":
		return ErrLimit
	case "InvalidInput":
		// The API has no code for what is not there. The words are unverified.
		if strings.Contains(strings.ToLower(message), "not found") {
			return ErrNotFound
		}
		return ErrInvalid
	case "ValidationException", "SerializationException":
		return ErrInvalid
	}
	return nil
}

var errNotDomains = errors.New("the answer is not that of the API")

var mailForm = regexp.MustCompile(`[^\s@<>"'(),;:=]+@[^\s@<>"'(),;]+`)

// hideContacts takes out of a message of the service what it may repeat of its request or of the holder's data.
func hideContacts(text string, secrets ...string) string {
	text = secret.Scrub(text, secrets...)
	text = mailForm.ReplaceAllString(text, secret.Hidden)
	return phoneInText.ReplaceAllString(text, secret.Hidden)
}

var phoneInText = regexp.MustCompile(`\+[0-9]{1,3}\.[0-9]{4,}`)

// transient reports whether a read that failed may be tried again later.
func transient(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	e, ok := errors.AsType[*Error](err)
	if !ok || errors.Is(err, ErrInvalid) {
		return false
	}
	sent, network := errors.AsType[*httpcall.Error](err)
	return network && !errors.Is(sent, context.Canceled) || errors.Is(err, ErrThrottled) || errors.Is(err, ErrAskAgain) ||
		e.Status >= http.StatusInternalServerError
}

func invalidDomain(op, subject string, problems ...error) error {
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	if len(problems) == 0 {
		return nil
	}
	return &Error{Kind: ErrInvalid, Op: op, Subject: subject, Err: errors.Join(problems...)}
}
