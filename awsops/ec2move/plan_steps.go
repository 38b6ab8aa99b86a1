package ec2move

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// layOut makes the list of the steps, with those that the reducer would not pass over.
func (p *planner) layOut() {
	for _, s := range steps() {
		p.step = s.id
		if s.skip != nil && s.skip(p.move) {
			continue
		}
		step := PlannedStep{ID: s.id}
		p.describeStep(&step)
		if s.undo == nil {
			step.Undo = ""
		}
		p.plan.Steps = append(p.plan.Steps, step)
		p.plan.Duration += step.Duration
	}
	p.step = ""
	p.plan.Duration -= p.hold()
	p.plan.Downtime = p.downtime()
}

func (p *planner) describeStep(s *PlannedStep) {
	from, to := p.spec.From, p.spec.To.Region
	name := func(id StepID) string { return p.spec.name(id, "", 0) }
	call := func(format string, args ...any) { s.Calls = append(s.Calls, fmt.Sprintf(format, args...)) }
	switch s.ID {
	case StepCheck:
		s.What, s.Duration = "look whether the source is still as it was planned", takesCall
	case StepKeyPair:
		s.What, s.Duration, s.Undo = "import the public key of "+p.plan.Source.KeyName, takesCall, "delete the key pair"
		call("ImportKeyPair %s in %s", name(StepKeyPair), to)
	case StepPrefixLists:
		p.describeLists(s)
	case StepGroups:
		p.describeGroups(s)
	case StepHotImage, StepImage:
		s.What, s.Undo, s.Billed = "make an image of the source", "deregister the image, delete its snapshots", true
		s.Duration = takesImage + p.imageTime(s.ID)
		how := "which runs on"
		switch {
		case p.plan.Source.State == "stopped", s.ID == StepImage && (p.spec.Capture == StopFirst || p.spec.Capture == TwoPass):
			how = "which is stopped"
		case s.ID == StepImage && p.spec.Capture != CrashConsistent:
			how = "which EC2 restarts"
		}
		s.What += ", " + how
		call("CreateImage %s of %s in %s", name(s.ID), from.ID, from.Region)
	case StepHotCopy, StepCopy:
		s.What, s.Undo, s.Billed = fmt.Sprintf("copy %s, %d GiB, to %s", count(len(p.plan.Source.Devices), "volume"), p.gib(p.plan.Source.Devices), to), "deregister the copy, delete its snapshots", true
		s.Duration = takesImage + p.copyTime(p.share(s.ID))
		if p.spec.Within > 0 {
			s.Duration = p.spec.Within
		}
		call("CopyImage %s in %s", name(s.ID), to)
	case StepTTL:
		names := strings.Join(p.spec.Cutover.Records, ", ")
		s.What, s.Duration, s.Undo = "lower the TTL of "+names+" and wait out the old one, while the source serves", p.oldTTL(), "set the old TTLs again"
	case StepStop:
		s.What, s.Duration, s.Undo = "stop the source", takesHalt, "start the source"
		call("StopInstances %s in %s", from.ID, from.Region)
	case StepVolumes:
		p.describeVolumes(s)
	case StepLaunch:
		s.What, s.Duration, s.Undo, s.Billed = "launch the copy, a "+p.targetType()+" in "+p.place(), takesBoot, "terminate the copy", true
		var subnet string
		if fit := p.fitting(); len(fit) > 0 {
			subnet = aws.ToString(fit[0].SubnetId)
		}
		call("RunInstances %s in %s", p.token(subnet, 0), to)
	case StepAttach:
		s.What, s.Duration, s.Undo = "set on the copy what a launch cannot", takesCall, "turn the protection off, delete the volumes when the copy is terminated"
		for _, v := range p.spec.Volumes {
			call("CreateVolume of %s's copy, AttachVolume as %s", v.ID, v.Device)
		}
	case StepReady:
		s.What, s.Duration = "wait until the copy runs and passes EC2's checks", takesChecks
		if p.spec.SkipStatusChecks {
			s.What, s.Duration = "wait until the copy runs", takesBoot
		}
	case StepAddress:
		s.What, s.Duration, s.Undo, s.Billed = "give the copy an Elastic IP", 2*takesCall, "release the address", p.wantsAddress()
		if p.spec.To.Address == AddressGiven {
			s.What, s.Undo = "give the copy the Elastic IP "+p.spec.To.AllocationID, "take it from the copy"
		} else {
			call("AllocateAddress in %s", to)
		}
		call("AssociateAddress in %s", to)
	case StepCutover:
		p.describeCutover(s)
	case StepFinish:
		s.What, s.Duration = "remove the image and its copy, with their snapshots", 2*takesCall
		if p.spec.Keep.Images {
			s.What, s.Duration = "keep the image and its copy", 0
			break
		}
		images := []StepID{StepCopy, StepImage}
		if p.spec.Capture == TwoPass {
			images = []StepID{StepCopy, StepHotCopy, StepImage, StepHotImage}
		}
		for _, id := range images {
			in := from.Region
			if id == StepCopy || id == StepHotCopy {
				in = to
			}
			call("DeregisterImage %s in %s", name(id), in)
		}
	}
}

