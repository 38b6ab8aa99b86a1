package ec2move

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

const monthHours = 730 // of AWS's monthly prices

// reckon makes the estimate.
func (p *planner) reckon() {
	book := p.c.cfg.Prices
	if book == nil {
		book = Prices()
	}
	b := &bill{book: book, cost: Cost{Date: book.Date()}}
	s, from, to := p.plan.Source, p.spec.From.Region, p.spec.To.Region
	volumes := p.allVolumes()
	gib := float64(p.gib(volumes))
	carried := gib
	if p.spec.Capture == TwoPass {
		carried += changes * float64(p.gib(s.Devices))
	}
	months := math.Max(p.plan.Duration.Hours()+p.hold().Hours(), 1) / monthHours
	for _, in := range []string{from, to} {
		if p.spec.Keep.Images {
			b.add(true, in, PriceSnapshot, "", "snapshots in "+in+", kept", gib, "GiB-month")
		} else {
			b.add(false, in, PriceSnapshot, "", "snapshots in "+in+" while the move lasts", gib*months, "GiB-month")
		}
	}
	if from != to {
		b.add(false, from, PriceTransfer, to, "transfer from "+from+" to "+to+", at most", carried, "GiB")
	}
	if p.spec.Within > 0 {
		b.add(false, to, PriceTimed, "", "time-based copy, at most", carried, "GiB")
	}
	if hold := p.hold(); hold > 0 && s.State == "running" {
		b.instance(false, to, p.targetType(), s.Platform, "both instances while the move holds", hold.Hours())
	}
	b.instance(true, to, p.targetType(), s.Platform, "the copy, "+p.targetType(), monthHours)
	for _, kind := range kinds(volumes) {
		var sum float64
		for _, v := range volumes {
			if v.Type == kind {
				sum += float64(v.GiB)
			}
		}
		b.add(true, to, PriceVolume, kind, kind+" volumes of the copy, without IOPS and throughput", sum, "GiB-month")
	}
	if p.wantsAddress() || p.spec.To.Address == AddressGiven || s.PublicIP.IsValid() {
		b.add(true, to, PriceAddress, "", "public IPv4 address of the copy", monthHours, "hour")
	}
	if s.State == "running" && p.spec.Capture != StopFirst && p.spec.Capture != TwoPass {
		b.instance(true, from, s.Type, s.Platform, "the source, until you end it", monthHours)
	}
	slices.Sort(b.cost.Missing)
	p.plan.Cost = b.cost
}

func kinds(volumes []Device) []string {
	var out []string
	for _, v := range volumes {
		out = append(out, v.Type)
	}
	slices.SortFunc(out, cmp.Compare[string])
	return slices.Compact(out)
}

// bill collects lines, and what has no price.
type bill struct {
	book PriceBook
	cost Cost
}

func (b *bill) add(monthly bool, region string, item PriceItem, detail, what string, quantity float64, unit string) {
	price, ok := b.book.Price(region, item, detail)
	if !ok {
		missing := strings.TrimSpace(string(item) + " " + detail)
		b.cost.Missing = append(b.cost.Missing, missing+" in "+region)
		return
	}
	line := CostLine{What: what, Quantity: round(quantity), Unit: unit, Price: price, Amount: round(quantity * price), Monthly: monthly}
	b.cost.Lines = append(b.cost.Lines, line)
	if monthly {
		b.cost.Monthly = round(b.cost.Monthly + line.Amount)
	} else {
		b.cost.Once = round(b.cost.Once + line.Amount)
	}
}

// instance is hours of a type. The static table has those of Linux alone.
func (b *bill) instance(monthly bool, region, name, platform, what string, hours float64) {
	detail := name
	if platform != "" && platform != "Linux/UNIX" {
		detail += " " + platform
	}
	b.add(monthly, region, PriceInstance, detail, what, hours, "hour")
}

// round keeps tenths of a cent.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }
