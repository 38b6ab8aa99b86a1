package vultr

import (
	"cmp"
	"context"
	"fmt"
)

// Estimate is what something would cost in US dollars, as far as the platform tells before it is bought. There is no
// table of prices in this package.
type Estimate struct {
	Known      bool    // false: the platform names no price for it, and MonthlyUSD is 0
	MonthlyUSD float64 // without tax
	Basis      string  // where the figure comes from, or why there is none
}

func (e Estimate) String() string {
	if !e.Known {
		return "price not known: " + e.Basis
	}
	return fmt.Sprintf("$%.2f a month (%s)", e.MonthlyUSD, e.Basis)
}

// Monthly is what a tier costs with so many GB stored and egress within what is included.
func (t Tier) Monthly(gb int) float64 {
	return t.MonthlyUSD + float64(max(gb-includedGB, 0))*t.DiskGBUSD
}

// Estimate is the price of a volume, from what volumes of the account of the same type cost for each GB, of the same
// region if there is one. The platform has no price list for block storage in its API; without a volume to go by the
// price is not known.
func (b *Blocks) Estimate(ctx context.Context, spec BlockSpec) (Estimate, error) {
	var like Block
	for there, err := range b.List(ctx, nil) {
		if err != nil {
			return Estimate{}, err
		}
		if there.SizeGB <= 0 || there.CostUSD <= 0 || there.Type != spec.kind() {
			continue
		}
		if like.ID == "" || like.Region != spec.Region && there.Region == spec.Region {
			like = there
		}
	}
	if like.ID == "" {
		return Estimate{Basis: fmt.Sprintf("the API has no price list, and the account has no %s volume to go by", spec.kind())}, nil
	}
	return perGB(like.CostUSD, like.SizeGB, spec.SizeGB, fmt.Sprintf("volume %s in %s", cmp.Or(like.Label, string(like.ID)), like.Region)), nil
}

// Estimate is the price of a file system, as [Blocks.Estimate].
func (f *FileSystems) Estimate(ctx context.Context, spec FileSystemSpec) (Estimate, error) {
	var like FileSystem
	for there, err := range f.List(ctx, nil) {
		if err != nil {
			return Estimate{}, err
		}
		if there.SizeGB <= 0 || there.MonthlyUSD <= 0 {
			continue
		}
		if like.ID == "" || like.Region != spec.Region && there.Region == spec.Region {
			like = there
		}
	}
	if like.ID == "" {
		return Estimate{Basis: "the API has no price list, and the account has no file system to go by"}, nil
	}
	return perGB(like.MonthlyUSD, like.SizeGB, spec.SizeGB, fmt.Sprintf("file system %s in %s", cmp.Or(like.Label, string(like.ID)), like.Region)), nil
}

func perGB(cost float64, size, gb int, what string) Estimate {
	return Estimate{
		Known: true, MonthlyUSD: cost / float64(size) * float64(gb),
		Basis: fmt.Sprintf("as the %s, $%.2f for %d GB", what, cost, size),
	}
}

// Estimate is the price of an object storage with so many GB in it, from the platform's own list of tiers at this moment.
// A tier that the list does not have is a price that is not known, and no error.
func (o *Objects) Estimate(ctx context.Context, spec ObjectSpec, storedGB int) (Estimate, error) {
	tiers, err := o.Tiers(ctx)
	if err != nil {
		return Estimate{}, err
	}
	for _, t := range tiers {
		if t.ID == spec.Tier {
			return Estimate{Known: true, MonthlyUSD: t.Monthly(storedGB), Basis: fmt.Sprintf(
				"tier %s: $%.2f flat with %d GB, then $%.3f for each GB stored and $%.3f for each GB sent", cmp.Or(t.Name, string(t.ID)), t.MonthlyUSD, includedGB, t.DiskGBUSD, t.EgressUSD,
			)}, nil
		}
	}
	return Estimate{Basis: fmt.Sprintf("the API lists no tier %s", spec.Tier)}, nil
}

// Estimate says that the price of a gateway is not known: the API names it nowhere before the purchase. Afterwards
// [Gateway].PendingChargesUSD grows.
func (g *Gateways) Estimate(context.Context, GatewaySpec) (Estimate, error) {
	return Estimate{Basis: "the API names no price of gateways; see the customer portal before you buy"}, nil
}
