package main

import (
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/kitroll/kitroll/wechat/article"
)

// The article that is published when none is named, in both languages, with its pictures.
//
//go:embed demo
var demo embed.FS

// everyone as -mass is every follower.
const everyone = "all"

// flags are what the command line says.
type flags struct {
	topic, article, cover, theme, mass, journal, out, again string
	draft, publishing, yes                                  bool
	lang                                                    Lang
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{lang: English}
	for i, a := range args { // the language is needed before the flags are read
		if a == "-lang=zh" || a == "--lang=zh" || (i > 0 && a == "zh" && strings.TrimLeft(args[i-1], "-") == "lang") {
			f.lang = Chinese
		}
	}
	say := f.lang.Say
	set := flag.NewFlagSet("publish", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.topic, "topic", "", say("have an article written on this `topic`", "按此`主题`撰写文章"))
	set.StringVar(&f.article, "article", "", say("publish this Markdown `file`; its pictures are beside it, data: or https: (default: the article that comes along)", "发布此 Markdown `文件`，图片可为相对路径、data: 或 https:（默认：自带的示例文章）"))
	set.StringVar(&f.cover, "cover", "", say("the cover: a picture `file`, or new to have one painted (default: the article's own, its first picture, else new)", "封面：图片`文件`，或 new 表示生成一张（默认：文章指定的、第一张图片，否则生成）"))
	set.StringVar(&f.theme, "theme", article.DefaultTheme().Name, say("the article's `theme`: ", "文章的`样式`：")+themes())
	set.BoolVar(&f.draft, "draft", false, say("make a draft and stop there (default)", "只创建草稿（默认）"))
	set.BoolVar(&f.publishing, "publish", false, say("publish the draft: a page with an address, nobody is notified", "发布草稿：生成可访问的页面，不推送给任何人"))
	set.StringVar(&f.mass, "mass", "", say("send the draft to the followers with this `tag`, or to all; asks before it sends", "把草稿群发给带此`标签`的粉丝，或 all 表示全部；发送前会确认"))
	set.BoolVar(&f.yes, "yes", false, say("do not ask before a mass send", "群发前不再询问"))
	set.StringVar(&f.journal, "journal", "", say("the `file` that remembers what is done (default: journal.json in -out)", "记录进度的`文件`（默认：-out 中的 journal.json）"))
	set.StringVar(&f.out, "out", "", say("the `folder` for preview.html and the rest (default: publish-out and a name made from the article's)", "输出`目录`，存放 preview.html 等（默认：publish-out 下按文章命名）"))
	set.StringVar(&f.again, "again", "", say("repeat this `step` although its outcome is unknown: paint, publish, mass or sms", "即使结果未知也重做此`步骤`：paint、publish、mass 或 sms"))
	lang := set.String("lang", string(English), say("`en` or zh: the language of messages, and of an article on a topic", "`en` 或 zh：提示信息及按主题撰写的文章所用语言"))
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(w, set, f.lang)
		return f, err
	}
	if err != nil {
		return f, err
	}
	f.lang = Lang(*lang)
	return f, f.check(set.Args())
}

func usage(w io.Writer, set *flag.FlagSet, lang Lang) {
	fmt.Fprintln(w, lang.Say("publish: from a topic or a Markdown file to an article of a WeChat Official Account\n\nFlags:", "publish：从主题或 Markdown 文件到微信公众号文章\n\n参数："))
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprintln(w, lang.Say("\nA platform is real when its variables are in the environment, else a fake in this process:", "\n设置了以下环境变量的平台为真实平台，否则为本进程内的模拟服务："))
	for _, v := range allVariables() {
		v.write(w, lang)
	}
	fmt.Fprintln(w, lang.Say("\nExit codes: 0 done, 1 failed, 2 bad input (nothing sent), 3 outcome unknown, 4 not confirmed, 130 interrupted", "\n退出码：0 完成，1 失败，2 输入有误（未发送任何内容），3 结果未知，4 未确认，130 被中断"))
}

