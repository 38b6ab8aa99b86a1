package r2admin

// Limits is what the session token of temporary credentials says.
func Limits(text string) (string, bool) {
	s, ok := readSession(text)
	return s.limits(), ok
}

// Resources is the names of the resources of a policy.
func Resources(raw string) []string { return resources(raw) }
