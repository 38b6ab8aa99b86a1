package aliyun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Registrar speaks of domains in the words of the registries, with types of the standard library alone, so that a program
// that moves a domain need not know Aliyun. All its orders are level-triggered: what is so already gives no task.
type Registrar struct{ d *Domains }

// Registrar is the registrar that Aliyun is, with the clock of the machine.
func (c *Client) Registrar() *Registrar { return c.Domains(nil).Registrar() }

// Registrar is the registrar that Aliyun is.
func (d *Domains) Registrar() *Registrar { return &Registrar{d} }

// The status codes of RFC 5731 that Aliyun's facts stand for.
const (
	eppTransferLock = "clientTransferProhibited"
	eppUpdateLock   = "clientUpdateProhibited"
	eppPending      = "pendingTransfer"
	eppRedemption   = "redemptionPeriod"
	eppHold         = "clientHold"
)

// DomainFacts are the dates, the name servers and the status codes of RFC 5731. Errors: those of [Domains.Get].
func (r *Registrar) DomainFacts(ctx context.Context, domain string) (registered, expires time.Time, nameservers, status []string, err error) {
	f, err := r.d.Get(ctx, domain)
	if err != nil {
		return time.Time{}, time.Time{}, nil, nil, err
	}
	for _, s := range []struct {
		code string
		set  bool
	}{
		{eppTransferLock, f.TransferLock.On()},
		{eppUpdateLock, f.UpdateLock.On()},
		{eppPending, f.TransferOut == "PENDING"},
		{eppRedemption, f.Status == DomainRedeem},
		{eppHold, f.MailHold},
	} {
		if s.set {
			status = append(status, s.code)
		}
	}
	return f.Registered, f.Expires, f.NameServers, status, nil
}

// SetNameservers orders other name servers; task is "" when the domain has these already, in whatever order.
func (r *Registrar) SetNameservers(ctx context.Context, domain string, nameservers []string) (task string, err error) {
	f, err := r.d.Get(ctx, domain)
	if err != nil {
		return "", err
	}
	if slices.Equal(slices.Sorted(slices.Values(f.NameServers)), slices.Sorted(slices.Values(hostNames(nameservers)))) {
		return "", nil
	}
	return number(r.d.SetNameservers(ctx, domain, nameservers))
}

// SetLock orders the lock clientTransferProhibited or clientUpdateProhibited on or off; task is "" when it is so already.
// Other codes are [ErrInput].
func (r *Registrar) SetLock(ctx context.Context, domain, eppStatus string, on bool) (task string, err error) {
	if eppStatus != eppTransferLock && eppStatus != eppUpdateLock {
		return "", badInput(DomainProduct, "SetLock", fmt.Sprintf("lock %q is neither %s nor %s", eppStatus, eppTransferLock, eppUpdateLock))
	}
	f, err := r.d.Get(ctx, domain)
	switch {
	case err != nil:
		return "", err
	case eppStatus == eppTransferLock && f.TransferLock.On() == on, eppStatus == eppUpdateLock && f.UpdateLock.On() == on:
		return "", nil
	case eppStatus == eppTransferLock:
		return number(r.d.SetTransferLock(ctx, domain, on))
	}
	return number(r.d.SetUpdateLock(ctx, domain, on))
}

// TaskState is "running", "done" or "failed" with the platform's reason. What the platform calls by a word that is not
// known is "running", and the word is the reason.
func (r *Registrar) TaskState(ctx context.Context, domain, task string) (state, reason string, err error) {
	s, err := r.d.Task(domain, task).Poll(ctx)
	switch {
	case err != nil:
		return "", "", err
	case s.Status == TaskDone:
		return "done", "", nil
	case s.Status == TaskFailed:
		return "failed", s.Reason, nil
	case s.Status == TaskQueued || s.Status == TaskRunning:
		return "running", "", nil
	}
	return "running", string(s.Status), nil
}

// DSKeyTags are the key tags of the delegation signers at the registry.
func (r *Registrar) DSKeyTags(ctx context.Context, domain string) ([]uint16, error) {
	records, err := r.d.DSRecords(ctx, domain)
	var tags []uint16
	for _, ds := range records {
		tags = append(tags, ds.KeyTag)
	}
	return tags, err
}

// DeleteDS orders a delegation signer away; task is "" when it is not there.
func (r *Registrar) DeleteDS(ctx context.Context, domain string, keyTag uint16) (task string, err error) {
	tags, err := r.DSKeyTags(ctx, domain)
	if err != nil || !slices.Contains(tags, keyTag) {
		return "", err
	}
	return number(r.d.DeleteDS(ctx, domain, keyTag))
}

