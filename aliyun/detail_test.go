package aliyun_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func TestDetails(t *testing.T) {
	t.Parallel()
	at := &clock{time.Date(2026, 11, 24, 14, 0, 0, 0, beijing())}
	carrier := func(string) aliyuntest.Report { return aliyuntest.Report{After: 5 * time.Second, ErrCode: "MK:0001"} }
	_, sms := newSMS(t, aliyuntest.Options{Now: at.Now, Carrier: carrier}, &aliyun.SMSOptions{Now: at.Now})
	receipt, err := send(t.Context(), sms, notice())
	require.NoError(t, err)
	got := details(t, sms, aliyun.DetailQuery{Phone: "+86" + phone})
	require.Len(t, got, 1)
	assert.Equal(t, aliyun.Waiting, got[0].Status)
	assert.Equal(t, "+86"+phone, got[0].Phone.E164())
	assert.Equal(t, aliyuntest.DemoTemplate, got[0].Template)
	assert.Equal(t, "【阿里云通信测试】文章《秘密标题甲乙》已发布", got[0].Content)
	assert.Equal(t, receipt.OutID, got[0].OutID)
	assert.True(t, got[0].SentAt.Equal(at.now))
	assert.True(t, got[0].ReceivedAt.IsZero())

	at.now = at.now.Add(5 * time.Second)
	got = details(t, sms, aliyun.DetailQuery{Phone: phone, BizID: receipt.BizID})
	require.Len(t, got, 1)
	assert.Equal(t, aliyun.Failed, got[0].Status)
	assert.Equal(t, "MK:0001", got[0].ErrCode)
	assert.True(t, got[0].ReceivedAt.Equal(at.now))
	assert.Empty(t, details(t, sms, aliyun.DetailQuery{Phone: phone, BizID: "other"}))
	assert.Empty(t, details(t, sms, aliyun.DetailQuery{Phone: phone, Day: at.now.AddDate(0, 0, -1)}))
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", got[0], got[0], got[0]), "秘密标题甲乙")
}

func details(t *testing.T, sms *aliyun.SMS, q aliyun.DetailQuery) []aliyun.Detail {
	t.Helper()
	var out []aliyun.Detail
	for d, err := range sms.Details(t.Context(), q) {
		require.NoError(t, err)
		out = append(out, d)
	}
	return out
}

// Trap 21: TotalCount is a string, and there are 51 pages of it.
func TestDetailsOverManyPages(t *testing.T) {
	t.Parallel()
	at := &clock{time.Date(2026, 11, 24, 14, 0, 0, 0, beijing())}
	srv, sms := newSMS(t, aliyuntest.Options{AllowList: []string{phone}, Now: at.Now}, &aliyun.SMSOptions{Now: at.Now})
	const n = 2*50 + 1
	first := ""
	for i := range n {
		r, err := send(t.Context(), sms, notice())
		require.NoError(t, err)
		if i == 0 {
			first = r.OutID
		}
	}
	seq := sms.Details(t.Context(), aliyun.DetailQuery{Phone: phone, PageSize: 2})
	for range 2 { // a sequence can be ranged over again
		before, count, last := srv.Calls(aliyuntest.QuerySendDetails), 0, ""
		for d, err := range seq {
			require.NoError(t, err)
			count, last = count+1, d.OutID
		}
		assert.Equal(t, n, count)
		assert.Equal(t, first, last, "newest first")
		assert.Equal(t, 51, srv.Calls(aliyuntest.QuerySendDetails)-before)
	}
	before := srv.Calls(aliyuntest.QuerySendDetails)
	for _, err := range seq {
		require.NoError(t, err)
		break
	}
	assert.Equal(t, 1, srv.Calls(aliyuntest.QuerySendDetails)-before, "a page nobody asked for")
	for range 3 { // the page and its two repeats
		srv.FailNext(aliyuntest.QuerySendDetails, "isv.RAM_CHECK_FAILED")
	}
	errs := 0
	for d, err := range seq {
		require.ErrorIs(t, err, aliyun.ErrAuth)
		assert.Zero(t, d)
		errs++
	}
	assert.Equal(t, 1, errs)
}

