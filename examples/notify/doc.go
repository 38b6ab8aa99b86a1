// Notify sends one text message to a list of phones, follows each of them to the carrier's word, and shows on a small page
// how far they have come.
//
//	notify                                   # a demo: its list and the platform are in the program, nothing leaves it
//	notify -template SMS_1 -sign 我的签名 people.csv
//
// The list is CSV. Its first line names the columns: phone, and the variables of the template. What is sent is shown
// first, with its price, and confirmed by a typed word.
//
// # Keys
//
// With ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (and ALIBABA_CLOUD_SECURITY_TOKEN) in the
// environment the messages are real. NOTIFY_TOKEN is the secret in the address of the reports, which the console of the
// platform has to know: https://your.host/reports/NOTIFY_TOKEN, passed on to -listen by your web server. Without reports
// the program asks for the records.
//
// # Twice is never sent
//
// One ID goes with all messages of a run and is in the journal before the first is sent; the result of each is there
// afterwards. Run again with the same list, it asks the platform for those that a crash or a lost answer has left open,
// and sends only what was provably not sent. The journal has no phone: it has their places in the list, and the list's
// hash. What cannot be found stays unknown until -again allows to send it once more.
//
// # Exit codes
//
//	0   every phone has its message
//	1   some have not: refused, or failed at the carrier
//	2   bad flags, list or template; nothing was sent
//	3   some are unknown, or not reported in time: run it again later
//	4   not confirmed; nothing was sent
//	130 interrupted; run it again
package main
