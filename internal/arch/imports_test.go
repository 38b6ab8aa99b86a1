package arch_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rule is what the packages of a folder may stand on, besides the standard library, golang.org/x, internal and their own
// platform.
type rule struct {
	// direct are the packages of others that they may import: a path, or a path and all below it if it ends in "/...".
	direct []string
	// closed: nothing else may stand behind those either. Where a platform's SDK is used, its own needs are its affair.
	closed bool
	// never may not even stand behind them.
	never []string
}

// rules by folder; the longest that fits counts.
var rules = map[string]rule{
	"r2": {
		direct: []string{
			"github.com/aws/aws-sdk-go-v2/aws/...",
			"github.com/aws/aws-sdk-go-v2/service/s3/...",
			"github.com/aws/smithy-go/...",
		},
		never: []string{
			"github.com/aws/aws-sdk-go-v2/config/...",
			"github.com/aws/aws-sdk-go-v2/feature/s3/...",
			"github.com/cloudflare/...",
		},
	},
	// It stands on r2, and so on S3's client; Doctor signs requests of its own. The root package of cloudflare-go takes six
	// times as long to compile as all the rest.
	"r2/r2admin": {
		direct: []string{"github.com/cloudflare/cloudflare-go/v7/...", "github.com/aws/aws-sdk-go-v2/aws/..."},
		never: []string{
			"github.com/cloudflare/cloudflare-go/v7",
			"github.com/aws/aws-sdk-go-v2/config/...",
			"github.com/aws/aws-sdk-go-v2/feature/s3/...",
		},
	},
	"awsops": {direct: sdk, never: []string{"github.com/aws/aws-sdk-go-v2/service/..."}},
	// One service each: that of EC2 alone takes a minute to compile.
	"awsops/ec2move":           {direct: service("ec2"), never: otherServices("ec2")},
	"awsops/cdn":               {direct: service("cloudfront"), never: otherServices("cloudfront")},
	"awsops/iamrole":           {direct: service("iam"), never: otherServices("iam")},
	"awsops/cwagent":           {direct: service("ssm"), never: otherServices("ssm")},
	"awsops/cwagent/agentconf": {closed: true},
	"awsops/cwlogs":            {direct: service("cloudwatchlogs"), never: otherServices("cloudwatchlogs")},
	"awsops/cwmetrics":         {direct: service("cloudwatch"), never: otherServices("cloudwatch")},
	"route53x": {
		direct: []string{"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/...", "github.com/miekg/dns"},
		never:  []string{"github.com/libdns/..."},
	},
	"route53x/libdnsroute53": {direct: []string{"github.com/libdns/libdns"}},
	"acmx":                   {direct: []string{"github.com/aws/aws-sdk-go-v2/...", "github.com/aws/smithy-go/..."}},
	"aliyun": {direct: []string{
		"github.com/alibabacloud-go/darabonba-openapi/v2/...",
		"github.com/alibabacloud-go/tea/...",
		"github.com/aliyun/credentials-go/...",
	}},
	"aliyun/aliyuntest": {direct: []string{"github.com/miekg/dns"}}, // its zones answer as well
	"wechat":            {closed: true},
	"wechat/article":    {direct: []string{"github.com/yuin/goldmark/..."}, closed: true},
	"llm":               {closed: true},
	"llm/schema":        {direct: []string{"github.com/google/jsonschema-go/..."}, closed: true},
	"vultr":             {closed: true},
	"internal":          {closed: true},
	"internal/awscall":  {direct: sdk, never: otherServices("")}, // the packages choose the service
	"examples":          {direct: []string{"..."}},
}

// sdk is the core of AWS's SDK, which knows no service.
var sdk = []string{"github.com/aws/aws-sdk-go-v2/aws/...", "github.com/aws/smithy-go/..."}

// service is the core and one service.
func service(name string) []string {
	return append([]string{"github.com/aws/aws-sdk-go-v2/service/" + name + "/..."}, sdk...)
}

// otherServices are those of awsops that a sub-package of it has nothing to do with.
func otherServices(own string) (out []string) {
	for _, name := range []string{"ec2", "cloudfront", "iam", "ssm", "cloudwatchlogs", "cloudwatch", "acm", "route53", "s3"} {
		if name != own {
			out = append(out, "github.com/aws/aws-sdk-go-v2/service/"+name)
		}
	}
	return append(out, "github.com/aws/aws-sdk-go-v2/config/...", "text/template", "html/template")
}

// ruleOf finds the rule of a folder. A fake beside its package, as awsops/iamroletest is beside awsops/iamrole, has that of the
// package.
func ruleOf(path string) (rule, bool) {
	if r, ok := rules[strings.TrimSuffix(path, "test")]; ok {
		return r, true
	}
	best, found := "", false
	for folder := range rules {
		if within(path, folder) && len(folder) >= len(best) {
			best, found = folder, true
		}
	}
	return rules[best], found
}

// within tells whether path is folder or below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// among tells whether a package is one of those that the patterns name.
func among(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		folder, tree := strings.CutSuffix(p, "...")
		if folder = strings.TrimSuffix(folder, "/"); tree {
			return folder == "" || within(path, folder)
		}
		return path == p
	})
}

// foreign tells whether a package is of a third party.
func foreign(p pkg) bool {
	return !p.Standard && p.path() == "" && !within(p.ImportPath, "golang.org/x")
}

func TestEveryFolderHasARule(t *testing.T) {
	t.Parallel()
	for _, p := range ours(t) {
		_, ok := ruleOf(p.path())
		assert.True(t, ok, "%s: no rule says what it may import: add one", p.path())
	}
}

