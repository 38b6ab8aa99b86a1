// Package cdn puts Amazon CloudFront before a server, and says beforehand whether that will work.
//
// # What the platform does
//
// A distribution takes requests of viewers all over the world and asks an origin for what it does not have. It is made in
// one call and takes minutes to be deployed; until then the old configuration is served, or none. How it asks the origin is
// fixed in the configuration: by HTTP or HTTPS, with the viewer's Host header or the origin's own name. What does not fit
// the origin is not noticed by any call: every viewer gets a 502.
//
// # What the package promises
//
//   - [Client.Probe] looks at an origin as CloudFront will: ports, protocols, the chain of certificates, the names in it,
//     redirects that would go round in circles; and decides which configuration works, with the reason in words.
//   - [Client.Ensure] makes one distribution for an ID, whatever crashes or is lost on the way. Its CallerReference is made
//     of the ID, and its Comment and a tag name it. It refuses what is doomed: an IP address, an unproved certificate,
//     an ACM certificate outside us-east-1, https-only to a public name of EC2. [Client.Plan] shows first what it would do.
//   - Changes go by ETag: what another writer has changed meanwhile survives ([Client.Retarget], [Client.Ensure] with
//     Update, [Client.Delete]).
//   - [Client.Diagnose] fetches as a viewer does, reads what CloudFront says of itself, looks at the origin, and names the
//     cause of a 502, 504 or 403, with what to do.
//   - Nothing is deleted that this package has not made, unless its domain is named.
//
// # A server of one's own behind CloudFront
//
//	c, err := cdn.New(cdn.Config{AWS: aws.Config{Region: "us-east-1", Credentials: keys}})
//	…
//	d := cdn.Distribution{
//		ID:          "shop",
//		Origin:      cdn.Origin{Domain: "origin.example.com"},
//		Aliases:     []string{"www.example.com"},
//		Certificate: cdn.Certificate{ACM: "arn:aws:acm:us-east-1:123456789012:certificate/…"},
//	}
//	plan, err := c.Plan(ctx, d)
//	…
//	fmt.Print(plan) // create: https-only, the viewer's Host is forwarded, since …
//	result, err := plan.Ensure(ctx)
//	…
//	err = c.Wait(ctx, result.ID, nil)
//
// The examples below run as they stand, on the fake of package cdntest.
//
// # When the server moves
//
// [Client.Retarget] turns every distribution from one origin to another: after a move to another Region, or when an
// instance without an Elastic IP was stopped, which changes its public name.
//
// # China
//
// CloudFront in the partition aws-cn is another service: it has no ACM certificates, its own domain names cannot be used,
// and each alias needs an ICP recordal. What cannot work there is refused, the rest is said in the notes.
//
// # Limits
//
// One origin and one behaviour are written; more of them, in a distribution that somebody has extended, are kept and
// retargeted. No Lambda@Edge, no tenants, no logging (the API of today's logging is that of CloudWatch Logs), and no
// flat-rate plans, for which there is no API. Invalidation by tag is not in the SDK's CreateInvalidation. The probe sees
// the origin from where it runs: behind a firewall that lets CloudFront alone in, say [Distribution].Unprobed.
//
// # Sources
//
// CloudFront API reference (2020-05-31), developer guide, and the SDK, github.com/aws/aws-sdk-go-v2/service/cloudfront
// v1.73.0; read 2026-11. What nobody has tried is marked unverified where it is used.
package cdn
