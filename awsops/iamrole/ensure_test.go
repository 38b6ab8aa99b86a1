package iamrole_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/awsopstest"
	"github.com/kitroll/kitroll/awsops/iamrole"
	"github.com/kitroll/kitroll/awsops/iamroletest"
)

const (
	ec2Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	ssm      = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
	cw       = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy"
	readLogs = "arn:aws:iam::aws:policy/CloudWatchLogsReadOnlyAccess"
	inline   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}]}`
)

func client(t *testing.T, srv *iamroletest.Server) *iamrole.Client {
	t.Helper()
	c, err := iamrole.New(srv.Config())
	require.NoError(t, err)
	return c
}

// mutations are the calls that change something.
func mutations(srv *iamroletest.Server) (out []string) {
	for _, op := range srv.Order() {
		if !strings.HasPrefix(op, "Get") && !strings.HasPrefix(op, "List") {
			out = append(out, op)
		}
	}
	return out
}

func TestEnsureMakesAllOfItOnce(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	c := client(t, srv)
	role := iamrole.Role{Name: "web", Inline: map[string]string{"bucket": inline}, Tags: map[string]string{"team": "shop"}}

	p, err := c.EnsureInstanceRole(t.Context(), role)
	require.NoError(t, err)
	assert.Equal(t, iamrole.Profile{
		Name: "web", ARN: "arn:aws:iam::123456789012:instance-profile/web", Role: "web", RoleARN: "arn:aws:iam::123456789012:role/web",
		Created: []string{
			"CreateRole web", "CreateInstanceProfile web", "AttachRolePolicy " + ssm, "AttachRolePolicy " + cw, "PutRolePolicy bucket", "AddRoleToInstanceProfile web",
		},
	}, sorted(p))
	assert.Equal(t, []string{"profile web: web", "role web: " + ssm + " " + cw + " bucket"}, srv.Snapshot())

	before := len(mutations(srv))
	again, err := c.EnsureInstanceRole(t.Context(), role)
	require.NoError(t, err)
	assert.Empty(t, again.Created)
	assert.Equal(t, p.ARN, again.ARN)
	assert.Len(t, mutations(srv), before, "a second run changes nothing")
}

// sorted leaves the order of what had to wait for the role out of account, but not that the role comes first.
func sorted(p iamrole.Profile) iamrole.Profile {
	order := []string{"CreateRole", "CreateInstanceProfile", "AttachRolePolicy", "PutRolePolicy", "AddRoleToInstanceProfile"}
	var out []string
	for _, op := range order {
		for _, s := range p.Created {
			if strings.HasPrefix(s, op+" ") {
				out = append(out, s)
			}
		}
	}
	p.Created = out
	return p
}

func TestPlanReadsOnly(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	c := client(t, srv)
	plan, err := c.Plan(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	assert.Equal(t, "role web, profile web (aws)\n  + CreateRole web\n  + AttachRolePolicy "+ssm+"\n  + AttachRolePolicy "+cw+
		"\n  + CreateInstanceProfile web\n  + AddRoleToInstanceProfile web\n", plan.String())
	assert.Empty(t, mutations(srv))

	_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.NoError(t, err)
	plan, err = c.Plan(t.Context(), iamrole.Role{Name: "web", Managed: []string{iamrole.PolicySSM}})
	require.NoError(t, err)
	assert.Equal(t, "role web, profile web (aws)\n  nothing to do\n  note: "+cw+" is attached too, and stays\n", plan.String())
}

// What is somebody else's, or open to others, is a conflict that names the reason, and nothing is changed.
func TestNothingIsWidenedInSilence(t *testing.T) {
	t.Parallel()
	ours := map[string]string{iamrole.TagRole: "web"}
	for name, tt := range map[string]struct {
		trust   string
		tags    map[string]string
		managed []string
		profile string            // the role in it
		ptags   map[string]string // nil = no profile
		adopt   iamrole.Adopt
		why     string // empty: it is taken
	}{
		"somebody's":                    {trust: ec2Trust, why: "somebody else's"},
		"somebody's with another ID":    {trust: ec2Trust, tags: map[string]string{iamrole.TagRole: "db"}, why: "somebody else's"},
		"as it is, complete":            {trust: ec2Trust, managed: []string{ssm, cw, readLogs}, adopt: iamrole.AdoptAsIs},
		"as it is, incomplete":          {trust: ec2Trust, managed: []string{ssm}, adopt: iamrole.AdoptAsIs, why: "lacks " + cw},
		"extended":                      {trust: ec2Trust, managed: []string{ssm}, adopt: iamrole.AdoptExtend},
		"ours, without policies":        {trust: ec2Trust, tags: ours},
		"ours, but Lambda's":            {trust: strings.ReplaceAll(ec2Trust, "ec2", "lambda"), tags: ours, why: "others may assume it: Service lambda.amazonaws.com"},
		"open to an account":            {trust: `{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com","AWS":"arn:aws:iam::999999999999:root"},"Action":"sts:AssumeRole"}]}`, adopt: iamrole.AdoptExtend, why: "others may assume it: AWS arn:aws:iam::999999999999:root"},
		"open to everybody":             {trust: `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, adopt: iamrole.AdoptExtend, why: "others may assume it: AWS *"},
		"profile of another role":       {trust: ec2Trust, tags: ours, profile: "db", ptags: ours, why: "holds the role db, and a profile holds one"},
		"somebody's profile":            {trust: ec2Trust, tags: ours, profile: "web", ptags: map[string]string{}, why: "profile web is there, without the tag"},
		"somebody's empty profile":      {trust: ec2Trust, managed: []string{ssm, cw}, ptags: map[string]string{}, adopt: iamrole.AdoptAsIs, why: "holds no role"},
		"somebody's profile, taken":     {trust: ec2Trust, managed: []string{ssm, cw}, profile: "web", ptags: map[string]string{}, adopt: iamrole.AdoptAsIs},
		"somebody's, to be filled":      {trust: ec2Trust, ptags: map[string]string{}, adopt: iamrole.AdoptExtend},
		"written otherwise, and blanks": {trust: ` {"Statement" : {"Action":["STS:AssumeRole"],"Sid":"a+b","Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]}}, "Version":"2012-10-17"}`, tags: ours},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := iamroletest.NewServer(nil)
			srv.AddRole("web", tt.trust, tt.tags, tt.managed...)
			srv.AddRole("db", ec2Trust, nil)
			if tt.ptags != nil {
				srv.AddProfile("web", tt.profile, tt.ptags)
			}
			before := srv.Snapshot()
			p, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", Adopt: tt.adopt})
			if tt.why != "" {
				require.ErrorIs(t, err, awsops.ErrConflict)
				require.ErrorContains(t, err, tt.why)
				assert.Equal(t, before, srv.Snapshot())
				assert.Empty(t, mutations(srv))
				return
			}
			require.NoError(t, err)
			assert.Contains(t, strings.Join(srv.Snapshot(), "\n"), "profile web: web")
			assert.NotContains(t, strings.Join(p.Created, " "), "CreateRole")
		})
	}
}