// check finds everything that is wrong with the flags by themselves.
func (f *flags) check(rest []string) error {
	var errs []error
	problem := func(text string) { errs = append(errs, errors.New(text)) }
	if f.lang != English && f.lang != Chinese {
		problem(fmt.Sprintf("-lang: %q is neither en nor zh", f.lang))
		f.lang = English
	}
	if len(rest) > 0 {
		problem(fmt.Sprintf("%q is not a flag: an article is named with -article, a topic with -topic", rest[0]))
	}
	var modes []string
	for _, m := range []struct {
		name string
		set  bool
	}{{"-draft", f.draft}, {"-publish", f.publishing}, {"-mass", f.mass != ""}} {
		if m.set {
			modes = append(modes, m.name)
		}
	}
	if len(modes) > 1 {
		problem(strings.Join(modes, " and ") + " exclude each other: a draft can be used for one of them, choose one")
	}
	if f.topic != "" && f.article != "" {
		problem("-topic and -article exclude each other: choose one")
	}
	if strings.ContainsFunc(f.topic, unicode.IsControl) {
		problem("-topic: holds control characters")
	}
	if _, ok := article.ThemeNamed(f.theme); !ok {
		problem(fmt.Sprintf("-theme: %q is none of %s", f.theme, themes()))
	}
	switch f.again {
	case "", "paint", "publish", "mass", "sms":
	default:
		problem(fmt.Sprintf("-again: %q is none of paint, publish, mass, sms", f.again))
	}
	return errors.Join(errs...)
}

// themes names the themes that there are.
func themes() string {
	var names []string
	for _, t := range article.Themes() {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

// job is the flags with what they name read in.
func (f *flags) job(s Settings) (job Job, source string, loader article.Loader, err error) {
	job = Job{Topic: strings.TrimSpace(f.topic), Cover: f.cover, Theme: strings.ToLower(f.theme), Mode: ModeDraft, Audience: f.mass, Lang: f.lang}
	switch {
	case f.publishing:
		job.Mode = ModePublish
	case f.mass != "":
		job.Mode = ModeMass
	}
	name := f.lang.Say("demo", "demo-zh")
	switch {
	case job.Topic != "":
		source, name = job.Topic, job.Topic
		if s.real["wechat"] && !s.real["llm"] {
			return job, "", loader, errors.New("-topic: wechat is real and llm is a fake, whose text is not for readers: set LLM_BASE_URL and LLM_MODEL")
		}
	case f.article != "":
		source, name = filepath.Base(f.article), strings.TrimSuffix(filepath.Base(f.article), filepath.Ext(f.article))
		if job.Markdown, loader.FS, err = openArticle(f.article); err != nil {
			return job, "", loader, fmt.Errorf("-article: %w", err)
		}
	default:
		if s.real["wechat"] {
			return job, "", loader, errors.New("-article or -topic: wechat is real, and the article that comes along is not for your readers: name your own")
		}
		source = "the article that comes along"
		if job.Markdown, err = demo.ReadFile(f.lang.Say("demo/article.md", "demo/article.zh.md")); err != nil {
			return job, "", loader, err
		}
		if loader.FS, err = fs.Sub(demo, "demo"); err != nil {
			return job, "", loader, err
		}
	}
	if s.real["wechat"] && !s.real["llm"] && f.cover == coverNew {
		return job, "", loader, errors.New("-cover new: wechat is real and llm is a fake, whose pictures are not for readers: name a file")
	}
	if f.out == "" {
		f.out = filepath.Join("publish-out", slug(name))
	}
	if f.journal == "" {
		f.journal = filepath.Join(f.out, "journal.json")
	}
	job.Out = f.out
	return job, source, loader, nil
}

// maxArticle is more than any article: 1 MiB is what the platform takes of HTML.
const maxArticle = 4 << 20

// openArticle reads a Markdown file, and opens its folder for its pictures: one that cannot be left, by ".." or by a
// symbolic link.
func openArticle(path string) ([]byte, fs.FS, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("%s does not exist", path)
	case err != nil:
		return nil, nil, fmt.Errorf("%s cannot be read: %w", path, err)
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxArticle:
		return nil, nil, fmt.Errorf("%s has %d bytes, over the limit of %d", path, info.Size(), maxArticle)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, nil, fmt.Errorf("the folder of %s cannot be opened: %w", path, err)
	}
	return text, root.FS(), nil
}

// slug makes a folder's name of a topic or a file's name.
func slug(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '-'
	}, name)
	if r := []rune(clean); len(r) > 40 {
		clean = string(r[:40])
	}
	clean = strings.Trim(clean, "-")
	if clean == "" {
		return "article"
	}
	return clean
}
