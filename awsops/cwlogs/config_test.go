package cwlogs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwlogs"
	"github.com/kitroll/kitroll/awsops/cwlogstest"
)

func TestConfigProblemsComeTogether(t *testing.T) {
	t.Parallel()
	_, err := cwlogs.New(cwlogs.Config{MaxRetries: new(-1)})
	require.Error(t, err)
	for _, want := range []string{"Region", "Credentials", "MaxRetries"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestNothingPrintsKeys(t *testing.T) {
	t.Parallel()
	cfg := cwlogs.Config{AWS: aws.Config{Region: "eu-central-1", BearerAuthTokenProvider: nil, AppID: wireSecret, Credentials: aws.AnonymousCredentials{}}}
	c, err := cwlogs.New(cfg)
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "config", cfg, "client", c)
	raw, err := json.Marshal(cfg)
	require.NoError(t, err)
	for _, text := range []string{log.String(), string(raw), fmt.Sprintf("%v %+v %#v %s %v %+v %#v", cfg, cfg, cfg, cfg, c, c, c)} {
		assert.NotContains(t, text, wireSecret)
		assert.Contains(t, text, "eu-central-1")
	}
}

// Log lines are in no log and in no error.
func TestNoLogLineIsLogged(t *testing.T) {
	t.Parallel()
	const line = "a line that is nobody's business"
	srv := cwlogstest.NewServer()
	srv.AddGroup("/app")
	srv.Set(func(b *cwlogstest.Behaviour) { b.Throttle = 0.3 })
	var log bytes.Buffer
	cfg := srv.Config()
	cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := cwlogs.New(cfg)
	require.NoError(t, err)
	begin := srv.Clock.Now()
	srv.Put("/app", "s", line)
	events := 0
	for e, err := range c.Tail(t.Context(), cwlogs.Query{Groups: []string{"/app"}, Start: begin}) {
		require.NoError(t, err)
		assert.Equal(t, line, e.Message)
		events++
		break
	}
	assert.Equal(t, 1, events)
	assert.Contains(t, log.String(), "FilterLogEvents")
	assert.NotContains(t, log.String(), line)
}

// Trap 25: a *Client in an interface: method values only. The linker keeps every operation of a client that any interface
// could reach, so that no field may lead to one.
func TestNoFieldLeadsToTheSDKsClient(t *testing.T) {
	t.Parallel()
	sdk := reflect.TypeFor[cloudwatchlogs.Client]()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type, string)
	walk = func(typ reflect.Type, path string) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		assert.NotEqual(t, sdk, typ, path)
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
	walk(reflect.TypeFor[cwlogs.Client](), "Client")
	assert.Greater(t, len(seen), 10)
}