func (p *planner) describeLists(s *PlannedStep) {
	s.What, s.Duration, s.Undo = "find the prefix lists that the rules name", takesCall, "delete the prefix lists that were made"
	if len(p.lists) == 0 {
		s.What, s.Undo = "see that the rules name no prefix list", ""
	}
	for _, l := range p.lists {
		if aws.ToString(l.OwnerId) == ownerAWS {
			continue
		}
		s.What = "find or make the prefix lists that the rules name"
		s.Calls = append(s.Calls, fmt.Sprintf("CreateManagedPrefixList %s in %s", p.spec.name(StepPrefixLists, aws.ToString(l.PrefixListId), 0), p.spec.To.Region))
		for rest := l.Entries - maxEntries; rest > 0; rest -= maxEntries {
			s.Calls = append(s.Calls, fmt.Sprintf("ModifyManagedPrefixList: %d entries more", min(rest, maxEntries)))
		}
		s.Duration += time.Duration(1+l.Entries/maxEntries) * 10 * time.Second
	}
}

func (p *planner) describeGroups(s *PlannedStep) {
	s.What, s.Undo = "make "+count(len(p.groups), "security group")+" with all rules", "delete the security groups"
	for _, g := range p.groups {
		s.Calls = append(s.Calls, fmt.Sprintf("CreateSecurityGroup %s (%s) in %s", p.spec.name(StepGroups, g.ID, 0), g.Name, p.spec.To.Region))
	}
	calls := len(p.groups)
	for _, g := range p.groups {
		if n := len(g.Ingress); n > 0 {
			s.Calls = append(s.Calls, "AuthorizeSecurityGroupIngress: "+count(n, "rule")+" of "+g.Name)
			calls++
		}
		if len(missing(defaultEgress()[:1], g.Egress)) > 0 {
			s.Calls = append(s.Calls, "RevokeSecurityGroupEgress: the default rule, which "+g.Name+" has not")
			calls++
		}
		if n := len(missing(g.Egress, defaultEgress()[:1])); n > 0 {
			s.Calls = append(s.Calls, "AuthorizeSecurityGroupEgress: "+count(n, "rule")+" of "+g.Name)
			calls++
		}
	}
	s.Duration = time.Duration(calls) * takesCall
}

func (p *planner) describeVolumes(s *PlannedStep) {
	detached := p.allVolumes()[len(p.plan.Source.Devices):]
	s.What, s.Undo, s.Billed = fmt.Sprintf("carry %s over, %d GiB", count(len(detached), "detached volume"), p.gib(detached)), "delete the snapshots", true
	for _, v := range detached {
		s.Calls = append(s.Calls, "CreateSnapshot of "+v.VolumeID+" in "+p.spec.From.Region+", CopySnapshot in "+p.spec.To.Region)
		s.Duration = max(s.Duration, 2*seconds(float64(v.GiB)*1024/mibPerSecond))
	}
	s.Duration += 2 * takesImage
}

func (p *planner) describeCutover(s *PlannedStep) {
	c := p.spec.Cutover
	if c == nil {
		return
	}
	s.What, s.Undo = "switch "+strings.Join(c.Records, ", ")+" to the copy", "set the old addresses and TTLs again"
	if c.Origins {
		if len(c.Records) == 0 {
			s.What = "lead visitors to the copy"
		}
		s.What += ", repoint CloudFront"
	}
	s.Duration = 3 * 10 * time.Second
	first := ""
	if !p.early() {
		s.Duration += p.oldTTL()
		first = "lower the TTL and wait out the old one, "
	}
	for _, r := range c.Records {
		s.Calls = append(s.Calls, r+": "+first+"check the copy, set its address")
	}
	s.Duration += p.hold()
}

func (p *planner) place() string {
	if fit := p.fitting(); len(fit) > 0 {
		return aws.ToString(fit[0].SubnetId) + ", " + aws.ToString(fit[0].AvailabilityZone)
	}
	return p.spec.To.Region
}

func (p *planner) gib(of []Device) (sum int32) {
	for _, d := range of {
		sum += d.GiB
	}
	return sum
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
