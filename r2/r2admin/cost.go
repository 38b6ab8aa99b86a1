package r2admin

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/r2"
)

// Month is a billing month of R2: thirty days.
const Month = 30 * 24 * time.Hour

// Usage is what is used in a month. The zero value costs nothing.
type Usage struct {
	Standard         ClassUsage `json:"standard"`
	InfrequentAccess ClassUsage `json:"infrequentAccess"`
}

// ClassUsage is what is used in a month of one storage class.
type ClassUsage struct {
	// GBMonths is the storage: the mean over the month of each day's peak; see [GBMonths]. An object in Infrequent Access is
	// billed for 30 days at least, however soon it is deleted, replaced or moved: count it for the whole month.
	GBMonths float64 `json:"gbMonths"`
	// ClassA and ClassB are numbers of operations, by [OperationClass].
	ClassA int64 `json:"classA"`
	ClassB int64 `json:"classB"`
	// RetrievalGB is what is read or copied, in GB. Of Standard it costs nothing and is not looked at.
	RetrievalGB float64 `json:"retrievalGB"`
}

// GBMonths is the GB-months of bytes that are stored for some time: 3 GB for 25 days are 2.5. A GB is 10⁹ bytes (unverified: the
// pricing page does not say).
func GBMonths(bytes int64, stored time.Duration) float64 {
	return float64(bytes) / 1e9 * stored.Hours() / Month.Hours()
}

// Prices is a price list. Copy one from [DefaultPrices] and change what is otherwise.
type Prices struct {
	Date             string      `json:"date"` // of which it is, for people: "2026-11"
	Standard         ClassPrices `json:"standard"`
	InfrequentAccess ClassPrices `json:"infrequentAccess"`
}

// ClassPrices is the prices of one storage class, and what is free every month, in whole units.
type ClassPrices struct {
	GBMonth    Money `json:"gbMonth"`
	MillionA   Money `json:"millionA"`   // operations of class A
	MillionB   Money `json:"millionB"`   // operations of class B
	RetrieveGB Money `json:"retrieveGB"` // read or copied; of Standard it is not looked at

	FreeGBMonths int64 `json:"freeGBMonths"`
	FreeMillionA int64 `json:"freeMillionA"`
	FreeMillionB int64 `json:"freeMillionB"`
}

// DefaultPrices is the public price list, in US dollars without tax. What an account pays may be otherwise by contract.
// Source: developers.cloudflare.com/r2/pricing (read 2026-11).
func DefaultPrices() Prices {
	return Prices{
		Date: "2026-11",
		Standard: ClassPrices{
			GBMonth: 15_000, MillionA: 4_500_000, MillionB: 360_000, FreeGBMonths: 10, FreeMillionA: 1, FreeMillionB: 10,
		},
		InfrequentAccess: ClassPrices{GBMonth: 10_000, MillionA: 9 * Dollar, MillionB: 900_000, RetrieveGB: 10_000},
	}
}

// Cost is an estimate and how it came to be. As JSON its amounts are dollars.
type Cost struct {
	Prices string     `json:"prices"` // the date of the price list
	Lines  []CostLine `json:"lines"`  // three of Standard, four of Infrequent Access, used or not
	Total  Money      `json:"total"`
	Notes  []string   `json:"notes,omitempty"` // what of the usage could not be taken as it was
}

// CostLine is one position: Amount = max(Units - Free, 0) × Price.
type CostLine struct {
	Class  string  `json:"class"`  // "Standard" or "Infrequent Access"
	Item   string  `json:"item"`   // "storage", "class A", "class B" or "retrieval"
	Used   float64 `json:"used"`   // in GB-months, operations or GB
	Unit   string  `json:"unit"`   // what is billed: "GB-month", "million" or "GB"
	Units  int64   `json:"units"`  // Used, rounded up to whole units
	Free   int64   `json:"free"`   // units a month that cost nothing
	Price  Money   `json:"price"`  // of one unit
	Amount Money   `json:"amount"` // of the line
}

// String is the line with its arithmetic.
func (l CostLine) String() string {
	return fmt.Sprintf("%s %s: %s = %s", l.Class, l.Item, l.how(), l.Amount)
}

