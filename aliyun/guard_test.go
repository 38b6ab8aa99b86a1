package aliyun_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func normalized(tb testing.TB, s string) aliyun.Phone {
	tb.Helper()
	p, err := aliyun.NormalizePhone(s)
	require.NoError(tb, err)
	return p
}

// refusal is what the guard said: "" or a level with its share and the wait.
func refusal(t *testing.T, g aliyun.Guard, k aliyun.GuardKey, at time.Time) string {
	t.Helper()
	err := g.Allow(k, at)
	if err == nil {
		return ""
	}
	require.ErrorIs(t, err, aliyun.ErrRateLimited)
	e := asError(t, err)
	assert.False(t, e.Sent)
	assert.NotEmpty(t, e.HintZH)
	assert.NotContains(t, err.Error(), phone)
	return fmt.Sprintf("%s %d %v", e.Level, e.Permits, e.RetryAfter)
}

// Trap 19: 14:03:59 and 14:04:00 are two minutes, the day rolls.
func TestGuardWindows(t *testing.T) {
	t.Parallel()
	g := aliyun.NewGuard(aliyun.Limits{})
	k := aliyun.GuardKey{Phone: normalized(t, phone), Sign: "甲", Type: aliyun.Code}
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, beijing())
	at := func(h, m, s int) time.Time {
		return day.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second)
	}
	allow := func(when time.Time) { t.Helper(); require.Empty(t, refusal(t, g, k, when)) }

	allow(at(14, 3, 59))
	assert.Equal(t, "minute 1 1s", refusal(t, g, k, at(14, 3, 59)))
	allow(at(14, 4, 0))
	for m := range 3 {
		allow(at(14, 5+m, 0))
	}
	assert.Equal(t, "hour 5 52m0s", refusal(t, g, k, at(14, 8, 0)))
	assert.Equal(t, "hour 5 52m30s", refusal(t, g, k, at(14, 7, 30)), "of two full windows the longer one")
	for m := range 5 {
		allow(at(15, m, 0))
	}
	assert.Equal(t, "day 10 22h3m59s", refusal(t, g, k, at(16, 0, 0)), "until the first one is 24 hours old")
	assert.Equal(t, "day 10 1s", refusal(t, g, k, at(24+14, 3, 58)))
	allow(at(24+14, 3, 59))

	k.Sign = "乙" // another sign has shares of its own
	allow(at(24+14, 3, 59))
}

func TestGuardCountsByKind(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	key := func(phone, sign, template string, kind aliyun.TemplateType) aliyun.GuardKey {
		return aliyun.GuardKey{Phone: normalized(t, phone), Sign: sign, Template: template, Type: kind}
	}
	g := aliyun.NewGuard(aliyun.Limits{})
	for i := range 40 { // a number's codes of a day, whatever the sign
		require.Empty(t, refusal(t, g, key(phone, strconv.Itoa(i), "a", aliyun.Code), now))
	}
	assert.Equal(t, "day 40 24h0m0s", refusal(t, g, key(phone, "new", "a", aliyun.Code), now))
	require.Empty(t, refusal(t, g, key("13900000000", "new", "a", aliyun.Code), now))

	for range 25 { // notices and promotions of one template share
		require.Empty(t, refusal(t, g, key(phone, "s", "n", aliyun.Notice), now))
		require.Empty(t, refusal(t, g, key(phone, "s", "n", aliyun.Promo), now))
	}
	assert.Equal(t, "day 50 24h0m0s", refusal(t, g, key(phone, "s", "n", aliyun.Notice), now))
	require.Empty(t, refusal(t, g, key(phone, "s", "m", aliyun.Notice), now))

	g = aliyun.NewGuard(aliyun.Limits{CodePerMinute: 2})
	for range 2 { // what is not said counts as a code
		require.Empty(t, refusal(t, g, key(phone, "s", "", 0), now))
	}
	assert.Equal(t, "minute 2 1m0s", refusal(t, g, key(phone, "s", "", aliyun.Code), now))
	for range 60 {
		require.Empty(t, refusal(t, g, key("+85261234567", "s", "i", aliyun.Intl), now))
		require.Empty(t, refusal(t, g, key("+85261234567", "s", "i", 0), now))
	}
	g = aliyun.NewGuard(aliyun.Limits{CodePerMinute: -1, CodePerHour: -1, CodePerDay: -1, CodePerNumberDay: -1, NoticePerDay: -1})
	for range 60 {
		require.Empty(t, refusal(t, g, key(phone, "s", "", aliyun.Code), now))
		require.Empty(t, refusal(t, g, key(phone, "s", "", aliyun.Notice), now))
	}
}

