// Package r2 keeps objects in Cloudflare R2, or in any other S3, and gets right what the general S3 clients get wrong there.
//
// # What the platform does
//
// R2 speaks S3, but not all of it. It refuses ACLs, tags, SSE and object lock with 501, has refused the checksum trailers
// that AWS's SDK sends by default, wants all parts of a multipart upload but the last to be exactly equal, takes one write
// per second to a key, and never sends "100 Continue". A token of kind Object Read & Write may do everything with the
// objects of its buckets and nothing with the buckets: tools that create the bucket before they upload, to be sure, fail
// with AccessDenied and seem to have no right to upload. A bucket in a jurisdiction has an endpoint of its own. Requests are
// signed for the S3 endpoint only; a custom domain or the r2.dev address just serves what a public bucket holds.
//
// # What the package promises
//
//   - It works on R2 without a switch: no checksum trailer, no Expect, no signed Accept-Encoding, equal parts, no call on a
//     bucket, ever. New reads neither the environment nor ~/.aws and does no I/O.
//   - What arrives is what was sent. Over https the SDK proves nothing; here the MD5, computed as the bytes go by, is
//     compared with the ETag that comes back, and a difference is [ErrCorrupt]. [Client.GetFile] compares what it fetched, of
//     objects that were uploaded in parts too where the size of the parts can be told.
//   - What is done twice has the same effect, or it is not done twice. Reads, plain PUTs, parts and deletes are repeated
//     after 429, 500, 502, 503, 504 and lost connections, with backoff, and Retry-After is obeyed. A conditional PUT and the
//     first and last call of a multipart upload are repeated only when they were refused or provably never left; when their
//     answer is lost, the object is read back, and if that settles nothing the error is [ErrUnknownOutcome].
//   - A platform that refuses parts for the moment is sent fewer at a time, of that upload, until it takes more again.
//   - Memory is bounded: files are sent without a copy, streams through at most 96 MiB of buffers. Measured, a program that
//     does nothing but store a stream of 1 GiB of unknown size peaks at 112 MiB.
//   - A small object costs little: stored over TLS, one of 100 KiB takes less than half of the CPU time and a twelfth of the
//     allocations of the SDK's PutObject, about as much as with minio-go (internal/bench, 2026-11).
//   - What was interrupted goes on: [Client.PutFile] with a journal and [Client.GetFile] survive the death of the process, send
//     or fetch only what is missing, and notice a file or an object that has changed meanwhile.
//   - Bad input is refused before anything is sent, all of it at once, with the field and the limit.
//   - Errors answer errors.Is and say what to do. They never hold a secret.
//
// # A picture, from bytes to its address
//
//	c, err := r2.New(r2.Config{
//		AccountID: "…", Bucket: "images", AccessKeyID: id, SecretAccessKey: secret,
//		PublicBase: "https://img.example.com",
//	})
//	key := r2.ContentKey("chart.png", data)           // sha256/….png: the same picture is the same object
//	_, err = c.Put(ctx, key, bytes.NewReader(data), &r2.PutOptions{IfAbsent: true})
//	if err != nil && !errors.Is(err, fs.ErrExist) {   // 412: it is there already
//		return err
//	}
//	url, err := c.PublicURL(key)
//
// [Client.PutImage] is all of that in one call, and can take out of a photograph where it was made.
//
// # A folder
//
//	plan, err := c.PlanSync(ctx, os.DirFS("public"), &r2.SyncOptions{Prefix: "site/", Delete: true})
//	if err != nil {
//		return err // an empty source and too many deletes are refused
//	}
//	fmt.Println(plan) // the dry run
//	report, err := c.Apply(ctx, plan, nil)
//
// One LIST for 1,000 objects tells what differs; an object is compared by its ETag and never asked for. The other way the bucket
// is an [fs.FS]: [Client.FS].
//
// # Failures
//
//	switch {
//	case errors.Is(err, fs.ErrNotExist):          // no such object, or no such bucket: Error.Code
//	case errors.Is(err, fs.ErrPermission):        // keys or token: Error.Hint says what to look at
//	case errors.Is(err, fs.ErrExist):             // IfAbsent, and it is there
//	case errors.Is(err, r2.ErrPrecondition):      // IfMatch, and it has changed
//	case errors.Is(err, r2.ErrRateLimited):       // more than one write a second to this key
//	case errors.Is(err, r2.ErrCorrupt):           // what is stored is not what was sent: store it again
//	case errors.Is(err, r2.ErrUnknownOutcome):    // look before doing it again
//	case errors.Is(err, r2.ErrChanged):           // PutFile: not the file that its journal began with
//	case errors.Is(err, errors.ErrUnsupported):   // 501: this S3 does not have it
//	}
//
// # Limits
//
// A key has 1,024 bytes and no segment "." or "..", metadata 8,192 bytes, an object 4.995 TiB, a single PUT 4.995 GiB, an
// upload 10,000 parts of 5 MiB or more. A presigned URL lives for 1 second to 7 days and cannot limit the size of what is
// sent. An overwritten or deleted object stays in Cloudflare's cache until it is purged, which is why a key should tell the
// content: see [ContentKey].
//
// With Config.Endpoint alone the bucket is one of any S3. The rules of R2 are off then: limits of keys and metadata, one write
// per second, ETags that are MD5s (Verify compares them if it is told to), copies that depend on their target, and temporary
// credentials.
//
// Package r2test is a bucket in memory that is as strict as the real one.
//
// Sources: developers.cloudflare.com/r2 (api/s3, platform/limits, api/error-codes), and the source of
// aws-sdk-go-v2/service/s3 v1.114.10 (read 2026-11).
package r2
