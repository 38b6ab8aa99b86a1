// Package acmx gets TLS certificates from AWS Certificate Manager (ACM): requested, validated, exported with their key,
// and kept fresh, without paying twice.
//
// # What the platform does
//
// A certificate is requested for up to ten names and gets an ARN at once; its details follow seconds later. Each name is
// proved by a CNAME record that has to stay for ever, since ACM renews by itself and looks for it again. A certificate is
// usable when its Status is ISSUED, which is later than the moment when all names are proved. One that was requested as
// exportable can be taken out with its private key; that is charged per name, at issue and at each renewal, and cannot be
// switched on later. A renewal keeps the ARN and changes serial and dates.
//
// # What the package promises
//
//   - [Client.Ensure] buys at most one certificate for a [Spec], whatever is lost or crashes on the way: it looks for one in
//     the account first, of every kind of key; its request carries a token made from the spec, by which ACM knows a
//     repetition for an hour; and what it bought carries the tag [TagSpec], by which it is found after that.
//   - Nothing is paid without consent: [Spec].MaxCost is zero by default, the estimate comes before any request, and
//     [Client.Plan] shows what would be bought, what is reused, and what renewals will cost.
//   - Everything that can be checked is checked first, and all problems are reported at once: names, their number, the
//     length of the common name, CAA records (if Config.CAA is set).
//   - Waiting ends at ISSUED, and at once when ACM gives up: FAILED, VALIDATION_TIMED_OUT, REVOKED. The SDK's own waiter
//     ends too early on success and not at all on some failures.
//   - Passphrases, private keys and HMAC keys never get into an error, a log line or whatever fmt prints.
//
// # A certificate for a server of one's own
//
//	c, err := acmx.New(acmx.Config{AWS: aws.Config{Region: "eu-central-1", Credentials: keys}})
//	…
//	spec := acmx.Spec{Names: []string{"example.com", "*.example.com"}, Key: acmx.ECP256, Exportable: true}
//	plan, err := c.Plan(ctx, spec, nil)
//	…
//	fmt.Print(plan)                         // buy: … $86.00 now
//	cert, err := plan.Ensure(ctx, dns, nil) // dns adds the records, as the client of route53x does
//	…
//	bundle, err := c.Export(ctx, cert.ARN(), nil)
//	…
//	changed, err := bundle.WriteDir(ctx, "/etc/ssl/example.com", nil)
//
// The examples below run as they stand, on the fake of package acmxtest.
//
// # In a process of one's own
//
// A [Source] keeps certificates in memory, looks for renewals twice a day, and is what tls.Config.GetCertificate wants. It
// never serves an expired one.
//
// # Limits
//
// Ten names in a certificate unless the quota was raised; 64 octets for the first. Certificates for CloudFront must be in
// us-east-1. The price tables are dated, and the present one is from third parties ([Prices]).
//
// # Sources
//
// ACM API reference (2015-12-08) and user guide, and the SDK, github.com/aws/aws-sdk-go-v2/service/acm v1.51.5; read
// 2026-11. What these do not say, or nobody has tried, is marked unverified where it is used.
package acmx
