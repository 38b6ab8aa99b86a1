package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kitroll/kitroll/aliyun/aliyuntest"
	"github.com/kitroll/kitroll/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a folder with a list, and what one run after the other does with it.
type desk struct {
	t     *testing.T
	list  string
	fakes []*aliyuntest.Server
	said  string
}

// three phones: two are told the same, the third something else. Those that end in 1 to 3 get it within a second.
const threePhones = "phone,title,result\n13900000001,秘密甲,已发布\n13900000002,秘密甲,已发布\n13900000003,秘密乙,已发布\n"

func newDesk(t *testing.T, list string) *desk {
	t.Helper()
	d := &desk{t: t, list: filepath.Join(t.TempDir(), "people.csv")}
	require.NoError(t, os.WriteFile(d.list, []byte(list), 0o600))
	return d
}

// run is one run of the program, with a fake that remembers the runs before.
func (d *desk) run(ctx context.Context, arrange func(*aliyuntest.Server), args ...string) int {
	d.t.Helper()
	var out bytes.Buffer
	args = append([]string{"-template", aliyuntest.DemoTemplate, "-sign", aliyuntest.DemoSign, "-wait", "1500ms"}, args...)
	code := run(ctx, append(args, d.list), strings.NewReader("send\n"), &out, func(key string) string {
		return map[string]string{"NOTIFY_TOKEN": "tokenOfTheReports"}[key]
	}, func(s *aliyuntest.Server) {
		d.fakes = append(d.fakes, s)
		if arrange != nil {
			arrange(s)
		}
	})
	d.said = out.String()
	journal, _ := os.ReadFile(d.list + ".journal.json")
	for _, hidden := range []string{"1390000", "秘密", "tokenOfTheReports"} {
		assert.NotContains(d.t, d.said, hidden)
		assert.NotContains(d.t, string(journal), hidden)
	}
	return code
}

// sent is how many messages the platform has accepted, over all runs.
func (d *desk) sent() int { return d.fakes[len(d.fakes)-1].Count("") }

func TestRun(t *testing.T) {
	t.Parallel()
	d := newDesk(t, threePhones)
	require.Equal(t, exitDone, d.run(t.Context(), nil), "%s", d.said)
	assert.Contains(t, d.said, "3 phones, billed as 3 messages")
	assert.Contains(t, d.said, "3 delivered")
	assert.Equal(t, 3, d.sent())
	assert.Equal(t, 1, d.fakes[0].Calls(aliyuntest.SendBatchSms)+d.fakes[0].Calls(aliyuntest.SendSms), "one request")

	require.Equal(t, exitDone, d.run(t.Context(), nil))
	assert.Contains(t, d.said, "Nothing is left to send")
	assert.Equal(t, 3, d.sent())
	assert.Zero(t, d.fakes[1].Calls(""))
}

// Whatever happens to the send, no phone gets it twice, and the run after it knows what became of it.
func TestFaults(t *testing.T) {
	t.Parallel()
	ops := []string{aliyuntest.SendBatchSms}
	for name, tt := range map[string]struct {
		arrange     func(*aliyuntest.Server, string)
		first, sent int
		second      int
		again       bool // the second run does not do: a person has to allow it
	}{
		"answer lost":   {func(s *aliyuntest.Server, op string) { s.LoseNext(op) }, exitDone, 3, exitDone, false}, // the reports came
		"never arrived": {func(s *aliyuntest.Server, op string) { s.DropNext(op) }, exitUnknown, 0, exitUnknown, true},
		"proxy's page":  {func(s *aliyuntest.Server, op string) { s.AnswerNext(op, 502, nil, "<html>") }, exitUnknown, 0, exitUnknown, true},
		"refused":       {func(s *aliyuntest.Server, op string) { s.FailNext(op, "isv.AMOUNT_NOT_ENOUGH") }, exitFailed, 0, exitFailed, true},
		"throttled":     {func(s *aliyuntest.Server, op string) { s.FailNext(op, "Throttling.User") }, exitDone, 3, exitDone, false},
	} {
		for _, op := range ops {
			t.Run(name+" "+op, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, threePhones)
				require.Equal(t, tt.first, d.run(t.Context(), func(s *aliyuntest.Server) { tt.arrange(s, op) }), "%s", d.said)
				assert.Equal(t, tt.sent, d.sent())
				require.Equal(t, tt.second, d.run(t.Context(), nil), "%s", d.said)
				assert.Equal(t, tt.sent, d.sent(), "a second run sends nothing by itself")
				if tt.again {
					require.Equal(t, exitDone, d.run(t.Context(), nil, "-again"), "%s", d.said)
				}
				assert.Equal(t, 3, d.sent())
			})
		}
	}
}