func TestGuardUndo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	k := aliyun.GuardKey{Phone: normalized(t, phone), Sign: "s"}
	g := aliyun.NewGuard(aliyun.Limits{CodePerNumberDay: 1})
	require.Empty(t, refusal(t, g, k, now))
	g.Undo(k, now.Add(time.Second)) // of nothing that was counted
	assert.Equal(t, "day 1 24h0m0s", refusal(t, g, k, now))
	g.Undo(k, now)
	require.Empty(t, refusal(t, g, k, now))
	g.Undo(k, now.In(beijing()))
	require.Empty(t, refusal(t, g, k, now), "the same moment in another zone")
}

// Days pass, and what was counted moves from one generation to the next without getting lost or staying for ever.
func TestGuardRemembersADayAndNoMore(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	k := aliyun.GuardKey{Phone: normalized(t, phone), Sign: "s", Type: aliyun.Notice}
	for _, step := range []time.Duration{time.Hour, 5 * time.Hour, 7 * time.Hour} {
		for begun := range 30 { // whenever in the guard's own day the send falls
			g := aliyun.NewGuard(aliyun.Limits{NoticePerDay: 1})
			tick := func(at time.Time) { // other numbers are sent to
				other := aliyun.GuardKey{Phone: k.Phone, Sign: at.String(), Type: aliyun.Notice}
				require.Empty(t, refusal(t, g, other, at))
			}
			tick(begin)
			sent := begin.Add(time.Duration(begun) * time.Hour)
			require.Empty(t, refusal(t, g, k, sent))
			for d := step; d < 24*time.Hour; d += step {
				tick(sent.Add(d))
			}
			require.NotEmpty(t, refusal(t, g, k, sent.Add(24*time.Hour-time.Second)), "%v after %d h", step, begun)
			require.Empty(t, refusal(t, g, k, sent.Add(24*time.Hour)), "%v after %d h", step, begun)
		}
	}
}

// Trap 19: accepted and unknown sends stay counted, refused ones and those that never left do not.
func TestSendAsksTheGuard(t *testing.T) {
	t.Parallel()
	at := &clock{time.Date(2026, 11, 24, 14, 3, 10, 0, beijing())}
	for name, tt := range map[string]struct {
		fault   func(*aliyuntest.Server)
		counted bool
	}{
		"accepted":  {func(*aliyuntest.Server) {}, true},
		"refused":   {func(s *aliyuntest.Server) { s.FailNext(aliyuntest.SendSms, "isv.SMS_SIGNATURE_ILLEGAL") }, false},
		"lost":      {func(s *aliyuntest.Server) { s.LoseNext(aliyuntest.SendSms) }, true},
		"dropped":   {func(s *aliyuntest.Server) { s.DropNext(aliyuntest.SendSms) }, true},
		"never off": {func(s *aliyuntest.Server) { s.Close() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := aliyun.NewGuard(aliyun.Limits{})
			srv, sms := newSMS(t, aliyuntest.Options{Now: at.Now}, &aliyun.SMSOptions{Now: at.Now, Guard: g}, func(cfg *aliyun.Config) {
				cfg.Retry.Attempts = 1
			})
			tt.fault(srv)
			_, _ = send(t.Context(), sms, code())
			calls := srv.Calls("")
			receipt, err := send(t.Context(), sms, code())
			if !tt.counted {
				require.NotErrorIs(t, err, aliyun.ErrRateLimited)
				return
			}
			require.ErrorIs(t, err, aliyun.ErrRateLimited)
			assert.Equal(t, 50*time.Second, asError(t, err).RetryAfter)
			assert.Equal(t, calls, srv.Calls(""), "something was sent")
			assert.Zero(t, receipt)
		})
	}
}

// One phone that is refused gives back what the others of the call had taken.
func TestGuardRefusesTheWholeCall(t *testing.T) {
	t.Parallel()
	g := aliyun.NewGuard(aliyun.Limits{})
	at := &clock{time.Date(2026, 11, 24, 14, 3, 10, 0, beijing())}
	srv, sms := newSMS(t, aliyuntest.Options{Now: at.Now}, &aliyun.SMSOptions{Now: at.Now, Guard: g})
	_, err := send(t.Context(), sms, code())
	require.NoError(t, err)
	m := code()
	m.Phones = []string{"13900000000", phone}
	_, err = send(t.Context(), sms, m)
	require.ErrorIs(t, err, aliyun.ErrRateLimited)
	require.ErrorContains(t, err, "Phones[1]: ")
	m.Phones = m.Phones[:1]
	_, err = send(t.Context(), sms, m)
	require.NoError(t, err)
	assert.Equal(t, 2, srv.Count(""))

	down := errors.New("the shared counter is down")
	_, sms = newSMS(t, aliyuntest.Options{}, &aliyun.SMSOptions{Guard: broken{down}})
	_, err = send(t.Context(), sms, code())
	require.ErrorIs(t, err, down)
	assert.False(t, asError(t, err).Sent)
}

