package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/kitroll/kitroll/acmx"
)

// acm is the [Authority] and the [Vault] at AWS Certificate Manager.
type acm struct {
	client *acmx.Client
	spec   acmx.Spec
	every  time.Duration // between looks while names are being validated; 0 is the package's default
	plan   *acmx.Plan    // what the last Quote was made of
	lang   Lang
}

// Quote asks what there is, and says what would be bought.
func (a *acm) Quote(ctx context.Context) (Quote, error) {
	spec := a.spec
	spec.MaxCost = spec.Estimate(nil).Issue // a person decides, who has seen the quote
	p, err := a.client.Plan(ctx, spec, nil)
	if e, ok := errors.AsType[*acmx.Error](err); ok && e.HTTPStatus == 0 && errors.Is(err, acmx.ErrInvalid) {
		return Quote{}, inputError{err} // found here, before anything was sent
	}
	if err != nil {
		return Quote{}, err
	}
	a.plan = p
	q := Quote{Action: string(p.Action), ID: p.Certificate.ARN, Cost: p.Cost.String(), Until: p.Certificate.NotAfter, Notes: p.Notes, Failed: p.Failed}
	if p.Due > 0 {
		q.Due = p.Due.String()
	}
	if p.Action == acmx.Reuse {
		q.Cost = a.lang.Sayf("nothing now, %s about every %d days", "现在无费用，约每 %[2]d 天 %[1]s", p.Cost.Renewal, int(p.Cost.RenewEvery/(24*time.Hour)))
	}
	for _, r := range p.Certificate.Records() {
		q.Records = append(q.Records, Record(r))
	}
	return q, nil
}

// Obtain carries the plan of the last Quote out.
func (a *acm) Obtain(ctx context.Context, _ Quote, zone Zone, progress func(state string)) (string, error) {
	cert, err := a.plan.Ensure(ctx, zone, &acmx.EnsureOptions{
		Interval: a.every,
		Progress: func(s acmx.State, next acmx.Next) { progress(a.state(s, next)) },
	})
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && a.plan.Action == acmx.Reuse {
			err = fmt.Errorf("the certificate has gone since the plan was made: run again (%w)", err)
		}
		return "", lost(err, acmx.ErrUnknownOutcome)
	}
	return cert.ARN(), nil
}

func (a *acm) state(s acmx.State, next acmx.Next) string {
	switch next.Step {
	case acmx.StepRequest:
		return a.lang.Say("looking for one, and requesting it if there is none", "查找现有证书，没有则申请")
	case acmx.StepDetails:
		return a.lang.Sayf("%s: waiting for its records", "%s：等待验证记录", s.ARN)
	case acmx.StepTags:
		return a.lang.Say("putting tags on it", "添加标签")
	case acmx.StepRecord:
		return a.lang.Sayf("%d of %d DNS records", "DNS 记录 %d / %d", s.Presented, len(s.Records))
	case acmx.StepWait:
		return a.lang.Sayf("waiting until it is issued (%s)", "等待签发（%s）", s.Status)
	default:
		return a.lang.Say("issued", "已签发")
	}
}

// Look asks which certificate there is under the ARN now.
func (a *acm) Look(ctx context.Context, id string) (Facts, error) {
	d, err := a.client.Certificate(id).Describe(ctx)
	return Facts{Serial: d.Serial, Names: d.Names, Until: d.NotAfter}, err
}

// Export takes it out with its key.
func (a *acm) Export(ctx context.Context, id string) (Bundle, error) {
	b, err := a.client.Export(ctx, id, nil)
	if err != nil {
		return nil, err
	}
	return bundle{b}, nil
}

// bundle is a [Bundle].
type bundle struct{ *acmx.Bundle }

func (b bundle) Facts() Facts {
	return Facts{Serial: b.Serial(), Names: b.Leaf.DNSNames, Until: b.Leaf.NotAfter}
}

func (b bundle) Chain() (names []string) {
	for _, c := range b.Bundle.Chain {
		names = append(names, c.Subject.CommonName)
	}
	return names
}

func (b bundle) Notes() []string { return b.Bundle.Notes }

// lost marks an error of that kind as an outcome that is not known.
func lost(err, kind error) error {
	if errors.Is(err, kind) {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return err
}
