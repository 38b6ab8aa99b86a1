package route53x

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// Money is an amount in the hundredth part of a currency.
type Money struct {
	Cents    int64  `json:"cents"`
	Currency string `json:"currency"` // "USD"; "" = there is no price, which is not the same as free
}

// USD is an amount in US dollars, the currency of the price list.
func USD(cents int64) Money { return Money{cents, "USD"} }

// Offered reports whether there is a price at all.
func (m Money) Offered() bool { return m.Currency != "" }

// String is "14.00 USD", or "not offered".
func (m Money) String() string {
	if !m.Offered() {
		return "not offered"
	}
	sign, cents := "", m.Cents
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, cents/100, cents%100, m.Currency)
}

// within reports whether m is at most the limit, in the same currency.
func (m Money) within(limit Money) bool {
	return m.Offered() && m.Currency == limit.Currency && m.Cents <= limit.Cents
}

func moneyOf(p *types.PriceWithCurrency) Money {
	if p == nil {
		return Money{}
	}
	return Money{int64(math.Round(p.Price * 100)), aws.ToString(p.Currency)}
}

// TLDPrice is what domains of a TLD cost at Route 53. Credits of AWS cannot pay for them.
type TLDPrice struct {
	TLD         string // "com", "co.uk"
	Register    Money  // for a year
	Transfer    Money  // which for most TLDs adds a year
	Renew       Money  // for a year
	ChangeOwner Money
	Restore     Money // after it was deleted
}

// TLDOf is the TLD of a domain that is or could be registered: "com" of example.com, "co.uk" of example.co.uk.
func TLDOf(domain string) string {
	_, tld, _ := strings.Cut(strings.ToLower(strings.TrimSuffix(domain, ".")), ".")
	return tld
}

// Price is what domains of a TLD cost: "com", "co.uk", a dot before it is allowed. See [TLDOf]. It is also the cheapest way
// to learn whether Route 53 has the TLD at all.
//
// Errors: [ErrUnsupported] for a TLD that Route 53 does not have, [ErrInvalid], others as an [*Error].
//
// Source: ListPrices (read 2026-11).
func (d *Domains) Price(ctx context.Context, tld string) (TLDPrice, error) {
	name, err := hostName(strings.TrimPrefix(tld, "."))
	if err != nil {
		return TLDPrice{}, invalidDomain("ListPrices", tld, err)
	}
	out, err := domainRead(ctx, d, "ListPrices", name, d.api.prices, &route53domains.ListPricesInput{Tld: &name})
	if err != nil {
		return TLDPrice{}, err
	}
	for _, p := range out.Prices {
		if price := priceOf(p); price.TLD == name {
			return price, nil
		}
	}
	none := errors.New("the TLD is not on the price list")
	return TLDPrice{}, &Error{Kind: ErrUnsupported, Op: "ListPrices", Subject: name, Err: none}
}

// Prices ranges over the price list, page by page as it is needed. Every range begins anew; an error comes once and last.
func (d *Domains) Prices(ctx context.Context) iter.Seq2[TLDPrice, error] {
	return pages.All(ctx, "", func(ctx context.Context, marker string) (pages.Page[TLDPrice, string], error) {
		in := &route53domains.ListPricesInput{}
		if marker != "" {
			in.Marker = &marker
		}
		out, err := domainRead(ctx, d, "ListPrices", "", d.api.prices, in)
		if err != nil {
			return pages.Page[TLDPrice, string]{}, err
		}
		page := pages.Page[TLDPrice, string]{Next: aws.ToString(out.NextPageMarker)}
		page.More = page.Next != ""
		for _, p := range out.Prices {
			page.Items = append(page.Items, priceOf(p))
		}
		return page, nil
	})
}

func priceOf(p types.DomainPrice) TLDPrice {
	return TLDPrice{
		TLD:      strings.TrimPrefix(strings.ToLower(aws.ToString(p.Name)), "."),
		Register: moneyOf(p.RegistrationPrice), Transfer: moneyOf(p.TransferPrice), Renew: moneyOf(p.RenewalPrice),
		ChangeOwner: moneyOf(p.ChangeOwnershipPrice), Restore: moneyOf(p.RestorationPrice),
	}
}
