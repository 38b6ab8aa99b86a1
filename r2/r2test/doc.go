// Package r2test is a bucket of Cloudflare R2 in memory, for tests and for trying things out without an account. It is
// real HTTP over in-memory pipes: no port, and it works inside a testing/synctest bubble.
//
// It is as strict as the platform. Signatures are computed and compared, of headers and of presigned URLs: a wrong secret,
// an unknown key, an anonymous request, a tampered, expired or overlong URL, a Content-Type that was not signed are
// refused. So are the headers that R2 answers 501 to (ACLs, tags, SSE, object lock, checksums and their trailers,
// aws-chunked), unequal or too small parts, keys and metadata that are too long, and, since the keys are those of an
// Object Read & Write token unless [Options.Scope] says otherwise, everything that concerns the bucket itself.
//
//	srv := r2test.NewServer()
//	defer srv.Close()
//	c, err := r2.New(srv.Config())
//	// … and the same bytes are at srv.PublicURL + "/" + key, for srv.Client()
//
// Like every fake here it can be told to misbehave: DropNext, LoseNext, AnswerNext, HangNext, SlowNext, with the operation
// in S3's words ("PutObject", "UploadPart", …) or "public" for a read at the public address.
//
// A [Server] is an http.Handler too. On a port of its own it serves S3 at [r2.MiniflarePath] and at the root, and the public
// side at /cdn-cgi/local/r2/public/BUCKET/KEY, as Cloudflare's local R2 does.
//
// Temporary credentials that were signed with its keys are taken, for what they were made for. [Server.CutNext] ends an
// answer in its middle and [Server.FailDelete] lets one key of many fail; [Options.LockedPrefix] is a bucket lock.
//
// Not there: ListObjects of the first version and SSE-C (501); the rules of CORS are given by [Options.CORS], and lifecycle
// rules there are none. Sources: developers.cloudflare.com/r2/api (read 2026-11); the answers marked so in the code are those
// of miniflare 4.20260730 where R2's own are not documented.
package r2test
