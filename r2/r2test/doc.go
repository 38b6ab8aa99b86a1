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
// Not there: ListObjects of the first version and SSE-C (501). The rules of CORS are given by [Options.CORS] or by the control plane;
// lifecycle rules are not carried out.
//
// # The control plane
//
// [Server.ControlPlane] is Cloudflare's JSON API over the same buckets, for package r2admin or any other client of it:
//
//	api := srv.ControlPlane()
//	defer api.Close()
//	c, err := r2admin.New(r2admin.Config{
//		AccountID: api.AccountID, APIToken: api.Token, BaseURL: api.URL, HTTPClient: api.Client(),
//	})
//
// It is strict too: without a token that may do it a call is 403, a bucket is found only with its own jurisdiction in the header
// cf-r2-jurisdiction, a field that the API does not document makes a body "not well formed" (10040), as the shape of S3 does, and
// what R2 limits is limited: 100 event rules, 1,000 lifecycle and lock rules, thirty URLs in a purge.
//
// A bucket that is made there is there for S3, and the other way round. CORS rules take the place of [Options.CORS], a bucket lock
// holds the objects, by age, date or for ever on the clock of Options.Now, a custom domain serves them. A token that was made
// there, for resources of this account that are there, is a pair of S3 keys and an API token, held to its policies, times and
// addresses until it is deleted; temporary credentials are held to their parent too. The IDs of permission groups are not the
// platform's. Metrics count the objects of the buckets and the unfinished uploads, by storage class. Lifecycle rules and event
// notification rules are kept and given back, and nothing comes of them.
//
// Its switches, besides DropNext, LoseNext, AnswerNext, HangNext and SlowNext with the operation in the words of r2admin's errors
// ("CreateBucket", "PutCORS", "ListEventRules"):
//
//   - [ControlPlane.AddZone]: a zone that the token sees, also one of another account.
//   - [ControlPlane.SetFate]: what becomes of a custom domain, and after how many looks; it is active at the third without.
//   - [ControlPlane.AddQueue]: a queue, without which no event notification rule can be made.
//   - [ControlPlane.HoldMetrics]: metrics that lag behind.
//   - [ControlPlane.Restrict] and [ControlPlane.SetTokenDisabled]: tokens that may less.
//   - [Options.Now], [Options.TokenDelay] and [Options.ClientIP]: when and where tokens work.
//   - [ControlPlane.Requests] and [ControlPlane.Purged]: what was asked for.
//
// What it does not do: rate limits (AnswerNext says 429), the time that new rules take, certificates and DNS, messages in queues, a
// cache. With Options.StateFile it forgets tokens, zones, queues and fates, and what is of another jurisdiction. The numbers of errors about
// event notifications are its own, since R2's are not documented.
//
// Sources: developers.cloudflare.com/r2 (read 2026-11); the answers marked so in the code are those of miniflare 4.20260730 where
// R2's own are not documented.
package r2test
