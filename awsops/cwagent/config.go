package cwagent

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/internal/secret"
)

// Config is what a [Client] is made from. It is copied. Printing it shows no key.
type Config struct {
	// AWS is how to reach Systems Manager: Region and Credentials are required, unless API is set. The Region is that of the
	// instance.
	AWS aws.Config
	// API are the calls, for fakes and for what stands between. nil = a client of the SDK, made from AWS.
	API API
	// Options are passed to the SDK's client.
	Options []func(*ssm.Options)

	Clock      awsops.Clock // nil = that of the machine
	MaxRetries *int         // repeats of a call that may be repeated; default 4
	Logger     *slog.Logger // default: discard. Debug: each call; Warn: repeats
}

func (c Config) safe() secret.Fields {
	return secret.Fields{"cwagent.Config", "Region", c.AWS.Region, "API", c.API != nil}
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
	if c.AWS.Region == "" {
		problems = append(problems, errors.New("AWS.Region is required: that of the instance"))
	}
	if c.API == nil && c.AWS.Credentials == nil {
		problems = append(problems, errors.New("AWS.Credentials is required"))
	}
	if c.MaxRetries != nil && *c.MaxRetries < 0 {
		problems = append(problems, fmt.Errorf("MaxRetries: %d is less than 0", *c.MaxRetries))
	}
	return errors.Join(problems...)
}
