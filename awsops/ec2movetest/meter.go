package ec2movetest

import (
	"maps"
	"time"
)

// Meter is what an account has used: the quantities that EC2 bills.
type Meter struct {
	InstanceHours map[string]float64 // by Region and type: "eu-central-1 t3.micro"
	AddressHours  float64            // of public IPv4 addresses, whoever's
	TransferGiB   map[string]float64 // between Regions: "eu-central-1 us-east-1"
	TimedGiB      float64            // of that, by time-based copies
	Refused       int                // copies that were one too many at once
}

// Meter is what has been used so far.
func (c *Cloud) Meter() Meter {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	m := c.meter
	m.InstanceHours, m.TransferGiB = map[string]float64{}, map[string]float64{}
	maps.Copy(m.InstanceHours, c.meter.InstanceHours)
	maps.Copy(m.TransferGiB, c.meter.TransferGiB)
	for _, r := range c.regions {
		for _, x := range r.instances.all {
			m.add(r, x)
			if x.public.IsValid() {
				m.addressed(c.at.Sub(x.publicSince))
			}
		}
		for _, a := range r.addresses.all {
			m.addressed(c.at.Sub(a.metered))
		}
	}
	return m
}

// add counts the hours of an instance that have not been counted.
func (m *Meter) add(r *region, x *instance) {
	if x.state != "running" {
		return
	}
	if m.InstanceHours == nil {
		m.InstanceHours = map[string]float64{}
	}
	m.InstanceHours[r.name+" "+x.typ.name] += r.now().Sub(x.metered).Hours()
}

// ran counts the hours of an instance that ends.
func (m *Meter) ran(r *region, x *instance) {
	m.add(r, x)
	x.metered = r.now()
}

func (m *Meter) addressed(d time.Duration) { m.AddressHours += d.Hours() }

func (m *Meter) carried(j *job) {
	if j.from == j.to {
		return
	}
	if m.TransferGiB == nil {
		m.TransferGiB = map[string]float64{}
	}
	gib := j.total / (1 << 30)
	m.TransferGiB[j.from+" "+j.to] += gib
	if j.within > 0 {
		m.TimedGiB += gib
	}
}
