package r2_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/fault"
	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2test"
)

// Trap 18: 412, 403 and 404 map to different kinds.
func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	kinds := []error{
		fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, errors.ErrUnsupported, r2.ErrRateLimited, r2.ErrPrecondition, r2.ErrCorrupt,
	}
	for name, tt := range map[string]struct {
		status int
		code   string
		want   []error
		number int
		hint   string
	}{
		"Unauthorized":          {status: 401, want: []error{fs.ErrPermission}, number: 10002, hint: "AccessKeyID"},
		"AccessDenied":          {status: 403, want: []error{fs.ErrPermission}, number: 10003, hint: "Object Read & Write"},
		"SignatureDoesNotMatch": {status: 403, want: []error{fs.ErrPermission}, number: 10035, hint: "SecretAccessKey"},
		"RequestTimeTooSkewed":  {status: 403, want: []error{fs.ErrPermission}, hint: "clock"},
		"NoSuchBucket":          {status: 404, want: []error{fs.ErrNotExist}, number: 10006, hint: "jurisdiction"},
		"NoSuchKey":             {status: 404, want: []error{fs.ErrNotExist}, number: 10007},
		"NoSuchUpload":          {status: 404, want: []error{fs.ErrNotExist}, number: 10024},
		"BucketConflict":        {status: 409, want: []error{fs.ErrExist}},
		"PreconditionFailed":    {status: 412, want: []error{r2.ErrPrecondition}, number: 10031},
		"TooManyRequests":       {status: 429, want: []error{r2.ErrRateLimited}, number: 10058},
		"NotImplemented":        {status: 501, want: []error{errors.ErrUnsupported}},
		"BadDigest":             {status: 400, want: []error{r2.ErrCorrupt}, number: 10037},
		"ExpiredRequest":        {status: 400, number: 10018, hint: "presigned"},
		"InvalidPart":           {status: 400, number: 10025},
		"EntityTooSmall":        {status: 400, number: 10011},
		"InternalError":         {status: 500, number: 10001},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
			body := fmt.Sprintf("<Error><Code>%s</Code><Message>the words of\n the platform</Message></Error>", name)
			srv.AnswerNext("GetObject", tt.status, http.Header{"Cf-Ray": {"8f00-FRA"}}, body)
			_, err := c.Get(t.Context(), "dir/key", nil)
			e, ok := errors.AsType[*r2.Error](fmt.Errorf("wrapped: %w", err))
			require.True(t, ok)
			assert.Equal(t, "GetObject", e.Op)
			assert.Equal(t, "images", e.Bucket)
			assert.Equal(t, "dir/key", e.Key)
			assert.Equal(t, name, e.Code)
			assert.Equal(t, tt.status, e.Status)
			assert.Equal(t, tt.number, e.R2Code)
			assert.Equal(t, "8f00-FRA", e.RequestID)
			for _, kind := range kinds {
				assert.Equal(t, slices.Contains(tt.want, kind), errors.Is(err, kind), "%v", kind)
			}
			assert.ErrorContains(t, err, "r2: GetObject images/dir/key: the words of the platform ("+name)
			assert.Contains(t, e.Hint(), tt.hint)
			assert.Contains(t, err.Error(), tt.hint)
		})
	}
}

// Trap 18: a HEAD error has no body.
// An error on HEAD has no body: only the status tells.
func TestErrorsOfHead(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]error{404: fs.ErrNotExist, 403: fs.ErrPermission, 401: fs.ErrPermission, 412: r2.ErrPrecondition, 429: r2.ErrRateLimited} {
		srv, c := opened(t, r2test.Options{}, func(cfg *r2.Config) { cfg.MaxRetries = new(0) })
		srv.AnswerNext("HeadObject", status, nil, "")
		_, err := c.Head(t.Context(), "key")
		require.ErrorIs(t, err, kind)
		e, ok := errors.AsType[*r2.Error](err)
		require.True(t, ok)
		assert.Equal(t, status, e.Status)
	}
}

func TestUnknownOutcomeKeepsItsCause(t *testing.T) {
	t.Parallel()
	srv, c := opened(t, r2test.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the shop is closing")
	srv.HangNext("PutObject")
	srv.Observe(func(fault.Event) { cancel(why) })
	_, err := c.Put(ctx, "lock", strings.NewReader("x"), &r2.PutOptions{IfAbsent: true})
	require.ErrorIs(t, err, r2.ErrUnknownOutcome)
	require.ErrorIs(t, err, why)
	assert.ErrorContains(t, err, "Head")
}

// Trap 22: secrets never in errors, logs, String().
// Wrong keys, echoes, hosts that do not answer: whatever goes wrong, no secret is shown.
func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	const secret, session = "5ec2e7secret5ec2e7secret", "session-token-of-mine"
	var logs strings.Builder
	srv := r2test.NewServer()
	defer srv.Close()
	cfg := srv.Config()
	cfg.SecretAccessKey, cfg.SessionToken = secret, session
	cfg.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.MaxRetries = new(1)
	c, err := r2.New(cfg)
	require.NoError(t, err)
	var shown []any
	shown = append(shown, cfg, &cfg, c)
	for _, body := range []string{"", "<Error><Code>X</Code><Message>you sent " + secret + " and " + session + "</Message></Error>"} {
		srv.AnswerNext("PutObject", 403, nil, body)
		_, err = c.Put(t.Context(), "key", strings.NewReader("x"), nil)
		require.Error(t, err)
		shown = append(shown, err)
	}
	_, err = c.Get(t.Context(), "key", nil)
	require.Error(t, err)
	shown = append(shown, err)
	p, err := c.PresignPut(t.Context(), "key", 60e9, nil)
	require.NoError(t, err)
	shown = append(shown, p)
	srv.Close()
	_, err = c.Head(t.Context(), "key")
	require.Error(t, err)
	shown = append(shown, err)
	cfg.Endpoint, cfg.PublicBase, cfg.SecretAccessKey = "https://me:"+secret+"@host", "https://x?"+secret, secret+" "
	_, err = r2.New(cfg)
	require.Error(t, err)
	shown = append(shown, err, cfg)

	signature := p.URL[strings.Index(p.URL, "X-Amz-Signature=")+16:][:64]
	for _, v := range shown {
		var b strings.Builder
		logger := slog.New(slog.NewTextHandler(&b, nil))
		logger.Info("x", "v", v)
		if _, ok := v.(r2.Presigned); !ok { // which is for the one who makes the request
			data, err := json.Marshal(v)
			require.NoError(t, err)
			b.Write(data)
		}
		text := fmt.Sprintf("%v %+v %#v %s %q %d\n", v, v, v, v, v, v) + b.String()
		for _, no := range []string{secret, session, signature} {
			assert.NotContains(t, text, no)
		}
	}
	for _, no := range []string{secret, session, signature, "Authorization"} {
		assert.NotContains(t, logs.String(), no)
	}
	assert.Contains(t, logs.String(), "r2 call")
}
