package aliyun_test

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/fault"
)

// number is the nth phone of the mainland.
func number(n int) string { return strconv.FormatInt(13_000_000_000+int64(n), 10) }

// many are n messages.
func many(n int, edit func(i int, m *aliyun.Message)) iter.Seq[aliyun.Message] {
	return func(yield func(aliyun.Message) bool) {
		for i := range n {
			m := notice()
			m.Phones = []string{number(i)}
			edit(i, &m)
			if !yield(m) {
				return
			}
		}
	}
}

func personal(i int, m *aliyun.Message) {
	m.Params = map[string]string{"title": "文章" + strconv.Itoa(i), "result": "已发布"}
}

func equal(int, *aliyun.Message) {}

type result struct {
	aliyun.BatchResult

	err error
}

// gather ranges to the end and makes sure that every message that was taken is in one result.
func gather(t *testing.T, results iter.Seq2[aliyun.BatchResult, error], taken int) []result {
	t.Helper()
	var out []result
	var seen []int
	for r, err := range results {
		out = append(out, result{r, err})
		seen = append(seen, r.Index...)
		assert.Equal(t, r.State == aliyun.Accepted, err == nil, "%s beside %v", r.State, err)
		assert.True(t, slices.IsSorted(r.Index))
	}
	slices.Sort(seen)
	require.Len(t, slices.Compact(seen), taken, "every message is in exactly one result")
	if taken > 0 {
		require.Equal(t, taken-1, seen[taken-1])
	}
	return out
}

// states are how many messages ended how.
func states(results []result) map[aliyun.SendState]int {
	out := map[aliyun.SendState]int{}
	for _, r := range results {
		out[r.State] += len(r.Index)
	}
	return out
}

