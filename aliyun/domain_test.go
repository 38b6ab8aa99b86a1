package aliyun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

func newServers() []string { return []string{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net"} }

// newDomains is a fake with an account, and its domains: in a bubble, on a virtual clock.
func newDomains(t *testing.T, opts aliyuntest.Options) (*aliyuntest.Server, *aliyun.Domains) {
	t.Helper()
	srv, c := newAccount(t, opts)
	return srv, c.Domains(nil)
}

func domainNow(t *testing.T, srv *aliyuntest.Server) aliyuntest.Domain {
	t.Helper()
	d, ok := srv.Domain(zone)
	require.True(t, ok)
	return d
}

func wait(t *testing.T, task *aliyun.DomainTask, err error) (aliyun.TaskState, error) {
	t.Helper()
	require.NoError(t, err)
	return task.Wait(t.Context(), nil)
}

func TestDomainFacts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		registered := time.Date(1997, 5, 1, 10, 0, 0, 0, beijing())
		srv.AddDomain(aliyuntest.Domain{
			Name: zone, Registered: registered, Expires: registered.AddDate(10, 0, 0), NameServers: []string{"NS1.Example.NET.", "ns2.example.net"},
			TransferLock: aliyun.LockOpen, UpdateLock: aliyun.LockClose, RealName: aliyun.RealNamePending, Premium: true, Email: "secret.holder@mail.example",
			RegistrantPending: true, MailHold: true, Status: aliyun.DomainNeedRenew,
		})
		got, err := d.Get(t.Context(), zone)
		require.NoError(t, err)
		assert.True(t, got.Registered.Equal(registered))
		assert.True(t, got.Expires.Equal(registered.AddDate(10, 0, 0)))
		assert.Equal(t, []string{"ns1.example.net", "ns2.example.net"}, got.NameServers)
		assert.True(t, got.TransferLock.On())
		assert.False(t, got.UpdateLock.On())
		assert.Equal(t, aliyun.RealNamePending, got.RealName)
		assert.Equal(t, aliyun.DomainNeedRenew, got.Status)
		assert.True(t, got.Premium && got.RegistrantPending && got.MailHold)
		assert.Equal(t, "NORMAL", got.TransferOut)
		assert.Equal(t, "secret.holder@mail.example", got.Email.Reveal())
		data, err := json.Marshal(got)
		require.NoError(t, err)
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", got, got, got, got.Email, got.Email), string(data)} {
			assert.NotContains(t, text, "secret.holder")
		}
	})
}

// Dates without milliseconds are of UTC+8; an answer about another domain is none.
func TestDomainFactsFromOddAnswers(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	d := c.Domains(nil)
	srv.AnswerNext(aliyuntest.QueryDomainByDomainName, 200, nil,
		`{"RequestId":"R","DomainName":"EXAMPLE.com","RegistrationDate":"2017-12-07 17:02:13","ExpirationDate":"","TransferProhibitionLock":"LOCKED_BY_MOON"}`)
	got, err := d.Get(t.Context(), zone)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2017, 12, 7, 9, 2, 13, 0, time.UTC), got.Registered.UTC())
	assert.True(t, got.Expires.IsZero())
	assert.Equal(t, aliyun.LockState("LOCKED_BY_MOON"), got.TransferLock, "an unknown text is kept")
	assert.False(t, got.TransferLock.On())
	srv.AnswerNext(aliyuntest.QueryDomainByDomainName, 200, nil, `{"RequestId":"R"}`)
	_, err = d.Get(t.Context(), zone)
	require.ErrorContains(t, err, "another domain")
}

