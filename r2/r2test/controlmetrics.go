package r2test

import (
	"net/http"
	"strings"
)

// storedJSON is one state of one class.
type storedJSON struct {
	Objects      int64 `json:"objects"`
	PayloadSize  int64 `json:"payloadSize"`
	MetadataSize int64 `json:"metadataSize"`
}

type classJSON struct {
	Published storedJSON `json:"published"`
	Uploaded  storedJSON `json:"uploaded"`
}

type metricsJSON struct {
	Standard         classJSON `json:"standard"`
	InfrequentAccess classJSON `json:"infrequentAccess"`
}

// HoldMetrics keeps what GetMetrics answers as it is now, until it is called with false: the numbers of the platform lag behind.
func (cp *ControlPlane) HoldMetrics(hold bool) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	cp.srv.mu.Lock()
	defer cp.srv.mu.Unlock()
	cp.held = nil
	if hold {
		cp.held = new(cp.count())
	}
}

// getMetrics is about the whole account, whatever the jurisdiction.
func (cp *ControlPlane) getMetrics(*apiCall) (any, *apiError) {
	if cp.held != nil {
		return *cp.held, nil
	}
	return cp.count(), nil
}

// count adds up the objects of the server's buckets, and the parts of their unfinished uploads. What R2 counts as metadata is
// not documented: here it is the key, the headers that are kept and the metadata.
func (cp *ControlPlane) count() metricsJSON {
	var out metricsJSON
	class := func(bucket string, o *object) *classJSON {
		own := o.Class == "STANDARD_IA"
		if o.Class == "" {
			own = cp.of(bucket, string(cp.srv.opts.Jurisdiction)).Class == "InfrequentAccess"
		}
		if own {
			return &out.InfrequentAccess
		}
		return &out.Standard
	}
	add := func(s *storedJSON, key string, o *object, size int64) {
		s.Objects++
		s.PayloadSize += size
		s.MetadataSize += int64(len(key))
		for _, m := range []map[string]string{o.Header, o.Metadata} {
			for name, v := range m {
				s.MetadataSize += int64(len(name) + len(v))
			}
		}
	}
	for name, b := range cp.srv.st.Buckets {
		for key, o := range b.Objects {
			add(&class(name, o).Published, key, o, o.blob().size())
		}
	}
	for _, u := range cp.srv.uploads {
		size := int64(0)
		for _, p := range u.parts {
			size += p.size()
		}
		add(&class(u.bucket, u.object).Uploaded, u.key, u.object, size)
	}
	return out
}

// routeAccount finds what is asked for beside the buckets: the numbers of the account, and event notifications, whose path is one of
// their own.
func (cp *ControlPlane) routeAccount(c *apiCall, path string) handler {
	rest, ok := strings.CutPrefix(path, "accounts/"+cp.srv.opts.AccountID+"/")
	if !ok {
		return nil
	}
	if rest == "r2/metrics" && c.http.Method == http.MethodGet {
		c.op = "GetMetrics"
		return cp.getMetrics
	}
	rest, ok = strings.CutPrefix(rest, "event_notifications/r2/")
	if !ok {
		return nil
	}
	return cp.routeEvents(c, rest)
}