func TestAForeignInlinePolicyIsNotOverwritten(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	c := client(t, srv)
	_, err := c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", ID: "a", Inline: map[string]string{"p": inline}})
	require.NoError(t, err)

	same := "{ \"Statement\": {\"Resource\": [\"*\"], \"Action\": [\"s3:ListBucket\", \"s3:GetObject\"], \"Effect\":\"Allow\"},\n\"Version\":\"2012-10-17\" }"
	before := len(mutations(srv))
	_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", ID: "b", Adopt: iamrole.AdoptExtend, Inline: map[string]string{"p": same}})
	require.NoError(t, err, "the same policy written otherwise is the same")
	assert.Len(t, mutations(srv), before)

	other := strings.ReplaceAll(inline, "s3:GetObject", "s3:DeleteObject")
	_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", ID: "b", Adopt: iamrole.AdoptExtend, Inline: map[string]string{"p": other}})
	require.ErrorIs(t, err, awsops.ErrConflict)
	_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", ID: "a", Inline: map[string]string{"p": other}})
	require.NoError(t, err, "our own is brought up to date")
}

// Trap 24: aws-cn ARNs, and the principal of EC2 there.
func TestTrap24PartitionOfARNs(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]struct{ arn, passed string }{
		"cn-north-1":    {"arn:aws-cn:iam::123456789012:instance-profile/web", "ec2.amazonaws.com.cn"},
		"us-gov-west-1": {"arn:aws-us-gov:iam::123456789012:instance-profile/web", `"ec2.amazonaws.com"`},
	} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			srv := iamroletest.NewServer(&iamroletest.Options{Region: region})
			c := client(t, srv)
			p, err := c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
			require.NoError(t, err)
			assert.Equal(t, want.arn, p.ARN)
			assert.Contains(t, p.PassRolePolicy(), want.passed)
			assert.Contains(t, p.PassRolePolicy(), p.RoleARN)

			_, err = c.EnsureInstanceRole(t.Context(), iamrole.Role{Name: "other", Managed: []string{ssm}})
			require.ErrorIs(t, err, awsops.ErrInvalid, "a policy of another partition")
			require.ErrorContains(t, err, "partition aws")
		})
	}
	srv := iamroletest.NewServer(&iamroletest.Options{Region: "cn-north-1"})
	_, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web", Principal: "ec2.amazonaws.com"})
	require.NoError(t, err, "the principal can be given")
}

