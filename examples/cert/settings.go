package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/aliyun"
)

// variables are the environment variables that make a platform real.
type variables struct {
	platform           string
	required, optional []string
	note               [2]string // in English and Chinese
}

func allVariables() []variables {
	return []variables{
		{
			platform: "aws", required: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"},
			optional: []string{"AWS_SESSION_TOKEN", "ACM_ENDPOINT", "ROUTE53_ENDPOINT"},
			note:     [2]string{"ACM, and Route 53 with -dns route53", "ACM，以及 -dns route53 时的 Route 53"},
		},
		{
			platform: "aliyun", required: []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
			optional: []string{"ALIBABA_CLOUD_SECURITY_TOKEN", "ALIDNS_ENDPOINT"},
			note:     [2]string{"Alidns with -dns aliyun; not used while aws is a fake", "-dns aliyun 时的云解析 DNS；aws 为模拟服务时不使用"},
		},
	}
}

func (v variables) write(w io.Writer, lang Lang) {
	fmt.Fprintf(w, "  %-7s %s\n", v.platform, strings.Join(v.required, " "))
	fmt.Fprintf(w, "          %s: %s\n", lang.Say("optional", "可选"), strings.Join(v.optional, " "))
	fmt.Fprintf(w, "          %s\n", lang.Say(v.note[0], v.note[1]))
}

// Settings is what the environment says of one run.
type Settings struct {
	real map[string]bool // by platform
	get  func(string) string
}

// readSettings finds out which platforms are real. A platform with some of its variables only is an error that names the
// missing ones: a forgotten variable must not turn a real run into one on a fake.
func readSettings(getenv func(string) string) (Settings, error) {
	s := Settings{real: map[string]bool{}, get: func(name string) string { return strings.TrimSpace(getenv(name)) }}
	var errs []error
	for _, v := range allVariables() {
		var set, missing []string
		for _, name := range v.required {
			if s.get(name) == "" {
				missing = append(missing, name)
			} else {
				set = append(set, name)
			}
		}
		for _, name := range v.optional {
			if s.get(name) != "" {
				set = append(set, name)
			}
		}
		if len(set) > 0 && len(missing) > 0 {
			errs = append(errs, fmt.Errorf("%s: the environment has %s but not %s: set all of them for the real platform, or none for the fake",
				v.platform, strings.Join(set, ", "), strings.Join(missing, ", ")))
		}
		s.real[v.platform] = len(missing) == 0
	}
	return s, errors.Join(errs...)
}

// aws is the SDK's configuration, with the keys of the environment and nothing else: no files, no metadata service.
func (s Settings) aws(endpoint string) aws.Config {
	keys := aws.Credentials{
		AccessKeyID: s.get("AWS_ACCESS_KEY_ID"), SecretAccessKey: s.get("AWS_SECRET_ACCESS_KEY"), SessionToken: s.get("AWS_SESSION_TOKEN"), Source: "environment",
	}
	cfg := aws.Config{
		Region:      s.get("AWS_REGION"),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
	}
	if at := s.get(endpoint); at != "" {
		cfg.BaseEndpoint = &at
	}
	return cfg
}

func (s Settings) aliyun() aliyun.Config {
	cfg := aliyun.Config{Credentials: aliyun.EnvCredentials(s.get)}
	if at := s.get("ALIDNS_ENDPOINT"); at != "" {
		cfg.Endpoints = map[aliyun.Product]string{aliyun.DNSProduct: at}
	}
	return cfg
}
