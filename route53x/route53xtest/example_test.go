package route53xtest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// Somebody else changes the zone between the plan and its execution.
func ExampleServer_Edit() {
	srv := route53xtest.NewServer()
	defer srv.Close()
	zone := srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	c, err := route53x.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	www := route53x.RRSet{Name: "www.example.com.", Type: route53x.A, TTL: 300, Values: []string{"192.0.2.1"}}
	plan, err := route53x.Diff(srv.Sets(zone), []route53x.RRSet{www}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	www.Values = []string{"192.0.2.99"}
	fmt.Println(srv.Edit(zone, route53x.Op{Action: "CREATE", Set: www}))
	_, err = c.Apply(context.Background(), zone, plan, nil)
	fmt.Println(errors.Is(err, route53x.ErrConflict), srv.Done(route53xtest.ChangeResourceRecordSets))
	// Output:
	// <nil>
	// true 0
}
