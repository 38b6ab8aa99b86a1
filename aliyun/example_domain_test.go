package aliyun_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// account is a client on a fake with a zone and a domain; real code: aliyun.New(aliyun.Config{Credentials: …}).
func account(opts aliyuntest.Options) (*aliyuntest.Server, *aliyun.Client) {
	srv, err := aliyuntest.Open(opts)
	if err != nil {
		panic(err)
	}
	srv.AddZone(aliyuntest.Zone{Domain: "example.com", Records: []aliyun.DNSRecord{
		{RR: "www", Type: "A", Value: "192.0.2.1"},
		{RR: "www", Type: "A", Value: "192.0.2.2", Line: "oversea"},
		{RR: "old", Type: "A", Value: "192.0.2.3", Status: "DISABLE"},
	}})
	srv.AddDomain(aliyuntest.Domain{Name: "example.com", UpdateLock: aliyun.LockOpen})
	c, err := aliyun.New(srv.Config())
	if err != nil {
		panic(err)
	}
	return srv, c
}

// A zone is read whole or not at all.
func ExampleDNS_Records() {
	srv, c := account(aliyuntest.Options{})
	defer srv.Close()
	for r, err := range c.DNS().Records(context.Background(), "example.com", nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if !r.Disabled() {
			fmt.Println(r.RR, r.Type, r.Line, r.TTL, r.Value)
		}
	}
	// Output:
	// www A oversea 600 192.0.2.2
	// www A default 600 192.0.2.1
}

// The record by which ACM validates a name. Calling again changes nothing, and another record in its place stays.
func ExampleDNS_PresentCNAME() {
	srv, c := account(aliyuntest.Options{})
	defer srv.Close()
	ctx, dns := context.Background(), c.DNS()
	fmt.Println(dns.PresentCNAME(ctx, "_3f2a.www.example.com.", "_9b1c.acm-validations.aws."))
	fmt.Println(dns.PresentCNAME(ctx, "_3f2a.www.example.com.", "_9b1c.acm-validations.aws."))
	fmt.Println(errors.Is(dns.PresentCNAME(ctx, "www.example.com", "elsewhere.example.net"), aliyun.ErrConflict))
	fmt.Println(srv.Calls(aliyuntest.AddDomainRecord))
	// Output:
	// <nil>
	// <nil>
	// true
	// 1
}

// The name servers of a domain change: the lock comes off first, and the number of each task is there before it is waited
// for, so that it can be written down.
func ExampleDomains_SetNameservers() {
	srv, c := account(aliyuntest.Options{TaskTime: 4 * time.Millisecond})
	defer srv.Close()
	ctx, domains := context.Background(), c.Domains(nil)
	_, err := domains.SetNameservers(ctx, "example.com", []string{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"})
	fmt.Println(errors.Is(err, aliyun.ErrLocked))

	unlock, err := domains.SetUpdateLock(ctx, "example.com", false)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := unlock.Wait(ctx, &aliyun.WaitOptions{Interval: time.Millisecond}); err != nil {
		fmt.Println(err)
		return
	}
	task, err := domains.SetNameservers(ctx, "example.com", []string{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"})
	if err != nil {
		fmt.Println(err)
		return
	}
	number := task.No // into the journal; after a restart:
	state, err := domains.Task("example.com", number).Wait(ctx, &aliyun.WaitOptions{Interval: time.Millisecond})
	fmt.Println(state.Status, err)
	facts, err := domains.Get(ctx, "example.com")
	fmt.Println(facts.NameServers, err)
	// Output:
	// true
	// EXECUTE_SUCCESS <nil>
	// [ns-1.awsdns-01.com ns-2.awsdns-02.net] <nil>
}

// The auth code is the result of a task, and is never printed by accident.
func ExampleDomains_AuthCode() {
	srv, c := account(aliyuntest.Options{TaskTime: -1})
	defer srv.Close()
	ctx, domains := context.Background(), c.Domains(nil)
	task, err := domains.RequestAuthCode(ctx, "example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	code, err := domains.AuthCode(ctx, "example.com", task.No)
	fmt.Println(code, len(code.Reveal()) > 0, err)
	out, err := domains.TransferOut(ctx, "example.com")
	fmt.Println(out.Status, err)
	// Output:
	// [redacted] true <nil>
	// code issued <nil>
}
