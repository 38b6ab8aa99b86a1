package acmxtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/acmx"
)

// certificate is one that the platform knows.
type certificate struct {
	ARN       string               `json:"arn"`
	Names     []string             `json:"names"` // the common name first
	Key       string               `json:"key"`
	Export    bool                 `json:"export"`
	Type      string               `json:"type"`
	Method    string               `json:"method"` // DNS or EMAIL; "" for imported ones
	Tags      map[string]string    `json:"tags,omitzero"`
	CreatedAt time.Time            `json:"createdAt"`
	Status    acmx.Status          `json:"status"`
	Reason    string               `json:"reason,omitzero"`
	Proved    map[string]time.Time `json:"proved,omitzero"` // by name of the record
	CheckedAt time.Time            `json:"checkedAt,omitzero"`
	IssuedAt  time.Time            `json:"issuedAt,omitzero"` // for the first time
	DeletedAt time.Time            `json:"deletedAt,omitzero"`
	Exported  bool                 `json:"exported,omitzero"`
	InUseBy   []string             `json:"inUseBy,omitzero"`
	Revoked   string               `json:"revoked,omitzero"`
	Migration *migration           `json:"migration,omitzero"`

	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
	Serial    string    `json:"serial,omitzero"`
	Leaf      []byte    `json:"leaf,omitzero"`  // DER
	Chain     []byte    `json:"chain,omitzero"` // PEM, of imported ones
	KeyDER    []byte    `json:"keyDER,omitzero"`

	Renewal   string    `json:"renewal,omitzero"` // RenewalStatus
	RenewAt   time.Time `json:"renewAt,omitzero"` // when the renewal that was asked for takes place
	RenewedAt time.Time `json:"renewedAt,omitzero"`
}

// migration is a change from e-mail to DNS.
type migration struct {
	At     time.Time            `json:"at"`
	Proved map[string]time.Time `json:"proved"`
}

// tokenUse is a request that a token stands for.
type tokenUse struct {
	ARN    string    `json:"arn"`
	At     time.Time `json:"at"`
	Params string    `json:"params"`
}

// recordOf is the CNAME that proves a name. It depends on account and domain alone, so that a domain and its wildcard, and
// every certificate of them, share one.
func (s *Server) recordOf(name string) (record, target string) {
	base := strings.TrimPrefix(name, "*.")
	hash := func(salt string) string {
		sum := sha256.Sum256([]byte(salt + s.opts.Account + base))
		return hex.EncodeToString(sum[:16])
	}
	return "_" + hash("name") + "." + base + ".", "_" + hash("value") + ".xlfgrmvvlj.acm-validations.aws."
}

// proves asks for the record of a name.
func (s *Server) proves(ctx context.Context, name string) bool {
	record, target := s.recordOf(name)
	got, err := s.opts.CNAME(ctx, strings.TrimSuffix(record, "."))
	return err == nil && strings.EqualFold(strings.TrimSuffix(got, "."), strings.TrimSuffix(target, "."))
}

// settle brings a certificate to where it has to be by now. The platform does so all the time, the fake when it is asked.
func (s *Server) settle(ctx context.Context, c *certificate, now time.Time) {
	switch c.Status {
	case acmx.StatusPending:
		s.validate(ctx, c, now)
	case acmx.StatusIssued:
		s.keepFresh(ctx, c, now)
	}
	if c.Migration != nil {
		s.migrate(ctx, c, now)
	}
}

