package r2admin

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	cf "github.com/cloudflare/cloudflare-go/v7/r2"
)

// Metrics is what the whole account stores, over all its buckets and jurisdictions, by storage class. Cloudflare gives no
// numbers for one bucket here.
type Metrics struct {
	Standard         ClassMetrics `json:"standard"`
	InfrequentAccess ClassMetrics `json:"infrequentAccess"`
}

// ClassMetrics is what is stored in one class.
type ClassMetrics struct {
	Published Stored `json:"published"` // objects
	Uploaded  Stored `json:"uploaded"`  // multipart uploads that are not complete, which are stored and paid for too
}

// Stored is a number of things and their size.
type Stored struct {
	Objects       int64 `json:"objects"`
	PayloadBytes  int64 `json:"payloadSize"`  // of the contents
	MetadataBytes int64 `json:"metadataSize"` // of keys, headers and metadata
}

// Bytes is all that is stored, as it is billed: contents and metadata.
func (s Stored) Bytes() int64 { return s.PayloadBytes + s.MetadataBytes }

func (s Stored) add(o Stored) Stored {
	return Stored{s.Objects + o.Objects, s.PayloadBytes + o.PayloadBytes, s.MetadataBytes + o.MetadataBytes}
}

// Total is the objects and the uploads of both classes.
func (m Metrics) Total() Stored {
	return m.Standard.Published.add(m.Standard.Uploaded).add(m.InfrequentAccess.Published).add(m.InfrequentAccess.Uploaded)
}

// Usage is a month of this storage, for [EstimateCost]: as if nothing came and nothing went. It has no operations, which the
// API does not count here: add those that you know of.
func (m Metrics) Usage() Usage {
	month := func(c ClassMetrics) ClassUsage {
		return ClassUsage{GBMonths: GBMonths(c.Published.Bytes()+c.Uploaded.Bytes(), Month)}
	}
	return Usage{Standard: month(m.Standard), InfrequentAccess: month(m.InfrequentAccess)}
}

// String is the metrics for people, a line for each class and state that has something.
func (m Metrics) String() string {
	var b strings.Builder
	for _, line := range []struct {
		name string
		s    Stored
	}{
		{"Standard objects", m.Standard.Published},
		{"Standard uploads in progress", m.Standard.Uploaded},
		{"Infrequent Access objects", m.InfrequentAccess.Published},
		{"Infrequent Access uploads in progress", m.InfrequentAccess.Uploaded},
	} {
		if line.s != (Stored{}) {
			fmt.Fprintf(&b, "%s: %d, %d bytes and %d of metadata\n", line.name, line.s.Objects, line.s.PayloadBytes, line.s.MetadataBytes)
		}
	}
	if b.Len() == 0 {
		return "nothing is stored\n"
	}
	return b.String()
}

// Metrics counts what the account stores. The numbers lag behind: what has just been written may not be in them. Storage Read
// is enough for the API token.
//
// A class, a state or a number that the answer does not have is 0, and a number in quotes is one: neither is documented, and
// the API calls them all optional. That Uploaded means uploads in progress is the reading of the SDK's "what state they are
// in" (unverified). Errors: [*Error]; an answer of another shape is one too.
// Source: cloudflare-go v7.9.0, r2/metrics (read 2026-11).
func (c *Client) Metrics(ctx context.Context) (Metrics, error) {
	var p cf.BucketMetricListParams
	set(&p.AccountID.Value, &p.AccountID.Present, c.account)
	got, err := do(ctx, c, "GetMetrics", "", harmless, func(ctx context.Context) (*cf.BucketMetricListResponse, error) {
		return c.buckets.Metrics.List(ctx, p)
	})
	if err != nil {
		return Metrics{}, err
	}
	// The types of the SDK take a float64 for a count, and nothing for what is not a number.
	m, err := parseMetrics([]byte(got.JSON.RawJSON()))
	if err != nil {
		return Metrics{}, &Error{Op: "GetMetrics", Message: "the answer has another shape", Err: err}
	}
	return m, nil
}

// count reads a number of things, whole or not, in quotes or not; null is 0.
type count int64

func (n *count) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if whole, wholeErr := strconv.ParseInt(text, 10, 64); wholeErr == nil { // exact beyond 2⁵³
		*n = count(whole)
		return notNegative(whole)
	}
	if err != nil || math.IsNaN(v) || v < 0 || v >= math.MaxInt64 {
		return fmt.Errorf("%.32q is no count", text)
	}
	*n = count(math.Round(v))
	return nil
}

func notNegative(n int64) error {
	if n < 0 {
		return fmt.Errorf("%d is no count", n)
	}
	return nil
}

// parseMetrics reads the result of the API; nothing at all is nothing stored.
func parseMetrics(data []byte) (Metrics, error) {
	type state struct {
		Objects  count `json:"objects"`
		Payload  count `json:"payloadSize"`
		Metadata count `json:"metadataSize"`
	}
	type class struct {
		Published state `json:"published"`
		Uploaded  state `json:"uploaded"`
	}
	var in struct {
		Standard         class `json:"standard"`
		InfrequentAccess class `json:"infrequentAccess"`
	}
	if len(data) == 0 {
		return Metrics{}, nil
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Metrics{}, err
	}
	stored := func(s state) Stored { return Stored{int64(s.Objects), int64(s.Payload), int64(s.Metadata)} }
	of := func(c class) ClassMetrics { return ClassMetrics{stored(c.Published), stored(c.Uploaded)} }
	return Metrics{Standard: of(in.Standard), InfrequentAccess: of(in.InfrequentAccess)}, nil
}
