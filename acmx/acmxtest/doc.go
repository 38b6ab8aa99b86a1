// Package acmxtest is a fake of AWS Certificate Manager, as strict as the platform, and a bill.
//
// It is behaviour with state, not canned answers: what the platform refuses, the fake refuses, with the same codes; what
// the platform would charge stands in [Server.Bill].
//
//   - Every request is verified on its own account: the AWS4 signature over method, headers and body, and its date. A
//     field that an operation does not have is refused.
//   - A certificate is known some seconds after its request, has its names later, and its records last
//     ([Options].DetailLag). Validation really asks for the CNAME: a name server by UDP, a function, or the fake's own zone.
//     ISSUED comes some time after the last SUCCESS, and the first export some time after that. After 72 hours without a
//     record it is VALIDATION_TIMED_OUT; CAA records that forbid Amazon make it FAILED.
//   - The same idempotency token within an hour is the same certificate, whatever became of it; after the hour it is
//     another one, which costs again.
//   - Export is fixed at the request. Exports are signed by a real chain of root and intermediate, with keys in PBES2 as
//     real exports have them: HMAC-SHA1, 2048 rounds, 20 bytes of salt, AES-256-CBC.
//   - What is exported or in use renews itself 45 days before its end, if the records are still there, and keeps its ARN.
//   - Lists show RSA keys of up to 2048 bits unless more is asked for, and quotas hold.
//
// # Use
//
//	srv := acmxtest.NewServer()
//	defer srv.Close()
//	c, err := acmx.New(srv.Config())
//	…
//	cert, err := c.Ensure(ctx, spec, srv.Solver(), nil)
//
// Nothing leaves the process and no port is opened; it works in a testing/synctest bubble. [Realistic] gives the delays of
// the platform, for which such a bubble is the place.
//
// # Faults
//
// [Server.FailNext] answers the next call with a code of the platform. The methods of the embedded Script are for the
// network, by operation: LoseNext lets RequestCertificate buy and drops the answer, DropNext drops the request, HangNext
// and SlowNext try the caller's patience, Observe looks on, and Calls counts.
//
// # Limits
//
// New certificates are public ones, validated by DNS; [Server.Add] makes others. What a used token with other parameters
// does, several codes of errors, and the whole of the ACME endpoint are unverified; where the fake had to choose, it says
// so beside the code.
//
// Source: ACM API reference (2015-12-08) and user guide (read 2026-11).
package acmxtest

import "time"

// Realistic are Options with delays like the platform's. It decides nothing else, so that more can be set.
func Realistic() Options {
	return Options{DetailLag: 6 * time.Second, ListLag: 3 * time.Second, CheckEvery: 30 * time.Second, IssueLag: 20 * time.Second, ExportLag: 10 * time.Second}
}
