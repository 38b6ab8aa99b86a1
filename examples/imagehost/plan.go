package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/r2"
	"github.com/kitroll/kitroll/r2/r2admin"
)

// corsRule is the ID of the rule that is ours. All others are somebody else's, and stay.
const corsRule = "kitroll-imagehost"

// What there is to do about the domain.
const (
	domainServes  = "serves"
	domainWaits   = "waits" // it is connected, and not active yet
	domainOff     = "off"
	domainMissing = "missing"
)

// Plan is what is to be done. Making it changes nothing.
type Plan struct {
	Bucket     string
	BucketNew  bool
	Domain     string
	DomainIs   string
	Zone       string
	CORS       *r2admin.CORSPlan // nil: no origin was named, the rules are not looked at
	Folder     Folder
	Upload     []Picture // one of each content that is not in the bucket
	There      int       // objects of this folder that are
	Prune      []string  // keys without the prefix
	Old        int       // objects of earlier runs that no file is any more; Prune is these, or none
	ours       map[string]bool
	real, keep bool
}

// buildPlan looks at the account. The pictures are known by then.
func buildPlan(ctx context.Context, a *Account, f *flags, s Settings, folder Folder, m *Manifest) (*Plan, error) {
	p := &Plan{Bucket: s.Bucket, Domain: s.Domain, Folder: folder, ours: map[string]bool{}, real: s.Real, keep: f.keep}
	if s.Real == (a.fake != nil) {
		return nil, errors.New("a real account and a fake at once")
	}
	if _, err := a.Control.Bucket(ctx, s.Bucket); errors.Is(err, fs.ErrNotExist) {
		p.BucketNew = true
	} else if err != nil {
		return nil, err
	}
	if err := p.lookAtDomain(ctx, a); err != nil {
		return nil, err
	}
	if len(f.origins) > 0 {
		cors, err := planCORS(ctx, a.Control, s.Bucket, f.origins)
		if err != nil {
			return nil, err
		}
		p.CORS = &cors
	}
	there := map[string]r2.Entry{}
	if !p.BucketNew {
		for e, err := range a.Data.List(ctx, f.prefix+"sha256/", nil) {
			if err != nil {
				return nil, err
			}
			there[strings.TrimPrefix(e.Key, f.prefix)] = e
		}
	}
	if err := p.compare(there); err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, picture := range folder.Pictures {
		wanted[picture.Key] = true
	}
	for _, key := range m.Ours {
		if _, ok := there[key]; !ok {
			continue // somebody has deleted it
		}
		p.ours[key] = true
		if !wanted[key] {
			p.Old++
			if f.prune {
				p.Prune = append(p.Prune, key)
			}
		}
	}
	if len(p.Prune) > f.maxDelete {
		return nil, inputError{fmt.Errorf("-prune would delete %d objects, and -max-delete is %d: nothing was changed", len(p.Prune), f.maxDelete)}
	}
	return p, nil
}

// lookAtDomain finds out how far the domain is. One that can never serve is an error, before anything was made.
func (p *Plan) lookAtDomain(ctx context.Context, a *Account) error {
	p.DomainIs = domainMissing
	if !p.BucketNew {
		status, err := a.Control.Domain(p.Bucket, p.Domain).Poll(ctx)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case status.Ownership == "blocked" || status.Ownership == "error" || status.SSL == "error":
			return fmt.Errorf("%s: %w: its ownership is %s, its SSL %s", p.Domain, r2admin.ErrDomain, status.Ownership, status.SSL)
		case status.Active():
			p.DomainIs, p.Zone = domainServes, status.ZoneID
		case !status.Enabled:
			p.DomainIs, p.Zone = domainOff, status.ZoneID
		default:
			p.DomainIs, p.Zone = domainWaits, status.ZoneID
		}
	}
	if p.DomainIs != domainMissing {
		return nil
	}
	zone, err := a.Control.ZoneID(ctx, p.Domain)
	p.Zone = zone
	return err
}

// planCORS puts our rule in the place of the one that we have set before, or behind all others.
func planCORS(ctx context.Context, control *r2admin.Client, bucket string, origins []string) (r2admin.CORSPlan, error) {
	rule := r2admin.CORSRule{
		ID: corsRule, Origins: origins, Methods: []string{"GET", "HEAD"}, ExposeHeaders: []string{"Content-Length", "ETag"}, MaxAge: 3600e9,
	}
	plan, err := control.PlanCORS(ctx, bucket, []r2admin.CORSRule{rule})
	if errors.Is(err, fs.ErrNotExist) { // there is no bucket yet; the rule was found good
		return r2admin.CORSPlan{Bucket: bucket, Before: []r2admin.CORSRule{}, After: []r2admin.CORSRule{rule}}, nil
	}
	if err != nil {
		return plan, err
	}
	mine := plan.After[0]
	plan.After = slices.Clone(plan.Before)
	if i := slices.IndexFunc(plan.Before, func(r r2admin.CORSRule) bool { return r.ID == corsRule }); i >= 0 {
		plan.After[i] = mine
	} else {
		plan.After = append(plan.After, mine)
	}
	return plan, nil
}

