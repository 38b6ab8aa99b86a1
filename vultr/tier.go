package vultr

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"slices"

	"github.com/kitroll/kitroll/internal/pages"
)

// Cluster is a place where object storage can be bought.
type Cluster struct {
	ID       ClusterID
	Region   string // "ewr"
	Hostname string // "ewr1.vultrobjects.com"
	Deploy   bool   // whether the platform sells it now
}

// Tier is a class of object storage with its prices, in US dollars, as the platform has them at this moment.
type Tier struct {
	ID          TierID
	Name        string // "Standard"
	Description string
	Slug        string

	MonthlyUSD float64 // flat fee, with 1000 GB of storage and of egress, due even when it is empty
	DiskGBUSD  float64 // a month for each GB beyond that
	EgressUSD  float64 // for each GB beyond that

	OpsPerSecond   int   // limit of requests (ratelimit_ops_secs; its unit is unverified); 0 = not said
	BytesPerSecond int64 // limit of throughput (ratelimit_ops_bytes; its unit is unverified); 0 = not said

	Default   bool
	Locations []string // clusters or regions that have it; empty = not said
}

type tierWire struct {
	ID          text
	Name        text       `json:"sales_name"`
	Description text       `json:"sales_desc"`
	Slug        text       `json:"slug"`
	Price       amount     `json:"price"`
	Disk        amount     `json:"disk_gb_price"`
	Egress      amount     `json:"bw_gb_price"`
	Ops         whole      `json:"ratelimit_ops_secs"`
	Bytes       whole      `json:"ratelimit_ops_bytes"`
	Default     flag       `json:"is_default"`
	Locations   few[place] `json:"locations"`
}

// place is a word, or an object that has one: what an element of locations is, is not documented.
type place string

// UnmarshalJSON never fails.
func (p *place) UnmarshalJSON(b []byte) error {
	var t text
	_ = t.UnmarshalJSON(b)
	if t == "" {
		var v struct{ Region, Hostname, Name, ID text }
		_ = tolerant(b, &v)
		t = cmp.Or(v.Region, v.Hostname, v.Name, v.ID)
	}
	*p = place(t)
	return nil
}

func (w tierWire) tier() Tier {
	return Tier{
		ID: TierID(w.ID), Name: plain(w.Name), Description: plain(w.Description), Slug: plain(w.Slug),
		MonthlyUSD: float64(w.Price), DiskGBUSD: float64(w.Disk), EgressUSD: float64(w.Egress),
		OpsPerSecond: int(w.Ops), BytesPerSecond: int64(w.Bytes), Default: bool(w.Default),
		Locations: w.Locations.strings(func(p place) string { return string(p) }),
	}
}

// Clusters ranges over the places of object storage, as [Blocks.List].
func (o *Objects) Clusters(ctx context.Context, opts *ListOptions) iter.Seq2[Cluster, error] {
	s := &shelf[Cluster]{
		c: o.shelf.c, path: "/object-storage/clusters", listOp: "list-object-storage-clusters", listKeys: []string{"clusters", "cluster"},
		read: func(raw json.RawMessage) (Cluster, error) {
			var w struct {
				ID       text
				Region   text
				Hostname text
				Deploy   text
			}
			err := tolerant(raw, &w)
			return Cluster{ID: ClusterID(w.ID), Region: plain(w.Region), Hostname: plain(w.Hostname), Deploy: yes(w.Deploy)}, err
		},
	}
	return s.list(ctx, opts)
}

// yes reads "yes", "true" and numbers as flag does.
func yes(t text) bool {
	var f flag
	quoted, _ := json.Marshal(string(t))
	_ = f.UnmarshalJSON(quoted)
	return bool(f)
}

// Tiers returns all tiers. The call has no pages.
func (o *Objects) Tiers(ctx context.Context) ([]Tier, error) {
	return o.tiers(ctx, "list-object-storage-tiers", "/object-storage/tiers")
}

// ClusterTiers returns the tiers that one cluster has.
func (o *Objects) ClusterTiers(ctx context.Context, id ClusterID) ([]Tier, error) {
	const op = "list-object-storage-cluster-tiers"
	if err := checkID(op, string(id)); err != nil {
		return nil, err
	}
	clusters := &shelf[Cluster]{path: "/object-storage/clusters"}
	return o.tiers(ctx, op, clusters.at(string(id), "tiers"))
}

