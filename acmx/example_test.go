package acmx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// A certificate is planned, bought and exported. Asked for again, it is the same one and costs nothing.
func ExampleClient_Ensure() {
	ctx := context.Background()
	srv := acmxtest.NewServer() // real code: acmx.Config{AWS: aws.Config{Region: …, Credentials: …}}
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := acmx.Spec{
		Names: []string{"example.com", "*.example.com"}, Key: acmx.ECP256,
		Exportable: true, MaxCost: acmx.Dollars(100),
	}
	for range 2 {
		cert, err := c.Ensure(ctx, spec, srv.Solver(), nil) // a Solver is the client of route53x, for example
		if err != nil {
			fmt.Println(err)
			return
		}
		bundle, err := cert.Export(ctx, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(bundle.Leaf.DNSNames, len(bundle.Chain), len(srv.Bill()))
	}
	// Output:
	// [example.com *.example.com] 1 1
	// [example.com *.example.com] 1 1
}

// A plan is shown before anything is paid. Whoever calls its Ensure agrees to its cost.
func ExampleClient_Plan() {
	ctx := context.Background()
	srv := acmxtest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	cfg.Now = func() time.Time { return time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC) } // prices are dated
	c, err := acmx.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := c.Plan(ctx, acmx.Spec{Names: []string{"example.com"}, Exportable: true, MaxCost: acmx.Dollars(7)}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(plan)
	// Output:
	// buy: certificate for example.com (RSA_2048, exportable)
	//   cost: $7.00 now (1 × $7.00), the same about every 153 days when ACM renews it, $16.69 a year; prices of 2026-02-18: third parties that quote AWS, read 2026-11
	//   due now: $7.00
	//   note: CAA records were not checked (Config.CAA is not set)
}

// A cron job makes one step at a time and keeps its State as JSON between them. Without a Solver the records are for a person
// to add.
func ExampleClient_Advance() {
	ctx := context.Background()
	srv := acmxtest.NewServer()
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	var state acmx.State // read from a file
	for range 10 {
		var next acmx.Next
		state, next, err = c.Advance(ctx, acmx.Spec{Names: []string{"example.com"}}, nil, state, nil)
		if err != nil || next.Done() {
			break
		}
		if next.Step == acmx.StepWait && state.Looks == 0 {
			for _, r := range state.Records {
				fmt.Println(strings.HasSuffix(r.Name, ".example.com"), strings.HasSuffix(r.Target, ".acm-validations.aws"))
				srv.SetCNAME(r.Name, r.Target) // somebody adds it
			}
		}
	}
	fmt.Println(state.Status, err)
	// Output:
	// true true
	// ISSUED <nil>
}

// What costs money is refused until it is allowed.
func ExampleError() {
	srv := acmxtest.NewServer()
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Ensure(context.Background(), acmx.Spec{Names: []string{"example.com"}, Exportable: true}, srv.Solver(), nil)
	fmt.Println(errors.Is(err, acmx.ErrTooExpensive), srv.Calls(""))
	_, err = c.Ensure(context.Background(), acmx.Spec{Names: []string{"münchen.example", "*.com"}}, srv.Solver(), nil)
	fmt.Println(err)
	// Output:
	// true 0
	// acmx: Ensure: invalid input: Names: "münchen.example" is not in ASCII: write the labels in punycode (xn--…)
	// Names: "*.com": a wildcard needs two labels behind it
}

// A Source serves certificates out of memory and keeps them fresh.
func ExampleSource() {
	ctx := context.Background()
	srv := acmxtest.NewServer()
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Key: acmx.ECP256, Exportable: true})
	source, err := c.NewSource([]string{arn}, &acmx.SourceOptions{
		OnChange:  func(ch acmx.Change) { fmt.Println("new certificate for", ch.Bundle.Leaf.DNSNames) },
		OnWarning: func(w acmx.Warning) { fmt.Println("look at", w.ARN, w.Text) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := source.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = source.Close() }()
	cfg := &tls.Config{GetCertificate: source.GetCertificate}
	fmt.Println(cfg.GetCertificate != nil) // http.Server{TLSConfig: cfg}, ListenAndServeTLS("", "")
	// Output:
	// new certificate for [example.com]
	// true
}

// manager makes a Source what certmagic wants in Config.OnDemand.Managers. Nil and no error mean there, too, that the
// certificate is not its own.
type manager struct{ *acmx.Source }

func (m manager) GetCertificate(_ context.Context, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return m.Source.GetCertificate(hello)
}

// The adapter for certmagic is three lines, and needs no import of it.
func ExampleSource_certmagic() {
	srv := acmxtest.NewServer()
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	arn := srv.Add(acmxtest.Seed{Names: []string{"example.com"}, Key: acmx.ECP256, Exportable: true})
	source, err := c.NewSource([]string{arn}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := source.Refresh(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	var certmagicManager interface {
		GetCertificate(ctx context.Context, hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	} = manager{source}
	for _, name := range []string{"example.com", "other.example"} {
		cert, err := certmagicManager.GetCertificate(context.Background(), &tls.ClientHelloInfo{ServerName: name})
		fmt.Println(cert != nil, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}

// An ACME client with external account binding gets Amazon's certificates and keeps its keys to itself.
func ExampleClient_SetupACME() {
	srv := acmxtest.NewServer()
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	access, err := c.SetupACME(context.Background(), acmx.ACMESpec{
		Domains: []acmx.ACMEDomain{{Name: "example.com", Subdomains: true}},
		RoleARN: "arn:aws:iam::123456789012:role/acme-client",
	}, srv.Solver(), &acmx.SetupACMEOptions{Interval: time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	// lego: acme.ExternalAccount{KID: access.KeyID, HmacEncoded: access.HMAC()}, with access.URL as directory
	fmt.Println(strings.HasSuffix(access.URL, "/directory"), access.KeyID != "", access.HMAC() != "")
	fmt.Println(strings.Contains(fmt.Sprint(access), access.HMAC()))
	// Output:
	// true true true
	// false
}

// Before a zone is moved: are the records that renewals need in the new one?
func ExampleClient_CheckRecords() {
	srv := acmxtest.NewServer()
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	srv.Add(acmxtest.Seed{Names: []string{"example.com", "*.example.com"}, Key: acmx.ECP256})
	problems, err := c.CheckRecords(context.Background(), "example.com", newZone{}) // asks the new name servers
	fmt.Println(len(problems), problems[0].Domain, problems[0].Found == "", err)
	// Output: 1 example.com true <nil>
}
