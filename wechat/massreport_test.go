package wechat_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// massAndWait sends a News of two articles and waits with the platform's pushes.
func massAndWait(t *testing.T, srv *wechattest.Server, c *wechat.Client, to wechat.Audience, opts *wechat.MassOptions) (*wechat.MassJob, *wechat.MassResult, error) {
	t.Helper()
	a := wechat.Article{Title: "一", Content: "<p>正文</p>", Cover: cover(t, c)}
	id, err := c.CreateDraft(t.Context(), a, a)
	require.NoError(t, err)
	p, err := c.PlanMass(t.Context(), to, wechat.News{DraftID: id}, opts)
	require.NoError(t, err)
	job, err := p.Send(t.Context())
	require.NoError(t, err)
	result, err := job.Wait(t.Context(), &wechat.WaitOptions{Events: srv.Events()})
	return job, result, err
}

// Trap 16 and 18: what the job came to is in the push.
func TestMassReport(t *testing.T) {
	t.Parallel()
	reprint := wechat.CopyrightCheck{State: wechat.CopyrightReprint, Articles: []wechat.CopyrightFinding{{
		Idx: 2, AuditState: 2, OriginalType: 1, OriginalURL: "https://mp.weixin.qq.com/s/original", CanReprint: true, NeedSource: true,
	}}}
	for name, tt := range map[string]struct {
		script  func(*wechattest.Server)
		to      wechat.Audience
		opts    *wechat.MassOptions
		sent    bool
		status  string
		is      error
		text    string
		check   wechat.CopyrightState
		twoURLs bool
	}{
		"sent":               {to: wechat.ToTag(101), sent: true, status: "send success", check: wechat.CopyrightOriginal, twoURLs: true},
		"a tag without fans": {to: wechat.ToTag(2), status: "send fail", text: "sent to 0 of 0", check: wechat.CopyrightOriginal},
		"fraud": {
			script: func(s *wechattest.Server) { s.EndNextMass("err(20008)") }, to: wechat.ToEveryone(),
			status: "err(20008)", is: wechat.ErrContent, text: "err(20008) (sent to 0 of 8): fraud", check: wechat.CopyrightOriginal,
		},
		"administrator asleep": {
			script: func(s *wechattest.Server) { s.EndNextMass("err(40002)") }, to: wechat.ToEveryone(),
			status: "err(40002)", is: wechat.ErrPermission, text: "no administrator confirmed within 30 minutes", check: wechat.CopyrightOriginal,
		},
		"a number of no table": {
			script: func(s *wechattest.Server) { s.EndNextMass("err(20431)") }, to: wechat.ToEveryone(),
			status: "err(20431)", text: "not documented: 20431", check: wechat.CopyrightOriginal,
		},
		"a reprint stops": {
			script: func(s *wechattest.Server) { s.CheckNextMass(reprint) }, to: wechat.ToEveryone(),
			status: "err(30003)", is: wechat.ErrContent, text: "SendIgnoreReprint", check: wechat.CopyrightReprint,
		},
		"a reprint goes on": {
			script: func(s *wechattest.Server) { s.CheckNextMass(reprint) }, to: wechat.ToEveryone(),
			opts: &wechat.MassOptions{SendIgnoreReprint: true}, sent: true, status: "send success", check: wechat.CopyrightReprint, twoURLs: true,
		},
		"a forbidden reprint": {
			script: func(s *wechattest.Server) { s.CheckNextMass(wechat.CopyrightCheck{State: wechat.CopyrightForbidden}) }, to: wechat.ToEveryone(),
			opts: &wechat.MassOptions{SendIgnoreReprint: true}, status: "err(30002)", is: wechat.ErrContent, text: "may not be sent", check: wechat.CopyrightForbidden,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{PublishAfter: time.Minute})
				if tt.script != nil {
					tt.script(srv)
				}
				job, result, err := massAndWait(t, srv, c, tt.to, tt.opts)
				var report *wechat.MassReport
				if tt.sent {
					require.NoError(t, err)
					report = result.Report
				} else {
					e, ok := errors.AsType[*wechat.MassError](err)
					require.True(t, ok, "%v", err)
					report = e.Report
					assert.Contains(t, err.Error(), tt.text)
					assert.Equal(t, wechat.MassFailed, e.State.Status)
					assert.Len(t, srv.Drafts(), 1, "the draft stays")
				}
				require.NotNil(t, report)
				assert.Equal(t, job.ID(), report.ID)
				assert.Equal(t, tt.status, report.Status)
				assert.Equal(t, tt.check, report.Copyright.State)
				if tt.is != nil {
					require.ErrorIs(t, err, tt.is)
				} else if err != nil {
					assert.NotErrorIs(t, err, wechat.ErrContent)
				}
				if tt.twoURLs {
					require.Len(t, report.Articles, 2)
					assert.Equal(t, 2, report.Articles[1].Idx)
					assert.Regexp(t, `^https://mp\.weixin\.qq\.com/`, report.Articles[1].URL)
					assert.Equal(t, report.Total, report.Sent)
				} else {
					assert.Empty(t, report.Articles)
				}
				assert.LessOrEqual(t, srv.Calls(opMassStatus), 1)
			})
		})
	}
}