func (l CostLine) how() string {
	units := strconv.FormatInt(l.Units, 10)
	if l.Used != float64(l.Units) && l.Used != float64(l.Units)*1e6 {
		units += " (" + strconv.FormatFloat(l.Used, 'f', -1, 64) + " rounded up)"
	}
	if l.Free > 0 {
		units += " - " + strconv.FormatInt(l.Free, 10) + " free"
	}
	if l.Free > l.Units {
		return units + ": none" // a negative number would have to be explained
	}
	return units + " × " + l.Price.String() + " a " + l.Unit
}

// EstimateCost says what a month's usage costs. It is arithmetic: nothing is asked. p nil is [DefaultPrices].
//
// Usage is rounded up to whole units, as Cloudflare bills it: 1,000,001 operations are two million, 1.1 GB-months are two.
// The free amounts, whole units too, are taken off; those of Standard are not for Infrequent Access. Storage finer than a byte
// for a month is the rounding of floating point and not counted. Deletes, aborts and egress are free; a 412 or BadDigest counts
// as its operation does, a 401 or 403 does not. What is negative or no number is taken for 0 and named in Notes.
// Not in it: taxes, more than 100,000 buckets, the Workers, queues and caches in front, R2 Data Catalog.
//
// Source: developers.cloudflare.com/r2/pricing (read 2026-11); the rows of its examples are tests.
func EstimateCost(u Usage, p *Prices) Cost {
	prices := cmp.Or(p, new(DefaultPrices()))
	c := Cost{Prices: prices.Date}
	for _, class := range []struct {
		name string
		used ClassUsage
		p    ClassPrices
	}{
		{"Standard", u.Standard, prices.Standard}, {"Infrequent Access", u.InfrequentAccess, prices.InfrequentAccess},
	} {
		c.add(class.name, "storage", "GB-month", class.used.GBMonths, 1, class.p.GBMonth, class.p.FreeGBMonths)
		c.add(class.name, "class A", "million", float64(class.used.ClassA), 1e6, class.p.MillionA, class.p.FreeMillionA)
		c.add(class.name, "class B", "million", float64(class.used.ClassB), 1e6, class.p.MillionB, class.p.FreeMillionB)
	}
	c.add("Infrequent Access", "retrieval", "GB", u.InfrequentAccess.RetrievalGB, 1, prices.InfrequentAccess.RetrieveGB, 0)
	return c
}

func (c *Cost) add(class, item, unit string, used, size float64, price Money, free int64) {
	if !(used >= 0 && used < 1e15) { // the form in which NaN is refused too
		c.Notes = append(c.Notes, fmt.Sprintf("%s %s: %v is not in 0 to 10¹⁵ and was taken for 0", class, item, used))
		used = 0
	}
	l := CostLine{Class: class, Item: item, Used: used, Unit: unit, Free: free, Price: price}
	l.Units = int64(math.Ceil(math.Round(used/size*1e9) / 1e9))
	l.Amount = price.times(max(l.Units-free, 0))
	c.Lines = append(c.Lines, l)
	c.Total = c.Total.plus(l.Amount)
}

// String is the estimate as a table, whose last line is the total.
func (c Cost) String() string {
	var b strings.Builder
	for _, l := range c.Lines {
		fmt.Fprintf(&b, "%-27s %10s  %s\n", l.Class+" "+l.Item, l.Amount, l.how())
	}
	fmt.Fprintf(&b, "%-27s %10s  a month, at the prices of %s\n", "total", c.Total, c.Prices)
	for _, n := range c.Notes {
		b.WriteString("! " + n + "\n")
	}
	return b.String()
}

// Minus is what changes against another estimate: positive when this one costs more.
func (c Cost) Minus(o Cost) Money { return c.Total - o.Total }

// SyncUsage is the operations that carrying out a plan of [r2.Client.PlanSync] takes, without repeats: one of class A for
// each file of up to 64 MiB, for a larger one two and one for each part of 16 MiB, which are the sizes of [r2.Client.Put] unless
// SyncOptions.Put changes them. Deletes are free. The LIST that made the plan, one of class A for 1,000 objects, is spent
// already. GBMonths is the storage that is added for a month, without what is replaced or deleted.
func SyncUsage(p r2.Plan) ClassUsage {
	const single, part, parts = 64 << 20, 16 << 20, 10_000
	var u ClassUsage
	var bytes int64
	for _, c := range p.Puts {
		bytes += c.Size
		if c.Size <= single {
			u.ClassA++
		} else {
			u.ClassA += 2 + min((c.Size+part-1)/part, parts)
		}
	}
	u.GBMonths = GBMonths(bytes, Month)
	return u
}
