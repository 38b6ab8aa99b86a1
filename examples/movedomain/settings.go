package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/route53x"
)

func required() []string {
	return []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MOVE_CONTACTS"}
}

func optional() []string {
	return []string{"ALIBABA_CLOUD_SECURITY_TOKEN", "AWS_SESSION_TOKEN"}
}

// realPlatforms are both platforms as the environment names them; ok is false where it names none. Some of the variables
// only are an error: a forgotten one must not turn a real run into one on fakes.
func realPlatforms(getenv func(string) string) (p platforms, ok bool, err error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	var set, missing []string
	for _, name := range required() {
		if get(name) == "" {
			missing = append(missing, name)
		} else {
			set = append(set, name)
		}
	}
	for _, name := range optional() {
		if get(name) != "" {
			set = append(set, name)
		}
	}
	switch {
	case len(set) == 0:
		return p, false, nil
	case len(missing) > 0:
		return p, false, fmt.Errorf("the environment has %s but not %s: set all of them for the real platforms, or none for the fakes",
			strings.Join(set, ", "), strings.Join(missing, ", "))
	}
	if p.contacts, err = readContacts(get("MOVE_CONTACTS")); err != nil {
		return p, false, err
	}
	keys := aws.Credentials{AccessKeyID: get("AWS_ACCESS_KEY_ID"), SecretAccessKey: get("AWS_SECRET_ACCESS_KEY"), SessionToken: get("AWS_SESSION_TOKEN")}
	account := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })}
	p.zones, p.domains = route53x.Config{AWS: account}, route53x.DomainsConfig{AWS: account}
	p.aliyun = aliyun.Config{Credentials: aliyun.EnvCredentials(get)}
	return p, true, nil
}

// readContacts reads the contacts. Its errors hold nothing of what is in the file.
func readContacts(path string) (c route53x.Contacts, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("MOVE_CONTACTS: %w", err)
	}
	if json.Unmarshal(data, &c) != nil {
		return c, errors.New("MOVE_CONTACTS: the file is not the JSON of contacts")
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("MOVE_CONTACTS: %w", err)
	}
	return c, nil
}
