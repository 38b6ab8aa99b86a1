package acmxtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// refusal is an error of the platform.
type refusal struct {
	status        int
	code, message string
}

func refuse(code, format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// action is one operation: a request's JSON to an answer's.
type action func(ctx context.Context, body []byte) (any, *refusal)

func (s *Server) actions() map[string]action {
	return map[string]action{
		"RequestCertificate":                       typed(s.request),
		"DescribeCertificate":                      typed(s.describe),
		"ListCertificates":                         typed(s.list),
		"AddTagsToCertificate":                     typed(s.addTags),
		"ListTagsForCertificate":                   typed(s.listTags),
		"ExportCertificate":                        typed(s.export),
		"RenewCertificate":                         typed(s.renewNow),
		"RevokeCertificate":                        typed(s.revoke),
		"DeleteCertificate":                        typed(s.delete),
		"ImportCertificate":                        typed(s.importing),
		"ListCertificateDomainValidations":         typed(s.domainValidations),
		"UpdateCertificateOptions":                 typed(s.updateOptions),
		"CreateAcmeEndpoint":                       typed(s.createEndpoint),
		"DescribeAcmeEndpoint":                     typed(s.describeEndpoint),
		"ListAcmeEndpoints":                        typed(s.listEndpoints),
		"CreateAcmeDomainValidation":               typed(s.createValidation),
		"DescribeAcmeDomainValidation":             typed(s.describeValidation),
		"ListAcmeDomainValidations":                typed(s.listValidations),
		"CreateAcmeExternalAccountBinding":         typed(s.createBinding),
		"ListAcmeExternalAccountBindings":          typed(s.listBindings),
		"GetAcmeExternalAccountBindingCredentials": typed(s.bindingCredentials),
	}
}

// typed decodes strictly: a field that the operation does not have is refused, as the platform does with most.
func typed[I any](do func(context.Context, I) (any, *refusal)) action {
	return func(ctx context.Context, body []byte) (any, *refusal) {
		var in I
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			return nil, refuse("SerializationException", "%v", err)
		}
		return do(ctx, in)
	}
}

// ServeHTTP speaks AWS JSON 1.1.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	op, isACM := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "CertificateManager.")
	s.Serve(w, r, op, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer, refused := s.run(r, op, isACM, body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Requestid", requestID())
		status := http.StatusOK
		if refused != nil {
			status, answer = refused.status, map[string]any{"__type": refused.code, "message": refused.message}
		}
		data, err := json.Marshal(answer)
		if err != nil {
			panic(err) // maps of strings, numbers and slices: cannot be
		}
		w.WriteHeader(status)
		_, _ = w.Write(data)
	})
}

// run holds the lock for a whole call, so that two requests with one token never make two certificates.
func (s *Server) run(r *http.Request, op string, isACM bool, body []byte) (any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := s.authenticate(r, body); refused != nil {
		return nil, refused
	}
	do, known := s.actions()[op]
	if !known || !isACM || r.Method != http.MethodPost || r.URL.Path != "/" {
		return nil, refuse("UnknownOperationException", "%s is not known", op)
	}
	if ct := r.Header.Get("Content-Type"); ct != "application/x-amz-json-1.1" {
		return nil, refuse("UnknownOperationException", "content type %s", ct)
	}
	if due := s.fail[op]; len(due) > 0 {
		s.fail[op] = due[1:]
		out := refuse(due[0], "forced by the test")
		switch {
		case strings.HasPrefix(due[0], "Internal"):
			out.status = http.StatusInternalServerError
		case strings.HasPrefix(due[0], "AccessDenied"):
			out.status = http.StatusForbidden
		case strings.HasPrefix(due[0], "Throttling"):
			out.message = "Rate exceeded"
		}
		return nil, out
	}
	answer, refused := do(r.Context(), body)
	if err := s.save(); err != nil {
		return nil, &refusal{http.StatusInternalServerError, "InternalFailure", "the state file cannot be written"}
	}
	return answer, refused
}

// authenticate verifies the request's signature on its own account: it signs what it received and compares.
func (s *Server) authenticate(r *http.Request, body []byte) *refusal {
	denied := func(code, message string) *refusal { return &refusal{http.StatusForbidden, code, message} }
	fields := map[string]string{}
	algorithm, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for part := range strings.SplitSeq(rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[key] = value
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if algorithm != "AWS4-HMAC-SHA256" || err != nil {
		return denied("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	scope := at.Format("20060102") + "/" + s.opts.Region + "/acm/aws4_request"
	switch fields["Credential"] {
	case s.opts.AccessKeyID + "/" + scope:
	default:
		return denied("UnrecognizedClientException", "The security token included in the request is invalid.")
	}
	if d := time.Since(at); d > 5*time.Minute || d < -5*time.Minute {
		return denied("InvalidSignatureException", "Signature expired")
	}
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return denied("InvalidSignatureException", err.Error())
	}
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		if name != "host" && name != "content-length" {
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	key := aws.Credentials{AccessKeyID: s.opts.AccessKeyID, SecretAccessKey: s.opts.SecretAccessKey}
	if err := v4.NewSigner().SignHTTP(r.Context(), key, again, hex.EncodeToString(sum[:]), "acm", s.opts.Region, at); err != nil {
		return denied("InvalidSignatureException", err.Error())
	}
	_, want, _ := strings.Cut(again.Header.Get("Authorization"), "Signature=")
	if subtle.ConstantTimeCompare([]byte(want), []byte(fields["Signature"])) != 1 {
		return denied("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
	}
	return nil
}

// seconds is how AWS JSON writes a time.
func seconds(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', -1, 64))
}

// requestID looks like those of the platform.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