func TestPackagesOfOthers(t *testing.T) {
	t.Parallel()
	known, err := all()
	require.NoError(t, err)
	for _, p := range ours(t) {
		r, _ := ruleOf(p.path())
		for _, dep := range p.Imports {
			if foreign(known[dep]) {
				assert.True(t, among(dep, r.direct), "%s imports %s", p.path(), dep)
			}
		}
		for _, dep := range p.Deps {
			if r.closed && foreign(known[dep]) {
				assert.True(t, among(dep, r.direct), "%s stands on %s", p.path(), dep)
			}
			assert.False(t, among(dep, r.never), "%s stands on %s", p.path(), dep)
		}
	}
}

// Trap 24: no root package of cloudflare-go, in tests neither: one import, and every run of them compiles it.
func TestR2StaysLight(t *testing.T) {
	t.Parallel()
	out, err := run("list", "-deps", "-test", "./r2/...")
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	require.Contains(t, deps, "github.com/cloudflare/cloudflare-go/v7/r2")
	for _, dep := range deps {
		assert.False(t, among(dep, rules["r2/r2admin"].never), "the tests of r2 stand on %s", dep)
	}
	out, err = run("list", "-deps", "-test", "./r2", "./r2/r2test")
	require.NoError(t, err)
	assert.NotContains(t, string(out), "cloudflare-go", "r2 alone does without the control plane's client")
}

func TestPackagesOfOurs(t *testing.T) {
	t.Parallel()
	known, err := all()
	require.NoError(t, err)
	for _, p := range ours(t) {
		platform := top(p.path())
		for _, dep := range p.Deps {
			path := known[dep].path()
			switch {
			case path == "" || platform == "examples":
			case top(path) == "internal":
				assert.NotEqual(t, "internal/arch", path, "%s stands on a test", p.path())
			case platform == "internal":
				assert.Fail(t, "internal knows a platform", "%s stands on %s", p.path(), path)
			default:
				assert.Equal(t, platform, top(path), "%s stands on another platform, %s", p.path(), path)
				assert.True(t, !isFake(path) || isFake(p.path()), "%s stands on a fake, %s", p.path(), path)
			}
			if top(path) == "examples" {
				assert.Fail(t, "an example is no library", "%s stands on %s", p.path(), path)
			}
		}
	}
}

// Programs use the fakes at run time: the testing package would grow flags in them, testify weight.
func TestNothingStandsOnTestTools(t *testing.T) {
	t.Parallel()
	tools := []string{
		"testing/...", "net/http/httptest", "github.com/stretchr/testify/...", "github.com/jarcoal/httpmock/...", "go.uber.org/goleak/...",
	}
	for _, p := range ours(t) {
		deps := p.Imports
		if r, _ := ruleOf(p.path()); r.closed {
			deps = p.Deps // where there is no SDK that may do so by itself, as Aliyun's does
		}
		for _, dep := range deps {
			assert.False(t, among(dep, tools), "%s stands on %s", p.path(), dep)
		}
	}
}

// Tests see what users see. What they need beyond that goes through export_test.go, by name.
func TestTestsAreOutside(t *testing.T) {
	t.Parallel()
	for _, p := range ours(t) {
		if top(p.path()) != "examples" { // package main cannot be imported
			for _, file := range p.TestGoFiles {
				assert.Equal(t, "export_test.go", file, "%s: make it package …_test", p.path())
			}
		}
	}
}

// requirements are the modules that go.mod names for their own sake. Each is a decision: change both together.
var requirements = []string{
	"github.com/alibabacloud-go/darabonba-openapi/v2",
	"github.com/alibabacloud-go/tea",
	"github.com/aliyun/credentials-go",
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/aws-sdk-go-v2/service/acm",
	"github.com/aws/aws-sdk-go-v2/service/cloudfront",
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch",
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs",
	"github.com/aws/aws-sdk-go-v2/service/ec2",
	"github.com/aws/aws-sdk-go-v2/service/iam",
	"github.com/aws/aws-sdk-go-v2/service/route53",
	"github.com/aws/aws-sdk-go-v2/service/route53domains",
	"github.com/aws/aws-sdk-go-v2/service/s3",
	"github.com/aws/aws-sdk-go-v2/service/ssm",
	"github.com/aws/smithy-go",
	"github.com/cloudflare/cloudflare-go/v7",
	"github.com/google/jsonschema-go",
	"github.com/jarcoal/httpmock",
	"github.com/libdns/libdns",
	"github.com/miekg/dns",
	"github.com/santhosh-tekuri/jsonschema/v6",
	"github.com/stretchr/testify",
	"github.com/yuin/goldmark",
	"go.uber.org/goleak",
	"golang.org/x/image",
	"golang.org/x/net",
	"golang.org/x/sync",
	"golang.org/x/term",
	"golang.org/x/text",
}

func TestRequirements(t *testing.T) {
	t.Parallel()
	out, err := run("mod", "edit", "-json")
	require.NoError(t, err)
	var mod struct {
		Module  struct{ Path string }
		Require []struct {
			Path, Version string
			Indirect      bool
		}
		Replace, Exclude []any
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	assert.Equal(t, module, mod.Module.Path)
	assert.Empty(t, mod.Replace, "a replace does not reach our users")
	assert.Empty(t, mod.Exclude, "an exclude does not reach our users")

	direct := map[string]string{}
	for _, r := range mod.Require {
		if !r.Indirect {
			direct[r.Path] = r.Version
		}
	}
	assert.Equal(t, requirements, slices.Sorted(maps.Keys(direct)))
	assert.Equal(t, "v2.1.16", direct["github.com/alibabacloud-go/darabonba-openapi/v2"], "by exact version: later ones were not read")
}
