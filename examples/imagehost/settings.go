package main

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/kitroll/kitroll/r2"
)

func requiredVariables() []string {
	return []string{"R2_ACCOUNT_ID", "R2_BUCKET", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_PUBLIC_BASE", "CLOUDFLARE_API_TOKEN"}
}

func optionalVariables() []string {
	return []string{"R2_JURISDICTION", "R2_ENDPOINT", "CLOUDFLARE_BASE_URL"}
}

// Settings is what the environment says: a real account, or none.
type Settings struct {
	Real         bool
	Account      string
	Bucket       string
	Domain       string // the host of R2_PUBLIC_BASE
	Jurisdiction r2.Jurisdiction

	get func(string) string
}

// readSettings finds out whether the account is real. Some of the variables only are an error that names the missing ones: a
// forgotten variable must not turn a real run into one on a fake.
func readSettings(getenv func(string) string) (Settings, error) {
	get := func(name string) string { return strings.TrimSpace(getenv(name)) }
	var set, missing []string
	for _, name := range requiredVariables() {
		if get(name) == "" {
			missing = append(missing, name)
		} else {
			set = append(set, name)
		}
	}
	for _, name := range optionalVariables() {
		if get(name) != "" {
			set = append(set, name)
		}
	}
	s := Settings{Account: "fake", Bucket: demoBucket, Domain: demoDomain, get: get}
	if len(set) == 0 {
		return s, nil
	}
	if len(missing) > 0 {
		return s, fmt.Errorf("the environment has %s but not %s: set all of them for the real account, or none for the fake",
			strings.Join(set, ", "), strings.Join(missing, ", "))
	}
	u, err := url.Parse(get("R2_PUBLIC_BASE")) // the text of err may hold a password
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Port() != "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return s, fmt.Errorf("R2_PUBLIC_BASE: want https:// and the custom domain, such as https://img.example.com")
	}
	if strings.HasSuffix(u.Hostname(), ".r2.dev") {
		return s, fmt.Errorf("R2_PUBLIC_BASE: r2.dev addresses are for tests, throttled and not cached: want a custom domain")
	}
	s.Real, s.Account, s.Bucket, s.Domain = true, get("R2_ACCOUNT_ID"), get("R2_BUCKET"), strings.ToLower(u.Hostname())
	s.Jurisdiction = r2.Jurisdiction(get("R2_JURISDICTION"))
	return s, nil
}
