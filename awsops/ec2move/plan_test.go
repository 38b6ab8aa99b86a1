package ec2move_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// A plan asks and changes nothing.
func TestPlanOnlyReads(t *testing.T) {
	t.Parallel()
	for _, capture := range []ec2move.Capture{"", ec2move.StopFirst, ec2move.TwoPass, ec2move.CrashConsistent} {
		cloud := planCloud(0)
		cloud.Observe(func(e awsopstest.Event) {
			assert.False(t, planMutating(e.Op), "%s", e.Op)
		})
		s := planSpec()
		s.Capture = capture
		p, err := planClient(t, cloud).Plan(t.Context(), s)
		require.NoError(t, err)
		assert.NotEmpty(t, p.Steps)
		assert.Greater(t, cloud.Calls(""), 15)
		assert.Less(t, cloud.Calls(""), 50, "%v", cloud.Order())
	}
}

func TestPlanOfAServer(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	p, err := planClient(t, cloud).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	assert.Empty(t, planCodes(p, ec2move.Stop))
	assert.Equal(t, []string{
		"later-writes-lost", "origins", "private-range", "public-address-changes", "rules-quota", "source-restarts", "user-data-runs-again",
	}, planCodes(p, ec2move.Warn))
	assert.Equal(t, []string{"groups-copied", "key-pair-carried", "prefix-list-copied", "private-address-changes", "profile-kept", "public-name-changes"}, planCodes(p, ec2move.Note))
	assert.False(t, p.Blocked())
	for i, f := range p.Findings[1:] {
		assert.LessOrEqual(t, strings.Index("stopwarnnote", string(p.Findings[i].Severity)), strings.Index("stopwarnnote", string(f.Severity)), "the worst first")
	}

	s := p.Source
	assert.Equal(t, "running", s.State)
	assert.Equal(t, "t3.micro", s.Type)
	assert.Equal(t, netip.MustParseAddr("203.0.113.10"), s.PublicIP)
	assert.Equal(t, "eipalloc-0aaaaaaaaaaaaaa1", s.AllocationID)
	assert.Equal(t, 1, s.ElasticIPs)
	assert.Equal(t, []string{"sg-0aaaaaaaaaaaaaaa1"}, s.Groups)
	assert.True(t, strings.HasPrefix(s.PublicKey, planKey(1)))
	assert.Equal(t, "ed25519", s.KeyType)
	assert.Equal(t, map[string]string{"Name": "web", "Team": "shop"}, s.Tags)
	require.Len(t, s.Devices, 2)
	assert.Equal(t, ec2move.Device{Name: "/dev/sdf", VolumeID: "vol-0aaaaaaaaaaaaaaa2", GiB: 100, Type: "gp3", IOPS: 3000, Throughput: 125}, s.Devices[0])
	assert.True(t, s.Devices[1].DeleteOnTermination)
	assert.Len(t, s.UserDataHash, 64)

	var ids []ec2move.StepID
	for _, step := range p.Steps {
		ids = append(ids, step.ID)
		assert.NotEmpty(t, step.What, step.ID)
	}
	assert.Equal(t, ec2move.StepCheck, ids[0])
	assert.Subset(t, ids, []ec2move.StepID{ec2move.StepKeyPair, ec2move.StepPrefixLists, ec2move.StepGroups, ec2move.StepImage, ec2move.StepCopy, ec2move.StepLaunch, ec2move.StepReady, ec2move.StepAddress})
	assert.NotContains(t, ids, ec2move.StepHotImage)
	assert.NotContains(t, ids, ec2move.StepStop)
	assert.NotContains(t, ids, ec2move.StepCutover)

	// 100 GiB at 500 MiB/s are 205 s, twice; the rest is boot, checks and calls.
	assert.Greater(t, p.Duration, 10*time.Minute)
	assert.Less(t, p.Duration, 20*time.Minute)
	assert.Equal(t, 90*time.Second, p.Downtime)
}

