package route53xtest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/kitroll/kitroll/route53x"
)

// own is a domain of the account.
func (r *Registrar) own(name string) (*registered, *denial) {
	if no := r.domain(name); no != nil {
		return nil, no
	}
	d, ok := r.domains[name]
	if !ok {
		return nil, deny("InvalidInput", "Domain %s not found in the account.", name)
	}
	return d, nil
}

// free is a domain of the account for which nothing runs, while there is room for one more operation.
func (r *Registrar) free(name string) (*registered, *denial) {
	d, no := r.own(name)
	if no == nil {
		no = r.busy(name)
	}
	if no == nil {
		no = r.crowded()
	}
	return d, no
}

func started(op *operation) map[string]string { return map[string]string{"OperationId": op.id} }

type nameserversInput struct {
	DomainName, FIAuthKey string
	Nameservers           []wireNameserver
}

func (r *Registrar) updateNameservers(in nameserversInput) (any, *denial) {
	if no := r.domain(in.DomainName); no != nil {
		return nil, no
	}
	if n := len(in.Nameservers); n < route53x.MinNameservers || n > route53x.MaxNameservers || in.FIAuthKey != "" {
		return nil, deny("InvalidInput", "[Errors: [%d name servers are not allowed.]]", n)
	}
	servers, no := readNameservers(in.DomainName, in.Nameservers)
	if no != nil {
		return nil, no
	}
	d, no := r.free(in.DomainName)
	if no != nil {
		return nil, no
	}
	return started(r.change(in.DomainName, string(route53x.OpUpdateNameservers), func(at time.Time) string {
		if d.detail.Has("clientUpdateProhibited") || d.detail.Has("serverUpdateProhibited") || d.detail.Has("pendingTransfer") {
			return "The domain cannot be updated in its status."
		}
		d.detail.Nameservers, d.detail.Updated = servers, at
		r.delegated(in.DomainName, servers, at)
		return ""
	})), nil
}

func (r *Registrar) enableLock(in domainInput) (any, *denial) { return r.lock(in.DomainName, true) }

func (r *Registrar) disableLock(in domainInput) (any, *denial) { return r.lock(in.DomainName, false) }

func (r *Registrar) lock(name string, on bool) (any, *denial) {
	d, no := r.free(name)
	if no != nil {
		return nil, no
	}
	return started(r.change(name, string(route53x.OpDomainLock), func(at time.Time) string {
		d.set("clientTransferProhibited", on)
		d.detail.Updated = at
		return ""
	})), nil
}

func (r *Registrar) authCode(in domainInput) (any, *denial) {
	d, no := r.own(in.DomainName)
	if no == nil {
		no = r.maintained(in.DomainName)
	}
	if no != nil {
		return nil, no
	}
	return map[string]string{"AuthCode": d.code}, nil
}

type signerInput struct {
	DomainName        string
	SigningAttributes *struct {
		Algorithm, Flags *int
		PublicKey        string
	}
}

func (r *Registrar) addSigner(in signerInput) (any, *denial) {
	d, no := r.own(in.DomainName)
	if no != nil {
		return nil, no
	}
	a := in.SigningAttributes
	if a == nil || a.Algorithm == nil || a.Flags == nil || *a.Flags != 256 && *a.Flags != 257 {
		return nil, deny("InvalidInput", "SigningAttributes is not valid.")
	}
	if _, err := base64.StdEncoding.DecodeString(a.PublicKey); err != nil || a.PublicKey == "" {
		return nil, deny("InvalidInput", "PublicKey is not valid.")
	}
	key, err := route53x.ParseDNSKEY(fmt.Sprintf("%d 3 %d %s", *a.Flags, *a.Algorithm, a.PublicKey))
	if err == nil {
		key, err = key.DS(in.DomainName, 2)
	}
	if err != nil {
		return nil, deny("TLDRulesViolation", "The registry does not take this key.")
	}
	if _, no := r.free(in.DomainName); no != nil {
		return nil, no
	}
	if len(d.detail.DNSSECKeys) >= r.opts.MaxKeys {
		return nil, deny("DnssecLimitExceeded", "The domain has reached the maximum of %d DS records.", r.opts.MaxKeys)
	}
	return started(r.change(in.DomainName, string(route53x.OpAddDNSSEC), func(at time.Time) string {
		d.keys++
		key.ID = fmt.Sprintf("key-%d", d.keys)
		d.detail.DNSSECKeys, d.detail.Updated = append(slices.Clone(d.detail.DNSSECKeys), key), at
		return ""
	})), nil
}

type removeSignerInput struct{ DomainName, Id string }

func (r *Registrar) removeSigner(in removeSignerInput) (any, *denial) {
	d, no := r.own(in.DomainName)
	if no != nil {
		return nil, no
	}
	if !slices.ContainsFunc(d.detail.DNSSECKeys, func(k route53x.DNSSECKey) bool { return k.ID == in.Id }) {
		return nil, deny("InvalidInput", "The key %s is not there.", in.Id)
	}
	if _, no := r.free(in.DomainName); no != nil {
		return nil, no
	}
	return started(r.change(in.DomainName, string(route53x.OpRemoveDNSSEC), func(at time.Time) string {
		d.detail.DNSSECKeys = slices.DeleteFunc(slices.Clone(d.detail.DNSSECKeys), func(k route53x.DNSSECKey) bool { return k.ID == in.Id })
		d.detail.Updated = at
		return ""
	})), nil
}

type wireKey struct {
	Algorithm, DigestType, Flags, KeyTag int
	Digest, Id, PublicKey                string
}

func (r *Registrar) getDomain(in domainInput) (any, *denial) {
	d, no := r.own(in.DomainName)
	if no != nil {
		return nil, no
	}
	keys := []wireKey{}
	for _, k := range d.detail.DNSSECKeys {
		keys = append(keys, wireKey{int(k.Algorithm), int(k.DigestType), int(k.Flags), int(k.KeyTag), k.Digest, k.ID, k.PublicKey})
	}
	c := d.detail.Contacts
	return map[string]any{
		"DomainName": in.DomainName, "RegistrarName": d.detail.Registrar, "CreationDate": epoch(d.detail.Created),
		"UpdatedDate": epoch(d.detail.Updated), "ExpirationDate": epoch(d.detail.Expires), "AutoRenew": d.detail.AutoRenew,
		"Nameservers": wireNameservers(d.detail.Nameservers), "StatusList": append([]string{}, d.detail.Status...), "DnssecKeys": keys,
		"RegistrantContact": wireContactOf(c.Registrant), "AdminContact": wireContactOf(c.Admin), "TechContact": wireContactOf(c.Tech),
		"RegistrantPrivacy": d.detail.Private, "AdminPrivacy": d.detail.Private, "TechPrivacy": d.detail.Private,
	}, nil
}
