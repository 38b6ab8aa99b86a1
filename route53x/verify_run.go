package route53x

import (
	"context"
	"errors"
)

type run struct{}

func newRun(Verification, *VerifyOptions) (*run, error) { return nil, errors.ErrUnsupported }

func (*run) do(context.Context) (*Report, error) { return nil, errors.ErrUnsupported }
