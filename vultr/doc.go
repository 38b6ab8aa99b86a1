// Package vultr buys, sizes, attaches and ends Vultr's storage: block volumes, object storage, file systems (VFS) and
// storage gateways. It is a thin client of the API v2 on net/http.
//
// Storage is billed from the moment of its creation, and the platform has no idempotency key. The package is built around
// that:
//
//   - A creation is sent once. When its answer is lost, or is a 429 or a proxy's page, the error is [ErrUnknownOutcome],
//     and with CreateOptions.FindByLabel the one thing that appeared since is found and adopted. Ensure does both: what
//     has the label already is returned and not bought again.
//   - Answers are read tolerantly as to their types, since they do not agree among themselves, and strictly as to what
//     they are: an empty or foreign answer is never a success, and a list that cannot be read is never an empty list.
//   - What cannot be undone is refused first: a volume that is attached is not deleted, nor an object storage that has
//     buckets; a disk is not shrunk; an instance is not rebooted by an attachment; an NFS server is not opened to
//     everybody. Each has an option that means it.
//   - Keys are of type [Secret], which no verb, log or JSON shows.
//
// # What the platform does
//
// A block volume is a disk for one instance of its region; it grows and never shrinks. A file system is mounted by many
// Cloud Compute instances of a region with virtiofs. Bare Metal cannot do that, and takes a gateway, which shows file
// systems over NFSv4. An object storage is a subscription with one pair of keys for any number of buckets in a cluster.
// [Choose] says which of them fits a need, and why the others do not.
//
// All are pending at first and active after a while. In between, and for a moment even without, a new thing may answer 404;
// the waits know. All calls of a key share 30 requests a second.
//
// # A volume, bought once and mounted
//
//	c, err := vultr.New(vultr.Config{APIKey: vultr.Secret(key)})
//	…
//	blocks := c.Block()
//	spec := vultr.BlockSpec{Region: "ewr", SizeGB: 40, Label: "db", Type: vultr.HighPerf}
//	price, err := blocks.Estimate(ctx, spec)   // before anything is bought
//	volume, err := blocks.Ensure(ctx, spec, nil) // the next run finds it
//	volume, err = blocks.Wait(ctx, volume.ID, nil)
//	err = blocks.Attach(ctx, volume.ID, instance, nil) // live: no reboot
//	volume, err = blocks.WaitAttached(ctx, volume.ID, instance, nil)
//	for _, line := range vultr.MountBlock(volume, "/srv/db") {
//		fmt.Println(line) // for a root shell in the instance
//	}
//
// Objects are read and written with any S3 client: [ObjectStorage.S3] has its settings, in the names of package r2's
// Config.
//
// # Limits
//
// There are no snapshots of volumes, no calls for instances and VPCs, and no S3 code. An Ensure knows what the same Client
// has bought; two programs that ensure the same label at the same moment may buy twice, since the platform cannot keep
// them from it. The greatest sizes, the prices of volumes, file systems and gateways, and much of what gateways answer is
// not documented, or not verified, and marked so where it matters.
//
// # Sources
//
// Vultr API v2; docs.vultr.com: object storage of 2025-09-15, storage gateway provisioning of 2026-05-26. Read 2026-11.
// Reports of users in the trackers of Vultr's Terraform provider, CSI driver and Ansible collection, as far as named.
package vultr
