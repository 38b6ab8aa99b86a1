// Package aliyuntest is a fake of Aliyun's text message service, as strict as the platform.
//
// It is behaviour with state, not canned answers: what the platform refuses, the fake refuses, with the same codes; what
// the platform would send and bill, the fake counts. Errors of the gateway are HTTP 4xx or 5xx, errors of the business
// HTTP 200.
//
//   - Every request is verified on its own account: the ACS3 signature over method, query, headers and body, the token of
//     a temporary key, the date (15 minutes of the wall clock) and the nonce, which is taken once.
//   - Signs and templates are known with their state of review. Phones are normalised and must be of the kind
//     that the template is for; parameters must be strings, and all that the text asks for must be there.
//   - Flow control counts accepted calls only: a minute and an hour of the calendar in UTC+8, a day of 24 hours, for the
//     same sign and number, and 40 codes a day for a number whoever sends.
//   - Records of QuerySendDetails appear after [Options].DetailLag, newest first, up to 50 a page, of one day in UTC+8,
//     with TotalCount as a string and the OutId of the send.
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
// It knows SendSms, QuerySendDetails and GetSmsTemplate, and one account with one key. How long real records lag, what
// surplus parameters and duplicate phones do, and several codes of errors are unverified; where the fake had to choose, it
// says so beside the code.
//
// Source: API dysmsapi 2017-05-25; help.aliyun.com/document_detail/44335 and 101346 (read 2026-11).
package aliyuntest
