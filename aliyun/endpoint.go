package aliyun

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Product is one of Aliyun's APIs, by the name of its endpoint. It picks the host of a call.
type Product string

// The products of this file. Beside them, [DNSProduct] and [DomainProduct], others can be called with [Client.Call] once
// [Config].Endpoints names their host.
const (
	SMSProduct      Product = "dysmsapi"       // version 2017-05-25: text messages
	GlobeSMSProduct Product = "dysmsapi-globe" // version 2018-05-01: text messages abroad
	CDNProduct      Product = "cdn"            // version 2018-05-10
)

// codeInAnswer reports whether a success of this product carries Code "OK". The answers of most products have no Code
// unless they are errors.
func (p Product) codeInAnswer() bool { return p == SMSProduct || p == GlobeSMSProduct }

// endpoint is what the signing module wants: a bare host, and the protocol apart.
type endpoint struct{ protocol, host string }

// smsHosts are the hosts of the SMS product beside the general one (API dysmsapi 2017-05-25, read 2026-11).
func smsHost(region string) (string, bool) {
	switch region {
	case "ap-southeast-1", "ap-southeast-5", "eu-central-1", "us-east-1":
		return "dysmsapi." + region + ".aliyuncs.com", true
	case "cn-beijing":
		return "dysmsapi-proxy.cn-beijing.aliyuncs.com", true
	case "cn-hongkong":
		return "dysmsapi-xman.cn-hongkong.aliyuncs.com", true
	}
	return "dysmsapi.aliyuncs.com", strings.HasPrefix(region, "cn-")
}

// endpointsFor is the host of every product that can be called.
func endpointsFor(region string, overrides map[Product]string, allowHTTP bool) (map[Product]endpoint, error) {
	var problems []error
	out := map[Product]endpoint{}
	for _, product := range slices.Sorted(maps.Keys(overrides)) {
		ep, err := parseEndpoint(overrides[product], allowHTTP)
		if err != nil {
			problems = append(problems, fmt.Errorf("Endpoints[%s]: %w", product, err))
		}
		out[product] = ep
	}
	for product, host := range map[Product]string{
		DNSProduct: "alidns.aliyuncs.com", DomainProduct: "domain.aliyuncs.com", CDNProduct: "cdn.aliyuncs.com",
		GlobeSMSProduct: "dysmsapi.ap-southeast-1.aliyuncs.com",
	} {
		if _, given := out[product]; !given { // one host for all regions
			out[product] = endpoint{"https", host}
		}
	}
	if _, given := out[SMSProduct]; !given {
		host, known := smsHost(region)
		if !known {
			problems = append(problems, fmt.Errorf("Region %q has no known SMS endpoint: name it in Endpoints[%s]", region, SMSProduct))
		}
		out[SMSProduct] = endpoint{"https", host}
	}
	return out, errors.Join(problems...)
}

// parseEndpoint takes a host, or scheme and host, and nothing more. The text of its errors never repeats user info.
func parseEndpoint(raw string, allowHTTP bool) (endpoint, error) {
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return endpoint{}, errors.New("is not a host or URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return endpoint{}, fmt.Errorf("scheme %q is neither https nor http", u.Scheme)
	case u.Hostname() == "":
		return endpoint{}, errors.New("has no host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return endpoint{}, errors.New("must be a scheme and host alone, without user, path or query")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return endpoint{}, errors.New("is plain http beyond loopback: use https or set AllowHTTP")
	}
	return endpoint{u.Scheme, u.Host}, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