func TestOrdersHaveTheirEffectLater(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		order func(context.Context, *aliyun.Domains) (*aliyun.DomainTask, error)
		typ   string
		done  func(aliyuntest.Domain) bool
	}{
		"name servers": {
			func(ctx context.Context, d *aliyun.Domains) (*aliyun.DomainTask, error) {
				return d.SetNameservers(ctx, zone, []string{"NS-1.awsdns-01.com.", "ns-2.awsdns-02.net"})
			},
			"CHG_DNS",
			func(d aliyuntest.Domain) bool { return fmt.Sprint(d.NameServers) == fmt.Sprint(newServers()) },
		},
		"transfer lock": {
			func(ctx context.Context, d *aliyun.Domains) (*aliyun.DomainTask, error) {
				return d.SetTransferLock(ctx, zone, true)
			},
			"SET_TRANSFER_PROHIBITED", func(d aliyuntest.Domain) bool { return d.TransferLock.On() },
		},
		"update lock": {
			func(ctx context.Context, d *aliyun.Domains) (*aliyun.DomainTask, error) {
				return d.SetUpdateLock(ctx, zone, true)
			},
			"SET_UPDATE_PROHIBITED", func(d aliyuntest.Domain) bool { return d.UpdateLock.On() },
		},
		"delete DS": {
			func(ctx context.Context, d *aliyun.Domains) (*aliyun.DomainTask, error) {
				return d.DeleteDS(ctx, zone, 2371)
			},
			"FAKE_DELETE_DS", func(d aliyuntest.Domain) bool { return len(d.DS) == 1 && d.DS[0].KeyTag == 7 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, d := newDomains(t, aliyuntest.Options{})
				srv.ChangeDomain(zone, func(d *aliyuntest.Domain) {
					d.DS = []aliyun.DSRecord{{KeyTag: 7, Algorithm: 13, DigestType: 2, Digest: "ab"}, {KeyTag: 2371}}
				})
				task, err := tt.order(t.Context(), d)
				require.NoError(t, err)
				assert.NotEmpty(t, task.No)
				assert.Zero(t, srv.Calls(aliyuntest.QueryTaskDetailList), "trap 30: the number is there before the first poll")
				assert.False(t, tt.done(domainNow(t, srv)), "queued is not done")

				var seen []aliyun.TaskStatus
				state, err := d.Task(zone, task.No).Wait(t.Context(), &aliyun.WaitOptions{ // the handle again, by its number
					Interval: 700 * time.Millisecond, Progress: func(s aliyun.TaskState) { seen = append(seen, s.Status) },
				})
				require.NoError(t, err)
				assert.True(t, state.Done())
				assert.Equal(t, tt.typ, state.Type)
				assert.Equal(t, []aliyun.TaskStatus{"WAITING_EXECUTE", "WAITING_EXECUTE", "EXECUTING", "EXECUTE_SUCCESS"}, seen)
				assert.True(t, tt.done(domainNow(t, srv)))
			})
		})
	}
}

func TestUseAliyunDNSIsTheWayBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		before := domainNow(t, srv).NameServers
		task, err := d.SetNameservers(t.Context(), zone, newServers())
		_, err = wait(t, task, err)
		require.NoError(t, err)
		task, err = d.UseAliyunDNS(t.Context(), zone)
		_, err = wait(t, task, err)
		require.NoError(t, err)
		assert.Equal(t, before, domainNow(t, srv).NameServers)
	})
}

func TestSetNameserversInput(t *testing.T) {
	t.Parallel()
	srv, c := newAccount(t, aliyuntest.Options{})
	for name, tt := range map[string]struct {
		ns   []string
		says string
	}{
		"one":   {newServers()[:1], "1 name servers"},
		"none":  {nil, "0 name servers"},
		"many":  {make14(), "14 name servers"},
		"twice": {[]string{"ns1.example.net", "NS1.example.net."}, "is there twice"},
		"bare":  {[]string{"ns1", "ns2.example.net"}, "name server 1"},
	} {
		_, err := c.Domains(nil).SetNameservers(t.Context(), zone, tt.ns)
		require.ErrorIs(t, err, aliyun.ErrInput, name)
		require.ErrorContains(t, err, tt.says, name)
	}
	assert.Zero(t, srv.Calls(""))
}

func make14() (all []string) {
	for i := range 14 {
		all = append(all, fmt.Sprintf("ns%d.example.net", i))
	}
	return all
}

// Trap 28: NS switch while UpdateProhibitionLock is on fails: unlock first.
func TestNSSwitchWhileTheUpdateLockIsOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		srv.ChangeDomain(zone, func(d *aliyuntest.Domain) { d.UpdateLock = aliyun.LockOpen })
		for _, order := range []func() (*aliyun.DomainTask, error){
			func() (*aliyun.DomainTask, error) { return d.SetNameservers(t.Context(), zone, newServers()) },
			func() (*aliyun.DomainTask, error) { return d.UseAliyunDNS(t.Context(), zone) },
		} {
			_, err := order()
			require.ErrorIs(t, err, aliyun.ErrLocked)
			assert.False(t, asError(t, err).Sent)
			assert.Contains(t, asError(t, err).HintZH, "安全锁")
		}
		assert.Empty(t, srv.Tasks())

		// The lock comes between the look and the task: the task fails, and says why.
		srv.ChangeDomain(zone, func(d *aliyuntest.Domain) { d.UpdateLock = aliyun.LockClose })
		task, err := d.SetNameservers(t.Context(), zone, newServers())
		require.NoError(t, err)
		srv.ChangeDomain(zone, func(d *aliyuntest.Domain) { d.UpdateLock = aliyun.LockOpen })
		_, err = task.Wait(t.Context(), nil)
		require.ErrorIs(t, err, aliyun.ErrTaskFailed)
		require.ErrorIs(t, err, aliyun.ErrLocked)

		unlock, err := d.SetUpdateLock(t.Context(), zone, false)
		_, err = wait(t, unlock, err)
		require.NoError(t, err)
		task, err = d.SetNameservers(t.Context(), zone, newServers())
		_, err = wait(t, task, err)
		require.NoError(t, err)
		assert.Equal(t, newServers(), domainNow(t, srv).NameServers)
	})
}

