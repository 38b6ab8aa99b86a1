package aliyun_test

import (
	"fmt"
	"io/fs"
	"iter"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// collect ranges twice, since a list has to begin anew.
func collect[T any](t *testing.T, list iter.Seq2[T, error]) []T {
	t.Helper()
	var out, again []T
	for _, to := range []*[]T{&out, &again} {
		for v, err := range list {
			require.NoError(t, err)
			*to = append(*to, v)
		}
	}
	require.Equal(t, out, again)
	return out
}

func TestTemplatesAndSigns(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	for i := range 100 { // with the demo's: three pages
		srv.SetTemplate(aliyun.Template{Code: fmt.Sprintf("SMS_2%03d", i), Name: "n", Content: "${x}", Type: aliyun.Promo, Status: aliyun.TemplateRejected, RejectInfo: "why"})
		srv.SetSign(fmt.Sprintf("签名%d", i), aliyuntest.SignInReview)
	}
	templates := collect(t, sms.Templates(t.Context()))
	require.Len(t, templates, 103)
	assert.Equal(t, 6, srv.Calls(aliyuntest.QuerySmsTemplateList))
	for _, tt := range templates {
		if tt.Code == "SMS_2042" {
			assert.Equal(t, aliyun.Template{Code: "SMS_2042", Name: "n", Content: "${x}", Type: aliyun.Promo, Status: aliyun.TemplateRejected, RejectInfo: "why"}, tt)
		}
		if tt.Code == aliyuntest.DemoCodeTemplate {
			assert.Equal(t, aliyun.Code, tt.Type)
			assert.Equal(t, aliyun.TemplateApproved, tt.Status)
		}
	}
	signs := collect(t, sms.Signs(t.Context()))
	require.Len(t, signs, 101)
	assert.Contains(t, signs, aliyun.Sign{Name: aliyuntest.DemoSign, Status: aliyun.TemplateApproved})
	assert.Contains(t, signs, aliyun.Sign{Name: "签名7", Status: aliyun.TemplateInReview})

	one, err := sms.Sign(t.Context(), "签名7")
	require.NoError(t, err)
	assert.Equal(t, aliyun.Sign{Name: "签名7", Status: aliyun.TemplateInReview}, one)
	_, err = sms.Sign(t.Context(), "没有")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = sms.Sign(t.Context(), "【签名7】")
	require.ErrorIs(t, err, aliyun.ErrInput)
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 11, 24, 15, 59, 0, 0, time.UTC)} // a minute before midnight in UTC+8
	srv, sms := newSMS(t, aliyuntest.Options{Now: c.Now, Carrier: func(phone string) aliyuntest.Report {
		return map[string]aliyuntest.Report{number(1): {ErrCode: "MK:1"}, number(2): {After: time.Hour}}[phone]
	}}, &aliyun.SMSOptions{Now: c.Now})
	gather(t, sms.SendMany(t.Context(), many(4, personal), nil), 4)
	c.now = c.now.Add(time.Minute)
	_, err := send(t.Context(), sms, code())
	require.NoError(t, err)
	got := collect(t, sms.Statistics(t.Context(), aliyun.StatisticsQuery{From: c.now.AddDate(0, 0, -3)}))
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, beijing())
	require.Len(t, got, 2)
	assert.True(t, got[0].Day.Equal(day))
	assert.Equal(t, []int{4, 2, 1, 1}, []int{got[0].Total, got[0].Delivered, got[0].Failed, got[0].Waiting})
	assert.True(t, got[1].Day.Equal(day.AddDate(0, 0, 1)))
	assert.Equal(t, 1, got[1].Total)
	codes := collect(t, sms.Statistics(t.Context(), aliyun.StatisticsQuery{From: c.now.AddDate(0, 0, -3), Type: aliyun.Code}))
	require.Len(t, codes, 1)
	assert.Empty(t, collect(t, sms.Statistics(t.Context(), aliyun.StatisticsQuery{From: c.now, Intl: true})))
	before := srv.Calls("")
	for _, q := range []aliyun.StatisticsQuery{{}, {From: c.now.Add(24 * time.Hour)}} {
		for _, err := range sms.Statistics(t.Context(), q) {
			require.ErrorIs(t, err, aliyun.ErrInput)
		}
	}
	assert.Equal(t, before, srv.Calls(""))
}

