// Package transfer moves a domain from one registrar to another, DNS first, without a moment in which it does not resolve,
// and goes on after whatever ended it.
//
// # Why DNS goes first
//
// A registrar's free DNS hangs on the registration: once the domain has left, nobody promises how long the old zone
// answers, and name servers cannot be edited while a transfer is pending. So the new zone is made complete and compared,
// the name servers are switched while the domain is still at the old registrar, where that can be undone in minutes, the
// caches of the world run out, and only then the domain itself moves.
//
// # The steps
//
//	0 preflight  age, expiry, statuses, real name, price     9 propagate  the parent has the new ones, and the longer TTL
//	1 zone       made by a reference, or adopted by its ID  10 filing     a statement about the ICP filing
//	2 export     the old zone, whole or not at all          11 unlock     transfer lock off, auth code
//	3 map        what gets lost is acknowledged, by ID      12 check      the gaining registrar's verdict, the price
//	4 apply      the records, in as few requests as can be  13 transfer   the order: money
//	5 verify     every old and new name server, the same    14 approve    the quick approval: cannot be undone
//	6 dnssec     no DS, and none in a cache                 15 finish     name servers and lock read back
//	7 freeze     the old zone is what was exported          16 after      looked at once more
//	8 switch     only while 5, 6 and 7 are younger than ten minutes
//
// [Runner.Advance] takes the move one look further and makes at most one change; [Runner.Run] is a loop over it that waits
// between. What is about to change stands in the journal before its call leaves, and a task's number before the first look
// at it, so that a process may end anywhere: a change whose answer was lost is looked up, and not repeated on a guess. An
// order is never placed twice: it is looked for among the orders, for ten minutes, before another one may be placed.
//
// # Who decides
//
// A gate that a person has to open is an [Error] with a [Question]: records that get lost ([ErrUnacknowledged]), the
// filing ([ErrNeedsStatement]), the switch, the price and the approval ([ErrNeedsConsent]), each with a word that is typed
// or given in [Config]. The word for the price holds the price, so that another price is another question. After every
// error the move stays where it is, and goes on when it is run again.
//
//	r, err := transfer.New(transfer.Config{
//		Domain: "example.com", From: aliyunRegistrar, To: route53Registrar, Source: aliyunZone,
//		Zones: route53Client, Records: route53Client, DNS: transfer.NewDNS(nil), Journal: journal,
//		MaxPrice: transfer.Money{Cents: 2000, Currency: "USD"},
//	})
//	…
//	plan, err := r.Plan(ctx, state) // reads only: steps, records, price, gates, waits, what stands against it
//	fmt.Print(plan)
//	for event, err := range r.Run(ctx, &transfer.RunOptions{Ask: ask}) {
//		…
//	}
//
// # The way back
//
// [Runner.PlanUndo] says what would be taken back, and why something no longer can be; [Runner.BeginUndo] turns the move
// around. Name servers go back first, and records are removed only when no resolver can have the new ones any more. What
// others have changed meanwhile is not overwritten. Once the domain has left there is no way back but another transfer, in
// 60 days.
//
// # When the state is lost
//
// The zone is found by its reference, the switch by the name servers at the registrar, the order in the gaining
// registrar's list, the domain by who has it. Consents and acknowledgements are asked for again; the wait for the caches
// begins anew; the old name servers have to be named in [Config] for a way back. A transfer that is pending and in no list
// is [ErrAmbiguous]. That a DS was deleted shortly before cannot be found out: wait a day by hand in that case.
//
// # Limits
//
// DNSSEC is switched off on the way and not on again. A resolver that prefers the NS set of the old zone to that of the
// parent, and renews it there for ever, is not waited for. RDAP is not asked. That TransferDomain without name servers
// would keep the old ones, and that they cannot be edited while a transfer is pending, is unverified; the order always
// carries the zone's name servers.
//
// # Sources
//
// Aliyun's API Domain 2018-01-29 and Alidns 2015-01-09; AWS's guide "Transferring registration for a domain to Amazon
// Route 53" and the API of registered domains; RFC 5731, 1034, 4035. Read 2026-11.
package transfer
