package route53x

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Config is what a [Client] is made from. It is copied. Printing it, in whatever way, shows no secret.
type Config struct {
	// AWS has the credentials, and the HTTP client if it is to be another than the SDK's. Route 53 is one service for
	// all Regions of a partition: Region is "us-east-1" where it is empty. Its Retryer is not used, see MaxRetries.
	AWS aws.Config

	Zones   ZoneAPI   // default: the SDK's client, made from AWS
	Records RecordAPI // default: the SDK's client, made from AWS

	// Limiter decides when a request may leave. Share one between the clients of an account. Default: the buckets of
	// [NewLimiter].
	Limiter Limiter

	// MaxRetries is how often a call is repeated that was throttled, met a busy zone or, if it only reads, failed on the
	// way; default 8, new(0) = never. What may have taken effect is looked at before it is done again.
	MaxRetries *int

	Clock  Clock        // default: the time of the machine
	Logger *slog.Logger // default: discard. Debug: each call; Warn: repeats and surprises
}

// Clock is where the time comes from. That of a fake can run ahead of the machine's.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error // until d has passed, or the cause of ctx
}

// ZoneAPI is the calls about hosted zones. A [route53.Client] has them.
type ZoneAPI interface {
	ListHostedZonesByName(context.Context, *route53.ListHostedZonesByNameInput, ...func(*route53.Options)) (*route53.ListHostedZonesByNameOutput, error)
	GetHostedZone(context.Context, *route53.GetHostedZoneInput, ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error)
	CreateHostedZone(context.Context, *route53.CreateHostedZoneInput, ...func(*route53.Options)) (*route53.CreateHostedZoneOutput, error)
	DeleteHostedZone(context.Context, *route53.DeleteHostedZoneInput, ...func(*route53.Options)) (*route53.DeleteHostedZoneOutput, error)
}

// RecordAPI is the calls about record sets. A [route53.Client] has them.
type RecordAPI interface {
	ListResourceRecordSets(context.Context, *route53.ListResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ListResourceRecordSetsOutput, error)
	ChangeResourceRecordSets(context.Context, *route53.ChangeResourceRecordSetsInput, ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error)
	GetChange(context.Context, *route53.GetChangeInput, ...func(*route53.Options)) (*route53.GetChangeOutput, error)
	GetHostedZoneLimit(context.Context, *route53.GetHostedZoneLimitInput, ...func(*route53.Options)) (*route53.GetHostedZoneLimitOutput, error)
}

func (c Config) check() error {
	var errs []error
	if c.AWS.Credentials == nil && (c.Zones == nil || c.Records == nil) {
		errs = append(errs, errors.New("AWS.Credentials are required, or Zones and Records"))
	}
	if n := *cmp.Or(c.MaxRetries, new(0)); n < 0 || n > 20 {
		errs = append(errs, fmt.Errorf("MaxRetries: %d is not in 0 to 20", n))
	}
	return errors.Join(errs...)
}

func (c Config) safe() secret.Fields {
	return secret.Fields{
		"route53x.Config", "Region", c.AWS.Region, "Credentials", secret.Mask(map[bool]string{true: "set"}[c.AWS.Credentials != nil]),
		"BaseEndpoint", httpcall.RedactURL(aws.ToString(c.AWS.BaseEndpoint)), "Zones", c.Zones != nil, "Records", c.Records != nil,
	}
}

// String is the configuration without its secrets.
func (c Config) String() string { return c.safe().String() }

// GoString is the configuration without its secrets.
func (c Config) GoString() string { return c.safe().String() }

// Format prints the configuration without its secrets, for every verb.
func (c Config) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the configuration without its secrets.
func (c Config) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON gives the configuration as a string without its secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