func TestSendGlobe(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	m := aliyun.GlobeMessage{To: "+852 6123 4567", From: "Kit", Text: "Your secret article is out", Validity: time.Minute}
	r, err := sms.SendGlobe(t.Context(), m, nil)
	require.NoError(t, err)
	assert.NotEmpty(t, r.MessageID)
	assert.Equal(t, 1, r.Segments)
	assert.Equal(t, 1, srv.CountOutID(r.OutID))

	for name, tt := range map[string]struct {
		arrange func(*aliyuntest.Server)
		kind    error
		sent    int
	}{
		"refused": {func(srv *aliyuntest.Server) { srv.FailNext(aliyuntest.SendMessageToGlobe, "isv.AMOUNT_NOT_ENOUGH") }, aliyun.ErrQuota, 0},
		"by the gateway": {func(srv *aliyuntest.Server) {
			srv.FailNext(aliyuntest.SendMessageToGlobe, "InvalidAccessKeyId.NotFound")
		}, aliyun.ErrAuth, 0},
		"lost":  {func(srv *aliyuntest.Server) { srv.LoseNext(aliyuntest.SendMessageToGlobe) }, aliyun.ErrUnknownOutcome, 1},
		"empty": {func(srv *aliyuntest.Server) { srv.AnswerNext(aliyuntest.SendMessageToGlobe, http.StatusOK, nil, "{}") }, aliyun.ErrUnknownOutcome, 0},
		"the other API's code": {func(srv *aliyuntest.Server) {
			srv.AnswerNext(aliyuntest.SendMessageToGlobe, http.StatusOK, nil, `{"ResponseDescription":"no to 85261234567: Your secret article is out","ResponseCode":"isv.SMS_CONTENT_ILLEGAL"}`)
		}, aliyun.ErrContent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, sms := newSMS(t, aliyuntest.Options{}, nil)
			tt.arrange(srv)
			r, err := sms.SendGlobe(t.Context(), m, nil)
			require.ErrorIs(t, err, tt.kind)
			assert.Equal(t, tt.sent, srv.CountOutID(r.OutID))
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, m), "secret")
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, m), "61234567")
		})
	}
	calls := srv.Calls("")
	_, err = sms.SendGlobe(t.Context(), aliyun.GlobeMessage{To: phone, Text: " ", Validity: time.Millisecond}, nil)
	require.ErrorIs(t, err, aliyun.ErrInput)
	for _, want := range []string{"To is a mainland number", "Text is empty", "Validity"} {
		require.ErrorContains(t, err, want)
	}
	assert.Equal(t, calls, srv.Calls(""))
}

func TestQuote(t *testing.T) {
	t.Parallel()
	_, sms := newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{PricePerSegment: 0.045})
	m := notice()
	m.Phones = []string{number(1), number(2), number(3)}
	_, err := sms.Quote(m)
	require.ErrorIs(t, err, aliyun.ErrInput, "its text is not known")
	require.NoError(t, sms.LoadTemplates(t.Context(), aliyuntest.DemoTemplate))
	q, err := sms.Quote(m)
	require.NoError(t, err)
	assert.Equal(t, 3, q.Messages)
	assert.InDelta(t, 0.135, q.Price, 1e-9)
	m.Params["title"] = "这是一个非常长的标题这是一个非常长的标题这是一个非常长的标题这是一" // 33
	m.Params["result"] = "这是一个非常长的标题这是一个非常长的标题这是一个非常长的标题这是一"
	q, err = sms.Quote(m)
	require.NoError(t, err)
	assert.Equal(t, 2, q.Segments)
	assert.Equal(t, 6, q.Messages)
	m.Phones = nil
	_, err = sms.Quote(m)
	require.ErrorIs(t, err, aliyun.ErrInput)
}

// Abroad a text in the GSM alphabet has 160 characters to a message.
func TestQuoteAbroad(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{Sign: "Kit"})
	srv.SetTemplate(aliyun.Template{Code: "SMS_7", Content: "Your article of this morning has been looked at, and here is what became of it: ${result}", Type: aliyun.Intl})
	require.NoError(t, sms.LoadTemplates(t.Context(), "SMS_7"))
	q, err := sms.Quote(aliyun.Message{Phones: []string{"+85261234567"}, Template: "SMS_7", Params: map[string]string{"result": "published"}})
	require.NoError(t, err)
	assert.Equal(t, 1, q.Segments)
}
