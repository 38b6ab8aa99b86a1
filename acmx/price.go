package acmx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Money is an amount in cents of US dollars.
type Money int64

// Dollars is whole dollars as Money.
func Dollars(n int64) Money { return Money(n * 100) }

// String is the amount as in "$79.00".
func (m Money) String() string {
	if m < 0 {
		return "-" + (-m).String()
	}
	return fmt.Sprintf("$%d.%02d", int64(m/100), int64(m%100))
}

// PriceTable is what exportable certificates cost from a day on. Others are free.
type PriceTable struct {
	From     time.Time // the first day
	Name     Money     // each name that is no wildcard, at issue and at each renewal
	Wildcard Money     // each wildcard
	Days     int       // how long a certificate is valid
	Renew    int       // days before its end at which ACM renews it
	Source   string
}

func (p PriceTable) check() error {
	if p.Name < 0 || p.Wildcard < 0 || p.Days <= 0 || p.Renew < 0 || p.Renew >= p.Days {
		return errors.New("want amounts not below zero, Days above zero, and Renew below Days")
	}
	return nil
}

// Prices are the tables that are known. The newer numbers are those of third parties that quote AWS, and one source says
// that renewal begins 60 days before the end and not 45: compare with aws.amazon.com/certificate-manager/pricing before
// relying on them, and set Config.Prices where they differ. Read 2026-11.
func Prices() []PriceTable {
	return []PriceTable{
		{From: time.Date(2025, 6, 17, 0, 0, 0, 0, time.UTC), Name: Dollars(15), Wildcard: Dollars(149), Days: 395, Renew: 60, Source: "AWS, until 2026-02-17"},
		{From: time.Date(2026, 2, 18, 0, 0, 0, 0, time.UTC), Name: Dollars(7), Wildcard: Dollars(79), Days: 198, Renew: 45, Source: "third parties that quote AWS, read 2026-11"},
	}
}

// Cost is an estimate: how much, and how often again.
type Cost struct {
	Names, Wildcards int   // in the certificate
	Issue            Money // once, when it is issued
	Renewal          Money // at each renewal
	RenewEvery       time.Duration
	Table            PriceTable // zero for what is free
}

// PerYear is what a year of renewals costs.
func (c Cost) PerYear() Money {
	if c.RenewEvery <= 0 {
		return 0
	}
	return Money(float64(c.Renewal) * float64(365*24*time.Hour) / float64(c.RenewEvery))
}

// String is the estimate as a sentence.
func (c Cost) String() string {
	if c.Issue == 0 && c.Renewal == 0 {
		return "free"
	}
	var parts []string
	if c.Names > 0 {
		parts = append(parts, fmt.Sprintf("%d × %s", c.Names, c.Table.Name))
	}
	if c.Wildcards > 0 {
		parts = append(parts, fmt.Sprintf("%d wildcard × %s", c.Wildcards, c.Table.Wildcard))
	}
	return fmt.Sprintf("%s now (%s), the same about every %d days when ACM renews it, %s a year; prices of %s: %s",
		c.Issue, strings.Join(parts, " + "), int(c.RenewEvery/(24*time.Hour)), c.PerYear(), c.Table.From.Format(time.DateOnly), c.Table.Source)
}

// EstimateOptions is what [Spec.Estimate] may be told.
type EstimateOptions struct {
	At     time.Time    // default: now
	Prices []PriceTable // default: [Prices]
}

// Estimate is what the certificate will cost by the table of that day, without asking anybody. A day before the first
// table has the prices of the first.
func (s Spec) Estimate(opts *EstimateOptions) Cost {
	var o EstimateOptions
	if opts != nil {
		o = *opts
	}
	if o.At.IsZero() {
		o.At = time.Now()
	}
	if o.Prices == nil {
		o.Prices = Prices()
	}
	var c Cost
	for _, name := range s.Names {
		if isWildcard(name) {
			c.Wildcards++
		} else {
			c.Names++
		}
	}
	if !s.Exportable || len(o.Prices) == 0 {
		return c
	}
	tables := slices.SortedFunc(slices.Values(o.Prices), func(a, b PriceTable) int { return a.From.Compare(b.From) })
	c.Table = tables[0]
	for _, t := range tables {
		if !t.From.After(o.At) {
			c.Table = t
		}
	}
	c.Issue = Money(c.Names)*c.Table.Name + Money(c.Wildcards)*c.Table.Wildcard
	c.Renewal = c.Issue
	c.RenewEvery = time.Duration(c.Table.Days-c.Table.Renew) * 24 * time.Hour
	return c
}

// estimate is the client's.
func (c *Client) estimate(s Spec) Cost {
	return s.Estimate(&EstimateOptions{At: c.now(), Prices: c.prices})
}
