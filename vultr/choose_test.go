package vultr_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/vultr"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	type kinds = []vultr.StorageKind
	for name, tt := range map[string]struct {
		need  vultr.Need
		kind  vultr.StorageKind
		typ   string
		steps kinds // nil = the kind
		says  string
	}{
		"http":                          {need: vultr.Need{Access: vultr.AccessHTTP}, kind: vultr.KindObject, says: "1000 GB of storage"},
		"http, public, large":           {need: vultr.Need{Access: vultr.AccessHTTP, Public: true, SizeGB: 1500}, kind: vultr.KindObject, says: "500 GB beyond"},
		"http from bare metal":          {need: vultr.Need{Access: vultr.AccessHTTP, BareMetal: true, Writers: 9}, kind: vultr.KindObject, says: "any number"},
		"http, fast":                    {need: vultr.Need{Access: vultr.AccessHTTP, IOPS: 4000}, kind: vultr.KindObject, says: "4000 requests a second"},
		"database":                      {need: vultr.Need{Access: vultr.AccessBlock, SizeGB: 100, IOPS: 501}, kind: vultr.KindBlock, typ: "high_perf", says: "501 IOPS"},
		"disk at the limit of HDD":      {need: vultr.Need{Access: vultr.AccessBlock, SizeGB: 40, IOPS: 500}, kind: vultr.KindBlock, typ: "storage_opt", says: "HDD"},
		"disk below the size of HDD":    {need: vultr.Need{Access: vultr.AccessBlock, SizeGB: 39, IOPS: 500}, kind: vultr.KindBlock, typ: "high_perf", says: "at least 40 GB"},
		"disk, nothing known":           {need: vultr.Need{Access: vultr.AccessBlock}, kind: vultr.KindBlock, typ: "high_perf", says: "nothing was said of IOPS"},
		"disk, large, no IOPS":          {need: vultr.Need{Access: vultr.AccessBlock, SizeGB: 4000, Writers: 1}, kind: vultr.KindBlock, typ: "storage_opt", says: "nothing was said of IOPS"},
		"disk, small":                   {need: vultr.Need{Access: vultr.AccessBlock, SizeGB: 5}, kind: vultr.KindBlock, typ: "high_perf", says: "the smallest has 10 GB"},
		"disk, faster than a volume":    {need: vultr.Need{Access: vultr.AccessBlock, SizeGB: 50, IOPS: 20000}, kind: vultr.KindBlock, typ: "high_perf", says: "stripe"},
		"disk, public":                  {need: vultr.Need{Access: vultr.AccessBlock, Public: true}, kind: vultr.KindBlock, typ: "high_perf", says: "not public"},
		"disk of two":                   {need: vultr.Need{Access: vultr.AccessBlock, Writers: 2}, kind: vultr.KindFile, says: "2 machines write"},
		"disk on bare metal":            {need: vultr.Need{Access: vultr.AccessBlock, BareMetal: true}, steps: kinds{}, says: "cannot be attached to Bare Metal (unverified)"},
		"disk of two, one bare metal":   {need: vultr.Need{Access: vultr.AccessBlock, BareMetal: true, Writers: 2}, steps: kinds{}, says: "cannot be attached"},
		"tree":                          {need: vultr.Need{Access: vultr.AccessFile}, kind: vultr.KindFile, says: "virtiofs"},
		"tree of five":                  {need: vultr.Need{Access: vultr.AccessFile, Writers: 5, SizeGB: 3}, kind: vultr.KindFile, says: "the smallest has 10 GB"},
		"tree, public":                  {need: vultr.Need{Access: vultr.AccessFile, Public: true}, kind: vultr.KindFile, says: "needs a gateway"},
		"tree with bare metal":          {need: vultr.Need{Access: vultr.AccessFile, BareMetal: true}, kind: vultr.KindGateway, typ: "nfs4", steps: kinds{vultr.KindFile, vultr.KindGateway}, says: "VPC"},
		"tree with bare metal, public":  {need: vultr.Need{Access: vultr.AccessFile, BareMetal: true, Public: true, Writers: 3}, kind: vultr.KindGateway, typ: "nfs4", steps: kinds{vultr.KindFile, vultr.KindGateway}, says: "list the addresses"},
		"no access":                     {need: vultr.Need{Writers: 3}, steps: kinds{}, says: "none of block, file and http"},
		"unknown access":                {need: vultr.Need{Access: "tape"}, steps: kinds{}, says: `"tape"`},
		"negative numbers are not said": {need: vultr.Need{Access: vultr.AccessBlock, Writers: -1, SizeGB: -5, IOPS: -5}, kind: vultr.KindBlock, typ: "high_perf"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := vultr.Choose(tt.need)
			assert.Equal(t, tt.kind, c.Kind)
			assert.Equal(t, tt.typ, c.Type)
			if tt.steps == nil {
				tt.steps = kinds{tt.kind}
			}
			assert.ElementsMatch(t, tt.steps, c.Steps)
			if len(c.Steps) > 0 {
				assert.Equal(t, c.Kind, c.Steps[len(c.Steps)-1], "what is used comes last")
			}
			assert.Contains(t, strings.Join(c.Reasons, "\n"), tt.says)
			for _, kind := range (kinds{vultr.KindBlock, vultr.KindObject, vultr.KindFile, vultr.KindGateway}) {
				rejected, ok := c.Rejected[kind]
				if assert.NotEqual(t, ok, slices.Contains(c.Steps, kind), "%s is either a step or rejected", kind) && ok {
					assert.NotEmpty(t, rejected, "with a reason")
				}
			}
			assert.Equal(t, c, vultr.Choose(tt.need), "pure")
		})
	}
}

func TestChooseTier(t *testing.T) {
	t.Parallel()
	standard := vultr.Tier{ID: "1", MonthlyUSD: 18, DiskGBUSD: 0.018, OpsPerSecond: 800}
	premium := vultr.Tier{ID: "2", MonthlyUSD: 36, DiskGBUSD: 0.01, OpsPerSecond: 1000}
	fast := vultr.Tier{ID: "3", MonthlyUSD: 50, DiskGBUSD: 0.05, OpsPerSecond: 4000, Locations: []string{"ams"}}
	archive := vultr.Tier{ID: "4", MonthlyUSD: 6, DiskGBUSD: 0.006, Locations: []string{"sgp"}}
	all := []vultr.Tier{fast, premium, standard, archive}
	for name, tt := range map[string]struct {
		need  vultr.Need
		where string
		want  vultr.TierID
	}{
		"cheapest of all":           {want: "4"},
		"cheapest there":            {where: "ewr", want: "1"},
		"cheapest in other letters": {where: "SGP", want: "4"},
		"a thousand requests":       {need: vultr.Need{IOPS: 1000}, want: "2"},
		"more":                      {need: vultr.Need{IOPS: 1001}, want: "3"},
		"more, elsewhere":           {need: vultr.Need{IOPS: 1001}, where: "ewr"},
		"a limit that is not told":  {need: vultr.Need{IOPS: 1}, where: "sgp", want: "1"},
		"cheaper by the GB":         {need: vultr.Need{SizeGB: 10000}, where: "ewr", want: "2"},
		"too much":                  {need: vultr.Need{IOPS: 5000}},
	} {
		got, ok := vultr.ChooseTier(tt.need, all, tt.where)
		assert.Equal(t, tt.want, got.ID, name)
		assert.Equal(t, tt.want != "", ok, name)
	}
	_, ok := vultr.ChooseTier(vultr.Need{}, nil, "")
	assert.False(t, ok)
}
