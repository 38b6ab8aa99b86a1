package r2test

import (
	"net/http"
	"strings"
	"time"
)

// lockRule is a bucket lock rule in the shape of the API.
type lockRule struct {
	ID        string `json:"id"`
	Enabled   *bool  `json:"enabled"`
	Prefix    string `json:"prefix,omitempty"`
	Condition struct {
		Type          string     `json:"type"`
		MaxAgeSeconds int64      `json:"maxAgeSeconds,omitempty"`
		Date          *time.Time `json:"date,omitempty"`
	} `json:"condition"`
}

type lockRules struct {
	Rules []lockRule `json:"rules"`
}

func (r lockRule) valid() bool {
	c := r.Condition
	switch c.Type {
	case "Age":
		return c.MaxAgeSeconds > 0 && c.Date == nil
	case "Date":
		return c.MaxAgeSeconds == 0 && c.Date != nil
	case "Indefinite":
		return c.MaxAgeSeconds == 0 && c.Date == nil
	}
	return false
}

// holds tells whether the rule keeps an object from being overwritten and deleted.
func (r lockRule) holds(key string, o *object, now time.Time) bool {
	if !*r.Enabled || !strings.HasPrefix(key, r.Prefix) {
		return false
	}
	switch r.Condition.Type {
	case "Age":
		return now.Before(o.Modified.Add(time.Duration(r.Condition.MaxAgeSeconds) * time.Second))
	case "Date":
		return now.Before(*r.Condition.Date)
	}
	return true
}

// lockedByRule asks the rules of the control plane, of which the strictest counts.
func (s *Server) lockedByRule(bucket, key string, o *object) bool {
	set := s.st.Settings[string(s.opts.Jurisdiction)+"/"+bucket]
	if set == nil {
		return false
	}
	for _, r := range set.Locks {
		if r.holds(key, o, s.opts.Now()) {
			return true
		}
	}
	return false
}

func (cp *ControlPlane) getLocks(c *apiCall) (any, *apiError) {
	return lockRules{append([]lockRule{}, cp.of(c.bucket, c.jurisdiction).Locks...)}, nil
}

// putLocks replaces the rules, which the S3 side obeys from now on.
func (cp *ControlPlane) putLocks(c *apiCall) (any, *apiError) {
	var in lockRules
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	ids := map[string]bool{}
	for _, r := range in.Rules {
		if r.ID == "" || ids[r.ID] || r.Enabled == nil || !r.valid() {
			return nil, apiRefuse(http.StatusBadRequest, 10040, "The bucket lock configuration was not well formed.")
		}
		ids[r.ID] = true
	}
	if len(in.Rules) > 1000 {
		return nil, apiRefuse(http.StatusBadRequest, 10040, "There are more than 1000 bucket lock rules.")
	}
	cp.of(c.bucket, c.jurisdiction).Locks = in.Rules
	return struct{}{}, nil
}
