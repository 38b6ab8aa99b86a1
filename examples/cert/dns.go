package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/route53x"
)

// The [Zone] is the client of route53x or that of aliyun's DNS as they are: neither package knows of certificates, and
// both have the one method that is needed.
var (
	_ Zone = (*route53x.Client)(nil)
	_ Zone = (*aliyun.DNS)(nil)
)

// knownLoss wraps a zone and marks outcomes that are not known.
type knownLoss struct {
	Zone
	kind error
}

func (z knownLoss) PresentCNAME(ctx context.Context, name, target string) error {
	return lost(z.Zone.PresentCNAME(ctx, name, target), z.kind)
}

// printed is a [Zone] for people: it says what to add, and trusts that somebody does.
type printed struct {
	w    io.Writer
	lang Lang
}

func (p printed) PresentCNAME(_ context.Context, name, target string) error {
	_, err := fmt.Fprintln(p.w, p.lang.Sayf("add this record to the zone, and leave it there: %s. 300 IN CNAME %s.", "请在域名解析中添加并保留此记录：%s. 300 IN CNAME %s.", name, target))
	return err
}

// openZone connects what the records go to.
func (f *flags) openZone(s Settings, fk *fakes, w io.Writer) (Zone, Account, error) {
	isReal := s.real["aws"]
	switch f.dns {
	case dnsPrint:
		return printed{w, f.lang}, Account{Platform: "dns", Name: "print"}, nil
	case dnsRoute53:
		cfg := route53x.Config{AWS: s.aws("ROUTE53_ENDPOINT")}
		if !isReal {
			cfg = fk.route53()
		}
		c, err := route53x.New(cfg)
		return knownLoss{c, route53x.ErrUnknownOutcome}, Account{Platform: "route53", Name: "DNS", Fake: !isReal}, err
	case dnsAliyun:
		cfg := s.aliyun()
		if !isReal {
			var err error
			if cfg, err = fk.aliyun(); err != nil {
				return nil, Account{}, err
			}
		}
		c, err := aliyun.New(cfg)
		if err != nil {
			return nil, Account{}, err
		}
		return knownLoss{c.DNS(), aliyun.ErrUnknownOutcome}, Account{Platform: "aliyun", Name: "DNS", Fake: !isReal}, nil
	}
	return nil, Account{}, errors.New("-dns: none")
}