// validate looks for the records of a pending certificate, gives up after 72 hours, and issues some time after the last
// name was proved.
func (s *Server) validate(ctx context.Context, c *certificate, now time.Time) {
	late := now.Sub(c.CreatedAt) >= 72*time.Hour
	due := c.CheckedAt.IsZero() || now.Sub(c.CheckedAt) >= s.opts.CheckEvery
	if c.Method == "DNS" && due && !late && now.Sub(c.CreatedAt) >= s.opts.DetailLag {
		c.CheckedAt = now
		for _, name := range c.Names {
			if s.opts.CAA != nil && !allowed(s.opts.CAA(strings.TrimPrefix(name, "*."))) {
				c.Status, c.Reason = acmx.StatusFailed, "CAA_ERROR"
				return
			}
		}
		for _, name := range c.Names {
			if record, _ := s.recordOf(name); c.Proved[record].IsZero() && s.proves(ctx, name) {
				c.Proved[record] = now
			}
		}
	}
	var last time.Time
	for _, name := range c.Names {
		record, _ := s.recordOf(name)
		at := c.Proved[record]
		if at.IsZero() {
			if late {
				c.Status = acmx.StatusValidationTimedOut
			}
			return
		}
		if at.After(last) {
			last = at
		}
	}
	if at := last.Add(s.opts.IssueLag); !now.Before(at) {
		s.sign(c, at)
		c.Status, c.IssuedAt = acmx.StatusIssued, at
		s.charge(c, "issue", at)
	}
}

// allowed is the authority's own reading of CAA, for the records that tests give: no wildcards, no critical flags.
func allowed(records []string) bool {
	restricted := false
	for _, r := range records {
		fields := strings.Fields(r)
		if len(fields) != 3 || fields[1] != "issue" {
			continue
		}
		restricted = true
		if slices.Contains(acmx.AmazonCAs(), strings.Trim(fields[2], `"`)) {
			return true
		}
	}
	return !restricted
}

// keepFresh renews what is exported or in use, and lets the rest expire.
func (s *Server) keepFresh(ctx context.Context, c *certificate, now time.Time) {
	for c.Type == "AMAZON_ISSUED" {
		at := c.NotAfter.Add(-s.opts.RenewBefore)
		if !c.RenewAt.IsZero() {
			at = c.RenewAt
		} else if !c.Exported && len(c.InUseBy) == 0 {
			break
		}
		if now.Before(at) || !now.Before(c.NotAfter) {
			break
		}
		proved := !slices.ContainsFunc(c.Names, func(name string) bool { return !s.proves(ctx, name) })
		if !proved && c.Method == "DNS" {
			c.Renewal = "PENDING_VALIDATION"
			break
		}
		if c.Renewal == "PENDING_VALIDATION" {
			at = now // the record was missing until this look
		}
		s.sign(c, at)
		s.charge(c, "renewal", at)
		c.Renewal, c.RenewAt, c.RenewedAt = "SUCCESS", time.Time{}, at
	}
	if !now.Before(c.NotAfter) {
		c.Status = acmx.StatusExpired
	}
}

// migrate looks for the records of a change to DNS.
func (s *Server) migrate(ctx context.Context, c *certificate, now time.Time) {
	if now.Sub(c.Migration.At) < s.opts.DetailLag {
		return
	}
	done := true
	for _, name := range c.Names {
		if c.Migration.Proved[name].IsZero() && s.proves(ctx, name) {
			c.Migration.Proved[name] = now
		}
		done = done && !c.Migration.Proved[name].IsZero()
	}
	if done {
		c.Method, c.Migration = "DNS", nil
		c.Proved = map[string]time.Time{}
		for _, name := range c.Names {
			record, _ := s.recordOf(name)
			c.Proved[record] = now
		}
	}
}

// find is the certificate of an ARN, settled. Some seconds after a request there is none, and some after a deletion there
// still is.
func (s *Server) find(ctx context.Context, arn string) (*certificate, *refusal) {
	if !strings.HasPrefix(arn, "arn:aws:acm:"+s.opts.Region+":"+s.opts.Account+":certificate/") {
		return nil, refuse("InvalidArnException", "Invalid ARN: %s", arn)
	}
	now := s.opts.Now()
	c := s.state.Certificates[arn]
	if c == nil || now.Sub(c.CreatedAt) < s.opts.DetailLag/3 || !c.DeletedAt.IsZero() && now.Sub(c.DeletedAt) >= s.opts.ListLag {
		return nil, refuse("ResourceNotFoundException", "Could not find certificate %s.", arn)
	}
	s.settle(ctx, c, now)
	return c, nil
}
