package wechat_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

func kinds() map[string]error {
	return map[string]error{
		"token": wechat.ErrToken, "config": wechat.ErrConfig, "permission": wechat.ErrPermission, "quota": wechat.ErrQuota,
		"mass quota": wechat.ErrMassQuota, "rate": wechat.ErrRateLimited, "not found": wechat.ErrNotFound, "input": wechat.ErrInput,
		"duplicate": wechat.ErrDuplicate, "content": wechat.ErrContent, "temporary": wechat.ErrTemporary,
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err *wechat.Error
		is  []error
		not []error
	}{
		"day":               {err: &wechat.Error{Code: 45009}, is: []error{wechat.ErrQuota}, not: []error{wechat.ErrRateLimited, wechat.ErrMassQuota}},
		"minute":            {err: &wechat.Error{Code: 45011}, is: []error{wechat.ErrRateLimited}, not: []error{wechat.ErrQuota, wechat.ErrMassQuota}},
		"mass":              {err: &wechat.Error{Code: 45028}, is: []error{wechat.ErrMassQuota}, not: []error{wechat.ErrQuota, wechat.ErrRateLimited}},
		"stale token":       {err: &wechat.Error{Op: "draft/add", Code: 40001}, is: []error{wechat.ErrToken}, not: []error{wechat.ErrConfig}},
		"wrong secret":      {err: &wechat.Error{Op: "stable_token", Code: 40001}, is: []error{wechat.ErrConfig}, not: []error{wechat.ErrToken}},
		"no such media":     {err: &wechat.Error{Code: 40007}, is: []error{wechat.ErrNotFound, fs.ErrNotExist}, not: []error{wechat.ErrInput}},
		"not permitted":     {err: &wechat.Error{Code: 48001}, is: []error{wechat.ErrPermission, fs.ErrPermission}},
		"sent already":      {err: &wechat.Error{Code: 45065}, is: []error{wechat.ErrDuplicate}},
		"two classes":       {err: &wechat.Error{Code: 40059}, is: []error{wechat.ErrInput, wechat.ErrNotFound}},
		"chunked":           {err: &wechat.Error{HTTPStatus: 412}, is: []error{wechat.ErrInput}, not: []error{wechat.ErrTemporary}},
		"bad gateway":       {err: &wechat.Error{HTTPStatus: 502}, is: []error{wechat.ErrTemporary}},
		"some other server": {err: &wechat.Error{HTTPStatus: 404}, is: []error{wechat.ErrConfig}, not: []error{wechat.ErrNotFound}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrapped := fmt.Errorf("publish: %w", tt.err)
			for _, kind := range tt.is {
				assert.ErrorIs(t, wrapped, kind)
			}
			for _, kind := range tt.not {
				assert.NotErrorIs(t, wrapped, kind)
			}
		})
	}
}

