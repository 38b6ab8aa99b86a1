package ec2movetest

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
)

// Options are the beginnings of a [Cloud]. nil and the zero value are an empty account with EC2's default quotas.
type Options struct {
	// World is what is there at the beginning; nil = nothing but the default VPC of each Region. See [Cloud.Add].
	World *World
	// Clock is the fake's time; nil = one that starts on 2026-11-02 at 09:00 UTC.
	Clock *awsopstest.Clock

	// Lag is how many Describe calls do not show a new resource that they should: by ID they answer "not found", by filter
	// and by tag nothing. Each resource counts for itself. 0 = it is seen at once.
	Lag int
	// WriteLag is how many calls that name a new resource, other than Describe, do not know it. 0 = it is known at once.
	WriteLag int
	// PageSize is the most that one answer lists, where the call has pages, even if none are asked for; 0 = as EC2: all.
	PageSize int

	Boot         time.Duration // pending to running; default 20 s, below 0 = none
	Halt         time.Duration // stopping to stopped, shutting-down to terminated; default 30 s, below 0 = none
	StatusChecks time.Duration // running to passed; default 2 min, below 0 = none
	Setup        time.Duration // of a snapshot or copy before its first byte moves; default 30 s, below 0 = none

	SnapshotMiB int     // per second, of a snapshot within its Region; default 500. EC2 names no number
	CopyMiB     int     // per second, of one copy to another Region; default 500
	PairMiB     int     // per second, of all copies between two Regions; default 2000
	Changed     float64 // the share of a volume that is written between two snapshots of it; default 0.05, below 0 = none

	SnapshotCopies int           // at once per destination Region; default 20
	Addresses      int           // Elastic IP addresses per Region; default 5
	NameHold       time.Duration // how long the name of a deregistered image stays taken; default none

	RulesPerGroup      int // each of in and out; default 60
	GroupsPerInterface int // default 5
	VCPUs              int // of running instances per Region; default 64. EC2 has other numbers for each family
}

// Cloud is an account in all Regions of the three partitions, safe for concurrent use. The embedded Script plants faults at
// a call in whatever Region; see [Cloud.In] for one Region.
type Cloud struct {
	awsopstest.Script

	opts  Options
	clock *awsopstest.Clock

	mu         sync.Mutex
	account    string
	at         time.Time // until when everything has been settled
	regions    map[string]*region
	serial     map[string]int
	jobs       []*job
	profiles   map[string]*iamProfile
	subscribed []string
	meter      Meter
	busiest    map[string]int
}

// New makes an account. It panics when opts.World is none that [Cloud.Add] takes.
func New(opts *Options) *Cloud {
	o := *cmp.Or(opts, &Options{})
	defaults(&o)
	c := &Cloud{
		opts: o, clock: o.Clock, account: "123456789012",
		regions: map[string]*region{}, serial: map[string]int{}, busiest: map[string]int{},
		profiles: map[string]*iamProfile{},
	}
	c.at = c.clock.Now()
	if o.World != nil {
		if err := c.Add(*o.World); err != nil {
			panic(err)
		}
	}
	return c
}

func defaults(o *Options) {
	if o.Clock == nil {
		o.Clock = &awsopstest.Clock{}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&o.Boot, 20 * time.Second}, {&o.Halt, 30 * time.Second}, {&o.StatusChecks, 2 * time.Minute}, {&o.Setup, 30 * time.Second}} {
		*d.field = max(cmp.Or(*d.field, d.value), 0)
	}
	for _, d := range []struct {
		field *int
		value int
	}{
		{&o.SnapshotMiB, 500},
		{&o.CopyMiB, 500},
		{&o.PairMiB, 2000},
		{&o.SnapshotCopies, 20},
		{&o.Addresses, 5},
		{&o.RulesPerGroup, 60},
		{&o.GroupsPerInterface, 5},
		{&o.VCPUs, 64},
	} {
		*d.field = cmp.Or(*d.field, d.value)
	}
	o.Changed = min(max(cmp.Or(o.Changed, 0.05), 0), 1)
}

// Clock is the fake's time.
func (c *Cloud) Clock() *awsopstest.Clock { return c.clock }

// Config is a configuration that reaches this account, on its clock: where a client waits, no time passes.
func (c *Cloud) Config() ec2move.Config { return ec2move.Config{API: c.Region, Clock: c.clock} }

// Region is EC2 in a Region.
func (c *Cloud) Region(name string) ec2move.API {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.region(name)
}

// In plants faults at calls in one Region. A fault of the Cloud's own Script goes first.
func (c *Cloud) In(name string) *awsopstest.Script {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &c.region(name).script
}

// region is called with the lock.
func (c *Cloud) region(name string) *region {
	r, ok := c.regions[name]
	if !ok {
		r = newRegion(c, name)
		c.regions[name] = r
	}
	return r
}

// id makes an ID that is the same in every run: of the how-manyth resource of its kind in its Region.
func (c *Cloud) id(prefix, region string) string {
	key := region + "/" + prefix
	c.serial[key]++
	return prefix + "-0" + hexOf(key, c.serial[key])[:16]
}

func (c *Cloud) arn(service, region, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition(region), service, region, c.account, resource)
}
