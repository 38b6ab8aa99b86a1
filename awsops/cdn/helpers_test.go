package cdn_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/cdn"
)

// raceBefore has another writer be faster, the first few times that a call of op arrives.
func raceBefore(op string, times int, n *int, write func()) func(awsopstest.Event) {
	return func(e awsopstest.Event) {
		if e.Op == op && e.When == awsopstest.Before && *n < times {
			*n++
			write()
		}
	}
}

var errKilled = errors.New("killed")

// mutating are the calls that change something.
func mutating(op string) bool {
	switch op {
	case "CreateDistributionWithTags", "UpdateDistribution", "DeleteDistribution", "CreateInvalidation", "CreateVpcOrigin", "DeleteVpcOrigin":
		return true
	}
	return false
}

// crash is a way for a program to die, or for an answer to be lost, at the n-th mutating call.
type crash struct {
	n   int
	how string
}

// crashes are all of them, for a job of n mutating calls.
func crashes(n int) (out []crash) {
	for i := range n {
		for _, how := range []string{"dies before", "dies after the effect of", "loses the answer of", "loses every answer of", "never sends"} {
			out = append(out, crash{i, how})
		}
	}
	return out
}

func (c crash) String() string { return fmt.Sprintf("%s call %d", c.how, c.n+1) }

// count is the mutating calls of a job that is not disturbed.
func count(w *world, f func()) (ops []string) {
	on := true
	w.Observe(func(e awsopstest.Event) {
		if on && mutating(e.Op) && e.When == awsopstest.Before {
			ops = append(ops, e.Op)
		}
	})
	f()
	on = false
	return ops
}

// run runs a job of these mutating calls in a program that meets the crash. A process dies by a panic: it does nothing more.
func (c crash) run(t *testing.T, w *world, ops []string, job func(ctx context.Context, c *cdn.Client) error) (err error) {
	t.Helper()
	n, armed := 0, true
	spoil := func() {
		switch {
		case n != c.n:
		case c.how == "loses the answer of":
			w.LoseNext(ops[n])
		case c.how == "loses every answer of":
			for range 5 {
				w.LoseNext(ops[n])
			}
		case c.how == "never sends":
			w.DropNext(ops[n])
		}
	}
	spoil()
	w.Observe(func(e awsopstest.Event) {
		if !armed || !mutating(e.Op) {
			return
		}
		if n == c.n && (c.how == "dies before" && e.When == awsopstest.Before || c.how == "dies after the effect of" && e.When == awsopstest.After) {
			armed = false
			panic(errKilled)
		}
		if e.When == awsopstest.After {
			n++
			spoil()
		}
	})
	defer func() {
		armed = false
		if p := recover(); p != nil {
			if died, ok := p.(error); !ok || !errors.Is(died, errKilled) {
				panic(p)
			}
			err = errKilled
		}
	}()
	client, err := cdn.New(w.Config())
	require.NoError(t, err)
	return job(t.Context(), client)
}
