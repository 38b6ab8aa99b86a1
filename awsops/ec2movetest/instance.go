package ec2movetest

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type instance struct {
	meta

	typ             instanceType
	state           string
	until           time.Time // of a state that passes
	since           time.Time // when it began to run, or was restarted
	metered         time.Time // until when its hours are counted
	launched        time.Time
	reservation     string
	imageID         string
	clientToken     string
	root            string
	instanceStore   bool
	platform        string
	bootMode        string
	tpm             string
	ena             bool
	productCodes    []string
	subnet          *subnet
	zone            string
	eni             string
	attachment      string
	groups          []string
	private         netip.Addr
	public          netip.Addr // of its own; an Elastic IP address goes before it
	wantsPublic     bool
	publicSince     time.Time
	keyName         string
	userData        string // base64
	ebsOptimized    bool
	monitoring      bool
	credits         string
	metadata        types.InstanceMetadataOptionsResponse
	protected       bool
	stopProtected   bool
	shutdown        string
	sourceDestCheck bool
	privateDNS      types.PrivateDnsNameOptionsResponse
	interfaces      int
	ipv6            []string
	devices         []device
	reboots         int
	reason          string
	impaired        bool // its status checks fail
}

type device struct {
	name, volume        string
	deleteOnTermination bool
	at                  time.Time
}

