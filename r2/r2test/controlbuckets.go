package r2test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (cp *ControlPlane) exists(bucket, jurisdiction string) bool {
	if jurisdiction == string(cp.srv.opts.Jurisdiction) {
		return cp.srv.st.bucket(bucket, false) != nil
	}
	return cp.elsewhere[jurisdiction+"/"+bucket]
}

func (cp *ControlPlane) of(bucket, jurisdiction string) *settings {
	st, key := &cp.srv.st, jurisdiction+"/"+bucket
	if st.Settings == nil {
		st.Settings = map[string]*settings{}
	}
	if st.Settings[key] == nil {
		st.Settings[key] = &settings{Location: "WEUR", Class: "Standard", Created: cp.srv.opts.Now().UTC().Format(time.RFC3339Nano)}
	}
	if st.Settings[key].Domains == nil {
		st.Settings[key].Domains = map[string]*customDomain{}
	}
	return st.Settings[key]
}

type bucketJSON struct {
	Name         string `json:"name"`
	CreationDate string `json:"creation_date"`
	Location     string `json:"location"`
	Jurisdiction string `json:"jurisdiction"`
	StorageClass string `json:"storage_class"`
}

func (cp *ControlPlane) describe(bucket, jurisdiction string) bucketJSON {
	s := cp.of(bucket, jurisdiction)
	shown := jurisdiction
	if shown == "" {
		shown = "default"
	}
	return bucketJSON{bucket, s.Created, s.Location, shown, s.Class}
}

func (cp *ControlPlane) getBucket(c *apiCall) (any, *apiError) {
	return cp.describe(c.bucket, c.jurisdiction), nil
}

func (cp *ControlPlane) listBuckets(c *apiCall) (any, *apiError) {
	q := c.http.URL.Query()
	size := 20
	if v := q.Get("per_page"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1000 {
			return nil, apiRefuse(http.StatusBadRequest, 10022, "per_page is not valid.")
		}
		size = n
	}
	var names []string
	if c.jurisdiction == string(cp.srv.opts.Jurisdiction) {
		names = slices.Collect(maps.Keys(cp.srv.st.Buckets))
	}
	for key := range cp.elsewhere {
		if name, ok := strings.CutPrefix(key, c.jurisdiction+"/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := []bucketJSON{}
	for _, name := range names {
		if name > q.Get("start_after") && strings.Contains(name, q.Get("name_contains")) && len(out) < size {
			out = append(out, cp.describe(name, c.jurisdiction))
		}
	}
	return map[string]any{"buckets": out}, nil
}

var validBucket = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func (cp *ControlPlane) createBucket(c *apiCall) (any, *apiError) {
	in := struct {
		Name         string `json:"name"`
		LocationHint string `json:"locationHint"`
		StorageClass string `json:"storageClass"`
	}{StorageClass: "Standard", LocationHint: "weur"}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	switch {
	case !validBucket.MatchString(in.Name):
		return nil, apiRefuse(http.StatusBadRequest, 10005, "The specified bucket name is not valid.")
	case !slices.Contains([]string{"Standard", "InfrequentAccess"}, in.StorageClass),
		!slices.Contains([]string{"apac", "eeur", "enam", "weur", "wnam", "oc"}, in.LocationHint):
		return nil, apiRefuse(http.StatusBadRequest, 10040, "The request did not validate against our published schema.")
	case cp.exists(in.Name, c.jurisdiction):
		return nil, apiRefuse(http.StatusConflict, 10073, "The bucket you tried to create already exists.")
	}
	if c.jurisdiction == string(cp.srv.opts.Jurisdiction) {
		cp.srv.st.bucket(in.Name, true)
	} else {
		cp.elsewhere[c.jurisdiction+"/"+in.Name] = true
	}
	delete(cp.srv.st.Settings, c.jurisdiction+"/"+in.Name)
	s := cp.of(in.Name, c.jurisdiction)
	s.Location, s.Class = strings.ToUpper(in.LocationHint), in.StorageClass
	return cp.describe(in.Name, c.jurisdiction), nil
}

func (cp *ControlPlane) deleteBucket(c *apiCall) (any, *apiError) {
	if c.jurisdiction != string(cp.srv.opts.Jurisdiction) {
		delete(cp.elsewhere, c.jurisdiction+"/"+c.bucket)
		return struct{}{}, nil
	}
	if len(cp.srv.st.bucket(c.bucket, false).Objects) > 0 {
		return nil, apiRefuse(http.StatusConflict, 10008, "The bucket you tried to delete is not empty.")
	}
	delete(cp.srv.st.Buckets, c.bucket)
	delete(cp.srv.st.Settings, c.jurisdiction+"/"+c.bucket)
	return struct{}{}, nil
}

type corsJSON struct {
	Rules []struct {
		ID      string `json:"id,omitempty"`
		Allowed struct {
			Origins []string `json:"origins"`
			Methods []string `json:"methods"`
			Headers []string `json:"headers,omitempty"`
		} `json:"allowed"`
		ExposeHeaders []string `json:"exposeHeaders,omitempty"`
		MaxAgeSeconds float64  `json:"maxAgeSeconds,omitempty"`
	} `json:"rules"`
}

func (cp *ControlPlane) getCORS(c *apiCall) (any, *apiError) {
	if s := cp.of(c.bucket, c.jurisdiction); s.CORS != nil {
		return s.CORS, nil
	}
	return nil, apiRefuse(http.StatusNotFound, 10059, "The CORS configuration does not exist.")
}

func (cp *ControlPlane) putCORS(c *apiCall) (any, *apiError) {
	var in corsJSON
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	for _, r := range in.Rules {
		bad := len(r.Allowed.Origins) == 0 || len(r.Allowed.Methods) == 0 || r.MaxAgeSeconds < 0 || r.MaxAgeSeconds > 86400
		for _, origin := range r.Allowed.Origins {
			u, err := url.Parse(origin)
			bad = bad || origin != "*" && (err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || strings.Count(origin, "*") > 1)
		}
		for _, m := range r.Allowed.Methods {
			bad = bad || !slices.Contains([]string{"GET", "PUT", "POST", "DELETE", "HEAD"}, m)
		}
		if bad {
			return nil, apiRefuse(http.StatusBadRequest, 10040, "The CORS configuration was not well formed.")
		}
	}
	data, err := json.Marshal(in)
	if err != nil {
		return nil, apiRefuse(http.StatusInternalServerError, 10001, "We encountered an internal error.")
	}
	s := cp.of(c.bucket, c.jurisdiction)
	s.CORS, s.CORSTold = data, true
	return struct{}{}, nil
}

func (cp *ControlPlane) deleteCORS(c *apiCall) (any, *apiError) {
	s := cp.of(c.bucket, c.jurisdiction)
	s.CORS, s.CORSTold = nil, true
	return struct{}{}, nil
}
