package acmxtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/kitroll/kitroll/acmx"
)

var (
	domainName = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)
	word       = regexp.MustCompile(`^\w{1,32}$`)
)

// request is RequestCertificate. The same token within an hour is the same certificate; what happens if the parameters
// differ then is not documented, and refused here.
func (s *Server) request(_ context.Context, in acm.RequestCertificateInput) (any, *refusal) {
	now := s.opts.Now()
	names, refused := s.checkRequest(in)
	if refused != nil {
		return nil, refused
	}
	tags, refused := merged(nil, in.Tags)
	if refused != nil {
		return nil, refused
	}
	params, err := json.Marshal([]any{slices.Sorted(slices.Values(names)), in.KeyAlgorithm, in.Options})
	if err != nil {
		return nil, refuse("SerializationException", "%v", err)
	}
	token := aws.ToString(in.IdempotencyToken)
	if use, known := s.state.Tokens[token]; token != "" && known && now.Sub(use.At) < time.Hour {
		if use.Params != string(params) {
			return nil, refuse("InvalidParameterException", "The idempotency token was used with other parameters.")
		}
		return map[string]any{"CertificateArn": use.ARN}, nil
	}
	if len(s.state.Certificates) >= s.opts.MaxCertificates {
		return nil, refuse("LimitExceededException", "Cannot request more certificates in this account. Contact Customer Service for details.")
	}
	c := &certificate{
		ARN: s.newARN(), Names: names, Key: string(in.KeyAlgorithm), Export: in.Options != nil && in.Options.Export == types.CertificateExportEnabled,
		Type: "AMAZON_ISSUED", Method: "DNS", Tags: tags, CreatedAt: now, Status: acmx.StatusPending, Proved: map[string]time.Time{},
	}
	if c.Key == "" {
		c.Key = string(types.KeyAlgorithmRsa2048)
	}
	s.state.Certificates[c.ARN] = c
	if token != "" {
		s.state.Tokens[token] = tokenUse{ARN: c.ARN, At: now, Params: string(params)}
	}
	return map[string]any{"CertificateArn": c.ARN}, nil
}

func (s *Server) checkRequest(in acm.RequestCertificateInput) ([]string, *refusal) {
	first := strings.ToLower(aws.ToString(in.DomainName))
	names := []string{first}
	for _, name := range in.SubjectAlternativeNames {
		if name = strings.ToLower(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if !domainName.MatchString(name) || len(name) > 253 {
			return nil, refuse("ValidationException", "1 validation error detected: Value '%s' failed to satisfy constraint: Member must satisfy regular expression pattern", name)
		}
	}
	switch {
	case len(first) > 64:
		return nil, refuse("InvalidParameterException", "The first domain name can be no longer than 64 characters.")
	case len(names) > s.opts.MaxNames:
		return nil, refuse("LimitExceededException", "The maximum number of subject alternative names is %d.", s.opts.MaxNames)
	case in.IdempotencyToken != nil && !word.MatchString(*in.IdempotencyToken):
		return nil, refuse("ValidationException", "1 validation error detected: Value at 'idempotencyToken' failed to satisfy constraint: Member must satisfy regular expression pattern: \\w+")
	case in.ValidationMethod != types.ValidationMethodDns:
		return nil, refuse("InvalidParameterException", "the fake validates new certificates by DNS only")
	case in.KeyAlgorithm != "" && !slices.Contains([]types.KeyAlgorithm{types.KeyAlgorithmRsa2048, types.KeyAlgorithmEcPrime256v1, types.KeyAlgorithmEcSecp384r1}, in.KeyAlgorithm):
		return nil, refuse("InvalidParameterException", "Key algorithm %s is not supported for requests.", in.KeyAlgorithm)
	case in.CertificateAuthorityArn != nil || in.ManagedBy != "" || in.DomainValidationOptions != nil:
		return nil, refuse("InvalidParameterException", "the fake knows public certificates only")
	}
	return names, nil
}

func (s *Server) newARN() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("arn:aws:acm:%s:%s:certificate/%x-%x-%x-%x-%x", s.opts.Region, s.opts.Account, b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// merged adds tags to others by AWS's rules.
func merged(have map[string]string, add []types.Tag) (map[string]string, *refusal) {
	out := maps.Clone(have)
	if out == nil {
		out = map[string]string{}
	}
	for _, t := range add {
		key := aws.ToString(t.Key)
		if key == "" || len([]rune(key)) > 128 || strings.HasPrefix(strings.ToLower(key), "aws:") || len([]rune(aws.ToString(t.Value))) > 256 {
			return nil, refuse("InvalidTagException", "The tag %s is not valid.", key)
		}
		out[key] = aws.ToString(t.Value)
	}
	if len(out) > 50 {
		return nil, refuse("TooManyTagsException", "A certificate can have up to 50 tags.")
	}
	return out, nil
}

func (s *Server) addTags(ctx context.Context, in acm.AddTagsToCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	tags, refused := merged(c.Tags, in.Tags)
	if refused != nil {
		return nil, refused
	}
	c.Tags = tags
	return map[string]any{}, nil
}

func (s *Server) listTags(ctx context.Context, in acm.ListTagsForCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	return map[string]any{"Tags": tagList(c.Tags)}, nil
}

func tagList(tags map[string]string) []map[string]string {
	out := []map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, map[string]string{"Key": key, "Value": tags[key]})
	}
	return out
}
