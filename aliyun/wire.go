package aliyun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// maxBody bounds what is read of an answer. The longest honest one, a page of 50 details, is below 100 KiB.
const maxBody = 1 << 20

// userAgent is set so that the signing module does not take one from the environment.
const userAgent = "kitroll"

// exchange is what happened on the wire in one attempt. The signing module does the canonical request, the signature and
// the headers; the answer is read here, because the module loses the status of an answer that is not JSON, takes an
// empty one for success and reads bodies of any size.
type exchange struct {
	called bool // the module came as far as making a request
	status int  // 0: there was no answer
	header http.Header
	body   []byte
	err    error // an *httpcall.Error
}

type exchangeKey struct{}

// hook is the HTTP client that the module is given, and the only one that it uses.
type hook struct{ http *http.Client }

// Call sends r once and hides the answer's body from the module.
func (h hook) Call(r *http.Request, _ *http.Transport) (*http.Response, error) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("aliyun: request without its exchange")
	}
	x.called = true
	resp, err := httpcall.Do(h.http, r)
	if err != nil {
		x.err = &httpcall.Error{Sent: httpcall.MaybeSent(err), Err: withCause(r.Context(), withoutURL(err))}
		return nil, x.err
	}
	x.status, x.header = resp.StatusCode, resp.Header
	if x.body, err = httpcall.Read(resp.Body, maxBody); err != nil {
		x.err = &httpcall.Error{Sent: true, Err: withCause(r.Context(), err)}
		return nil, x.err
	}
	resp.Body = io.NopCloser(bytes.NewReader(nil))
	return resp, nil
}

// withoutURL is what happened, without where: even the host of a URL says nothing that Product does not.
func withoutURL(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return httpcall.Redact(ue.Err)
	}
	return err
}

// withCause makes sure that errors.Is finds why the context ended.
func withCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// exchange signs and sends r once. Style "ROA" gives the same bytes as "RPC" without the unguarded header map; the
// client is made anew for each attempt (no I/O), so that nothing at all is shared and the key is the one just given.
func (c *Client) exchange(ctx context.Context, r Request, ep endpoint, key Credentials) (*exchange, error) {
	api, err := openapi.NewClient(&openapiutil.Config{
		Credential: signingKey{key},
		Endpoint:   new(ep.host),
		Protocol:   new(ep.protocol),
		UserAgent:  new(userAgent),
		HttpClient: hook{c.http},
	})
	if err != nil {
		return nil, err
	}
	api.DisableSDKError = new(true)
	query := make(map[string]*string, len(r.Params))
	for name, value := range r.Params {
		if value != "" { // the module would send "Name=", which is not the same as leaving it out
			query[name] = new(value)
		}
	}
	x := &exchange{}
	_, err = api.CallApiWithCtx(context.WithValue(ctx, exchangeKey{}, x), &openapiutil.Params{
		Action: new(r.Action), Version: new(r.Version), Protocol: new(ep.protocol), Pathname: new("/"),
		Method: new(http.MethodPost), AuthType: new("AK"), Style: new("ROA"),
		ReqBodyType: new("formData"), BodyType: new("string"),
	}, &openapiutil.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
	switch {
	case x.called: // what the module made of the answer does not matter
		return x, nil
	case err != nil:
		return nil, httpcall.Redact(err)
	}
	return nil, errors.New("no request was made")
}
