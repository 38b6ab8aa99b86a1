package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/awsops/cdn"
	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/route53x"
)

func required() []string { return []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} }

func optional() []string { return []string{"AWS_SESSION_TOKEN"} }

// platforms are where a move takes place.
type platforms struct {
	fake    bool
	cfg     ec2move.Config
	demo    []byte // the spec of the fakes' instance; nil where AWS is real
	closing func()
}

// connect finds the platforms: real ones, fakes that somebody serves, or fakes of this process.
func (f *flags) connect(ctx context.Context, getenv func(string) string) (platforms, error) {
	p, isReal, err := realPlatforms(getenv)
	switch {
	case err != nil:
		return p, err
	case isReal && f.at != "":
		return p, errors.New("-at: the environment names the real AWS")
	case isReal:
		return p, nil
	case f.at != "":
		return dialWorld(ctx, f.at)
	}
	w, err := newWorld() //nolint:contextcheck // the fakes live on beyond a call
	if err != nil {
		return p, err
	}
	return w.platforms()
}

// realPlatforms are AWS's as the environment names them; ok is false where it names none. Some of the variables only are an
// error: a forgotten one must not turn a real run into one on fakes.
func realPlatforms(getenv func(string) string) (p platforms, ok bool, err error) {
	var set, missing []string
	value := func(name string) string { return strings.TrimSpace(getenv(name)) }
	for _, name := range required() {
		if value(name) == "" {
			missing = append(missing, name)
		} else {
			set = append(set, name)
		}
	}
	for _, name := range optional() {
		if value(name) != "" {
			set = append(set, name)
		}
	}
	switch {
	case len(set) == 0:
		return p, false, nil
	case len(missing) > 0:
		return p, false, fmt.Errorf("the environment has %s but not %s: set all of them for the real AWS, or none for the fakes",
			strings.Join(set, ", "), strings.Join(missing, ", "))
	}
	keys := aws.Credentials{
		AccessKeyID: value("AWS_ACCESS_KEY_ID"), SecretAccessKey: value("AWS_SECRET_ACCESS_KEY"), SessionToken: value("AWS_SESSION_TOKEN"),
	}
	account := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })}
	dns, err := route53x.New(route53x.Config{AWS: account})
	if err != nil {
		return p, false, err
	}
	origins, err := cdn.New(cdn.Config{AWS: account})
	if err != nil {
		return p, false, err
	}
	return platforms{cfg: ec2move.Config{AWS: account, DNS: zones{dns}, Origins: origins}, closing: func() {}}, true, nil
}
