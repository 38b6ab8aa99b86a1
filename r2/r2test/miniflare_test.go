//go:build miniflare

package r2test_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// TestMiniflareCases plays the table against Cloudflare's own local R2, which .ci/miniflare has started.
func TestMiniflareCases(t *testing.T) {
	t.Parallel()
	base := os.Getenv("KITROLL_MINIFLARE")
	require.NotEmpty(t, base, "it is run by .ci/miniflare")
	cfg := open(t, r2test.Options{}).Config()
	cfg.AccessKeyID, cfg.SecretAccessKey = os.Getenv("KITROLL_MINIFLARE_ID"), os.Getenv("KITROLL_MINIFLARE_SECRET")
	transport := &http.Transport{DisableKeepAlives: true} // it closes idle ones just when they are needed
	cfg.Endpoint, cfg.HTTPClient = base+r2.MiniflarePath, &http.Client{Transport: transport}
	play(t, cfg, miniflareDiffers())
}

// miniflareDiffers is every case in which miniflare 4.20260730 is not what R2 documents or, where R2 documents nothing,
// what S3 does and the fake has.
func miniflareDiffers() map[string]difference {
	const (
		lax       = "it does not look at this; R2 documents that it is not supported"
		noTokens  = "its keys have no scope: there is nothing to deny"
		noBuckets = "it serves no operation on buckets"
		expired   = "R2's table of errors has 400"
	)
	return map[string]difference{
		"signature: wrong region":      {"200", "any region will do; R2 knows only auto, its alias and its location hints"},
		"signature: unsigned header":   {"200", "it signs what it is told; S3 wants every x-amz- header signed"},
		"presign: expired":             {"403 ExpiredRequest", expired},
		"presign: no time":             {"403 ExpiredRequest", expired},
		"presign: less than no time":   {"403 ExpiredRequest", expired},
		"put: wrong CRC32":             {"200", lax + " everywhere, and it does not compare it either"},
		"put: metadata of 8192":        {"500", "it counts more than names and values"},
		"put: metadata of 8193":        {"500", "its log says 10012, its answer does not"},
		"put: key of 1025":             {"500", "its log says 10020, its answer does not"},
		"put: ACL public-read":         {"200", lax},
		"put: requester pays":          {"200", lax},
		"put: aws-chunked":             {"200", "it takes the framing for the content"},
		"put: class of seldom reads":   {"501 NotImplemented", "it has one storage class"},
		"list: url spelling":           {"a b%20c d%2F1 d%2F2 e", "it escapes the slash and writes %20, S3 keeps the slash and writes +: readers must take both"},
		"multipart: unequal":           {"404 NoSuchUpload", "refused, under another name"},
		"multipart: first bigger":      {"404 NoSuchUpload", "refused, under another name"},
		"multipart: last bigger":       {"404 NoSuchUpload", "refused, under another name"},
		"multipart: abort twice":       {"204", "an upload that has ended can be ended again"},
		"multipart: ETag of a part":    {"something else", "its ETags of parts are opaque: see Options.OpaquePartETags"},
		"multipart: parts listed":      {"501 NotImplemented", "not served: see Options.NoListParts"},
		"multipart: uploads listed":    {"501 NotImplemented", "not served: see Options.NoListParts"},
		"copy: destination is present": {"x old", "the condition on the destination, which is in beta, is ignored"},
		"bucket: create":               {"404 NoSuchBucket", noBuckets},
		"bucket: create it again":      {"501 NotImplemented", noBuckets},
		"bucket: head":                 {"200", noTokens},
		"bucket: list all":             {"200", noTokens},
		"bucket: CORS":                 {"501 NotImplemented", noBuckets},
		"bucket: lifecycle":            {"501 NotImplemented", noBuckets},
		"bucket: another":              {"404 NoSuchBucket", noTokens},
		"bucket: form":                 {"200", "a form that is empty is taken; R2 has no POST of forms"},
		"bucket: delete without MD5":   {"200", "it wants no digest; the fake wants that of S3, since nothing else tells whether the list is whole"},
	}
}
