package route53xtest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

type operationInput struct{ OperationId string }

type wireOperation struct {
	OperationId     string
	Status          string
	StatusFlag      string `json:",omitempty"`
	Message         string `json:",omitempty"`
	DomainName      string
	Type            string
	SubmittedDate   epoch
	LastUpdatedDate epoch
}

func (op *operation) wire() wireOperation {
	return wireOperation{
		OperationId: op.id, Status: op.status, StatusFlag: op.flag(), Message: cmp.Or(op.heldMessage, op.message),
		DomainName: op.domain, Type: op.typ, SubmittedDate: epoch(op.submitted), LastUpdatedDate: epoch(op.updated),
	}
}

func (r *Registrar) operation(id string) (*operation, *denial) {
	i := slices.IndexFunc(r.ops, func(op *operation) bool { return op.id == id })
	if i < 0 {
		return nil, deny("InvalidInput", "Operation %s not found.", id)
	}
	return r.ops[i], nil
}

func (r *Registrar) getOperation(in operationInput) (any, *denial) {
	op, no := r.operation(in.OperationId)
	if no != nil {
		return nil, no
	}
	return op.wire(), nil
}

func (r *Registrar) resend(in operationInput) (any, *denial) {
	op, no := r.operation(in.OperationId)
	if no != nil {
		return nil, no
	}
	if op.flag() != string(route53x.PendingAuthorization) {
		return nil, deny("InvalidInput", "The operation is not waiting for a form of authorization.")
	}
	op.mails++
	return struct{}{}, nil
}

type listInput struct {
	Marker, SortBy, SortOrder string
	MaxItems                  *int
	Status, Type              []string
	SubmittedSince            *epoch
}

func (r *Registrar) listOperations(in listInput) (any, *denial) {
	size := *cmp.Or(in.MaxItems, new(20))
	sorted := (in.SortBy == "" || in.SortBy == "SubmittedDate") && slices.Contains([]string{"", "ASC", "DESC"}, in.SortOrder)
	if size < 1 || size > r.opts.PageSize || !sorted {
		return nil, deny("InvalidInput", "MaxItems, SortBy or SortOrder is not valid.")
	}
	var all []*operation
	for _, op := range r.ops {
		switch {
		case len(in.Status) > 0 && !slices.Contains(in.Status, op.status),
			len(in.Type) > 0 && !slices.Contains(in.Type, op.typ),
			in.SubmittedSince != nil && op.submitted.Before(time.Time(*in.SubmittedSince)),
			op.submitted.Add(r.opts.Listing).After(r.clock.Now()):
		default:
			all = append(all, op)
		}
	}
	if in.SortOrder == "DESC" {
		slices.Reverse(all)
	}
	page, next, no := page(all, in.Marker, size, func(op *operation) string { return op.id })
	if no != nil {
		return nil, no
	}
	out := struct {
		Operations     []wireOperation
		NextPageMarker string `json:",omitempty"`
	}{[]wireOperation{}, next}
	for _, op := range page {
		out.Operations = append(out.Operations, op.wire())
	}
	return out, nil
}

// page cuts one page out of a list. A marker is the last item of the page before.
func page[T any](all []T, marker string, size int, id func(T) string) (items []T, next string, no *denial) {
	if marker != "" {
		at := slices.IndexFunc(all, func(t T) bool { return "m:"+id(t) == marker })
		if at < 0 {
			return nil, "", deny("InvalidInput", "The marker is not valid.")
		}
		all = all[at+1:]
	}
	if len(all) > size {
		all = all[:size]
		next = "m:" + id(all[size-1])
	}
	return all, next, nil
}

type pricesInput struct {
	Tld, Marker string
	MaxItems    *int
}

type wirePrice struct {
	Price    float64
	Currency string
}

func wirePriceOf(m route53x.Money) *wirePrice {
	if !m.Offered() {
		return nil
	}
	return &wirePrice{float64(m.Cents) / 100, m.Currency}
}

type wirePriceRow struct {
	Name                                                                                   string
	RegistrationPrice, TransferPrice, RenewalPrice, ChangeOwnershipPrice, RestorationPrice *wirePrice `json:",omitempty"`
}

func (r *Registrar) listPrices(in pricesInput) (any, *denial) {
	size := *cmp.Or(in.MaxItems, new(r.opts.PageSize))
	if size < 1 || size > r.opts.PageSize || in.Tld != "" && (in.Marker != "" || in.MaxItems != nil) {
		return nil, deny("InvalidInput", "Marker and MaxItems are for all TLDs only.")
	}
	rows := r.opts.PriceList
	if in.Tld != "" {
		p, ok := r.price(strings.ToLower(in.Tld))
		if !ok {
			return nil, deny("UnsupportedTLD", "The TLD %s is not supported.", in.Tld)
		}
		rows = []route53x.TLDPrice{p}
	}
	rows, next, no := page(rows, in.Marker, size, func(p route53x.TLDPrice) string { return p.TLD })
	if no != nil {
		return nil, no
	}
	out := struct {
		Prices         []wirePriceRow
		NextPageMarker string `json:",omitempty"`
	}{[]wirePriceRow{}, next}
	for _, p := range rows {
		out.Prices = append(out.Prices, wirePriceRow{
			p.TLD, wirePriceOf(p.Register), wirePriceOf(p.Transfer), wirePriceOf(p.Renew), wirePriceOf(p.ChangeOwner), wirePriceOf(p.Restore),
		})
	}
	return out, nil
}
