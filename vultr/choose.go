package vultr

import (
	"fmt"
	"slices"
	"strings"
)

// StorageKind is one of the four products.
type StorageKind string

// The kinds.
const (
	KindBlock   StorageKind = "block"
	KindObject  StorageKind = "object"
	KindFile    StorageKind = "vfs"
	KindGateway StorageKind = "gateway"
)

// Access is how a program gets at its data.
type Access string

// The ways.
const (
	AccessBlock Access = "block" // a disk of its own: a database, an image of a machine
	AccessFile  Access = "file"  // a tree of files that several see
	AccessHTTP  Access = "http"  // URLs, a CDN, backups, or no mount at all
)

// Need is what storage is needed for.
type Need struct {
	Access    Access // required
	Writers   int    // machines that write at the same time; 0 = 1
	BareMetal bool   // any of the machines is Bare Metal
	SizeGB    int    // 0 = not known
	IOPS      int    // 0 = not known
	Public    bool   // to be reached from the internet
}

// Choice is what fits a [Need].
type Choice struct {
	Kind     StorageKind            // what is used in the end; "" = nothing fits, see Reasons and Rejected
	Type     string                 // of a block volume its [BlockType], of a gateway "nfs4"; a tier is chosen by [ChooseTier]
	Reasons  []string               // why, and what to know about it
	Rejected map[StorageKind]string // each of the others, with the reason
	Steps    []StorageKind          // what to buy, in this order: a gateway needs a file system
}

// Facts of one volume, from the platform's pages.
const (
	hddIOPS, hddSmallest = 500, 40
	nvmeIOPS             = 10000
	includedGB           = 1000 // of object storage, in every tier
)

// Choose says which kind of storage fits a need, why, and why the others do not. It is a pure function: it asks nobody
// and knows no prices.
//
// Source: the products' pages at docs.vultr.com (read 2026-11). That a block volume cannot be attached to Bare Metal is
// unverified.
func Choose(n Need) Choice {
	var c Choice
	writers := max(n.Writers, 1)
	switch {
	case n.Access == AccessHTTP:
		c = chooseObject(n)
	case n.Access == AccessBlock && n.BareMetal:
		c = Choice{Reasons: []string{"a block volume cannot be attached to Bare Metal (unverified): its own disks are its block storage; with file access, a gateway reaches it"}}
	case n.Access == AccessBlock && writers == 1:
		c = chooseBlock(n)
	case (n.Access == AccessBlock || n.Access == AccessFile) && n.BareMetal:
		c = Choice{
			Kind: KindGateway, Type: nfs4, Steps: []StorageKind{KindFile, KindGateway},
			Reasons: []string{"Bare Metal cannot attach a file system (virtiofs), but mounts it over NFS from a storage gateway in front of it"},
		}
		if n.Public {
			c.Reasons = append(c.Reasons, "a public gateway is NFS in clear text: list the addresses that may mount it, or better use a VPC")
		} else {
			c.Reasons = append(c.Reasons, "NFS is clear text: put the gateway and the machines into a VPC")
		}
	case n.Access == AccessBlock || n.Access == AccessFile:
		c = chooseFile(n, writers)
	default:
		c = Choice{Reasons: []string{fmt.Sprintf("Access %q is none of block, file and http", n.Access)}}
	}
	c.Rejected = reject(n, writers, c)
	return c
}

func chooseObject(n Need) Choice {
	c := Choice{Kind: KindObject, Steps: []StorageKind{KindObject}, Reasons: []string{
		"read and written over HTTP by any number of machines, nothing to mount",
		fmt.Sprintf("a flat fee with %d GB of storage and of egress, due even when it is empty", includedGB),
	}}
	if n.IOPS > 0 {
		c.Reasons = append(c.Reasons, fmt.Sprintf("take a tier that allows %d requests a second", n.IOPS))
	}
	if n.SizeGB > includedGB {
		c.Reasons = append(c.Reasons, fmt.Sprintf("%d GB beyond those are billed by the GB", n.SizeGB-includedGB))
	}
	if n.Public {
		c.Reasons = append(c.Reasons, "public objects are made so by their ACL or the bucket's policy")
	}
	return c
}

