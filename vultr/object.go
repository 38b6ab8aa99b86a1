package vultr

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"
)

// ObjectID names an object storage.
type ObjectID string

// ClusterID names a cluster of object storage: a small number, which the platform writes as a number or a string.
type ClusterID string

// TierID names a tier of object storage, as [ClusterID].
type TierID string

// ObjectStorage is a subscription: one pair of keys for any number of buckets in one cluster. Printing it shows no secret
// key.
type ObjectStorage struct {
	ID       ObjectID
	Cluster  ClusterID
	Region   string // "ewr"
	Location string // as people call it
	Label    string
	Status   Status
	Tier     Tier // of what the platform sends of it here
	Created  time.Time

	Hostname        string // "ewr1.vultrobjects.com"; "" while it is pending, like the keys
	AccessKeyID     string
	SecretAccessKey Secret
}

// S3Config is what an S3 client needs, in the names of r2.Config.
type S3Config struct {
	Endpoint        string // "https://ewr1.vultrobjects.com"
	Region          string // for signing
	AccessKeyID     string
	SecretAccessKey Secret
	PathStyle       bool
}

// S3 is the settings for an S3 client, empty as far as the storage is still pending. There is no S3 code in this package:
// any client will do. Buckets are addressed by host names, so PathStyle is false; path style works as well. Region is
// "us-east-1": the platform takes any (unverified). A client on aws-sdk-go-v2 should set RequestChecksumCalculation to
// WhenRequired, since its default trailers are not for every Ceph gateway (unverified).
func (o ObjectStorage) S3() S3Config {
	s := S3Config{Region: "us-east-1", AccessKeyID: o.AccessKeyID, SecretAccessKey: o.SecretAccessKey}
	if o.Hostname != "" {
		s.Endpoint = "https://" + strings.TrimPrefix(o.Hostname, "https://")
	}
	return s
}

// ObjectSpec is an object storage to be bought.
type ObjectSpec struct {
	Cluster ClusterID // required, from [Objects.Clusters]
	Tier    TierID    // required, from [Objects.Tiers] or ClusterTiers; it sets the flat fee
	Label   string    // required by Ensure and FindByLabel
}

func (s ObjectSpec) check() []string {
	var problems []string
	if s.Cluster == "" {
		problems = append(problems, "Cluster is required")
	}
	if s.Tier == "" {
		problems = append(problems, "Tier is required")
	}
	return append(problems, checkLabel(s.Label)...)
}

type objectWire struct {
	keysWire

	ID       text
	Cluster  text `json:"cluster_id"`
	Region   text
	Location text
	Label    text
	Status   text
	Tier     tierWire
	TierID   text   `json:"tier_id"`
	Created  moment `json:"date_created"`
}

type keysWire struct {
	Hostname text `json:"s3_hostname"`
	Access   text `json:"s3_access_key"`
	Secret   text `json:"s3_secret_key"`
}

func readObject(raw json.RawMessage) (ObjectStorage, error) {
	var w objectWire
	if err := tolerant(raw, &w); err != nil {
		return ObjectStorage{}, err
	}
	o := ObjectStorage{
		ID: ObjectID(w.ID), Cluster: ClusterID(w.Cluster), Region: plain(w.Region), Location: plain(w.Location), Label: plain(w.Label),
		Status: Status(w.Status), Tier: w.Tier.tier(), Created: w.Created.Time,
		Hostname: plain(w.Hostname), AccessKeyID: plain(w.Access), SecretAccessKey: Secret(w.Secret),
	}
	o.Tier.ID = cmp.Or(o.Tier.ID, TierID(w.TierID))
	return o, nil
}

// Objects is the object storage of the account.
//
// Source: Vultr API v2, /object-storage; docs.vultr.com object storage of 2025-09-15 (read 2026-11).
type Objects struct{ shelf *shelf[ObjectStorage] }

// Object is the object storage of the account.
func (c *Client) Object() *Objects {
	return &Objects{&shelf[ObjectStorage]{
		c: c, path: "/object-storage", op: "object-storage", listOp: "list-object-storage",
		keys: []string{"object_storage"}, listKeys: []string{"object_storages", "object_storage"},
		read: readObject,
		head: func(o ObjectStorage) head { return head{string(o.ID), o.Label, o.Status, o.Created} },
	}}
}

func (s ObjectSpec) order() order[ObjectStorage] {
	sits := func(o ObjectStorage) bool { return o.Label == s.Label && o.Cluster == s.Cluster }
	return order[ObjectStorage]{
		body: struct {
			Cluster json.RawMessage `json:"cluster_id"`
			Tier    json.RawMessage `json:"tier_id"`
			Label   string          `json:"label,omitempty"`
		}{numberOrString(string(s.Cluster)), numberOrString(string(s.Tier)), s.Label},
		label: s.Label, place: "cluster " + string(s.Cluster), sits: sits,
		same: func(o ObjectStorage) bool { return sits(o) && (o.Tier.ID == "" || o.Tier.ID == s.Tier) },
		fits: func(o ObjectStorage) string {
			if o.Tier.ID != "" && o.Tier.ID != s.Tier {
				return fmt.Sprintf("has the tier %s and not %s", o.Tier.ID, s.Tier)
			}
			return ""
		},
	}
}

