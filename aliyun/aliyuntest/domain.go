package aliyuntest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// The actions of Domain, for the methods of the Script, for [Server.FailNext] and [Server.FailNextTask].
const (
	QueryDomainByDomainName                      = "QueryDomainByDomainName"
	QueryDSRecord                                = "QueryDSRecord"
	QueryTransferOutInfo                         = "QueryTransferOutInfo"
	QueryTaskDetailList                          = "QueryTaskDetailList"
	QueryTaskList                                = "QueryTaskList"
	SaveBatchTaskForModifyingDomainDNS           = "SaveBatchTaskForModifyingDomainDns"
	SaveSingleTaskForUpdateProhibitionLock       = "SaveSingleTaskForUpdateProhibitionLock"
	SaveSingleTaskForTransferProhibitionLock     = "SaveSingleTaskForTransferProhibitionLock"
	SaveSingleTaskForDeletingDSRecord            = "SaveSingleTaskForDeletingDSRecord"
	SaveSingleTaskForQueryingTransferAuthCode    = "SaveSingleTaskForQueryingTransferAuthorizationCode"
	SaveSingleTaskForApplyQuickTransferOutOpenly = "SaveSingleTaskForApplyQuickTransferOutOpenly"
	SaveSingleTaskForCancelingTransferOut        = "SaveSingleTaskForCancelingTransferOut"
)

// Domain is a domain that is registered at Aliyun.
type Domain struct {
	Name              string                `json:"name"`
	Registered        time.Time             `json:"registered,omitzero"`  // zero = two years before the clock
	Expires           time.Time             `json:"expires,omitzero"`     // zero = one year after the clock
	Transferred       time.Time             `json:"transferred,omitzero"` // the last transfer from another registrar
	NameServers       []string              `json:"nameServers,omitempty"`
	TransferLock      aliyun.LockState      `json:"transferLock,omitempty"` // "" = NONE_SETTING
	UpdateLock        aliyun.LockState      `json:"updateLock,omitempty"`   // "" = NONE_SETTING
	RealName          aliyun.RealNameStatus `json:"realName,omitempty"`     // "" = SUCCEED
	Status            aliyun.DomainStatus   `json:"status,omitempty"`       // "" = 3, normal
	Premium           bool                  `json:"premium,omitempty"`
	RegistrantPending bool                  `json:"registrantPending,omitempty"`
	MailHold          bool                  `json:"mailHold,omitempty"`
	Email             string                `json:"email,omitempty"` // "" = holder@example.net
	DS                []aliyun.DSRecord     `json:"ds,omitempty"`

	Out  out  `json:"out,omitzero"`
	Gone bool `json:"gone,omitempty"` // it is at another registrar now
}

// AddDomain adds a registered domain, or puts another in its place. Without NameServers it has those of its zone.
func (s *Server) AddDomain(d Domain) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	d.Name = strings.ToLower(strings.TrimSuffix(d.Name, "."))
	d.NameServers, d.DS = slices.Clone(d.NameServers), slices.Clone(d.DS)
	if len(d.NameServers) == 0 {
		d.NameServers = defaultNameServers()
		if z := s.zone(d.Name); z != nil {
			d.NameServers = slices.Clone(z.NameServers)
		}
	}
	if d.Registered.IsZero() {
		d.Registered = now.AddDate(-2, 0, 0)
	}
	if d.Expires.IsZero() {
		d.Expires = now.AddDate(1, 0, 0)
	}
	d.TransferLock = aliyun.LockState(orElse(string(d.TransferLock), string(aliyun.LockNone)))
	d.UpdateLock = aliyun.LockState(orElse(string(d.UpdateLock), string(aliyun.LockNone)))
	d.RealName = aliyun.RealNameStatus(orElse(string(d.RealName), string(aliyun.RealNameVerified)))
	d.Status = aliyun.DomainStatus(orElse(string(d.Status), string(aliyun.DomainNormal)))
	d.Email = orElse(d.Email, "holder@example.net")
	s.state.Domains = slices.DeleteFunc(s.state.Domains, func(o *Domain) bool { return o.Name == d.Name })
	s.state.Domains = append(s.state.Domains, &d)
	s.save()
}

// Domain is a domain as it is now; its tasks that are due have been done. false if it never was here.
func (s *Server) Domain(name string) (Domain, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	d := s.domain(name)
	if d == nil {
		return Domain{}, false
	}
	c := *d
	c.NameServers, c.DS = slices.Clone(d.NameServers), slices.Clone(d.DS)
	return c, true
}

// ChangeDomain edits a domain behind everybody's back: a holder at the console, a support case.
func (s *Server) ChangeDomain(name string, edit func(*Domain)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	d := s.domain(name)
	if d == nil {
		panic("aliyuntest: ChangeDomain: no domain " + name)
	}
	edit(d)
	s.save()
}

// domain finds a domain, gone or not.
func (s *Server) domain(name string) *Domain {
	for _, d := range s.state.Domains {
		if strings.EqualFold(d.Name, name) {
			return d
		}
	}
	return nil
}

