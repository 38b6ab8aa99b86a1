package cdn

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// checkHost finds what is wrong with the name of an origin or an alias.
func checkHost(name string, wildcard bool) error {
	n := fold(name)
	if n == "" {
		return errors.New("no name")
	}
	if isIP(n) {
		return fmt.Errorf("%q is an IP address: CloudFront takes names only", name)
	}
	if rest, ok := strings.CutPrefix(n, "*."); ok && wildcard {
		n = rest
	}
	if len(n) > 253 {
		return fmt.Errorf("%q has more than 253 characters", name)
	}
	labels := strings.Split(n, ".")
	if len(labels) < 2 {
		return fmt.Errorf("%q has no dot: it is known in a local network only", name)
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") {
			return fmt.Errorf("%q: the label %q is none", name, l)
		}
		for _, r := range l {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
				return fmt.Errorf("%q: %q cannot be in a name (write other scripts as xn--…)", name, r)
			}
		}
	}
	return nil
}

// isIP tells whether a name is an address, in brackets or not.
func isIP(name string) bool {
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err == nil
}

// isEC2 tells whether a name is the public DNS name of an instance, for which no authority issues a certificate, and which
// changes when the instance is stopped and started without an Elastic IP.
func isEC2(name string) bool {
	n := strings.TrimSuffix(fold(name), ".cn")
	return strings.HasSuffix(n, ".compute.amazonaws.com") || strings.HasSuffix(n, ".compute-1.amazonaws.com")
}

// covers tells whether a name of a certificate is good for a host. A wildcard stands for one label; a host that is a
// wildcard itself needs the same one.
func covers(pattern, host string) bool {
	pattern, host = fold(pattern), fold(host)
	if pattern == host {
		return true
	}
	suffix, ok := strings.CutPrefix(pattern, "*")
	if !ok || !strings.HasPrefix(suffix, ".") || strings.HasPrefix(host, "*.") {
		return false
	}
	label, found := strings.CutSuffix(host, suffix)
	return found && label != "" && !strings.Contains(label, ".")
}

// sample is a name that stands for a wildcard, to ask a server for.
func sample(alias string) string {
	if rest, ok := strings.CutPrefix(alias, "*."); ok {
		return "probe." + rest
	}
	return alias
}