type broken struct{ err error }

func (b broken) Allow(aliyun.GuardKey, time.Time) error { return b.err }
func (broken) Undo(aliyun.GuardKey, time.Time)          {}

func TestGuardFromManyGoroutines(t *testing.T) {
	t.Parallel()
	g := aliyun.NewGuard(aliyun.Limits{})
	now := time.Now()
	k := aliyun.GuardKey{Phone: normalized(t, phone), Type: aliyun.Notice}
	var wg sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 100 {
		wg.Go(func() {
			if g.Allow(k, now) == nil {
				mu.Lock()
				allowed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 50, allowed)
}

func BenchmarkGuard(b *testing.B) {
	g := aliyun.NewGuard(aliyun.Limits{})
	keys := make([]aliyun.GuardKey, 1_000_000)
	for i := range keys {
		keys[i] = aliyun.GuardKey{Phone: normalized(b, number(900_000_000+i)), Sign: "s", Type: aliyun.Notice}
	}
	at := time.Now()
	for _, k := range keys {
		_ = g.Allow(k, at)
	}
	i := 0
	for b.Loop() {
		_ = g.Allow(keys[i%len(keys)], at)
		i++
	}
}

// Three virtual days of random sends of every kind: what the guard allows the platform's own windows never refuse, and
// the guard refuses nothing that they would take. The fake counts by itself, in another way.
func TestGuardAgreesWithThePlatform(t *testing.T) {
	t.Parallel()
	c := &clock{time.Date(2026, 11, 24, 14, 3, 0, 0, time.UTC)}
	srv, guarded := newSMS(t, aliyuntest.Options{Now: c.Now}, &aliyun.SMSOptions{Now: c.Now, Guard: aliyun.NewGuard(aliyun.Limits{})})
	free, err := aliyun.New(srv.Config())
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(6, 28))
	signs := []string{aliyuntest.DemoSign, "二", "三", "四", "五", "六"}
	for _, sign := range signs {
		srv.SetSign(sign, aliyuntest.SignApproved)
	}
	srv.SetTemplate(aliyun.Template{Code: "SMS_9", Content: "${title}${result}", Type: aliyun.Promo})
	require.NoError(t, guarded.LoadTemplates(t.Context(), aliyuntest.DemoTemplate, aliyuntest.DemoCodeTemplate, "SMS_9"))
	end := c.now.Add(3 * 24 * time.Hour)
	counts := map[string]int{}
	last := code()
	for c.now.Before(end) {
		m := notice()
		switch random.IntN(8) {
		case 0, 1, 2, 3, 4:
			m = code()
		case 5:
			m.Template = "SMS_9"
		}
		m.Sign, m.Phones = signs[random.IntN(2)*random.IntN(len(signs))], []string{number(random.IntN(2))}
		if random.IntN(3) > 0 { // somebody who asks again and again
			m = last
		}
		last = m
		before := srv.Calls(aliyuntest.SendSms)
		_, err := guarded.Send(t.Context(), m, nil)
		switch {
		case err == nil:
			counts["sent"]++
		case srv.Calls(aliyuntest.SendSms) > before:
			require.NoError(t, err, "the platform refused what the guard allowed, at %v", c.now)
		default:
			require.ErrorIs(t, err, aliyun.ErrRateLimited)
			counts["refused, "+string(asError(t, err).Level)]++
			_, err = free.SMS(nil).Send(t.Context(), m, nil) // refused, so it does not count
			require.ErrorIs(t, err, aliyun.ErrRateLimited, "the guard refused what the platform takes, at %v", c.now)
		}
		pause := time.Duration(random.Int64N(int64(8 * time.Minute)))
		switch random.IntN(4) {
		case 0: // onto the edge of a minute, a second before it, or a second after
			pause = c.now.Truncate(time.Minute).Add(time.Minute + time.Duration(random.IntN(3)-1)*time.Second).Sub(c.now)
		case 1:
			pause = time.Second
		}
		c.now = c.now.Add(max(pause, 0))
	}
	t.Log(counts)
	for _, kind := range []string{"sent", "refused, minute", "refused, hour", "refused, day"} {
		assert.Positive(t, counts[kind], kind)
	}
}
