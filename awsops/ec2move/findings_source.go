package ec2move

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lookAtSource: can it be captured as it is?
func (p *planner) lookAtSource() {
	s := p.plan.Source
	switch types.InstanceStateName(s.State) {
	case types.InstanceStateNameRunning, types.InstanceStateNameStopped:
	case types.InstanceStateNamePending, types.InstanceStateNameStopping:
		p.found(Stop, "source-state", "wait until it is running or stopped, and plan again", "the source is %s: EC2 makes no image of it now", s.State)
	default:
		p.found(Stop, "source-state", "", "the source is %s: there is nothing left to move", s.State)
	}
	if s.RootDeviceType == string(types.DeviceTypeInstanceStore) {
		p.found(Stop, "instance-store-root", "make an EBS-backed server of it first", "the source's root is an instance store, of which CreateImage makes nothing")
	}
	if p.before != nil && p.before.InstanceStorageSupported != nil && *p.before.InstanceStorageSupported {
		p.found(Warn, "instance-store-lost", "copy by other means what must be kept", "%s has instance store volumes: what is on them is in no image", s.Type)
	}
	if s.Lifecycle != "" {
		p.found(Warn, "lifecycle", "", "the source is a %s instance; the copy is on demand", s.Lifecycle)
	}
	if len(s.ProductCodes) > 0 {
		p.found(Warn, "product-codes", "subscribe to it before, if the account is not", "the image has product codes of the marketplace (%s): EC2 starts it only for subscribers", strings.Join(s.ProductCodes, ", "))
	}
	if strings.HasPrefix(s.Platform, "Windows") && strings.Contains(s.Platform, "SQL") || strings.Contains(s.Platform, "BYOL") {
		p.found(Warn, "licence", "look at the terms of the licence", "%s: a licence may be bound to its host or Region", s.Platform)
	}
	dropped := len(s.Tags) + 2 - maxTags
	if dropped > 0 {
		p.found(Warn, "tags-over-limit", "remove as many from the source", "the source has %d tags, and the move adds 2 where 50 are allowed: the last %d by name are left out", len(s.Tags), dropped)
	}
}

// lookAtCapture: what does making the image do to it?
func (p *planner) lookAtCapture() {
	s := p.plan.Source
	if s.State == string(types.InstanceStateNameStopped) {
		p.found(Note, "source-stopped", "", "the source is stopped: its file systems are whole, and nothing is written meanwhile")
		return
	}
	switch p.spec.Capture {
	case "", Reboot:
		p.found(Warn, "source-restarts", "use CrashConsistent to let it run, StopFirst to lose nothing", "EC2 restarts the source to make its image")
		p.found(Warn, "later-writes-lost", "use StopFirst or TwoPass, or stop the writers before", "what the source writes after its image was made is not in the copy")
	case CrashConsistent:
		p.found(Warn, "crash-consistent", "use Reboot, StopFirst or TwoPass", "the image is as after a power cut: file systems and databases must recover at the first start")
		p.found(Warn, "later-writes-lost", "use StopFirst or TwoPass, or stop the writers before", "what the source writes after its image was made is not in the copy")
	case StopFirst, TwoPass:
		p.found(Warn, "source-stops", "", "the source is stopped for its image, and stays so: a rollback starts it again")
		if s.StopProtected {
			p.found(Stop, "stop-protected", "turn the protection off, or use Reboot", "the source may not be stopped: it is protected against that")
		}
		if s.AllocationID == "" && s.PublicIP.IsValid() {
			p.found(Warn, "source-address-lost", "give the source an Elastic IP before, if a rollback must find it at its place",
				"a source that is stopped loses its public address %s and name %s: a rollback starts it with others", s.PublicIP, s.PublicDNS)
		}
	}
}

// lookAtInstance: what of it is different in the copy?
func (p *planner) lookAtInstance() {
	s := p.plan.Source
	switch {
	case s.UserDataHash == "":
	case p.spec.UserData == OmitUserData:
		p.found(Note, "user-data-omitted", "", "the copy has no user data")
	default:
		p.found(Warn, "user-data-runs-again", "set UserData to omit if its scripts must run once only",
			"the copy has a new instance ID, for which cloud-init runs the scripts of the user data again")
	}
	if s.Profile != "" {
		p.found(Note, "profile-kept", "", "the copy has the same instance profile: IAM is global")
	}
	if s.Protected {
		p.found(Note, "protection-kept", "", "the copy is protected against termination, as the source is")
	}
	for _, what := range []struct {
		there bool
		what  string
	}{
		{s.Tenancy == string(types.TenancyHost), "dedicated host"},
		{s.PlacementGroup != "", "placement group " + s.PlacementGroup},
	} {
		if what.there {
			p.found(Warn, "not-carried", "set it on the copy by hand, or launch from the image with Keep.Images", "the copy does not have the source's %s", what.what)
		}
	}
	if p.before != nil && p.before.VCpuInfo != nil && s.CPU != "" && s.CPU != cpus(p.before.VCpuInfo) {
		p.found(Warn, "not-carried", "launch from the image with Keep.Images, if a licence counts cores", "the copy has all cores of its type, the source %s", s.CPU)
	}
}

// lookAtNetwork: the addresses are others in any case.
func (p *planner) lookAtNetwork() {
	s := p.plan.Source
	if s.Interfaces > 1 {
		p.found(Warn, "several-interfaces", "add the others by hand", "the source has %d network interfaces; the copy gets the first", s.Interfaces)
	}
	if s.SecondaryIPs > 0 {
		p.found(Warn, "secondary-addresses", "add them by hand", "the source has %d secondary private addresses; the copy gets none", s.SecondaryIPs)
	}
	if s.ElasticIPs > 1 {
		p.found(Warn, "several-addresses", "add the others by hand", "the source has %d Elastic IP addresses; the copy gets one", s.ElasticIPs)
	}
	if s.IPv6 > 0 {
		p.found(Warn, "ipv6-changes", "choose a subnet with IPv6, and switch AAAA records by hand", "the source has %d addresses of IPv6, which stay in their Region", s.IPv6)
	}
	if s.PrivateIP.IsValid() {
		p.found(Note, "private-address-changes", "look for it in configurations, host lists and firewalls", "the private address %s stays behind", s.PrivateIP)
	}
	if s.PublicIP.IsValid() || s.AllocationID != "" {
		severity, fix := Warn, "set Cutover, or switch the records by hand"
		if p.spec.Cutover != nil && len(p.spec.Cutover.Records) > 0 {
			severity, fix = Note, ""
		}
		p.found(severity, "public-address-changes", fix, "the public address %s stays in its Region: the copy has another, and DNS must follow", orNone(text(s.PublicIP)))
	}
	if s.PublicDNS != "" {
		p.found(Note, "public-name-changes", "", "the public name %s belongs to the address, and so stays behind", s.PublicDNS)
	}
}
