package aliyun_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
)

// canned answers every request at once, so that what is measured is ours and the signing module's.
type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(c))), Request: r,
	}, nil
}

func cannedSMS(tb testing.TB) *aliyun.SMS {
	tb.Helper()
	c, err := aliyun.New(static(&http.Client{Transport: canned(`{"Code":"OK","Message":"OK","RequestId":"R","BizId":"B"}`)}))
	require.NoError(tb, err)
	return c.SMS(nil)
}

func TestSendAllocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	sms, m := cannedSMS(t), notice()
	n := testing.AllocsPerRun(50, func() {
		if _, err := sms.Send(t.Context(), m, nil); err != nil {
			t.Error(err)
		}
	})
	t.Logf("%.0f allocations", n)
	require.LessOrEqual(t, n, 450.0)
}

func BenchmarkSend(b *testing.B) {
	sms, m := cannedSMS(b), notice()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sms.Send(b.Context(), m, nil); err != nil {
			b.Fatal(err)
		}
	}
}
