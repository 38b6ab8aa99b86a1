package route53x_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

// secretsIn are the secrets that a text holds.
func secretsIn(text string) (found []string) {
	for _, s := range []string{testCode, testMail, testPhone, testPhone[1:], testName, testRoad, "fakeSecretAccessKey0fTheFakeRegistrarAccnt"} {
		if strings.Contains(text, s) {
			found = append(found, s)
		}
	}
	return found
}

// Trap 31, of this side: the code never shows in logs, errors or the journal. Nor does who the holder is.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	req := movable(reg)
	cfg := reg.Config()
	cfg.AWS.Credentials = aws.CredentialsProviderFunc(nil)
	contact := testContact()
	contact.Extra = map[string]string{"SG_ID_NUMBER": testPhone}
	req.Contacts.Billing = &contact
	detail := route53x.DomainDetail{Domain: "example.com", Contacts: req.Contacts}
	plan := route53x.TransferPlan{Domain: "example.com", Contacts: req.Contacts}
	for name, v := range map[string]any{
		"code": req.AuthCode, "request": req, "request pointer": &req, "contact": contact, "contacts": req.Contacts, "detail": detail,
		"plan": &plan, "consent": plan.Consent(), "config": cfg, "in a struct": struct{ Code route53x.AuthCode }{testCode},
		"in a map": map[string]any{"c": req.AuthCode, "h": contact},
	} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
		text := log.String() + fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v)
		if data, err := json.Marshal(v); err == nil {
			text += string(data)
		}
		assert.Empty(t, secretsIn(text), name)
		if name != "config" && name != "consent" {
			assert.Contains(t, text, "[redacted]", name)
		}
	}
	assert.Empty(t, route53x.AuthCode("").String(), "that there is none stays visible")

	var back route53x.Contact
	require.NoError(t, json.Unmarshal([]byte(`{"firstName":"A","country":"CN","extra":{"X":"y"}}`), &back), "it can be read")
	assert.Equal(t, route53x.Contact{FirstName: "A", Country: "CN", Extra: map[string]string{"X": "y"}}, back)
}

// A run with every fault, logged at Debug with bodies asked for, and every error and message: no secret in any of it.
func TestFaultyRunsKeepSecrets(t *testing.T) {
	t.Parallel()
	reg := route53xtest.NewRegistrar()
	defer reg.Close()
	var log bytes.Buffer
	cfg := reg.Config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.AWS.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogRetries | aws.LogSigning
	cfg.AWS.Logger = logging.NewStandardLogger(&log)
	d, err := route53x.NewDomains(cfg)
	require.NoError(t, err)
	good := agreed(t, d, movable(reg))
	note := func(v any, err error) {
		t.Helper()
		fmt.Fprintf(&log, "%v %+v %#v\n", v, v, v)
		if err != nil {
			fmt.Fprintf(&log, "%v %+v\n", err, err)
			slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "err", err)
		}
	}
	echo := `{"__type":"InvalidInput","message":"AuthCode ` + testCode + ` of ` + testMail + ` (` + testName + `, ` + testRoad + `, ` + testPhone + `) is wrong"}`
	for _, action := range []string{route53xtest.TransferDomain, route53xtest.CheckDomainTransferability, route53xtest.ListPrices, route53xtest.ListOperations} {
		if action == route53xtest.CheckDomainTransferability {
			echo = `{"__type":"InvalidInput","message":"AuthCode ` + testCode + ` is wrong, ask ` + testMail + `"}`
		} else if action != route53xtest.TransferDomain {
			echo = `{"__type":"InvalidInput","message":"ask ` + testMail + `"}` // what it was not sent it cannot repeat
		}
		for _, fault := range []func(){
			func() { reg.DropNext(action) },
			func() { reg.LoseNext(action) },
			func() { reg.FailNext(action, "ThrottlingException") },
			func() { reg.FailNext(action, "InvalidInput") },
			func() { reg.AnswerNext(action, http.StatusBadRequest, nil, echo) },
			func() { reg.AnswerNext(action, http.StatusBadGateway, nil, "<html>"+testCode) },
			func() { reg.AnswerNext(action, http.StatusOK, nil, `{"OperationId":{"x":"`+testCode+`"}}`) },
		} {
			fault()
			note(d.PlanTransfer(t.Context(), good))
			note(d.Transfer(t.Context(), good))
		}
	}
	bad := good
	bad.Contacts.Registrant.Phone, bad.Contacts.Tech.Email = testPhone+"\n", testMail+" "
	note(d.Transfer(t.Context(), bad))
	bad.AuthCode = testCode + "\n"
	note(d.Transfer(t.Context(), bad))
	for state, err := range d.Wait(t.Context(), mustRun(t, reg), nil) {
		note(state, err)
	}
	note(d.Detail(t.Context(), "example.com"))
	note(d.AuthCode(t.Context(), "example.com"))
	reg.AnswerNext(route53xtest.RetrieveDomainAuthCode, http.StatusOK, nil, `{"AuthCode":["`+testCode+`"]}`)
	note(d.AuthCode(t.Context(), "example.com"))
	require.Greater(t, log.Len(), 10_000)
	for line := range strings.Lines(log.String()) {
		require.Empty(t, secretsIn(line), line)
	}
	assert.Contains(t, log.String(), "AuthCode [redacted]", "what the service says is kept otherwise")
	assert.NotContains(t, log.String(), "PhoneNumber\":", "no body")
	assert.NotContains(t, log.String(), "deserialization", "what the SDK says of an answer may quote it")
}

func mustRun(t *testing.T, reg *route53xtest.Registrar) route53x.Operation {
	t.Helper()
	s, ok := reg.Running("example.com")
	require.True(t, ok)
	return s.Operation
}