// Trap 12: "User data runs again: Plan says so." And neither plan nor text nor JSON hold it.
func TestPlanKeepsUserDataOut(t *testing.T) {
	t.Parallel()
	p, err := planClient(t, planCloud(0)).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	data, err := json.Marshal(p)
	require.NoError(t, err)
	assert.Contains(t, planCodes(p, ec2move.Warn), "user-data-runs-again")
	for _, text := range []string{p.String(), string(data), fmt.Sprintf("%+v %#v", p, *p)} {
		assert.NotContains(t, text, "hunter2")
		assert.NotContains(t, text, "aHVudGVy") // in base64
		assert.NotContains(t, text, "IyEvYmlu")
	}
	s := planSpec()
	s.UserData = ec2move.OmitUserData
	p, err = planClient(t, planCloud(0)).Plan(t.Context(), s)
	require.NoError(t, err)
	assert.NotContains(t, planCodes(p, ec2move.Warn), "user-data-runs-again")
	assert.Contains(t, planCodes(p, ec2move.Note), "user-data-omitted")
}

// A plan comes back from JSON as it was.
func TestPlanIsJSON(t *testing.T) {
	t.Parallel()
	p, err := planClient(t, planCloud(0)).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	data, err := json.Marshal(p)
	require.NoError(t, err)
	var back ec2move.Plan
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, *p, back)
	assert.Equal(t, p.String(), back.String())
}

// Trap 10: "Cross-partition copy is refused in Plan", with nothing asked.
func TestPlanRefusesAnotherPartition(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	for _, region := range []string{"cn-north-1", "us-gov-west-1"} {
		s := planSpec()
		s.To.Region = region
		_, err := planClient(t, cloud).Plan(t.Context(), s)
		require.ErrorIs(t, err, awsops.ErrInvalid)
		assert.ErrorContains(t, err, "CreateStoreImageTask")
	}
	assert.Zero(t, cloud.Calls(""))
}

func TestPlanOfNothing(t *testing.T) {
	t.Parallel()
	s := planSpec()
	s.From.ID = "i-0fffffffffffffff0"
	_, err := planClient(t, planCloud(0)).Plan(t.Context(), s)
	require.ErrorIs(t, err, awsops.ErrGone)
}

// What the caller may not ask is a finding, and the rest of the plan is there.
func TestPlanWithoutRights(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	cloud.FailNext("GetEbsEncryptionByDefault", "UnauthorizedOperation", "You are not authorized to perform this operation.")
	cloud.FailNext("DescribeInstanceTypeOfferings", "UnauthorizedOperation", "You are not authorized to perform this operation.")
	p, err := planClient(t, cloud).Plan(t.Context(), planSpec())
	require.NoError(t, err)
	assert.Contains(t, planCodes(p, ec2move.Warn), "read-denied")
	assert.Contains(t, p.String(), "ec2:GetEbsEncryptionByDefault")
	assert.Contains(t, planCodes(p, ec2move.Note), "groups-copied")
}

// An end of the context is no finding.
func TestPlanEndsWithItsContext(t *testing.T) {
	t.Parallel()
	cloud := planCloud(0)
	ctx, cancel := context.WithCancelCause(t.Context())
	n := 0
	cloud.Observe(func(e awsopstest.Event) {
		if n++; n == 20 {
			cancel(assert.AnError)
		}
	})
	_, err := planClient(t, cloud).Plan(ctx, planSpec())
	require.ErrorIs(t, err, assert.AnError)
}

