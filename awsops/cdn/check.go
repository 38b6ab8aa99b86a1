package cdn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/kitroll/kitroll/awsops"
)

// check finds everything that is wrong with a distribution and can be known without asking anybody. The distribution is a
// normal one.
func (d Distribution) check(p awsops.Partition) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !validID(d.ID) {
		bad("ID: %q is not 3 to 40 of a-z, 0-9 and -", d.ID)
	}
	for _, err := range d.Origin.problems() {
		bad("Origin.%w", err)
	}
	problems = append(problems, d.viewerProblems(p)...)
	if d.Unprobed && d.Origin.Protocol == "" && d.Origin.VPC == "" {
		bad("Origin.Protocol: needed with Unprobed, for nothing else decides it")
	}
	oneOf := func(field, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			bad("%s: %q is none of %s", field, value, strings.Join(allowed, ", "))
		}
	}
	oneOf("Viewers", d.Viewers, RedirectToHTTPS, AllowAll, ViewersHTTPS)
	oneOf("HTTPVersion", d.HTTPVersion, texts(types.HttpVersion("").Values())...)
	oneOf("PriceClass", d.PriceClass, "PriceClass_100", "PriceClass_200", "PriceClass_All")
	methods := slices.Sorted(slices.Values(d.Methods))
	if !slices.ContainsFunc(methodSets(), func(set []string) bool { return slices.Equal(methods, slices.Sorted(slices.Values(set))) }) {
		bad("Methods: %s: CloudFront takes GET HEAD, GET HEAD OPTIONS, or all seven", strings.Join(d.Methods, " "))
	}
	if strings.HasPrefix(d.DefaultRoot, "/") || len(d.DefaultRoot) > 255 {
		bad("DefaultRoot: %q: the name of an object, without / at its beginning, of at most 255 characters", d.DefaultRoot)
	}
	if n := utf8.RuneCountInString(d.comment()); n > 128 {
		bad("Comment: with the mark it has %d characters, 128 are allowed", n)
	}
	if len(d.Tags) > 49 {
		bad("Tags: %d, and one of ours: 50 are allowed", len(d.Tags))
	}
	for _, key := range slices.Sorted(maps.Keys(d.Tags)) {
		if key == "" || len(key) > 128 || len(d.Tags[key]) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") || key == Tag {
			bad("Tags: %q is reserved, empty or too long", key)
		}
	}
	return errors.Join(problems...)
}

func methodSets() [][]string {
	return [][]string{{"GET", "HEAD"}, {"GET", "HEAD", "OPTIONS"}, {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}}
}

