package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/awsops/ec2movetest"
	"github.com/kitroll/kitroll/examples/engines/temporal/durable"
)

const queue = "ec2move"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Getenv)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run is main without the process.
func run(ctx context.Context, args []string, out io.Writer, getenv func(string) string) error {
	set := flag.NewFlagSet("temporal", flag.ContinueOnError)
	address := set.String("address", "", "a Temporal server, `host:port` (default: none, the fakes)")
	namespace := set.String("namespace", "default", "its `namespace`")
	work := set.Bool("worker", false, "be a worker, until interrupted")
	file := set.String("spec", "", "start the move in this `file`, as JSON")
	if err := set.Parse(args); err != nil {
		return err
	}
	if *address == "" {
		return demo(out)
	}
	c, err := client.Dial(client.Options{HostPort: *address, Namespace: *namespace})
	if err != nil {
		return err
	}
	defer c.Close()
	if *work {
		return serve(ctx, c, getenv)
	}
	spec, err := read(*file)
	if err != nil {
		return err
	}
	return start(ctx, c, spec, out)
}

// serve is a worker, until ctx ends.
func serve(ctx context.Context, c client.Client, getenv func(string) string) error {
	keys := aws.Credentials{
		AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN"),
	}
	if keys.AccessKeyID == "" || keys.SecretAccessKey == "" {
		return errors.New("a worker needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	mover, err := ec2move.New(ec2move.Config{AWS: aws.Config{
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
	}})
	if err != nil {
		return err
	}
	w := worker.New(c, queue, worker.Options{})
	durable.Register(w, &durable.Activities{Client: mover})
	ended := make(chan any)
	go func() {
		<-ctx.Done()
		close(ended)
	}()
	return w.Run(ended)
}

// explain says how to go on after a failure.
func explain(err error) error {
	if st, kind, ok := durable.Where(err); ok {
		return fmt.Errorf("%w: a person has to act (%s); the state is at %d steps", err, kind, len(st.Steps))
	}
	return err
}

// start starts a move, or finds the one of that ID which runs already, and follows it.
func start(ctx context.Context, c client.Client, spec ec2move.Spec, out io.Writer) error {
	h, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "ec2move-" + spec.ID, TaskQueue: queue}, durable.Move, durable.Input{Spec: spec})
	if err != nil {
		return err
	}
	var st ec2move.State
	if err := h.Get(ctx, &st); err != nil {
		return explain(err)
	}
	fmt.Fprintln(out, st.Steps[ec2move.StepLaunch].ID)
	return nil
}

func read(file string) (spec ec2move.Spec, err error) {
	if file == "" {
		return spec, errors.New("-spec: say what is to be moved, or be a -worker")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return spec, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&spec); err != nil {
		return spec, fmt.Errorf("-spec: %w", err)
	}
	return spec, nil
}

// demo moves a fake's server in Temporal's test environment, whose timers take no time.
func demo(out io.Writer) error {
	what := ec2movetest.Sample()
	cloud := ec2movetest.New(&ec2movetest.Options{World: &what})
	mover, err := ec2move.New(cloud.Config())
	if err != nil {
		return err
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(silent{})
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { cloud.Clock().Advance(d) })
	durable.Register(env, &durable.Activities{Client: mover, Tell: func(e awsops.Event) { fmt.Fprintln(out, e.At.Format(time.TimeOnly), e) }})
	env.ExecuteWorkflow(durable.Move, durable.Input{Spec: ec2move.Spec{
		ID: "durable", From: ec2move.Instance{Region: ec2movetest.SampleRegion, ID: ec2movetest.SampleInstance},
		To: ec2move.Target{Region: "us-east-1"},
	}})
	if err := env.GetWorkflowError(); err != nil {
		return explain(err)
	}
	var st ec2move.State
	if err := env.GetWorkflowResult(&st); err != nil {
		return err
	}
	fmt.Fprintln(out, st.Steps[ec2move.StepLaunch].ID)
	return nil
}

// silent is a logger of Temporal that says nothing.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
