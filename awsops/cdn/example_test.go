package cdn_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
)

// exampleWorld is CloudFront in memory and a server at origin.example.com with a certificate for names, both ports.
func exampleWorld(names ...string) (*cdntest.Fake, *cdn.Client, error) {
	f, err := cdntest.New(cdntest.Options{EdgeConnect: time.Second, EdgeRead: time.Second})
	if err != nil {
		return nil, nil, err
	}
	hello := &http.Server{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.Host) }),
		ErrorLog: quiet(), ReadHeaderTimeout: time.Minute,
	}
	f.Internet.SetName("origin.example.com", "203.0.113.10")
	plain := f.Internet.Listen("203.0.113.10:80")
	go func() { _ = hello.Serve(plain) }()
	if len(names) > 0 {
		cert, err := f.Authority().Issue(names...)
		if err != nil {
			return nil, nil, err
		}
		l := tls.NewListener(f.Internet.Listen("203.0.113.10:443"), &tls.Config{Certificates: []tls.Certificate{cert}})
		go func() { _ = hello.Serve(l) }()
	}
	c, err := cdn.New(f.Config()) // real code: cdn.Config{AWS: aws.Config{Credentials: …}}
	return f, c, err
}

const exampleARN = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"

// An origin is looked at before anything is made: the certificate decides how CloudFront has to ask.
func ExampleClient_Probe() {
	f, c, err := exampleWorld("www.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	p, err := c.Probe(context.Background(), "origin.example.com", &cdn.ProbeOptions{Aliases: []string{"www.example.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(p)
	// Output:
	// origin origin.example.com 203.0.113.10
	//   port 80: open
	//   port 443: open, TLS 1.2, TLS 1.3
	//   origin.example.com: certificate for www.example.com, does not name it, 90 days left, TLS 1.3; taken by CloudFront
	//   www.example.com: certificate for www.example.com, names it, 90 days left, TLS 1.3; taken by CloudFront
	//   asked by http as origin.example.com: http://origin.example.com/ → 200
	//   asked by https as origin.example.com: https://origin.example.com/ → 200
	//   asked by http as www.example.com: http://www.example.com/ → 200
	//   asked by https as www.example.com: https://www.example.com/ → 200
	// https-only + AllViewer: the certificate names www.example.com, so the viewer's Host must reach the origin
	//   warning: viewers must use www.example.com: by CloudFront's own domain the certificate fails, with 502
}

// A plan is shown, carried out and waited for. Asked for again, it is the same distribution.
func ExampleClient_Ensure() {
	ctx := context.Background()
	f, c, err := exampleWorld("www.example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	f.AddCertificate(exampleARN, "www.example.com")
	d := cdn.Distribution{
		ID:          "shop",
		Origin:      cdn.Origin{Domain: "origin.example.com"},
		Aliases:     []string{"www.example.com"},
		Certificate: cdn.Certificate{ACM: exampleARN},
	}
	plan, err := c.Plan(ctx, d)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	for range 2 {
		r, err := c.Ensure(ctx, d) // or plan.Ensure(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := c.Wait(ctx, r.ID, nil); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Created, f.Count())
	}
	// Output:
	// create: distribution shop
	//   www.example.com → origin.example.com by https-only, the viewer's Host is forwarded
	//   cache policy CachingDisabled, viewers redirect-to-https, http2and3, PriceClass_All
	//   note: www.example.com needs an A and an AAAA alias record (or a CNAME) that lead to CloudFront
	// true 1
	// false 1
}

// A 502 is explained: the certificate of the server has another name.
func ExampleClient_Diagnose() {
	ctx := context.Background()
	f, c, err := exampleWorld("old-name.example.net")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	id := f.Add(byHand("origin.example.com", cdn.HTTPSOnly, false)) // somebody made it without looking
	d, err := c.Diagnose(ctx, id, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cause := range d.Causes {
		fmt.Println(cause.Code)
		fmt.Println(cause.What)
		fmt.Println(cause.Fix)
	}
	// Output:
	// origin-name
	// the origin's certificate is for old-name.example.net, and CloudFront asks for origin.example.com
	// get a certificate for origin.example.com, or change to http-only + AllViewerExceptHostHeader: port 80 works, and what is at port 443 does not
}

// A server has moved: every distribution that had it is turned.
func ExampleClient_Retarget() {
	ctx := context.Background()
	f, c, err := exampleWorld()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	for range 2 {
		f.Add(byHand("ec2-203-0-113-10.eu-central-1.compute.amazonaws.com", cdn.HTTPOnly, false))
	}
	n, err := c.Retarget(ctx, "ec2-203-0-113-10.eu-central-1.compute.amazonaws.com", "ec2-198-51-100-7.us-west-2.compute.amazonaws.com")
	fmt.Println(n, err)
	_, err = c.Retarget(ctx, "ec2-198-51-100-7.us-west-2.compute.amazonaws.com", "198.51.100.7")
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// cdn: Retarget 198.51.100.7: invalid input: "198.51.100.7" is an IP address: CloudFront takes names only
}

// What has changed on the server is dropped from the caches. The same ref is the same invalidation, however often it is sent.
func ExampleClient_Invalidate() {
	ctx := context.Background()
	f, c, err := exampleWorld()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	id := f.Add(byHand("origin.example.com", cdn.HTTPOnly, false))
	for range 2 {
		i, err := c.Invalidate(ctx, id, "release 7", "/index.html", "/assets/*")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(i.Wait(ctx, nil), f.Invalidations(id))
	}
	_, err = c.Invalidate(ctx, id, "release 8", "/*.jpg")
	fmt.Println(err)
	// Output:
	// <nil> 1
	// <nil> 1
	// cdn: Invalidate E00000001NJILY: invalid input: "/*.jpg": * stands at the end only
}

// Deletion takes two steps and a wait, and is for what this package has made.
func ExampleClient_Delete() {
	ctx := context.Background()
	f, c, err := exampleWorld()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	r, err := c.Ensure(ctx, cdn.Distribution{ID: "shop", Origin: cdn.Origin{Domain: "origin.example.com"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Delete(ctx, r.ID, nil), f.Count())
	theirs := f.Add(byHand("origin.example.com", cdn.HTTPOnly, false))
	fmt.Println(c.Delete(ctx, theirs, nil) != nil, f.Count())
	// Output:
	// <nil> 0
	// true 1
}
