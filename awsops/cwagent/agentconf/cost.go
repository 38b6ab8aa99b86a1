package agentconf

import (
	"fmt"
	"time"
)

// Money is an amount in cents of US dollars.
type Money int64

// String is the amount as in "$3.60".
func (m Money) String() string {
	if m < 0 {
		return "-" + (-m).String()
	}
	return fmt.Sprintf("$%d.%02d", int64(m/100), int64(m%100))
}

// Tier is a price for a part of the metrics.
type Tier struct {
	UpTo  int   // the last metric of the account that costs this; 0 = all further ones
	Month Money // for each metric
}

// Price is what custom metrics cost.
type Price struct {
	AsOf   time.Time
	Source string
	Free   int // metrics of the account that cost nothing
	Tiers  []Tier
}

// ListPrice is the list price of us-east-1. It is unverified: it was not read from AWS, other Regions differ, and the first 10
// metrics of an account that are free are taken for used. Compare it with aws.amazon.com/cloudwatch/pricing, and give [Cost]
// your own where it matters.
func ListPrice() Price {
	return Price{
		AsOf: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Source: "list price of us-east-1, unverified",
		Tiers: []Tier{{UpTo: 10_000, Month: 30}, {UpTo: 250_000, Month: 10}, {UpTo: 1_000_000, Month: 5}, {Month: 2}},
	}
}

// Estimate is what a number of metrics costs.
type Estimate struct {
	Metrics int
	Month   Money // when all are published the whole month; AWS charges by the hour
	Price   Price
}

// Cost is what n metrics of one account cost a month. nil is [ListPrice]. Calls of the API, logs and alarms are not in it.
func Cost(n int, p *Price) Estimate {
	price := ListPrice()
	if p != nil {
		price = *p
	}
	e := Estimate{Metrics: n, Price: price}
	from := price.Free
	for _, t := range price.Tiers {
		upTo := n
		if t.UpTo > 0 {
			upTo = min(n, t.UpTo)
		}
		if upTo > from {
			e.Month += Money(upTo-from) * t.Month
			from = upTo
		}
	}
	return e
}

// String is the estimate as in "12 metrics, $3.60 a month (list price of us-east-1, unverified, 2026-11-01)".
func (e Estimate) String() string {
	return fmt.Sprintf("%d metrics, %s a month (%s, %s)", e.Metrics, e.Month, e.Price.Source, e.Price.AsOf.Format(time.DateOnly))
}
