package aliyuntest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// out is the way of a domain to another registrar.
type out struct {
	Status    aliyun.OutStatus `json:"status,omitempty"`
	AuthCode  string           `json:"authCode,omitempty"` // of this fake alone: it opens nothing
	Since     time.Time        `json:"since,omitzero"`     // when the present status began
	Issued    time.Time        `json:"issued,omitzero"`
	Expires   time.Time        `json:"expires,omitzero"`
	Requested time.Time        `json:"requested,omitzero"`
	Code      string           `json:"code,omitempty"`
	Message   string           `json:"message,omitempty"`
}

// How long things take.
const (
	registryWait     = 5 * 24 * time.Hour // until a request that nobody approves is carried out
	defaultCodeLife  = 7 * 24 * time.Hour // unverified
	defaultZoneGrace = 72 * time.Hour     // nobody promises any
	youngest         = 60 * 24 * time.Hour
	leastAhead       = 15 * 24 * time.Hour
)

// obstacle is why a domain may not go, "" if nothing is in the way.
func (d *Domain) obstacle(now time.Time) string {
	switch {
	case d.TransferLock.On():
		return "Domain status clientTransferProhibited: the domain is locked (域名已设置禁止转移锁)"
	case d.RealName != aliyun.RealNameVerified:
		return "The real name of the holder is not verified."
	case d.Status != aliyun.DomainNormal:
		return "The domain is not in normal status."
	case now.Sub(d.Registered) < youngest:
		return "The domain was registered less than 60 days ago."
	case !d.Transferred.IsZero() && now.Sub(d.Transferred) < youngest:
		return "The domain was transferred less than 60 days ago."
	case d.Expires.Sub(now) < leastAhead:
		return "The domain ends in less than 15 days."
	case d.RegistrantPending:
		return "The data of the holder are being changed."
	}
	return ""
}

// issueCode is what the task that asks for the auth code does: it begins the way out, or says why there is none.
func (s *Server) issueCode(d *Domain, at time.Time) (result, failure string) {
	if why := d.obstacle(at); why != "" {
		return "", why
	}
	if d.Out.Status == aliyun.OutRequested {
		return "", "A transfer of the domain is under way."
	}
	if d.Out.AuthCode == "" || !at.Before(d.Out.Expires) {
		d.Out = out{AuthCode: "Fk-" + rand.Text()[:12] + "!", Issued: at, Expires: at.Add(s.opts.CodeLife)}
	}
	d.Out.Status, d.Out.Since = aliyun.OutCodeIssued, at
	if s.opts.CheckTime > 0 {
		d.Out.Status = aliyun.OutPhoneCheck
	}
	return d.Out.AuthCode, ""
}

// advanceOut lets the checks pass, and the registry's patience end.
func (s *Server) advanceOut(d *Domain, now time.Time) {
	for d.Out.Status == aliyun.OutPhoneCheck || d.Out.Status == aliyun.OutMailCheck {
		next := d.Out.Since.Add(s.opts.CheckTime)
		if next.After(now) {
			return
		}
		d.Out.Status, d.Out.Since = d.Out.Status+1, next
	}
	if end := d.Out.Requested.Add(registryWait); d.Out.Status == aliyun.OutRequested && !end.After(now) {
		s.leave(d, end)
	}
}

// leave is the moment when another registrar has the domain.
func (s *Server) leave(d *Domain, at time.Time) {
	d.Out.Status, d.Out.Since, d.Out.AuthCode = aliyun.OutDone, at, ""
	d.Gone = true
	if z := s.zone(d.Name); z != nil && s.opts.ZoneGrace > 0 {
		z.GoneAt = at.Add(s.opts.ZoneGrace)
	}
}

// ReceiveTransfer is the registry with the request of another registrar. The error is its refusal: a wrong or expired code,
// a lock, a domain that is too young. Accepted, the transfer is in status 4: it is done when it is approved, or 5 days
// later. A request for one that is under way is an error.
func (s *Server) ReceiveTransfer(domain, authCode string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	defer s.save()
	d, now := s.domain(domain), s.opts.Now()
	switch {
	case d == nil || d.Gone:
		return errors.New("aliyuntest: the domain is not at this registrar")
	case d.Out.Status == aliyun.OutRequested:
		return errors.New("aliyuntest: a transfer is under way")
	case d.Out.AuthCode == "" || d.Out.AuthCode != authCode:
		return errors.New("aliyuntest: wrong auth code")
	case !now.Before(d.Out.Expires):
		return errors.New("aliyuntest: the auth code has expired")
	case d.Out.Status != aliyun.OutCodeIssued:
		return fmt.Errorf("aliyuntest: the transfer is in status %d", d.Out.Status)
	}
	if why := d.obstacle(now); why != "" {
		return errors.New("aliyuntest: " + why)
	}
	d.Out.Status, d.Out.Since, d.Out.Requested = aliyun.OutRequested, now, now
	return nil
}

// outInfo is QueryTransferOutInfo. A domain that has gone is still known here. What the platform says when nothing was ever
// begun is unverified: here it is an answer without a status.
func (s *Server) outInfo(q params) (map[string]any, *refusal) {
	if refused := q.missing("DomainName"); refused != nil {
		return nil, refused
	}
	d := s.domain(q.Get("DomainName"))
	if d == nil {
		return nil, gateway("DomainNotExist", "The domain name does not exist in this account.")
	}
	if d.Out.Status == aliyun.OutNone {
		return map[string]any{}, nil
	}
	a := map[string]any{"Status": int(d.Out.Status), "Email": d.Email, "ResultCode": d.Out.Code, "ResultMsg": d.Out.Message}
	for name, t := range map[string]time.Time{
		"PendingRequestDate": d.Out.Requested, "ExpirationDate": d.Out.Expires, "TransferAuthorizationCodeSendDate": d.Out.Issued,
	} {
		if !t.IsZero() {
			a[name] = t.In(beijing()).Format(time.DateTime)
		}
	}
	return a, nil
}
