package wechat_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

const opSend = "message/mass/sendall"

// Trap 19: nobody is never everybody.
func TestAudienceAndMessageAreChecked(t *testing.T) {
	t.Parallel()
	many := make([]wechat.OpenID, 10_001)
	for i := range many {
		many[i] = wechat.OpenID("o" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String())
	}
	text := wechat.Text{Content: "你好"}
	for name, tt := range map[string]struct {
		to   wechat.Audience
		what wechat.MassMessage
		opts *wechat.MassOptions
		want string
	}{
		"nil audience":    {what: text, want: "Audience is nil"},
		"tag 0":           {to: wechat.ToTag(0), what: text, want: "Audience: 0 is no tag"},
		"negative tag":    {to: wechat.ToTag(-2), what: text, want: "Audience: -2 is no tag"},
		"no OpenIDs":      {to: wechat.ToOpenIDs(), what: text, want: "Audience: 0 OpenIDs, a send takes 2 to 10000"},
		"nil OpenIDs":     {to: wechat.ToOpenIDs([]wechat.OpenID(nil)...), what: text, want: "Audience: 0 OpenIDs"},
		"one OpenID":      {to: wechat.ToOpenIDs("o1"), what: text, want: "Audience: 1 OpenIDs"},
		"too many":        {to: wechat.ToOpenIDs(many...), what: text, want: "Audience: 10001 OpenIDs"},
		"an empty OpenID": {to: wechat.ToOpenIDs("o1", ""), what: text, want: "empty OpenID"},
		"one twice":       {to: wechat.ToOpenIDs("o1", "o1"), what: text, want: `"o1" twice`},
		"nil message":     {to: wechat.ToEveryone(), want: "MassMessage is nil"},
		"nil pointer":     {to: wechat.ToEveryone(), what: (*wechat.News)(nil), want: "MassMessage is nil"},
		"empty news":      {to: wechat.ToEveryone(), what: wechat.News{}, want: "News.DraftID is empty"},
		"empty text":      {to: wechat.ToEveryone(), what: wechat.Text{Content: "\n"}, want: "Text.Content is empty"},
		"empty images":    {to: wechat.ToEveryone(), what: wechat.Images{}, want: "Images.IDs"},
		"empty voice":     {to: wechat.ToEveryone(), what: wechat.Voice{}, want: "Voice.ID is empty"},
		"empty video":     {to: wechat.ToEveryone(), what: wechat.Video{}, want: "Video.ID is empty"},
		"long key":        {to: wechat.ToEveryone(), what: text, opts: &wechat.MassOptions{ClientMsgID: strings.Repeat("k", 33)}, want: "ClientMsgID: 33 bytes, at most 32"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			_, err := c.PlanMass(t.Context(), tt.to, tt.what, tt.opts)
			require.ErrorIs(t, err, wechat.ErrInput)
			assert.Contains(t, err.Error(), tt.want)
			assert.Zero(t, srv.Calls(""), "nothing was asked")
		})
	}
	_, c := account(t, wechattest.Options{})
	_, err := c.PlanMass(t.Context(), nil, nil, nil)
	require.ErrorContains(t, err, "Audience is nil")
	require.ErrorContains(t, err, "MassMessage is nil", "both at once")
	var none wechat.MassPlan
	_, err = none.Send(t.Context())
	require.ErrorIs(t, err, wechat.ErrInput)
	require.ErrorIs(t, none.Preview(t.Context(), wechat.PreviewTo{OpenID: "o"}), wechat.ErrInput)
}

