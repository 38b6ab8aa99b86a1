package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

// flags are what the command line says.
type flags struct {
	file, state, report, serve, at               string
	planOnly, asJSON, yes, rollback, retry, none bool
	spec                                         ec2move.Spec
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("moveserver", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.file, "spec", "", "the move as JSON in this `file` (default, on the fakes: demo/spec.json); flags below change it")
	set.StringVar(&f.spec.ID, "id", "", "`name` of the move: the same name is the same move")
	set.Func("from", "the source as `region/instance`, eu-central-1/i-0123456789abcdef0", func(s string) error {
		region, id, ok := strings.Cut(s, "/")
		f.spec.From = ec2move.Instance{Region: region, ID: id}
		if !ok {
			return errors.New("a Region, a slash and an instance ID")
		}
		return nil
	})
	set.StringVar(&f.spec.To.Region, "to", "", "the new `region`")
	set.StringVar(&f.spec.To.SubnetID, "subnet", "", "the new `subnet` (default: one of the default VPC's)")
	set.StringVar(&f.spec.To.InstanceType, "type", "", "the new instance `type` (default: as the source)")
	set.StringVar((*string)(&f.spec.Capture), "capture", "", "reboot, stop-first, crash-consistent or two-pass: `how` the source is held still")
	set.DurationVar(&f.spec.Within, "within", 0, "finish copies within this `time`, 15m to 48h, for a fee")
	set.StringVar(&f.state, "state", "", "the `file` that remembers what is done (default: moveserver-out and the move's name)")
	set.StringVar(&f.report, "report", "", "write plan, timeline and events to this HTML `file`")
	set.BoolVar(&f.planOnly, "plan", false, "show the plan and stop: nothing is changed")
	set.BoolVar(&f.asJSON, "json", false, "print the plan as JSON on standard output")
	set.BoolVar(&f.yes, "yes", false, "do not ask before the move or the rollback begins")
	set.BoolVar(&f.rollback, "rollback", false, "take back what this move has done, and only that")
	set.BoolVar(&f.retry, "retry", false, "try a step anew that AWS had given up on; it costs once more")
	set.BoolVar(&f.none, "no-address", false, "you looked, and there is no Elastic IP address of this move: one may be asked for again")
	set.StringVar(&f.serve, "serve", "", "serve the fakes on this `address` of loopback until interrupted (127.0.0.1:8054)")
	set.StringVar(&f.at, "at", "", "use the fakes that -serve serves at this `URL`")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			usage(w, set)
		}
		return f, err
	}
	return f, f.check(set.Args())
}

func usage(w io.Writer, set *flag.FlagSet) {
	fmt.Fprintln(w, "moveserver: move an EC2 instance to another Region, switch DNS and CloudFront to it\n\nFlags:")
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprintln(w, "\nAWS is real when these variables are in the environment, else fakes in this process:")
	fmt.Fprintln(w, "  "+strings.Join(required(), " ")+"\n  optional: "+strings.Join(optional(), " "))
	fmt.Fprintln(w, "\nExit codes: 0 done, 1 failed, 2 bad input (nothing changed), 3 what happened cannot be told, 4 a person must decide first, 130 interrupted")
}

// check finds everything that is wrong with the flags by themselves.
func (f *flags) check(rest []string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("%q is not a flag", rest[0]))
	}
	if f.rollback && (f.planOnly || f.asJSON || f.retry) {
		errs = append(errs, errors.New("-rollback excludes -plan, -json and -retry: choose one"))
	}
	if f.serve != "" && f.at != "" {
		errs = append(errs, errors.New("-serve and -at are for two processes"))
	}
	return errors.Join(errs...)
}

// complete is the spec of the file, with what the flags say above it.
func (f *flags) complete(demo []byte) error {
	said := f.spec
	data := demo
	if f.file != "" {
		var err error
		if data, err = os.ReadFile(f.file); err != nil {
			return fmt.Errorf("-spec: %w", err)
		}
	}
	if data != nil {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		f.spec = ec2move.Spec{}
		if err := d.Decode(&f.spec); err != nil {
			return fmt.Errorf("-spec: %w", err)
		}
	}
	set(&f.spec.ID, said.ID)
	set(&f.spec.From, said.From)
	set(&f.spec.To.Region, said.To.Region)
	set(&f.spec.To.SubnetID, said.To.SubnetID)
	set(&f.spec.To.InstanceType, said.To.InstanceType)
	set(&f.spec.Capture, said.Capture)
	set(&f.spec.Within, said.Within)
	if f.spec.ID == "" {
		return errors.New("-id or -spec: name the move")
	}
	if f.state == "" {
		f.state = filepath.Join("moveserver-out", filepath.Base(f.spec.ID)+".json")
	}
	return nil
}

// set takes over what was said.
func set[T comparable](to *T, said T) {
	if said != *new(T) {
		*to = said
	}
}

// span is a duration for people: "1 h 20 min".
func span(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	}
	m := int(d.Round(time.Minute) / time.Minute)
	switch h := m / 60; {
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m%60 == 0:
		return fmt.Sprintf("%d h", h)
	default:
		return fmt.Sprintf("%d h %d min", h, m%60)
	}
}
