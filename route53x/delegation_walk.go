package route53x

import (
	"context"
	"errors"
)

type walk struct{}

func newWalk(string, *DelegationOptions) (*walk, error) { return nil, errors.ErrUnsupported }

func (*walk) delegation(context.Context) (Delegation, error) {
	return Delegation{}, errors.ErrUnsupported
}

func (d Delegation) agreed() bool { return len(d.Servers) > 0 }

func (d Delegation) is([]string) bool { return d.agreed() }
