package aliyun

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// Limits of DescribeDomainRecords (API Alidns 2015-01-09, read 2026-11). Without a PageSize the platform gives 20 records
// and no sign that there are more.
const (
	maxRecordPage   = 500
	defaultRestarts = 3
)

// RecordsOptions narrow [DNS.Records]. nil is all records.
type RecordsOptions struct {
	RR   string // this name only, such as "www" or "@", exactly
	Type string // this type only, such as "A"
	Line string // this line only, such as "default"

	PageSize int  // 1 to 500; 0 = 500
	Restarts *int // how often reading may begin anew because the zone changed meanwhile; nil = 3
}

// Records are the records of a zone, disabled ones included, newest first, without the name servers of the zone itself,
// which the platform does not list.
//
// The list shifts when a record is added or removed while its pages are read: a record would be missed or come twice. So
// nothing is yielded before all pages are there and agree with each other: the same TotalCount on each, as many different
// records as it says, and a first page that is still the same when it is read again at the end. Otherwise reading begins
// anew, and after opts.Restarts times the error is [ErrConflict]. A zone of one page is read with one call.
//
// Ranging again asks again. Errors: [ErrInput] before anything is sent; fs.ErrNotExist when the zone is not in the account;
// else as [Client.Call] reports them. Reads are retried.
//
// Source: DescribeDomainRecords, API Alidns 2015-01-09 (read 2026-11).
func (d *DNS) Records(ctx context.Context, domain string, opts *RecordsOptions) iter.Seq2[DNSRecord, error] {
	return func(yield func(DNSRecord, error) bool) {
		records, err := d.records(ctx, domain, opts)
		if err != nil {
			yield(DNSRecord{}, err)
			return
		}
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

const recordsOp = "DescribeDomainRecords"

func (d *DNS) records(ctx context.Context, domain string, opts *RecordsOptions) ([]DNSRecord, error) {
	o := RecordsOptions{}
	if opts != nil {
		o = *opts
	}
	o.PageSize = orDefault(o.PageSize, maxRecordPage)
	restarts := defaultRestarts
	if o.Restarts != nil {
		restarts = *o.Restarts
	}
	problems := domainProblems(domain)
	if o.PageSize < 1 || o.PageSize > maxRecordPage {
		problems = append(problems, fmt.Sprintf("PageSize is %d, must be 1 to %d", o.PageSize, maxRecordPage))
	}
	if restarts < 0 {
		problems = append(problems, fmt.Sprintf("Restarts is %d, must not be negative", restarts))
	}
	if len(problems) > 0 {
		return nil, badInput(DNSProduct, recordsOp, problems...)
	}
	for n := 0; ; n++ {
		records, moved, err := d.pass(ctx, domain, o)
		switch {
		case err != nil:
			return nil, err
		case moved == "":
			return o.only(records), nil
		case n == restarts:
			e := &Error{
				Kind: ErrConflict, Product: DNSProduct, Op: recordsOp, Sent: true,
				Message: fmt.Sprintf("the zone %s changed each of the %d times that it was read (%s)", domain, n+1, moved),
				Hint:    "read it again when nobody edits it", HintZH: "请在无人修改解析时重新读取",
			}
			return nil, e
		}
		d.c.log.DebugContext(ctx, "aliyun zone moved while it was read", "op", recordsOp, "why", moved)
	}
}

// pass reads all pages once. moved says what did not agree, "" if all did.
func (d *DNS) pass(ctx context.Context, domain string, o RecordsOptions) (all []DNSRecord, moved string, err error) {
	first, total, err := d.page(ctx, domain, 1, o)
	if err != nil {
		return nil, "", err
	}
	all = first
	for page := 2; (page-1)*o.PageSize < total; page++ {
		items, now, err := d.page(ctx, domain, page, o)
		switch {
		case err != nil:
			return nil, "", err
		case now != total:
			return nil, fmt.Sprintf("TotalCount was %d and then %d", total, now), nil
		}
		all = append(all, items...)
	}
	ids := map[string]bool{}
	for _, r := range all {
		ids[r.ID] = true
	}
	if len(all) != total || len(ids) != total {
		return nil, fmt.Sprintf("TotalCount is %d, there were %d records, %d different ones", total, len(all), len(ids)), nil
	}
	if total <= o.PageSize {
		return all, "", nil
	}
	again, now, err := d.page(ctx, domain, 1, o)
	switch {
	case err != nil:
		return nil, "", err
	case now != total:
		return nil, fmt.Sprintf("TotalCount was %d and is %d at the end", total, now), nil
	case !slices.Equal(first, again):
		return nil, "the first page is another one at the end", nil
	}
	return all, "", nil
}

func (d *DNS) page(ctx context.Context, domain string, page int, o RecordsOptions) ([]DNSRecord, int, error) {
	params := map[string]string{
		"DomainName": domain, "PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(o.PageSize),
		"RRKeyWord": o.RR, "Type": o.Type, "Line": o.Line,
	}
	maps.DeleteFunc(params, func(_, v string) bool { return v == "" })
	var a struct {
		TotalCount    *int
		DomainRecords struct{ Record []wireRecord }
	}
	if err := d.call(ctx, recordsOp, params, true, &a); err != nil {
		return nil, 0, err
	}
	if a.TotalCount == nil {
		return nil, 0, &Error{Product: DNSProduct, Op: recordsOp, Sent: true, Message: "the answer has no TotalCount"}
	}
	records := make([]DNSRecord, 0, len(a.DomainRecords.Record))
	for _, w := range a.DomainRecords.Record {
		records = append(records, w.record())
	}
	return records, *a.TotalCount, nil
}

// wireRecord is a record as the API writes it. Absent: MX alone has a Priority, weighted names alone a Weight.
type wireRecord struct {
	RecordID                              text `json:"RecordId"`
	RR, Type, Value, Line, Status, Remark string
	TTL                                   uint32
	Priority, Weight                      int
	LbaStatus, Locked                     bool
}

func (w wireRecord) record() DNSRecord {
	return DNSRecord{
		ID: string(w.RecordID), RR: w.RR, Type: w.Type, Value: w.Value, TTL: w.TTL, Priority: w.Priority, Line: w.Line,
		Status: w.Status, Weight: w.Weight, LbaStatus: w.LbaStatus, Locked: w.Locked, Remark: w.Remark,
	}
}

// only holds the records against the options: the platform looks for names that contain a key word.
func (o RecordsOptions) only(records []DNSRecord) []DNSRecord {
	return slices.DeleteFunc(records, func(r DNSRecord) bool {
		return o.RR != "" && !strings.EqualFold(r.RR, o.RR) || o.Type != "" && !strings.EqualFold(r.Type, o.Type) ||
			o.Line != "" && r.Line != o.Line
	})
}

// domainProblems says what is wrong with the name of a domain. It goes into a parameter as it is.
func domainProblems(domain string) []string {
	switch {
	case domain == "":
		return []string{"domain is empty"}
	case strings.HasSuffix(domain, "."), strings.HasPrefix(domain, "."), !strings.Contains(domain, "."),
		strings.ContainsAny(domain, " \t\r\n/\\@*"):
		return []string{fmt.Sprintf("domain %q is not the name of one, such as example.com, without a final dot", httpcall.Head([]byte(domain), 80))}
	}
	return nil
}
