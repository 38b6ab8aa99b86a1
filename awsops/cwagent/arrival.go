package cwagent

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwagent/agentconf"
)

// expected is the metric that is waited for: one whose dimensions are all known from the ID of the instance.
func (in *installation) expected() *agentconf.MetricID {
	if in.o.Expect != nil {
		return in.o.Expect
	}
	for _, id := range in.conf.Metrics(&agentconf.Machine{InstanceID: in.instance}) {
		if id.Known() && id.Dimensions[agentconf.DimInstanceID] == in.instance {
			return &id
		}
	}
	return nil
}

// arrival waits for a data point that is newer than the configuration. A command that succeeded proves none.
func (in *installation) arrival(ctx context.Context) error {
	switch {
	case in.o.Arrival == nil:
		return in.tell("arrival", "not checked", "")
	case in.expect == nil:
		return in.tell("arrival", "no metrics are configured", "")
	}
	id, began := *in.expect, in.c.caller.Clock.Now()
	err := awsops.Poll(ctx, in.c.caller.Clock, max(in.o.Wait.Interval, 10*time.Second), func(ctx context.Context) (bool, error) {
		when, ok, err := in.o.Arrival.Arrived(ctx, id.Namespace, id.Name, id.Dimensions, in.since)
		switch {
		case err != nil:
			return false, fmt.Errorf("looking for %s: %w", id, err)
		case ok:
			return true, in.tell("arrival", "done", fmt.Sprintf("%s at %s", id, when.UTC().Format(time.RFC3339)))
		case in.o.ArrivalWithin > 0 && in.c.caller.Clock.Now().Sub(began) > in.o.ArrivalWithin:
			return false, in.nothing(nil)
		}
		return false, in.tell("arrival", "waiting", id.String())
	})
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return in.nothing(err)
	}
	return err
}

// nothing is that no data point came.
func (in *installation) nothing(cause error) error {
	err := ErrNoArrival
	if cause != nil {
		err = fmt.Errorf("%w: %w", ErrNoArrival, cause)
	}
	return &Error{
		Resource: in.instance, Err: err,
		Reason: in.expect.String() + ": its role lacks CloudWatchAgentServerPolicy; or it has no way out to monitoring; or its clock is wrong; or the " +
			"dimensions are others: see Log",
	}
}
