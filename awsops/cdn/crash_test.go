package cdn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// lags are how many lists show nothing of a change, and whether a refusal says which distribution it means.
func lags() []cdntest.Options {
	return []cdntest.Options{{}, {ListLag: 3}, {ListLag: 10}, {ListLag: 3, HideID: true}, {ListLag: 10, HideID: true}}
}

func title(o cdntest.Options) string { return fmt.Sprintf("lag %d, ID hidden %t", o.ListLag, o.HideID) }

// survive runs a job that is broken off by every crash, then once more as a new process, and looks at what is there. Trap 26:
// fakes that answer at once hide all of this: time, lag and faults are part of the fake.
func survive(t *testing.T, name string, setup func(w *world), job func(ctx context.Context, c *cdn.Client, w *world) error, check func(t *testing.T, w *world, where string)) {
	t.Helper()
	table := &rows{}
	table.print(t, name+": lag | mutating calls | crashes survived")
	for _, o := range lags() {
		t.Run(title(o), func(t *testing.T) {
			t.Parallel()
			dry := ready(t, o)
			setup(dry)
			ops := count(dry, func() { require.NoError(t, job(t.Context(), dry.c, dry)) })
			require.NotEmpty(t, ops)
			check(t, dry, "undisturbed")
			for _, c := range crashes(len(ops)) {
				w := ready(t, o)
				setup(w)
				err := c.run(t, w, ops, func(ctx context.Context, client *cdn.Client) error { return job(ctx, client, w) })
				if c.how == "dies before" || c.how == "dies after the effect of" {
					require.ErrorIs(t, err, errKilled, c)
				}
				switch c.how {
				case "loses the answer of":
					require.NoError(t, err, c)
				case "never sends":
					require.True(t, err == nil || errors.Is(err, awsops.ErrUnknownOutcome) && ops[c.n] == "CreateVpcOrigin", "%s: %v", c, err)
				case "loses every answer of":
					require.True(t, err == nil && ops[c.n] == "CreateVpcOrigin" || errors.Is(err, awsops.ErrUnknownOutcome), "%s: %v", c, err)
				}
				client, err := cdn.New(w.Config())
				require.NoError(t, err)
				require.NoError(t, job(t.Context(), client, w), "the second run, after one that %s", c)
				check(t, w, c.String())
			}
			table.add("%-24s | %v | %d", title(o), ops, len(crashes(len(ops))))
		})
	}
}

// The crash matrix of Ensure: one distribution, whatever happens at whatever call, with lists that lag.
func TestEnsureCrashesAnywhereAndMakesOne(t *testing.T) {
	t.Parallel()
	survive(t, "Ensure", func(*world) {},
		func(ctx context.Context, c *cdn.Client, _ *world) error {
			_, err := c.Ensure(ctx, distribution())
			return err
		},
		func(t *testing.T, w *world, where string) {
			t.Helper()
			assert.Equal(t, 1, w.Count(), where)
		})
}

// That of an Ensure that changes one: it is changed, and what others wrote is there.
func TestEnsureCrashesAnywhereAndChangesOnce(t *testing.T) {
	t.Parallel()
	var id string
	d := distribution()
	d.Update, d.PriceClass = true, "PriceClass_100"
	for _, o := range lags() {
		for _, c := range crashes(1) {
			w := ready(t, o)
			r, err := w.c.Ensure(t.Context(), distribution())
			require.NoError(t, err)
			id = r.ID
			w.Edit(id, func(c *types.DistributionConfig) { c.WebACLId = new("theirs") })
			_ = c.run(t, w, []string{"UpdateDistribution"}, func(ctx context.Context, client *cdn.Client) error {
				_, err := client.Ensure(ctx, d)
				return err
			})
			client, err := cdn.New(w.Config())
			require.NoError(t, err)
			_, err = client.Ensure(t.Context(), d)
			require.NoError(t, err)
			cfg := w.Read(id)
			assert.Equal(t, types.PriceClassPriceClass100, cfg.PriceClass, c)
			assert.Equal(t, "theirs", *cfg.WebACLId, c)
			assert.Equal(t, 1, w.Count(), c)
		}
	}
}

// The crash matrix of Delete: it is gone, and the others are there.
func TestDeleteCrashesAnywhere(t *testing.T) {
	t.Parallel()
	survive(t, "Delete", func(w *world) {
		r, err := w.c.Ensure(w.t.Context(), distribution())
		require.NoError(w.t, err)
		w.id = r.ID
		w.Add(byHand("other.example.net", cdn.HTTPOnly, false))
	}, func(ctx context.Context, c *cdn.Client, w *world) error { return c.Delete(ctx, w.id, nil) },
		func(t *testing.T, w *world, where string) {
			t.Helper()
			assert.Equal(t, 1, w.Count(), where)
			assert.Nil(t, w.Read(w.id), where)
		})
}

// The crash matrix of Retarget: every distribution that had the origin has the new one, and nothing else has changed.
func TestRetargetCrashesAnywhere(t *testing.T) {
	t.Parallel()
	survive(t, "Retarget", func(w *world) {
		for i := range 3 {
			cfg := byHand(origin, cdn.HTTPOnly, false)
			cfg.CallerReference, cfg.WebACLId = new(fmt.Sprint(i)), new(fmt.Sprint("acl ", i))
			w.Add(cfg)
		}
		w.Add(byHand("other.example.net", cdn.HTTPOnly, false))
	}, func(ctx context.Context, c *cdn.Client, _ *world) error {
		_, err := c.Retarget(ctx, origin, "new.example.com")
		return err
	}, func(t *testing.T, w *world, where string) {
		t.Helper()
		domains, acls := map[string]int{}, map[string]int{}
		for s, err := range w.c.List(t.Context()) {
			require.NoError(t, err)
			cfg := w.Read(s.ID)
			domains[*cfg.Origins.Items[0].DomainName]++
			acls[*cfg.WebACLId]++
		}
		assert.Equal(t, map[string]int{"new.example.com": 3, "other.example.net": 1}, domains, where)
		assert.Equal(t, map[string]int{"acl 0": 1, "acl 1": 1, "acl 2": 1, "": 1}, acls, where)
	})
}

// That of a VPC origin, whose creation has no key: one, as long as names are unique, which the fake takes for granted.
func TestEnsureVPCOriginCrashesAnywhereAndMakesOne(t *testing.T) {
	t.Parallel()
	survive(t, "EnsureVPCOrigin", func(*world) {},
		func(ctx context.Context, c *cdn.Client, _ *world) error {
			_, err := c.EnsureVPCOrigin(ctx, cdn.VPCOrigin{ID: "shop", Endpoint: "arn:aws:ec2:eu-central-1:123456789012:instance/i-1", Protocol: cdn.HTTPOnly})
			return err
		},
		func(t *testing.T, w *world, where string) {
			t.Helper()
			assert.Equal(t, 1, w.VPCCount(), where)
		})
}
