package awscall_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/internal/awscall"
)

func at(step, op, resource string) []slog.Attr {
	return []slog.Attr{slog.String("step", step), slog.String("op", op), slog.String("resource", resource)}
}

// The errors of all packages read alike, whatever there is to say.
func TestWords(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]awscall.Words{
		"cdn: Get E1: no such distribution (NoSuchDistribution, HTTP 404, request 7f3b); look at its ID": {
			Package: "cdn", Where: at("", "Get", "E1"), Why: []string{"", "no such distribution"}, Code: "NoSuchDistribution",
			Status: 404, Request: "7f3b", Hint: "look at its ID",
		},
		"cwagent: install SendCommand i-1: unknown: connection reset (Failed, exit code 3)": {
			Package: "cwagent", Where: at("install", "SendCommand", "i-1"), Why: []string{"unknown", "connection reset"},
			Facts: []string{"Failed", "exit code 3"},
		},
		"iamrole: CreateRole: refused (LimitExceeded)": {Package: "iamrole", Where: at("", "CreateRole", ""), Code: "LimitExceeded", Status: 400},
		"iamrole: CreateRole: bad gateway (HTTP 502)":  {Package: "iamrole", Where: at("", "CreateRole", ""), Status: 502},
		"iamrole: bad request (HTTP 400)":              {Package: "iamrole", Status: 400},
		"iamrole: refused":                             {Package: "iamrole"},
	} {
		assert.Equal(t, want, w.String())
	}
}

// A log has the text and a field for each thing that there is to say.
func TestWordsInALog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := awscall.Words{Package: "cdn", Where: at("", "Get", "E1"), Why: []string{"gone"}, Code: "NoSuch", Request: "7f3b"}
	drop := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: drop})).
		Info("x", "error", w.LogValue(slog.String("status", ""), slog.Int("batch", 2)))
	assert.Equal(t, `level=INFO msg=x error.text="cdn: Get E1: gone (NoSuch, request 7f3b)" error.op=Get error.resource=E1 `+
		`error.code=NoSuch error.request_id=7f3b error.batch=2`+"\n", log.String())
}

func TestCauseAsText(t *testing.T) {
	t.Parallel()
	assert.Empty(t, awscall.Cause(nil))
	assert.Equal(t, "no route", awscall.Cause(errors.New("no route")))
}