func TestMassReportWords(t *testing.T) {
	t.Parallel()
	for status, tt := range map[string]struct {
		as     wechat.MassStatus
		code   int
		en, zh string
	}{
		"send success":   {as: wechat.MassSent},
		"Send  Success ": {as: wechat.MassSent},
		"send fail":      {as: wechat.MassFailed, en: "some did not get it", zh: "部分用户未收到"},
		"sendfail":       {as: wechat.MassFailed, en: "some did not get it", zh: "部分用户未收到"},
		"err(10001)":     {as: wechat.MassFailed, code: 10001, en: "advertising", zh: "广告"},
		"err(20001)":     {as: wechat.MassFailed, code: 20001, en: "politics", zh: "政治"},
		"err(20002)":     {as: wechat.MassFailed, code: 20002, en: "pornography", zh: "色情"},
		"err(20004)":     {as: wechat.MassFailed, code: 20004, en: "social", zh: "社会"},
		"err(20006)":     {as: wechat.MassFailed, code: 20006, en: "law", zh: "违法"},
		"err(20008)":     {as: wechat.MassFailed, code: 20008, en: "fraud", zh: "欺诈"},
		"err(20013)":     {as: wechat.MassFailed, code: 20013, en: "copyright", zh: "版权"},
		"err(21000)":     {as: wechat.MassFailed, code: 21000, en: "other", zh: "其他"},
		"err(22000)":     {as: wechat.MassFailed, code: 22000, en: "promoting", zh: "互推"},
		"err(30001)":     {as: wechat.MassFailed, code: 30001, en: "failed by itself", zh: "系统错误"},
		"err(30002)":     {as: wechat.MassFailed, code: 30002, en: "may not be sent", zh: "不能群发"},
		"err(30003)":     {as: wechat.MassFailed, code: 30003, en: "reprint", zh: "转载"},
		" err( 40001 ) ": {as: wechat.MassFailed, code: 40001, en: "administrator refused", zh: "管理员拒绝"},
		"err(40002)":     {as: wechat.MassFailed, code: 40002, en: "30 minutes", zh: "30 分钟"},
		"err(20431)":     {as: wechat.MassFailed, code: 20431, en: "20431", zh: "20431"},
		"err(x)":         {as: wechat.MassFailed, en: "some did not", zh: "部分"},
	} {
		r := wechat.MassReport{Status: status}
		assert.Equal(t, tt.as, r.MassStatus(), status)
		code, ok := r.Code()
		assert.Equal(t, tt.code, code, status)
		assert.Equal(t, tt.code != 0, ok, status)
		assert.Contains(t, r.Reason("en"), tt.en, status)
		assert.Contains(t, r.Reason("zh-CN"), tt.zh, status)
		if tt.as == wechat.MassSent {
			assert.Empty(t, r.Reason("en")+r.Reason("zh"))
		}
	}
	for s, want := range map[wechat.CopyrightState]string{0: "not checked", 1: "no reprint", 2: "a reprint that may be sent", 3: "a reprint that may not be sent", 9: "CheckState 9"} {
		assert.Equal(t, want, s.String())
	}
}