func TestInvalidRolesNameEveryProblem(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(nil)
	_, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{
		Name: "a b", ProfileName: strings.Repeat("x", 129), Path: "x", Managed: []string{"", "arn:aws:s3:::b"}, Boundary: "b",
		Inline: map[string]string{"p": "[]"}, Tags: map[string]string{"aws:x": "1"}, Adopt: "always", Description: strings.Repeat("x", 1001),
	})
	require.ErrorIs(t, err, awsops.ErrInvalid)
	for _, field := range []string{"Name:", "ProfileName:", "Path:", "Managed: an empty name", `Managed: "arn:aws:s3:::b"`, "Boundary:", `Inline["p"]:`, "Tags:", "Adopt:", "Description:"} {
		assert.ErrorContains(t, err, field)
	}
	assert.Zero(t, srv.Calls(""), "nothing was sent")
}

func TestRefusalsOfIAM(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts iamroletest.Options
		role iamrole.Role
		fail [3]string
		kind error
		text string
	}{
		"quota of policies": {opts: iamroletest.Options{MaxAttached: 1}, role: iamrole.Role{Name: "web"}, kind: awsops.ErrQuota, text: "detach a policy"},
		"quota of roles":    {opts: iamroletest.Options{MaxRoles: 1}, role: iamrole.Role{Name: "web"}, kind: awsops.ErrQuota, text: "RolesPerAccount"},
		"no such policy":    {role: iamrole.Role{Name: "web", Managed: []string{"Nonsense"}}, kind: awsops.ErrGone, text: "policy/Nonsense"},
		"no such boundary":  {role: iamrole.Role{Name: "web", Boundary: "arn:aws:iam::aws:policy/None"}, kind: awsops.ErrGone, text: "Scope ARN"},
		"principal":         {role: iamrole.Role{Name: "web", Principal: "ec2.example.org"}, kind: awsops.ErrInvalid, text: "Role.Principal"},
		"denied":            {role: iamrole.Role{Name: "web"}, fail: [3]string{"CreateRole", "AccessDenied", "User is not authorized to perform: iam:CreateRole"}, kind: awsops.ErrDenied, text: "iam:CreateRole"},
		"pass role":         {role: iamrole.Role{Name: "web"}, fail: [3]string{"AddRoleToInstanceProfile", "AccessDenied", "not authorized to perform: iam:PassRole on resource"}, kind: awsops.ErrDenied, text: "Profile.PassRolePolicy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := iamroletest.NewServer(&tt.opts)
			srv.AddRole("other", ec2Trust, nil)
			if tt.fail[0] != "" {
				srv.FailNext(tt.fail[0], tt.fail[1], tt.fail[2])
			}
			began := srv.Clock.Now()
			_, err := client(t, srv).EnsureInstanceRole(t.Context(), tt.role)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.text)
			assert.Less(t, srv.Clock.Now().Sub(began), time.Minute, "no refusal is waited out")
		})
	}
}

// IAM that never shows what it has confirmed ends in an error of its own, and not in a loop.
func TestWhatIsNeverShownIsUnknown(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(&iamroletest.Options{Lag: time.Hour})
	_, err := client(t, srv).EnsureInstanceRole(t.Context(), iamrole.Role{Name: "web"})
	require.Error(t, err)
	assert.Equal(t, 1, srv.Calls("CreateRole"))
	assert.True(t, errors.Is(err, awsops.ErrUnknownOutcome) || errors.Is(err, awsops.ErrGone), err)
}

func TestTheEndOfAContextStopsTheWait(t *testing.T) {
	t.Parallel()
	srv := iamroletest.NewServer(&iamroletest.Options{Lag: time.Minute})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	srv.Observe(func(e awsopstest.Event) {
		if e.Op == "GetRole" && e.N == 3 {
			cancel(cause)
		}
	})
	_, err := client(t, srv).EnsureInstanceRole(ctx, iamrole.Role{Name: "web"})
	require.ErrorIs(t, err, cause)
	_, ok := errors.AsType[*iamrole.Error](err)
	assert.True(t, ok)
}