// compare finds what has to be uploaded. An object whose key says that it is a picture of this folder, and whose size or ETag
// says that it is not, was put there by somebody: that is an error, since no upload would replace it.
func (p *Plan) compare(there map[string]r2.Entry) error {
	var errs []error
	seen := map[string]bool{}
	for _, picture := range p.Folder.Pictures {
		if seen[picture.Key] {
			continue
		}
		seen[picture.Key] = true
		e, ok := there[picture.Key]
		switch {
		case !ok:
			p.Upload = append(p.Upload, picture)
		case e.Size != picture.Stored, e.ETag != picture.ETag && !strings.Contains(e.ETag, "-"):
			errs = append(errs, fmt.Errorf("the object %s is not the picture %s that its key says it is: delete it", e.Key, printable(picture.Name)))
		default:
			p.There++
		}
	}
	return errors.Join(errs...)
}

// bytes is how much is to be uploaded.
func (p *Plan) bytes() (n int64) {
	for _, picture := range p.Upload {
		n += picture.Stored
	}
	return n
}

func (p *Plan) corsChanges() bool { return p.CORS != nil && !p.CORS.Empty() }

// changes tells whether there is anything to do but wait.
func (p *Plan) changes() bool {
	return p.BucketNew || p.DomainIs == domainMissing || p.DomainIs == domainOff || p.corsChanges() || len(p.Upload) > 0 || len(p.Prune) > 0
}

// word is what has to be typed.
func (p *Plan) word() string {
	if len(p.Prune) > 0 {
		return fmt.Sprintf("delete %d", len(p.Prune))
	}
	return "host"
}

// show prints the plan for a person: + made or added, ~ changed, - deleted, = as it is, ! to be known.
func (p *Plan) show(w io.Writer, lang Lang) {
	line := func(mark, en, zh string, args ...any) { fmt.Fprintf(w, "  %s %s\n", mark, lang.Sayf(en, zh, args...)) }
	fmt.Fprintln(w, lang.Say("plan:", "计划："))
	if p.BucketNew {
		line("+", "bucket %s is made", "创建存储桶 %s", p.Bucket)
	} else {
		line("=", "bucket %s", "存储桶 %s", p.Bucket)
	}
	switch p.DomainIs {
	case domainMissing:
		line("+", "domain %s is connected, and serves the bucket to everybody", "连接域名 %s，存储桶将对所有人公开", p.Domain)
	case domainOff:
		line("~", "domain %s is switched on again", "重新启用域名 %s", p.Domain)
	case domainWaits:
		line("=", "domain %s, which does not serve yet", "域名 %s（尚未生效）", p.Domain)
	default:
		line("=", "domain %s", "域名 %s", p.Domain)
	}
	switch {
	case p.CORS == nil:
		line("=", "CORS rules are not looked at: name an -origin whose scripts may read the pictures", "不检查 CORS 规则：用 -origin 指定可用脚本读取图片的网站")
	case p.CORS.Empty():
		line("=", "CORS rules", "CORS 规则")
	default:
		line("~", "%s", "%s", strings.ReplaceAll(printableLines(p.CORS.String()), "\n", "\n    "))
	}
	if p.There > 0 {
		line("=", "there already: %d", "已存在：%d 张", p.There)
	}
	if n := len(p.Upload); n > 0 {
		line("+", "to upload: %d, %s", "待上传：%d 张，共 %s", n, bytesOf(p.bytes()))
	}
	p.showMetadata(line)
	if same := len(p.Folder.Pictures) - p.There - len(p.Upload); same > 0 {
		line("=", "the same as another file: %d", "与其他文件相同：%d 个", same)
	}
	for _, l := range p.Folder.Left {
		line("!", "%s is left alone: %s", "%s 不处理：%s", printable(l.Name), l.Reason)
	}
	for _, key := range p.Prune {
		line("-", "%s is deleted: pages that show it lose it", "删除 %s：引用它的网页将失去该图片", key)
	}
	if p.Old > 0 && len(p.Prune) == 0 {
		line("!", "uploaded before, and no file any more: %d; they stay (-prune deletes them)", "以前上传、已无对应文件：%d 个，予以保留（-prune 可删除）", p.Old)
	}
}

// showMetadata says who had what written into it, and what becomes of that.
func (p *Plan) showMetadata(line func(mark, en, zh string, args ...any)) {
	holds, places := 0, 0
	for _, picture := range p.Upload {
		if len(picture.Metadata) > 0 {
			holds++
		}
		if slices.Contains(picture.Metadata, "GPS") {
			places++
		}
	}
	switch {
	case holds == 0:
	case p.keep && places > 0:
		line("!", "with metadata: %d, with the place where they were taken: %d; everybody will be able to read it", "含元数据：%d 张，含拍摄地点：%d 张；任何人都能读取", holds, places)
	case p.keep:
		line("!", "with metadata: %d; everybody will be able to read it", "含元数据：%d 张；任何人都能读取", holds)
	default:
		line("!", "with metadata: %d, with the place where they were taken: %d; it is not uploaded, the files stay as they are", "含元数据：%d 张，含拍摄地点：%d 张；不会上传，本地文件保持不变", holds, places)
	}
}

// printableLines is printable for a text of several lines.
func printableLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}
