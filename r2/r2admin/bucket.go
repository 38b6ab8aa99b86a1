package r2admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/r2"

	"github.com/kitroll/kitroll/r2"
)

// Bucket is a bucket of the account.
type Bucket struct {
	Name         string          `json:"name"`
	Location     string          `json:"location,omitempty"` // such as "weur"
	StorageClass string          `json:"storageClass,omitempty"`
	Jurisdiction r2.Jurisdiction `json:"jurisdiction,omitempty"` // "" = none
	Created      time.Time       `json:"created"`

	// Existed and Differences are set by EnsureBucket only: whether the bucket was there before, and how it is other than
	// was asked for. Nothing is changed about a bucket that is there: its location never can be.
	Existed     bool         `json:"existed,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is a property that is other than was asked for.
type Difference struct {
	Field string `json:"field"` // a field of BucketOptions
	Want  string `json:"want"`
	Got   string `json:"got"`
}

// String is the difference in a line.
func (d Difference) String() string { return fmt.Sprintf("%s: want %s, is %s", d.Field, d.Want, d.Got) }

// BucketOptions is how a bucket is made.
type BucketOptions struct {
	LocationHint string // apac, eeur, enam, weur, wnam or oc; default: near to the caller. R2 takes it for a hint
	StorageClass string // Standard or InfrequentAccess, for new objects that say nothing; default Standard
}

func (o BucketOptions) check() error {
	var problems []error
	if o.LocationHint != "" && !cf.BucketNewParamsLocationHint(o.LocationHint).IsKnown() {
		problems = append(problems, fmt.Errorf("LocationHint: %q is none of apac, eeur, enam, weur, wnam, oc", o.LocationHint))
	}
	if o.StorageClass != "" && !cf.BucketNewParamsStorageClass(o.StorageClass).IsKnown() {
		problems = append(problems, fmt.Errorf("StorageClass: %q is neither Standard nor InfrequentAccess", o.StorageClass))
	}
	return errors.Join(problems...)
}

func checkBucket(name string) error {
	if !bucketName.MatchString(name) {
		return fmt.Errorf("bucket: %q is no name of a bucket: 3 to 63 of a-z, 0-9 and hyphen", name)
	}
	return nil
}

// Bucket describes one bucket. Errors: [*Error], fs.ErrNotExist if there is none in this jurisdiction.
func (c *Client) Bucket(ctx context.Context, name string) (Bucket, error) {
	if err := checkBucket(name); err != nil {
		return Bucket{}, invalid("GetBucket", name, err)
	}
	var p cf.BucketGetParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	b, err := do(ctx, c, "GetBucket", name, harmless, func(ctx context.Context) (*cf.Bucket, error) { return c.buckets.Get(ctx, name, p) })
	if err != nil {
		return Bucket{}, err
	}
	return bucketOf(*b), nil
}

// EnsureBucket makes the bucket unless it is there, and describes it. One that is there is left as it is: where it differs from
// opts, Bucket.Differences says so.
//
// Creating is never repeated, not after a 409 either; when its answer is lost, the bucket is looked for. Errors: [*Error] with
// fs.ErrExist if the name is taken and the bucket not to be seen from here (another jurisdiction), [ErrUnknownOutcome].
func (c *Client) EnsureBucket(ctx context.Context, name string, opts *BucketOptions) (Bucket, error) {
	o := *cmp.Or(opts, &BucketOptions{})
	if err := errors.Join(checkBucket(name), o.check()); err != nil {
		return Bucket{}, invalid("EnsureBucket", name, err)
	}
	b, err := c.Bucket(ctx, name)
	if err == nil {
		return o.compare(b), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Bucket{}, err
	}
	var p cf.BucketNewParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	set(&p.Name.Value, &p.Name.Present, name)
	if o.LocationHint != "" {
		set(&p.LocationHint.Value, &p.LocationHint.Present, cf.BucketNewParamsLocationHint(o.LocationHint))
	}
	if o.StorageClass != "" {
		set(&p.StorageClass.Value, &p.StorageClass.Present, cf.BucketNewParamsStorageClass(o.StorageClass))
	}
	made, err := do(ctx, c, "CreateBucket", name, once, func(ctx context.Context) (*cf.Bucket, error) { return c.buckets.New(ctx, p) })
	if err == nil {
		b := o.compare(bucketOf(*made))
		b.Existed = false
		return b, nil
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, ErrUnknownOutcome) {
		// Made by somebody else in the meantime, or by the call whose answer is missing.
		if b, again := c.Bucket(ctx, name); again == nil {
			return o.compare(b), nil
		}
	}
	return Bucket{}, err
}

// compare marks a bucket that was found.
func (o BucketOptions) compare(b Bucket) Bucket {
	b.Existed, b.Differences = true, nil
	for _, f := range []struct{ field, want, got string }{
		{"LocationHint", o.LocationHint, b.Location}, {"StorageClass", o.StorageClass, b.StorageClass},
	} {
		if f.want != "" && !strings.EqualFold(f.want, f.got) {
			b.Differences = append(b.Differences, Difference{f.field, f.want, f.got})
		}
	}
	return b
}

// ListBucketsOptions narrows a list.
type ListBucketsOptions struct {
	NameContains string
	PageSize     int // default 100, up to 1,000
}

// ListBuckets gives the buckets of this jurisdiction by name. A page begins after the last name of the one before: the SDK
// does not hand on the cursor of the API. The list ends with a page that is empty, since a short one may have been cut by the
// server. Each range starts anew; an error comes once and last.
func (c *Client) ListBuckets(ctx context.Context, opts *ListBucketsOptions) iter.Seq2[Bucket, error] {
	o := *cmp.Or(opts, &ListBucketsOptions{})
	return func(yield func(Bucket, error) bool) {
		if o.PageSize < 0 || o.PageSize > 1000 {
			yield(Bucket{}, invalid("ListBuckets", "", fmt.Errorf("PageSize: %d is not in 1 to 1000", o.PageSize)))
			return
		}
		var p cf.BucketListParams
		set(&p.AccountID.Value, &p.AccountID.Present, c.account)
		set(&p.PerPage.Value, &p.PerPage.Present, float64(cmp.Or(o.PageSize, 100)))
		set(&p.Order.Value, &p.Order.Present, cf.BucketListParamsOrderName)
		set(&p.Direction.Value, &p.Direction.Present, cf.BucketListParamsDirectionAsc)
		if o.NameContains != "" {
			set(&p.NameContains.Value, &p.NameContains.Present, o.NameContains)
		}
		for last := ""; ; {
			page, err := do(ctx, c, "ListBuckets", "", harmless, func(ctx context.Context) (*cf.BucketListResponse, error) {
				return c.buckets.List(ctx, p)
			})
			if err != nil {
				yield(Bucket{}, err)
				return
			}
			if len(page.Buckets) == 0 {
				return
			}
			for _, b := range page.Buckets {
				if b.Name <= last {
					yield(Bucket{}, &Error{Op: "ListBuckets", Message: fmt.Sprintf("the page after %q begins before it: the list would never end", last)})
					return
				}
				last = b.Name
				if !yield(bucketOf(b), nil) {
					return
				}
			}
			set(&p.StartAfter.Value, &p.StartAfter.Present, last)
		}
	}
}

// DeleteBucketOptions is the guard of a deletion.
type DeleteBucketOptions struct {
	Confirm string // required: the bucket's name once more
}

// DeleteBucket deletes an empty bucket. R2 refuses one with objects: [ErrNotEmpty]. A bucket that is not there is
// fs.ErrNotExist, unless the call had to be repeated: then the first one has deleted it.
func (c *Client) DeleteBucket(ctx context.Context, name string, opts *DeleteBucketOptions) error {
	err := checkBucket(name)
	if err == nil && cmp.Or(opts, &DeleteBucketOptions{}).Confirm != name {
		err = errors.New("Confirm: want the name of the bucket once more")
	}
	if err != nil {
		return invalid("DeleteBucket", name, err)
	}
	var p cf.BucketDeleteParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	attempts := 0
	_, err = do(ctx, c, "DeleteBucket", name, harmless, func(ctx context.Context) (*cf.BucketDeleteResponse, error) {
		attempts++
		return c.buckets.Delete(ctx, name, p)
	})
	if attempts > 1 && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func bucketOf(b cf.Bucket) Bucket {
	created, _ := time.Parse(time.RFC3339, b.CreationDate) // zero when the API gives none
	j := r2.Jurisdiction(b.Jurisdiction)
	if j == "default" {
		j = ""
	}
	return Bucket{
		Name: b.Name, Location: strings.ToLower(string(b.Location)), StorageClass: string(b.StorageClass), Jurisdiction: j, Created: created,
	}
}
