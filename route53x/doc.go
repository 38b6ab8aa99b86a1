// Package route53x works with the zones and record sets of Amazon Route 53: it reads and writes zone files without loss,
// finds what has to change in a zone, packs the changes into as few requests as Route 53 allows, and carries them out so
// that nobody's edit is overwritten and a crash at any point does no harm.
//
// # What the platform does
//
// A record set is all values of one name and type, with one TTL, or one of several such sets with a routing policy and an
// identifier. It changes as a whole: a DELETE has to repeat what is there, a CREATE fails where something is, an UPSERT
// overwrites. Up to 1000 values or 32,000 characters go into one request, all or nothing, and those of an UPSERT count
// twice. Names and texts have octal escapes, while zone files have decimal ones: \042 is a quote here and a star there.
//
// # What the package does
//
//   - [RRSet] has every type and policy. [RRSet.Canonical] is one spelling for all; sets are compared in it, so that case,
//     final dots, escapes, the order of values and the borders of TXT strings make no change.
//
//   - [ParseZone] reads files of BIND, exports of Cloudflare and the dialect of cli53 to the end, and lists everything that
//     is wrong, left out or altered, with line and column. [WriteZone] writes what it reads back equal.
//
//   - [MapAliyun] says record by record what a zone of Aliyun's DNS becomes, with its lines, weights and switched-off
//     records; nothing that would change an answer is taken over before a person has acknowledged it.
//
//   - [Diff] makes a [Plan]: creates, updates and deletes in the order of Route 53's lists, warnings, batches. It refuses
//     to change or delete more than 30 % of a zone, or the name servers of the apex, unless told otherwise. A plan is JSON
//     that can be kept and read back; [Plan.Inverse] undoes it.
//
//   - An update is DELETE and CREATE in one batch: a compare-and-swap, which fails when somebody else changed the set
//     meanwhile, and is cheaper than an UPSERT where there are more new values than old.
//
//   - [Pack] keeps together what excludes each other, creates before it deletes, has targets before their aliases, and
//     reaches the [LowerBound] with sets of one size.
//
//   - [Client.EnsureZone] makes a zone once, by its reference; [Client.FindZone] never picks one of several, or a private
//     one, by chance.
//
//   - [Client.Apply] carries out a plan. It writes nothing where the zone is no longer the one that the plan was made for,
//     looks up what a lost answer or a refusal left open, and goes on where an earlier run stopped. [Client.WaitSync]
//     waits until all name servers have it.
//
//   - [Verify] asks the old and the new name servers of a zone the same questions, each by itself, and says whether these may
//     take over. [AskDelegation] asks every server of the parent zone what it delegates, and for how long that is kept.
//
//   - [Domains] brings registered domains in, once whatever happens, and looks after them: prices, operations, name servers,
//     locks, DS records. [Registrar] is the same in words of the standard library.
//
//   - A [Limiter] keeps to the token buckets of 2026 and learns, when it is throttled, the one whose size is not published.
//
// # From a file to the name servers
//
//	zone, _, err := client.EnsureZone(ctx, "example.com", "move-7/example.com", nil)
//	…
//	file, issues, err := route53x.ParseZone(f, "example.com", nil)
//	…
//	for _, issue := range issues {
//		fmt.Println(issue) // 12:8: wrong: A: bad A A: "192.0.2.300"
//	}
//	plan, err := route53x.Diff(have, file.Sets, &route53x.DiffOptions{KeepUnknown: true}) // have: all of client.RRSets
//	switch {
//	case errors.Is(err, route53x.ErrUnsafe):
//		… // fmt.Print(plan), ask, and again with Thresholds or ApexNS
//	case err != nil:
//		return err
//	}
//	fmt.Print(plan)
//	result, err := client.Apply(ctx, zone.ID, plan, nil)
//	if errors.Is(err, route53x.ErrConflict) {
//		… // somebody else was faster: read the zone and make a new plan
//	}
//	…
//	err = client.WaitSync(ctx, result.ChangeIDs, nil)
//
// # Calls
//
// Reads are repeated when they fail on the way, and everything is when it was throttled or the zone was busy
// (PriorRequestNotComplete), up to Config.MaxRetries times. A change whose answer was lost is not sent again before the
// zone was looked at. Changes of one zone by one client are made one after the other. Errors are [*Error] with one of the
// kinds. Nothing but the calls of [ZoneAPI] and [RecordAPI] is needed in the policy of the keys.
//
// # Domains
//
// A transfer costs money, cannot be undone and takes days. [Domains.PlanTransfer] shows what would be done, [Domains.Transfer]
// wants the consent to just that, and [Domains.Wait] says what a person has to do meanwhile:
//
//	plan, err := domains.PlanTransfer(ctx, req) // reads only
//	…
//	fmt.Print(plan) // and ask
//	req.Consent = plan.Consent()
//	op, err := domains.Transfer(ctx, req)
//	…
//	for state, err := range domains.Wait(ctx, op, nil) {
//		fmt.Println(state.Status, state.Action(), err)
//	}
//
// TransferDomain is sent once. A lost answer is looked up among the operations of the account, DuplicateRequest is resumed by
// the ID that it has with it, and a second call after a crash finds the order of the first. Auth codes and contacts print as
// "[redacted]", are taken out of the service's messages, and are never logged. The calls of [TransferAPI], [DomainAPI],
// [SignerAPI] and [PriceAPI] go to us-east-1, the only Region that has them.
//
// # Limits
//
// Of policies it never writes one: sets of a traffic policy are left alone and named. Health checks are IDs, and not
// checked. That an alias has the zone ID of its target, and that a CIDR collection is there, Route 53 will tell. A plan
// for which changes that exclude each other are more than one batch holds is refused. $INCLUDE is not followed.
//
// # Sources
//
// The API reference and developer guide of Route 53; RFC 1035, 2308, 3597, 9460; the export of cli53. Read 2026-11. What
// these do not say, or nobody has tried, is marked unverified where it is used.
package route53x
