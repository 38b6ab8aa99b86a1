package r2test

import (
	"net/http"
	"slices"
	"strings"
)

// Zone is a zone that the token can see.
type Zone struct {
	ID, Name  string
	AccountID string // "" = the account of the server
}

// AddZone makes a zone visible to the token. One of another account is seen too, as by a user who is a member of both.
func (cp *ControlPlane) AddZone(z Zone) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	if z.AccountID == "" {
		z.AccountID = cp.srv.opts.AccountID
	}
	cp.zones = append(cp.zones, z)
}

// DomainFate is what becomes of a custom domain. The zero value is active at the third look.
type DomainFate struct {
	Looks          int    // how many looks see it pending; 0 = 2, -1 = none
	Ownership, SSL string // the end; default "active". "blocked" is what a zone hold does
}

// SetFate says what becomes of a domain, also of one that is there already.
func (cp *ControlPlane) SetFate(domain string, f DomainFate) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.fates[domain] = f
}

type customDomain struct {
	ZoneID, ZoneName, MinTLS string
	Enabled                  bool
	Ciphers                  []string `json:",omitempty"`
	Looks                    int      // how often it was looked at
	Serving                  bool     `json:",omitempty"` // it was seen active
}

func (cp *ControlPlane) listZones(c *apiCall) (any, *apiError) {
	type account struct {
		ID string `json:"id"`
	}
	type zone struct {
		ID      string  `json:"id"`
		Name    string  `json:"name"`
		Status  string  `json:"status"`
		Account account `json:"account"`
	}
	may := func(id string) bool {
		return c.caller.grants().may(resource{scope: scopeZone, name: id}, groupZoneRead)
	}
	out := []zone{}
	for _, z := range cp.zones {
		if name := c.http.URL.Query().Get("name"); (name == "" || name == z.Name) && may(z.ID) {
			out = append(out, zone{z.ID, z.Name, "active", account{z.AccountID}})
		}
	}
	return out, nil
}

type domainJSON struct {
	Domain   string            `json:"domain"`
	Enabled  bool              `json:"enabled"`
	ZoneID   string            `json:"zoneId"`
	ZoneName string            `json:"zoneName"`
	MinTLS   string            `json:"minTLS,omitempty"`
	Ciphers  []string          `json:"ciphers,omitempty"`
	Status   map[string]string `json:"status,omitempty"`
}

func validTLS(v string) bool { return slices.Contains([]string{"", "1.0", "1.1", "1.2", "1.3"}, v) }

func (cp *ControlPlane) createDomain(c *apiCall) (any, *apiError) {
	var in struct {
		Domain  string   `json:"domain"`
		ZoneID  string   `json:"zoneId"`
		Enabled *bool    `json:"enabled"`
		MinTLS  string   `json:"minTLS"`
		Ciphers []string `json:"ciphers"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	i := slices.IndexFunc(cp.zones, func(z Zone) bool { return z.ID == in.ZoneID })
	switch {
	case in.Domain == "" || in.Enabled == nil || !validTLS(in.MinTLS):
		return nil, apiRefuse(http.StatusBadRequest, 10040, "The request was not well formed.")
	case i < 0 || cp.zones[i].AccountID != cp.srv.opts.AccountID,
		in.Domain != cp.zones[i].Name && !strings.HasSuffix(in.Domain, "."+cp.zones[i].Name):
		return nil, apiRefuse(http.StatusForbidden, 10043, "The zone is not of this account, or not that of the domain.")
	}
	for _, s := range cp.srv.st.Settings {
		if s.Domains[in.Domain] != nil {
			return nil, apiRefuse(http.StatusConflict, 10074, "The domain is already connected to a bucket.")
		}
	}
	if len(cp.of(c.bucket, c.jurisdiction).Domains) >= 50 {
		return nil, apiRefuse(http.StatusBadRequest, 10075, "The bucket has 50 custom domains.")
	}
	d := &customDomain{ZoneID: in.ZoneID, ZoneName: cp.zones[i].Name, MinTLS: in.MinTLS, Enabled: *in.Enabled, Ciphers: in.Ciphers}
	cp.of(c.bucket, c.jurisdiction).Domains[in.Domain] = d
	return domainJSON{in.Domain, d.Enabled, d.ZoneID, d.ZoneName, d.MinTLS, d.Ciphers, nil}, nil
}

func (cp *ControlPlane) domain(c *apiCall) (*customDomain, *apiError) {
	d := cp.of(c.bucket, c.jurisdiction).Domains[c.rest]
	if d == nil {
		return nil, apiRefuse(http.StatusNotFound, 10076, "The domain is not connected to the bucket.")
	}
	return d, nil
}

func (cp *ControlPlane) getDomain(c *apiCall) (any, *apiError) {
	d, no := cp.domain(c)
	if no != nil {
		return nil, no
	}
	fate := cp.fates[c.rest]
	if fate.Looks == 0 {
		fate.Looks = 2
	}
	status := map[string]string{"ownership": "active", "ssl": "active"}
	d.Looks++
	switch {
	case !d.Enabled:
		status = map[string]string{"ownership": "deactivated", "ssl": "deactivated"}
	case d.Looks <= fate.Looks:
		status = map[string]string{"ownership": "pending", "ssl": "initializing"}
	default:
		if fate.Ownership != "" {
			status["ownership"] = fate.Ownership
		}
		if fate.SSL != "" {
			status["ssl"] = fate.SSL
		}
	}
	d.Serving = status["ownership"] == "active" && status["ssl"] == "active"
	minTLS := d.MinTLS
	if minTLS == "" {
		minTLS = "1.0"
	}
	return domainJSON{c.rest, d.Enabled, d.ZoneID, d.ZoneName, minTLS, d.Ciphers, status}, nil
}

func (cp *ControlPlane) updateDomain(c *apiCall) (any, *apiError) {
	var in struct {
		Enabled *bool    `json:"enabled"`
		MinTLS  string   `json:"minTLS"`
		Ciphers []string `json:"ciphers"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	d, no := cp.domain(c)
	if no != nil {
		return nil, no
	}
	if !validTLS(in.MinTLS) {
		return nil, apiRefuse(http.StatusBadRequest, 10040, "The request was not well formed.")
	}
	if in.Enabled != nil {
		d.Enabled = *in.Enabled
	}
	if in.MinTLS != "" {
		d.MinTLS = in.MinTLS
	}
	if in.Ciphers != nil {
		d.Ciphers = in.Ciphers
	}
	return domainJSON{c.rest, d.Enabled, d.ZoneID, d.ZoneName, d.MinTLS, d.Ciphers, nil}, nil
}

func (cp *ControlPlane) deleteDomain(c *apiCall) (any, *apiError) {
	if _, no := cp.domain(c); no != nil {
		return nil, no
	}
	delete(cp.of(c.bucket, c.jurisdiction).Domains, c.rest)
	return map[string]string{"domain": c.rest}, nil
}

func (cp *ControlPlane) setDevURL(c *apiCall) (any, *apiError) {
	var in struct {
		Enabled *bool `json:"enabled"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if in.Enabled == nil {
		return nil, apiRefuse(http.StatusBadRequest, 10040, "The request was not well formed.")
	}
	cp.of(c.bucket, c.jurisdiction).DevURL = *in.Enabled
	return map[string]any{"bucketId": "b0c8e7", "domain": "pub-" + cp.srv.opts.AccountID[:16] + ".r2.dev", "enabled": *in.Enabled}, nil
}
