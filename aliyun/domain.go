package aliyun

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/secret"
)

// DomainProduct is Domain, version 2018-01-29: the domains that are registered at Aliyun.
const DomainProduct Product = "domain"

const domainVersion = "2018-01-29"

// Domains looks after registered domains: what the registry has about them, and the way out to another registrar. It is
// safe for concurrent use.
//
// Whatever changes something only queues a task: a call that succeeded has changed nothing yet, and a task can still fail.
// The methods that begin one return it before they wait for anything, so that its number can be written down first.
type Domains struct {
	c   *Client
	now func() time.Time
}

// DomainsOptions are the options of [Client.Domains]. nil has the defaults.
type DomainsOptions struct {
	Now func() time.Time // what the age of a domain is counted to; nil = time.Now
}

// Domains is the part of the client for registered domains.
func (c *Client) Domains(opts *DomainsOptions) *Domains {
	d := &Domains{c: c, now: time.Now}
	if opts != nil && opts.Now != nil {
		d.now = opts.Now
	}
	return d
}

// LockState is whether a lock is on. Texts that are not known are kept, and count as not on.
type LockState string

// The states of a lock.
const (
	LockOpen  LockState = "OPEN"         // the lock is on: the platform's word is that of a function that is opened
	LockClose LockState = "CLOSE"        // it is off
	LockNone  LockState = "NONE_SETTING" // it was never used: off
)

// On reports whether the lock holds.
func (l LockState) On() bool { return strings.EqualFold(string(l), string(LockOpen)) }

// RealNameStatus is where the verification of the holder's name stands. Texts that are not known are kept.
type RealNameStatus string

// The states of the verification.
const (
	RealNameVerified RealNameStatus = "SUCCEED"
	RealNameMissing  RealNameStatus = "NONAUDIT"
	RealNameFailed   RealNameStatus = "FAILED"
	RealNamePending  RealNameStatus = "AUDITING"
)

// DomainStatus is the platform's number for the life of a domain. Numbers that are not known are kept.
type DomainStatus string

// The states of a domain's life.
const (
	DomainNormal    DomainStatus = "3"
	DomainNeedRenew DomainStatus = "1" // expired, and can be renewed
	DomainRedeem    DomainStatus = "2" // expired, and can only be redeemed
)

// Domain is what Aliyun knows about a domain that is registered there. It prints without the holder's address.
type Domain struct {
	Name              string
	InstanceID        string
	Status            DomainStatus
	Registered        time.Time // zero = not said
	Expires           time.Time // zero = not said
	NameServers       []string  // at the registry, lower-case, without a final dot
	TransferLock      LockState // EPP's clientTransferProhibited
	UpdateLock        LockState // EPP's clientUpdateProhibited: name servers cannot be changed
	TransferOut       string    // "NORMAL", or "PENDING" while it is on its way out
	RealName          RealNameStatus
	Premium           bool
	RegistrantPending bool    // the holder's data are being changed
	MailHold          bool    // the registry has it on hold because the holder's address was not confirmed
	Email             Private // the holder's, to whom a transfer's mail goes
}

// Private is a text that is never printed: [Private.Reveal] is the only way to it.
type Private struct{ text string }

// Reveal is the text.
func (p Private) Reveal() string { return p.text }

// String is "[redacted]", or "" if there is no text; so are the other ways to print it.
func (p Private) String() string { return secret.Mask(p.text) }

// GoString is String.
func (p Private) GoString() string { return p.String() }

// Format is String, whatever the verb.
func (p Private) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(p.String())) }

// LogValue is String.
func (p Private) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON is String: a journal does not get the text.
func (p Private) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// call makes one call of Domain.
func (d *Domains) call(ctx context.Context, action string, params map[string]string, idempotent bool, answer any) error {
	return d.c.decode(ctx, Request{
		Product: DomainProduct, Version: domainVersion, Action: action, Params: params, Idempotent: idempotent,
	}, answer)
}

// Get is what Aliyun knows about a domain. Errors: fs.ErrNotExist when it is not in the account; else as [Client.Call]
// reports them. It is retried.
//
// Source: QueryDomainByDomainName, API Domain 2018-01-29 (read 2026-11; the code for a domain that is not there is
// unverified).
func (d *Domains) Get(ctx context.Context, domain string) (Domain, error) {
	const op = "QueryDomainByDomainName"
	if problems := domainProblems(domain); problems != nil {
		return Domain{}, badInput(DomainProduct, op, problems...)
	}
	var a struct {
		DomainName, TransferOutStatus, RealNameStatus, RegistrantUpdatingStatus, Email string
		InstanceID                                                                     string `json:"InstanceId"`
		DomainStatus, RegistrationDateLong, ExpirationDateLong                         text
		RegistrationDate, ExpirationDate                                               string
		TransferProhibitionLock, UpdateProhibitionLock                                 string
		Premium, EmailVerificationClientHold                                           bool
		DNSList                                                                        struct {
			DNS []string `json:"Dns"`
		} `json:"DnsList"`
	}
	if err := d.call(ctx, op, map[string]string{"DomainName": domain}, true, &a); err != nil {
		return Domain{}, err
	}
	if !strings.EqualFold(a.DomainName, domain) {
		return Domain{}, &Error{Product: DomainProduct, Op: op, Sent: true, Message: "the answer is about another domain"}
	}
	return Domain{
		Name: strings.ToLower(a.DomainName), InstanceID: a.InstanceID, Status: DomainStatus(a.DomainStatus),
		Registered: instant(a.RegistrationDateLong, a.RegistrationDate), Expires: instant(a.ExpirationDateLong, a.ExpirationDate),
		NameServers: hostNames(a.DNSList.DNS), TransferLock: LockState(a.TransferProhibitionLock), UpdateLock: LockState(a.UpdateProhibitionLock),
		TransferOut: a.TransferOutStatus, RealName: RealNameStatus(a.RealNameStatus), Premium: a.Premium,
		RegistrantPending: strings.EqualFold(a.RegistrantUpdatingStatus, "PENDING"), MailHold: a.EmailVerificationClientHold,
		Email: Private{a.Email},
	}, nil
}

// instant reads milliseconds, or else a date of UTC+8.
func instant(ms text, date string) time.Time {
	if n, err := strconv.ParseInt(string(ms), 10, 64); err == nil && n > 0 {
		return time.UnixMilli(n).In(beijing())
	}
	return platformTime(date)
}

// DSRecord is a delegation signer at the registry.
type DSRecord struct {
	KeyTag     uint16
	Algorithm  uint8
	DigestType uint8
	Digest     string // hexadecimal
}

// DSRecords are the delegation signers that the registry has for a domain. While one is there, name servers that do not
// sign the zone with its key make the domain fail for everybody who checks signatures.
//
// Source: QueryDSRecord, API Domain 2018-01-29 (read 2026-11).
func (d *Domains) DSRecords(ctx context.Context, domain string) ([]DSRecord, error) {
	const op = "QueryDSRecord"
	if problems := domainProblems(domain); problems != nil {
		return nil, badInput(DomainProduct, op, problems...)
	}
	var a struct{ DSRecordList []DSRecord }
	if err := d.call(ctx, op, map[string]string{"DomainName": domain}, true, &a); err != nil {
		return nil, err
	}
	return a.DSRecordList, nil
}
