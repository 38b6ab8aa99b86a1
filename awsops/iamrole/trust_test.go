package iamrole_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/kitroll/kitroll/awsops/iamrole"
)

func TestJudgeOfTrustPolicies(t *testing.T) {
	t.Parallel()
	allow := func(rest string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"` + rest + `}]}`
	}
	for name, tt := range map[string]struct{ doc, why string }{
		"plain":             {allow(""), ""},
		"encoded":           {strings.ReplaceAll(url.QueryEscape(allow(`,"Sid":"a b"`)), "+", "%20"), ""},
		"a plus is a plus":  {url.PathEscape(allow(`,"Sid":"a+b"`)), ""},
		"twice":             {`{"Statement":[` + strings.TrimSuffix(strings.SplitN(allow(""), "[", 2)[1], "]}") + `,{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}`, ""},
		"session tags":      {strings.Replace(allow(""), `"sts:AssumeRole"`, `["sts:AssumeRole","sts:TagSession"]`, 1), "also allows sts:TagSession"},
		"conditions":        {allow(`,"Condition":{"StringEquals":{"aws:SourceAccount":"1"}}`), "conditions"},
		"deny":              {strings.Replace(allow(""), "Allow", "Deny", 1), "denies"},
		"effect":            {strings.Replace(allow(""), "Allow", "Maybe", 1), "Maybe"},
		"not principal":     {strings.Replace(allow(""), "Principal", "NotPrincipal", 1), "by exclusion"},
		"not action":        {strings.Replace(allow(""), "Action", "NotAction", 1), "by exclusion"},
		"resource":          {allow(`,"Resource":"*"`), "resources"},
		"two services":      {strings.Replace(allow(""), `"ec2.amazonaws.com"`, `["ec2.amazonaws.com","ssm.amazonaws.com"]`, 1), "others may assume it: Service ssm.amazonaws.com"},
		"federated":         {strings.Replace(allow(""), `{"Service":`, `{"Federated":"x","Service":`, 1), "others may assume it: Federated x"},
		"no statement":      {`{"Version":"2012-10-17"}`, "may not assume it"},
		"no action":         {strings.Replace(allow(""), `,"Action":"sts:AssumeRole"`, "", 1), "may not assume it"},
		"an unknown part":   {allow(`,"Novelty":1`), "cannot be read"},
		"two documents":     {allow("") + "{}", "cannot be read"},
		"bad encoding":      {"%7B%zz", "cannot be decoded"},
		"nothing":           {"", "cannot be read"},
		"upper case action": {strings.Replace(allow(""), "sts:AssumeRole", "STS:ASSUMEROLE", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := iamrole.Judge(tt.doc, "ec2.amazonaws.com")
			if tt.why == "" {
				assert.Empty(t, why)
			} else {
				assert.Contains(t, why, tt.why)
			}
		})
	}
}

// Whatever it is given, judge never says yes to a policy that names another principal, nor to one that it cannot read.
func FuzzJudge(f *testing.F) {
	f.Add(ec2Trust)
	f.Add(url.PathEscape(ec2Trust))
	f.Add(`{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`)
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":"sts:AssumeRole"}]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		if iamrole.Judge(doc, "ec2.amazonaws.com") == "" {
			assert.NotEmpty(t, iamrole.Judge(doc, "ec2.amazonaws.com.cn"), "two principals cannot both be the only one")
			assert.True(t, iamrole.SamePolicy(doc, doc))
		}
	})
}
