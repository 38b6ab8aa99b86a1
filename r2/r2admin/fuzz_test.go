package r2admin_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/r2/r2admin"
	"github.com/kitroll/kitroll/r2/r2test"
)

// survives reads JSON into a T. What is taken can be written, and reads and prints the same again: a plan that is stored is the
// plan that is applied.
func survives[T fmt.Stringer](t *testing.T, data []byte) {
	t.Helper()
	var first T
	if json.Unmarshal(data, &first) != nil {
		return
	}
	text := first.String()
	stored, err := json.Marshal(first)
	if err != nil {
		t.Fatalf("%T was read and cannot be written: %v", first, err)
	}
	var second T
	if err := json.Unmarshal(stored, &second); err != nil {
		t.Fatalf("%T was written and cannot be read: %v: %.300s", first, err, stored)
	}
	again, err := json.Marshal(second)
	if err != nil || string(again) != string(stored) {
		t.Fatalf("%T: %v: %.300s became %.300s", first, err, stored, again)
	}
	if second.String() != text {
		t.Fatalf("%T: %.300q became %.300q", first, text, second.String())
	}
}

// corsRule lets the rules of CORS, which print as they are, be asked as the others.
type corsRule struct{ r2admin.CORSRule }

func (r corsRule) String() string { return fmt.Sprint(len(r.Origins), len(r.Methods), r.MaxAge) }

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a","allowed":{"origins":["https://a.example"],"methods":["GET"],"headers":["x"]},"exposeHeaders":["ETag"],"maxAgeSeconds":3600.5}`,
		`{"maxAgeSeconds":1e300}`, `{"maxAgeSeconds":-1e300}`, `{"maxAgeSeconds":1e-300}`,
		`{"bucket":"images","before":[],"after":[{"allowed":{"origins":["*"],"methods":["PUT"]}}],"warnings":["w"]}`,
		`{"bucket":"images","before":[{"id":"a","enabled":true,"conditions":{"prefix":""},"abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":604800}}}],"after":[]}`,
		`{"id":"a","enabled":false,"conditions":null,"deleteObjectsTransition":{"condition":{"type":"Date","date":"2030-01-02"}}}`,
		`{"id":"a","enabled":true,"storageClassTransitions":[{"condition":{"type":"Date","date":"2030-01-02T03:04:05+02:00"},"storageClass":"InfrequentAccess"}]}`,
		`{"id":"a","enabled":true,"deleteObjectsTransition":{"condition":{"type":"Date","date":"0000-01-01T00:00:00+23:59"}}}`,
		`{"id":"a","enabled":true,"prefix":"logs/","condition":{"type":"Age","maxAgeSeconds":604800}}`,
		`{"id":"a","enabled":true,"condition":{"type":"Date","date":"0001-01-01T00:00:00Z"}}`,
		`{"bucket":"images","before":[],"after":[{"id":"a","condition":{"type":"Indefinite"}}],"loosens":["x"]}`,
		`{"bucket":"images","before":[{"queueId":"q","actions":["PutObject"],"ruleId":"r","createdAt":"2030-01-02T03:04:05Z"}],"create":[{"queueId":"q"}]}`,
		`{"bucket":"b","scope":"object","list":"yes","clockSkew":61000000000,"leftOver":["k"],"tools":[{"tool":"t"}],"probes":[{"name":"n","status":200}]}`,
		`{"prices":"2026-11","lines":[{"class":"Standard","used":1.5,"units":2,"free":10,"price":0.015,"amount":"-0.5"}],"total":14.85}`,
		`{"standard":{"published":{"objects":1}}}`, `14.85`, `"0.000001"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		survives[corsRule](t, data)
		survives[r2admin.CORSPlan](t, data)
		survives[r2admin.LifecycleRule](t, data)
		survives[r2admin.LifecyclePlan](t, data)
		survives[r2admin.LockRule](t, data)
		survives[r2admin.LockPlan](t, data)
		survives[r2admin.EventRule](t, data)
		survives[r2admin.EventPlan](t, data)
		survives[r2admin.Diagnosis](t, data)
		survives[r2admin.Cost](t, data)
		survives[r2admin.Metrics](t, data)
		survives[r2admin.Money](t, data)
	})
}

// Whatever the API or a proxy answers, a call ends with what it was asked for or with an *Error, and no error holds the token.
func FuzzAnswers(f *testing.F) {
	ok := func(result string) []byte {
		return []byte(`{"success":true,"errors":[],"messages":[],"result":` + result + `}`)
	}
	f.Add(200, ok(`{"rules":[{"id":"a","allowed":{"origins":["*"],"methods":["GET"]},"maxAgeSeconds":1}]}`))
	f.Add(200, ok(`{"rules":[{"id":"a","enabled":true,"condition":{"type":"Age","maxAgeSeconds":1}}]}`))
	f.Add(200, ok(`{"rules":[{"id":"a","enabled":true,"conditions":{"prefix":"x"},"deleteObjectsTransition":{"condition":{"type":"Date","date":"2030-01-01"}}}]}`))
	f.Add(200, ok(`{"standard":{"published":{"objects":"1"}}}`))
	f.Add(200, ok(`{"bucketName":"images","queues":[{"queueId":"q","rules":[{"actions":["PutObject"],"ruleId":"r"}]}]}`))
	f.Add(200, ok(`{"buckets":[{"name":"a","creation_date":"x"}]}`))
	f.Add(200, ok(`null`))
	f.Add(200, ok(`[]`))
	f.Add(404, []byte(`{"success":false,"errors":[{"code":10006,"message":"the token is the-token-of-the-fuzz"}]}`))
	f.Add(502, []byte(`<html>the-token-of-the-fuzz</html>`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return // net/http lets nothing else through
		}
		hc := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body))), Request: req}, nil
		})}
		c, err := r2admin.New(r2admin.Config{AccountID: account, APIToken: "the-token-of-the-fuzz", HTTPClient: hc, MaxRetries: new(0)})
		require.NoError(t, err)
		ctx := t.Context()
		for _, call := range []func() error{
			func() error { _, err := c.Bucket(ctx, "images"); return err },
			func() error { _, err := c.CORS(ctx, "images"); return err },
			func() error { _, err := c.Lifecycle(ctx, "images"); return err },
			func() error { _, err := c.Locks(ctx, "images"); return err },
			func() error { _, err := c.EventRules(ctx, "images"); return err },
			func() error { _, err := c.Metrics(ctx); return err },
			func() error { return c.DeleteEventRule(ctx, "images", queue, "r") },
			func() error {
				for _, err := range c.ListBuckets(ctx, nil) {
					if err != nil {
						return err
					}
				}
				return nil
			},
		} {
			err := call()
			if err == nil {
				continue
			}
			if _, ok := errors.AsType[*r2admin.Error](err); !ok {
				t.Fatalf("%T is no *Error", err)
			}
			if strings.Contains(err.Error(), "the-token-of-the-fuzz") {
				t.Fatal("an error holds the token")
			}
		}
	})
}

// Whatever an endpoint answers, Doctor finds something and shows no secret.
func FuzzDoctor(f *testing.F) {
	f.Add(403, []byte(`<Error><Code>AccessDenied</Code><Message>no</Message></Error>`), "Fri, 27 Nov 2026 12:00:00 GMT")
	f.Add(200, []byte(`<ListBucketResult/>`), "")
	f.Add(301, []byte(`<html>`), "x")
	f.Add(404, []byte(`<Error><Code>NoSuchBucket</Code></Error>`), "Mon, 01 Jan 0001 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, status int, body []byte, date string) {
		if status < 200 || status > 599 {
			return // net/http lets nothing else through
		}
		srv := r2test.NewServer()
		defer srv.Close()
		cfg := srv.Config()
		cfg.MaxRetries = new(0)
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			text := strings.ReplaceAll(string(body), "SECRET", cfg.SecretAccessKey)
			return &http.Response{StatusCode: status, Header: http.Header{"Date": {date}}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
		})}
		d, err := r2admin.Doctor(t.Context(), cfg, nil)
		require.NoError(t, err)
		data, err := json.Marshal(d)
		require.NoError(t, err)
		for _, text := range []string{d.String(), string(data)} {
			if strings.Contains(text, cfg.SecretAccessKey) {
				t.Fatal("the diagnosis holds the secret")
			}
		}
		if d.Healthy() && status >= 300 {
			t.Fatalf("healthy, after %d", status)
		}
	})
}
