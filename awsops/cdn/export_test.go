package cdn

// What tests of the parsers see.

// Covers tells whether a name of a certificate is good for a host.
func Covers(pattern, host string) bool { return covers(pattern, host) }

// CheckHost finds what is wrong with a name.
func CheckHost(name string, wildcard bool) error { return checkHost(name, wildcard) }

// CheckPath finds what is wrong with a path of an invalidation.
func CheckPath(path string) error { return checkPath(path) }

// Mark is what the comment of an ID begins with, and Marked the ID in a comment.
func Mark(id string) string { return mark(id) }

// Marked is the ID in a comment.
func Marked(comment string) string { return marked(comment) }

// Reference is the CallerReference of an ID.
func Reference(id string) string { return reference(id) }

// ValidID tells whether an ID may be used.
func ValidID(id string) bool { return validID(id) }

// DistributionIDs are those in the words of a refusal.
func DistributionIDs(reason string) []string { return distributionIDs(&Error{Reason: reason}) }

// Follow tells where a redirect leads, from a page of the origin that was asked for through CloudFront.
func Follow(host string, aliases []string, path, location string) (next string, through, ok bool) {
	p := Probe{Host: host, Aliases: aliases}
	a := Answer{Protocol: HTTPSOnly, Host: host}
	to, ok := p.follow(&a, step{through: true, https: true, host: host, path: path}, location)
	return to.path, to.through, ok
}

// FollowView is the same for a viewer.
func FollowView(name, path, location string) (string, bool) {
	v := View{Name: name}
	return v.follow(reply{Status: 301, Header: map[string][]string{"Location": {location}}}, path)
}
