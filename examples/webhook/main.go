package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kitroll/kitroll/wechat/callback"
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

type flags struct {
	listen, path string
	second       time.Duration
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("webhook", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.listen, "listen", "127.0.0.1:8080", "with keys: serve at this `address`; the platform wants port 80 or 443, so put a proxy in front")
	set.StringVar(&f.path, "path", "/wechat", "the `path` of the callback URL")
	set.DurationVar(&f.second, "second", 200*time.Millisecond, "how long a second of the platform is in the demo")
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(w, "webhook: a WeChat Official Account that answers with a model\n\nFlags:\n")
		set.SetOutput(w)
		set.PrintDefaults()
		fmt.Fprint(w, "\nWithout keys a demo runs on fakes in this process. These make the account and the model real, each by itself:\n"+
			"  wechat  WECHAT_APPID WECHAT_TOKEN WECHAT_AES_KEY\n          optional: WECHAT_AES_KEY_OLD, while the key is being changed\n"+
			"  llm     LLM_BASE_URL LLM_MODEL\n          optional: LLM_KEY\n"+
			"\nExit codes: 0 done, or ended by Ctrl-C; 1 failed; 2 bad input\n")
	case err != nil:
	case set.NArg() > 0:
		err = fmt.Errorf("%q is not a flag", set.Arg(0))
	case !strings.HasPrefix(f.path, "/"):
		err = fmt.Errorf("-path: %q does not begin with /", f.path)
	case f.second < 20*time.Millisecond || f.second > time.Second:
		err = fmt.Errorf("-second: %v is not in 20ms to 1s", f.second)
	}
	return f, err
}

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, out, errs io.Writer, getenv func(string) string) int {
	f, err := parseFlags(args, errs)
	if errors.Is(err, flag.ErrHelp) {
		return exitDone
	}
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	account, err2 := readAccount(get)
	second := time.Second
	if account == nil {
		second = f.second
	}
	model, err3 := openModel(get, second)
	if model != nil {
		defer model.Close()
	}
	if err := errors.Join(err, err2, err3); err != nil { // all of them at once
		fmt.Fprintln(errs, "error:", err)
		return exitInput
	}
	bot := &Bot{Model: model, ModelName: model.Name, Screen: out}
	defer bot.Wait()
	fmt.Fprintf(out, "model: %s at %s\n", model.Name, model.At)
	if account == nil {
		err = demo(ctx, bot, f, out)
	} else {
		err = serve(ctx, bot, account, f, out, errs)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(errs, "error:", err)
		if errors.Is(err, errInput) {
			return exitInput
		}
		return exitFailed
	}
	return exitDone
}

var errInput = errors.New("bad input")

// serve serves the callback URL until ctx ends.
func serve(ctx context.Context, bot *Bot, a *Account, f *flags, out, errs io.Writer) error {
	h, err := newHandler(bot, callback.Config{
		Token: a.Token, AppID: a.AppID, AESKeys: a.Keys, Logger: slog.New(slog.NewTextHandler(errs, nil)),
	}, time.Second)
	if err != nil {
		return fmt.Errorf("%w: %w", errInput, err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(f.path, h)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	fmt.Fprintf(out, "account: %s\ncallback URL: http://%s%s\n", a.AppID, l.Addr(), f.path)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	return errors.Join(h.Shutdown(patience), srv.Shutdown(patience))
}