// Trap 20: the edges of both chunks, and what may not share a request.
func TestSendManyRequests(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		n               int
		edit            func(int, *aliyun.Message)
		window          int
		single, batches int
	}{
		"10,000 equal":    {n: 10_000, edit: equal, single: 10},
		"10,000 personal": {n: 10_000, edit: personal, batches: 100},
		"1000 equal":      {n: 1000, edit: equal, single: 1},
		"1001 equal":      {n: 1001, edit: equal, single: 2},
		"100 personal":    {n: 100, edit: personal, batches: 1},
		"101 personal":    {n: 101, edit: personal, batches: 1, single: 1}, // the last is alone
		"102 personal":    {n: 102, edit: personal, batches: 2},
		"one":             {n: 1, edit: equal, single: 1},
		"none":            {},
		"small windows":   {n: 300, edit: personal, window: 50, batches: 6},
		"mixed signs": {n: 100, edit: func(i int, m *aliyun.Message) {
			m.Sign = []string{aliyuntest.DemoSign, "另一个"}[i%2]
		}, batches: 1},
		"groups of a batch and more go alone": {n: 250, edit: func(i int, m *aliyun.Message) {
			if i%2 == 0 {
				personal(i/100, m)
			}
		}, single: 2, batches: 1}, // 125 are equal; 50 and 50 of two kinds share one; 25 of a third are alone
		"codes go with their equals only": {n: 20, edit: func(i int, m *aliyun.Message) {
			*m = code()
			m.Phones, m.Params = []string{number(i)}, map[string]string{"code": strconv.Itoa(1000 + i%4)}
		}, single: 4},
		"templates apart": {n: 40, edit: func(i int, m *aliyun.Message) {
			personal(i, m)
			if i%2 == 0 {
				m.Template = "SMS_9"
			}
		}, batches: 2},
		"mainland and abroad": {n: 20, edit: func(i int, m *aliyun.Message) {
			m.Template, m.Params = "SMS_9", map[string]string{"title": strconv.Itoa(i), "result": "x"}
			if i%2 == 0 {
				m.Template, m.Phones = aliyuntest.DemoIntlTemplate, []string{"+8526" + strconv.Itoa(1_000_000+i)}
				m.Params = map[string]string{"result": "x" + strconv.Itoa(i)}
			}
		}, batches: 2},
		"own OutIDs": {n: 30, edit: func(i int, m *aliyun.Message) { m.OutID = strconv.Itoa(i % 3) }, single: 3},
		"a phone twice is in two requests": {n: 4, edit: func(i int, m *aliyun.Message) {
			personal(i, m)
			m.Phones = []string{number(i % 2)}
		}, batches: 2},
		"an equal phone twice too": {n: 4, edit: func(i int, m *aliyun.Message) { m.Phones = []string{number(i % 2)} }, single: 2},
		"messages stay whole": {n: 3, edit: func(i int, m *aliyun.Message) {
			personal(i, m)
			m.Phones = nil
			for j := range 60 {
				m.Phones = append(m.Phones, number(100*i+j))
			}
		}, single: 3},
		"extend codes": {n: 2, edit: func(i int, m *aliyun.Message) { m.ExtendCode = strconv.Itoa(i) }, batches: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, sms := newSMS(t, aliyuntest.Options{}, nil)
			srv.SetSign("另一个", aliyuntest.SignApproved)
			srv.SetTemplate(aliyun.Template{Code: "SMS_9", Content: "${title} ${result}", Type: aliyun.Notice})
			results := gather(t, sms.SendMany(t.Context(), many(tt.n, tt.edit), &aliyun.BatchOptions{Window: tt.window}), tt.n)
			for _, r := range results {
				require.NoError(t, r.err)
				assert.NotEmpty(t, r.Receipt.BizID)
			}
			assert.Equal(t, tt.single, srv.Calls(aliyuntest.SendSms), "SendSms")
			assert.Equal(t, tt.batches, srv.Calls(aliyuntest.SendBatchSms), "SendBatchSms")
			want := map[string]string{} // what each phone shall read last
			phones := 0
			for m := range many(tt.n, tt.edit) {
				phones += len(m.Phones)
				for _, p := range m.Phones {
					want[p+m.Sign+m.Params["title"]+m.Params["result"]+m.Params["code"]] = m.ExtendCode
				}
			}
			assert.Equal(t, phones, srv.Count(""))
			for _, m := range srv.Messages() {
				p := m.Phone
				if len(p) == 11 && p[:4] == "8526" {
					p = "+" + p
				}
				_, asked := want[p+m.Sign+m.Params["title"]+m.Params["result"]+m.Params["code"]]
				assert.True(t, asked, "%s got what nobody asked for", p)
			}
		})
	}
}

// A chunk that fails leaves the results of the rest.
func TestSendManyFailures(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		arrange func(*aliyuntest.Server)
		want    map[aliyun.SendState]int
		kind    error
		billed  int
	}{
		"refused":        {func(s *aliyuntest.Server) { s.FailNext(aliyuntest.SendBatchSms, "isv.AMOUNT_NOT_ENOUGH") }, map[aliyun.SendState]int{aliyun.Refused: 100, aliyun.Accepted: 200}, aliyun.ErrQuota, 200},
		"answer lost":    {func(s *aliyuntest.Server) { s.LoseNext(aliyuntest.SendBatchSms) }, map[aliyun.SendState]int{aliyun.SendUnknown: 100, aliyun.Accepted: 200}, aliyun.ErrUnknownOutcome, 300},
		"dropped":        {func(s *aliyuntest.Server) { s.DropNext(aliyuntest.SendBatchSms) }, map[aliyun.SendState]int{aliyun.SendUnknown: 100, aliyun.Accepted: 200}, aliyun.ErrUnknownOutcome, 200},
		"proxy's page":   {func(s *aliyuntest.Server) { s.AnswerNext(aliyuntest.SendBatchSms, 502, nil, "<html>") }, map[aliyun.SendState]int{aliyun.SendUnknown: 100, aliyun.Accepted: 200}, aliyun.ErrTemporary, 200},
		"nothing at all": {func(s *aliyuntest.Server) { s.AnswerNext(aliyuntest.SendBatchSms, 200, nil, "") }, map[aliyun.SendState]int{aliyun.SendUnknown: 100, aliyun.Accepted: 200}, aliyun.ErrUnknownOutcome, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, sms := newSMS(t, aliyuntest.Options{}, nil)
			tt.arrange(srv)
			results := gather(t, sms.SendMany(t.Context(), many(300, personal), nil), 300)
			assert.Equal(t, tt.want, states(results))
			assert.Equal(t, tt.billed, srv.Count(""))
			for _, r := range results {
				if r.err != nil {
					require.ErrorIs(t, r.err, tt.kind)
					assert.NotEmpty(t, r.Receipt.OutID)
					assert.False(t, r.Receipt.At.IsZero())
					assert.Equal(t, 100, r.Receipt.Phones)
				}
			}
		})
	}
}