func TestPlanMassTellsAndSendsNothing(t *testing.T) {
	t.Parallel()
	followers := []wechat.OpenID{"o1", "o2", "o3"}
	opts := wechattest.Options{Followers: followers, Tags: []wechattest.Tag{{ID: 2, Name: "星标组"}, {ID: 9, Name: "读者", Members: followers[:2]}}}
	for name, tt := range map[string]struct {
		to        wechat.Audience
		fault     func(*wechattest.Server)
		audience  string
		receivers *int
		left      *int
		note      string
	}{
		"everyone":         {to: wechat.ToEveryone(), audience: "everyone", receivers: new(3), left: new(100)},
		"a tag":            {to: wechat.ToTag(9), audience: "tag 9 (读者)", receivers: new(2), left: new(100)},
		"nobody (trap 16)": {to: wechat.ToTag(2), audience: "tag 2 (星标组)", receivers: new(0), left: new(100), note: "nobody would receive it"},
		"OpenIDs":          {to: wechat.ToOpenIDs("o1", "o3"), audience: "2 OpenIDs", receivers: new(2), left: new(100)},
		"count refused": {
			to: wechat.ToEveryone(), audience: "everyone", left: new(100), note: "the number of receivers is not known",
			fault: func(s *wechattest.Server) { s.FailNext("user/get", 45009) },
		},
		"quota refused": {
			to: wechat.ToEveryone(), audience: "everyone", receivers: new(3), note: "the quota is not known",
			fault: func(s *wechattest.Server) { s.FailNext("openapi/quota/get", 76022) },
		},
		"no quota at all": {
			to: wechat.ToEveryone(), audience: "everyone", receivers: new(3), left: new(0), note: "the daily limit is 0",
			fault: func(s *wechattest.Server) { s.SetQuota(opSend, 0) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, opts)
			id := makeDraft(t, c)
			if tt.fault != nil {
				tt.fault(srv)
			}
			p, err := c.PlanMass(t.Context(), tt.to, wechat.News{DraftID: id}, nil)
			require.NoError(t, err)
			assert.Equal(t, tt.audience, p.Audience)
			assert.Equal(t, tt.receivers, p.Receivers)
			assert.Equal(t, tt.left, p.CallsLeft)
			assert.Equal(t, []string{"标题"}, p.Titles)
			assert.Len(t, p.ClientMsgID, 32)
			assert.Contains(t, strings.Join(p.Notes, "\n"), tt.note)
			if tt.note == "" {
				assert.Empty(t, p.Notes)
			}
			shown := p.String()
			assert.Contains(t, shown, "标题")
			if tt.receivers == nil {
				assert.Contains(t, shown, "receivers:       unknown")
			}
			assert.Empty(t, srv.MassJobs())
			assert.Zero(t, srv.Calls(opSend)+srv.Calls("message/mass/send"))
		})
	}
	srv, c := account(t, opts)
	_, err := c.PlanMass(t.Context(), wechat.ToTag(77), wechat.Text{Content: "你好"}, nil)
	require.ErrorIs(t, err, wechat.ErrNotFound)
	assert.Contains(t, err.Error(), "no such tag")
	srv.RefuseIP("203.0.113.9")
	srv.RevokeTokens()
	_, err = c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Text{Content: "你好"}, nil)
	require.ErrorIs(t, err, wechat.ErrConfig, "what would stop the send as well is an error")
}

