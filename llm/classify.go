package llm

import (
	"net/http"
	"strconv"
	"strings"
)

// classify says which kind of error e is. The status alone is wrong too often: 429 is also what OpenAI and Zhipu say when
// the money is used up, and 403 what SiliconFlow says then. The codes are as the providers report them, the assignment
// to kinds is this package's judgment (read 2026-11).
func classify(e *Error) error {
	code, typ := strings.ToLower(e.Code), strings.ToLower(e.Type)
	msg := strings.ToLower(e.Message)
	status := e.Status
	if status == http.StatusOK { // an error inside a 200: the code may be the status that it stands for (OpenRouter, vLLM)
		if n, err := strconv.Atoi(code); err == nil && n >= 400 && n < 600 {
			status = n
		}
	}
	for _, word := range []string{code, typ} {
		// Catch-all words, such as Ollama's "api_error" with a 404, wait: the status knows more.
		if kind := byCode(word); !isKind(kind, nil, ErrInvalid, ErrServer) {
			return kind
		}
	}
	if kind := byMessage(status, msg); kind != nil {
		return kind
	}
	switch {
	case status == http.StatusPaymentRequired:
		return ErrQuota
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrAuth
	case status == http.StatusNotFound || status == http.StatusGone:
		return ErrNotFound
	case status == http.StatusTooManyRequests:
		return ErrRateLimit
	case status == http.StatusServiceUnavailable || status == 529: // 529: "overloaded"
		return ErrOverloaded
	case status >= 500 || status == http.StatusRequestTimeout || status == http.StatusConflict:
		return ErrServer
	case status >= 300:
		return ErrInvalid
	}
	for _, word := range []string{code, typ} {
		if kind := byCode(word); kind != nil {
			return kind
		}
	}
	return ErrServer
}

// codes are what providers say, by what they mean. Words that say little stand last.
func codes() []struct {
	kind  error
	codes string
} {
	return []struct {
		kind  error
		codes string
	}{
		{ErrQuota, " insufficient_quota billing_hard_limit_reached billing_not_active arrearage insufficient_balance exceeded_current_quota_error 1113 "},
		{ErrRateLimit, " rate_limit_exceeded rate_limit_error rate_limit_reached_error throttling throttling.ratequota 1302 1303 "},
		{ErrContextLength, " context_length_exceeded 1261 "},
		{ErrContentFilter, " content_filter content_policy_violation moderation_blocked data_inspection_failed datainspectionfailed 1301 "},
		{ErrAuth, " invalid_api_key authentication_error invalid_authentication_error permission_error account_deactivated 1112 "},
		{ErrNotFound, " model_not_found not_found_error resource_not_found_error "},
		{ErrOverloaded, " overloaded_error engine_overloaded_error 1305 "},
		{ErrServer, " server_error internal_error api_error internal_server_error "},
		{ErrInvalid, " invalid_request_error invalid_type invalid_value invalidparameter invalid_argument badrequesterror "},
	}
}

func byCode(code string) error {
	if code == "" || strings.Contains(code, " ") {
		return nil
	}
	for _, c := range codes() {
		if strings.Contains(c.codes, " "+code+" ") {
			return c.kind
		}
	}
	return nil
}

// byMessage is for servers that put the reason into words only.
func byMessage(status int, msg string) error {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(msg, w) {
				return true
			}
		}
		return false
	}
	switch status {
	case http.StatusForbidden, http.StatusTooManyRequests:
		if has("balance", "insufficient quota", "exceeded your current quota", "arrear", "余额", "欠费") {
			return ErrQuota
		}
		if status == http.StatusTooManyRequests && has("account is locked", "account locked", "account has been locked", "账户已锁定", "账号已锁定") {
			return ErrAuth
		}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusOK:
		if has("maximum context length", "context length", "context window", "prompt is too long") {
			return ErrContextLength
		}
	}
	return nil
}
