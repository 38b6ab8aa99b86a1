package cdn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/secret"
)

// CertificateNames tells what names are in a certificate of ACM. A few lines around the client of acmx satisfy it.
type CertificateNames interface {
	CertificateNames(ctx context.Context, arn string) ([]string, error)
}

// Config is what a [Client] is made from. It is copied. Printing it shows no key.
type Config struct {
	// AWS is how to reach CloudFront. Credentials are required, unless API is set. CloudFront is global: an empty Region is
	// us-east-1, and one of China ("cn-north-1") means the CloudFront of the partition aws-cn. Its retryer is not used.
	AWS aws.Config
	// API is the calls, for fakes and for what stands between; nil = a client of the SDK, made from AWS.
	API API
	// Options are for the SDK's client; they have no meaning beside API.
	Options []func(*cloudfront.Options)
	// Certificates is asked for the names of a certificate before a distribution is made; nil = CloudFront checks alone.
	Certificates CertificateNames
	// Network is how [Client.Probe], [Client.Ensure] and [Client.Diagnose] reach the Internet; the zero value is the machine's.
	Network Network

	Clock      awsops.Clock // nil = the machine's
	MaxRetries *int         // repeats of a call; nil = 4, new(0) = none
	Logger     *slog.Logger // default: discard. Debug: each call; Warn: surprises
}

func (c Config) safe() secret.Fields {
	return secret.Fields{"cdn.Config", "Region", c.region(), "API", c.API != nil, "Certificates", c.Certificates != nil}
}

// String is the configuration without its keys.
func (c Config) String() string { return c.safe().String() }

// GoString is the configuration without its keys.
func (c Config) GoString() string { return c.safe().String() }

// Format prints the configuration without its keys, for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its keys.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its keys.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

func (c Config) region() string {
	if c.AWS.Region == "" {
		return "us-east-1"
	}
	return c.AWS.Region
}

// check gives every problem, each naming its field.
func (c Config) check() error {
	var problems []error
	if c.API == nil && c.AWS.Credentials == nil {
		problems = append(problems, errors.New("AWS.Credentials is required"))
	}
	if c.MaxRetries != nil && *c.MaxRetries < 0 {
		problems = append(problems, fmt.Errorf("MaxRetries: %d is less than 0", *c.MaxRetries))
	}
	for i, o := range c.Options {
		if o == nil {
			problems = append(problems, fmt.Errorf("Options[%d] is nil", i))
		}
	}
	return errors.Join(problems...)
}
