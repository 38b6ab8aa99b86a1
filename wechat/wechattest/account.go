package wechattest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// inBeijing is where the platform's days begin.
func inBeijing(t time.Time) time.Time { return t.In(time.FixedZone("Beijing", 8*60*60)) }

// routes is the API, with the daily quotas of a new account.
func (s *Server) routes() map[string]handler {
	const get, post = http.MethodGet, http.MethodPost
	return map[string]handler{
		"stable_token":               {post, 500_000, false, s.stableToken},
		"token":                      {get, 2000, false, s.legacyToken},
		"openapi/quota/get":          {post, 0, false, s.quotaGet},
		"media/uploadimg":            {post, 100_000, false, s.uploadImage},
		"media/upload":               {post, 100_000, false, s.uploadTemporary},
		"media/get":                  {get, 200_000, false, s.getTemporary},
		"media/get/jssdk":            {get, 200_000, true, s.getVoice},
		"media/uploadvideo":          {post, 100_000, false, s.uploadVideo},
		"material/add_material":      {post, 100_000, false, s.addMaterial},
		"material/get_material":      {post, 200_000, false, s.getMaterial},
		"material/del_material":      {post, 100_000, false, s.deleteMaterial},
		"material/batchget_material": {post, 100_000, false, s.listMaterials},
		"material/get_materialcount": {get, 100_000, false, s.countMaterials},
		"draft/add":                  {post, 1000, false, s.addDraft},
		"draft/get":                  {post, 500, false, s.getDraft},
		"draft/update":               {post, 1000, false, s.updateDraft},
		"draft/delete":               {post, 1000, false, s.deleteDraft},
		"draft/count":                {get, 1000, false, s.countDrafts},
		"draft/batchget":             {post, 1000, false, s.listDrafts},
		"draft/switch":               {post, 0, false, s.draftSwitch},
		opProductCard:                {post, 0, false, s.productCard},
		"freepublish/submit":         {post, 100, true, s.submit},
		"freepublish/get":            {post, 100, true, s.publishState},
		"freepublish/delete":         {post, 10, true, s.unpublish},
		"freepublish/batchget":       {post, 100, true, s.listPublished},
		"freepublish/getarticle":     {post, 100, true, s.getPublished},
		"message/mass/sendall":       {post, 100, true, s.sendAll},
		"message/mass/send":          {post, 100, true, s.sendByOpenID},
		"message/mass/preview":       {post, 100, true, s.preview},
		"message/mass/get":           {post, 0, true, s.massState},
		"message/mass/delete":        {post, 10, true, s.deleteMass},
		"message/mass/speed/get":     {post, 0, true, s.massSpeed},
		"message/mass/speed/set":     {post, 0, true, s.setMassSpeed},
	}
}

func (s *Server) stableToken(c *call) (any, *refusal) {
	var in struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if no := s.checkCredentials(in.Grant, in.AppID, in.Secret); no != nil {
		return nil, no
	}
	return s.giveToken(c, s.current(c, in.Force)), nil
}

func (s *Server) checkToken(c *call) *refusal {
	value := c.query.Get("access_token")
	if value == "" {
		return refuse(41001, "access_token missing")
	}
	for _, t := range s.st.Tokens {
		switch {
		case t.Value != value:
		case t.Revoked:
			return refuse(40001, "invalid credential, access_token is invalid or not latest")
		case !c.now.Before(t.Expires):
			return refuse(42001, "access_token expired")
		default:
			return nil
		}
	}
	return refuse(40001, "invalid credential, access_token is invalid or not latest")
}

// count takes one call from the day's quota.
func (s *Server) count(c *call, h handler) *refusal {
	limit, used := s.used(c.op, h, c.now)
	if limit > 0 && used >= limit {
		return refuse(45009, "reach max api daily quota limit")
	}
	if h.limit > 0 {
		s.st.Used[c.op]++
		s.dirty = true
	}
	return nil
}

func (s *Server) used(op string, h handler, now time.Time) (limit, used int) {
	if day := inBeijing(now).Format(time.DateOnly); day != s.st.Day || s.st.Used == nil {
		s.st.Day, s.st.Used = day, map[string]int{}
	}
	limit = h.limit
	if n, set := s.quota[op]; set {
		limit = n
	}
	return limit, s.st.Used[op]
}

func (s *Server) quotaGet(c *call) (any, *refusal) {
	var in struct {
		Path string `json:"cgi_path"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	op, h, no := s.path(in.Path)
	if no != nil {
		return nil, no
	}
	limit, used := s.used(op, h, c.now)
	if h.verified && !*s.opts.Verified || op == "message/mass/send" && s.opts.Kind != Service {
		limit = 0
	}
	rate := rateLimit{}
	if strings.HasPrefix(op, "message/mass/send") {
		rate = rateLimit{60, 60}
	}
	type quota struct {
		Limit  int `json:"daily_limit"`
		Used   int `json:"used"`
		Remain int `json:"remain"`
	}
	return struct {
		done

		Quota quota     `json:"quota"`
		Rate  rateLimit `json:"rate_limit"`
	}{success(), quota{limit, used, max(0, limit-used)}, rate}, nil
}

// listRequest is the body of the batchget calls.
type listRequest struct {
	Type      wechat.MaterialType `json:"type"`
	Offset    int                 `json:"offset"`
	Count     int                 `json:"count"`
	NoContent int                 `json:"no_content"`
}

func (c *call) list() (in listRequest, no *refusal) {
	if no := c.decode(&in); no != nil {
		return in, no
	}
	if in.Offset < 0 || in.Count < 1 || in.Count > 20 {
		return in, refuse(40035, "invalid parameter: count is 1 to 20")
	}
	return in, nil
}

// listAnswer is their answer.
type listAnswer struct {
	Total int   `json:"total_count"`
	Count int   `json:"item_count"`
	Items []any `json:"item"`
}

// page cuts a page out of all, newest first.
func page[T any](all []T, in listRequest, convert func(T) any) listAnswer {
	out := listAnswer{Total: len(all), Items: []any{}}
	newest := slices.Clone(all)
	slices.Reverse(newest)
	for _, v := range newest[min(in.Offset, len(all)):min(in.Offset+in.Count, len(all))] {
		out.Items = append(out.Items, convert(v))
	}
	out.Count = len(out.Items)
	return out
}

// id is a number as the platform sends it: text or not.
func (s *Server) id(n int64, text bool) json.RawMessage {
	if text != s.opts.NumericIDs {
		return json.RawMessage(strconv.Quote(strconv.FormatInt(n, 10)))
	}
	return json.RawMessage(strconv.FormatInt(n, 10))
}
