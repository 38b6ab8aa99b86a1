package ec2move_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Both programs use text/template, which calls methods by names that the linker cannot know: it then keeps every exported
// method of every type that reaches an interface.
const (
	withUs = `package main

import (
	"context"
	"fmt"
	"os"
	"text/template"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops/ec2move"
)

func main() {
	_ = template.Must(template.New("").Parse("{{.}}")).Execute(os.Stdout, os.Args)
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, nil })
	c, err := ec2move.New(ec2move.Config{AWS: aws.Config{Credentials: keys}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for e, err := range c.Rollback(context.Background(), ec2move.State{}) {
		fmt.Println(e, err)
	}
	_, next, err := c.Advance(context.Background(), ec2move.State{})
	fmt.Println(next, err)
}
`
	withClient = `package main

import (
	"context"
	"fmt"
	"os"
	"text/template"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

type images interface {
	CopyImage(context.Context, *ec2.CopyImageInput, ...func(*ec2.Options)) (*ec2.CopyImageOutput, error)
}

func main() {
	_ = template.Must(template.New("").Parse("{{.}}")).Execute(os.Stdout, os.Args)
	var c images = ec2.NewFromConfig(aws.Config{Region: "us-east-1"})
	fmt.Println(c.CopyImage(context.Background(), &ec2.CopyImageInput{}))
}
`
)

// Trap 25: "a *Client in an interface (42 MB stripped): method values only". A program with this package has the operations
// that a move makes and no more. The sizes are printed with -v.
func TestTrap25TheLinkerKeepsOnlyTheOperationsOfAMove(t *testing.T) {
	t.Parallel()
	ours, client := build(t, withUs), build(t, withClient)
	t.Logf("with text/template: %.2f MB with ec2move, %d operations of EC2", float64(ours.size)/1e6, ours.operations)
	t.Logf("with text/template: %.2f MB with *ec2.Client in an interface, %d operations", float64(client.size)/1e6, client.operations)
	assert.Less(t, ours.size, int64(20_000_000))
	assert.Less(t, ours.operations, 100, "of some 800")
	assert.Greater(t, client.size, 2*ours.size, "else there is nothing to be careful about any more")
	assert.Greater(t, client.operations, 500)
}

type program struct {
	size       int64 // not stripped
	operations int
}

func build(t *testing.T, source string) program {
	t.Helper()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	run := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = "../.." // the module's root: the file is compiled as if it were there
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		text, err := cmd.Output()
		require.NoError(t, err, "go %v: %s", args, stderr.String())
		return text
	}
	run("build", "-o", out, file)
	info, err := os.Stat(out)
	require.NoError(t, err)
	p := program{size: info.Size()}
	for line := range strings.Lines(string(run("tool", "nm", out))) {
		if strings.Contains(line, "service/ec2.awsEc2query_serializeOpDocument") && strings.HasSuffix(strings.TrimSpace(line), "Input") {
			p.operations++
		}
	}
	return p
}
