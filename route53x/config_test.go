package route53x_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/route53x"
	"github.com/kitroll/kitroll/route53x/route53xtest"
)

func TestConfigSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := route53x.New(route53x.Config{MaxRetries: new(-1)})
	require.ErrorContains(t, err, "AWS.Credentials")
	require.ErrorContains(t, err, "MaxRetries")
}

// Nothing that is printed has a key in it: not the Config, not the Client, not the log, not an error.
func TestKeysAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3tAccessKeyThatNobodyMaySee000000001"
	srv := route53xtest.Open(route53xtest.Options{SecretAccessKey: secret})
	t.Cleanup(srv.Close)
	var out bytes.Buffer
	cfg := srv.Config()
	cfg.AWS.BaseEndpoint = new("http://user:" + secret + "@route53.amazonaws.com?token=" + secret)
	cfg.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := client(t, cfg)
	for _, v := range []any{cfg, &cfg, c} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q\n", v, v, v, v, v)
		cfg.Logger.Info("x", "v", v)
	}
	data, err := json.Marshal(cfg)
	require.NoError(t, err)
	out.Write(data)
	srv.DropNext("")
	srv.LoseNext("")
	_, err = c.Zone(t.Context(), "ZNONE")
	require.Error(t, err)
	fmt.Fprintf(&out, "%v %+v %#v\n", err, err, err)
	e, ok := errors.AsType[*route53x.Error](err)
	require.True(t, ok)
	cfg.Logger.Info("x", "error", e)
	assert.NotContains(t, out.String(), secret)
	assert.Contains(t, out.String(), "aws call")
}

// api counts what passes through interfaces of the caller's.
type zonesAPI struct {
	route53x.ZoneAPI

	calls int
}

func (z *zonesAPI) GetHostedZone(ctx context.Context, in *route53.GetHostedZoneInput, f ...func(*route53.Options)) (*route53.GetHostedZoneOutput, error) {
	z.calls++
	return z.ZoneAPI.GetHostedZone(ctx, in, f...)
}

func TestInterfacesOfTheCaller(t *testing.T) {
	t.Parallel()
	srv := route53xtest.NewServer()
	t.Cleanup(srv.Close)
	zone := zoneWith(t, srv)
	sdk := route53.NewFromConfig(srv.AWS(), func(o *route53.Options) { o.Retryer = aws.NopRetryer{} })
	zones := &zonesAPI{ZoneAPI: sdk}
	c := client(t, route53x.Config{Zones: zones, Records: sdk, Clock: srv.Config().Clock})
	z, err := c.Zone(t.Context(), zone)
	require.NoError(t, err)
	assert.Equal(t, 1, zones.calls)
	srv.LoseNext(changeSets)
	_, err = c.Apply(t.Context(), z.ID, towards(t, srv, zone, route53x.DiffOptions{}, host(1)), nil)
	require.NoError(t, err, "a lost answer is one through any client")
	assert.Len(t, own(srv, zone), 1)
}
