package route53x

import (
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

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
	case "Throttling", "ThrottlingException", "RequestThrottled", "TooManyRequestsException", "RequestLimitExceeded":
		return ErrThrottled
	}
	return nil
}

// failDomain makes an [*Error] of what the SDK returned. The secrets do not come back in its text.
func failDomain(op, subject string, err error, write bool, secrets ...string) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, Subject: subject}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil && resp.Response.Response != nil {
		e.Status = resp.HTTPStatusCode()
		e.RetryAfter = httpcall.RetryAfter(resp.Response.Header, timeOfAnswer(resp.Response.Header))
	}
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		e.RequestID = resp.ServiceRequestID()
	}
	refusal, refused := errors.AsType[smithy.APIError](err)
	if refused && refusal.ErrorCode() != "UnknownError" {
		e.Code = refusal.ErrorCode()
		e.Message = hideContacts(httpcall.Head([]byte(refusal.ErrorMessage()), 512), secrets...)
		e.Kind = domainKind(e.Code, e.Message)
		if id := runningOperation(err); id != "" {
			e.IDs = []string{id}
		}
	}
	sent, network := errors.AsType[*httpcall.Error](err)
	switch {
	case e.Status >= http.StatusInternalServerError:
		if write {
			e.Kind = ErrUnknownOutcome // a gateway may have given up on what went on behind it
		}
	case e.Status == http.StatusTooManyRequests:
		e.Kind = ErrThrottled
	case e.Status != 0 && e.Status < http.StatusMultipleChoices && write:
		e.Kind, e.Err = ErrUnknownOutcome, errNotDomains // done, but what came back cannot be read
	case e.Status != 0 && !refused, e.Status != 0 && e.Code == "" && e.Kind == nil:
		e.Err = errNotDomains
	case e.Status == 0 && network:
		e.Err = sent
		if write && sent.Sent {
			e.Kind = ErrUnknownOutcome
		}
	case e.Status == 0 && e.Code == "":
		e.Err = httpcall.Redact(err) // credentials, the context, a client of the caller's
		if _, before := errors.AsType[*smithy.InvalidParamsError](err); write && !before && leftClient(err) {
			e.Kind = ErrUnknownOutcome
		}
	}
	return e
}

// leftClient reports whether an error that is not from our HTTP client may be one after the request has left. Errors of
// signing and of credentials come before.
func leftClient(err error) bool {
	if _, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	_, ok := errors.AsType[*smithy.DeserializationError](err)
	return ok
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

// runningOperation is the ID that a DuplicateRequest has with it.
func runningOperation(err error) string {
	dup, ok := errors.AsType[*types.DuplicateRequest](err)
	if !ok {
		return ""
	}
	return aws.ToString(dup.RequestId)
}

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
