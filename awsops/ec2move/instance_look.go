package ec2move

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops"
)

// look reads one instance. It is nil when EC2 does not know it, or not yet.
func (m *move) look(ctx context.Context, in calls, id string) (*types.Instance, error) {
	out, err := read(ctx, m, "DescribeInstances", in.describeInstances, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "InvalidInstanceID.NotFound" {
			return nil, nil //nolint:nilnil // it is not there, which is an answer
		}
		return nil, err
	}
	for _, r := range out.Reservations {
		for i := range r.Instances {
			if aws.ToString(r.Instances[i].InstanceId) == id {
				return &r.Instances[i], nil
			}
		}
	}
	return nil, nil //nolint:nilnil // as above
}

// running reads the copy. It is nil, with the turn to take, as long as EC2 does not list it or it has not started; what has
// ended is an error.
func (m *move) running(ctx context.Context) (*types.Instance, turn, error) {
	id := m.of(StepLaunch).ID
	if id == "" {
		return nil, turn{}, &Error{Err: awsops.ErrConflict, Reason: "the state knows no copy: it was not launched"}
	}
	in, err := m.look(ctx, m.dst, id)
	if err != nil {
		return nil, turn{}, err
	}
	if in == nil || in.State == nil {
		t, err := m.missing(id)
		return nil, t, err
	}
	m.there(id)
	switch in.State.Name {
	case types.InstanceStateNameRunning:
		return in, turn{}, nil
	case types.InstanceStateNamePending:
		return nil, turn{after: 5 * time.Second}, nil
	case types.InstanceStateNameTerminated, types.InstanceStateNameShuttingDown:
		return nil, turn{}, &Error{Resource: id, Err: awsops.ErrGone, Reason: "the copy is " + string(in.State.Name)}
	default:
		return nil, turn{}, &Error{
			Resource: id, Err: awsops.ErrConflict, Reason: "the copy is " + string(in.State.Name), Hint: "start it, then go on",
		}
	}
}

// missing is the turn after something that was made is not in EC2's lists: another look, until the settle window has passed
// and the absence is one.
func (m *move) missing(id string) (turn, error) {
	since, known := m.time("missing " + id)
	if !known {
		m.note("missing "+id, stamp(m.now()))
		return turn{after: lookAgain}, nil
	}
	if gone := m.now().Sub(since); gone >= settle {
		return turn{}, &Error{Resource: id, Err: awsops.ErrGone, Reason: fmt.Sprintf("EC2 does not show it after %v", gone.Round(time.Second))}
	}
	return turn{after: lookAgain}, nil
}

// there ends what missing began.
func (m *move) there(id string) { m.forget("missing " + id) }

// note keeps a word under a name in the Progress of the step at work.
func (m *move) note(key, value string) {
	m.set(func(p *Progress) {
		if p.IDs == nil {
			p.IDs = map[string]string{}
		}
		p.IDs[key] = value
	})
}

// forget drops words that note kept.
func (m *move) forget(keys ...string) {
	if len(m.progress().IDs) > 0 {
		m.set(func(p *Progress) {
			for _, key := range keys {
				delete(p.IDs, key)
			}
		})
	}
}

// word is what note kept.
func (m *move) word(key string) string { return m.progress().IDs[key] }

// time is a moment that note kept.
func (m *move) time(key string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, m.word(key))
	return at, err == nil
}

// stamp is a moment as it is kept, in whole seconds.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// publicIP is an instance's public address of IPv4, invalid without one.
func publicIP(in *types.Instance) netip.Addr {
	ip, _ := netip.ParseAddr(aws.ToString(in.PublicIpAddress))
	return ip
}

// addresses6 are the addresses of IPv6 of an instance's first network interface.
func addresses6(in *types.Instance) []netip.Addr {
	var out []netip.Addr
	for _, nic := range in.NetworkInterfaces {
		if nic.Attachment != nil && aws.ToInt32(nic.Attachment.DeviceIndex) != 0 {
			continue
		}
		for _, a := range nic.Ipv6Addresses {
			if ip, err := netip.ParseAddr(aws.ToString(a.Ipv6Address)); err == nil {
				out = append(out, ip)
			}
		}
	}
	return out
}