// Trap 20: the key is at most 32 bytes, the same for the same send, and another for another.
func TestClientMsgID(t *testing.T) {
	t.Parallel()
	key := func(t *testing.T, opts wechattest.Options, to wechat.Audience, m wechat.MassMessage, mo *wechat.MassOptions) string {
		t.Helper()
		_, c := account(t, opts)
		p, err := c.PlanMass(t.Context(), to, m, mo)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(p.ClientMsgID), 32)
		return p.ClientMsgID
	}
	text := wechat.Text{Content: "你好"}
	base := key(t, wechattest.Options{}, wechat.ToOpenIDs("oFakeFollower0001", "oFakeFollower0002"), text, nil)
	assert.Equal(t, base, key(t, wechattest.Options{}, wechat.ToOpenIDs("oFakeFollower0002", "oFakeFollower0001"), &text, nil), "the order does not matter")
	seen := map[string]string{base: "base"}
	for name, other := range map[string]string{
		"account":  key(t, wechattest.Options{AppID: "wx2"}, wechat.ToOpenIDs("oFakeFollower0001", "oFakeFollower0002"), text, nil),
		"audience": key(t, wechattest.Options{}, wechat.ToEveryone(), text, nil),
		"tag":      key(t, wechattest.Options{}, wechat.ToTag(101), text, nil),
		"tag 2":    key(t, wechattest.Options{}, wechat.ToTag(2), text, nil),
		"message":  key(t, wechattest.Options{}, wechat.ToEveryone(), wechat.Text{Content: "再见"}, nil),
		"type":     key(t, wechattest.Options{}, wechat.ToEveryone(), wechat.Voice{ID: "你好"}, nil),
		"reprint":  key(t, wechattest.Options{}, wechat.ToEveryone(), text, &wechat.MassOptions{SendIgnoreReprint: true}),
	} {
		assert.NotContains(t, seen, other, "%s: same as %s", name, seen[other])
		seen[other] = name
	}
	assert.Equal(t, "mine", key(t, wechattest.Options{}, wechat.ToEveryone(), text, &wechat.MassOptions{ClientMsgID: "mine"}))
}

func TestMassSendAndWait(t *testing.T) {
	t.Parallel()
	for name, numeric := range map[string]bool{"msg_id as number": false, "msg_id as text": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, c := account(t, wechattest.Options{PublishAfter: time.Minute, NumericIDs: numeric})
				id := makeDraft(t, c)
				p, err := c.PlanMass(t.Context(), wechat.ToTag(101), wechat.News{DraftID: id}, nil)
				require.NoError(t, err)
				job, err := p.Send(t.Context())
				require.NoError(t, err)
				assert.False(t, job.Replayed)
				assert.NotEmpty(t, job.DataID())
				assert.Len(t, srv.Drafts(), 1)
				var seen []wechat.MassStatus
				result, err := c.MassJob(job.ID()).Wait(t.Context(), &wechat.WaitOptions{MassProgress: func(s wechat.MassState) { seen = append(seen, s.Status) }})
				require.NoError(t, err)
				assert.Equal(t, &wechat.MassResult{ID: job.ID(), Status: wechat.MassSent}, result)
				assert.Len(t, seen, 5)
				assert.Empty(t, srv.Drafts(), "a sent draft is gone")
				require.Len(t, srv.MassJobs(), 1)
				assert.Len(t, srv.MassJobs()[0].Sent, 3)
			})
		})
	}
}

// Traps 6 and 20: an answer that was lost, and what the same plan does afterwards.
func TestMassSendIsSafeToRepeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := account(t, wechattest.Options{PublishAfter: time.Second})
		id := makeDraft(t, c)
		p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.News{DraftID: id}, nil)
		require.NoError(t, err)
		srv.LoseNext(opSend)
		_, err = p.Send(t.Context())
		require.ErrorIs(t, err, wechat.ErrUnknownOutcome)
		assert.Contains(t, err.Error(), "Send the same plan again after a minute")
		assert.Equal(t, 1, srv.Calls(opSend), "never repeated by itself")
		require.Len(t, srv.MassJobs(), 1)

		_, err = p.Send(t.Context())
		require.ErrorIs(t, err, wechat.ErrRateLimited)
		e, ok := errors.AsType[*wechat.Error](err)
		require.True(t, ok)
		assert.Equal(t, 45066, e.Code)
		assert.Equal(t, time.Minute, e.RetryAfter)

		time.Sleep(time.Minute)
		job, err := p.Send(t.Context())
		require.NoError(t, err)
		assert.True(t, job.Replayed)
		assert.Empty(t, job.DataID(), "45065 has none")

		// Another process, which knows the draft and the audience alone, after the draft was consumed.
		other, err := wechat.New(srv.Config())
		require.NoError(t, err)
		again, err := other.PlanMass(t.Context(), wechat.ToEveryone(), wechat.News{DraftID: id}, nil)
		require.NoError(t, err)
		assert.Nil(t, again.Titles)
		assert.Contains(t, again.String(), "the draft "+string(id)+" is gone")
		replayed, err := again.Send(t.Context())
		require.NoError(t, err)
		assert.True(t, replayed.Replayed)
		assert.Equal(t, job.ID(), replayed.ID())
		_, err = replayed.Wait(t.Context(), nil)
		require.NoError(t, err)
		assert.Len(t, srv.MassJobs(), 1, "exactly one")

		time.Sleep(24 * time.Hour)
		_, err = again.Send(t.Context())
		require.ErrorIs(t, err, wechat.ErrNotFound, "the key is forgotten, and the draft is gone")
	})
}