// Trap 29: a Save… call that succeeded whose task ends in EXECUTE_FAILURE is a failure.
func TestTaskThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		before := domainNow(t, srv).NameServers
		srv.FailNextTask(aliyuntest.SaveBatchTaskForModifyingDomainDNS, "the registry is away; ask admin@registry.example")
		task, err := d.SetNameservers(t.Context(), zone, newServers())
		require.NoError(t, err, "the call succeeded")
		state, err := task.Wait(t.Context(), nil)
		require.ErrorIs(t, err, aliyun.ErrTaskFailed)
		require.NotErrorIs(t, err, aliyun.ErrLocked)
		require.ErrorContains(t, err, "the registry is away")
		require.ErrorContains(t, err, task.No)
		assert.NotContains(t, err.Error()+state.Reason, "admin@")
		assert.Equal(t, task.No, asError(t, err).TaskNo)
		assert.Equal(t, aliyun.TaskFailed, state.Status)
		assert.Equal(t, before, domainNow(t, srv).NameServers)
		polled, err := task.Poll(t.Context())
		require.NoError(t, err, "a poll tells, it does not judge")
		assert.Equal(t, state.Reason, polled.Reason)
	})
}

func TestTaskTextsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		for body, want := range map[string]aliyun.TaskStatus{
			`"TaskStatus":"PAUSED_BY_MOON"`:                       "PAUSED_BY_MOON",
			`"TaskStatusCode":2`:                                  aliyun.TaskDone,
			`"TaskStatusCode":"3"`:                                aliyun.TaskFailed,
			`"TaskStatusCode":9`:                                  "status 9",
			`"TaskStatus":"execute_success"`:                      aliyun.TaskDone,
			`"TaskStatus":"WAITING_EXECUTE","TaskStatusCode":0`:   aliyun.TaskQueued,
			`"TaskStatus":"EXECUTING","DomainName":"EXAMPLE.com"`: aliyun.TaskRunning,
		} {
			srv.AnswerNext(aliyuntest.QueryTaskDetailList, 200, nil, `{"RequestId":"R","Data":{"TaskDetail":[{"DomainName":"other.example"},{`+body+`}]}}`)
			state, err := d.Task(zone, "T").Poll(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, state.Status)
			assert.Equal(t, want == aliyun.TaskDone || want == aliyun.TaskFailed, state.Done())
		}
		_, err := d.Task(zone, "nobody").Poll(t.Context())
		require.ErrorIs(t, err, fs.ErrNotExist)
		_, err = d.Task("", "").Poll(t.Context())
		require.ErrorIs(t, err, aliyun.ErrInput)
		require.ErrorContains(t, err, "number of the task")
		_, err = d.Task(zone, "nobody").Wait(t.Context(), nil)
		require.ErrorIs(t, err, fs.ErrNotExist, "not for ever")
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, d := newDomains(t, aliyuntest.Options{TaskTime: time.Hour})
		task, err := d.SetTransferLock(t.Context(), zone, true)
		require.NoError(t, err)
		boss := errors.New("the boss said stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(61*time.Second, func() { cancel(boss) }) // between two looks
		began := time.Now()
		_, err = task.Wait(ctx, nil)
		require.ErrorIs(t, err, boss)
		require.ErrorContains(t, err, task.No)
		require.ErrorContains(t, err, "WAITING_EXECUTE")
		assert.Equal(t, 61*time.Second, time.Since(began))
		_, err = task.Poll(ctx)
		require.ErrorContains(t, err, task.No)
	})
}

