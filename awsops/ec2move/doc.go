// Package ec2move moves an EC2 instance to another Region: planned before anything is done, resumed after a crash at any
// point without making anything twice, and taken back if it was a mistake.
//
// # What EC2 does
//
// Nothing of an instance crosses a Region by itself. An image of it can be made, which snapshots every attached volume; the
// image can be copied, and another instance launched from the copy. All else must be made anew: the key pair, the security
// groups and whatever their rules name, prefix lists (AWS's own have the same name everywhere, and another ID), volumes that
// are not attached, the Elastic IP address, protection and options of the instance. The address is another one in the end,
// and DNS must follow. AWS's own runbook for this, AWSSupport-CopyEC2Instance, makes image, copy and instance, gives up when
// the copy takes longer than its wait, and makes a second image and instance when it is run again.
//
// EC2's calls differ in what they do when they are made twice, after an answer that was lost. Some have a client token, some
// a name that is unique, one (AllocateAddress) has nothing. Lists lag behind: what was just made may be missing from them.
//
// # What the package promises
//
//   - [Client.Plan] changes nothing, and finds all that stands in the way at once: before hours are spent on a copy, and not
//     after. It has the steps with their calls, the times, the cost, and what will be different.
//   - Names and client tokens derive from [Spec].ID and the step. Whoever runs the same Spec again, in whatever process, goes
//     on with what is there. Calls without such a key are made once, and an outcome that cannot be found out is an error of
//     kind awsops.ErrUnknownOutcome that names what to look at; it is never guessed.
//   - [Client.Advance] makes at most one call that changes something, so that it is a loop, a cron job, or a step of a
//     workflow engine; [Client.Run] is the loop. [State] is plain JSON, and [Client.Find] makes it anew from AWS.
//   - A plan that is no longer true is not carried out: the source is compared, fact by fact, before the first call.
//   - The source is never terminated. [Client.Rollback] removes what the move has made, in the order that EC2 needs, and
//     nothing without the tag [TagMove] of the move.
//   - Failures come with EC2's reason: the StateReason of an image, the StateMessage of a snapshot whose key may not be used.
//     Once the cause is mended, [State.Retry] makes what failed anew, and leaves what was done: hours of copying are not
//     repeated for a quota.
//   - User data is read from the source when the copy is launched, and kept nowhere: plans and states have a hash of it.
//
// # A move
//
//	c, err := ec2move.New(ec2move.Config{AWS: aws.Config{Credentials: keys}, DNS: dns, Save: save})
//	…
//	plan, err := c.Plan(ctx, ec2move.Spec{
//		ID:      "web-to-virginia",
//		From:    ec2move.Instance{Region: "eu-central-1", ID: "i-0123456789abcdef0"},
//		To:      ec2move.Target{Region: "us-east-1", Address: ec2move.AddressNew},
//		Capture: ec2move.TwoPass,
//		Cutover: &ec2move.Cutover{
//			Records: []string{"www.example.com"},
//			Check:   ec2move.HealthCheck{URL: "https://www.example.com/health"},
//		},
//	})
//	…
//	fmt.Print(plan) // look at it
//	for event, err := range c.Run(ctx, plan) {
//		if err != nil {
//			return err // run it again, or take it back with Rollback
//		}
//		fmt.Println(event)
//	}
//
// # What a plan finds
//
// A [Finding] has one of these codes. Those that stop a move:
//
//	source-state, instance-store-root, stop-protected, no-subnet, subnet-full, type-not-offered, architecture,
//	virtualization, ena, boot-mode, tpm, too-many-volumes, key-pair-not-found, address-not-found, address-in-use,
//	encrypted-stays, key-elsewhere, volume-not-found, volume-attached, volume-state, device-taken, group-not-found,
//	group-elsewhere, group-not-read, dns-missing, origins-missing, cutover-nowhere, name-taken, id-used
//
// Those that say what will be different, or is at risk:
//
//	source-restarts, source-stops, source-address-lost, later-writes-lost, crash-consistent, instance-store-lost, lifecycle,
//	product-codes, licence, tags-over-limit, user-data-runs-again, not-carried, several-interfaces, secondary-addresses,
//	several-addresses, ipv6-changes, ipv6-missing, public-address-changes, nvme, tpm-state, key-pair-lost, address-quota,
//	no-public-address, key-unmapped, encrypted-by-default, multi-attach, volume-in-use, copy-quota, within-too-short,
//	groups-quota, rules-quota, rule-lost, private-range, prefix-list-missing, prefix-list-synced, origins, origins-none,
//	no-health-check, record-missing, record-elsewhere, record-ipv6, record-unknown, read-denied
//
// And what is good to know:
//
//	source-stopped, user-data-omitted, profile-kept, protection-kept, private-address-changes, public-name-changes,
//	public-address-changes, key-pair-carried, address-not-fixed, key-checked-late, copy-queue, groups-copied,
//	prefix-list-copied, already-begun
//
// # Limits
//
// One network interface with its first address is carried over. Rules that name groups of peered VPCs or of other accounts
// are left out, and listed. Spot requests, placement groups, dedicated hosts and CPU options are not carried over. Nothing
// crosses a partition (aws, aws-cn, aws-us-gov). The quotas of the account are not read: what a plan says of them is EC2's
// default. The quota of vCPUs is not looked at. Times are reckoned with EC2's limits of speed, and prices with a table that
// nobody has held against AWS's: see [Prices]. For fleets with little downtime, AWS Application Migration Service replicates
// continuously, with an agent on each server.
//
// # Sources
//
// Amazon EC2 API reference (2016-11-15) and user guide, and the SDK, github.com/aws/aws-sdk-go-v2/service/ec2 v1.344.3; read
// 2026-11. The package was run against the fake of package ec2movetest, and never against AWS. What is not documented, or
// nobody has tried, is marked unverified where it is used.
package ec2move
