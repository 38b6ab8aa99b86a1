// Package ec2movetest is EC2 in memory, in all Regions at once, for the tests and rehearsals of programs that use ec2move.
//
//	cloud := ec2movetest.New(&ec2movetest.Options{World: new(ec2movetest.Sample()), Lag: 3})
//	client, err := ec2move.New(cloud.Config())
//
// It is behaviour, and no kinder than EC2. What it does:
//   - Time passes on a virtual clock. Images and copies are pending until their bytes are there: 500 MiB/s for each copy, 2,000
//     for all between two Regions, time-based copies by their duration; the first copy of a volume to a Region is whole, later
//     ones are what changed. Instances boot, stop and are checked.
//   - New things are seen late, as many Describe calls as Options.Lag says, and by ID that is "not found".
//   - Names that are unique in EC2 are unique here, client tokens work as there, that of RunInstances in its zone, and
//     AllocateAddress has none.
//   - Quotas and refusals: 20 snapshot copies at once to a Region, 5 addresses, 60 rules, 5 groups, vCPUs; capacity, dependencies,
//     states, protection, keys that KMS does not have, which is found out while the copy runs.
//   - It refuses what EC2 refuses: names, tokens, tags, filters, pages. A parameter that it has no behaviour for is an
//     UnsupportedOperation, never ignored.
//
// Faults are planted at any call, of any Region or of one: see [Cloud] and [Cloud.In]. What there is can be looked at past all
// lag, what was ever made is counted, and [Cloud.Snapshot] is the end state as text that does not depend on the way there.
// A [World] is plain JSON.
//
// The account is reached as ec2move.API, or over HTTP in EC2's query protocol with the SDK's own client: see [Cloud.Serve] and
// [Cloud.Handler]. One cloud can be used both ways at once.
//
// # Limits
//
// One network interface and one instance at a time are launched. There are no routes, gateways, placement groups, Spot
// Instances, launch templates, reserved capacity, and no sharing between accounts. Signatures are not verified.
//
// Not verified against EC2: the codes of a copy that is too quick for its size, of a snapshot copied before it is complete, of
// a prefix list in use, and of credits for a type without; the speed of snapshots within a Region; that a failed image keeps
// its name; whether the size of a snapshot is shown while it is pending; the quota of vCPUs, which EC2 has by family.
//
// Sources: the EC2 API reference, its user guide and that of EBS, and the SDK's sources (read 2026-11).
package ec2movetest
