package r2

import (
	"context"
	"maps"
	"slices"
)

// What tests in other terms could only show with gigabytes.

// SetMinPart allows parts smaller than 5 MiB, for a fake that does so too, and ranges of that size.
func SetMinPart(c *Client, n int64) { c.minPart, c.minRange = n, n }

// SetMaxParts allows fewer parts than 10,000.
func SetMaxParts(c *Client, n int64) { c.maxParts = n }

// PartSize is what a body of this size is cut into.
func PartSize(c *Client, opts PutOptions, size int64) int64 {
	p := &put{c: c, opts: opts}
	return p.partSize(size)
}

// The spelling of keys and metadata, for fuzzing, and how many parts of a stream are on their way at a time.
var (
	InFlight       = inFlight
	EscapeKey      = escapeKey
	CheckKey       = checkKey
	EncodeMetadata = encodeMetadata
	DecodeMetadata = decodeMetadata
)

// SendPart stores a part of an upload, as a process would have done that has died since.
func SendPart(ctx context.Context, c *Client, key, id string, number int32, data []byte) error {
	u := &upload{put: &put{c: c, key: key}, id: id, window: newWindow(1)}
	return u.part(ctx, number, inMemory(data))
}

// BeginUpload begins an upload that nobody goes on with.
func BeginUpload(ctx context.Context, c *Client, key string) (id string, err error) {
	u := &upload{put: &put{c: c, key: key}}
	err = u.create(ctx)
	return u.id, err
}

// StoredParts are the numbers of the parts that an upload has.
func StoredParts(ctx context.Context, c *Client, key, id string) ([]int32, error) {
	parts, err := c.listParts(ctx, key, id)
	return slices.Sorted(maps.Keys(parts)), err
}

// JournalUpload is the upload that a journal is of.
func JournalUpload(path string) (Upload, error) {
	j, err := readJournal(path)
	if err != nil {
		return Upload{}, err
	}
	return Upload{Key: j.head.Key, ID: j.head.UploadID}, nil
}

// ReadJournal gives the ETags of the parts that a journal knows.
func ReadJournal(path string) (map[int32]string, error) {
	j, err := readJournal(path)
	if err != nil {
		return nil, err
	}
	out := map[int32]string{}
	for n, part := range j.parts {
		out[n] = part.ETag
	}
	return out, nil
}

// SetCopyLimits makes copies in parts of what is larger than most.
func SetCopyLimits(c *Client, most, part int64) { c.maxCopy, c.copyPart = most, part }

// ParseError reads the error of an S3, for fuzzing.
var ParseError = parseError

// UploadParts are the sizes that the parts of an object may have, and whether there is no other.
func UploadParts(c *Client, size int64, etag string) (sizes []int64, all bool) {
	return (&download{c: c, head: downloadHead{Info: Info{Size: size, ETag: etag}}}).uploadParts()
}
