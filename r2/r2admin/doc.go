// Package r2admin is the control plane of Cloudflare R2: buckets, CORS and lifecycle rules, bucket locks, event notifications, custom
// domains and their cache, API tokens and temporary credentials, what is stored and what it costs, and a doctor for keys that fail.
//
// Objects are the affair of package r2, whose token of kind Object Read & Write may do nothing of this; here an API token with
// Workers R2 Storage Write (Admin Read & Write) is needed, for [Client.EnsureDomain] with Zone Read, for
// [Client.Purge] with Cache Purge: [AccessControlPlane] is just that. Making tokens takes Account API Tokens Write.
//
// # What the package promises
//
//   - What is ensured twice is there once. Creating is repeated only after 429 or when the request provably never left, not
//     after the 409 that the SDK would repeat; when its answer is lost, the bucket or domain is looked for, and if that settles
//     nothing the error is [ErrUnknownOutcome]. Reads, and calls that set what is wanted, are repeated after 429, 5xx and lost
//     connections. Retry-After is obeyed.
//   - Rules are checked here, as far as the platform's are known, and changed by plan: [CORSPlan], [LifecyclePlan], [LockPlan] and
//     [EventPlan] show the difference first, are plain JSON, and are applied only to the rules that they were made for. What
//     would delete objects, or let them be deleted, is marked.
//   - A domain is created only in a zone of the same account; waiting for it ends at once when it can never become active.
//   - New lifecycle rules keep the one that aborts unfinished uploads. Rules that would lose something when they are written again
//     are not read as smaller ones: that is an error.
//   - A token gets the access that was asked for and nothing beyond it, by permissions that are looked up by name; a [TokenPlan]
//     shows it before there is a credential. One whose answer was lost is looked for by its name, to be deleted: its value is lost.
//   - The jurisdiction goes with every call on a bucket. Neither the environment nor any file is read.
//   - Errors answer errors.Is, say what to do, and never hold a token, nor what a server sent in place of a new one.
//
// # Access Denied
//
// [Doctor] needs only the S3 keys. "Access Denied" on upload is mostly not about the keys, nor about the root of the bucket where it
// is seen: with keys of kind Object Read & Write, a tool that sends CreateBucket or ListBuckets first is refused there, and never
// sends the object. Doctor tells that from keys of another bucket, another jurisdiction, a wrong secret and a wrong clock, and from
// temporary credentials that have expired or are for other keys. The S3 API is not known to tell a token that has
// expired, is switched off, begins later or was deleted: with DoctorOptions.Client the account is asked which it is.
//
// # Keys
//
// An API token is a pair of S3 keys: [Token.Credentials]. R2 takes up to about a minute to know of one, for which [WaitKeys] waits.
//
//	plan, err := c.PlanToken(ctx, &r2admin.TokenOptions{
//		Name: "uploads of the blog", Access: r2admin.AccessObjectWrite, Buckets: []string{"pictures"}, TTL: 90 * 24 * time.Hour,
//	})
//	fmt.Print(plan) // which permission on which bucket, from when to when
//	token, err := c.ApplyToken(ctx, plan)
//
// [Client.TempCredentials] makes keys for an hour and a folder of which only the parent's ID is known; package r2 makes the same of
// the parent's secret, without a request.
//
// # Money
//
// [Client.Metrics] counts what the account stores, [OperationClass] says what an operation is billed as, and [EstimateCost] prices a
// month of both, as Cloudflare rounds it, with its arithmetic in each line. [SyncUsage] is what a plan of package r2 will take.
//
//	m, err := c.Metrics(ctx)
//	usage := m.Usage()
//	usage.Standard.Count("GetObject", 50_000_000)
//	fmt.Print(r2admin.EstimateCost(usage, nil)) // at the public prices of 2026-11
//
// # An example
//
//	c, err := r2admin.New(r2admin.Config{AccountID: account, APIToken: token})
//	bucket, err := c.EnsureBucket(ctx, "pictures", nil)
//	plan, err := c.PlanCORS(ctx, "pictures", rules) // fmt.Print(plan) is the difference
//	err = c.ApplyCORS(ctx, plan)
//	domain, err := c.EnsureDomain(ctx, "pictures", "img.example.com", nil)
//	status, err := domain.Wait(ctx, nil)
//
// # Limits
//
// A token can be for chosen buckets of one jurisdiction or for the account, and not for all buckets' objects alone; its name and its
// policies are not changed afterwards. What the platform says about a bad token is mostly not documented, and which token may ask for
// temporary credentials neither. Sippy and Super Slurper are not covered, nor are the queues that events go to. Metrics are of the
// whole account and have no operations: those are in Cloudflare's GraphQL API. Nothing has been run against the real API: names
// and shapes are those of cloudflare-go v7.9.0 and of developers.cloudflare.com/r2 (read 2026-11). Of cloudflare-go only sub-
// packages are imported; its root package would make a program three times as large.
package r2admin
