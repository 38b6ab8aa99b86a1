package r2admin

import "context"

// Limits is what the session token of temporary credentials says.
func Limits(text string) (string, bool) {
	s, ok := readSession(text)
	return s.limits(), ok
}

// Resources is the names of the resources of a policy.
func Resources(raw string) []string { return resources(raw) }

// SDKFailed is what becomes of an error of the SDK that is none of a call: it may have failed at reading an answer.
func SDKFailed(ctx context.Context, err error) (reading, creating, minted error) {
	return named(ctx, err, "GetToken", "x", harmless), named(ctx, err, "CreateToken", "x", once), named(ctx, err, "TempCredentials", "x", minting)
}
