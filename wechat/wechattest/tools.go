package wechattest

import (
	"net/http"
	"strings"
	"time"
)

// toolRoutes is the part of the API with which an account looks after itself.
func (s *Server) toolRoutes() map[string]handler {
	const get, post = http.MethodGet, http.MethodPost
	return map[string]handler{
		"clear_quota":         {post, 0, false, s.clearQuota},
		"clear_quota/v2":      {post, 0, false, s.clearQuotaV2},
		"openapi/quota/clear": {post, 0, false, s.clearOne},
		"openapi/rid/get":     {post, 0, false, s.ridGet},
		"callback/check":      {post, 0, false, s.callbackCheck},
		"getcallbackip":       {get, 0, false, s.callbackIPs},
		"get_api_domain_ip":   {get, 0, false, s.domainIPs},
	}
}

// The clearings of a month.
const (
	clearingsOfAll = 10
	clearingsOfOne = 50
)

type rateLimit struct {
	Calls  int `json:"call_count"`
	Second int `json:"refresh_second"`
}

// path finds the call behind a cgi_path.
func (s *Server) path(cgiPath string) (op string, h handler, no *refusal) {
	op, ok := strings.CutPrefix(cgiPath, "/cgi-bin/")
	if h, known := s.handlers[op]; ok && known {
		return op, h, nil
	}
	return "", handler{}, refuse(76021, "cgi_path not found, please check")
}

// clearing takes one from the month's.
func (s *Server) clearing(c *call, kind string, most int) *refusal {
	month := inBeijing(c.now).Format("2006-01 ") + kind
	if s.st.Cleared[month] >= most {
		return refuse(48006, "forbid to clear quota because of reaching the limit")
	}
	if s.st.Cleared == nil {
		s.st.Cleared = map[string]int{}
	}
	s.st.Cleared[month]++
	s.dirty = true
	return nil
}

func (s *Server) clearAll(c *call) (any, *refusal) {
	if no := s.clearing(c, "all", clearingsOfAll); no != nil {
		return nil, no
	}
	s.st.Used = map[string]int{}
	return success(), nil
}

func (s *Server) clearQuota(c *call) (any, *refusal) {
	var in struct {
		AppID string `json:"appid"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if in.AppID != s.opts.AppID {
		return nil, refuse(40013, "invalid appid")
	}
	return s.clearAll(c)
}

func (s *Server) clearQuotaV2(c *call) (any, *refusal) {
	switch {
	case c.query.Get("appid") != s.opts.AppID:
		return nil, refuse(40013, "invalid appid")
	case c.query.Get("appsecret") == "":
		return nil, refuse(41004, "appsecret missing")
	case c.query.Get("appsecret") != s.opts.Secret:
		return nil, refuse(40125, "invalid appsecret")
	}
	return s.clearAll(c)
}

func (s *Server) clearOne(c *call) (any, *refusal) {
	var in struct {
		Path string `json:"cgi_path"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	op, _, no := s.path(in.Path)
	if no != nil {
		return nil, no
	}
	if no := s.clearing(c, "one", clearingsOfOne); no != nil {
		return nil, no
	}
	delete(s.st.Used, op)
	return success(), nil
}

// logged is a refused call as rid/get shows it.
type logged struct {
	at                  time.Time
	query, body, answer string
}

// log keeps the refused calls, with their tokens in clear, as the platform does.
func (s *Server) log(rid string, c *call, answer []byte) {
	if s.requests == nil {
		s.requests = map[string]logged{}
	}
	s.requests[rid] = logged{c.now, c.query.Encode(), string(c.body[:min(len(c.body), 4096)]), string(answer)}
}

func (s *Server) ridGet(c *call) (any, *refusal) {
	var in struct {
		RID string `json:"rid"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if strings.Count(in.RID, "-") != 2 {
		return nil, refuse(76002, "invalid rid")
	}
	r, ok := s.requests[in.RID]
	if !ok {
		return nil, refuse(76001, "rid not found")
	}
	if c.now.Sub(r.at) > 7*24*time.Hour {
		return nil, refuse(76004, "rid expired")
	}
	type request struct {
		At     int64  `json:"invoke_time"`
		Took   int    `json:"cost_in_ms"`
		URL    string `json:"request_url"`
		Body   string `json:"request_body"`
		Answer string `json:"response_body"`
		IP     string `json:"client_ip"`
	}
	return struct {
		done

		Request request `json:"request"`
	}{success(), request{r.at.Unix(), 30, r.query, r.body, r.answer, "203.0.113.7"}}, nil
}

// SetCallbackHost sets the host of the callback URL, which callback/check resolves and pings; "" = none is set, which is
// how an account begins.
func (s *Server) SetCallbackHost(host string) { s.look(func() { s.callback = host }) }

func (s *Server) callbackCheck(c *call) (any, *refusal) {
	var in struct {
		Action   string `json:"action"`
		Operator string `json:"check_operator"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	operators := map[string]string{"CHINANET": "CHINANET", "UNICOM": "UNICOM", "CAP": "CAP", "DEFAULT": "CHINANET"}
	from, known := operators[in.Operator]
	switch {
	case s.callback == "":
		return nil, refuse(40201, "callback url not set")
	case in.Action != "dns" && in.Action != "ping" && in.Action != "all":
		return nil, refuse(40202, "invalid action")
	case !known:
		return nil, refuse(40203, "invalid check_operator")
	}
	type dns struct {
		IP       string `json:"ip"`
		Operator string `json:"real_operator"`
	}
	type ping struct {
		IP   string `json:"ip"`
		From string `json:"from_operator"`
		Loss string `json:"package_loss"`
		Time string `json:"time"`
	}
	out := struct {
		DNS   []dns  `json:"dns,omitempty"`
		Pings []ping `json:"ping,omitempty"`
	}{}
	if in.Action != "ping" {
		out.DNS = []dns{{"203.0.113.80", "UNICOM"}}
	}
	if in.Action != "dns" {
		out.Pings = []ping{{"203.0.113.80", from, "0%", "23.079ms"}}
	}
	return out, nil
}

type ipList struct {
	IPs []string `json:"ip_list"`
}

func (s *Server) callbackIPs(*call) (any, *refusal) {
	return ipList{[]string{"192.0.2.146", "192.0.2.128/26"}}, nil
}

func (s *Server) domainIPs(*call) (any, *refusal) {
	return ipList{[]string{"198.51.100.4", "2001:db8::4"}}, nil
}

// ExpireVerification lets a verification run out: what only verified accounts may do is refused with 48001 from now on,
// while the quotas still say otherwise.
func (s *Server) ExpireVerification() { s.look(func() { s.expired = true }) }

// Cleared is how many clearings of the month of all quotas, and of single ones, were used up.
func (s *Server) Cleared() (all, one int) {
	s.look(func() {
		month := inBeijing(s.opts.Now()).Format("2006-01 ")
		all, one = s.st.Cleared[month+"all"], s.st.Cleared[month+"one"]
	})
	return all, one
}
