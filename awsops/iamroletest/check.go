package iamroletest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/kitroll/kitroll/awsops/awsopstest"
)

var nameForm = regexp.MustCompile(`^[\w+=,.@-]+$`)

// encode is how IAM answers policies: percent-encoded, a blank as %20.
func encode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func invalid(format string, args ...any) error {
	return awsopstest.Refuse("ValidationError", format, args...)
}

func checkName(field string, name *string, most int) error {
	switch s := aws.ToString(name); {
	case s == "":
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must not be null", field)
	case len(s) > most:
		return invalid("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", field, most)
	case !nameForm.MatchString(s):
		return invalid("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", field)
	}
	return nil
}

func checkPath(path *string) (string, error) {
	s := aws.ToString(path)
	if s == "" {
		return "/", nil
	}
	if !strings.HasPrefix(s, "/") || !strings.HasSuffix(s, "/") || len(s) > 512 {
		return "", invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return s, nil
}

func checkTags(tags []types.Tag) (map[string]string, error) {
	if len(tags) > 50 {
		return nil, awsopstest.Refuse("LimitExceeded", "The number of tags has reached the maximum limit.")
	}
	out, seen := map[string]string{}, map[string]bool{}
	for _, t := range tags {
		key, value := aws.ToString(t.Key), aws.ToString(t.Value)
		twice := seen[strings.ToLower(key)]
		seen[strings.ToLower(key)] = true
		switch {
		case key == "" || len(key) > 128 || len(value) > 256:
			return nil, invalid("1 validation error detected: Value at 'tags' failed to satisfy constraint")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, awsopstest.Refuse("InvalidInput", "Tag keys beginning with aws: are reserved for system use.")
		case twice:
			return nil, awsopstest.Refuse("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		out[key] = value
	}
	return out, nil
}

// checkTrust is what IAM looks at in a trust policy: its form, its length, and who is named.
func (s *Server) checkTrust(doc string) error {
	if len(doc) > 2048 {
		return awsopstest.Refuse("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
	}
	var p struct {
		Version   string
		Statement []struct {
			Effect    string
			Action    any
			Principal map[string]any
			Condition any
			Sid       string
		}
	}
	if err := json.Unmarshal([]byte(doc), &p); err != nil {
		return awsopstest.Refuse("MalformedPolicyDocument", "This policy contains invalid Json")
	}
	if len(p.Statement) == 0 {
		return awsopstest.Refuse("MalformedPolicyDocument", "Missing required field Statement")
	}
	for _, st := range p.Statement {
		if len(st.Principal) == 0 {
			return awsopstest.Refuse("MalformedPolicyDocument", "Missing required field Principal")
		}
		if service, ok := st.Principal["Service"]; ok && !s.knows(fmt.Sprint(service)) {
			return awsopstest.Refuse("MalformedPolicyDocument", `Invalid principal in policy: "SERVICE":"%v"`, service)
		}
	}
	return nil
}

// knows tells whether a service exists in the partition. In China, EC2 is taken under both names.
func (s *Server) knows(service string) bool {
	name, ok := strings.CutSuffix(service, "."+s.partition().Domain())
	if !ok {
		name, ok = strings.CutSuffix(service, ".amazonaws.com")
	}
	return ok && name != "" && !strings.Contains(name, ".")
}

func checkPolicy(doc string) error {
	var o struct{ Statement any }
	if err := json.Unmarshal([]byte(doc), &o); err != nil {
		return awsopstest.Refuse("MalformedPolicyDocument", "The policy is not in the valid JSON format.")
	}
	if o.Statement == nil {
		return awsopstest.Refuse("MalformedPolicyDocument", "Missing required field Statement")
	}
	return nil
}
