// Corscheck asks addresses as a browser would and says whether scripts of another site may read them and send to them:
// a table in the terminal, and an exit code for CI.
//
//	corscheck -origin https://www.example.com https://img.example.com/logo.png https://api.example.com/items
//
// It works with any server. Without an address it shows what it is for: a CDN of Aliyun, played by this process, whose
// rules were made by hand and are wrong in the usual ways, is probed, planned, put right and probed again. No keys, and
// nothing outside the process but a port of loopback.
//
// # Exit codes
//
//	0  scripts may do what was asked about, and nothing will fail later
//	1  at least one finding
//	2  bad flags or addresses; nothing was asked
//	3  an address did not answer
//	130 interrupted
//
// With -json every address is one line of JSON on standard output, for other programs.
package main
