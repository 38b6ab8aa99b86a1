package r2test

import (
	"net/http"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// state is what outlives a restart.
type state struct {
	Buckets  map[string]*bucket
	Settings map[string]*settings `json:",omitempty"` // of the control plane, by jurisdiction/bucket
}

type bucket struct {
	Objects map[string]*object
	Writes  map[string]int // how often each key was written, deleted ones too
}

type object struct {
	Data     []byte // in memory; else files
	ETag     string
	Modified time.Time
	Header   map[string]string // Content-Type, Cache-Control and their like
	Class    string            `json:",omitempty"` // STANDARD or STANDARD_IA; empty = that of the bucket
	Metadata map[string]string

	files []segment
}

func (o *object) blob() blob { return blob{data: o.Data, files: o.files} }

func (o *object) set(b blob) { o.Data, o.files = b.data, b.files }

// bucket finds a bucket, or makes it.
func (st *state) bucket(name string, create bool) *bucket {
	b := st.Buckets[name]
	if b == nil && create {
		if st.Buckets == nil {
			st.Buckets = map[string]*bucket{}
		}
		b = &bucket{}
		st.Buckets[name] = b
	}
	if b != nil && b.Objects == nil {
		b.Objects, b.Writes = map[string]*object{}, map[string]int{}
	}
	return b
}

// store puts an object in its place.
func (s *Server) store(bucket, key string, o *object) *refusal {
	b := s.st.bucket(bucket, false)
	o.Modified = s.opts.Now().UTC().Truncate(time.Millisecond)
	b.Objects[key] = o
	b.Writes[key]++
	s.written[bucket+"/"+key] = o.Modified
	return s.save()
}

// save writes the state before the answer leaves.
func (s *Server) save() *refusal {
	if s.opts.StateFile == "" {
		return nil
	}
	if err := atomicfile.WriteJSON(s.opts.StateFile, s.st); err != nil {
		return refuse(http.StatusInternalServerError, "InternalError", "state: %v", err)
	}
	return nil
}

// tooSoon is the rule of one write per second to a key.
func (s *Server) tooSoon(c *request) bool {
	last, ok := s.written[c.bucket+"/"+c.key]
	return s.opts.OneWritePerSecond && ok && s.opts.Now().Sub(last) < time.Second
}
