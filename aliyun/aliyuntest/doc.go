// Package aliyuntest is a fake of Aliyun as package aliyun uses it, as strict as the platform: text messages, the CDN with
// its nodes, zones with their name server, and registered domains.
//
// It is behaviour with state, not canned answers: what the platform refuses, the fake refuses, with the same codes; what
// the platform would send and bill, the fake counts. Errors of the gateway are HTTP 4xx or 5xx, errors of the business
// HTTP 200.
//
//   - Every request is verified on its own account: the ACS3 signature over method, query, headers and body, the token of
//     a temporary key, the date (15 minutes of the wall clock) and the nonce, which is taken once.
//
//   - Signs and templates are known with their state of review. Phones are normalised and must be of the kind
//     that the template is for; parameters must be strings, and all that the text asks for must be there.
//
//   - Flow control counts accepted calls only: a minute and an hour of the calendar in UTC+8, a day of 24 hours, for the
//     same sign and number, and 40 codes a day for a number whoever sends.
//
//   - Records of QuerySendDetails appear after [Options].DetailLag, newest first, up to 50 a page, of one day in UTC+8,
//     with TotalCount as a string and the OutId of the send.
//
//   - [Server.PushReports] brings the carriers' reports to an address, and again after 1, 5 and 10 minutes where they are not
//     taken; [Server.SendUplink] is a phone that answers.
//
// # The CDN
//
// Rules of response headers are seen configuring before they are active, come back in another order and with arguments of
// the server's own, and have IDs of 18 digits, a number in one answer and a string in the other. A function without an ID
// is a new rule each time. [Server.SetCDNRule] is a colleague at the console, and [Server.Node] a node that merges the
// rules with what the origin sends. Refreshes and pushes have the day's quota and take their minutes.
//
// # Zones and domains
//
//   - [Server.AddZone] and [Server.AddDomain] fill the account, [Server.PutRecord], [Server.RemoveRecord] and
//     [Server.ChangeDomain] are somebody at the console.
//   - Lists of records are newest first, 20 to a page unless told otherwise, at most 500, without the name servers of the
//     zone itself.
//   - What changes a domain is a task that waits, runs, and only then has its effect or fails, on the clock of
//     [Options].Now; [Server.FailNextTask] fails one. The update lock makes tasks fail, and so do the conditions of the way
//     out: 60 days, 15 days, real name, transfer lock.
//   - The way out goes from the checks (1, 2) over the auth code (3), which expires, to the request (4), which
//     [Server.ReceiveTransfer] brings from the registry; it is done (5) when it is approved or five days are over, or
//     fails (8) when it is cancelled.
//   - [Server.ServeDNS] and [Server.AnswerDNS] answer from the zones as the platform's name servers do: lines by the
//     asker's network or the one it asks for, weights in turns, records that are switched off not at all. After its domain
//     has gone, a zone answers for [Options].ZoneGrace.
//
// # Use
//
//	srv := aliyuntest.NewServer()
//	defer srv.Close()
//	c, err := aliyun.New(srv.Config())
//
// Nothing leaves the process and no port is opened; it works in a testing/synctest bubble. [Server] is also an
// http.Handler for a port of loopback. [Server.Messages], [Server.Count] and [Server.CountOutID] tell what really went
// out, whatever the caller was told.
//
// # Faults
//
// [Server.FailNext] answers the next call with a code of the platform. The methods of the embedded Script are for the
// network, by action: LoseNext sends the message and drops the answer, DropNext drops the request, AnswerNext is a proxy's
// page, HangNext and SlowNext try the caller's patience, Observe looks on, and Calls counts.
//
// # Restarts
//
// With [Options].StateFile the messages are in that file before an answer leaves. A program that was killed in the middle
// of a send meets the platform's memory when it is run again: the flow control has counted, and the OutID is found.
//
// # Limits
//
// It knows the actions that the constants name, and one account with one key. How long real records lag, what
// surplus parameters and duplicate phones do, and several codes of errors are unverified; where the fake had to choose, it
// says so beside the code.
// The types of tasks that begin with FAKE_ are made up, since the platform documents none for them, and so is the code
// DomainNotExist. Few lines are known, and whose an address is says a short table.
//
// Source: API dysmsapi 2017-05-25 and 2018-05-01, cdn 2018-05-10, Alidns 2015-01-09, Domain 2018-01-29;
// help.aliyun.com/document_detail/44335, 101346, 101867, 388460 (read 2026-11).
package aliyuntest
