package route53x_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func TestPresentCNAME(t *testing.T) {
	t.Parallel()
	const name, target = "_3f.www.example.com", "_9a.acm-validations.aws."
	mine := simple("_3f.www.example.com.", route53x.CNAME, 300, target)
	kept := mine
	kept.TTL = 60
	for label, tt := range map[string]struct {
		had   []route53x.RRSet
		prep  func(srv *route53xtest.Server, zone string)
		want  []route53x.RRSet
		kind  error
		calls int
	}{
		"new":               {want: []route53x.RRSet{mine}, calls: 1},
		"there":             {had: []route53x.RRSet{mine}, want: []route53x.RRSet{mine}},
		"there for shorter": {had: []route53x.RRSet{kept}, want: []route53x.RRSet{kept}},
		"another target":    {had: []route53x.RRSet{simple(mine.Name, route53x.CNAME, 300, "b.")}, want: []route53x.RRSet{simple(mine.Name, route53x.CNAME, 300, "b.")}, kind: fs.ErrExist},
		"another type":      {had: []route53x.RRSet{simple(mine.Name, route53x.TXT, 300, `"b"`)}, want: []route53x.RRSet{simple(mine.Name, route53x.TXT, 300, `"b"`)}, kind: route53x.ErrExists},
		"the answer lost":   {prep: func(srv *route53xtest.Server, _ string) { srv.LoseNext(changeSets) }, want: []route53x.RRSet{mine}, calls: 1},
		"somebody else was faster": {prep: func(srv *route53xtest.Server, zone string) {
			before(srv, changeSets, 1, func() {
				_ = srv.Edit(zone, route53x.Op{Action: "CREATE", Set: simple(mine.Name, route53x.CNAME, 300, "b.")})
			})
		}, want: []route53x.RRSet{simple(mine.Name, route53x.CNAME, 300, "b.")}, kind: route53x.ErrConflict, calls: 1},
		"somebody else did the same": {prep: func(srv *route53xtest.Server, zone string) {
			before(srv, changeSets, 1, func() { _ = srv.Edit(zone, route53x.Op{Action: "CREATE", Set: mine}) })
		}, want: []route53x.RRSet{mine}, calls: 1},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			srv, c := fake(t, route53xtest.Options{})
			zone := zoneWith(t, srv, tt.had...)
			if tt.prep != nil {
				tt.prep(srv, zone)
			}
			err := c.PresentCNAME(t.Context(), name, "_9A.acm-validations.aws")
			assert.Equal(t, tt.want, own(srv, zone))
			assert.Equal(t, tt.calls, srv.Calls(changeSets))
			if tt.kind != nil {
				require.ErrorIs(t, err, tt.kind)
				require.ErrorContains(t, err, "_3f.www.example.com.")
				return
			}
			require.NoError(t, err)
			require.NoError(t, c.PresentCNAME(t.Context(), name+".", target), "again")
			assert.Equal(t, tt.calls, srv.Calls(changeSets))
		})
	}
	srv, c := fake(t, route53xtest.Options{})
	require.ErrorIs(t, c.PresentCNAME(t.Context(), name, target), route53x.ErrNotFound, "no zone")
	zoneWith(t, srv)
	zoneWith(t, srv)
	require.ErrorIs(t, c.PresentCNAME(t.Context(), name, target), route53x.ErrAmbiguous)
	require.ErrorIs(t, c.PresentCNAME(t.Context(), "a..b", target), route53x.ErrInvalid)
	require.ErrorIs(t, c.PresentCNAME(t.Context(), name, ""), route53x.ErrInvalid)
}
