package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kitroll/kitroll/aliyun"
)

// The exit codes.
const (
	exitFine = iota
	exitFindings
	exitInput
	exitNoAnswer
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// flags are the command line.
type flags struct {
	origin  string
	probe   aliyun.ProbeOptions
	headers list
	json    bool
	zh      bool
	timeout time.Duration
	urls    []string
}

// list is a flag that can be given several times.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

func parseFlags(args []string, errOut io.Writer) (*flags, error) {
	f := &flags{}
	fs := flag.NewFlagSet("corscheck", flag.ContinueOnError)
	fs.SetOutput(errOut)
	fs.Usage = func() {
		fmt.Fprintln(errOut, "corscheck [flags] [URL…]: may scripts of another site read these, and send to them? Without a URL it shows a demo.")
		fs.PrintDefaults()
	}
	lang := fs.String("lang", "en", "of the advice: en or zh")
	fs.StringVar(&f.origin, "origin", "", "the site whose scripts ask, such as https://www.example.com (required with a URL)")
	fs.StringVar(&f.probe.Method, "method", "POST", "that they want to send")
	fs.Var(&f.headers, "header", "a request header that they want to send; can be given several times (default Content-Type, as for JSON)")
	fs.BoolVar(&f.probe.Credentials, "credentials", false, "they send cookies")
	fs.StringVar(&f.probe.OriginURL, "behind", "", "the same file at the server behind the CDN, to see whether both send headers")
	fs.BoolVar(&f.json, "json", false, "one line of JSON for each URL on standard output")
	fs.DurationVar(&f.timeout, "timeout", 20*time.Second, "of each request")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	f.urls, f.zh = fs.Args(), *lang == "zh"
	if f.headers != nil {
		f.probe.Headers = f.headers
	}
	switch {
	case *lang != "en" && *lang != "zh":
		return nil, fmt.Errorf("-lang %q must be en or zh", *lang)
	case f.timeout <= 0:
		return nil, fmt.Errorf("-timeout %v must be positive", f.timeout)
	case len(f.urls) > 0 && f.origin == "":
		return nil, errors.New("-origin is needed: the site whose scripts ask")
	case f.probe.OriginURL != "" && len(f.urls) != 1:
		return nil, errors.New("-behind goes with one URL")
	}
	return f, nil
}

// run is main without the process.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	f, err := parseFlags(args, errOut)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitFine
	case err != nil:
		fmt.Fprintln(errOut, "error:", err)
		return exitInput
	case len(f.urls) == 0:
		err = f.demo(ctx, out)
	default:
		var code int
		if code, err = f.check(ctx, out, errOut); err == nil {
			return code
		}
	}
	switch {
	case err == nil:
		return exitFine
	case ctx.Err() != nil:
		fmt.Fprintln(errOut, "interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(errOut, "error:", err)
	if errors.Is(err, aliyun.ErrInput) {
		return exitInput
	}
	return exitNoAnswer
}

// check probes every address, and goes on where one does not answer. The error is bad input or an interruption.
func (f *flags) check(ctx context.Context, out, errOut io.Writer) (code int, err error) {
	hc := &http.Client{Timeout: f.timeout}
	for _, url := range f.urls {
		report, err := aliyun.ProbeCORS(ctx, hc, url, f.origin, &f.probe)
		switch {
		case errors.Is(err, aliyun.ErrInput), ctx.Err() != nil:
			return 0, err
		case err != nil:
			fmt.Fprintf(errOut, "%s: %v\n", report.URL, err)
			code = exitNoAnswer
			continue
		case len(report.Findings) > 0 && code == exitFine:
			code = exitFindings
		}
		if err := f.show(out, report); err != nil {
			return 0, err
		}
	}
	return code, nil
}

// show prints a report in the form that was asked for.
func (f *flags) show(out io.Writer, r aliyun.ProbeReport) error {
	if f.json {
		return json.NewEncoder(out).Encode(r)
	}
	return writeTable(out, r, f.zh)
}
