package awscall

import (
	"cmp"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

// Words are what the error of a package says, in its text and as fields of a log:
//
//	cdn: UpdateDistribution E1ABC: AWS's words (PreconditionFailed, HTTP 412, request 7f3b…); what a person can do
type Words struct {
	Package string
	Where   []slog.Attr // the step, the operation, what it was about, in the order of the text
	Why     []string    // the kind, the cause, what AWS said; nothing at all is "refused", or the HTTP status in words
	Code    string      // AWS's
	Facts   []string    // beside code, status and request
	Status  int         // of HTTP; 400, which most refusals have, is left out beside a code
	Request string      // its ID
	Hint    string
}

// Cause is the text of a cause, for Why: nothing if there is none.
func Cause(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// String is the text. What is empty is left out.
func (w Words) String() string {
	var where []string
	for _, part := range w.Where {
		where = append(where, part.Value.String())
	}
	text := w.Package + ":"
	if at := join(" ", where...); at != "" {
		text += " " + at + ":"
	}
	why := join(": ", w.Why...)
	if why == "" && w.Code == "" {
		why = strings.ToLower(http.StatusText(w.Status))
	}
	text += " " + cmp.Or(why, "refused")
	if facts := join(", ", append(append([]string{w.Code}, w.Facts...), w.status(), request(w.Request))...); facts != "" {
		text += " (" + facts + ")"
	}
	return join("; ", text, w.Hint)
}

// LogValue is the text and the fields. Those that are empty are left out.
func (w Words) LogValue(more ...slog.Attr) slog.Value {
	attrs := []slog.Attr{slog.String("text", w.String())}
	for _, list := range [][]slog.Attr{w.Where, {slog.String("code", w.Code), slog.String("request_id", w.Request)}, more} {
		for _, a := range list {
			if !a.Value.Equal(slog.StringValue("")) {
				attrs = append(attrs, a)
			}
		}
	}
	return slog.GroupValue(attrs...)
}

func (w Words) status() string {
	if w.Status == 0 || w.Status == http.StatusBadRequest && w.Code != "" {
		return ""
	}
	return "HTTP " + strconv.Itoa(w.Status)
}

func request(id string) string {
	if id == "" {
		return ""
	}
	return "request " + id
}

// join joins what is not empty.
func join(between string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, between)
}
