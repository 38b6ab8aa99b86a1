package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Getenv); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to be stopped
	}
}

// run is main without the process.
func run(ctx context.Context, args []string, out io.Writer, getenv func(string) string) error {
	set := flag.NewFlagSet("dbos", flag.ContinueOnError)
	db := set.String("db", "", "the SQLite `file` that remembers the move (default, on the fakes: one that is removed)")
	file := set.String("spec", "", "the move as JSON in this `file` (default, on the fakes: a sample)")
	if err := set.Parse(args); err != nil {
		return err
	}
	m := &mover{
		tell:  func(e awsops.Event) { fmt.Fprintln(out, e.At.Format(time.TimeOnly), e) },
		sleep: func(_ context.Context, d time.Duration) (time.Duration, error) { return d, nil },
	}
	cfg, spec, err := settings(m, *file, getenv)
	if err != nil {
		return err
	}
	if m.client, err = ec2move.New(cfg); err != nil {
		return err
	}
	if *db == "" {
		if cfg.API == nil {
			return errors.New("-db: name the file that remembers the move")
		}
		scratch, err := os.MkdirTemp("", "ec2move")
		if err != nil {
			return err
		}
		defer os.RemoveAll(scratch)
		*db = filepath.Join(scratch, "move.sqlite")
	}
	st, err := durably(ctx, m, *db, spec)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, st.Steps[ec2move.StepLaunch].ID)
	return nil
}

// durably runs the workflow of a move to its end, from wherever the file says that it stands.
func durably(ctx context.Context, m *mover, db string, spec ec2move.Spec) (ec2move.State, error) {
	d, err := dbos.NewContext(ctx, dbos.Config{
		AppName: "ec2move", DatabaseURL: "sqlite:" + db, Logger: slog.New(slog.DiscardHandler),
		ApplicationVersion: "1", // else only the very same binary goes on with what it left behind
	})
	if err != nil {
		return ec2move.State{}, err
	}
	dbos.RegisterWorkflow(d, m.move, dbos.WithWorkflowName("move"))
	if err := dbos.Launch(d); err != nil { // goes on with what was broken off
		return ec2move.State{}, err
	}
	defer dbos.Shutdown(d, 30*time.Second)                                    //nolint:errcheck // what the workflow knows is kept by now
	h, err := dbos.RunWorkflow(d, m.move, spec, dbos.WithWorkflowID(spec.ID)) // of the same ID: the one that runs already
	if err != nil {
		return ec2move.State{}, err
	}
	return h.GetResult()
}

// settings are AWS and the move: real, or a fake.
func settings(m *mover, file string, getenv func(string) string) (cfg ec2move.Config, spec ec2move.Spec, err error) {
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return cfg, spec, err
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		if err := d.Decode(&spec); err != nil {
			return cfg, spec, fmt.Errorf("-spec: %w", err)
		}
	}
	if getenv("AWS_ACCESS_KEY_ID") != "" {
		if file == "" {
			return cfg, spec, errors.New("-spec: say what is to be moved")
		}
		keys := aws.Credentials{
			AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN"),
		}
		cfg.AWS.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
		if at := getenv("AWS_ENDPOINT_URL_EC2"); at != "" {
			cfg.AWS.BaseEndpoint = &at
		}
		return cfg, spec, nil
	}
	if file == "" {
		spec = ec2move.Spec{
			ID: "durable", From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
			To: ec2move.Target{Region: "us-east-1"},
		}
	}
	what := ec2movetest.Sample()
	cloud := ec2movetest.New(&ec2movetest.Options{World: &what})
	m.sleep = func(ctx context.Context, d time.Duration) (time.Duration, error) {
		return 0, cloud.Clock().Sleep(ctx, d)
	}
	return cloud.Config(), spec, nil
}
