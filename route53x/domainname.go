package route53x

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// domainName is a registered domain as the API takes it: lower case, no final dot.
func domainName(domain string) (string, error) {
	host, err := hostName(domain)
	if err != nil {
		return "", err
	}
	if !strings.Contains(host, ".") {
		return "", fmt.Errorf("%q is no domain that can be registered: want label and TLD, as example.com", domain)
	}
	return host, nil
}

// hostName is a name of letters, digits and hyphens, lower case and without a final dot.
func hostName(name string) (string, error) {
	n, err := ParseName(name)
	if err != nil {
		return "", err
	}
	host := strings.TrimSuffix(string(n), ".")
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") || strings.ContainsAny(label, `_\`) {
			return "", fmt.Errorf("%q is no host name: want letters, digits and inner hyphens, an IDN in punycode", name)
		}
	}
	return host, nil
}

// Nameserver is a name server of a registered domain.
type Nameserver struct {
	Name string       `json:"name"`           // lower case, without final dot
	Glue []netip.Addr `json:"glue,omitempty"` // required when Name is inside the domain, and not allowed otherwise
}

// Nameservers are name servers without glue.
func Nameservers(names ...string) []Nameserver {
	out := make([]Nameserver, len(names))
	for i, n := range names {
		out[i].Name = n
	}
	return out
}

// checkNameservers gives the servers in the form of the API, and every problem.
func checkNameservers(domain string, servers []Nameserver) (out []Nameserver, problems []error) {
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("Nameservers: "+format, args...))
	}
	if len(servers) < MinNameservers || len(servers) > MaxNameservers {
		bad("%d are given, want %d to %d: those of the hosted zone", len(servers), MinNameservers, MaxNameservers)
	}
	seen := map[string]bool{}
	for _, s := range servers {
		host, err := hostName(s.Name)
		if err != nil {
			bad("%w", err)
			continue
		}
		inside := host == domain || strings.HasSuffix(host, "."+domain)
		switch {
		case seen[host]:
			bad("%s is there twice", host)
		case inside && len(s.Glue) == 0:
			bad("%s is inside the domain and needs an address (Glue)", host)
		case !inside && len(s.Glue) > 0:
			bad("%s is outside the domain and can have no Glue", host)
		case slices.ContainsFunc(s.Glue, func(a netip.Addr) bool { return !a.IsValid() || a.Zone() != "" }):
			bad("%s has a Glue that is no address", host)
		}
		seen[host] = true
		out = append(out, Nameserver{host, slices.Clone(s.Glue)})
	}
	return out, problems
}

// nameserverNames are the names in order, for comparison.
func nameserverNames(servers []Nameserver) []string {
	names := make([]string, len(servers))
	for i, s := range servers {
		names[i] = strings.ToLower(strings.TrimSuffix(s.Name, "."))
	}
	slices.Sort(names)
	return names
}

func sameNameservers(a, b []Nameserver) bool {
	glue := func(servers []Nameserver) []string {
		var out []string
		for _, s := range servers {
			for _, a := range s.Glue {
				out = append(out, strings.ToLower(strings.TrimSuffix(s.Name, "."))+" "+a.Unmap().String())
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(nameserverNames(a), nameserverNames(b)) && slices.Equal(glue(a), glue(b))
}
