package r2

// What tests in other terms could only show with gigabytes.

// SetMinPart allows parts smaller than 5 MiB, for a fake that does so too.
func SetMinPart(c *Client, n int64) { c.minPart = n }

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
