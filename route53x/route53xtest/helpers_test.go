package route53xtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func open(t *testing.T, opts route53xtest.Options) *route53xtest.Server {
	t.Helper()
	srv := route53xtest.Open(opts)
	t.Cleanup(srv.Close)
	return srv
}

// sdk is Amazon's own client, without its repeats.
func sdk(srv *route53xtest.Server) *route53.Client {
	return route53.NewFromConfig(srv.AWS(), func(o *route53.Options) { o.Retryer = aws.NopRetryer{} })
}

func a(name string, values ...string) route53x.RRSet {
	if len(values) == 0 {
		values = []string{"192.0.2.1"}
	}
	return route53x.RRSet{Name: route53x.Name(name), Type: route53x.A, TTL: 300, Values: values}
}

func of(name string, typ route53x.Type, values ...string) route53x.RRSet {
	return route53x.RRSet{Name: route53x.Name(name), Type: typ, TTL: 300, Values: values}
}

func weighted(name, id string, weight int64) route53x.RRSet {
	s := a(name)
	s.SetIdentifier, s.Routing = id, route53x.Weighted{Weight: weight}
	return s
}

func create(s route53x.RRSet) route53x.Op { return route53x.Op{Action: "CREATE", Set: s} }
func remove(s route53x.RRSet) route53x.Op { return route53x.Op{Action: "DELETE", Set: s} }
func upsert(s route53x.RRSet) route53x.Op { return route53x.Op{Action: "UPSERT", Set: s} }

// change sends a batch of plain sets over the wire.
func change(ctx context.Context, c *route53.Client, zone string, ops ...route53x.Op) (*types.ChangeInfo, error) {
	batch := &types.ChangeBatch{}
	for _, op := range ops {
		set := &types.ResourceRecordSet{Name: new(string(op.Set.Name)), Type: types.RRType(op.Set.Type), TTL: new(int64(op.Set.TTL))}
		for _, v := range op.Set.Values {
			set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
		}
		if w, ok := op.Set.Routing.(route53x.Weighted); ok {
			set.SetIdentifier, set.Weight = &op.Set.SetIdentifier, &w.Weight
		}
		batch.Changes = append(batch.Changes, types.Change{Action: types.ChangeAction(op.Action), ResourceRecordSet: set})
	}
	out, err := c.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: batch})
	if err != nil {
		return nil, err
	}
	return out.ChangeInfo, nil
}

func requireCode(t *testing.T, code string, err error) {
	t.Helper()
	var refusal smithy.APIError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, code, refusal.ErrorCode(), refusal.ErrorMessage())
}

type (
	ctx        = context.Context
	faultEvent = fault.Event
)

// stopped goes forward only when it is put forward.
func stopped() *route53xtest.Clock {
	return &route53xtest.Clock{Frozen: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
}

func newZone(name, ref string) *route53.CreateHostedZoneInput {
	return &route53.CreateHostedZoneInput{Name: &name, CallerReference: &ref}
}