// Trap 5: 0 or nothing means all of them; deleting one and deleting all are two methods.
func TestDeleteMass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: time.Second})
		job, result, err := massAndWait(t, srv, c, wechat.ToEveryone(), nil)
		require.NoError(t, err)
		for name, err := range map[string]error{
			"article 0":        c.DeleteMass(t.Context(), job.ID(), 0),
			"article -1":       c.DeleteMass(t.Context(), job.ID(), -1),
			"article 9":        c.DeleteMass(t.Context(), job.ID(), 9),
			"no id":            c.DeleteMass(t.Context(), "", 1),
			"no id, all":       c.DeleteAllMass(t.Context(), ""),
			"no address":       c.DeleteMassURL(t.Context(), ""),
			"another's server": c.DeleteMassURL(t.Context(), "https://mp.weixin.qq.com.example.com/s"),
		} {
			require.ErrorIs(t, err, wechat.ErrInput, name)
		}
		assert.Zero(t, srv.Calls("message/mass/delete"))
		require.NoError(t, c.DeleteMassURL(t.Context(), result.Report.Articles[1].URL))
		assert.Equal(t, []int{2}, srv.MassJobs()[0].Deleted)
		s, err := job.Poll(t.Context())
		require.NoError(t, err)
		assert.Equal(t, wechat.MassSent, s.Status, "the other one is there")
		e, ok := errors.AsType[*wechat.Error](c.DeleteMass(t.Context(), job.ID(), 3))
		require.True(t, ok)
		assert.Equal(t, 40060, e.Code)
		require.NoError(t, c.DeleteMass(t.Context(), job.ID(), 1))
		s, err = job.Poll(t.Context())
		require.NoError(t, err)
		assert.Equal(t, wechat.MassDeleted, s.Status)

		second, _, err := massAndWait(t, srv, c, wechat.ToTag(101), nil)
		require.NoError(t, err)
		require.NoError(t, c.DeleteAllMass(t.Context(), second.ID()))
		assert.Equal(t, []int{1, 2}, srv.MassJobs()[1].Deleted)
		_, err = second.Wait(t.Context(), nil)
		require.ErrorIs(t, err, wechat.ErrNotFound)
		e, ok = errors.AsType[*wechat.Error](c.DeleteAllMass(t.Context(), "1"))
		require.True(t, ok)
		assert.Equal(t, 40059, e.Code)

		srv.FailNext("message/mass/delete", -1)
		require.ErrorIs(t, c.DeleteAllMass(t.Context(), job.ID()), wechat.ErrUnknownOutcome)
		assert.Equal(t, 5, srv.Used("message/mass/delete"), "of 10 a day, and none of them by itself")
	})
}

func TestDeleteMassOnTheWire(t *testing.T) {
	t.Parallel()
	c, w := onTheWire(t, http.StatusOK, `{"errcode":0,"errmsg":"ok"}`)
	require.NoError(t, c.DeleteMass(t.Context(), "30124", 2))
	require.NoError(t, c.DeleteAllMass(t.Context(), "30124"))
	require.NoError(t, c.DeleteMassURL(t.Context(), "https://mp.weixin.qq.com/s?a=1&b=2"))
	assert.Equal(t, []string{
		`{"msg_id":"30124","article_idx":2}`, `{"msg_id":"30124"}`, `{"url":"https://mp.weixin.qq.com/s?a=1&b=2"}`,
	}, w.bodies)
}

