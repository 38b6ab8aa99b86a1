package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/route53x/transfer"
)

// flags are what the command line says.
type flags struct {
	domain, state, report, zoneID, filing, price, pay, undo, until, world, at string
	acknowledge, oldNameservers                                               []string
	planOnly, keepPace, ask, yesSwitch, yesLetGo, yesUndo                     bool
	most                                                                      transfer.Money
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("movedomain", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	list := func(to *[]string) func(string) error {
		return func(s string) error {
			*to = append(*to, strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })...)
			return nil
		}
	}
	set.StringVar(&f.domain, "domain", "", "the `domain` that moves (default, on the fakes: "+demoDomain+")")
	set.StringVar(&f.price, "max-price", "", "the most that the transfer may cost, in `USD` (required where it is real)")
	set.StringVar(&f.state, "state", "", "the `file` that remembers what is done (default: movedomain-out and the domain's name)")
	set.StringVar(&f.report, "report", "", "write plan and events to this HTML `file`")
	set.BoolVar(&f.planOnly, "plan", false, "show the plan and stop: nothing is changed")
	set.Func("acknowledge", "`IDs` of records that may get lost or change, or all", list(&f.acknowledge))
	set.StringVar(&f.filing, "filing", "", "what becomes of the ICP filing (备案): `none`, cancelled, moved or accept")
	set.StringVar(&f.zoneID, "zone", "", "adopt the hosted zone with this `ID`")
	set.Func("old-nameservers", "`names` of the old name servers, if the state was lost after the switch", list(&f.oldNameservers))
	set.BoolVar(&f.keepPace, "keep-pace", false, "do not use quick approval: the registry lets the domain go in five days")
	set.BoolVar(&f.yesSwitch, "yes-switch", false, "do not ask before the name servers change")
	set.StringVar(&f.pay, "yes-pay", "", "do not ask before a transfer at just this price, `15.00`, in USD")
	set.BoolVar(&f.yesLetGo, "yes-let-go", false, "do not ask before the quick approval, which cannot be undone")
	set.StringVar(&f.until, "until", "", "stop before this `step`")
	set.StringVar(&f.undo, "undo", "", "go back, to before this `step`")
	set.BoolVar(&f.yesUndo, "yes-undo", false, "do not ask before going back")
	set.BoolVar(&f.ask, "ask", false, "on the fakes too, let a person type what is asked")
	set.StringVar(&f.world, "world", "", "serve the fakes on this `address` of loopback until interrupted (127.0.0.1:8053)")
	set.StringVar(&f.at, "at", "", "use the fakes that -world serves at this `URL`")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			usage(w, set)
		}
		return f, err
	}
	return f, f.check(set.Args())
}

func usage(w io.Writer, set *flag.FlagSet) {
	fmt.Fprintln(w, "movedomain: move a domain from Aliyun to Route 53, DNS first\n\nFlags:")
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprintln(w, "\nBoth sides are real when these variables are in the environment, else fakes in this process:")
	fmt.Fprintln(w, "  "+strings.Join(required(), " ")+"\n  optional: "+strings.Join(optional(), " "))
	fmt.Fprintln(w, "  MOVE_CONTACTS is a JSON file with the contacts of the domain: {\"registrant\": {\"type\": \"COMPANY\", …}, \"admin\": …, \"tech\": …}")
	var steps []string
	for _, s := range transfer.Steps() {
		steps = append(steps, string(s))
	}
	fmt.Fprintln(w, "\nSteps: "+strings.Join(steps, " "))
	fmt.Fprintln(w, "\nExit codes: 0 done, 1 failed, 2 bad input (nothing changed), 3 what happened cannot be told, 4 a person must decide first, 130 interrupted")
}

// check finds everything that is wrong with the flags by themselves.
func (f *flags) check(rest []string) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(rest) > 0 {
		add("%q is not a flag: the domain is named with -domain", rest[0])
	}
	for name, step := range map[string]string{"-until": f.until, "-undo": f.undo} {
		if step != "" && transfer.Step(step).Number() < 0 {
			add("%s: there is no step %q", name, step)
		}
	}
	if f.undo != "" && (f.until != "" || f.planOnly) {
		add("-undo excludes -until and -plan: choose one")
	}
	if f.filing != "" && !slices.Contains([]string{"none", "cancelled", "moved", "accept"}, f.filing) {
		add("-filing: %q is none of none, cancelled, moved, accept", f.filing)
	}
	var err error
	if f.price != "" {
		if f.most, err = dollars(f.price); err != nil || f.most.Cents <= 0 {
			add("-max-price: %q is no amount such as 20 or 20.00", f.price)
		}
	}
	if f.pay != "" {
		if pay, err := dollars(f.pay); err != nil {
			add("-yes-pay: %q is no amount such as 15 or 15.00", f.pay)
		} else {
			f.pay = pay.String()
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// dollars reads "15", "15.5" or "15.00 USD".
func dollars(s string) (transfer.Money, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "USD")), ".")
	n, err := strconv.ParseUint(whole, 10, 20)
	if err != nil || len(part) > 2 {
		return transfer.Money{}, fmt.Errorf("no amount: %q", s)
	}
	cents, err := strconv.ParseUint((part + "00")[:2], 10, 8)
	return transfer.Money{Cents: int64(n*100 + cents), Currency: "USD"}, err
}

// complete is the flags with what they leave to the world that they meet.
func (f *flags) complete(fake bool) error {
	if fake {
		if f.domain == "" {
			f.domain = demoDomain
		}
		if f.domain != demoDomain {
			return fmt.Errorf("-domain: the fakes have %s only; -h names the variables that make both sides real", demoDomain)
		}
		if f.most.Cents == 0 {
			f.most = transfer.Money{Cents: 2000, Currency: "USD"}
		}
	}
	if f.domain == "" {
		return errors.New("-domain: name the domain that moves")
	}
	if f.most.Cents == 0 {
		return errors.New("-max-price: say what the transfer may cost at most; it is never ordered at any price")
	}
	if f.state == "" {
		f.state = filepath.Join("movedomain-out", strings.ToLower(strings.TrimSuffix(f.domain, "."))+".json")
	}
	return nil
}

// decide puts what the flags decide into the config.
func (f *flags) decide(cfg *transfer.Config, fake bool) {
	cfg.MaxPrice, cfg.ZoneID, cfg.OldNameservers = f.most, f.zoneID, f.oldNameservers
	cfg.Filing, cfg.KeepPace = transfer.Filing(f.filing), f.keepPace
	if !slices.Equal(f.acknowledge, []string{"all"}) {
		cfg.Acknowledge = f.acknowledge
	}
	cfg.ID = strings.ToLower(strings.TrimSuffix(f.domain, "."))
	if fake {
		cfg.ID += " on fakes" // a state of one world means nothing in the other
	}
	cfg.Consent = map[transfer.Step]string{}
	if f.yesSwitch {
		cfg.Consent[transfer.StepSwitch] = "switch"
	}
	if f.pay != "" {
		cfg.Consent[transfer.StepTransfer] = "pay " + f.pay
	}
	if f.yesLetGo {
		cfg.Consent[transfer.StepApprove] = "let go"
	}
}
