package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitInput
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Getenv)
	stop()
	os.Exit(code)
}

// flags are what the command line says.
type flags struct {
	addr, model, system string
	hosts               []string
	streams             int
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("chatweb", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "listen on this `address`; port 0 takes a free one")
	set.Func("host", "be called by this `name` too, as in https://name/; may be given again", func(name string) error {
		f.hosts = append(f.hosts, strings.ToLower(name))
		return nil
	})
	set.StringVar(&f.model, "model", "", "talk to this `model` (default: LLM_MODEL)")
	set.StringVar(&f.system, "system", "", "the instruction that stands before every conversation, as a `text`")
	set.IntVar(&f.streams, "streams", 8, "how many answers may be under way at once")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(w, set)
		return f, err
	}
	switch {
	case err != nil:
	case set.NArg() > 0:
		err = fmt.Errorf("%q is not a flag", set.Arg(0))
	case f.streams < 1:
		err = fmt.Errorf("-streams: %d is less than 1", f.streams)
	default:
		err = checkAddr(f)
	}
	return f, err
}

// checkAddr refuses an address that others can reach, unless somebody has said by which name: the page has no login, and
// every answer is on the bill of whoever runs this.
func checkAddr(f *flags) error {
	host, _, err := net.SplitHostPort(f.addr)
	if err != nil {
		return fmt.Errorf("-addr: %q is not an address and a port, as in 127.0.0.1:8080", f.addr)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	if len(f.hosts) == 0 {
		return fmt.Errorf("-addr: others can reach %s, and the page has no login: put a proxy with one in front, and say with -host by which name it is called", f.addr)
	}
	return nil
}

func usage(w io.Writer, set *flag.FlagSet) {
	fmt.Fprint(w, "chatweb: a chat with a model in the browser\n\nFlags:\n")
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprint(w, "\nThe model is real when its variables are in the environment, else a fake in this process:\n"+
		"  LLM_BASE_URL LLM_MODEL\n    optional: LLM_KEY\n"+
		"\nExit codes: 0 ended by Ctrl-C, 1 failed, 2 bad input\n")
}

// run is main without the process: it serves until ctx ends.
func run(ctx context.Context, args []string, out, errs io.Writer, getenv func(string) string) int {
	f, err := parseFlags(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	if err != nil {
		fmt.Fprintln(errs, "error:", err)
		return exitInput
	}
	platform, err := openPlatform(f, getenv)
	if err != nil {
		fmt.Fprintln(errs, "error:", err)
		return exitInput
	}
	defer platform.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.addr)
	if err != nil {
		fmt.Fprintln(errs, "error:", err)
		return exitFailed
	}
	handler, err := newServer(f, platform)
	if err != nil {
		fmt.Fprintln(errs, "error:", err)
		return exitFailed
	}
	fmt.Fprintf(errs, "%s at %s\n", platform.Model, platform.Name)
	fmt.Fprintf(out, "http://%s/\n", listener.Addr())
	if err := serve(ctx, listener, handler); err != nil {
		fmt.Fprintln(errs, "error:", err)
		return exitFailed
	}
	return exitDone
}

// serve serves until ctx ends, then ends the answers under way, whose pages are told, and waits for them.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := srv.Shutdown(patience)
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