func validID(id string) bool {
	if len(id) < 3 || len(id) > 40 {
		return false
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return true
}

// problems are those of an origin, each naming its field.
func (o Origin) problems() (out []error) {
	bad := func(format string, args ...any) { out = append(out, fmt.Errorf(format, args...)) }
	if err := checkHost(o.Domain, false); err != nil {
		bad("Domain: %w", err)
	}
	if o.VPC != "" && o.Protocol != "" {
		bad("Protocol: that of a VPC origin is its own")
	}
	if !slices.Contains([]Protocol{"", HTTPOnly, HTTPSOnly, MatchViewer}, o.Protocol) {
		bad("Protocol: %q is none of http-only, https-only, match-viewer", o.Protocol)
	}
	for _, p := range []struct {
		field       string
		port, usual int
	}{{"HTTPPort", o.HTTPPort, 80}, {"HTTPSPort", o.HTTPSPort, 443}} {
		if p.port != 80 && p.port != 443 && (p.port < 1024 || p.port > 65535) {
			bad("%s: %d: CloudFront takes 80, 443 and 1024 to 65535", p.field, p.port)
		}
	}
	if o.Path != "" && (!strings.HasPrefix(o.Path, "/") || strings.HasSuffix(o.Path, "/") || len(o.Path) > 255 || strings.ContainsAny(o.Path, " ?#\r\n\t")) {
		bad("Path: %q: begins with /, does not end with it, at most 255 characters", o.Path)
	}
	if !slices.Contains([]string{"ipv4", "ipv6", "dualstack"}, o.Addresses) {
		bad("Addresses: %q is none of ipv4, ipv6, dualstack", o.Addresses)
	}
	for _, t := range []struct {
		field string
		value time.Duration
	}{{"ReadTimeout", o.ReadTimeout}, {"KeepAlive", o.KeepAlive}} {
		if t.value < time.Second || t.value > 120*time.Second || t.value%time.Second != 0 {
			bad("%s: %s: whole seconds, 1 to 120", t.field, t.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		if name == "" || strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(o.Headers[name], "\r\n") || slices.Contains(fixedHeaders(), strings.ToLower(name)) {
			bad("Headers: %q cannot be added by CloudFront", name)
		}
	}
	return out
}

// fixedHeaders are some of those that CloudFront does not let anybody set (developer guide, read 2026-11).
func fixedHeaders() []string {
	return []string{"host", "via", "connection", "content-length", "transfer-encoding", "x-cache", "cache-control", "cookie", "upgrade"}
}

// viewerProblems are those of the aliases and their certificate.
func (d Distribution) viewerProblems(p awsops.Partition) (out []error) {
	bad := func(format string, args ...any) { out = append(out, fmt.Errorf(format, args...)) }
	for _, a := range d.Aliases {
		if err := checkHost(a, true); err != nil {
			bad("Aliases: %w", err)
		}
		if strings.HasSuffix(a, ".cloudfront.net") {
			bad("Aliases: %q is CloudFront's own", a)
		}
		if a == d.Origin.Domain {
			bad("Aliases: %q is the origin as well: CloudFront would ask itself", a)
		}
	}
	c := d.Certificate
	switch {
	case len(d.Aliases) == 0 && c != (Certificate{}):
		bad("Certificate: has no use without Aliases")
	case len(d.Aliases) > 0 && c.ACM == "" && c.IAM == "":
		bad("Certificate: aliases need one: of ACM in us-east-1, or of IAM")
	case c.ACM != "" && c.IAM != "":
		bad("Certificate: one of ACM or one of IAM, not both")
	}
	if c.ACM != "" {
		if err := checkCertificateARN(c.ACM, p); err != nil {
			bad("Certificate.ACM: %w", err)
		}
	}
	if p == awsops.China && len(d.Aliases) == 0 {
		bad("Aliases: in China the domain of CloudFront itself cannot be used")
	}
	if m := c.MinimumProtocol; m != "" && (m == "SSLv3" || !slices.Contains(texts(types.MinimumProtocolVersion("").Values()), m)) {
		bad("Certificate.MinimumProtocol: %q is none that goes with sni-only: TLSv1.2_2021, TLSv1.2_2025, TLSv1.3_2025 …", m)
	}
	return out
}

// checkCertificateARN refuses what CloudFront would refuse with InvalidViewerCertificate, or never find.
func checkCertificateARN(arn string, p awsops.Partition) error {
	parts := strings.SplitN(arn, ":", 6)
	own, ok := awsops.PartitionOfARN(arn)
	switch {
	case !ok || parts[2] != "acm" || !strings.HasPrefix(parts[5], "certificate/"):
		return fmt.Errorf("%q is no ARN of a certificate of ACM", arn)
	case p == awsops.China:
		return errors.New("CloudFront in China has no certificates of ACM: upload it to IAM")
	case own != p:
		return fmt.Errorf("the certificate is of the partition %s, and this is %s", own, p)
	case parts[3] != "us-east-1":
		return fmt.Errorf("the certificate is in %s: CloudFront takes those of us-east-1 only", parts[3])
	}
	return nil
}

func texts[S ~string](in []S) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		out = append(out, string(s))
	}
	return out
}
