package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// Plan is what a run is about to do, before anything is done. It is printed, and written as a page.
type Plan struct {
	Names     []string
	Quote     Quote
	Installed Installed
	Where     string // the folder
	Lines     []PlanLine
	Notes     []string
}

// PlanLine is one step of a plan.
type PlanLine struct{ Step, What, Cost string }

func (p *Pipeline) plan(ctx context.Context) (Plan, error) {
	q, err := p.Authority.Quote(ctx)
	if err != nil {
		return Plan{}, err
	}
	at, err := p.Shelf.Installed()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Plan{}, err
	}
	say := p.Job.Lang
	plan := Plan{Names: p.Job.Names, Quote: q, Installed: at, Where: p.Job.Dir, Notes: q.Notes}
	for _, id := range q.Failed {
		plan.Notes = append(plan.Notes, say.Sayf("%s has failed earlier and is of no use: it can be deleted", "%s 此前已失败，可以删除", id))
	}
	add := func(step, what, cost string) {
		plan.Lines = append(plan.Lines, PlanLine{say.stepName(step), what, cost})
	}
	free := say.Say("free", "免费")
	switch q.Action {
	case "buy":
		add(stepCertificate, say.Say("buy one", "购买"), q.Cost)
	case "resume":
		add(stepCertificate, say.Sayf("go on with %s, which waits for its records", "继续 %s，它在等待验证记录", q.ID), q.Cost)
	default:
		add(stepCertificate, say.Sayf("use %s, valid until %s", "使用 %s，有效期至 %s", q.ID, day(q.Until)), q.Cost)
	}
	if len(q.Records) == 0 {
		add(stepRecord, say.Say("add the CNAME records that the authority will name, one for each domain; they must stay", "添加验证所需的 CNAME 记录，每个域名一条；必须一直保留"), free)
	}
	for _, r := range q.Records {
		add(stepRecord, r.Name+" CNAME "+r.Target, free)
	}
	add(stepExport, say.Say("with a passphrase made up for the one call; the key is in memory only", "使用一次性口令；私钥只在内存中"), free)
	add(stepChain, say.Say("leaf and intermediates in order, without the root; check that key and certificate are a pair", "按顺序排列证书与中间证书，去掉根证书；检查私钥与证书匹配"), free)
	there := say.Say("nothing is there yet", "目前为空")
	switch {
	case at.Version == "" && at.Plain != "":
		there = say.Say("the files that are there become the first version", "现有文件将成为第一个版本")
	case at.Serial != "":
		there = say.Sayf("there now: serial %s until %s", "现有：序列号 %s，有效期至 %s", at.Serial, day(at.Until))
	}
	add(stepInstall, p.Shelf.Describe(say)+"; "+there, free)
	if len(p.Job.Reload) > 0 {
		add(stepReload, strings.Join(p.Job.Reload, " ")+say.Say("; if it fails, the files before are put back", "；若失败则恢复原文件"), free)
	} else {
		add(stepReload, say.Say("nobody is told (-reload names a command)", "不通知任何服务（-reload 可指定命令）"), free)
	}
	return plan, nil
}

// Undo is how one step is taken back.
type Undo struct{ What, Command string }

// undo is how to take back what there is, as commands for a shell. Money does not come back.
func (p *Pipeline) undo(id string) []Undo {
	say := p.Job.Lang
	dir, err := filepath.Abs(p.Job.Dir)
	if err != nil {
		dir = p.Job.Dir
	}
	reload := ""
	if len(p.Job.Reload) > 0 {
		reload = " && " + quoted(p.Job.Reload...)
	}
	e := p.Journal.Step(stepInstall + ":" + hash(p.Job.Dir)[:12])
	var out []Undo
	switch before := e.Values["before"]; {
	case before != "" && !p.Shelf.Has(before): // -keep was small
	case before != "":
		out = append(out, Undo{
			say.Say("put the certificate before back", "恢复之前的证书"),
			"ln -sfn " + quoted("versions/"+before, filepath.Join(dir, "current")) + reload,
		})
	case !e.Done.IsZero():
		out = append(out, Undo{say.Say("take the files away", "移除文件"), "rm " + quoted(filepath.Join(dir, "current"))})
	}
	return append(out, Undo{
		say.Say("give the certificate up (what was paid is not returned)", "放弃证书（费用不退）"),
		"aws acm delete-certificate --certificate-arn " + quoted(id),
	})
}

// quoted are words as a shell takes them.
func quoted(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if out[i] = w; w == "" || strings.Trim(w, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._:=,+-") != "" {
			out[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

func day(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.UTC().Format(time.DateOnly)
}

// hash is the SHA-256 of texts, in hex.
func hash(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil))
}
