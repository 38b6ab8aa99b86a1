package route53x

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53domains"
	"github.com/aws/aws-sdk-go-v2/service/route53domains/types"

	"github.com/kitroll/kitroll/internal/pages"
)

// OperationsOptions are the options of [Domains.Operations]. nil is every operation there ever was.
type OperationsOptions struct {
	Since    time.Time         // submitted at or after it
	Types    []OperationType   // default all
	Statuses []OperationStatus // default all
	PageSize int               // default and at most 100
}

// Operations ranges over the operations of the account, the latest first. An operation may be missing for a while after it
// was submitted. Every range begins anew; an error comes once and last.
//
// Source: ListOperations (read 2026-11).
func (d *Domains) Operations(ctx context.Context, opts *OperationsOptions) iter.Seq2[OperationState, error] {
	var o OperationsOptions
	if opts != nil {
		o = *opts
	}
	return pages.All(ctx, "", func(ctx context.Context, marker string) (pages.Page[OperationState, string], error) {
		var page pages.Page[OperationState, string]
		if o.PageSize < 0 || o.PageSize > MaxOperationsPage {
			err := fmt.Errorf("PageSize: %d is not in 1 to %d (0 = %d)", o.PageSize, MaxOperationsPage, MaxOperationsPage)
			return page, invalidDomain("ListOperations", "", err)
		}
		in := &route53domains.ListOperationsInput{
			MaxItems: new(int32(cmp.Or(o.PageSize, MaxOperationsPage))),
			SortBy:   types.ListOperationsSortAttributeNameSubmittedDate, SortOrder: types.SortOrderDesc,
		}
		if marker != "" {
			in.Marker = &marker
		}
		if !o.Since.IsZero() {
			in.SubmittedSince = &o.Since
		}
		for _, t := range o.Types {
			in.Type = append(in.Type, types.OperationType(t))
		}
		for _, s := range o.Statuses {
			in.Status = append(in.Status, types.OperationStatus(s))
		}
		out, err := domainRead(ctx, d, "ListOperations", "", d.api.list, in)
		if err != nil {
			return page, err
		}
		page.Next = aws.ToString(out.NextPageMarker)
		page.More = page.Next != ""
		for _, s := range out.Operations {
			state := operationState(Operation{}, s)
			// What the filters of the API do with times of its own clock is not documented.
			if o.keeps(state) {
				page.Items = append(page.Items, state)
			}
		}
		return page, nil
	})
}

func (o OperationsOptions) keeps(s OperationState) bool {
	return !s.Submitted.Before(o.Since.Truncate(time.Second)) &&
		(len(o.Types) == 0 || slices.Contains(o.Types, s.Type)) &&
		(len(o.Statuses) == 0 || slices.Contains(o.Statuses, s.Status))
}
