package cwmetrics_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops"
	"github.com/kitroll/kitroll/awsops/cwmetrics"
)

const wireSecret = "wireSecretThatIsInNoError"

func keys() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLEWIRE00000", SecretAccessKey: wireSecret}, nil
	})
}

func body(r *http.Request) []byte {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		if unzipped, err := gzip.NewReader(r.Body); err == nil {
			from = unzipped
		}
	}
	raw, _ := io.ReadAll(from)
	return raw
}

// One exchange with the SDK's client as it is. It speaks CBOR.
func TestGetMetricDataOverTheWire(t *testing.T) {
	t.Parallel()
	var asked []byte
	refuse := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = body(r)
		w.Header().Set("Content-Type", "application/cbor")
		w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		w.Header().Set("X-Amzn-Requestid", "the-request")
		if refuse {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("com.amazonaws.cloudwatch#AccessDeniedException"), "message": cbor.String("no")}))
			return
		}
		_, _ = w.Write(cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{cbor.Map{
			"Id": cbor.String("m0"), "StatusCode": cbor.String("Complete"), "Values": cbor.List{cbor.Float64(7.5)},
			"Timestamps": cbor.List{&cbor.Tag{ID: 1, Value: cbor.Float64(time.Now().Unix() / 60 * 60)}},
		}}}))
	}))
	t.Cleanup(srv.Close)
	c, err := cwmetrics.New(cwmetrics.Config{
		AWS: aws.Config{Region: "eu-central-1", BaseEndpoint: &srv.URL, Credentials: keys()}, MaxRetries: new(0),
		Options: []func(*cloudwatch.Options){func(o *cloudwatch.Options) { o.DisableRequestCompression = true }},
	})
	require.NoError(t, err)
	p, err := c.Latest(t.Context(), memory())
	require.NoError(t, err, "%s", asked)
	assert.InDelta(t, 7.5, p.Value, 0)
	assert.Contains(t, string(asked), "mem_used_percent")
	assert.NotContains(t, string(asked), "Unit", "it is left open")

	refuse = true
	_, err = c.Latest(t.Context(), memory())
	require.ErrorIs(t, err, awsops.ErrDenied)
	assert.ErrorContains(t, err, "the-request")
	assert.NotContains(t, err.Error(), wireSecret)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := cwmetrics.New(cwmetrics.Config{MaxRetries: new(-1)})
	require.Error(t, err)
	for _, want := range []string{"Region", "Credentials", "MaxRetries"} {
		assert.ErrorContains(t, err, want)
	}
	cfg := cwmetrics.Config{AWS: aws.Config{Region: "eu-central-1", AppID: wireSecret, Credentials: keys()}}
	c, err := cwmetrics.New(cfg)
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "config", cfg, "client", c)
	raw, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, text := range []string{log.String(), string(raw), fmt.Sprintf("%v %+v %#v %v %+v %#v", cfg, cfg, cfg, c, c, c)} {
		assert.NotContains(t, text, wireSecret)
		assert.Contains(t, text, "eu-central-1")
	}
}

// Trap 25: a *Client in an interface: method values only.
func TestNoFieldLeadsToTheSDKsClient(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type, string)
	walk = func(typ reflect.Type, path string) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		assert.NotEqual(t, reflect.TypeFor[cloudwatch.Client](), typ, path)
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(typ.Elem(), path+"*")
		case reflect.Struct:
			for f := range typ.Fields() {
				walk(f.Type, path+"."+f.Name)
			}
		default:
		}
	}
	walk(reflect.TypeFor[cwmetrics.Client](), "Client")
	assert.Greater(t, len(seen), 5)
}
