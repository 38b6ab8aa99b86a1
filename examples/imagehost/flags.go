package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// flags are what the command line says.
type flags struct {
	folder, out, prefix, serve             string
	origins                                []string
	planOnly, yes, keep, prune, jsonReport bool
	maxDelete, parallel                    int
	wait                                   time.Duration
	lang                                   Lang
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{lang: English}
	for i, a := range args { // the language is needed before the flags are read
		if a == "-lang=zh" || a == "--lang=zh" || i > 0 && a == "zh" && strings.TrimLeft(args[i-1], "-") == "lang" {
			f.lang = Chinese
		}
	}
	say := f.lang.Say
	set := flag.NewFlagSet("imagehost", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&f.planOnly, "plan", false, say("show the plan and stop there", "只显示计划，不做任何更改"))
	set.BoolVar(&f.yes, "yes", false, say("do not ask before the plan is carried out for real", "在真实账户上执行计划前不再询问"))
	set.Func("origin", say("pages of this `origin` may read the pictures with scripts, as https://www.example.com; may be given again (default: CORS rules are left alone; on the fakes https://www.example.com)",
		"此`来源`的网页可用脚本读取图片，如 https://www.example.com；可多次给出（默认：不改动 CORS 规则；模拟服务上为 https://www.example.com）"), func(origin string) error {
		f.origins = append(f.origins, origin)
		return nil
	})
	set.BoolVar(&f.keep, "keep-metadata", false, say("upload what cameras wrote into the pictures, the place too", "保留相机写入图片的信息（包括拍摄地点）"))
	set.BoolVar(&f.prune, "prune", false, say("delete what earlier runs have uploaded and no file is any more", "删除以前上传、但文件夹中已不存在的图片"))
	set.IntVar(&f.maxDelete, "max-delete", 10, say("-prune deletes at most this `many`, or nothing", "-prune 最多删除的`数量`，超过则一个也不删"))
	set.StringVar(&f.prefix, "prefix", "", say("keys begin with this `text`, such as holiday/", "对象键的`前缀`，如 holiday/"))
	set.IntVar(&f.parallel, "parallel", 6, say("upload this `many` pictures at a time", "同时上传的图片`数`"))
	set.DurationVar(&f.wait, "wait", 15*time.Minute, say("how long the domain may take until it serves", "等待域名生效的最长`时间`"))
	set.StringVar(&f.out, "out", "", say("the `folder` for the page, the links and what has to be remembered (default: imagehost-out and the bucket's name, or fake)",
		"输出`目录`，存放页面、链接和记录（默认：imagehost-out 下按存储桶命名，或 fake）"))
	set.StringVar(&f.serve, "serve", "", say("afterwards serve the page at this loopback `address`, and the fake's bucket beside it, until interrupted", "完成后在此本机`地址`提供页面（以及模拟存储桶），直到被中断"))
	set.BoolVar(&f.jsonReport, "json", false, say("the report as JSON on standard output", "在标准输出给出 JSON 报告"))
	lang := set.String("lang", string(English), say("`en` or zh: the language of messages and of the page", "`en` 或 zh：提示信息和页面的语言"))
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
	fmt.Fprintln(w, lang.Say("imagehost [flags] [FOLDER]: a folder of pictures on Cloudflare R2, with addresses, Markdown and HTML to copy\n\nFlags:",
		"imagehost [参数] [文件夹]：把一个文件夹的图片放到 Cloudflare R2，并给出可复制的地址、Markdown 和 HTML\n\n参数："))
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprintln(w, lang.Say("\nThe account is real when its variables are in the environment, else a fake in this process:",
		"\n设置了以下环境变量时使用真实账户，否则为本进程内的模拟服务："))
	fmt.Fprintf(w, "  %s\n    %s: %s\n    %s\n", strings.Join(requiredVariables(), " "), lang.Say("optional", "可选"), strings.Join(optionalVariables(), " "),
		lang.Say("R2_PUBLIC_BASE is https:// and the custom domain; the API token needs Workers R2 Storage Write and Zone Read, for -prune also Cache Purge",
			"R2_PUBLIC_BASE 为 https:// 加自定义域名；API 令牌需要 Workers R2 Storage Write 和 Zone Read 权限，-prune 还需要 Cache Purge"))
	fmt.Fprintln(w, lang.Say("\nExit codes: 0 done, 1 failed, 2 bad input (nothing changed), 3 outcome unknown, 4 not confirmed, 130 interrupted",
		"\n退出码：0 完成，1 失败，2 输入有误（未做任何更改），3 结果未知，4 未确认，130 被中断"))
}

// check finds everything that is wrong with the flags by themselves.
func (f *flags) check(rest []string) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.lang != English && f.lang != Chinese {
		problem("-lang: %q is neither en nor zh", string(f.lang))
		f.lang = English
	}
	switch len(rest) {
	case 0:
	case 1:
		f.folder = rest[0]
	default:
		problem("%q: one folder at a time, and flags before it", rest[1])
	}
	if f.prefix != "" && (!strings.HasSuffix(f.prefix, "/") || strings.HasPrefix(f.prefix, "/") || strings.Contains("/"+f.prefix, "/./") ||
		strings.Contains("/"+f.prefix, "/../") || strings.Contains(f.prefix, "//") || strings.ContainsFunc(f.prefix, unicode.IsControl) || len(f.prefix) > 512) {
		problem("-prefix: %q is none: want name/, or name/name/", f.prefix)
	}
	if f.maxDelete < 0 {
		problem("-max-delete: %d is negative", f.maxDelete)
	}
	if f.parallel < 1 || f.parallel > 32 {
		problem("-parallel: %d is not in 1 to 32", f.parallel)
	}
	if f.wait <= 0 {
		problem("-wait: %v is no time", f.wait)
	}
	if f.serve != "" {
		if at, err := netip.ParseAddrPort(f.serve); err != nil || !at.Addr().IsLoopback() {
			problem("-serve: %q is no loopback address and port, such as 127.0.0.1:8080", f.serve)
		}
		if f.planOnly {
			problem("-serve and -plan exclude each other: a plan has no page")
		}
	}
	return errors.Join(errs...)
}

// complete adds what depends on whether the account is real.
func (f *flags) complete(s Settings) error {
	if s.Real && f.folder == "" {
		return errors.New("name the folder: the account is real, and the pictures that the program draws are not for it")
	}
	if f.out == "" {
		f.out = filepath.Join("imagehost-out", "fake")
		if s.Real {
			f.out = filepath.Join("imagehost-out", s.Bucket)
		}
	}
	if !s.Real && f.origins == nil {
		f.origins = []string{"https://www.example.com"}
	}
	return nil
}
