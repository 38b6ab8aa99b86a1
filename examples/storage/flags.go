package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/kitroll/kitroll/vultr"
)

// flags are what the command line says, completed by the answers of a person.
type flags struct {
	need vultr.Need
	set  map[string]bool // by the command line

	label, region, vpc, dir, out string
	instances, allow             []string
	address                      netip.Addr
	openToAll, planOnly, yes     bool
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{set: map[string]bool{}}
	set := flag.NewFlagSet("storage", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	access := set.String("access", "", "how the data is used: `block`, file or http (default: you are asked)")
	set.IntVar(&f.need.Writers, "writers", 1, "how many machines write at the same `time`")
	set.BoolVar(&f.need.BareMetal, "metal", false, "any of the machines is Bare Metal")
	set.IntVar(&f.need.SizeGB, "size", 0, "how many `GB` (default: the smallest)")
	set.IntVar(&f.need.IOPS, "iops", 0, "how many operations a `second`")
	set.BoolVar(&f.need.Public, "public", false, "it has to be reached from the internet")
	set.StringVar(&f.label, "label", "storage-demo", "the `name` that it gets, and is found by the next time")
	set.StringVar(&f.region, "region", "ewr", "the `region` of the machines")
	set.Func("instance", "attach it to this instance, by its `ID`; may be given again", func(id string) error {
		f.instances = append(f.instances, id)
		return nil
	})
	set.StringVar(&f.dir, "dir", "/mnt/storage", "the `folder` to mount it at")
	set.StringVar(&f.vpc, "vpc", "", "a gateway is put into the VPC with this `ID`")
	set.Func("allow", "this `address` or network may mount from a gateway; may be given again", func(network string) error {
		f.allow = append(f.allow, network)
		return nil
	})
	set.BoolVar(&f.openToAll, "open-to-all", false, "a public gateway may be open to everybody")
	address := set.String("address", "", "the `address` of a public gateway, as the customer portal shows it")
	set.BoolVar(&f.planOnly, "plan", false, "show the plan and stop there")
	set.BoolVar(&f.yes, "yes", false, "do not ask before anything is bought")
	set.StringVar(&f.out, "out", "storage-out", "the `folder` for s3.env and what has to be remembered")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(w, set)
		return f, err
	}
	if err != nil {
		return f, err
	}
	set.Visit(func(g *flag.Flag) { f.set[g.Name] = true })
	f.need.Access = vultr.Access(*access)
	return f, f.check(set.Args(), *address)
}

func usage(w io.Writer, set *flag.FlagSet) {
	fmt.Fprint(w, "storage: choose, plan, buy and mount storage at Vultr\n\nFlags:\n")
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprint(w, "\nThe account is real when its variable is in the environment, else a fake in this process:\n"+
		"  VULTR_API_KEY\n    optional: VULTR_BASE_URL\n"+
		"\nShell lines go to standard output, all else to standard error; the keys of an object storage into s3.env in -out\n"+
		"\nExit codes: 0 done, 1 failed, 2 bad input (nothing bought), 3 outcome unknown, 4 not confirmed, 130 interrupted\n")
}

// accesses are the words for -access.
func accesses() []vultr.Access {
	return []vultr.Access{vultr.AccessBlock, vultr.AccessFile, vultr.AccessHTTP}
}

// check finds everything that is wrong with the flags by themselves.
func (f *flags) check(rest []string, address string) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		problem("%q is not a flag", rest[0])
	}
	if f.need.Access != "" && !slices.Contains(accesses(), f.need.Access) {
		problem("-access: %q is none of block, file, http", f.need.Access)
	}
	if f.need.Writers < 1 {
		problem("-writers: %d is not a number of machines", f.need.Writers)
	}
	if f.need.SizeGB < 0 || f.need.IOPS < 0 {
		problem("-size and -iops must not be negative")
	}
	if strings.TrimSpace(f.label) == "" || strings.TrimSpace(f.label) != f.label || strings.ContainsFunc(f.label, unicode.IsControl) {
		problem("-label: %q is no name to find things by", f.label)
	}
	if !strings.HasPrefix(f.dir, "/") || path.Clean(f.dir) == "/" || strings.ContainsFunc(f.dir, unicode.IsControl) {
		problem("-dir: %q is not an absolute path below /", f.dir)
	}
	if address != "" {
		var err error
		if f.address, err = netip.ParseAddr(address); err != nil {
			problem("-address: %q is no IP address", address)
		}
	}
	if f.out == "" {
		problem("-out: the folder has no name")
	}
	return errors.Join(errs...)
}
