package r2

import (
	"context"
	"io"
	"iter"
	"time"
)

// Storage is what most programs need of a bucket, for those that want to swap it.
type Storage interface {
	Put(ctx context.Context, key string, body io.Reader, opts *PutOptions) (Info, error)
	Get(ctx context.Context, key string, opts *GetOptions) (*Object, error)
	Head(ctx context.Context, key string) (Info, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string, opts *ListOptions) iter.Seq2[Entry, error]
}

var _ Storage = (*Client)(nil)

// Info is what the bucket knows of an object. After [Client.Put] it is what was sent and the ETag that came back, and
// LastModified is zero.
type Info struct {
	Key             string
	Size            int64  // bytes as stored; -1 when a Get did not say, see Object
	ETag            string // without quotes: the MD5 of the content in hex, or "…-N" after a multipart upload of N parts
	ContentType     string
	CacheControl    string
	ContentEncoding string
	LastModified    time.Time         // to the second
	Metadata        map[string]string // names in lower case
}

// Entry is one line of a listing: an object, or with [ListOptions.Delimiter] a prefix that several keys share.
type Entry struct {
	Key          string
	Prefix       bool // Key is a common prefix such as "2026/", and the other fields are zero
	Size         int64
	ETag         string // as in Info
	LastModified time.Time
}

// Object is an object being read. Close it, read or not.
type Object struct {
	io.ReadCloser
	Info

	// Length is how many bytes will be read: Size, or less with a range. It is -1 when the server does not say: R2
	// unpacks an object with "Content-Encoding: gzip" for a reader that does not ask for gzip, as this one does not, and
	// then neither its stored Size nor its ETag fits the bytes that come. Cache-Control "no-transform" prevents that.
	Length int64

	ranged bool // the answer is a part of the object, as was asked
}