// Bad input and the Guard concern one message, not its neighbours.
func TestSendManyRefusesOneByOne(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{Guard: aliyun.NewGuard(aliyun.Limits{NoticePerDay: 1})})
	results := gather(t, sms.SendMany(t.Context(), many(20, func(i int, m *aliyun.Message) {
		switch i {
		case 3:
			m.Phones = []string{"12"}
		case 7:
			m.Params = map[string]string{"title": "", "result": "x"}
		case 9:
			m.Phones = []string{number(8)} // has had its share
		}
	}), nil), 20)
	assert.Equal(t, map[aliyun.SendState]int{aliyun.Refused: 3, aliyun.Accepted: 17}, states(results))
	for _, r := range results {
		switch {
		case len(r.Index) == 1 && (r.Index[0] == 8 || r.Index[0] == 9): // whichever came second
			require.ErrorIs(t, r.err, aliyun.ErrRateLimited)
		case len(r.Index) == 1:
			require.ErrorIs(t, r.err, aliyun.ErrInput)
		}
	}
	assert.Equal(t, 17, srv.Count(""))
}

// A key that cannot be had, a server that is not there: nothing has left.
func TestSendManyThatNeverLeft(t *testing.T) {
	t.Parallel()
	guard := aliyun.NewGuard(aliyun.Limits{NoticePerDay: 1})
	_, sms := newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{Guard: guard}, func(c *aliyun.Config) {
		c.AccessKeyID, c.AccessKeySecret, c.Credentials = "", "", noKey{}
	})
	results := gather(t, sms.SendMany(t.Context(), many(5, equal), nil), 5)
	assert.Equal(t, map[aliyun.SendState]int{aliyun.NotSent: 5}, states(results))
	phone, err := aliyun.NormalizePhone(number(0))
	require.NoError(t, err)
	require.NoError(t, guard.Allow(aliyun.GuardKey{Phone: phone, Sign: aliyuntest.DemoSign, Template: aliyuntest.DemoTemplate}, time.Now()), "its share was given back")
}

type noKey struct{}

func (noKey) Credentials(context.Context) (aliyun.Credentials, error) {
	return aliyun.Credentials{}, errors.New("no key today")
}

