package aliyun_test

import (
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// authCode orders a code and waits for it.
func authCode(t *testing.T, d *aliyun.Domains) (code, task string) {
	t.Helper()
	order, err := d.RequestAuthCode(t.Context(), zone)
	require.NoError(t, err)
	early, err := d.AuthCode(t.Context(), zone, order.No)
	require.NoError(t, err)
	assert.Empty(t, early.Reveal(), "the task still runs")
	_, err = order.Wait(t.Context(), nil)
	require.NoError(t, err)
	c, err := d.AuthCode(t.Context(), zone, order.No)
	require.NoError(t, err)
	require.NotEmpty(t, c.Reveal())
	return c.Reveal(), order.No
}

func outStatus(t *testing.T, d *aliyun.Domains) aliyun.TransferOut {
	t.Helper()
	out, err := d.TransferOut(t.Context(), zone)
	require.NoError(t, err)
	return out
}

// The whole way: nothing, phone, mail, code, requested, approved, gone.
func TestTransferOutWalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{CheckTime: time.Hour})
		assert.Equal(t, aliyun.TransferOut{}, outStatus(t, d))
		assert.Equal(t, "none", outStatus(t, d).Status.String())
		code, _ := authCode(t, d)
		assert.Equal(t, aliyun.OutPhoneCheck, outStatus(t, d).Status)
		require.Error(t, srv.ReceiveTransfer(zone, code), "the checks are not over")
		time.Sleep(time.Hour)
		assert.Equal(t, aliyun.OutMailCheck, outStatus(t, d).Status)
		time.Sleep(time.Hour)
		out := outStatus(t, d)
		assert.Equal(t, aliyun.OutCodeIssued, out.Status)
		assert.WithinDuration(t, time.Now().Add(7*24*time.Hour), out.Expires, 3*time.Hour)
		assert.True(t, out.Requested.IsZero())
		assert.False(t, out.CodeSent.IsZero())

		require.Error(t, srv.ReceiveTransfer(zone, "wrong"))
		require.NoError(t, srv.ReceiveTransfer(zone, code))
		out = outStatus(t, d)
		assert.Equal(t, aliyun.OutRequested, out.Status)
		assert.True(t, out.Requested.Equal(time.Now().Truncate(time.Second)))
		facts, err := d.Get(t.Context(), zone)
		require.NoError(t, err)
		assert.Equal(t, "PENDING", facts.TransferOut)

		task, err := d.ApproveTransferOut(t.Context(), zone)
		_, err = wait(t, task, err)
		require.NoError(t, err)
		assert.Equal(t, aliyun.OutDone, outStatus(t, d).Status)
		_, err = d.Get(t.Context(), zone)
		require.ErrorIs(t, err, fs.ErrNotExist, "it has gone")
		_, err = d.SetTransferLock(t.Context(), zone, true)
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
}

func TestTransferThatNobodyApprovesTakesFiveDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		code, _ := authCode(t, d)
		require.NoError(t, srv.ReceiveTransfer(zone, code))
		time.Sleep(5*24*time.Hour - time.Second)
		assert.Equal(t, aliyun.OutRequested, outStatus(t, d).Status)
		time.Sleep(time.Second)
		assert.Equal(t, aliyun.OutDone, outStatus(t, d).Status)
	})
}

// Trap 36: quick approval only at transfer Status = 4.
func TestQuickApprovalOnlyAtStatus4(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		refused := func() {
			t.Helper()
			_, err := d.ApproveTransferOut(t.Context(), zone)
			require.ErrorIs(t, err, aliyun.ErrConflict)
			require.ErrorContains(t, err, "must be in 4 (requested)")
			assert.Zero(t, srv.Calls(aliyuntest.SaveSingleTaskForApplyQuickTransferOutOpenly))
		}
		refused()
		code, _ := authCode(t, d)
		refused()

		// Between the look and the task somebody cancels: the task fails, the domain stays.
		require.NoError(t, srv.ReceiveTransfer(zone, code))
		cancel, err := d.CancelTransferOut(t.Context(), zone)
		require.NoError(t, err)
		approve, err := d.ApproveTransferOut(t.Context(), zone)
		require.NoError(t, err)
		_, err = approve.Wait(t.Context(), nil)
		require.ErrorIs(t, err, aliyun.ErrTaskFailed)
		_, err = cancel.Wait(t.Context(), nil)
		require.NoError(t, err)
		out := outStatus(t, d)
		assert.Equal(t, aliyun.OutFailed, out.Status)
		assert.Equal(t, "clientRejected", out.Code)
		assert.Equal(t, "Transfer out rejected", out.Message)
		assert.False(t, domainNow(t, srv).Gone)
	})
}

