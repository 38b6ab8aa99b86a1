// Command cert buys a certificate at AWS Certificate Manager, proves its names by DNS records, and installs it where a web
// server finds it: what is otherwise a morning with two consoles and openssl.
//
//	go run ./examples/cert                         # without keys: everything on the packages' own fakes
//	go run ./examples/cert -plan                   # show what would be done, and what it costs
//	go run ./examples/cert -names www.example.com,example.com -dir /etc/ssl/example.com -reload "nginx -s reload"
//	go run ./examples/cert … -report report.html   # plan and outcome as a page
//
// It shows a plan first. Then it has ACM issue a certificate that can be exported, adds the CNAME records at Route 53 or
// Aliyun (or says which to add), waits until it is issued, exports it, decrypts its key in memory, puts its chain in order
// without the root, installs both by one rename, and tells the server. What it costs is in the plan, and it asks before it
// buys; -yes agrees beforehand. At the end it prints how to take everything back.
//
// # Run it again
//
// A second run buys nothing and installs nothing. Run it from cron every day, and it installs what ACM has renewed: it
// looks whether the serial number has changed, sees to it that the records are still there, without which there is no
// renewal, and reloads the server only after it has installed something. A run that was interrupted, at whatever point, is
// taken up by the next one: the certificate is found again at ACM and not bought twice, and a reload that a crash has
// swallowed is made up for. When a reload fails, the files before are put back.
//
// # Where things are
//
// main.go and flags.go read what is asked for; pipeline.go declares the interfaces that the job needs and runs the steps;
// plan.go is what is shown before, and how to undo it; journal.go is the memory, page.go the report. acm.go, dns.go and
// shelf.go are the platforms' parts; fakes.go opens the fakes, settings.go reads the environment.
//
// # Exit codes
//
// 0 done, 1 failed, 2 bad input (nothing was done), 3 an outcome is unknown, 4 the price was not confirmed,
// 130 interrupted. The folder goes to standard output, everything for people to standard error. No key, passphrase or
// credential is printed, logged or journalled; the certificate's key is in its own file, of mode 0600, and nowhere else.
package main
