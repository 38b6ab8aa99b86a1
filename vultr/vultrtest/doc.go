// Package vultrtest is a fake of Vultr's storage API, as strict as the platform.
//
// It is behaviour with state, not canned answers. Block volumes, object storages, file systems and storage gateways are
// pending, then active; what was just created answers 404 for a while; lists have cursors; more than 30 requests a second
// are a 429. What the platform refuses, the fake refuses: shrinking, changing nothing, attaching across regions or to Bare
// Metal, deleting what is in use, fields that it does not know. Everything that is created is counted, whatever the
// caller was told: that is what the account is billed for.
//
// # Use
//
//	srv := vultrtest.NewServer()
//	defer srv.Close()
//	c, err := vultr.New(srv.Config())
//
// Nothing leaves the process and no port is opened; it works in a testing/synctest bubble. [Server] is also an
// http.Handler for a port of loopback. Its clock is [Options].Now, and [Server.Advance] turns it.
//
// # Faults
//
// [Server.FailNext] answers the next call with an error of the platform, [Server.ThrottleNext] with a 429 and Retry-After,
// [Server.HTMLNext] with a proxy's page. The methods of the embedded Script are for the network, by operation: LoseNext
// creates the volume and drops the answer, DropNext drops the request, HangNext and SlowNext try the caller's patience,
// Observe looks on, and Calls counts.
//
// # Restarts
//
// With [Options].StateFile all things are in that file before an answer leaves. A program that is run again meets what it
// bought.
//
// # Limits
//
// One account with one key. Instances and VPCs are made up by the caller. The words of states, the exact texts and
// statuses of refusals, prices per GB, and whether a list lags like a GET does are not documented; where the fake had to
// choose, it says so beside the code.
//
// Source: Vultr API v2; docs.vultr.com object storage of 2025-09-15 and storage gateway provisioning of 2026-05-26 (read
// 2026-11).
package vultrtest
