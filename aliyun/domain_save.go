package aliyun

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// The kinds of tasks that the platform's documentation names (QueryTaskDetailList, read 2026-11).
const (
	typeNameServers  = "CHG_DNS"
	typeUpdateLock   = "SET_UPDATE_PROHIBITED"
	typeTransferLock = "SET_TRANSFER_PROHIBITED"
)

// order is a Save… call: it queues a task.
type order struct {
	op       string
	domain   string
	params   map[string]string // without the domain
	taskType string            // "" = not documented: an order whose answer is lost cannot be looked up
}

// lookBack is how far back the list of tasks is read before an order, so that the clocks may differ.
const lookBack = time.Hour

// order queues a task. When the answer to the call is lost, it looks among the account's tasks for one of this type and
// domain that was not there before: exactly one is ours. Otherwise the error stays ErrUnknownOutcome.
func (d *Domains) order(ctx context.Context, o order) (*DomainTask, error) {
	if problems := domainProblems(o.domain); problems != nil {
		return nil, badInput(DomainProduct, o.op, problems...)
	}
	since := d.now().Add(-lookBack)
	before, known := d.tasksOf(ctx, o, since)
	params := map[string]string{"DomainName": o.domain}
	maps.Copy(params, o.params)
	if params["DomainName.1"] != "" {
		delete(params, "DomainName")
	}
	var a struct{ TaskNo string }
	err := d.call(ctx, o.op, params, false, &a)
	if err == nil && a.TaskNo == "" {
		e := &Error{Kind: ErrUnknownOutcome, Product: DomainProduct, Op: o.op, Sent: true, Message: "the answer has no TaskNo"}
		e.advise()
		err = e
	}
	if errors.Is(err, ErrUnknownOutcome) && known {
		after, ok := d.tasksOf(ctx, o, since)
		fresh := slices.DeleteFunc(after, func(no string) bool { return slices.Contains(before, no) })
		if ok && len(fresh) == 1 {
			return d.Task(o.domain, fresh[0]), nil
		}
	}
	if err != nil {
		return nil, err
	}
	return d.Task(o.domain, a.TaskNo), nil
}

// tasksOf are the numbers of the tasks of this type and domain. An account that may not list its tasks has no look-up.
func (d *Domains) tasksOf(ctx context.Context, o order, since time.Time) (nos []string, ok bool) {
	if o.taskType == "" {
		return nil, false
	}
	for t, err := range d.Tasks(ctx, since) {
		if err != nil {
			return nil, false
		}
		if t.Type != o.taskType {
			continue
		}
		states, err := d.details(ctx, o.domain, t.No)
		if err != nil && !isNotThere(err) {
			return nil, false
		}
		if len(states) > 0 {
			nos = append(nos, t.No)
		}
	}
	return nos, true
}

// Limits of the name servers of a domain (unverified).
const minNameServers, maxNameServers = 2, 13

// SetNameservers orders other name servers for a domain at the registry: the moment at which a zone moves. The way back is
// the same with the old ones.
//
// While the update lock is on, the platform takes the order and the task fails. So the lock is read first, and the error is
// [ErrLocked]: take it off with [Domains.SetUpdateLock]. A DS at the registry that the new servers do not fit makes the
// domain fail for many: see [Domains.DSRecords].
//
// Errors of this and all other orders: [ErrInput]; fs.ErrNotExist; [ErrUnknownOutcome] when the answer was lost and the
// look-up did not find the task. They are not repeated.
//
// Source: SaveBatchTaskForModifyingDomainDns, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) SetNameservers(ctx context.Context, domain string, nameservers []string) (*DomainTask, error) {
	params := map[string]string{"AliyunDns": "false", "DomainName.1": domain}
	names := hostNames(nameservers)
	var problems []string
	if len(names) < minNameServers || len(names) > maxNameServers {
		problems = append(problems, fmt.Sprintf("there are %d name servers, must be %d to %d", len(names), minNameServers, maxNameServers))
	}
	for i, n := range names {
		for _, p := range domainProblems(n) {
			problems = append(problems, fmt.Sprintf("name server %d: %s", i+1, p))
		}
		if slices.Contains(names[:i], n) {
			problems = append(problems, fmt.Sprintf("name server %s is there twice", n))
		}
		params["DomainNameServer."+strconv.Itoa(i+1)] = n
	}
	if len(problems) > 0 {
		return nil, badInput(DomainProduct, nameServersOp, problems...)
	}
	return d.nameservers(ctx, domain, params)
}

const nameServersOp = "SaveBatchTaskForModifyingDomainDns"

// UseAliyunDNS orders Aliyun's own name servers for a domain: the way back for a zone that is still there.
//
// Source: SaveBatchTaskForModifyingDomainDns with AliyunDns, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) UseAliyunDNS(ctx context.Context, domain string) (*DomainTask, error) {
	return d.nameservers(ctx, domain, map[string]string{"AliyunDns": "true", "DomainName.1": domain})
}

func (d *Domains) nameservers(ctx context.Context, domain string, params map[string]string) (*DomainTask, error) {
	facts, err := d.Get(ctx, domain)
	if err != nil {
		return nil, err
	}
	if facts.UpdateLock.On() {
		e := &Error{
			Kind: ErrLocked, Product: DomainProduct, Op: nameServersOp, Message: "the update lock of " + domain + " is on",
			Hint:   "take it off first (SetUpdateLock, EPP's clientUpdateProhibited), or the task fails",
			HintZH: "请先解除域名安全锁（禁止更新锁），否则任务会失败",
		}
		return nil, e
	}
	return d.order(ctx, order{op: nameServersOp, domain: domain, params: params, taskType: typeNameServers})
}

// SetTransferLock orders the lock against transfers (EPP's clientTransferProhibited) on or off.
//
// Source: SaveSingleTaskForTransferProhibitionLock, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) SetTransferLock(ctx context.Context, domain string, on bool) (*DomainTask, error) {
	return d.order(ctx, order{
		op: "SaveSingleTaskForTransferProhibitionLock", domain: domain, taskType: typeTransferLock,
		params: map[string]string{"Status": strconv.FormatBool(on)},
	})
}

// SetUpdateLock orders the lock against changes (EPP's clientUpdateProhibited, 安全锁) on or off.
//
// Source: SaveSingleTaskForUpdateProhibitionLock, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) SetUpdateLock(ctx context.Context, domain string, on bool) (*DomainTask, error) {
	return d.order(ctx, order{
		op: "SaveSingleTaskForUpdateProhibitionLock", domain: domain, taskType: typeUpdateLock,
		params: map[string]string{"Status": strconv.FormatBool(on)},
	})
}

// DeleteDS orders the delegation signer with this key tag away from the registry. Resolvers keep what they have of it for
// its TTL, usually a day, and the name servers must go on signing until then. After [ErrUnknownOutcome],
// [Domains.DSRecords] tells.
//
// Source: SaveSingleTaskForDeletingDSRecord, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) DeleteDS(ctx context.Context, domain string, keyTag uint16) (*DomainTask, error) {
	return d.order(ctx, order{
		op: "SaveSingleTaskForDeletingDSRecord", domain: domain,
		params: map[string]string{"KeyTag": strconv.Itoa(int(keyTag))},
	})
}