// Trap 10: three quotas, three waits.
func TestThreeQuotasThreeWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 14, 30, 0, 0, time.UTC) // 22:30 in Beijing
	for name, tt := range map[string]struct {
		code int
		wait time.Duration
	}{
		"day":             {code: 45009, wait: 90 * time.Minute},
		"minute":          {code: 45011, wait: time.Minute},
		"clientmsgid":     {code: 45066, wait: time.Minute},
		"mass":            {code: 45028},
		"refused an hour": {code: 89507, wait: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wechattest.NewServer()
			defer srv.Close()
			cfg := srv.Config()
			cfg.Now = func() time.Time { return now }
			c, err := wechat.New(cfg)
			require.NoError(t, err)
			srv.FailNext("draft/count", tt.code)
			_, err = c.DraftCount(t.Context())
			e, ok := errors.AsType[*wechat.Error](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.wait, e.RetryAfter)
			assert.Equal(t, 1, srv.Calls("draft/count"), "not repeated")
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	c, _ := onTheWire(t, http.StatusOK, `{"errcode":"40164","errmsg":"invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 61725984-6126f6f9-040f19c4"}`)
	_, err := c.DraftCount(t.Context())
	e, ok := errors.AsType[*wechat.Error](err)
	require.True(t, ok)
	assert.Equal(t, "61725984-6126f6f9-040f19c4", e.RID)
	assert.Equal(t, 40164, e.Code, "errcode came as a string")
	assert.Contains(t, err.Error(), "wechat: draft/count: invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist (errcode 40164, rid 61725984-6126f6f9-040f19c4): add 203.0.113.7 to the IP whitelist")
	assert.Contains(t, e.Hint("zh"), "请将 203.0.113.7 加入")
	assert.ErrorIs(t, err, wechat.ErrConfig)
	assert.Contains(t, (&wechat.Error{Code: 40164}).Hint("en"), "add IP to", "no address in errmsg")
}

// Trap 4 and trap 30: what answers may look like.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		answer string
		want   int
		is     error
		text   string
	}{
		"text/plain without errcode":  {answer: `{"total_count":15}`, want: 15},
		"number as string":            {answer: `{"total_count":"15","errcode":0,"errmsg":"ok"}`, want: 15},
		"byte order mark":             {answer: "\ufeff{\"total_count\":15}", want: 15},
		"raw control character":       {answer: "{\"total_count\":15,\"errmsg\":\"a\x01b\"}", want: 15},
		"errcode as string":           {answer: `{"errcode":"45009","errmsg":"quota"}`, is: wechat.ErrQuota, text: "errcode 45009"},
		"errcode behind a bad status": {status: 500, answer: `{"errcode":45009,"errmsg":"quota"}`, is: wechat.ErrQuota},
		"HTML on 502":                 {status: 502, answer: "<html>\n<h1>502 Bad Gateway</h1></html>", is: wechat.ErrTemporary, text: "(HTTP 502): <html> <h1>502 Bad Gateway</h1></html>"},
		"HTML on 504":                 {status: 504, answer: "<html>", is: wechat.ErrTemporary, text: "HTTP 504"},
		"HTML on 200":                 {answer: "<html>log in to the hotel's network</html>", is: wechat.ErrTemporary, text: "hotel"},
		"412":                         {status: 412, answer: "<html>", is: wechat.ErrInput},
		"429":                         {status: 429, answer: "slow down", is: wechat.ErrRateLimited},
		"cut off":                     {answer: `{"total_count":1`, is: wechat.ErrTemporary},
		"another form":                {answer: `{"total_count":{}}`, is: wechat.ErrTemporary, text: "unexpected form"},
		"empty":                       {is: wechat.ErrTemporary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status := tt.status
			if status == 0 {
				status = http.StatusOK
			}
			c, _ := onTheWire(t, status, tt.answer)
			n, err := c.DraftCount(t.Context())
			if tt.is == nil {
				require.NoError(t, err)
				assert.Equal(t, tt.want, n)
				return
			}
			require.ErrorIs(t, err, tt.is)
			assert.Contains(t, err.Error(), tt.text)
			e, ok := errors.AsType[*wechat.Error](err)
			require.True(t, ok)
			assert.Equal(t, status, e.HTTPStatus)
		})
	}
}

func TestReadsAreRepeatedAndWritesAreNot(t *testing.T) {
	t.Parallel()
	t.Run("read", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{})
		srv.FailNext("draft/count", -1)
		srv.LoseNext("draft/count")
		_, err := c.DraftCount(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 3, srv.Calls("draft/count"))
	})
	t.Run("write", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{})
		id := makeDraft(t, c)
		srv.FailNext("draft/delete", -1)
		err := c.DeleteDraft(t.Context(), id)
		require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
		require.ErrorIs(t, err, wechat.ErrTemporary)
		assert.Equal(t, 1, srv.Calls("draft/delete"))
	})
	t.Run("a write that never left", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{})
		id := makeDraft(t, c)
		srv.Close()
		err := c.DeleteDraft(t.Context(), id)
		require.ErrorIs(t, err, wechat.ErrTemporary)
		assert.NotErrorIs(t, err, wechat.ErrUnknownOutcome)
	})
	t.Run("a refusal is no unknown outcome", func(t *testing.T) {
		t.Parallel()
		_, c := account(t, wechattest.Options{})
		err := c.DeleteDraft(t.Context(), "FakeDraft_none")
		require.ErrorIs(t, err, wechat.ErrNotFound)
		assert.NotErrorIs(t, err, wechat.ErrUnknownOutcome)
	})
}