func TestMassSendOutcomes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault   func(*wechattest.Server)
		unknown bool
		is      error
	}{
		"system busy":         {fault: func(s *wechattest.Server) { s.FailNext(opSend, -1) }, unknown: true, is: wechat.ErrTemporary},
		"dropped":             {fault: func(s *wechattest.Server) { s.DropNext(opSend) }, unknown: true, is: wechat.ErrTemporary},
		"a proxy's page":      {fault: func(s *wechattest.Server) { s.AnswerNext(opSend, 502, nil, "<html>") }, unknown: true, is: wechat.ErrTemporary},
		"without msg_id":      {fault: func(s *wechattest.Server) { s.AnswerNext(opSend, 200, nil, "{}") }, unknown: true},
		"no quota":            {fault: func(s *wechattest.Server) { s.FailNext(opSend, 45028) }, is: wechat.ErrMassQuota},
		"no protocol":         {fault: func(s *wechattest.Server) { s.FailNext(opSend, 48003) }, is: wechat.ErrPermission},
		"45065 without an id": {fault: func(s *wechattest.Server) { s.FailNext(opSend, 45065) }, is: wechat.ErrDuplicate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, c := account(t, wechattest.Options{})
			p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Text{Content: "你好"}, nil)
			require.NoError(t, err)
			tt.fault(srv)
			_, err = p.Send(t.Context())
			require.Error(t, err)
			assert.Equal(t, tt.unknown, errors.Is(err, wechat.ErrUnknownOutcome), "%v", err)
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
			assert.Equal(t, 1, srv.Calls(opSend))
		})
	}
}

// Trap 16 and 18: the job is accepted and fails afterwards; why is in the push alone.
func TestMassFailures(t *testing.T) {
	t.Parallel()
	send := func(t *testing.T, srv *wechattest.Server, c *wechat.Client, to wechat.Audience) error {
		t.Helper()
		p, err := c.PlanMass(t.Context(), to, wechat.Text{Content: "你好" + time.Now().String()}, nil)
		require.NoError(t, err)
		job, err := p.Send(t.Context())
		require.NoError(t, err)
		_, err = job.Wait(t.Context(), &wechat.WaitOptions{Interval: time.Millisecond})
		require.NotEmpty(t, srv.MassJobs())
		return err
	}
	t.Run("a tag without fans", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{PublishAfter: time.Nanosecond})
		e, ok := errors.AsType[*wechat.MassError](send(t, srv, c, wechat.ToTag(2)))
		require.True(t, ok)
		assert.Equal(t, wechat.MassFailed, e.State.Status)
		assert.Contains(t, e.Error(), "MASSSENDJOBFINISH")
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		srv, c := account(t, wechattest.Options{PublishAfter: time.Nanosecond})
		srv.FailNextMass(wechat.MassDeleted)
		require.ErrorIs(t, send(t, srv, c, wechat.ToEveryone()), wechat.ErrNotFound)
	})
	t.Run("still going on", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, c := account(t, wechattest.Options{PublishAfter: 48 * time.Hour})
			p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Text{Content: "你好"}, nil)
			require.NoError(t, err)
			job, err := p.Send(t.Context())
			require.NoError(t, err)
			_, err = job.Wait(t.Context(), &wechat.WaitOptions{MaxPolls: 2})
			require.ErrorIs(t, err, wechat.ErrPending)
			assert.Contains(t, err.Error(), "last state: SENDING")
		})
	})
	t.Run("no such job", func(t *testing.T) {
		t.Parallel()
		_, c := account(t, wechattest.Options{})
		_, err := c.MassJob("1").Poll(t.Context())
		require.ErrorIs(t, err, wechat.ErrInput)
		_, err = c.MassJob("").Poll(t.Context())
		require.ErrorIs(t, err, wechat.ErrInput)
	})
}