func (o *Objects) tiers(ctx context.Context, op, path string) (tiers []Tier, err error) {
	err = o.shelf.c.do(ctx, call{op: op, method: http.MethodGet, path: path, read: func(b []byte) error {
		raws, _, err := objects(b, "id", "tiers", "tier")
		if err != nil {
			return err
		}
		tiers = make([]Tier, 0, len(raws))
		for _, raw := range raws {
			var w tierWire
			if err := tolerant(raw, &w); err != nil {
				return err
			}
			tiers = append(tiers, w.tier())
		}
		return nil
	}})
	return tiers, err
}

// Bucket is a bucket of an object storage.
type Bucket struct {
	Name       string
	Versioning bool
	ObjectLock bool
}

// Buckets returns the buckets of a storage.
func (o *Objects) Buckets(ctx context.Context, id ObjectID) (buckets []Bucket, err error) {
	const op = "list-buckets"
	if err := checkID(op, string(id)); err != nil {
		return nil, err
	}
	seq := pages.All(ctx, "", func(ctx context.Context, cursor string) (page pages.Page[Bucket, string], err error) {
		what := call{op: op, method: http.MethodGet, path: o.shelf.at(string(id), "buckets")}
		if cursor != "" {
			what.query = map[string][]string{"cursor": {cursor}}
		}
		what.read = func(b []byte) error {
			raws, next, err := objects(b, "name", "buckets", "bucket")
			if err != nil {
				return err
			}
			page = pages.Page[Bucket, string]{Next: next, More: next != ""}
			for _, raw := range raws {
				var w struct {
					Name       text
					Versioning flag `json:"enable_bucket_versioning"`
					Lock       flag `json:"enable_object_lock"`
				}
				if err := tolerant(raw, &w); err != nil {
					return err
				}
				page.Items = append(page.Items, Bucket{plain(w.Name), bool(w.Versioning), bool(w.Lock)})
			}
			return nil
		}
		return page, o.shelf.c.do(ctx, what)
	})
	for b, err := range named(op, seq) {
		if err != nil {
			return nil, err
		}
		buckets = append(buckets, b)
	}
	return buckets, nil
}

// CreateBucket makes a bucket; the names of all customers of a cluster are one space (unverified). After a lost answer it
// looks whether the bucket is there: one is a success, else the error is [ErrUnknownOutcome].
func (o *Objects) CreateBucket(ctx context.Context, id ObjectID, b Bucket) error {
	const op = "create-bucket"
	if err := checkID(op, string(id)); err != nil {
		return err
	}
	if !bucketName(b.Name) {
		return refuse(op, "Name must be 3 to 63 small letters, digits, dots and hyphens, with a letter or digit at both ends")
	}
	err := o.shelf.c.do(ctx, call{
		op: op, method: http.MethodPost, path: o.shelf.at(string(id), "buckets"), hint: "list the buckets to see whether it is there",
		body: struct {
			Name       string `json:"name"`
			Versioning bool   `json:"enable_bucket_versioning"`
			Lock       bool   `json:"enable_object_lock"`
		}{b.Name, b.Versioning, b.ObjectLock},
	})
	return settled(ctx, err, func(ctx context.Context) (bool, error) {
		buckets, err := o.Buckets(ctx, id)
		return slices.ContainsFunc(buckets, func(there Bucket) bool { return there.Name == b.Name }), err
	})
}

// bucketName holds a name to the rules of S3.
func bucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 {
		return false
	}
	for i, c := range []byte(name) {
		inner := c == '.' || c == '-'
		if !inner && (c < 'a' || c > 'z') && (c < '0' || c > '9') || inner && (i == 0 || i == len(name)-1) {
			return false
		}
	}
	return true
}

// DeleteBucket deletes a bucket; what the platform does with one that is not empty is unverified. One that is not there
// is a success.
func (o *Objects) DeleteBucket(ctx context.Context, id ObjectID, name string) error {
	const op = "delete-bucket"
	if err := checkID(op, string(id), name); err != nil {
		return err
	}
	err := o.shelf.c.do(ctx, call{
		op: op, method: http.MethodDelete, path: o.shelf.at(string(id), "buckets", name), hint: "delete it again: what is gone already is a success",
	})
	if gone(err) {
		return nil
	}
	return err
}
