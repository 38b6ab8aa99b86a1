package llmtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// APIError is an error answer in OpenAI's form.
type APIError struct {
	Status    int // 0 = 400
	Code      string
	Type      string // empty = "invalid_request_error"
	Param     string
	Message   string
	RequestID string      // goes into the body beside the error, if set
	Header    http.Header // such as Retry-After
}

func (e APIError) body() map[string]any {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	kind := e.Type
	if kind == "" {
		kind = "invalid_request_error"
	}
	body := map[string]any{"error": map[string]any{"message": e.Message, "type": kind, "param": orNull(e.Param), "code": orNull(e.Code)}}
	if e.RequestID != "" {
		body["request_id"] = e.RequestID
	}
	return body
}

func writeError(w http.ResponseWriter, e APIError) { e.write(w, e.body()) }

func (e APIError) write(w http.ResponseWriter, body any) {
	maps.Copy(w.Header(), e.Header)
	writeJSON(w, e.status(), body)
}

func unknownURL(r *http.Request) APIError {
	return APIError{Status: http.StatusNotFound, Message: fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path)}
}

func noModel(name string) APIError {
	return APIError{
		Status: http.StatusNotFound, Code: "model_not_found",
		Message: "The model `" + name + "` does not exist or you do not have access to it.",
	}
}

func missing(param string) APIError {
	return APIError{Param: param, Code: "missing_required_parameter", Message: "Missing required parameter: '" + param + "'."}
}

func badValue(param, message string) APIError {
	return APIError{Param: param, Code: "invalid_value", Message: message}
}

func unknownParameter(param string) APIError {
	return APIError{Param: param, Code: "unknown_parameter", Message: "Unknown parameter: '" + param + "'."}
}

func oneOf(param, value string, allowed ...string) (APIError, bool) {
	if value == "" || slices.Contains(allowed, value) {
		return APIError{}, true
	}
	return badValue(param, fmt.Sprintf("Invalid value: '%s'. Supported values are: '%s'.", value, strings.Join(allowed, "', '"))), false
}
