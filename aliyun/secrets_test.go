package aliyun_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/aliyun"
	"github.com/kitroll/kitroll/aliyun/aliyuntest"
)

// Trap 31, second half: the auth code never shows in logs, errors or the journal. Nor do the holder's address and the key,
// whatever goes wrong: every call of a move once as it should be and once with each fault, everything printed in every way.
func TestNothingSecretIsPrinted(t *testing.T) {
	t.Parallel()
	faults := map[string]func(*aliyuntest.Server, string){
		"none":      func(*aliyuntest.Server, string) {},
		"lost":      func(s *aliyuntest.Server, op string) { s.LoseNext(op) },
		"dropped":   func(s *aliyuntest.Server, op string) { s.DropNext(op) },
		"throttled": func(s *aliyuntest.Server, op string) { s.FailNext(op, "Throttling.User") },
		"internal":  func(s *aliyuntest.Server, op string) { s.FailNext(op, "InternalError") },
		"forbidden": func(s *aliyuntest.Server, op string) { s.FailNext(op, "Forbidden.RAM") },
		"task":      func(s *aliyuntest.Server, op string) { s.FailNextTask(op, "ask holder@secret.example") },
		"echo": func(s *aliyuntest.Server, op string) {
			s.AnswerNext(op, 400, nil, `{"RequestId":"R holder@secret.example","Code":"InvalidX","Message":"mail to holder@secret.example, <holder@secret.example>"}`)
		},
		"page": func(s *aliyuntest.Server, op string) {
			s.AnswerNext(op, 502, nil, "<html>holder@secret.example</html>")
		},
		"broken": func(s *aliyuntest.Server, op string) {
			s.AnswerNext(op, 200, nil, `{"RequestId":"R","DomainName":{"Email":"holder@secret.example"},"Data":"holder@secret.example","Status":"holder@secret.example"}`)
		},
	}
	ops := []string{
		aliyuntest.QueryDomainByDomainName, aliyuntest.QueryTransferOutInfo, aliyuntest.QueryTaskDetailList,
		aliyuntest.SaveSingleTaskForTransferProhibitionLock, aliyuntest.SaveSingleTaskForQueryingTransferAuthCode,
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, op := range ops {
				synctest.Test(t, func(t *testing.T) {
					var log bytes.Buffer
					srv, err := aliyuntest.Open(aliyuntest.Options{SecurityToken: "sts-token-of-the-account"})
					require.NoError(t, err)
					defer srv.Close()
					srv.AddDomain(aliyuntest.Domain{Name: zone, Email: "holder@secret.example", DS: []aliyun.DSRecord{{KeyTag: 7}}})
					cfg := srv.Config()
					cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
					c, err := aliyun.New(cfg)
					require.NoError(t, err)
					code := move(t, srv, c, &log, func() { fault(srv, op) })
					out := log.String()
					require.NotEmpty(t, out)
					hidden := []string{"holder@", "secret.example", cfg.AccessKeySecret, "sts-token"}
					if code != "" {
						hidden = append(hidden, code)
					}
					for _, h := range hidden {
						assert.NotContains(t, out, h, op)
					}
				})
			}
		})
	}
}

// move does all that a move does, prints whatever comes, and returns the code if it came so far.
func move(t *testing.T, srv *aliyuntest.Server, c *aliyun.Client, log *bytes.Buffer, fault func()) (code string) {
	t.Helper()
	show := func(v any, err error) {
		data, jerr := json.Marshal(v)
		fmt.Fprintf(log, "%v %+v %#v %s %s %v %v %+v\n", v, v, v, v, data, jerr, err, err)
		slog.New(slog.NewJSONHandler(log, nil)).InfoContext(context.Background(), "got", "v", v, "err", err)
	}
	d := c.Domains(nil)
	for range 2 { // with the fault and without
		fault()
		facts, err := d.Get(t.Context(), zone)
		show(facts, err)
		signers, err := d.DSRecords(t.Context(), zone)
		show(signers, err)
		for _, order := range []func() (*aliyun.DomainTask, error){
			func() (*aliyun.DomainTask, error) { return d.SetTransferLock(t.Context(), zone, false) },
			func() (*aliyun.DomainTask, error) { return d.SetNameservers(t.Context(), zone, newServers()) },
			func() (*aliyun.DomainTask, error) { return d.RequestAuthCode(t.Context(), zone) },
			func() (*aliyun.DomainTask, error) { return d.ApproveTransferOut(t.Context(), zone) },
		} {
			task, err := order()
			if err != nil {
				show(nil, err)
				continue
			}
			state, err := task.Wait(t.Context(), &aliyun.WaitOptions{Interval: time.Second, Progress: func(s aliyun.TaskState) { show(s, nil) }})
			show(state, err)
			fmt.Fprintln(log, task.No, task.Domain)
			secret, err := d.AuthCode(t.Context(), zone, task.No)
			show(secret, err)
			if secret.Reveal() != "" {
				code = secret.Reveal()
				_ = srv.ReceiveTransfer(zone, code) // a fault may have left it in another state
			}
		}
		out, err := d.TransferOut(t.Context(), zone)
		show(out, err)
		fault = func() {}
	}
	return code
}

// The run without a fault comes to the code: the grep above has something to find.
func TestMoveComesToTheCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, c := newAccount(t, aliyuntest.Options{})
		code := move(t, srv, c, &bytes.Buffer{}, func() {})
		assert.Regexp(t, `^Fk-.{12}!$`, code)
		assert.True(t, domainNow(t, srv).Gone)
	})
}
