package httpcall

import (
	"io"
	"net/http"
)

// PlainBody returns req with a body that has no more than Read and Close; req itself stays as it was. The bodies of AWS's
// SDK also have a WriteTo, which says EOF once they are closed (smithy-go v1.28.9). net/http calls it while it sends, and
// closes the body of a request that was answered before all of it was sent; the EOF is then a body that came short, the
// connection is dropped, and the answer that is being read is cut.
func PlainBody(req *http.Request) *http.Request {
	if req.Body == nil || req.Body == http.NoBody {
		return req
	}
	plain := req.WithContext(req.Context()) // a copy
	plain.Body = struct{ io.ReadCloser }{req.Body}
	return plain
}