// Cancelled in the middle: what was sent, what was not and what is unknown are told apart, and nothing more is taken.
func TestSendManyCancelled(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	var once sync.Once
	srv.Observe(func(e fault.Event) {
		if e.When == fault.After && e.N == 3 {
			once.Do(func() { cancel(errors.New("enough")) })
		}
	})
	taken := 0
	source := func(yield func(aliyun.Message) bool) {
		for m := range many(100_000, personal) {
			taken++
			if !yield(m) {
				return
			}
		}
	}
	var results []result
	var seen []int
	for r, err := range sms.SendMany(ctx, source, &aliyun.BatchOptions{Workers: 2, Window: 1000}) {
		results = append(results, result{r, err})
		seen = append(seen, r.Index...)
		if r.State == aliyun.NotSent {
			require.ErrorContains(t, err, "enough")
		}
	}
	slices.Sort(seen)
	assert.Len(t, slices.Compact(seen), taken)
	assert.Equal(t, taken, seen[len(seen)-1]+1)
	assert.Less(t, taken, 3000)
	got := states(results)
	assert.Positive(t, got[aliyun.NotSent])
	assert.Equal(t, taken, got[aliyun.Accepted]+got[aliyun.NotSent]+got[aliyun.SendUnknown])
	assert.LessOrEqual(t, got[aliyun.Accepted], srv.Count(""))
	assert.LessOrEqual(t, srv.Count(""), got[aliyun.Accepted]+got[aliyun.SendUnknown])
	assert.LessOrEqual(t, srv.Calls(""), 5)
}

// A loop that breaks joins its workers (goleak is in TestMain), and sends no more.
func TestSendManyLeft(t *testing.T) {
	t.Parallel()
	srv, sms := newSMS(t, aliyuntest.Options{}, nil)
	for r, err := range sms.SendMany(t.Context(), many(5000, personal), &aliyun.BatchOptions{Workers: 3, Window: 500}) {
		require.NoError(t, err)
		require.Equal(t, aliyun.Accepted, r.State)
		break
	}
	calls := srv.Calls("")
	assert.LessOrEqual(t, calls, 5)
	time.Sleep(20 * time.Millisecond)
	assert.Equal(t, calls, srv.Calls(""), "nothing goes on")
}

// 1,000 random faults: at most one accepted message for each OutID and phone, and every unknown outcome can be resolved.
func TestThousandFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, thousandFaults) // throttled calls wait, late ones run into the timeout
}

func thousandFaults(t *testing.T) {
	now := time.Now()
	srv, sms := newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{ResolvePolls: 1}, func(c *aliyun.Config) {
		c.Timeout = 3 * time.Second
	})
	random := rand.New(rand.NewPCG(1, 2))
	counts := map[string]int{}
	for i := range 1000 {
		op := aliyuntest.SendSms
		switch fault := random.IntN(8); fault {
		case 0:
			srv.DropNext(op)
		case 1:
			srv.LoseNext(op)
		case 2:
			srv.AnswerNext(op, 502, nil, "<html>bad gateway</html>")
		case 3:
			srv.AnswerNext(op, 200, nil, "")
		case 4:
			srv.SlowNext(op, time.Second)
		case 6:
			srv.SlowNext(op, time.Minute) // the effect comes when the caller has given up
		case 5:
			srv.FailNext(op, []string{"Throttling.User", "ServiceUnavailable", "isp.SYSTEM_ERROR"}[random.IntN(3)])
		}
		m := notice()
		m.Phones = []string{number(i)}
		receipt, err := sms.Send(t.Context(), m, nil)
		synctest.Wait()
		accepted := srv.CountOutID(receipt.OutID)
		require.LessOrEqual(t, accepted, 1)
		switch {
		case err == nil:
			counts["accepted"]++
			require.Equal(t, 1, accepted)
		case errors.Is(err, aliyun.ErrUnknownOutcome):
			outcome, rerr := sms.Resolve(t.Context(), receipt.OutID, m.Phones[0], now)
			require.NoError(t, rerr)
			counts["unknown, then "+string(outcome)]++
			require.Equal(t, accepted == 1, outcome == aliyun.Delivered, "%s with %d accepted", outcome, accepted)
		default:
			counts["refused"]++
			require.Zero(t, accepted, "%v", err)
		}
	}
	srv.Close()
	t.Log(counts)
	assert.Positive(t, counts["accepted"])
	assert.Positive(t, counts["unknown, then "+string(aliyun.Delivered)])
	assert.Positive(t, counts["unknown, then "+string(aliyun.NotFound)])
}
