package ec2movetest_test

import (
	"context"
	"fmt"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

// A move of the sample's server, with the answer to the copy lost on the way: there is one copy all the same.
func ExampleNew() {
	cloud := ec2movetest.New(&ec2movetest.Options{World: new(ec2movetest.Sample()), Lag: 2})
	cloud.In("us-east-1").LoseNext("CopyImage")

	client, err := ec2move.New(cloud.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	plan, err := client.Plan(ctx, ec2move.Spec{
		ID:   "web",
		From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
		To:   ec2move.Target{Region: "us-east-1"},
		Keep: ec2move.Keep{Images: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range client.Run(ctx, plan) {
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	made := cloud.Made("us-east-1")
	fmt.Println("copies:", made.Images, "instances:", made.Instances, "addresses:", made.Addresses)
	fmt.Printf("%.0f GiB went from one Region to the other\n", cloud.Meter().TransferGiB["eu-central-1 us-east-1"])
	// Output:
	// copies: 1 instances: 1 addresses: 1
	// 46 GiB went from one Region to the other
}
