package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitInput
	exitUnknown
	exitNotConfirmed
	exitInterrupted = 130
)

var (
	errInput        = errors.New("bad input")
	errNotConfirmed = errors.New("not confirmed: nothing was sent")
	errFailed       = errors.New("not every phone has its message")
	errUnknown      = errors.New("of some it is not known whether they were sent or arrived: run it again later")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Getenv, nil)
	stop()
	os.Exit(code)
}

// flags are the command line.
type flags struct {
	template, sign, journal, listen string
	price                           float64
	wait                            time.Duration
	yes, again, serve               bool
	list                            string
}

func parseFlags(args []string, out io.Writer) (*flags, error) {
	f := &flags{}
	fs := flag.NewFlagSet("notify", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.Usage = func() {
		fmt.Fprintln(out, "notify [flags] [LIST.csv]: one text message to each phone of a list, followed to the carrier's word. Without a list it shows a demo.")
		fs.PrintDefaults()
	}
	fs.StringVar(&f.template, "template", "", "code of the template, SMS_… (required with a list)")
	fs.StringVar(&f.sign, "sign", "", "the sign, without its brackets (required with a list)")
	fs.StringVar(&f.journal, "journal", "", "file that remembers the run (default LIST.csv.journal.json, notify-out/demo.json of the demo)")
	fs.StringVar(&f.listen, "listen", "127.0.0.1:0", "address of the page and of the reports")
	fs.Float64Var(&f.price, "price", 0, "what one message costs by your package")
	fs.DurationVar(&f.wait, "wait", 2*time.Minute, "how long to wait for reports before the records are asked for")
	fs.BoolVar(&f.yes, "yes", false, "send without asking")
	fs.BoolVar(&f.again, "again", false, "send once more what was refused, and what may have been sent but is in no record: phones may get it twice")
	fs.BoolVar(&f.serve, "serve", false, "keep the page up after the last report, until Ctrl-C")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	switch fs.NArg() {
	case 0:
		f.demo()
		f.journal = orElse(f.journal, filepath.Join("notify-out", "demo.json"))
	case 1:
		f.list = fs.Arg(0)
		f.journal = orElse(f.journal, f.list+".journal.json")
	default:
		return nil, errors.New("one list at a time")
	}
	switch {
	case f.template == "" || f.sign == "":
		return nil, errors.New("-template and -sign are needed with a list")
	case f.price < 0 || f.wait <= 0:
		return nil, errors.New("-price must not be negative, and -wait must be positive")
	}
	return f, nil
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// run is main without the process.
func run(ctx context.Context, args []string, in io.Reader, out io.Writer, getenv func(string) string, arrange func(*aliyuntest.Server)) int {
	f, err := parseFlags(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errInput, err)
	} else {
		err = f.do(ctx, in, out, getenv, arrange)
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(out, "error:", err)
	if e, ok := errors.AsType[*aliyun.Error](err); ok && e.HintZH != "" {
		fmt.Fprintln(out, "→ "+e.HintZH)
	}
	switch {
	case errors.Is(err, errInput), errors.Is(err, aliyun.ErrInput), errors.Is(err, fs.ErrNotExist):
		return exitInput
	case errors.Is(err, errNotConfirmed):
		return exitNotConfirmed
	case errors.Is(err, errUnknown):
		return exitUnknown
	case errors.Is(err, errFailed):
		return exitFailed
	case ctx.Err() != nil:
		fmt.Fprintln(out, "interrupted: run it again, and it goes on from here")
		return exitInterrupted
	}
	return exitFailed
}

// do is one run: read, look what is open, show, confirm, send, follow.
func (f *flags) do(ctx context.Context, in io.Reader, out io.Writer, getenv func(string) string, arrange func(*aliyuntest.Server)) error {
	data := demoList
	if f.list != "" {
		var err error
		if data, err = os.ReadFile(f.list); err != nil {
			return err
		}
	} else if err := os.MkdirAll(filepath.Dir(f.journal), 0o750); err != nil {
		return err
	}
	list, err := parseList(data, f.template, f.sign)
	if err != nil {
		return fmt.Errorf("%w: %w", errInput, err)
	}
	board, err := openBoard(f.journal, list, time.Now)
	if err != nil {
		return err
	}
	p, err := open(f, getenv, arrange)
	if err != nil {
		return fmt.Errorf("%w: %w", errInput, err)
	}
	defer p.close()
	fmt.Fprintln(out, p.greeting)
	token := orElse(getenv("NOTIFY_TOKEN"), rand.Text())
	stop, err := board.serve(ctx, f.listen, token, p, out)
	if err != nil {
		return err
	}
	defer stop()
	if err := f.sendAll(ctx, in, out, board, p); err != nil {
		return err
	}
	if err := board.follow(ctx, p.sms, f.wait); err != nil {
		return err
	}
	count := board.count()
	fmt.Fprintln(out, summary(count))
	if f.serve {
		<-ctx.Done()
	}
	switch {
	case count[Unknown]+count[Open]+count[Accepted]+count[NotSent] > 0:
		return errUnknown
	case count[Refused]+count[Failed] > 0:
		return errFailed
	}
	return nil
}

// sendAll sends what is left to send, after it has been shown and confirmed.
func (f *flags) sendAll(ctx context.Context, in io.Reader, out io.Writer, b *Board, p *platform) error {
	if left := b.in(Open, Unknown); len(left) > 0 {
		fmt.Fprintf(out, "An earlier run has left %d open: asking what became of them.\n", len(left))
		if err := b.settle(ctx, p.sms, left); err != nil {
			return err
		}
	}
	places := b.in(NotSent)
	if f.again {
		places = b.in(NotSent, Refused, Unknown)
	}
	if len(places) == 0 {
		fmt.Fprintln(out, "Nothing is left to send.")
		return nil
	}
	if err := p.templateFor(ctx, f.template); err != nil {
		return err
	}
	if err := b.plan(out, p.sms, places); err != nil {
		return fmt.Errorf("%w: %w", errInput, err)
	}
	if !f.yes && f.list != "" {
		fmt.Fprint(out, "Type send to send them: ")
		word, _ := bufio.NewReader(in).ReadString('\n') // no word is no consent
		if strings.TrimSpace(word) != "send" {
			return errNotConfirmed
		}
	}
	if err := b.send(ctx, p.sms, places); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// serve has the page and takes the reports until stop.
func (b *Board) serve(ctx context.Context, listen, token string, p *platform, out io.Writer) (stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("%w: -listen: %w", errInput, err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", b)
	mux.Handle("/reports/", aliyun.ReportHandler(func(_ context.Context, rs []aliyun.Report) error {
		return b.reports(rs)
	}, &aliyun.ReportOptions{Token: token}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	pushing, end := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(l) }) // ends with Close
	if p.push != nil {
		wg.Go(func() { p.push(pushing, "http://"+l.Addr().String()+"/reports/"+token) })
	}
	fmt.Fprintf(out, "The page: http://%s/\n", l.Addr())
	return func() {
		end()
		_ = srv.Close()
		wg.Wait()
	}, nil
}

// summary is the count in the order of a message's life.
func summary(count map[State]int) string {
	var parts []string
	for _, s := range []State{NotSent, Open, Unknown, Refused, Accepted, Failed, Delivered} {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	return strings.Join(parts, ", ")
}