// held is the domain of a call, which has to be in the account.
func (s *Server) held(name string) (*Domain, *refusal) {
	if name == "" {
		return nil, gateway("MissingDomainName", "DomainName is mandatory for this action.")
	}
	d := s.domain(name)
	if d == nil || d.Gone {
		return nil, gateway("DomainNotExist", "The domain name does not exist in this account.") // the code is unverified
	}
	return d, nil
}

// facts is QueryDomainByDomainName.
func (s *Server) facts(q params) (map[string]any, *refusal) {
	d, refused := s.held(q.Get("DomainName"))
	if refused != nil {
		return nil, refused
	}
	pending := "NORMAL"
	if d.Out.Status == aliyun.OutRequested {
		pending = "PENDING"
	}
	updating := "NORMAL"
	if d.RegistrantPending {
		updating = "PENDING"
	}
	return map[string]any{
		"DomainName": d.Name, "InstanceId": "S2017" + strings.ToUpper(strings.ReplaceAll(d.Name, ".", "")), "DomainStatus": string(d.Status),
		"TransferOutStatus": pending, "TransferProhibitionLock": string(d.TransferLock), "UpdateProhibitionLock": string(d.UpdateLock),
		"RegistrationDate": d.Registered.In(beijing()).Format(time.DateTime), "RegistrationDateLong": d.Registered.UnixMilli(),
		"ExpirationDate": d.Expires.In(beijing()).Format(time.DateTime), "ExpirationDateLong": d.Expires.UnixMilli(),
		"RealNameStatus": string(d.RealName), "Premium": d.Premium, "Email": d.Email, "RegistrantUpdatingStatus": updating,
		"EmailVerificationClientHold": d.MailHold, "DnsList": map[string]any{"Dns": d.NameServers}, "UserId": "121000000", "DomainType": "gTLD",
	}, nil
}

// signers is QueryDSRecord.
func (s *Server) signers(q params) (map[string]any, *refusal) {
	d, refused := s.held(q.Get("DomainName"))
	if refused != nil {
		return nil, refused
	}
	list := []map[string]any{}
	for _, ds := range d.DS {
		list = append(list, map[string]any{"KeyTag": ds.KeyTag, "Algorithm": ds.Algorithm, "DigestType": ds.DigestType, "Digest": ds.Digest})
	}
	return map[string]any{"DSRecordList": list}, nil
}

// The types of tasks: the first three are the platform's, the others are not documented, and made up here.
const (
	typeNameServers  = "CHG_DNS"
	typeUpdateLock   = "SET_UPDATE_PROHIBITED"
	typeTransferLock = "SET_TRANSFER_PROHIBITED"
	typeDeleteDS     = "FAKE_DELETE_DS"
	typeAuthCode     = "FAKE_QUERY_TRANSFER_CODE"
	typeApprove      = "FAKE_QUICK_TRANSFER_OUT"
	typeCancel       = "FAKE_CANCEL_TRANSFER_OUT"
)

// orderOf makes the action that queues a task. What it takes is checked here; whether the domain is in a state for it, the
// task finds out.
func (s *Server) orderOf(op, typ string, check func(q params) (map[string]string, *refusal)) action {
	return func(q params) (map[string]any, *refusal) {
		args, refused := check(q)
		if refused != nil {
			return nil, refused
		}
		d, refused := s.held(orElse(q.Get("DomainName"), q.Get("DomainName.1")))
		if refused != nil {
			return nil, refused
		}
		return map[string]any{"TaskNo": s.queue(op, typ, d.Name, args)}, nil
	}
}

func nothing(params) (map[string]string, *refusal) { return nil, nil }

func boolStatus(q params) (map[string]string, *refusal) {
	if v := q.Get("Status"); v == "true" || v == "false" {
		return map[string]string{"on": v}, nil
	}
	return nil, gateway("MissingStatus", "Status is mandatory for this action.")
}

func keyTag(q params) (map[string]string, *refusal) {
	if _, err := strconv.ParseUint(q.Get("KeyTag"), 10, 16); err != nil {
		return nil, gateway("MissingKeyTag", "KeyTag is mandatory for this action.")
	}
	return map[string]string{"tag": q.Get("KeyTag")}, nil
}

// nameServers wants one domain; more in one task are not needed and not known here.
func (s *Server) nameServers(q params) (map[string]string, *refusal) {
	if q.Get("DomainName.1") == "" || q.Has("DomainName.2") {
		return nil, gateway("MissingDomainName", "DomainName.N is mandatory for this action.")
	}
	var names []string
	switch q.Get("AliyunDns") {
	case "true":
		names = defaultNameServers()
		if z := s.zone(q.Get("DomainName.1")); z != nil {
			names = z.NameServers
		}
	case "false":
		for i := 1; q.Has("DomainNameServer." + strconv.Itoa(i)); i++ {
			names = append(names, strings.ToLower(q.Get("DomainNameServer."+strconv.Itoa(i))))
		}
	default:
		return nil, gateway("MissingAliyunDns", "AliyunDns is mandatory for this action.")
	}
	if len(names) < 2 || len(names) > 13 {
		return nil, gateway("InvalidDomainNameServer", "2 to 13 name servers are needed.")
	}
	return map[string]string{"names": strings.Join(names, " ")}, nil
}
