package acmx

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/kitroll/kitroll/internal/secret"
)

// Config is what a [Client] is made from. It is copied. Printing it shows no key.
type Config struct {
	// AWS is how to reach ACM: Region and Credentials are required, unless every interface below is set. Certificates for
	// CloudFront must be in us-east-1. A call is made at most RetryMaxAttempts times, 5 by default: what may be repeated, when it
	// was throttled or failed on the way; the rest only when it was throttled or never left. Retryer is not used.
	AWS aws.Config

	// The calls, for fakes and for what stands between. nil = a client of the SDK, made from AWS.
	Certificates CertAPI
	Exports      ExportAPI
	Lifecycle    LifecycleAPI
	Validations  ValidationAPI
	ACME         AcmeAPI
	ACMEReads    AcmeReadAPI

	CAA      CAALookup    // looks before paying whether Amazon may issue; nil = not checked, and [Plan] says so
	CAs      []string     // the values of CAA records that stand for Amazon; nil = [AmazonCAs]
	Prices   []PriceTable // nil = [Prices], which are dated and not from AWS itself
	MaxNames int          // the account's quota of names in a certificate, 1 to 100; default 10

	Logger *slog.Logger     // default: discard. Debug: each call; Warn: surprises
	Now    func() time.Time // default time.Now
}

func (c Config) safe() secret.Fields {
	return secret.Fields{"acmx.Config", "Region", c.AWS.Region, "MaxNames", c.maxNames(), "CAA", c.CAA != nil}
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

func (c Config) maxNames() int { return cmp.Or(c.MaxNames, 10) }

// check gives every problem, each naming its field.
func (c Config) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	all := c.Certificates != nil && c.Exports != nil && c.Lifecycle != nil && c.Validations != nil && c.ACME != nil && c.ACMEReads != nil
	if !all {
		if c.AWS.Region == "" {
			bad("AWS.Region is required: us-east-1 for CloudFront, else where the certificate is used")
		}
		if c.AWS.Credentials == nil {
			bad("AWS.Credentials is required")
		}
	}
	if n := c.maxNames(); n < 1 || n > 100 {
		bad("MaxNames: %d is not in 1 to 100", n)
	}
	for i, p := range c.Prices {
		if err := p.check(); err != nil {
			bad("Prices[%d]: %w", i, err)
		}
	}
	for i, ca := range c.CAs {
		if _, err := checkName(ca); err != nil {
			bad("CAs[%d]: %w", i, err)
		}
	}
	return errors.Join(problems...)
}
