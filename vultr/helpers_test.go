package vultr_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/vultr"
	"github.com/kitroll/kitroll/vultr/vultrtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const apiKey = "TOPSECRETVULTRKEY77777"

// world is a test in a bubble, its fake and a client of that.
type world struct {
	t   *testing.T
	srv *vultrtest.Server
	c   *vultr.Client
}

// bubble runs f in a bubble of virtual time, on a fake of its own.
func bubble(t *testing.T, fake vultrtest.Options, f func(world), edit ...func(*vultr.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv, c := open(t, fake, edit...)
		f(world{t, srv, c})
		srv.Close() // before the bubble ends
	})
}

// open is a fake and a client of it.
func open(t *testing.T, fake vultrtest.Options, edit ...func(*vultr.Config)) (*vultrtest.Server, *vultr.Client) {
	t.Helper()
	srv, err := vultrtest.Open(fake)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	for _, f := range edit {
		f(&cfg)
	}
	c, err := vultr.New(cfg)
	require.NoError(t, err)
	return srv, c
}

// mocked is a client whose requests are answered by respond.
func mocked(t *testing.T, respond httpmock.Responder, edit ...func(*vultr.Config)) *vultr.Client {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(respond)
	cfg := vultr.Config{APIKey: apiKey, HTTPClient: &http.Client{Transport: mock}, MaxRetries: new(0)}
	for _, f := range edit {
		f(&cfg)
	}
	c, err := vultr.New(cfg)
	require.NoError(t, err)
	return c
}

// answer is a response with a content type.
func answer(status int, contentType, body string) *http.Response {
	resp := httpmock.NewStringResponse(status, body)
	resp.Header.Set("Content-Type", contentType)
	return resp
}

func asError(t *testing.T, err error) *vultr.Error {
	t.Helper()
	e, ok := errors.AsType[*vultr.Error](err)
	require.True(t, ok, "%v is no *vultr.Error", err)
	return e
}

func volume() vultr.BlockSpec {
	return vultr.BlockSpec{Region: "ewr", SizeGB: 40, Label: "db", Type: vultr.HighPerf}
}

func tree() vultr.FileSystemSpec {
	return vultr.FileSystemSpec{Region: "ewr", SizeGB: 20, Label: "shared"}
}

func storage() vultr.ObjectSpec {
	return vultr.ObjectSpec{Cluster: "3", Tier: "1", Label: "backups"}
}

func nfs(of vultr.FileSystemID) vultr.GatewaySpec {
	return vultr.GatewaySpec{
		Region: "ewr", Label: "nfs", VPC: "vpc-1",
		Exports: []vultr.ExportSpec{{FileSystem: of, Label: "all", Path: "/data", AllowedIPs: []string{"10.1.0.0/16"}}},
	}
}