// The answer to an order is lost: the task is found in the account's list, and nothing is ordered twice.
func TestLostOrderIsLookedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		srv.AddDomain(aliyuntest.Domain{Name: "other.example"})
		earlier, err := d.SetTransferLock(t.Context(), zone, true) // one of the same type and domain that is not ours
		require.NoError(t, err)
		_, err = d.SetTransferLock(t.Context(), "other.example", true)
		require.NoError(t, err)
		_, err = d.SetUpdateLock(t.Context(), zone, false)
		require.NoError(t, err)

		srv.LoseNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock)
		task, err := d.SetTransferLock(t.Context(), zone, false)
		require.NoError(t, err, "found")
		all := srv.Tasks()
		require.Len(t, all, 4)
		assert.Equal(t, all[3].No, task.No)
		assert.NotEqual(t, earlier.No, task.No)
		_, err = task.Wait(t.Context(), nil)
		require.NoError(t, err)
		assert.False(t, domainNow(t, srv).TransferLock.On())

		srv.DropNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock)
		_, err = d.SetTransferLock(t.Context(), zone, true)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome, "it never came: nothing new is there, and that proves nothing")
		assert.Len(t, srv.Tasks(), 4)
	})
}

// Where the type of a task is not documented, or the list may not be read, the outcome stays unknown.
func TestLostOrderThatCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		srv.LoseNext(aliyuntest.SaveSingleTaskForQueryingTransferAuthCode)
		_, err := d.RequestAuthCode(t.Context(), zone)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.Equal(t, 1, srv.Calls(aliyuntest.SaveSingleTaskForQueryingTransferAuthCode), "an order was repeated")

		srv.FailNext(aliyuntest.QueryTaskList, "Forbidden.RAM")
		srv.LoseNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock)
		_, err = d.SetTransferLock(t.Context(), zone, true)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.Equal(t, 1, srv.Calls(aliyuntest.SaveSingleTaskForTransferProhibitionLock))

		srv.AnswerNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock, 200, nil, `{"RequestId":"R"}`)
		_, err = d.SetTransferLock(t.Context(), zone, true)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome, "no number: nothing to wait for")
	})
}

// Two tasks that are new might each be ours.
func TestLostOrderThatIsAmbiguous(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		srv.SlowNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock, 3*time.Second)
		srv.LoseNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock)
		go func() {
			time.Sleep(time.Second)
			_, err := d.SetTransferLock(context.Background(), zone, true)
			assert.NoError(t, err)
		}()
		_, err := d.SetTransferLock(t.Context(), zone, false)
		require.ErrorIs(t, err, aliyun.ErrUnknownOutcome)
		assert.Len(t, srv.Tasks(), 2)
	})
}

func TestTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, d := newDomains(t, aliyuntest.Options{TaskTime: -1})
		for range 101 {
			_, err := d.DeleteDS(t.Context(), zone, 1)
			require.NoError(t, err)
		}
		time.Sleep(time.Hour)
		since := time.Now()
		_, err := d.SetUpdateLock(t.Context(), zone, true)
		require.NoError(t, err)
		for range 2 {
			var recent []aliyun.TaskInfo
			for info, err := range d.Tasks(t.Context(), since) {
				require.NoError(t, err)
				recent = append(recent, info)
			}
			require.Len(t, recent, 1)
			assert.Equal(t, "SET_UPDATE_PROHIBITED", recent[0].Type)
			assert.Equal(t, "COMPLETE", recent[0].Status)
			assert.True(t, recent[0].Created.Equal(since))
		}
		n := 0
		for _, err := range d.Tasks(t.Context(), since.Add(-2*time.Hour)) {
			require.NoError(t, err)
			n++
		}
		assert.Equal(t, 102, n, "all pages")
	})
}

// What others order meanwhile, for another domain or of another type, is not taken for ours.
func TestLostOrderAmongOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, d := newDomains(t, aliyuntest.Options{})
		srv.AddDomain(aliyuntest.Domain{Name: "other.example"})
		srv.SlowNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock, 3*time.Second)
		srv.LoseNext(aliyuntest.SaveSingleTaskForTransferProhibitionLock)
		go func() {
			time.Sleep(time.Second)
			_, err := d.SetUpdateLock(context.Background(), zone, true)
			assert.NoError(t, err)
			_, err = d.SetTransferLock(context.Background(), "other.example", true)
			assert.NoError(t, err)
		}()
		task, err := d.SetTransferLock(t.Context(), zone, false)
		require.NoError(t, err)
		all := srv.Tasks()
		require.Len(t, all, 3)
		assert.Equal(t, all[slices.IndexFunc(all, func(x aliyuntest.Task) bool { return x.Domain == zone && x.Type == "SET_TRANSFER_PROHIBITED" })].No, task.No)
	})
}