// Interrupted before and after the effect, by Ctrl-C or by a machine that goes down: the next run asks, and sends the rest.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, when := range []fault.When{fault.Before, fault.After} {
		t.Run(string(when), func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, threePhones)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			code := d.run(ctx, func(s *aliyuntest.Server) {
				s.Observe(func(e fault.Event) {
					if e.Op == aliyuntest.SendBatchSms && e.When == when {
						cancel()
						time.Sleep(50 * time.Millisecond) // the caller has left
					}
				})
			})
			require.Equal(t, exitInterrupted, code, "%s", d.said)
			code = d.run(t.Context(), nil)
			assert.Contains(t, d.said, "asking what became of them")
			if code == exitUnknown { // it did not arrive, and nobody can know that
				require.Zero(t, d.sent())
				code = d.run(t.Context(), nil, "-again")
			}
			require.Equal(t, exitDone, code, "%s", d.said)
			assert.Equal(t, 3, d.sent())
		})
	}
}

func TestInput(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		list string
		args []string
		text string
	}{
		"no column phone":   {"number,title,result\n13900000001,a,b\n", nil, "no column phone"},
		"no phone":          {"phone,title,result\n1390,a,b\n", nil, "line 2: phone number"},
		"twice":             {"phone,title,result\n13900000001,a,b\n+8613900000001,a,b\n", nil, "line 3 has the same phone as line 2"},
		"short line":        {"phone,title,result\n13900000001,a\n", nil, "line 2 has 2 columns, not 3"},
		"empty":             {"phone,title,result\n", nil, "the list is empty"},
		"variable missing":  {"phone,title\n13900000001,a\n", nil, "Params[result] is missing"},
		"surplus variable":  {"phone,title,result,x\n13900000001,a,b,c\n", nil, "Params[x] is too many"},
		"unknown template":  {threePhones, []string{"-template", "SMS_404"}, "SMS_404"},
		"listen":            {threePhones, []string{"-listen", "nowhere:x"}, "-listen"},
		"wait":              {threePhones, []string{"-wait", "0s"}, "-wait must be positive"},
		"journal of others": {threePhones, []string{"-journal", "testdata/other.json"}, "is of another list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, tt.list)
			code := d.run(t.Context(), nil, tt.args...)
			assert.Equal(t, exitInput, code, "%s", d.said)
			assert.Contains(t, d.said, tt.text)
			if len(d.fakes) > 0 {
				assert.Zero(t, d.sent())
			}
		})
	}
	d := newDesk(t, threePhones)
	var out bytes.Buffer
	code := run(t.Context(), []string{"-template", aliyuntest.DemoTemplate, "-sign", aliyuntest.DemoSign, d.list}, strings.NewReader("yes\n"), &out,
		func(string) string { return "" }, func(s *aliyuntest.Server) { d.fakes = append(d.fakes, s) })
	assert.Equal(t, exitNotConfirmed, code)
	assert.Zero(t, d.sent())
}

// The page and its JSON follow the run, without phones; reports need their secret.
func TestPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, "phone,title,result\n13900000001,甲,已发布\n13900000006,甲,已发布\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &lockedBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"-template", aliyuntest.DemoTemplate, "-sign", aliyuntest.DemoSign, "-yes", "-serve", d.list}, strings.NewReader(""), out,
			func(string) string { return "" }, nil)
	}()
	var page string
	require.Eventually(t, func() bool {
		m := regexp.MustCompile(`http://\S+`).FindString(out.String())
		page = m
		return m != "" && strings.Contains(out.String(), "1 failed, 1 delivered")
	}, 10*time.Second, 20*time.Millisecond)
	get := func(method, path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), method, page+path, strings.NewReader("[]"))
		require.NoError(t, err)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	status, html := get(http.MethodGet, "")
	assert.Equal(t, 200, status)
	assert.Contains(t, html, "139******01")
	assert.Contains(t, html, "MOBILE_NOT_ON_SERVICE")
	assert.NotContains(t, html, "13900000001")
	_, text := get(http.MethodGet, "status.json")
	var rows []row
	require.NoError(t, json.Unmarshal([]byte(text), &rows))
	require.Len(t, rows, 2)
	assert.Equal(t, []State{Delivered, Failed}, []State{rows[0].State, rows[1].State})
	for path, want := range map[string]int{"reports/wrong": 401, "nothing": 404} {
		status, _ := get(http.MethodPost, path)
		assert.Equal(t, want, status, path)
	}
	cancel()
	assert.Equal(t, exitFailed, <-done)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// 2,500 phones that are told the same are three requests.
func TestManyPhones(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	list.WriteString("phone,title,result\n")
	for i := range 2500 {
		fmt.Fprintf(&list, "139%07d0,甲,已发布\n", i)
	}
	d := newDesk(t, list.String())
	require.Equal(t, exitDone, d.run(t.Context(), nil), "%s", d.said)
	assert.Equal(t, 3, d.fakes[0].Calls(aliyuntest.SendSms))
	assert.Equal(t, 2500, d.sent())
}
