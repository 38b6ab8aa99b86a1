package aliyun

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/internal/pages"
)

const cdnVersion = "2018-05-10"

// CDN configures Aliyun's CDN and tells it what has changed. It is safe for concurrent use.
type CDN struct{ client *Client }

// CDN is the CDN side of the client.
func (c *Client) CDN() *CDN { return &CDN{client: c} }

// call is [Client.Call] for this product, and reads the answer into a if that is not nil.
func (c *CDN) call(ctx context.Context, op string, params map[string]string, idempotent bool, a any) error {
	resp, err := c.client.Call(ctx, Request{Product: CDNProduct, Version: cdnVersion, Action: op, Params: params, Idempotent: idempotent})
	if err != nil || a == nil {
		return err
	}
	if err := resp.Decode(a); err != nil {
		e := &Error{Product: CDNProduct, Op: op, RequestID: resp.RequestID, Status: resp.Status, Sent: true, Err: err}
		if !idempotent { // it was taken, and what came of it is not known
			e.Kind = ErrUnknownOutcome
			e.advise()
		}
		return e
	}
	return nil
}

// CDNDomain is a domain that the CDN serves.
type CDNDomain struct {
	Name   string
	CNAME  string // what its DNS has to point to
	Status string // "online", "offline", "configuring", "configure_failed", "checking", "check_failed", "stopping", "deleting"
	Type   string // "web", "download", "video"
}

// DomainQuery says which domains. The zero value is all.
type DomainQuery struct {
	Status string // as [CDNDomain].Status; "" = any
	Name   string // a part of the name; "" = any
}

// Domains are the domains of the account, page by page as they are ranged over.
//
// Source: DescribeUserDomains, API cdn 2018-05-10 (read 2026-11).
func (c *CDN) Domains(ctx context.Context, q DomainQuery) iter.Seq2[CDNDomain, error] {
	const size = 500
	return pages.All(ctx, 1, func(ctx context.Context, page int) (pages.Page[CDNDomain, int], error) {
		var a struct {
			TotalCount text
			Domains    struct {
				PageData []struct {
					DomainName, Cname, DomainStatus, CdnType string
				}
			}
		}
		err := c.call(ctx, "DescribeUserDomains", map[string]string{
			"PageNumber": strconv.Itoa(page), "PageSize": strconv.Itoa(size), "DomainStatus": q.Status, "DomainName": q.Name,
		}, true, &a)
		var out pages.Page[CDNDomain, int]
		for _, d := range a.Domains.PageData {
			out.Items = append(out.Items, CDNDomain{d.DomainName, d.Cname, d.DomainStatus, d.CdnType})
		}
		total, terr := strconv.Atoi(string(a.TotalCount))
		out.More = len(out.Items) > 0 && (page*size < total || terr != nil && len(out.Items) == size)
		out.Next = page + 1
		return out, err
	})
}

// domainNameProblem says why a name is none, "" if it is one.
func domainNameProblem(name string) string {
	if name == "" || len(name) > 253 || !strings.Contains(strings.TrimPrefix(name, "."), ".") ||
		strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/:,@*?#\\\"'", r) }) {
		return fmt.Sprintf("domain %q is no name of a domain", name)
	}
	return ""
}