// Trap 31: the auth code expires (ExpirationDate): a stale one is asked for again.
func TestAuthCodeExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{CodeLife: time.Hour})
		code, task := authCode(t, d)
		again, _ := authCode(t, d)
		assert.Equal(t, code, again, "one that still holds is the same")
		time.Sleep(time.Hour)
		_, err := d.AuthCode(t.Context(), zone, task)
		require.ErrorIs(t, err, fs.ErrNotExist)
		require.ErrorContains(t, err, "expired at")
		require.ErrorContains(t, err, "order another one")
		assert.NotContains(t, err.Error(), code)
		require.Error(t, srv.ReceiveTransfer(zone, code))

		fresh, _ := authCode(t, d)
		assert.NotEqual(t, code, fresh)
		require.NoError(t, srv.ReceiveTransfer(zone, fresh))
	})
}

// The conditions of the platform: the task that asks for the code fails.
func TestAuthCodeOfADomainThatMayNotGo(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*aliyuntest.Domain){
		"transfer lock":  func(d *aliyuntest.Domain) { d.TransferLock = aliyun.LockOpen },
		"real name":      func(d *aliyuntest.Domain) { d.RealName = aliyun.RealNameMissing },
		"59 days old":    func(d *aliyuntest.Domain) { d.Registered = time.Now().Add(-59 * 24 * time.Hour) },
		"moved lately":   func(d *aliyuntest.Domain) { d.Transferred = time.Now().Add(-59 * 24 * time.Hour) },
		"14 days left":   func(d *aliyuntest.Domain) { d.Expires = time.Now().Add(14 * 24 * time.Hour) },
		"redemption":     func(d *aliyuntest.Domain) { d.Status = aliyun.DomainRedeem },
		"holder changes": func(d *aliyuntest.Domain) { d.RegistrantPending = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, d := newDomains(t, aliyuntest.Options{})
				srv.ChangeDomain(zone, edit)
				order, err := d.RequestAuthCode(t.Context(), zone)
				require.NoError(t, err)
				time.Sleep(3 * time.Second)
				_, err = d.AuthCode(t.Context(), zone, order.No)
				require.ErrorIs(t, err, aliyun.ErrTaskFailed)
				assert.Equal(t, aliyun.OutNone, outStatus(t, d).Status)
			})
		})
	}
}

func TestTransferOutAnswers(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	d := c.Domains(nil)
	srv.AnswerNext(aliyuntest.QueryTransferOutInfo, 200, nil, `{"RequestId":"R","Status":"6","ResultMsg":"write to owner@secret.example"}`)
	out := outStatus(t, d)
	assert.Equal(t, "status 6", out.Status.String(), "a number that is not known is kept")
	assert.NotContains(t, out.Message, "owner@")
	srv.AnswerNext(aliyuntest.QueryTransferOutInfo, 200, nil, `{"RequestId":"R","Status":"soon"}`)
	_, err := d.TransferOut(t.Context(), zone)
	require.ErrorContains(t, err, "is no number")
	srv.AnswerNext(aliyuntest.QueryTransferOutInfo, 400, nil, `{"RequestId":"R","Code":"TransferOutNotExist","Message":"none"}`)
	assert.Equal(t, aliyun.OutNone, outStatus(t, d).Status, "an error may say that nothing was begun")
	srv.AnswerNext(aliyuntest.QueryTransferOutInfo, 400, nil, `{"RequestId":"R","Code":"Forbidden.RAM","Message":"no"}`)
	_, err = d.TransferOut(t.Context(), zone)
	require.ErrorIs(t, err, fs.ErrPermission)
}

func TestCancelOnlyWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		_, err := d.CancelTransferOut(t.Context(), zone)
		require.ErrorIs(t, err, aliyun.ErrConflict)
		authCode(t, d)
		task, err := d.CancelTransferOut(t.Context(), zone)
		_, err = wait(t, task, err)
		require.NoError(t, err)
		assert.Equal(t, aliyun.OutFailed, outStatus(t, d).Status)
		assert.Equal(t, 1, srv.Calls(aliyuntest.SaveSingleTaskForCancelingTransferOut))
	})
}
