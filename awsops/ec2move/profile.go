package ec2move

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/awscall"
)

// Profiles attaches instance profiles in one Region: see [Client.Profiles].
type Profiles struct {
	c      *Client
	region string
	opts   ProfileOptions
}

// ProfileOptions is how profiles are attached. nil and zero fields are defaults.
type ProfileOptions struct {
	// Replace lets AttachProfile put the profile in the place of another one that the instance has: it loses what that allowed.
	// Otherwise another profile is an error of kind awsops.ErrConflict.
	Replace bool
}

// Profiles attaches instance profiles to instances of a Region.
func (c *Client) Profiles(region string, opts *ProfileOptions) *Profiles {
	p := &Profiles{c: c, region: region}
	if opts != nil {
		p.opts = *opts
	}
	return p
}

// AttachProfile gives an instance, running or stopped, the instance profile with this name or ARN, and returns when EC2 says
// "associated". If it has that profile already, nothing is done. AssociateIamInstanceProfile has neither token nor dry run: what
// the instance has is read before, and again after an answer that was lost. A profile that IAM has just made is not known to
// EC2 for some seconds: the refusals that say so are repeated for two minutes.
//
// A running instance takes the role up within minutes; the SSM agent on it may have to be restarted.
//
// Errors: *[Error]; of kind awsops.ErrConflict if the instance has another profile.
// Source: AssociateIamInstanceProfile, EC2 API reference (read 2026-11).
func (p *Profiles) AttachProfile(ctx context.Context, instance, profile string) error {
	if !instanceRE.MatchString(instance) {
		return &Error{Resource: instance, Err: fmt.Errorf("%w: no instance ID", awsops.ErrInvalid)}
	}
	if !profileRE.MatchString(profile) {
		return &Error{Resource: profile, Err: fmt.Errorf("%w: neither the name nor the ARN of an instance profile", awsops.ErrInvalid)}
	}
	began := p.c.cfg.Clock.Now()
	return awsops.Poll(ctx, p.c.cfg.Clock, profileEvery, func(ctx context.Context) (bool, error) {
		done, err := p.attach(ctx, instance, profile)
		if err == nil {
			if !done && p.c.cfg.Clock.Now().Sub(began) > settle {
				return false, &Error{Op: "AssociateIamInstanceProfile", Resource: instance, Err: awsops.ErrFailed, Reason: "the profile is still not associated after " + settle.String()}
			}
			return done, nil
		}
		e, ok := errors.AsType[*Error](err)
		again := errors.Is(err, awsops.ErrUnknownOutcome) || ok && profileUnknown(e)
		if again && p.c.cfg.Clock.Now().Sub(began) < profileLag && ctx.Err() == nil {
			return false, nil
		}
		return false, err
	})
}

// attach takes one look and makes at most one call that changes something.
func (p *Profiles) attach(ctx context.Context, instance, profile string) (done bool, err error) {
	m := &move{c: p.c}
	as := &types.IamInstanceProfileSpecification{Name: &profile}
	if strings.HasPrefix(profile, "arn:") {
		as = &types.IamInstanceProfileSpecification{Arn: &profile}
	}
	in := p.c.in(p.region)
	out, err := read(ctx, m, "DescribeIamInstanceProfileAssociations", in.describeIamInstanceProfileAssociations,
		&ec2.DescribeIamInstanceProfileAssociationsInput{Filters: []types.Filter{filter("instance-id", instance)}})
	if err != nil {
		return false, err
	}
	for _, a := range out.IamInstanceProfileAssociations {
		has := ""
		if a.IamInstanceProfile != nil {
			has = aws.ToString(a.IamInstanceProfile.Arn)
		}
		switch {
		case a.State == types.IamInstanceProfileAssociationStateDisassociated:
			continue
		case a.State == types.IamInstanceProfileAssociationStateDisassociating:
			return false, nil
		case has == profile || strings.HasSuffix(has, "/"+profile):
			return a.State == types.IamInstanceProfileAssociationStateAssociated, nil
		case !p.opts.Replace:
			return false, &Error{
				Resource: instance, Err: awsops.ErrConflict, Reason: "the instance has the profile " + has,
				Hint: "add the policies to its role, or replace it with ProfileOptions.Replace",
			}
		}
		_, err := mutate(ctx, m, "ReplaceIamInstanceProfileAssociation", instance, awscall.OnlyRefused, in.replaceIamInstanceProfileAssociation,
			&ec2.ReplaceIamInstanceProfileAssociationInput{
				AssociationId: a.AssociationId, IamInstanceProfile: as,
			})
		return false, err
	}
	_, err = mutate(ctx, m, "AssociateIamInstanceProfile", instance, awscall.OnlyRefused, in.associateIamInstanceProfile,
		&ec2.AssociateIamInstanceProfileInput{InstanceId: &instance, IamInstanceProfile: as})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "IncorrectState" { // an association exists that the list lacked
		return false, nil
	}
	return false, err
}

var profileRE = regexp.MustCompile(`^(arn:aws[a-z-]*:iam::\d{12}:instance-profile/([!-~]+/)?)?[\w+=,.@-]{1,128}$`)

const profileEvery = 5 * time.Second
