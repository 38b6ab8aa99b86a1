package r2test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORSRule allows the pages of some origins to use the bucket from a browser.
type CORSRule struct {
	Origins       []string      // scheme://host[:port] without a path; one "*" in it stands for anything
	Methods       []string      // of GET, HEAD, PUT, POST, DELETE
	Headers       []string      // that a request may have; names one by one, since users report that "*" does not always work
	ExposeHeaders []string      // of the answer, that the page may read
	MaxAge        time.Duration // how long a browser may remember it; 0 = it is not told
}

func (c CORSRule) check() error {
	var problems []error
	for _, origin := range c.Origins {
		plain := strings.Replace(origin, "*", "x", 1)
		u, err := url.Parse(plain)
		if origin != "*" && (err != nil || u.Host == "" || u.Path != "" || strings.Contains(plain, "*")) {
			problems = append(problems, fmt.Errorf("r2test: CORS: %q is no origin: scheme://host[:port], no path and no slash at its end", origin))
		}
	}
	for _, method := range c.Methods {
		if !slices.Contains([]string{"GET", "HEAD", "PUT", "POST", "DELETE"}, method) {
			problems = append(problems, fmt.Errorf("r2test: CORS: %q is no method of a rule", method))
		}
	}
	return errors.Join(problems...)
}

// fits tells whether the rule allows a request.
func (c CORSRule) fits(origin, method string, headers []string) bool {
	from := slices.ContainsFunc(c.Origins, func(o string) bool {
		before, after, wild := strings.Cut(o, "*")
		return o == origin || wild && len(origin) >= len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
	})
	return from && slices.Contains(c.Methods, method) && !slices.ContainsFunc(headers, func(h string) bool {
		return !slices.ContainsFunc(c.Headers, func(allowed string) bool { return strings.EqualFold(allowed, h) })
	})
}

// rules are those that browsers meet: of the control plane if it was told any, else of the options.
func (s *Server) rules(bucket string, public bool) []CORSRule {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.st.Settings[string(s.opts.Jurisdiction)+"/"+bucket]
	if set == nil || !set.CORSTold {
		if !public {
			return s.opts.CORS
		}
		short := CORSRule{Origins: s.opts.CORSOrigins, Methods: []string{http.MethodGet, http.MethodHead}, Headers: []string{"Range"}}
		return append([]CORSRule{short}, s.opts.CORS...)
	}
	var told corsJSON
	if set.CORS == nil || json.Unmarshal(set.CORS, &told) != nil { // it was checked when it came
		return nil
	}
	out := make([]CORSRule, 0, len(told.Rules))
	for _, r := range told.Rules {
		out = append(out, CORSRule{
			Origins: r.Allowed.Origins, Methods: r.Allowed.Methods, Headers: r.Allowed.Headers, ExposeHeaders: r.ExposeHeaders,
			MaxAge: time.Duration(r.MaxAgeSeconds * float64(time.Second)),
		})
	}
	return out
}

// cors sets what a browser wants to see, and answers a preflight itself: true.
func cors(w http.ResponseWriter, r *http.Request, rules []CORSRule) bool {
	origin := r.Header.Get("Origin")
	method := r.Method
	var headers []string
	preflight := method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if preflight {
		method = r.Header.Get("Access-Control-Request-Method")
		headers = strings.FieldsFunc(r.Header.Get("Access-Control-Request-Headers"), func(c rune) bool { return c == ',' || c == ' ' })
	}
	i := slices.IndexFunc(rules, func(c CORSRule) bool { return origin != "" && c.fits(origin, method, headers) })
	if i < 0 {
		if preflight {
			http.Error(w, "CORS not allowed", http.StatusForbidden)
		}
		return preflight
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Vary", "Origin")
	if len(rules[i].ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(rules[i].ExposeHeaders, ", "))
	}
	if preflight {
		h.Set("Access-Control-Allow-Methods", strings.Join(rules[i].Methods, ", "))
		h.Set("Access-Control-Allow-Headers", strings.Join(rules[i].Headers, ", "))
		if age := rules[i].MaxAge; age > 0 {
			h.Set("Access-Control-Max-Age", strconv.Itoa(int(age.Seconds())))
		}
		w.WriteHeader(http.StatusNoContent)
	}
	return preflight
}