// RequestAuthCode orders the auth code.
func (r *Registrar) RequestAuthCode(ctx context.Context, domain string) (task string, err error) {
	return number(r.d.RequestAuthCode(ctx, domain))
}

// AuthCode is the code that the task has found, "" while it runs. It is a key to the domain: never print or keep it. A
// code that has expired, and a task that is not known, are fs.ErrNotExist: order another one.
func (r *Registrar) AuthCode(ctx context.Context, domain, task string) (code string, err error) {
	c, err := r.d.AuthCode(ctx, domain, task)
	return c.Reveal(), err
}

// TransferOutState is "none", "checking", "code issued", "requested", "done" or "failed", else the platform's number as
// "status 6"; when the registry had the request, and when the auth code ends.
func (r *Registrar) TransferOutState(ctx context.Context, domain string) (state string, requested, expires time.Time, err error) {
	out, err := r.d.TransferOut(ctx, domain)
	if err != nil {
		return "", time.Time{}, time.Time{}, err
	}
	return out.Status.String(), out.Requested, out.Expires, nil
}

// ApproveTransferOut lets a domain go at once; task is "" when it has gone. In any state but "requested" it is
// [ErrConflict].
func (r *Registrar) ApproveTransferOut(ctx context.Context, domain string) (task string, err error) {
	task, err = number(r.d.ApproveTransferOut(ctx, domain))
	return r.unless(ctx, domain, OutDone, task, err)
}

// CancelTransferOut ends a transfer; task is "" when there is none, or it has failed already. One that is done is
// [ErrConflict].
func (r *Registrar) CancelTransferOut(ctx context.Context, domain string) (task string, err error) {
	task, err = number(r.d.CancelTransferOut(ctx, domain))
	if task, err = r.unless(ctx, domain, OutFailed, task, err); err != nil {
		task, err = r.unless(ctx, domain, OutNone, task, err)
	}
	return task, err
}

// unless turns a refusal because of the state into success where the state is the one that was wanted.
func (r *Registrar) unless(ctx context.Context, domain string, wanted OutStatus, task string, err error) (string, error) {
	if !errors.Is(err, ErrConflict) {
		return task, err
	}
	out, lookErr := r.d.TransferOut(ctx, domain)
	if lookErr == nil && out.Status == wanted {
		return "", nil
	}
	return task, err
}

func number(t *DomainTask, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return t.No, nil
}

// What a domain must have been through before it may go, and have left (the platform's conditions for the way in; for the
// way out unverified).
const (
	youngest   = 60 * 24 * time.Hour
	leastAhead = 15 * 24 * time.Hour
)

// TransferBlockers are sentences, in English and Chinese, about what keeps the domain from going to another registrar and
// a person has to see to: its age and end, the holder's name, premium names, a transfer or a change of the holder that is
// under way. Locks are not among them, since [Registrar.SetLock] takes them off, nor are delegation signers. None is a good
// sign and no promise: the last transfer and renewals after the end are not known to the API.
func (r *Registrar) TransferBlockers(ctx context.Context, domain string) ([]string, error) {
	f, err := r.d.Get(ctx, domain)
	if err != nil {
		return nil, err
	}
	var found []string
	add := func(en, zh string) { found = append(found, en+" / "+zh) }
	now := r.d.now()
	if f.Status != DomainNormal {
		add(fmt.Sprintf("the domain is not in normal state (status %s): renew or redeem it first", f.Status), "域名状态异常，请先续费或赎回")
	}
	if !f.Registered.IsZero() && now.Sub(f.Registered) < youngest {
		add(fmt.Sprintf("the domain was registered less than 60 days ago: it can go from %s on", f.Registered.Add(youngest).Format(time.DateOnly)), "注册未满 60 天，不能转出")
	}
	if !f.Expires.IsZero() && f.Expires.Sub(now) < leastAhead {
		add(fmt.Sprintf("the domain ends on %s, in less than 15 days: renew it first", f.Expires.Format(time.DateOnly)), "距到期不足 15 天，请先续费")
	}
	if f.RealName != RealNameVerified {
		add(fmt.Sprintf("the real name of the holder is not verified (%s): have it verified in the console", f.RealName), "域名未完成实名认证，请先认证")
	}
	if f.Premium {
		add("the domain is a premium name: Route 53 takes none", "溢价域名，Route 53 不支持转入")
	}
	if f.RegistrantPending {
		add("the data of the holder are being changed: wait until that is done", "域名持有者信息变更中，请等待完成")
	}
	if f.MailHold {
		add("the registry holds the domain because the holder's e-mail address was not confirmed: confirm it", "域名因邮箱未验证被暂停解析，请先验证邮箱")
	}
	if f.TransferOut == "PENDING" {
		add("the domain is on its way out already: see which transfer that is", "域名正在转出中，请确认该转出")
	}
	return found, nil
}
