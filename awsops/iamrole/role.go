package iamrole

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/awsops"
)

// TagRole is the tag by which this package knows what it has made. Its value is [Role].ID.
const TagRole = "awsops:role"

// Names of AWS's managed policies that an instance usually needs.
const (
	PolicySSM     = "AmazonSSMManagedInstanceCore" // Systems Manager reaches the instance
	PolicyCWAgent = "CloudWatchAgentServerPolicy"  // its CloudWatch agent may publish, and read its configuration
)

// Adopt says what may be done with a role or profile that is there already and does not carry our tag.
type Adopt string

// What may be taken over. Who may assume the role is never changed, in no mode and not for our own roles either.
const (
	AdoptNever  Adopt = ""       // it is a conflict
	AdoptAsIs   Adopt = "as-is"  // it is used if it lacks nothing, else a conflict that says what
	AdoptExtend Adopt = "extend" // what it lacks is attached to it; policies that are there stay as they are
)

// Role is what is wanted: a role that EC2 may assume, its policies, and a profile that holds it.
type Role struct {
	Name        string            // of the role: 1 to 64 letters, digits and _+=,.@-
	ProfileName string            // of the profile, at most 128; default Name
	ID          string            // value of the tag "awsops:role"; default Name
	Path        string            // of both; default "/"
	Description string            // at most 1,000
	Managed     []string          // ARNs, or names of AWS's own policies; nil = PolicySSM and PolicyCWAgent, empty = none
	Inline      map[string]string // policies that are part of the role: name to JSON
	Boundary    string            // ARN of the permissions boundary; empty = none
	Principal   string            // who may assume it; default "ec2.amazonaws.com", in China "ec2.amazonaws.com.cn" (unverified)
	Tags        map[string]string // further ones, put on what is created; what is there is not tagged again
	Adopt       Adopt
}

// Profile is what came of it.
type Profile struct {
	Name    string
	ARN     string
	Role    string
	RoleARN string
	Created []string // what this call did, in order: "CreateRole web"; empty when all was there
}

// PassRolePolicy is the policy that whoever attaches this profile to an instance needs, as JSON.
func (p Profile) PassRolePolicy() string {
	service := "ec2.amazonaws.com"
	if part, _ := awsops.PartitionOfARN(p.RoleARN); part == awsops.China {
		service = "ec2.amazonaws.com.cn"
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole","Resource":%q,`+
		`"Condition":{"StringEquals":{"iam:PassedToService":%q}}}]}`, p.RoleARN, service)
}

var (
	nameForm = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathForm = regexp.MustCompile(`^/([!-~]+/)?$`)
)

// normal is the role with its defaults, or every problem.
func (r Role) normal(p awsops.Partition) (Role, error) {
	if r.ProfileName == "" {
		r.ProfileName = r.Name
	}
	if r.ID == "" {
		r.ID = r.Name
	}
	if r.Path == "" {
		r.Path = "/"
	}
	if r.Principal == "" {
		r.Principal = "ec2." + p.Domain()
	}
	if r.Managed == nil {
		r.Managed = []string{PolicySSM, PolicyCWAgent}
	}
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !nameForm.MatchString(r.Name) || len(r.Name) > 64 {
		bad("Name: %q is not 1 to 64 letters, digits and _+=,.@-", r.Name)
	}
	if !nameForm.MatchString(r.ProfileName) || len(r.ProfileName) > 128 {
		bad("ProfileName: %q is not 1 to 128 letters, digits and _+=,.@-", r.ProfileName)
	}
	if len(r.ID) > 256 {
		bad("ID: %d characters are more than a tag's 256", len(r.ID))
	}
	if !pathForm.MatchString(r.Path) || len(r.Path) > 512 {
		bad("Path: %q does not begin and end with /", r.Path)
	}
	if len(r.Description) > 1000 {
		bad("Description: %d characters are more than 1,000", len(r.Description))
	}
	if len(r.Tags) > 49 {
		bad("Tags: %d are more than the 49 that leave room for %s", len(r.Tags), TagRole)
	}
	for key := range r.Tags {
		if strings.HasPrefix(strings.ToLower(key), "aws:") || key == TagRole || key == "" {
			bad("Tags: %q cannot be set", key)
		}
	}
	switch r.Adopt {
	case AdoptNever, AdoptAsIs, AdoptExtend:
	default:
		bad("Adopt: %q is none of as-is, extend", r.Adopt)
	}
	r.Managed = r.arns(p, bad)
	r.checkARN("Boundary", r.Boundary, p, bad)
	for _, name := range slices.Sorted(maps.Keys(r.Inline)) {
		if !nameForm.MatchString(name) || len(name) > 128 {
			bad("Inline: %q is not 1 to 128 letters, digits and _+=,.@-", name)
		}
		if !isObject(r.Inline[name]) {
			bad("Inline[%q]: is no JSON object", name)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return r, &Error{Op: "EnsureInstanceRole", Resource: r.Name, Err: fmt.Errorf("%w: %w", awsops.ErrInvalid, err)}
	}
	return r, nil
}

// arns are the managed policies by ARN, each once. A name is one of AWS's own, in the partition of the client.
func (r Role) arns(p awsops.Partition, bad func(string, ...any)) []string {
	out := make([]string, 0, len(r.Managed))
	for _, name := range r.Managed {
		arn := name
		switch {
		case name == "":
			bad("Managed: an empty name")
			continue
		case !strings.HasPrefix(name, "arn:"):
			arn = "arn:" + string(p) + ":iam::aws:policy/" + strings.TrimPrefix(name, "/")
		}
		r.checkARN("Managed", arn, p, bad)
		if !slices.Contains(out, arn) {
			out = append(out, arn)
		}
	}
	return out
}

// checkARN: a policy of another partition is unknown here, and IAM would only say that it does not exist.
func (r Role) checkARN(field, arn string, p awsops.Partition, bad func(string, ...any)) {
	if arn == "" {
		return
	}
	switch part, ok := awsops.PartitionOfARN(arn); {
	case !ok || !strings.Contains(arn, ":policy/"):
		bad("%s: %q is no ARN of a policy", field, arn)
	case part != p:
		bad("%s: %s is of the partition %s, and the Region's is %s", field, arn, part, p)
	}
}

func isObject(text string) bool {
	var o map[string]json.RawMessage
	return json.Unmarshal([]byte(text), &o) == nil && o != nil
}

// trust is the policy that lets the principal, and nobody else, assume the role.
func (r Role) trust() string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, r.Principal)
}
