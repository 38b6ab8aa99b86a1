// Package aliyun sends text messages through Aliyun (Alibaba Cloud), sets the headers that its CDN sends, reads the zones
// of its DNS, looks after the domains that are registered there and lets them go to another registrar, and makes any of its
// signed API calls.
//
// A text message is not idempotent and costs money. The platform has no idempotency key, its business errors arrive as
// HTTP 200, and an answer that is lost says nothing about the message. The package is built around that:
//
//   - Everything that can be checked is checked before anything is sent: phones, template parameters, signs.
//   - A message is sent at most once. A send without a clear answer is [ErrUnknownOutcome], never a success and never
//     repeated; it carries an OutID, and [SMS.Resolve] finds out by it what became of the message.
//   - Every refusal is an [*Error] with a kind for errors.Is, the platform's code and request ID, and where a person must
//     act a hint in English and Chinese. Flow control carries its window, its share and the exact time to wait.
//   - Phones, parameters and keys never get into an error, a log line or whatever fmt prints.
//
// # What the platform does
//
// A message is an approved sign, an approved template and its parameters, so the text is not the caller's. SendSms takes
// it for up to 1000 phones and answers with a BizId, which says that it was accepted, not that a phone has it: that is in
// the records of QuerySendDetails, seconds to minutes later, one phone and one day of UTC+8 at a time. An OutId that the
// caller gives is echoed there and is the only thing to find a message by when the answer was lost.
//
// # A message, sent and followed
//
//	c, err := aliyun.New(aliyun.Config{Credentials: aliyun.EnvCredentials(os.Getenv)})
//	…
//	sms := c.SMS(&aliyun.SMSOptions{Sign: "我的签名", Guard: aliyun.NewGuard(aliyun.Limits{})})
//	if err := sms.LoadTemplates(ctx, "SMS_100000001"); err != nil { … } // optional: parameters are then checked both ways
//	receipt, err := sms.Send(ctx, aliyun.Message{
//		Phones:   []string{"+86 138 0000 0000"},
//		Template: "SMS_100000001",
//		Params:   map[string]string{"title": "发布说明", "result": "已发布"},
//		OutID:    outID, // from NewOutID, written down before: it survives a crash in the middle of the send
//	}, nil)
//	switch {
//	case errors.Is(err, aliyun.ErrUnknownOutcome):
//		outcome, err := sms.Resolve(ctx, receipt.OutID, "13800000000", receipt.At)
//		… // NotFound: still unknown. Anything else: it was accepted, do not send again
//	case errors.Is(err, aliyun.ErrRateLimited):
//		e, _ := errors.AsType[*aliyun.Error](err)
//		… // the window opens in e.RetryAfter
//	}
//
// [SMS.SendMany] sends any number of them in the fewest requests, and says of each whether it was accepted, refused, not
// sent, or may have been sent. [ReportHandler] takes the carriers' reports, and [UplinkHandler] what phones answer; the
// platform neither signs nor authenticates these pushes, so both want a secret. [SMS.Quote] counts before, [SMS.Statistics]
// afterwards; [SMS.SendGlobe] is the international API, which takes the text itself.
//
// The examples below run as they stand, on the fake of package aliyuntest.
//
// # Limits
//
// One call takes 1000 phones, all of the mainland or all abroad. A number gets one code a minute, five an hour and ten a
// day from one sign, and fifty notices a day of one template; minute and hour are the calendar's in UTC+8, the day is 24
// hours from a send. [WindowGuard] counts the same within one process. A parameter has up to 35 characters (unverified;
// [SMSOptions].ParamLimit), a message up to 500. The records of [SMS.Details] go back 30 days.
//
// # CORS at the CDN
//
// A response header rule that is written twice is two rules, and two rules may be two Access-Control-Allow-Origin headers,
// which browsers refuse. So [CDN.PlanCORS] reads what is there and finds the difference, [CDN.Apply] does what is left of it
// and stops where somebody else has changed the rules since, [CDN.Wait] looks until the nodes have it, and [ProbeCORS]
// asks any address as a browser would and names what is wrong. Rules of other headers are left alone. The header rules
// do not make OPTIONS succeed: that is the origin's affair, or another rule's. [CDN.Refresh] and [CDN.Push] ask for the
// day's quota first.
//
// # Zones and domains
//
// [Client.DNS] reads zones ([DNS.Records], [DNS.Zone], [DNS.Weights], [DNS.DNSSEC]) and can add a record;
// [Client.Domains] is for what the registry has: dates, locks, name servers, delegation signers, the way out.
//
//   - A zone is read whole or not at all. Its list is newest first, so a record that comes or goes shifts all pages; pages
//     that do not agree are read again, and a zone that never stands still is [ErrConflict].
//   - Whatever changes a domain only queues a task: a call that succeeded has changed nothing. The number of the task comes
//     back before anything waits, so that it can be written down; [Domains.Task] goes on with it. A task that fails is
//     [ErrTaskFailed], with the platform's reason. Texts that are not known are kept, and are not the end.
//   - An order whose answer was lost is looked up among the account's tasks, where the type of the task is documented (name
//     servers and locks), and found only if exactly one is new. Else it is [ErrUnknownOutcome], and the facts tell.
//   - Name servers are not ordered while the update lock is on ([ErrLocked]), nor a transfer approved before the registry
//     has its request: the platform would take either, and fail later.
//   - The auth code and the holder's address are [Private]: they are not printed, whatever goes wrong.
//
// [Client.Registrar] says the same in the words of the registries and with types of the standard library, for a program
// that moves domains between registrars.
//
//	domains := c.Domains(nil)
//	task, err := domains.SetNameservers(ctx, "example.com", nameservers)
//	… // write task.No down
//	_, err = task.Wait(ctx, nil) // or later, in another process: domains.Task("example.com", no).Wait(ctx, nil)
//
// # The signing module
//
// Requests are signed and made by github.com/alibabacloud-go/darabonba-openapi/v2, whose retries, HTTP client, timeouts
// and decoding are not used: it shares headers between goroutines, waits seconds for milliseconds, follows redirects with
// the token of a temporary key, and takes an empty answer for success.
//
// One thing of it remains: with the environment variable DEBUG=dara, which it reads when the program starts, it prints
// whole URLs (phones and codes are in them), signatures and tokens to standard output. Never set that in production. The
// parameters of every call are in its query, so a proxy or gateway of your own may log them too.
//
// # Sources
//
// API dysmsapi 2017-05-25 and 2018-05-01, cdn 2018-05-10, Alidns 2015-01-09, Domain 2018-01-29;
// help.aliyun.com/document_detail/44335 (rules, length, flow control), 101346 and 101347 (error codes), 101867 (reports),
// 388460 (response headers). Read 2026-11. What these do not say, or nobody has tried, is marked unverified where it is
// used.
package aliyun
