package cwmetrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/secret"
)

// Config is what a [Client] is made from. It is copied. Printing it shows no key.
type Config struct {
	// AWS is how to reach CloudWatch: Region and Credentials are required, unless API is set. Its Retryer is not used:
	// the client repeats by itself.
	AWS aws.Config
	// API is the calls, for fakes and for what stands between; nil = a client of the SDK, made from AWS.
	API API
	// Options are for the SDK's client, after the package's own.
	Options []func(*cloudwatch.Options)

	Clock      awsops.Clock // nil = the machine's
	MaxRetries *int         // of one call; default 4; new(0) turns repeats off
	Logger     *slog.Logger // default: discard. Debug: each call; Warn: surprises
}

func (c Config) safe() secret.Fields {
	return secret.Fields{"cwmetrics.Config", "Region", c.AWS.Region, "API", c.API != nil}
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

// check gives every problem, each naming its field.
func (c Config) check() error {
	var problems []error
	if c.API == nil && c.AWS.Region == "" {
		problems = append(problems, errors.New("AWS.Region is required"))
	}
	if c.API == nil && c.AWS.Credentials == nil {
		problems = append(problems, errors.New("AWS.Credentials is required"))
	}
	if c.MaxRetries != nil && *c.MaxRetries < 0 {
		problems = append(problems, fmt.Errorf("MaxRetries: %d is negative", *c.MaxRetries))
	}
	return errors.Join(problems...)
}
