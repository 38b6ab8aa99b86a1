package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/cdntest"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
	"github.com/kitroll/kitroll/internal/pipehttp"
	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// The instance that moves, and how: change them, and run it again.
var (
	//go:embed demo/world.json
	demoWorld []byte
	//go:embed demo/spec.json
	demoSpec []byte
)

// world is an account of the fakes: EC2, Route 53 with the zone of the server's name, CloudFront before the server. They have
// one clock.
type world struct {
	clock   *awsopstest.Clock
	ec2     *ec2movetest.Cloud
	route53 *route53xtest.Server
	cdn     *cdntest.Fake
	page    *pipehttp.Server // what every running server answers
}

// newWorld reads the instance from its file, and gives it a name, with a long TTL, and a distribution.
func newWorld() (*world, error) {
	w := &world{clock: &awsopstest.Clock{}}
	what, err := ec2movetest.Load(bytes.NewReader(demoWorld))
	if err != nil {
		return nil, err
	}
	w.ec2 = ec2movetest.New(&ec2movetest.Options{World: &what, Clock: w.clock, Lag: 1})
	w.route53 = route53xtest.Open(route53xtest.Options{Clock: w.clock})
	if w.cdn, err = cdntest.New(cdntest.Options{Clock: w.clock}); err != nil {
		return nil, err
	}
	w.page = pipehttp.NewServer("www.example.com", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") }))
	zone := w.route53.AddZone(route53xtest.ZoneSpec{Name: "example.com"})
	for _, area := range w.ec2.Regions() {
		for _, i := range w.ec2.Instances(area) {
			set := route53x.RRSet{Name: "www.example.com", Type: route53x.A, TTL: 3600, Values: []string{aws.ToString(i.PublicIpAddress)}}
			if err := w.route53.Edit(zone, route53x.Op{Action: "CREATE", Set: set}); err != nil {
				return nil, err
			}
			w.cdn.Internet.SetName(aws.ToString(i.PublicDnsName), aws.ToString(i.PublicIpAddress))
			w.cdn.Add(distribution(aws.ToString(i.PublicDnsName)))
		}
	}
	return w, nil
}

// distribution asks the server over plain HTTP by its public name, as a server without a certificate of its own has to be.
func distribution(origin string) *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: aws.String("by hand"), Comment: aws.String("the shop"), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(1), Items: []types.Origin{{
			Id: aws.String("server"), DomainName: &origin,
			CustomOriginConfig: &types.CustomOriginConfig{
				HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpOnly,
			},
		}}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: aws.String("server"), ViewerProtocolPolicy: types.ViewerProtocolPolicyRedirectToHttps,
			CachePolicyId: aws.String("83da9c7e-98b4-4e11-a168-04f0df8e2c65"),
		},
	}
}

func (w *world) close() {
	w.route53.Close()
	w.cdn.Close()
	w.page.Close()
}

// dial connects to the running server that has the address, and to nothing else.
func (w *world) dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	for _, area := range w.ec2.Regions() {
		for _, i := range w.ec2.Instances(area) {
			if i.State.Name == ec2types.InstanceStateNameRunning && aws.ToString(i.PublicIpAddress) == to.Addr().String() {
				return w.page.Client().Transport.(*http.Transport).DialContext(ctx, network, address) //nolint:forcetypeassert,errcheck // pipehttp's
			}
		}
	}
	return nil, fmt.Errorf("connect to %s: no route to host", address)
}

// platforms is the world for one run of the program.
func (w *world) platforms() (platforms, error) {
	dns, err := route53x.New(w.route53.Config())
	if err != nil {
		return platforms{}, err
	}
	origins, err := cdn.New(w.cdn.Config())
	if err != nil {
		return platforms{}, err
	}
	cfg := w.ec2.Config()
	cfg.DNS, cfg.Origins, cfg.Health = zones{dns}, origins, ec2move.HTTPHealth{Dial: w.dial}
	return platforms{fake: true, cfg: cfg, demo: demoSpec, closing: w.close}, nil
}
