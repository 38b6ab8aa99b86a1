package r2test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

type conditionJSON struct {
	Type   string `json:"type"`
	MaxAge int64  `json:"maxAge,omitempty"`
	Date   string `json:"date,omitempty"`
}

func (c conditionJSON) valid(date bool) bool {
	return c.Type == "Age" && c.MaxAge > 0 && c.Date == "" || date && c.Type == "Date" && c.Date != "" && c.MaxAge == 0
}

type transitionJSON struct {
	Condition    conditionJSON `json:"condition"`
	StorageClass string        `json:"storageClass,omitempty"`
}

type lifecycleJSON struct {
	Rules []struct {
		ID         string `json:"id"`
		Enabled    bool   `json:"enabled"`
		Conditions struct {
			Prefix *string `json:"prefix"`
		} `json:"conditions"`
		Abort   *transitionJSON  `json:"abortMultipartUploadsTransition,omitempty"`
		Delete  *transitionJSON  `json:"deleteObjectsTransition,omitempty"`
		Classes []transitionJSON `json:"storageClassTransitions,omitempty"`
	} `json:"rules"`
}

// defaultLifecycle is what every bucket begins with.
const defaultLifecycle = `{"rules":[{"id":"Default Multipart Abort Rule","enabled":true,"conditions":{"prefix":""},` +
	`"abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":604800}}}]}`

func (cp *ControlPlane) getLifecycle(c *apiCall) (any, *apiError) {
	if s := cp.of(c.bucket, c.jurisdiction); s.Lifecycle != nil {
		return s.Lifecycle, nil
	}
	return json.RawMessage(defaultLifecycle), nil
}

func (cp *ControlPlane) putLifecycle(c *apiCall) (any, *apiError) {
	bad := apiRefuse(http.StatusBadRequest, 10040, "The lifecycle configuration was not well formed.")
	var in lifecycleJSON
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if len(in.Rules) > 1000 {
		return nil, bad
	}
	ids := map[string]bool{}
	for _, r := range in.Rules {
		ok := r.ID != "" && !ids[r.ID] && r.Conditions.Prefix != nil && (r.Abort != nil || r.Delete != nil || len(r.Classes) > 0)
		ok = ok && (r.Abort == nil || r.Abort.Condition.valid(false)) && (r.Delete == nil || r.Delete.Condition.valid(true))
		for _, t := range r.Classes {
			ok = ok && t.StorageClass == "InfrequentAccess" && t.Condition.valid(true)
		}
		if ids[r.ID] = true; !ok {
			return nil, bad
		}
	}
	cp.of(c.bucket, c.jurisdiction).Lifecycle = json.RawMessage(c.body)
	return struct{}{}, nil
}

// Purged is every URL that was purged from the cache, in order.
func (cp *ControlPlane) Purged() []string {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	return slices.Clone(cp.purged)
}

// purge takes up to thirty URLs of hosts of the zone.
func (cp *ControlPlane) purge(c *apiCall) (any, *apiError) {
	var in struct {
		Files []string `json:"files"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	i := slices.IndexFunc(cp.zones, func(z Zone) bool { return z.ID == c.rest })
	if i < 0 {
		return nil, apiRefuse(http.StatusNotFound, 7003, "Could not route to the zone.")
	}
	if len(in.Files) == 0 || len(in.Files) > 30 {
		return nil, apiRefuse(http.StatusBadRequest, 1094, "The number of URLs is not in 1 to 30.")
	}
	for _, file := range in.Files {
		u, err := url.Parse(file)
		if err != nil || u.Hostname() != cp.zones[i].Name && !strings.HasSuffix(u.Hostname(), "."+cp.zones[i].Name) {
			return nil, apiRefuse(http.StatusBadRequest, 1012, "A URL is not of the zone.")
		}
	}
	cp.purged = append(cp.purged, in.Files...)
	return map[string]string{"id": c.rest}, nil
}