// Without a total the pages end with one that is not full; a platform that never ends does not keep us for ever either.
func TestDetailsWithoutATotal(t *testing.T) {
	t.Parallel()
	mock, sms := mocked(t, httpmock.NewStringResponder(200, `{"Code":"OK","RequestId":"R","SmsSendDetailDTOs":{"SmsSendDetailDTO":[
		{"PhoneNum":"x","SendStatus":"9","SendDate":"yesterday"}]}}`))
	got := details(t, sms, aliyun.DetailQuery{Phone: phone})
	require.Len(t, got, 1)
	assert.Equal(t, aliyun.Outcome("status 9"), got[0].Status)
	assert.True(t, got[0].SentAt.IsZero())
	assert.Equal(t, 1, mock.GetTotalCallCount())

	mock, sms = mocked(t, httpmock.NewStringResponder(200, `{"Code":"OK","RequestId":"R","TotalCount":"99","SmsSendDetailDTOs":{"SmsSendDetailDTO":[]}}`))
	assert.Empty(t, details(t, sms, aliyun.DetailQuery{Phone: phone}))
	assert.Equal(t, 1, mock.GetTotalCallCount())
}

func TestDetailsRefusesBadInput(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	for want, q := range map[string]aliyun.DetailQuery{
		"Phone: ":       {Phone: "1"},
		"30 days back":  {Phone: phone, Day: time.Now().AddDate(0, 0, -32)},
		"in the future": {Phone: phone, Day: time.Now().AddDate(0, 0, 2)},
		"PageSize":      {Phone: phone, PageSize: 51},
	} {
		for _, err := range sms.Details(t.Context(), q) {
			require.ErrorIs(t, err, aliyun.ErrInput)
			require.ErrorContains(t, err, want)
		}
	}
	assert.Zero(t, srv.Calls(""))
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lag    time.Duration
		report aliyuntest.Report
		lost   bool // with its effect
		want   aliyun.Outcome
		polls  int
		took   time.Duration
	}{
		"delivered": {lost: true, want: aliyun.Delivered, polls: 1},
		"waiting":   {lost: true, report: aliyuntest.Report{After: time.Hour}, want: aliyun.Waiting, polls: 1},
		"failed":    {lost: true, report: aliyuntest.Report{ErrCode: "REJECTD"}, want: aliyun.Failed, polls: 1},
		"late":      {lost: true, lag: 20 * time.Second, want: aliyun.Delivered, polls: 4, took: 21 * time.Second},
		"not there": {want: aliyun.NotFound, polls: 6, took: (3 + 6 + 12 + 24 + 30) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(12 * time.Hour) // the bubble begins at midnight UTC
				srv, sms := newSMS(t, aliyuntest.Options{
					DetailLag: tt.lag, Carrier: func(string) aliyuntest.Report { return tt.report },
				}, nil)
				if tt.lost {
					srv.LoseNext(aliyuntest.SendSms)
				} else {
					srv.DropNext(aliyuntest.SendSms)
				}
				began := time.Now()
				receipt, err := send(t.Context(), sms, notice())
				require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
				got, err := sms.Resolve(t.Context(), receipt.OutID, phone, began)
				require.NoError(t, err)
				assert.Equal(t, tt.want, got)
				assert.Equal(t, tt.polls, srv.Calls(aliyuntest.QuerySendDetails))
				assert.Equal(t, tt.took, time.Since(began))
				srv.Close()
			})
		})
	}
}

