package vultr_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func ExampleBlocks_Ensure() {
	srv := vultrtest.NewServer() // real code: vultr.Config{APIKey: vultr.Secret(os.Getenv("VULTR_API_KEY"))}
	defer srv.Close()
	c, err := vultr.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, blocks := context.Background(), c.Block()
	spec := vultr.BlockSpec{Region: "ewr", SizeGB: 40, Label: "db", Type: vultr.HighPerf}
	for range 2 { // the second time it is found
		volume, err := blocks.Ensure(ctx, spec, nil)
		if err == nil {
			volume, err = blocks.Wait(ctx, volume.ID, &vultr.WaitOptions{Interval: time.Millisecond})
		}
		if err == nil {
			err = blocks.Attach(ctx, volume.ID, vultrtest.DemoInstance, nil) // live: no reboot
		}
		fmt.Println(volume.Status, volume.SizeGB, err)
	}
	fmt.Println("bought:", srv.Bought(vultr.KindBlock))
	// Output:
	// active 40 <nil>
	// active 40 <nil>
	// bought: 1
}

// The answer to a purchase is lost. What it left is found by its label and not bought again.
func ExampleBlocks_Create() {
	srv := vultrtest.NewServer()
	defer srv.Close()
	c, err := vultr.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	spec := vultr.BlockSpec{Region: "ewr", SizeGB: 40, Label: "db"}

	srv.LoseNext(vultrtest.CreateBlock)
	volume, err := c.Block().Create(ctx, spec, &vultr.CreateOptions{FindByLabel: true})
	fmt.Println(volume.Label, err)

	srv.LoseNext(vultrtest.CreateBlock)
	_, err = c.Block().Create(ctx, spec, nil)
	fmt.Println(errors.Is(err, vultr.ErrUnknownOutcome))
	// Output:
	// db <nil>
	// true
}

func ExampleObjectStorage_S3() {
	srv := vultrtest.NewServer()
	defer srv.Close()
	c, err := vultr.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, objects := context.Background(), c.Object()
	tiers, err := objects.Tiers(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	tier, ok := vultr.ChooseTier(vultr.Need{Access: vultr.AccessHTTP, SizeGB: 1200}, tiers, "ewr")
	fmt.Println(tier.Name, ok)
	spec := vultr.ObjectSpec{Cluster: "3", Tier: tier.ID, Label: "backups"}
	fmt.Println(objects.Estimate(ctx, spec, 1200))
	storage, err := objects.Ensure(ctx, spec, nil)
	if err == nil {
		storage, err = objects.Wait(ctx, storage.ID, nil)
	}
	s3 := storage.S3() // for any S3 client
	fmt.Println(s3.Endpoint, s3.SecretAccessKey, err)
	// Output:
	// Standard true
	// $21.60 a month (tier Standard: $18.00 flat with 1000 GB, then $0.018 for each GB stored and $0.010 for each GB sent) <nil>
	// https://ewr1.vultrobjects.com [redacted] <nil>
}

func ExampleMountVFS() {
	srv := vultrtest.NewServer()
	defer srv.Close()
	c, err := vultr.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, vfs := context.Background(), c.VFS()
	tree, err := vfs.Ensure(ctx, vultr.FileSystemSpec{Region: "ewr", SizeGB: 20, Label: "shared"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err = vfs.Attach(ctx, tree.ID, vultrtest.DemoInstance); err != nil {
		fmt.Println(err)
		return
	}
	attachment, err := vfs.WaitAttached(ctx, tree.ID, vultrtest.DemoInstance, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	attachment.MountTag = "1234567" // whatever the platform says
	fmt.Println(vultr.MountVFS(attachment, "/mnt/my data")[1])
	// Output:
	// mountpoint -q '/mnt/my data' || mount -t virtiofs 1234567 '/mnt/my data'
}

// A file system that Bare Metal mounts over NFS.
func ExampleGateways_Ensure() {
	srv := vultrtest.NewServer()
	defer srv.Close()
	c, err := vultr.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	tree, err := c.VFS().Ensure(ctx, vultr.FileSystemSpec{Region: "ewr", SizeGB: 20, Label: "shared"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := vultr.GatewaySpec{
		Region: "ewr", Label: "nfs", PublicIPv4: true,
		Exports: []vultr.ExportSpec{{FileSystem: tree.ID, Path: "/data"}},
	}
	_, err = c.Gateway().Ensure(ctx, spec, nil)
	fmt.Println(errors.Is(err, vultr.ErrInput), srv.Calls(vultrtest.CreateGateway)) // open to everybody

	spec.VPC, spec.PublicIPv4 = "0b36a1d1-2b4c-4f7e-9d55-5a3c1f1f0a01", false
	gateway, err := c.Gateway().Ensure(ctx, spec, nil)
	if err == nil {
		gateway, err = c.Gateway().Wait(ctx, gateway.ID, nil)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vultr.MountExport(gateway, gateway.Exports[0], netip.MustParseAddr("10.1.96.4"), "/mnt/data")[2])
	// Output:
	// true 0
	// mountpoint -q /mnt/data || mount -t nfs4 -o hard,timeo=600,rsize=1048576,wsize=1048576 10.1.96.4:/data /mnt/data
}

func ExampleChoose() {
	choice := vultr.Choose(vultr.Need{Access: vultr.AccessBlock, SizeGB: 100, IOPS: 3000})
	fmt.Println(choice.Kind, choice.Type)
	for _, reason := range choice.Reasons {
		fmt.Println("-", reason)
	}
	fmt.Println("no object storage:", choice.Rejected[vultr.KindObject])
	// Output:
	// block high_perf
	// - one machine that writes, with a disk of its own
	// - NVMe: 3000 IOPS are more than the 500 of an HDD volume
	// no object storage: objects are no disk: no blocks, no file system, no database on it
}