// numberOrString writes an ID that is a number as one, since that is what the platform's examples have.
func numberOrString(id string) json.RawMessage {
	var n json.Number
	if json.Unmarshal([]byte(id), &n) == nil && firstByte([]byte(id)) != '"' && n != "" {
		return json.RawMessage(n)
	}
	quoted, _ := json.Marshal(id) // a string: cannot fail
	return quoted
}

// Create buys an object storage. The flat fee of the tier is due from then on, even when it is empty. See [Blocks.Create]
// for lost answers. It is Pending, without keys; see Wait.
func (o *Objects) Create(ctx context.Context, spec ObjectSpec, opts *CreateOptions) (ObjectStorage, error) {
	if problems := spec.check(); len(problems) > 0 {
		return ObjectStorage{}, refuse("create-object-storage", problems...)
	}
	return o.shelf.create(ctx, spec.order(), opts)
}

// Ensure returns the storage of this label and cluster, or buys it. One of another tier is returned with [ErrConflict].
// Otherwise as [Blocks.Ensure].
func (o *Objects) Ensure(ctx context.Context, spec ObjectSpec, _ *CreateOptions) (ObjectStorage, error) {
	if problems := spec.check(); len(problems) > 0 {
		return ObjectStorage{}, refuse("create-object-storage", problems...)
	}
	return o.shelf.ensure(ctx, spec.order())
}

// Get returns a storage with its keys; fs.ErrNotExist if there is none, as there may seem to be for a while after its
// creation.
func (o *Objects) Get(ctx context.Context, id ObjectID) (ObjectStorage, error) {
	return o.shelf.get(ctx, string(id))
}

// List ranges over the object storages of the account, as [Blocks.List].
func (o *Objects) List(ctx context.Context, opts *ListOptions) iter.Seq2[ObjectStorage, error] {
	return o.shelf.list(ctx, opts)
}

// Wait looks until the storage is active and has its keys, as [Blocks.Wait].
func (o *Objects) Wait(ctx context.Context, id ObjectID, opts *WaitOptions) (ObjectStorage, error) {
	return o.shelf.wait(ctx, string(id), opts, nil)
}

// Rename changes the label. The label that it has is a success without a change.
func (o *Objects) Rename(ctx context.Context, id ObjectID, label string) (ObjectStorage, error) {
	if err := checkRename("update-object-storage", label); err != nil {
		return ObjectStorage{}, err
	}
	now, err := o.Get(ctx, id)
	if err != nil || now.Label == label {
		return now, err
	}
	err = o.shelf.change(ctx, http.MethodPut, string(id), struct {
		Label string `json:"label"`
	}{label})
	return changed(ctx, err, func(ctx context.Context) (ObjectStorage, error) { return o.Get(ctx, id) }, func(now ObjectStorage) bool { return now.Label == label })
}

// RegenerateKeys makes new keys and cuts off every user of the old ones at once. It is sent once; after a lost answer
// ([ErrUnknownOutcome]) Get has the keys that count.
func (o *Objects) RegenerateKeys(ctx context.Context, id ObjectID) (S3Config, error) {
	const op = "regenerate-object-storage-keys"
	if err := checkID(op, string(id)); err != nil {
		return S3Config{}, err
	}
	now, err := o.Get(ctx, id)
	if err != nil {
		return S3Config{}, err
	}
	var w keysWire
	err = o.shelf.c.do(ctx, call{
		op: op, method: http.MethodPost, path: o.shelf.at(string(id), "regenerate-keys"),
		hint: "get the object storage: the keys that it shows are those that count",
		read: func(b []byte) error {
			var env struct {
				Keys json.RawMessage `json:"s3_credentials"`
			}
			if err := tolerant(b, &env); err != nil {
				return errShape
			}
			raw := env.Keys
			if raw == nil {
				raw = b
			}
			if err := tolerant(raw, &w); err != nil || w.Access == "" || w.Secret == "" {
				return fmt.Errorf("%w: no keys", errShape)
			}
			return nil
		},
	})
	if err != nil {
		return S3Config{}, err
	}
	now.Hostname = cmp.Or(plain(w.Hostname), now.Hostname)
	now.AccessKeyID, now.SecretAccessKey = plain(w.Access), Secret(w.Secret)
	return now.S3(), nil
}

// Delete ends the subscription and destroys all objects. While there are buckets it is [ErrConflict], unless
// DeleteOptions.Force deletes them with all that is in them. One that is not there is a success.
func (o *Objects) Delete(ctx context.Context, id ObjectID, opts *DeleteOptions) error {
	if err := checkID("delete-object-storage", string(id)); err != nil {
		return err
	}
	if !force(opts) {
		buckets, err := o.Buckets(ctx, id)
		switch {
		case gone(err):
		case err != nil:
			return err
		case len(buckets) > 0:
			return conflict("delete-object-storage", fmt.Sprintf("%s has %d buckets, such as %q", id, len(buckets), buckets[0].Name), "delete them, or use Force")
		}
	}
	return o.shelf.remove(ctx, string(id))
}