// Trap 28: "Plan made, source changed, Run → Conflict", with each fact that changed. What a move does itself is none.
func TestSourceThatChangedSinceThePlan(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*ec2movetest.World)
		facts  []string
	}{
		"nothing":      {change: func(*ec2movetest.World) {}},
		"stopped":      {change: func(w *ec2movetest.World) { instance(w).Stopped = true }},
		"type":         {change: func(w *ec2movetest.World) { instance(w).Type = "t3.small" }, facts: []string{`type ("t3.micro", now "t3.small")`}},
		"groups":       {change: func(w *ec2movetest.World) { instance(w).Groups = []string{"sg-0aaaaaaaaaaaaaaa2"} }, facts: []string{"groups"}},
		"volume grown": {change: func(w *ec2movetest.World) { instance(w).Volumes[1].GiB = 200 }, facts: []string{"devices"}},
		"volume added": {change: func(w *ec2movetest.World) { addVolume(w) }, facts: []string{"devices"}},
		"user data":    {change: func(w *ec2movetest.World) { instance(w).UserData = "#!/bin/sh\necho hunter3" }, facts: []string{"user_data_hash"}},
		"protection and metadata": {change: func(w *ec2movetest.World) {
			instance(w).Protected = true
			instance(w).Metadata = &ec2movetest.Metadata{Tokens: "required"}
		}, facts: []string{"protected", "metadata"}},
		"tags":       {change: func(w *ec2movetest.World) { instance(w).Tags["Name"] = "secret-name" }, facts: []string{"tags"}},
		"elastic IP": {change: func(w *ec2movetest.World) { w.Regions[planFrom].Addresses = nil }, facts: []string{"allocation_id", "elastic_ips"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := planClient(t, planCloud(0))
			st := planState(t, c, planSpec())
			cloud := planCloud(0, tt.change)
			c = planClient(t, cloud)
			st, _, err := c.Advance(t.Context(), st)
			if len(tt.facts) == 0 {
				require.NoError(t, err)
				assert.Equal(t, ec2move.Done, st.Steps[ec2move.StepCheck].Phase)
				return
			}
			require.ErrorIs(t, err, awsops.ErrConflict)
			for _, fact := range tt.facts {
				assert.ErrorContains(t, err, fact)
			}
			assert.NotContains(t, err.Error(), "hunter")
			assert.NotContains(t, err.Error(), "secret-name")
			for _, op := range cloud.Order() {
				assert.False(t, planMutating(op), op)
			}
		})
	}
}

// A public address that is no Elastic IP changes by itself.
func TestSourceWithAnotherPublicAddress(t *testing.T) {
	t.Parallel()
	without := func(w *ec2movetest.World) { w.Regions[planFrom].Addresses = nil }
	c := planClient(t, planCloud(0, without))
	st := planState(t, c, planSpec())
	require.True(t, st.Source.PublicIP.IsValid())
	st.Source.PublicIP = netip.MustParseAddr("203.0.113.99")
	st.Source.PublicDNS = "ec2-203-0-113-99.eu-central-1.compute.amazonaws.com"
	_, _, err := c.Advance(t.Context(), st)
	require.NoError(t, err)
}

func instance(w *ec2movetest.World) *ec2movetest.Instance { return &w.Regions[planFrom].Instances[0] }

func addVolume(w *ec2movetest.World) {
	instance(w).Volumes = append(instance(w).Volumes, ec2movetest.Volume{ID: "vol-0aaaaaaaaaaaaaaa3", Device: "/dev/sdg", GiB: 10})
}

// Every code that the package can emit is in its documentation, and no other.
func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	names, err := os.ReadDir(".")
	require.NoError(t, err)
	emitted := map[string]bool{}
	re := regexp.MustCompile(`\.found\([^"]*"([a-z0-9-]+)"`)
	var doc string
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), ".go") || strings.HasSuffix(n.Name(), "_test.go") {
			continue
		}
		data, err := os.ReadFile(n.Name())
		require.NoError(t, err)
		for _, hit := range re.FindAllStringSubmatch(string(data), -1) {
			emitted[hit[1]] = true
		}
		if n.Name() == "doc.go" {
			doc = string(data)
		}
	}
	_, part, ok := strings.Cut(doc, "# What a plan finds")
	require.True(t, ok)
	part, _, _ = strings.Cut(part, "# Limits")
	documented := map[string]bool{}
	for line := range strings.Lines(part) {
		if codes, ok := strings.CutPrefix(line, "//\t"); ok {
			for code := range strings.SplitSeq(strings.TrimSpace(codes), ",") {
				if code = strings.TrimSpace(code); code != "" {
					documented[code] = true
				}
			}
		}
	}
	assert.Equal(t, emitted, documented)
	assert.Greater(t, len(emitted), 70)
}
