package route53x_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func ExampleClient_Apply() {
	srv := route53xtest.NewServer() // real code: route53x.Config{AWS: cfg}
	defer srv.Close()
	ctx := context.Background()
	c, err := route53x.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	zone, _, err := c.EnsureZone(ctx, "example.com", "move-7/example.com", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var have []route53x.RRSet
	for s, err := range c.RRSets(ctx, zone.ID, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		have = append(have, s)
	}
	file, _, err := route53x.ParseZone(strings.NewReader("www 300 IN A 192.0.2.1\n* 300 IN CNAME www\n"), "example.com", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := route53x.Diff(have, file.Sets, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := c.Apply(ctx, zone.ID, plan, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Done, c.WaitSync(ctx, result.ChangeIDs, nil))
	for s := range slices.Values(srv.Sets(zone.ID)) {
		fmt.Println(s.Name, s.Type)
	}
	// Output:
	// [1] <nil>
	// example.com. NS
	// example.com. SOA
	// \052.example.com. CNAME
	// www.example.com. A
}
