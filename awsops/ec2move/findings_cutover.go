package ec2move

import (
	"net/netip"
	"slices"
)

// lookAtCutover: can visitors be led to the copy?
func (p *planner) lookAtCutover() {
	s, c := p.plan.Source, p.spec.Cutover
	if c == nil || !c.Origins {
		if s.PublicDNS != "" {
			p.found(Warn, "origins", "set Cutover.Origins, or repoint them by hand", "CloudFront distributions whose origin is %s will go on asking the source", s.PublicDNS)
		}
	}
	if c == nil {
		return
	}
	if len(c.Records) > 0 && p.c.cfg.DNS == nil {
		p.found(Stop, "dns-missing", "set Config.DNS", "the cutover switches %d records, and there is nobody to do it", len(c.Records))
	}
	switch {
	case c.Origins && p.c.cfg.Origins == nil:
		p.found(Stop, "origins-missing", "set Config.Origins", "the cutover repoints CloudFront, and there is nobody to do it")
	case c.Origins && s.PublicDNS == "":
		p.found(Warn, "origins-none", "", "the source has no public name that a CloudFront distribution could have as its origin")
	}
	if c.Check.URL == "" {
		p.found(Warn, "no-health-check", "set Cutover.Check", "nothing asks the copy whether it serves before visitors are led to it")
	}
	for _, r := range p.records {
		switch {
		case len(r.Addresses) == 0:
			p.found(Warn, "record-missing", "look whether that is the name", "%s has no addresses: the cutover gives it some", r.Name)
		case s.PublicIP.IsValid() && !slices.Contains(r.Addresses, s.PublicIP):
			p.found(Warn, "record-elsewhere", "look whether that is the name", "%s points to %s and not to the source's %s", r.Name, addresses(r.Addresses), s.PublicIP)
		case slices.ContainsFunc(r.Addresses, func(a netip.Addr) bool { return a.Is6() && !a.Is4In6() }):
			p.found(Warn, "record-ipv6", "see to the AAAA records by hand", "%s has addresses of IPv6, which the copy has not", r.Name)
		}
	}
	if fit := p.fitting(); len(c.Records) > 0 && len(fit) > 0 && !p.wantsAddress() && p.spec.To.Address != AddressGiven {
		if fit[0].MapPublicIpOnLaunch == nil || !*fit[0].MapPublicIpOnLaunch {
			p.found(Stop, "cutover-nowhere", "set Target.Address to new", "the cutover switches records to the copy, which has no public address")
		}
	}
}

func addresses(of []netip.Addr) string {
	words := make([]string, len(of))
	for i, a := range of {
		words[i] = a.String()
	}
	return list(words)
}