func stateCode(name string) int32 {
	return map[string]int32{"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}[name]
}

func instanceState(name string) *types.InstanceState {
	return &types.InstanceState{Code: aws.Int32(stateCode(name)), Name: types.InstanceStateName(name)}
}

// settleInstance ends what has lasted long enough. A terminated instance is seen for an hour.
func (r *region) settleInstance(in *instance) {
	if in.until.IsZero() || r.now().Before(in.until) {
		return
	}
	at := in.until
	in.until = time.Time{}
	switch in.state {
	case "pending":
		in.state, in.since, in.metered = "running", at, at
	case "stopping":
		in.state = "stopped"
	case "shutting-down":
		in.state = "terminated"
		r.bury(in)
		in.until = at.Add(time.Hour)
	case "terminated":
		r.instances.remove(in.id)
	}
}

// bury frees what a terminated instance had.
func (r *region) bury(in *instance) {
	for _, d := range slices.Clone(in.devices) {
		if v, ok := r.volumes.find(d.volume); ok {
			r.detach(v, in.id)
			if d.deleteOnTermination {
				r.volumes.remove(v.id)
			}
		}
	}
	in.devices = nil
	r.addresses.free(in.id)
	r.associations.all = slices.DeleteFunc(r.associations.all, func(a *association) bool { return a.instance == in.id })
}

// halt ends the hours of an instance, and gives up its public address.
func (r *region) halt(in *instance) {
	r.cloud.meter.ran(r, in)
	if in.public.IsValid() {
		r.cloud.meter.addressed(r.now().Sub(in.publicSince))
		in.public = netip.Addr{}
	}
}

func (r *region) changes(ids []string, change func(*instance) error) ([]types.InstanceStateChange, error) {
	if len(ids) == 0 {
		return nil, missing("InstanceId")
	}
	var all []*instance
	for _, id := range ids {
		in, err := r.instances.use("InstanceId", aws.String(id))
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	var out []types.InstanceStateChange
	for _, in := range all {
		was := in.state
		if err := change(in); err != nil {
			return nil, err
		}
		out = append(out, types.InstanceStateChange{InstanceId: aws.String(in.id), PreviousState: instanceState(was), CurrentState: instanceState(in.state)})
	}
	return out, nil
}

func (r *region) stopInstances(in *ec2.StopInstancesInput) (*ec2.StopInstancesOutput, error) {
	list, err := r.changes(in.InstanceIds, func(in *instance) error {
		switch {
		case in.instanceStore:
			return refuse("UnsupportedOperation", "The instance '%s' does not have an 'ebs' root device type and cannot be stopped", in.id)
		case in.state == "stopped", in.state == "stopping":
			return nil
		case in.state != "running":
			return refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be stopped.", in.id)
		case in.stopProtected:
			return refuse("OperationNotPermitted", "The instance '%s' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.", in.id)
		}
		r.halt(in)
		in.state, in.until, in.reason = "stopping", r.now().Add(r.cloud.opts.Halt), "User initiated"
		return nil
	})
	return &ec2.StopInstancesOutput{StoppingInstances: list}, err
}

func (r *region) startInstances(in *ec2.StartInstancesInput) (*ec2.StartInstancesOutput, error) {
	list, err := r.changes(in.InstanceIds, func(in *instance) error {
		switch in.state {
		case "running", "pending":
			return nil
		case "stopped":
		default:
			return refuse("IncorrectInstanceState", "The instance '%s' is not in a state from which it can be started.", in.id)
		}
		if err := r.room(in.typ, in.zone); err != nil {
			return err
		}
		in.state, in.until, in.reason = "pending", r.now().Add(r.cloud.opts.Boot), ""
		in.launched = r.now()
		r.givePublic(in)
		return nil
	})
	return &ec2.StartInstancesOutput{StartingInstances: list}, err
}

func (r *region) terminateInstances(in *ec2.TerminateInstancesInput) (*ec2.TerminateInstancesOutput, error) {
	list, err := r.changes(in.InstanceIds, func(in *instance) error {
		switch {
		case in.state == "shutting-down", in.state == "terminated":
			return nil
		case in.protected:
			return refuse("OperationNotPermitted", "The instance '%s' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.", in.id)
		}
		if in.state == "running" {
			r.halt(in)
		}
		in.state, in.until, in.reason = "shutting-down", r.now().Add(r.cloud.opts.Halt), "User initiated"
		return nil
	})
	return &ec2.TerminateInstancesOutput{TerminatingInstances: list}, err
}

// givePublic gives an instance that has no Elastic IP address one of its own, another than before.
func (r *region) givePublic(in *instance) {
	if in.wantsPublic && r.addresses.of(in.id) == nil {
		in.public, in.publicSince = r.publicIP(), r.now()
	}
}

// room refuses what quota or capacity do not allow.
func (r *region) room(typ instanceType, zone string) error {
	used := 0
	for _, in := range r.instances.all {
		if in.state == "running" || in.state == "pending" {
			used += typ2vcpus(in)
		}
	}
	if used+int(typ.vcpus) > r.cloud.opts.VCPUs {
		return refuse("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of %d allows for the instance bucket that the specified instance type belongs to.", r.cloud.opts.VCPUs)
	}
	for _, s := range r.shortages {
		if s.left != 0 && (s.zone == "" || s.zone == zone) && (s.typ == "" || s.typ == typ.name) {
			s.left--
			return refuse("InsufficientInstanceCapacity", "We currently do not have sufficient %s capacity in the Availability Zone you requested (%s).", typ.name, zone)
		}
	}
	return nil
}

func typ2vcpus(in *instance) int { return int(in.typ.vcpus) }

// address is what the world sees of an instance.
func (r *region) publicOf(in *instance) (ip netip.Addr, dns string) {
	ip = in.public
	if a := r.addresses.of(in.id); a != nil {
		ip = a.ip
	}
	if !ip.IsValid() {
		return ip, ""
	}
	if v, ok := r.vpcs.find(in.subnet.vpc); ok && v.dnsNames {
		dns = r.dnsName(ip)
	}
	return ip, dns
}

func (r *region) dnsName(ip netip.Addr) string {
	host := "ec2-" + strings.ReplaceAll(ip.String(), ".", "-") + "."
	switch {
	case r.name == "us-east-1":
		return host + "compute-1.amazonaws.com"
	case partition(r.name) == "aws-cn":
		return host + r.name + ".compute.amazonaws.com.cn"
	}
	return host + r.name + ".compute.amazonaws.com"
}

func (r *region) privateName(in *instance) string {
	host := "ip-" + strings.ReplaceAll(in.private.String(), ".", "-")
	if in.privateDNS.HostnameType == types.HostnameTypeResourceName {
		host = in.id
	}
	if r.name == "us-east-1" {
		return host + ".ec2.internal"
	}
	return host + "." + r.name + ".compute.internal"
}
