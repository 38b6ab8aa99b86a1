package r2admin_test

import (
	"context"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// A bucket, its CORS rules and its domain, as often as one likes.
func Example() {
	srv := r2test.NewServer()
	defer srv.Close()
	api := srv.ControlPlane() // real code: r2admin.Config{AccountID: …, APIToken: …}
	defer api.Close()
	api.AddZone(r2test.Zone{ID: "023e105f4ecef8ad9ca31a8372d0c353", Name: "example.com"})
	c, err := r2admin.New(config(api, r2test.Options{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	bucket, err := c.EnsureBucket(ctx, "pictures", &r2admin.BucketOptions{LocationHint: "weur"})
	fmt.Println(bucket.Name, bucket.Existed, err)
	plan, err := c.PlanCORS(ctx, "pictures", []r2admin.CORSRule{{
		Origins: []string{"https://www.example.com"}, Methods: []string{"GET"}, MaxAge: time.Hour,
	}})
	fmt.Println(err)
	fmt.Print(plan)
	fmt.Println(c.ApplyCORS(ctx, plan))
	domain, err := c.EnsureDomain(ctx, "pictures", "img.example.com", &r2admin.DomainOptions{MinTLS: "1.2"})
	if err != nil {
		fmt.Println(err)
		return
	}
	status, err := domain.Wait(ctx, &r2admin.WaitOptions{Interval: time.Millisecond})
	fmt.Println(status.Ownership, status.SSL, err)
	// Output:
	// pictures false <nil>
	// <nil>
	// cors pictures:
	// + {"allowed":{"origins":["https://www.example.com"],"methods":["GET"]},"maxAgeSeconds":3600}
	// <nil>
	// active active <nil>
}