func chooseBlock(n Need) Choice {
	c := Choice{Kind: KindBlock, Steps: []StorageKind{KindBlock}, Reasons: []string{"one machine that writes, with a disk of its own"}}
	switch {
	case n.IOPS > hddIOPS:
		c.Type = string(HighPerf)
		c.Reasons = append(c.Reasons, fmt.Sprintf("NVMe: %d IOPS are more than the %d of an HDD volume", n.IOPS, hddIOPS))
	case n.SizeGB < hddSmallest:
		c.Type = string(HighPerf)
		c.Reasons = append(c.Reasons, fmt.Sprintf("NVMe: an HDD volume has at least %d GB", hddSmallest))
	default:
		c.Type = string(StorageOpt)
		c.Reasons = append(c.Reasons, fmt.Sprintf("HDD: its %d IOPS and 100 MiB/s will do, for less money", hddIOPS))
	}
	if n.IOPS == 0 {
		c.Reasons = append(c.Reasons, "nothing was said of IOPS: a database wants NVMe")
	}
	if n.IOPS > nvmeIOPS {
		c.Reasons = append(c.Reasons, fmt.Sprintf("one volume has %d IOPS: several in a stripe have more", nvmeIOPS))
	}
	if least := BlockType(c.Type).smallest(); n.SizeGB > 0 && n.SizeGB < least {
		c.Reasons = append(c.Reasons, fmt.Sprintf("the smallest has %d GB", least))
	}
	if n.Public {
		c.Reasons = append(c.Reasons, "a disk is not public: the machine has to serve what is on it")
	}
	return c
}

func chooseFile(n Need, writers int) Choice {
	why := "a tree of files that several machines of a region mount (virtiofs)"
	if writers > 1 {
		why = fmt.Sprintf("%d machines write at the same time", writers)
	}
	c := Choice{Kind: KindFile, Steps: []StorageKind{KindFile}, Reasons: []string{why}}
	if n.SizeGB > 0 && n.SizeGB < smallestFileSystem {
		c.Reasons = append(c.Reasons, fmt.Sprintf("the smallest has %d GB", smallestFileSystem))
	}
	if n.Public {
		c.Reasons = append(c.Reasons, "a file system is not public: machines of its region attach it, all else needs a gateway")
	}
	return c
}

// reject gives the reason against each kind that was not chosen.
func reject(n Need, writers int, c Choice) map[StorageKind]string {
	out := map[StorageKind]string{}
	for _, kind := range []StorageKind{KindBlock, KindObject, KindFile, KindGateway} {
		if slices.Contains(c.Steps, kind) {
			continue
		}
		out[kind] = reason(kind, n, writers)
	}
	return out
}

func reason(kind StorageKind, n Need, writers int) string {
	switch {
	case !slices.Contains([]Access{AccessBlock, AccessFile, AccessHTTP}, n.Access):
		return "nothing was said of the access"
	case kind == KindBlock && n.Access == AccessHTTP:
		return "a disk has no URLs, and one machine would have to serve it"
	case kind == KindBlock && n.BareMetal:
		return "cannot be attached to Bare Metal (unverified)"
	case kind == KindBlock && writers > 1:
		return "a disk can be attached to one machine only"
	case kind == KindBlock:
		return "a disk is seen by one machine only; a shared tree is a file system"
	case kind == KindObject && n.Access == AccessBlock:
		return "objects are no disk: no blocks, no file system, no database on it"
	case kind == KindObject:
		return "objects are no files: no mount, no append, no locks"
	case n.Access == AccessHTTP:
		return "has no URLs: it has to be mounted"
	case n.Access == AccessBlock && writers == 1 && !n.BareMetal:
		return map[StorageKind]string{
			KindFile: "shares files among machines; one machine is better off with a disk", KindGateway: "shares files over NFS; one machine is better off with a disk",
		}[kind]
	case kind == KindFile:
		return "Bare Metal cannot attach it (virtiofs), and files are no disk"
	case n.BareMetal:
		return "shares files over NFS, and files are no disk"
	}
	return "not needed: Cloud Compute attaches the file system itself"
}

// ChooseTier picks the tier of object storage for a need among those that the platform has: the cheapest, for that size,
// of those whose limit of requests a second is at least Need.IOPS. A tier that does not tell its limit comes into question
// only when IOPS is 0. ok is false if none fits. where is a region, a cluster's ID or host name that the tier must be
// available in; "" = anywhere. A tier that does not tell where it is available is available everywhere.
func ChooseTier(n Need, tiers []Tier, where string) (best Tier, ok bool) {
	for _, t := range tiers {
		if n.IOPS > t.OpsPerSecond && n.IOPS > 0 {
			continue
		}
		if where != "" && len(t.Locations) > 0 && !slices.ContainsFunc(t.Locations, func(l string) bool { return strings.EqualFold(l, where) }) {
			continue
		}
		if !ok || t.Monthly(n.SizeGB) < best.Monthly(n.SizeGB) {
			best, ok = t, true
		}
	}
	return best, ok
}
