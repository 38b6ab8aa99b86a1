package vultrtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/vultr"
)

func (s *Server) cluster(id string) (vultr.Cluster, bool) {
	i := slices.IndexFunc(s.opts.Clusters, func(c vultr.Cluster) bool { return string(c.ID) == id })
	if i < 0 {
		return vultr.Cluster{}, false
	}
	return s.opts.Clusters[i], true
}

// showCluster writes the ID as a number and the flag as a word, as the platform does.
func showCluster(c vultr.Cluster) map[string]any {
	deploy := "no"
	if c.Deploy {
		deploy = "yes"
	}
	return map[string]any{"id": json.Number(c.ID), "region": c.Region, "hostname": c.Hostname, "deploy": deploy}
}

func (s *Server) showTier(t vultr.Tier) map[string]any {
	isDefault := "no"
	if t.Default {
		isDefault = "yes"
	}
	var places []map[string]any
	for _, c := range s.opts.Clusters {
		if len(t.Locations) == 0 || slices.Contains(t.Locations, c.Region) {
			places = append(places, showCluster(c))
		}
	}
	return map[string]any{
		"id": json.Number(t.ID), "sales_name": t.Name, "sales_desc": t.Description, "slug": t.Slug, "price": t.MonthlyUSD,
		"bw_gb_price": t.EgressUSD, "disk_gb_price": t.DiskGBUSD, "ratelimit_ops_secs": t.OpsPerSecond,
		"ratelimit_ops_bytes": t.BytesPerSecond, "is_default": isDefault, "locations": places,
	}
}

func (s *Server) showObject(o *objectStorage) map[string]any {
	c, _ := s.cluster(o.Cluster)
	out := map[string]any{
		"id": o.ID, "cluster_id": json.Number(o.Cluster), "region": c.Region, "location": strings.ToUpper(c.Region), "label": o.Label,
		"status": s.status(o.Created), "date_created": date(o.Created), "s3_hostname": "", "s3_access_key": "", "s3_secret_key": "",
	}
	if s.status(o.Created) == vultr.Active {
		out["s3_hostname"], out["s3_access_key"], out["s3_secret_key"] = c.Hostname, o.Access, o.Secret
	}
	for _, t := range s.opts.Tiers {
		if string(t.ID) == o.Tier {
			tier := s.showTier(t)
			delete(tier, "locations")
			out["tier"] = tier
		}
	}
	return out
}

func (s *Server) listClusters(r request) (answer, error) {
	var all []map[string]any
	for _, c := range s.opts.Clusters {
		all = append(all, showCluster(c))
	}
	return s.page(r, "clusters", all)
}

// listTiers answers for one cluster as well. It has no pages.
func (s *Server) listTiers(r request) (answer, error) {
	where := ""
	if id := r.PathValue("cluster"); id != "" {
		c, known := s.cluster(id)
		if !known {
			return answer{}, notFound("cluster ID")
		}
		where = c.Region
	}
	all := []map[string]any{}
	for _, t := range s.opts.Tiers {
		if where == "" || len(t.Locations) == 0 || slices.Contains(t.Locations, where) {
			all = append(all, s.showTier(t))
		}
	}
	return answer{http.StatusOK, map[string]any{"tiers": all}}, nil
}

func (s *Server) listObjects(r request) (answer, error) {
	var all []map[string]any
	for _, o := range s.state.Objects {
		if s.visible(o.Created) {
			all = append(all, s.showObject(o))
		}
	}
	return s.page(r, "object_storages", all)
}

func (s *Server) createObject(r request) (answer, error) {
	var in struct {
		Cluster json.Number `json:"cluster_id"`
		Tier    json.Number `json:"tier_id"`
		Label   string      `json:"label"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	c, known := s.cluster(in.Cluster.String())
	if !known || !c.Deploy {
		return answer{}, bad("Invalid cluster_id.")
	}
	i := slices.IndexFunc(s.opts.Tiers, func(t vultr.Tier) bool { return string(t.ID) == in.Tier.String() })
	if i < 0 || len(s.opts.Tiers[i].Locations) > 0 && !slices.Contains(s.opts.Tiers[i].Locations, c.Region) {
		return answer{}, bad("Invalid tier_id.")
	}
	o := &objectStorage{ID: newID(), Cluster: in.Cluster.String(), Tier: in.Tier.String(), Label: in.Label, Created: s.clock()}
	o.Access, o.Secret = newKeys()
	s.state.Objects = append(s.state.Objects, o)
	s.buy(vultr.KindObject)
	return answer{http.StatusAccepted, map[string]any{"object_storage": s.showObject(o)}}, nil
}

// newKeys are recognisable by tests that look for keys where none should be.
func newKeys() (access, secret string) {
	return "FAKEACCESS" + strings.ToUpper(newHex(5)), "fakesecret" + newHex(15)
}

func (s *Server) object(r request) (*objectStorage, error) {
	i := slices.IndexFunc(s.state.Objects, func(o *objectStorage) bool { return o.ID == r.PathValue("id") && s.visible(o.Created) })
	if i < 0 {
		return nil, notFound("object storage ID")
	}
	return s.state.Objects[i], nil
}

func (s *Server) getObject(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, map[string]any{"object_storage": s.showObject(o)}}, nil
}

func (s *Server) updateObject(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	var in struct {
		Label string `json:"label"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	o.Label = in.Label
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) deleteObject(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	s.state.Objects = slices.DeleteFunc(s.state.Objects, func(other *objectStorage) bool { return other == o })
	return answer{status: http.StatusNoContent}, nil
}

func (s *Server) regenerateKeys(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	c, _ := s.cluster(o.Cluster)
	o.Access, o.Secret = newKeys()
	return answer{http.StatusCreated, map[string]any{"s3_credentials": map[string]any{
		"s3_hostname": c.Hostname, "s3_access_key": o.Access, "s3_secret_key": o.Secret,
	}}}, nil
}

func (s *Server) listBuckets(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	buckets := o.Buckets
	if buckets == nil {
		buckets = []bucket{}
	}
	return answer{http.StatusOK, map[string]any{"buckets": buckets}}, nil
}

func (s *Server) createBucket(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	var in bucket
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	for _, other := range s.state.Objects { // one space of names in a cluster (unverified)
		if other.Cluster == o.Cluster && slices.ContainsFunc(other.Buckets, func(b bucket) bool { return b.Name == in.Name }) {
			return answer{}, refusal{http.StatusConflict, "A bucket of that name exists."}
		}
	}
	o.Buckets = append(o.Buckets, in)
	return answer{http.StatusCreated, map[string]any{"bucket": in}}, nil
}

func (s *Server) deleteBucket(r request) (answer, error) {
	o, err := s.object(r)
	if err != nil {
		return answer{}, err
	}
	i := slices.IndexFunc(o.Buckets, func(b bucket) bool { return b.Name == r.PathValue("name") })
	if i < 0 {
		return answer{}, notFound("bucket")
	}
	o.Buckets = slices.Delete(o.Buckets, i, i+1)
	return answer{status: http.StatusNoContent}, nil
}
