package route53x_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/route53x"
)

// A file is read to its end, whatever is wrong with it.
func ExampleParseZone() {
	file := `$TTL 1h
@     IN SOA ns1.old.example. hm.example.com. ( 2026112701 7200 900 1209600 300 )
www   A     192.0.2.1
      A     192.0.2.300
old   LOC   51 30 0 N 0 0 0 W 0m
*     TXT   "\042 is a star in this file"
`
	zone, issues, err := route53x.ParseZone(strings.NewReader(file), "example.com", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, set := range zone.Sets {
		fmt.Println(set)
	}
	for _, issue := range issues {
		fmt.Println(issue)
	}
	// Output:
	// *.example.com. TXT 3600 "* is a star in this file"
	// www.example.com. A 3600 192.0.2.1
	// 2:1: skipped: SOA of the apex: a zone at Route 53 has its own: "@"
	// 4:13: wrong: A: bad A A: "192.0.2.300"
	// 5:7: unsupported: type LOC: Route 53 does not have it: "LOC"
}

func ExampleWriteZone() {
	sets := []route53x.RRSet{
		{Name: `\052.example.com.`, Type: route53x.TXT, TTL: 300, Values: []string{route53x.QuoteTXT("grüß")}},
		{Name: "example.com.", Type: route53x.A, Alias: &route53x.Alias{ZoneID: "Z2FDTNDATAQYW2", Target: "d1.cloudfront.net."}},
		{Name: "www.example.com.", Type: route53x.A, SetIdentifier: "blue", TTL: 60, Values: []string{"192.0.2.1"}, Routing: route53x.Weighted{Weight: 9}},
	}
	if err := route53x.WriteZone(os.Stdout, "example.com", slices.Values(sets), &route53x.WriteOptions{Relative: true}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// $ORIGIN example.com.
	// *	300	IN	TXT	"gr\195\188\195\159"
	// @	86400	AWS	ALIAS	A d1.cloudfront.net. Z2FDTNDATAQYW2 false
	// www	60	IN	A	192.0.2.1 ; AWS routing="WEIGHTED" weight=9 identifier="blue"
}

func ExampleDiff() {
	have := []route53x.RRSet{
		{Name: "example.com.", Type: route53x.MX, TTL: 300, Values: []string{"10 mail.example.com."}},
		{Name: "www.example.com.", Type: route53x.A, TTL: 300, Values: []string{"192.0.2.1"}},
	}
	want := []route53x.RRSet{
		{Name: "www.example.com.", Type: route53x.A, TTL: 300, Values: []string{"192.0.2.2"}},
	}
	plan, err := route53x.Diff(have, want, &route53x.DiffOptions{Zone: "example.com"})
	if err != nil {
		fmt.Println(err, errors.Is(err, route53x.ErrUnsafe))
		return
	}
	fmt.Print(plan)
	for _, op := range plan.Ops(0) {
		fmt.Println(op.Action, op.Set)
	}
	undo, err := plan.Inverse()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(undo)
	// Output:
	// example.com.: 0 to create, 1 to update, 1 to delete; 1 batches, 3 values, 38 characters
	// - example.com. MX 300 10 mail.example.com.
	// ~ www.example.com. A 300 192.0.2.2
	//     was 300 192.0.2.1
	// ! example.com. MX: no MX is left: mail to this name goes to its address, or nowhere
	// DELETE example.com. MX 300 10 mail.example.com.
	// DELETE www.example.com. A 300 192.0.2.1
	// CREATE www.example.com. A 300 192.0.2.2
	// example.com.: 1 to create, 1 to update, 0 to delete; 1 batches, 3 values, 38 characters
	// + example.com. MX 300 10 mail.example.com.
	// ~ www.example.com. A 300 192.0.2.1
	//     was 300 192.0.2.2
}
