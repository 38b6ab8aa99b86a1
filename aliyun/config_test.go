package aliyun_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func TestNewReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := aliyun.New(aliyun.Config{
		SecurityToken: "token-9876", Region: "mars-1", Timeout: time.Millisecond,
		Retry:     aliyun.RetryPolicy{Attempts: -1, MinDelay: -1},
		Endpoints: map[aliyun.Product]string{"cdn": "http://cdn.aliyuncs.com", "dns": "ftp://x", "x": "https://u:pw12345@h/"},
	})
	require.Error(t, err)
	for _, want := range []string{
		"AccessKeyID", "AccessKeySecret", "Region \"mars-1\"", "Timeout", "Retry.Attempts", "Retry.MinDelay",
		"Endpoints[cdn]: is plain http", "Endpoints[dns]: scheme", "Endpoints[x]: must be",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "pw12345")
	assert.NotContains(t, err.Error(), "token-9876")

	_, err = aliyun.New(aliyun.Config{AccessKeyID: "id", Credentials: aliyun.StaticCredentials(aliyun.Credentials{})})
	assert.ErrorContains(t, err, "Credentials is set together with")
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		region, override string
		allow            bool
		want             string // "" = refused
	}{
		"default":        {want: "https://dysmsapi.aliyuncs.com/"},
		"shenzhen":       {region: "cn-shenzhen", want: "https://dysmsapi.aliyuncs.com/"},
		"beijing":        {region: "cn-beijing", want: "https://dysmsapi-proxy.cn-beijing.aliyuncs.com/"},
		"hongkong":       {region: "cn-hongkong", want: "https://dysmsapi-xman.cn-hongkong.aliyuncs.com/"},
		"singapore":      {region: "ap-southeast-1", want: "https://dysmsapi.ap-southeast-1.aliyuncs.com/"},
		"unknown":        {region: "us-west-9"},
		"named":          {region: "us-west-9", override: "sms.example.com", want: "https://sms.example.com/"},
		"loopback":       {override: "http://127.0.0.1:1234", want: "http://127.0.0.1:1234/"},
		"loopback v6":    {override: "http://[::1]:1234", want: "http://[::1]:1234/"},
		"http":           {override: "http://sms.example.com"},
		"http, allowed":  {override: "http://sms.example.com", allow: true, want: "http://sms.example.com/"},
		"with path":      {override: "https://sms.example.com/v1"},
		"trailing slash": {override: "https://sms.example.com/", want: "https://sms.example.com/"},
		"empty":          {override: "https://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			var got string
			mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
				got = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
				return httpmock.NewStringResponse(200, `{"Code":"OK","RequestId":"R"}`), nil
			})
			cfg := static(&http.Client{Transport: mock})
			cfg.Region, cfg.AllowHTTP = tt.region, tt.allow
			if tt.override != "" {
				cfg.Endpoints = map[aliyun.Product]string{aliyun.SMSProduct: tt.override}
			}
			c, err := aliyun.New(cfg)
			if tt.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			_, err = send(t.Context(), c.SMS(nil), notice())
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// Trap 13.
func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	srv := aliyuntest.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	hc := *cfg.HTTPClient
	cfg.HTTPClient = &hc
	limit := 40
	c, err := aliyun.New(cfg)
	require.NoError(t, err)
	sms := c.SMS(&aliyun.SMSOptions{ParamLimit: &limit})

	assert.Nil(t, hc.CheckRedirect, "the caller's client was changed")
	cfg.Endpoints[aliyun.SMSProduct] = "https://gone.example.com"
	hc.Transport = http.NewFileTransport(http.Dir("."))
	limit = 1
	_, err = send(t.Context(), sms, notice())
	require.NoError(t, err)
	assert.Equal(t, 1, srv.Count(phone))
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	key := aliyun.Credentials{AccessKeyID: "LTAI-whole-key-id-1234", AccessKeySecret: "sekrit-one-22", SecurityToken: "sekrit-two-33"}
	cfg := aliyun.Config{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken}
	c, err := aliyun.New(cfg)
	require.NoError(t, err)
	viaProvider, err := aliyun.New(aliyun.Config{Credentials: aliyun.StaticCredentials(key)})
	require.NoError(t, err)
	for name, v := range map[string]any{
		"Config": cfg, "*Config": &cfg, "Client": *c, "*Client": c, "provider": *viaProvider, "Credentials": key,
		"StaticCredentials": aliyun.StaticCredentials(key), "SMS": c.SMS(nil), "wrapped": struct{ c aliyun.Client }{*c},
	} {
		var out bytes.Buffer
		for _, format := range []string{"%v ", "%+v ", "%#v ", "%s ", "%q "} {
			fmt.Fprintf(&out, format, v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		if data, err := json.Marshal(v); err == nil {
			out.Write(data)
		}
		for _, secret := range []string{"sekrit", "whole-key"} {
			assert.NotContains(t, out.String(), secret, name)
		}
	}
}
