package aliyun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aliyun/credentials-go/credentials"

	"github.com/kitroll/kitroll/internal/httpcall"
	"github.com/kitroll/kitroll/internal/secret"
)

// Credentials is a key: of a user, or, with a SecurityToken, a temporary one. It prints redacted.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
}

// CredentialsProvider is where keys come from. It is asked before every attempt of every call, from many goroutines, and
// should do its own caching. Its errors become an [*Error] with [ErrAuth] and are not retried.
type CredentialsProvider interface {
	Credentials(ctx context.Context) (Credentials, error)
}

// providerFunc keeps a key in a closure, where no verb of fmt can reach it.
type providerFunc func(ctx context.Context) (Credentials, error)

func (f providerFunc) Credentials(ctx context.Context) (Credentials, error) { return f(ctx) }

// StaticCredentials always gives c.
func StaticCredentials(c Credentials) CredentialsProvider {
	return providerFunc(func(context.Context) (Credentials, error) { return c, nil })
}

// The names that Aliyun's own tools use.
const (
	envKeyID  = "ALIBABA_CLOUD_ACCESS_KEY_ID"
	envSecret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	envToken  = "ALIBABA_CLOUD_SECURITY_TOKEN" //nolint:gosec // the name of a variable, not a key
)

// EnvCredentials reads ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, if there is one,
// ALIBABA_CLOUD_SECURITY_TOKEN with getenv, anew each time. Programs pass os.Getenv: the package itself never reads the
// environment.
func EnvCredentials(getenv func(string) string) CredentialsProvider {
	return providerFunc(func(context.Context) (Credentials, error) {
		if getenv == nil {
			return Credentials{}, errors.New("EnvCredentials was given no getenv: pass os.Getenv")
		}
		c := Credentials{getenv(envKeyID), getenv(envSecret), getenv(envToken)}
		var problems []error
		if c.AccessKeyID == "" {
			problems = append(problems, errors.New(envKeyID+" is not set"))
		}
		if c.AccessKeySecret == "" {
			problems = append(problems, errors.New(envSecret+" is not set"))
		}
		return c, errors.Join(problems...)
	})
}

// FromAliyun uses the credentials of github.com/aliyun/credentials-go: RAM roles, the metadata service of an instance,
// OIDC, the default chain. That package takes no context: a fetch under way cannot be interrupted, and it reads the
// environment and uses an HTTP client of its own. Keys of the kinds access_key and sts work; bearer tokens do not.
func FromAliyun(c credentials.Credential) CredentialsProvider {
	return providerFunc(func(ctx context.Context) (Credentials, error) {
		if c == nil {
			return Credentials{}, errors.New("FromAliyun was given no credential")
		}
		if err := context.Cause(ctx); err != nil {
			return Credentials{}, err
		}
		m, err := c.GetCredential()
		if err != nil {
			return Credentials{}, httpcall.Redact(err)
		}
		if m == nil {
			return Credentials{}, errors.New("credentials-go gave no key")
		}
		got := Credentials{deref(m.AccessKeyId), deref(m.AccessKeySecret), deref(m.SecurityToken)}
		return got, got.check()
	})
}

// check reports every missing part.
func (c Credentials) check() error {
	var problems []error
	if c.AccessKeyID == "" {
		problems = append(problems, errors.New("AccessKeyID is empty"))
	}
	if c.AccessKeySecret == "" {
		problems = append(problems, errors.New("AccessKeySecret is empty"))
	}
	return errors.Join(problems...)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (c Credentials) safe() secret.Fields {
	return secret.Fields{
		"aliyun.Credentials", "AccessKeyID", secret.Tail(c.AccessKeyID, 4),
		"AccessKeySecret", secret.Mask(c.AccessKeySecret), "SecurityToken", secret.Mask(c.SecurityToken),
	}
}

// String leaves the secrets out; so do the other ways to print Credentials.
func (c Credentials) String() string { return c.safe().String() }

// GoString leaves the secrets out.
func (c Credentials) GoString() string { return c.safe().String() }

// Format leaves the secrets out, whatever the verb.
func (c Credentials) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue leaves the secrets out.
func (c Credentials) LogValue() slog.Value { return c.safe().LogValue() }

// MarshalJSON leaves the secrets out: it is for logs, not for storing a key.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// signingKey hands one key to the module that signs. The module asks it once per attempt.
type signingKey struct{ Credentials }

func (k signingKey) GetCredential() (*credentials.CredentialModel, error) {
	m := &credentials.CredentialModel{
		AccessKeyId: new(k.AccessKeyID), AccessKeySecret: new(k.AccessKeySecret),
		Type: new("access_key"), ProviderName: new("static_ak"),
	}
	if k.SecurityToken != "" {
		m.SecurityToken, m.Type, m.ProviderName = new(k.SecurityToken), new("sts"), new("static_sts")
	}
	return m, nil
}

func (k signingKey) GetAccessKeyId() (*string, error)     { return new(k.AccessKeyID), nil }
func (k signingKey) GetAccessKeySecret() (*string, error) { return new(k.AccessKeySecret), nil }
func (k signingKey) GetSecurityToken() (*string, error)   { return new(k.SecurityToken), nil }
func (k signingKey) GetBearerToken() *string              { return nil }
func (k signingKey) GetType() *string                     { return new("access_key") }
