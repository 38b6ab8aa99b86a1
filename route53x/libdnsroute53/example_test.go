package libdnsroute53_test

import (
	"context"
	"fmt"
	"time"

	"github.com/libdns/libdns"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/libdnsroute53"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func ExampleProvider() {
	srv := route53xtest.NewServer() // real code: route53x.Config{AWS: awsConfig}
	defer srv.Close()
	srv.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	client, err := route53x.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	provider, err := libdnsroute53.New(libdnsroute53.Config{Store: client, Wait: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	challenge := []libdns.Record{libdns.TXT{Name: "_acme-challenge", Text: "DGyRejmCefe7v4NfDGDKfA", TTL: time.Minute}}
	made, err := provider.AppendRecords(ctx, "example.com.", challenge)
	fmt.Println(made, err)
	gone, err := provider.DeleteRecords(ctx, "example.com.", made)
	fmt.Println(len(gone), err)
	// Output:
	// [{_acme-challenge 1m0s DGyRejmCefe7v4NfDGDKfA <nil>}] <nil>
	// 1 <nil>
}
