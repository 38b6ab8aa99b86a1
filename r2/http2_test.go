package r2_test

import (
	"bytes"
	"crypto/md5"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Trap 2: HTTP/2 server that never sends 100: no Expect header; a 4 MiB PUT waits no second.
// Cloudflare does not send "100 Continue". Go's own HTTP/2 server does, as soon as a handler reads: this one is made by
// hand, reads bodies to their end and answers with their ETag.
func TestHTTP2ServerThatNeverSends100(t *testing.T) {
	t.Parallel()
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	defer certs.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certs.TLS.Certificates, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	defer l.Close()
	expects := make(chan string, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go silentHTTP2(conn, expects)
		}
	}()
	tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, ExpectContinueTimeout: time.Minute}
	defer tr.CloseIdleConnections()
	srv := r2test.NewServer()
	defer srv.Close()
	c := client(t, srv, func(cfg *r2.Config) {
		cfg.Endpoint, cfg.HTTPClient, cfg.MaxRetries = "https://"+l.Addr().String(), &http.Client{Transport: tr}, new(0)
	})
	began := time.Now()
	_, err = c.Put(t.Context(), "large", bytes.NewReader(random(4*mib)), nil)
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 30*time.Second, "with Expect it waits a whole minute")
	assert.Empty(t, <-expects)
}

func silentHTTP2(conn net.Conn, expects chan<- string) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	fr := http2.NewFramer(conn, conn)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = fr.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30}, http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20})
	_ = fr.WriteWindowUpdate(0, 1<<30)
	sum := md5.New()
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			return
		}
		if s, ok := f.(*http2.SettingsFrame); ok && !s.IsAck() {
			_ = fr.WriteSettingsAck()
		}
		if h, ok := f.(*http2.MetaHeadersFrame); ok {
			expect := ""
			for _, field := range h.RegularFields() {
				if field.Name == "expect" {
					expect = field.Value
				}
			}
			expects <- expect
		}
		d, ok := f.(*http2.DataFrame)
		if !ok {
			continue
		}
		sum.Write(d.Data())
		if d.StreamEnded() {
			var block bytes.Buffer
			enc := hpack.NewEncoder(&block)
			_ = enc.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			_ = enc.WriteField(hpack.HeaderField{Name: "etag", Value: fmt.Sprintf("%q", fmt.Sprintf("%x", sum.Sum(nil)))})
			_ = fr.WriteHeaders(http2.HeadersFrameParam{StreamID: d.StreamID, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: true})
		}
	}
}
