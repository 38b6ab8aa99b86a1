package ec2move_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// flat asks one dollar for everything, but for what it does not know.
type flat struct{ missing ec2move.PriceItem }

func (f flat) Price(_ string, item ec2move.PriceItem, _ string) (float64, bool) {
	return 1, item != f.missing
}
func (flat) Date() string { return "2020-01" }

func TestCost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spec    func(*ec2move.Spec)
		world   func(*ec2movetest.World)
		book    ec2move.PriceBook
		once    map[string]float64 // quantity by what
		monthly map[string]float64
		missing []string
	}{
		"plain": {
			book:    flat{},
			once:    map[string]float64{"transfer from eu-central-1 to us-east-1, at most": 108},
			monthly: map[string]float64{"the copy, t3.micro": 730, "public IPv4 address of the copy": 730, "the source, until you end it": 730, "gp3 volumes of the copy, without IOPS and throughput": 108},
		},
		"two passes, the source stopped": {
			book: flat{}, spec: func(s *ec2move.Spec) { s.Capture = ec2move.TwoPass },
			once:    map[string]float64{"transfer from eu-central-1 to us-east-1, at most": 113.4},
			monthly: map[string]float64{"the copy, t3.micro": 730, "public IPv4 address of the copy": 730, "gp3 volumes of the copy, without IOPS and throughput": 108},
		},
		"in a time, images kept": {
			book: flat{}, spec: func(s *ec2move.Spec) { s.Within, s.Keep.Images = 15*time.Minute, true },
			once: map[string]float64{"transfer from eu-central-1 to us-east-1, at most": 108, "time-based copy, at most": 108},
			monthly: map[string]float64{
				"snapshots in eu-central-1, kept": 108, "snapshots in us-east-1, kept": 108, "the copy, t3.micro": 730,
				"public IPv4 address of the copy": 730, "the source, until you end it": 730, "gp3 volumes of the copy, without IOPS and throughput": 108,
			},
		},
		"no price for IPv4": {
			book: flat{missing: ec2move.PriceAddress}, once: map[string]float64{"transfer from eu-central-1 to us-east-1, at most": 108},
			monthly: map[string]float64{"the copy, t3.micro": 730, "the source, until you end it": 730, "gp3 volumes of the copy, without IOPS and throughput": 108},
			missing: []string{"ipv4 in us-east-1"},
		},
		"Windows, in the static table": {
			world: func(w *ec2movetest.World) { instance(w).Platform = "Windows" }, once: map[string]float64{"transfer from eu-central-1 to us-east-1, at most": 108},
			monthly: map[string]float64{"public IPv4 address of the copy": 730, "gp3 volumes of the copy, without IOPS and throughput": 108},
			missing: []string{"instance t3.micro Windows in eu-central-1", "instance t3.micro Windows in us-east-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var worlds []func(*ec2movetest.World)
			if tt.world != nil {
				worlds = append(worlds, tt.world)
			}
			s := planSpec()
			if tt.spec != nil {
				tt.spec(&s)
			}
			p, err := planClient(t, planCloud(0, worlds...), func(cfg *ec2move.Config) { cfg.Prices = tt.book }).Plan(t.Context(), s)
			require.NoError(t, err)
			once, monthly := map[string]float64{}, map[string]float64{}
			var sumOnce, sumMonthly float64
			for _, l := range p.Cost.Lines {
				assert.InDelta(t, l.Quantity*l.Price, l.Amount, 0.001)
				switch {
				case l.Monthly:
					monthly[l.What] = l.Quantity
					sumMonthly += l.Amount
				case l.What[:9] == "snapshots": // by the hour
					assert.Less(t, l.Quantity, 1.0)
					sumOnce += l.Amount
				default:
					once[l.What] = l.Quantity
					sumOnce += l.Amount
				}
			}
			assert.Equal(t, tt.once, once)
			assert.Equal(t, tt.monthly, monthly)
			assert.InDelta(t, sumOnce, p.Cost.Once, 0.005)
			assert.InDelta(t, sumMonthly, p.Cost.Monthly, 0.005)
			assert.Equal(t, tt.missing, p.Cost.Missing)
			if tt.missing != nil {
				assert.Contains(t, p.String(), "without a price: ")
			}
		})
	}
}

// What nobody has held against AWS's price list says so wherever it is shown, and guesses nothing.
func TestPricesSayThatTheyAreUnverified(t *testing.T) {
	t.Parallel()
	book := ec2move.Prices()
	p, err := planClient(t, planCloud(0)).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	assert.Equal(t, book.Date(), p.Cost.Date)
	assert.Contains(t, p.String(), "not verified")
	for _, tt := range []struct {
		region string
		item   ec2move.PriceItem
		detail string
	}{
		{"mars-north-1", ec2move.PriceSnapshot, ""},
		{"us-east-1", ec2move.PriceInstance, "x9.huge"},
		{"us-east-1", ec2move.PriceInstance, ""},
		{"us-east-1", ec2move.PriceVolume, "gp9"},
		{"us-east-1", "tea", ""},
	} {
		_, ok := book.Price(tt.region, tt.item, tt.detail)
		assert.False(t, ok, "%v", tt)
	}
	for _, region := range []string{"us-east-1", "eu-central-1", "ap-northeast-1"} {
		small, ok := book.Price(region, ec2move.PriceInstance, "t3.small")
		require.True(t, ok)
		large, ok := book.Price(region, ec2move.PriceInstance, "t3.large")
		require.True(t, ok)
		assert.InDelta(t, 4*small, large, 0.0001)
		assert.Positive(t, small)
	}
}

// The estimate of time, beside what the fake takes: EC2's limits of speed on full volumes are above it, and not many times so.
func TestPlannedTimeBesideARun(t *testing.T) {
	t.Parallel()
	for _, capture := range []ec2move.Capture{ec2move.Reboot, ec2move.StopFirst, ec2move.TwoPass, ec2move.CrashConsistent} {
		t.Run(string(capture), func(t *testing.T) {
			t.Parallel()
			cloud := planCloud(0, func(w *ec2movetest.World) {
				for i := range instance(w).Volumes {
					v := &instance(w).Volumes[i]
					v.UsedMiB = int64(v.GiB) * 1024
				}
			})
			s := planSpec()
			s.Capture = capture
			c := planClient(t, cloud)
			p, err := c.Plan(t.Context(), s)
			require.NoError(t, err)
			began := cloud.Clock().Now()
			var stopped, ready time.Time
			for e, err := range c.Run(t.Context(), p) {
				require.NoError(t, err)
				if e.Step == string(ec2move.StepStop) && stopped.IsZero() {
					stopped = e.At
				}
				if e.Step == string(ec2move.StepReady) {
					ready = e.At
				}
			}
			took := cloud.Clock().Now().Sub(began)
			t.Logf("%s: planned %v, took %v", capture, p.Duration, took.Round(time.Second))
			assert.InEpsilon(t, p.Duration.Seconds(), took.Seconds(), 0.5)
			if !stopped.IsZero() {
				assert.InEpsilon(t, p.Downtime.Seconds(), ready.Sub(stopped).Seconds(), 0.5)
			}
		})
	}
}
