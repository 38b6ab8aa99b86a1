package ec2movetest

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Counts is how many there are of each kind. The groups "default" and AWS's prefix lists do not count.
type Counts struct {
	Instances, Images, Snapshots, Volumes, Groups, KeyPairs, PrefixLists, Addresses int
}

// Count is what is there in a Region, whether Describe shows it yet or not. Terminated instances do not count.
func (c *Cloud) Count(name string) Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	r := c.region(name)
	n := Counts{
		Images: len(r.images.all), Snapshots: len(r.snapshots.all), Volumes: len(r.volumes.all), KeyPairs: len(r.pairs.all), Addresses: len(r.addresses.all),
	}
	for _, x := range r.instances.all {
		if x.state != "terminated" && x.state != "shutting-down" {
			n.Instances++
		}
	}
	for _, g := range r.groups.all {
		if g.name != "default" {
			n.Groups++
		}
	}
	for _, l := range r.lists.all {
		if l.owner != "AWS" {
			n.PrefixLists++
		}
	}
	return n
}

// Made is how many calls have made in a Region, ever, whatever became of it. What the World put there does not count.
func (c *Cloud) Made(name string) Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.region(name)
	return Counts{
		Instances: r.instances.made, Images: r.images.made, Snapshots: r.snapshots.made, Volumes: r.volumes.made, Groups: r.groups.made,
		KeyPairs: r.pairs.made, PrefixLists: r.lists.made, Addresses: r.addresses.made,
	}
}

// list is what Describe would show of a store, without lag.
func list[T resource, D any](c *Cloud, name string, of func(*region) (*store[T], func(T) D)) []D {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	all, describe := of(c.region(name))
	var out []D
	for _, x := range all.all {
		out = append(out, describe(x))
	}
	return out
}

// Instances are all of a Region, as Describe shows them but without lag. So are the other lists.
func (c *Cloud) Instances(name string) []types.Instance {
	return list(c, name, func(r *region) (*store[*instance], func(*instance) types.Instance) { return &r.instances, r.describe })
}

// Images are all of a Region.
func (c *Cloud) Images(name string) []types.Image {
	return list(c, name, func(r *region) (*store[*image], func(*image) types.Image) {
		return &r.images, func(im *image) types.Image { return im.describe(r) }
	})
}

// Snapshots are all of a Region.
func (c *Cloud) Snapshots(name string) []types.Snapshot {
	return list(c, name, func(r *region) (*store[*snapshot], func(*snapshot) types.Snapshot) {
		return &r.snapshots, func(s *snapshot) types.Snapshot { return s.describe(r) }
	})
}

// Volumes are all of a Region.
func (c *Cloud) Volumes(name string) []types.Volume {
	return list(c, name, func(r *region) (*store[*volume], func(*volume) types.Volume) {
		return &r.volumes, func(v *volume) types.Volume { return v.describe(r) }
	})
}

// Groups are all of a Region, "default" among them.
func (c *Cloud) Groups(name string) []types.SecurityGroup {
	return list(c, name, func(r *region) (*store[*group], func(*group) types.SecurityGroup) { return &r.groups, r.describeGroup })
}

// KeyPairs are all of a Region, with their public keys.
func (c *Cloud) KeyPairs(name string) []types.KeyPairInfo {
	return list(c, name, func(r *region) (*store[*keyPair], func(*keyPair) types.KeyPairInfo) {
		return &r.pairs, func(k *keyPair) types.KeyPairInfo { return k.describe(true) }
	})
}

// PrefixLists are all of a Region, those of AWS among them.
func (c *Cloud) PrefixLists(name string) []types.ManagedPrefixList {
	return list(c, name, func(r *region) (*store[*prefixList], func(*prefixList) types.ManagedPrefixList) {
		return &r.lists, func(l *prefixList) types.ManagedPrefixList { return *l.describe(r) }
	})
}

// Addresses are the Elastic IP addresses of a Region.
func (c *Cloud) Addresses(name string) []types.Address {
	return list(c, name, func(r *region) (*store[*address], func(*address) types.Address) {
		return &r.addresses.store, r.describeAddress
	})
}

// UserData is that of an instance, in base64 as EC2 keeps it; empty if there is none.
func (c *Cloud) UserData(name, instance string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x, ok := c.region(name).instances.find(instance); ok {
		return x.userData
	}
	return ""
}

// Reboots is how often the making of an image has restarted an instance.
func (c *Cloud) Reboots(name, instance string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x, ok := c.region(name).instances.find(instance); ok {
		return x.reboots
	}
	return 0
}

// Copying is how many snapshots are being copied to a Region now, and the most that ever were at once.
func (c *Cloud) Copying(name string) (now, most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	return c.copies(name), c.busiest[name]
}

// NoCapacity refuses launches of a type in a zone, so many times; below 0 = always. zone ("us-east-1a") and typ may be
// empty for any.
func (c *Cloud) NoCapacity(name, zone, typ string, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.region(name)
	r.shortages = append(r.shortages, &shortage{zone, typ, times})
}

// BreakNextImage lets the next image that is made or copied to a Region come to a state from which nothing comes any more,
// with a reason.
func (c *Cloud) BreakNextImage(name string, state types.ImageState, code, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.region(name).breaks = &types.Image{State: state, StateReason: &types.StateReason{Code: aws.String(code), Message: aws.String(message)}}
}

// Impair lets the status checks of an instance fail, or pass again.
func (c *Cloud) Impair(name, instance string, impaired bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x, ok := c.region(name).instances.find(instance); ok {
		x.impaired = impaired
	}
}

// Write lets an instance's volume have so many more MiB written, as far as it goes.
func (c *Cloud) Write(name, volume string, mibs int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.region(name).volumes.find(volume); ok {
		v.used = min(v.used+mibs*mib, int64(v.gib)<<30)
	}
}

// Regions are those that have been looked at, or were in the World.
func (c *Cloud) Regions() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(sortedKeys(c.regions))
}
