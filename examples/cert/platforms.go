package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/acmx"
)

// open connects every platform, the real one or its fake, and checks what can be checked without a request.
func (f *flags) open(s Settings, spec acmx.Spec, w io.Writer, every time.Duration) (p *Pipeline, closing func(), err error) {
	fk := &fakes{dir: filepath.Join(f.out, "fakes"), zone: parentZone(spec.Names)}
	defer func() {
		if err != nil {
			fk.close()
		}
	}()
	isReal := s.real["aws"]
	if !isReal {
		if !strings.Contains(fk.zone, ".") {
			return nil, nil, fmt.Errorf("-names: on the fakes all names are in one zone, and these have none in common: %s", strings.Join(spec.Names, ", "))
		}
		if err := os.MkdirAll(fk.dir, 0o755); err != nil {
			return nil, nil, fmt.Errorf("-out: %w", err)
		}
	}
	zone, second, err1 := f.openZone(s, fk, w)
	cfg := acmx.Config{AWS: s.aws("ACM_ENDPOINT")}
	if r := newResolver(f.resolver); r != nil && isReal {
		cfg.CAA = r
	}
	var err2 error
	if !isReal {
		cfg, err2 = fk.acm()
		every = 200 * time.Millisecond
	}
	if err := errors.Join(err1, err2); err != nil {
		return nil, nil, err
	}
	client, err := acmx.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	a := &acm{client: client, spec: spec, every: every, lang: f.lang}
	first := Account{Platform: "acm", Name: cfg.AWS.Region, Fake: !isReal, Keeps: true} // keys are changed now and then, the Region is not
	if !isReal {
		first.Name = "fake"
	}
	return &Pipeline{Authority: a, Vault: a, Zone: zone, Accounts: []Account{first, second}}, fk.close, nil
}