func TestMassSpeed(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	for s, want := range map[wechat.MassSpeed]int{
		wechat.Speed800k: 800_000, wechat.Speed600k: 600_000, wechat.Speed450k: 450_000, wechat.Speed300k: 300_000, wechat.Speed100k: 100_000,
	} {
		require.NoError(t, c.SetMassSpeed(t.Context(), s), "0 is sent as well")
		set, perMinute, err := c.MassSpeed(t.Context())
		require.NoError(t, err)
		assert.Equal(t, s, set)
		assert.Equal(t, want, perMinute)
		assert.Equal(t, want, s.PerMinute())
	}
	require.ErrorIs(t, c.SetMassSpeed(t.Context(), 5), wechat.ErrInput)
	require.ErrorIs(t, c.SetMassSpeed(t.Context(), -1), wechat.ErrInput)
	assert.Equal(t, 5, srv.Calls("message/mass/speed/set"))
	srv.AnswerNext("message/mass/speed/get", http.StatusOK, nil, `{"realspeed":15}`)
	_, _, err := c.MassSpeed(t.Context())
	require.ErrorIs(t, err, wechat.ErrTemporary, "0 would be the fastest")
}

// Trap 25: the plural in a send and the singular in a preview, a bool, a number, and mpvideo.
func TestMassMessagesOnTheWire(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		to            wechat.Audience
		m             wechat.MassMessage
		send, preview string
	}{
		"news":   {to: wechat.ToTag(2), m: wechat.News{DraftID: "D"}, send: `"filter":{"is_to_all":false,"tag_id":2}`, preview: `"mpnews":{"media_id":"D"}`},
		"text":   {to: wechat.ToEveryone(), m: wechat.Text{Content: "<b>&"}, send: `"filter":{"is_to_all":true}`, preview: `"text":{"content":"<b>&"}`},
		"voice":  {to: wechat.ToEveryone(), m: wechat.Voice{ID: "V"}, send: `"voice":{"media_id":"V"}`, preview: `"voice":{"media_id":"V"}`},
		"video":  {to: wechat.ToOpenIDs("a", "b"), m: wechat.Video{ID: "V", Title: "t"}, send: `"mpvideo":{"media_id":"V","title":"t"}`, preview: `"msgtype":"mpvideo"`},
		"images": {to: wechat.ToOpenIDs("a", "b"), m: wechat.Images{IDs: []wechat.MediaID{"A", "B"}, OpenComment: true}, send: `"images":{"media_ids":["A","B"],"need_open_comment":1,"only_fans_can_comment":0}`, preview: `"image":{"media_id":"A"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := onTheWire(t, http.StatusOK, `{"msg_id":34182,"tags":[{"id":2,"name":"n","count":1}],"total":1,"quota":{},"news_item":[]}`)
			p, err := c.PlanMass(t.Context(), tt.to, tt.m, &wechat.MassOptions{ClientMsgID: "key"})
			require.NoError(t, err)
			_, err = p.Send(t.Context())
			require.NoError(t, err)
			require.NoError(t, p.Preview(t.Context(), wechat.PreviewTo{OpenID: "o"}))
			n := len(w.bodies)
			sent, preview := w.bodies[n-2], w.bodies[n-1]
			assert.Contains(t, sent, tt.send)
			assert.Contains(t, sent, `"clientmsgid":"key"`)
			assert.Contains(t, preview, tt.preview)
			assert.Contains(t, preview, `"touser":"o"`)
			assert.NotContains(t, preview, "clientmsgid")
			assert.NotContains(t, preview, `"images"`)
			assert.False(t, strings.Contains(sent, `"filter"`) && strings.Contains(sent, `"touser"`), "one audience, and not both")
		})
	}
}

func TestPreviewFirst(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	opts := &wechat.MassOptions{PreviewFirst: true}
	p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Text{Content: "你好"}, opts)
	require.NoError(t, err)
	opts.PreviewFirst = false // too late
	_, err = p.Send(t.Context())
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorIs(t, p.Preview(t.Context(), wechat.PreviewTo{OpenID: "o-stranger"}), wechat.ErrPermission)
	_, err = p.Send(t.Context())
	require.ErrorIs(t, err, wechat.ErrInput, "a preview that failed is none")
	assert.Zero(t, srv.Calls(opSend))
	require.NoError(t, p.Preview(t.Context(), wechat.PreviewTo{OpenID: "oFakeFollower0001"}))
	job, err := p.Send(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, job.ID())
}
