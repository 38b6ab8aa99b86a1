package ec2move

import (
	"maps"
	"strings"
)

// Prices is the book that a plan reckons with when Config.Prices is nil: on-demand prices in US dollars of seven Regions and
// the usual types on Linux, written down in 2026-11 and NOT held against AWS's price list, so its Date says so. They give the
// order of magnitude. What is not in it is listed in Cost.Missing and never guessed. Compare aws.amazon.com/ec2/pricing, or put
// the Price List API behind a [PriceBook].
func Prices() PriceBook {
	return priceTable{date: "2026-11, not verified", regions: regionPrices(), types: typePrices()}
}

type priceTable struct {
	date    string
	regions map[string]regionPrice
	types   map[string]float64
}

// regionPrice is what a Region asks: per GiB-month of snapshots and volumes, per GiB that leaves for another Region, and how
// much more than in us-east-1 an instance costs, by the first letter of its family.
type regionPrice struct {
	snapshot, gp2, gp3, io, st1, sc1, magnetic, out float64
	burst, general, compute, memory                 float64
}

// Every number here is unverified: see Prices.
func regionPrices() map[string]regionPrice {
	base := regionPrice{
		snapshot: 0.05, gp2: 0.10, gp3: 0.08, io: 0.125, st1: 0.045, sc1: 0.015, magnetic: 0.05, out: 0.02, burst: 1, general: 1, compute: 1, memory: 1,
	}
	return map[string]regionPrice{
		"us-east-1": base, "us-east-2": base, "us-west-2": base,
		"eu-west-1": {
			snapshot: 0.05, gp2: 0.11, gp3: 0.088, io: 0.138, st1: 0.05, sc1: 0.0168, magnetic: 0.055, out: 0.02, burst: 1.096, general: 1.115, compute: 1.129, memory: 1.119,
		},
		"eu-central-1": {
			snapshot: 0.054, gp2: 0.119, gp3: 0.0952, io: 0.149, st1: 0.054, sc1: 0.018, magnetic: 0.059, out: 0.02, burst: 1.154, general: 1.198, compute: 1.141, memory: 1.206,
		},
		"ap-southeast-1": {
			snapshot: 0.05, gp2: 0.12, gp3: 0.096, io: 0.138, st1: 0.054, sc1: 0.018, magnetic: 0.08, out: 0.09, burst: 1.269, general: 1.25, compute: 1.153, memory: 1.206,
		},
		"ap-northeast-1": {
			snapshot: 0.05, gp2: 0.12, gp3: 0.096, io: 0.142, st1: 0.054, sc1: 0.018, magnetic: 0.08, out: 0.09, burst: 1.308, general: 1.292, compute: 1.259, memory: 1.206,
		},
	}
}

// typePrices are dollars an hour in us-east-1 for Linux. Every number is unverified: see Prices.
func typePrices() map[string]float64 {
	out := map[string]float64{}
	for family, nano := range map[string]float64{"t3": 0.0052, "t3a": 0.0047, "t4g": 0.0042} {
		for size, times := range map[string]float64{"nano": 1, "micro": 2, "small": 4, "medium": 8, "large": 16, "xlarge": 32, "2xlarge": 64} {
			out[family+"."+size] = nano * times
		}
	}
	maps.Copy(out, map[string]float64{"t2.nano": 0.0058, "t2.micro": 0.0116, "t2.small": 0.023, "t2.medium": 0.0464, "t2.large": 0.0928, "t2.xlarge": 0.1856, "t2.2xlarge": 0.3712})
	for family, large := range map[string]float64{
		"m5": 0.096, "m5a": 0.086, "m6i": 0.096, "m6a": 0.0864, "m6g": 0.077, "m7i": 0.1008, "m7g": 0.0816,
		"c5": 0.085, "c6i": 0.085, "c6a": 0.0765, "c6g": 0.068, "c7i": 0.08925, "c7g": 0.0725,
		"r5": 0.126, "r6i": 0.126, "r6g": 0.1008, "r7i": 0.1323, "r7g": 0.1071,
	} {
		for size, times := range map[string]float64{"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "8xlarge": 16} {
			out[family+"."+size] = large * times
		}
	}
	return out
}

// Date is when the prices were written down.
func (t priceTable) Date() string { return t.date }

// Price is one of the table, false for what it does not have.
func (t priceTable) Price(region string, item PriceItem, detail string) (float64, bool) {
	r, ok := t.regions[region]
	if !ok {
		return 0, false
	}
	switch item {
	case PriceSnapshot:
		return r.snapshot, true
	case PriceTransfer:
		if strings.HasPrefix(region, "us-east-") && strings.HasPrefix(detail, "us-east-") {
			return 0.01, true
		}
		return r.out, true
	case PriceTimed: // by field reports of 2024-12, for 15 minutes; longer ones cost less
		return 0.02, true
	case PriceAddress:
		return 0.005, true
	case PriceVolume:
		price, ok := map[string]float64{"gp2": r.gp2, "gp3": r.gp3, "io1": r.io, "io2": r.io, "st1": r.st1, "sc1": r.sc1, "standard": r.magnetic}[detail]
		return price, ok
	case PriceInstance:
		price, ok := t.types[detail]
		return price * map[byte]float64{'t': r.burst, 'm': r.general, 'c': r.compute, 'r': r.memory}[append([]byte(detail), 0)[0]], ok
	}
	return 0, false
}