// Trap 21: the request leaves at 23:59:59 of one day in Beijing and is accepted on the next, or the clocks differ.
func TestResolveAroundMidnight(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 25, 0, 0, 0, 0, beijing())
	for name, tt := range map[string]struct {
		at, accepted time.Time
		want         aliyun.Outcome
	}{
		"accepted a day later":  {midnight.Add(-time.Second), midnight.Add(time.Second), aliyun.Delivered},
		"accepted a day before": {midnight.Add(time.Second), midnight.Add(-time.Second), aliyun.Delivered},
		"far from midnight":     {midnight.Add(-time.Hour), midnight.Add(time.Second), aliyun.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &clock{tt.accepted}
			_, sms := newSMS(t, aliyuntest.Options{Now: at.Now}, &aliyun.SMSOptions{Now: at.Now, ResolvePolls: 1})
			receipt, err := send(t.Context(), sms, notice())
			require.NoError(t, err)
			at.now = midnight.Add(time.Minute)
			got, err := sms.Resolve(t.Context(), receipt.OutID, phone, tt.at.UTC())
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	// The next day has not begun: asking for it would be refused.
	at := &clock{midnight.Add(-time.Minute)}
	srv, sms := newSMS(t, aliyuntest.Options{Now: at.Now}, &aliyun.SMSOptions{Now: at.Now, ResolvePolls: 1})
	got, err := sms.Resolve(t.Context(), "none", phone, at.now)
	require.NoError(t, err)
	assert.Equal(t, aliyun.NotFound, got)
	assert.Equal(t, 1, srv.Calls(""))
}

// Another message to the same phone is another message, and the day before the oldest one cannot be asked for.
func TestResolveLooksForOneOutID(t *testing.T) {
	t.Parallel()
	at := &clock{time.Date(2026, 11, 24, 12, 0, 0, 0, beijing())}
	srv, sms := newSMS(t, aliyuntest.Options{Now: at.Now}, &aliyun.SMSOptions{Now: at.Now, ResolvePolls: 1})
	_, err := send(t.Context(), sms, notice())
	require.NoError(t, err)
	got, err := sms.Resolve(t.Context(), "another", phone, at.now)
	require.NoError(t, err)
	assert.Equal(t, aliyun.NotFound, got)

	calls := srv.Calls("")
	got, err = sms.Resolve(t.Context(), "another", phone, time.Date(2026, 10, 25, 0, 1, 0, 0, beijing()))
	require.NoError(t, err)
	assert.Equal(t, aliyun.NotFound, got)
	assert.Equal(t, 1, srv.Calls("")-calls)
}

// Looking costs nothing, so it is repeated when the platform is out of order.
func TestDetailsAreRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, sms := newSMS(t, aliyuntest.Options{}, nil)
		srv.AnswerNext(aliyuntest.QuerySendDetails, 502, nil, "<html>")
		srv.DropNext(aliyuntest.QuerySendDetails)
		assert.Empty(t, details(t, sms, aliyun.DetailQuery{Phone: phone}))
		assert.Equal(t, 3, srv.Calls(aliyuntest.QuerySendDetails))
		srv.Close()
	})
}

// One OutID used twice: the message that arrived counts.
func TestResolveTakesTheBest(t *testing.T) {
	t.Parallel()
	rejected, delivered, waiting := aliyuntest.Report{ErrCode: "REJECTD"}, aliyuntest.Report{}, aliyuntest.Report{After: time.Hour}
	for want, reports := range map[aliyun.Outcome][]aliyuntest.Report{
		aliyun.Delivered: {rejected, delivered, rejected},
		aliyun.Waiting:   {rejected, waiting, rejected},
		aliyun.Failed:    {rejected, rejected},
	} {
		var report aliyuntest.Report
		_, sms := newSMS(t, aliyuntest.Options{Carrier: func(string) aliyuntest.Report { return report }}, nil)
		m := notice()
		m.OutID = "mine"
		for _, report = range reports {
			_, err := send(t.Context(), sms, m)
			require.NoError(t, err)
		}
		got, err := sms.Resolve(t.Context(), "mine", phone, time.Now())
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	_, err := sms.Resolve(t.Context(), "", phone, time.Now())
	require.ErrorIs(t, err, aliyun.ErrInput)
	_, err = sms.Resolve(t.Context(), "x", "138", time.Now())
	require.ErrorIs(t, err, aliyun.ErrInput)
	_, err = sms.Resolve(t.Context(), "x", phone, time.Time{})
	require.ErrorIs(t, err, aliyun.ErrInput)
	assert.Zero(t, srv.Calls(""))
	srv.FailNext(aliyuntest.QuerySendDetails, "isv.RAM_CHECK_FAILED")
	got, err := sms.Resolve(t.Context(), "x", phone, time.Now())
	require.ErrorIs(t, err, aliyun.ErrAuth)
	assert.Empty(t, got)
	require.NotErrorIs(t, err, aliyun.ErrUnknownOutcome)
}