func TestMassPreview(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{})
	p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Images{IDs: []wechat.MediaID{cover(t, c)}}, nil)
	require.NoError(t, err)
	require.NoError(t, p.Preview(t.Context(), wechat.PreviewTo{OpenID: "oFakeFollower0001"}))
	require.NoError(t, p.Preview(t.Context(), wechat.PreviewTo{WeChatID: "somebody"}))
	require.ErrorIs(t, p.Preview(t.Context(), wechat.PreviewTo{OpenID: "o-stranger"}), wechat.ErrPermission)
	require.ErrorIs(t, p.Preview(t.Context(), wechat.PreviewTo{}), wechat.ErrInput)
	require.ErrorIs(t, p.Preview(t.Context(), wechat.PreviewTo{OpenID: "a", WeChatID: "b"}), wechat.ErrInput)
	assert.Equal(t, 3, srv.Calls("message/mass/preview"))
	assert.Empty(t, srv.MassJobs())
}

func TestMassVideo(t *testing.T) {
	t.Parallel()
	srv, c := account(t, wechattest.Options{PublishAfter: time.Nanosecond})
	m, err := c.UploadMaterial(t.Context(), wechat.VideoMaterial, wechat.FileBytes("v.mp4", append([]byte("\x00\x00\x00\x18ftypmp42"), make([]byte, 32)...)), &wechat.MaterialOptions{Title: "影片"})
	require.NoError(t, err)
	id, err := c.MassVideo(t.Context(), m.ID, "影片", "")
	require.NoError(t, err)
	for _, tt := range []struct {
		id wechat.MediaID
		is error
	}{{id, nil}, {m.ID, wechat.ErrNotFound}} {
		p, err := c.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Video{ID: tt.id}, nil)
		require.NoError(t, err)
		_, err = p.Send(t.Context())
		require.ErrorIs(t, err, tt.is)
	}
	assert.Len(t, srv.MassJobs(), 1)
	_, err = c.MassVideo(t.Context(), "", "", "")
	require.ErrorIs(t, err, wechat.ErrInput)
}

func TestTags(t *testing.T) {
	t.Parallel()
	_, c := account(t, wechattest.Options{})
	tags, err := c.Tags(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []wechat.Tag{{ID: 2, Name: "星标组"}, {ID: 101, Name: "读者", Count: 3}}, tags)
}

func TestMassSenderDouble(t *testing.T) {
	t.Parallel()
	var s wechat.MassSender = stubSender{}
	p, err := s.PlanMass(t.Context(), wechat.ToEveryone(), wechat.Text{Content: "你好"}, nil)
	require.NoError(t, err)
	job, err := p.Send(t.Context())
	require.NoError(t, err)
	result, err := job.Wait(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, wechat.MsgID("1"), result.ID)
}

type stubSender struct{}

func (s stubSender) PlanMass(context.Context, wechat.Audience, wechat.MassMessage, *wechat.MassOptions) (*wechat.MassPlan, error) {
	return wechat.NewMassPlan(wechat.MassPlan{Audience: "everyone"},
		func(context.Context) (*wechat.MassJob, error) { return s.MassJob("1"), nil }, nil), nil
}

func (stubSender) MassJob(id wechat.MsgID) *wechat.MassJob {
	return wechat.NewMassJob(id, func(context.Context) (wechat.MassState, error) {
		return wechat.MassState{ID: id, Status: wechat.MassSent}, nil
	})
}
