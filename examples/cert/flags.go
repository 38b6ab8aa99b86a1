package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kitroll/kitroll/acmx"
)

// What proves the names.
const (
	dnsAliyun  = "aliyun"
	dnsRoute53 = "route53"
	dnsPrint   = "print"
)

// flags are what the command line says.
type flags struct {
	names, key, label, dns, resolver, dir, layout, reload, report, journal, out string
	keep                                                                        int
	planOnly, yes                                                               bool
	free                                                                        bool // the fakes take no money
	lang                                                                        Lang
}

func parseFlags(args []string, w io.Writer) (*flags, error) {
	f := &flags{lang: English}
	for i, a := range args { // the language is needed before the flags are read
		if a == "-lang=zh" || a == "--lang=zh" || (i > 0 && a == "zh" && strings.TrimLeft(args[i-1], "-") == "lang") {
			f.lang = Chinese
		}
	}
	say := f.lang.Say
	set := flag.NewFlagSet("cert", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.names, "names", "", say("the `names` of the certificate, with commas; the first is its common name (default on the fakes: www.example.com,example.com)", "证书的`域名`，以逗号分隔，第一个为通用名（模拟服务时默认：www.example.com,example.com）"))
	set.StringVar(&f.key, "key", "rsa2048", say("the `kind` of its key: rsa2048, ec256 or ec384", "私钥`类型`：rsa2048、ec256 或 ec384"))
	set.StringVar(&f.label, "label", "", say("a `word` that tells it from another one of the same names", "`标签`，用于区分域名相同的另一张证书"))
	set.StringVar(&f.dns, "dns", "", say("where its records go: `aliyun`, route53, or print to add them by hand (default: aliyun if its keys are set or aws is a fake, else route53)", "验证记录写入何处：`aliyun`、route53，或 print 表示手工添加（默认：设置了 aliyun 密钥或 aws 为模拟服务时用 aliyun，否则 route53）"))
	set.StringVar(&f.resolver, "resolver", "", say("the name `server` to be asked before buying whether CAA records allow it, or none (default: the system's)", "购买前查询 CAA 记录的域名`服务器`，或 none（默认：系统的）"))
	set.StringVar(&f.dir, "dir", "", say("the `folder` that the server reads (default: ssl in -out)", "服务器读取证书的`目录`（默认：-out 下的 ssl）"))
	set.StringVar(&f.layout, "layout", string(acmx.LayoutNginx), say("the `files` in it: nginx, apache or haproxy", "其中的`文件`：nginx、apache 或 haproxy"))
	set.IntVar(&f.keep, "keep", 2, say("how `many` versions stay beside the one in use", "除当前版本外保留的版本`数`"))
	set.StringVar(&f.reload, "reload", "", say("the `command` that makes the server read them, such as \"nginx -s reload\"; run without a shell", "使服务器重新读取的`命令`，如 \"nginx -s reload\"；不经过 shell"))
	set.BoolVar(&f.planOnly, "plan", false, say("show the plan and stop there", "只显示计划"))
	set.BoolVar(&f.yes, "yes", false, say("agree to the price in the plan without being asked", "不再询问，同意计划中的费用"))
	set.StringVar(&f.report, "report", "", say("write plan and outcome as an HTML page to this `file`", "把计划与结果写成 HTML `文件`"))
	set.StringVar(&f.journal, "journal", "", say("the `file` that remembers what is done (default: journal.json in -out)", "记录进度的`文件`（默认：-out 中的 journal.json）"))
	set.StringVar(&f.out, "out", "", say("the `folder` for the journal and the rest (default: cert-out and the first name)", "存放日志等的`目录`（默认：cert-out 下按第一个域名命名）"))
	lang := set.String("lang", string(English), say("`en` or zh: the language of messages", "`en` 或 zh：提示信息的语言"))
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
	fmt.Fprintln(w, lang.Say("cert: buy a certificate at AWS, prove its names by DNS, and install it for a web server\n\nFlags:", "cert：在 AWS 购买证书，用 DNS 验证域名，并为 Web 服务器安装\n\n参数："))
	set.SetOutput(w)
	set.PrintDefaults()
	fmt.Fprintln(w, lang.Say("\nA platform is real when its variables are in the environment, else a fake in this process:", "\n设置了以下环境变量的平台为真实平台，否则为本进程内的模拟服务："))
	for _, v := range allVariables() {
		v.write(w, lang)
	}
	fmt.Fprintln(w, lang.Say("\nExit codes: 0 done, 1 failed, 2 bad input (nothing done), 3 outcome unknown, 4 not confirmed, 130 interrupted", "\n退出码：0 完成，1 失败，2 输入有误（未执行任何操作），3 结果未知，4 未确认，130 被中断"))
}

// keyKinds are the words of -key.
func keyKinds() map[string]acmx.KeyAlgorithm {
	return map[string]acmx.KeyAlgorithm{"rsa2048": acmx.RSA2048, "ec256": acmx.ECP256, "ec384": acmx.ECP384}
}

// check finds everything that is wrong with the flags by themselves.
func (f *flags) check(rest []string) error {
	var errs []error
	problem := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.lang != English && f.lang != Chinese {
		problem("-lang: %q is neither en nor zh", f.lang)
		f.lang = English
	}
	if len(rest) > 0 {
		problem("%q is not a flag: names are given with -names", rest[0])
	}
	if _, ok := keyKinds()[f.key]; !ok {
		problem("-key: %q is none of rsa2048, ec256, ec384", f.key)
	}
	if !slices.Contains([]string{"", dnsAliyun, dnsRoute53, dnsPrint}, f.dns) {
		problem("-dns: %q is none of aliyun, route53, print", f.dns)
	}
	if !slices.Contains([]acmx.Layout{acmx.LayoutNginx, acmx.LayoutApache, acmx.LayoutHAProxy}, acmx.Layout(f.layout)) {
		problem("-layout: %q is none of nginx, apache, haproxy", f.layout)
	}
	if f.keep < 0 {
		problem("-keep: %d versions cannot be kept", f.keep)
	}
	return errors.Join(errs...)
}

// resolve fills in what depends on the environment, and makes the job.
func (f *flags) resolve(s Settings) (Job, acmx.Spec, error) {
	isReal := s.real["aws"]
	names := f.names
	switch {
	case names == "" && isReal:
		return Job{}, acmx.Spec{}, errors.New("-names: aws is real: name the certificate's names")
	case names == "":
		names = "www.example.com,example.com"
	}
	var list []string
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return Job{}, acmx.Spec{}, errors.New("-names: there is no name in it")
	}
	if f.dns == "" {
		f.dns = dnsAliyun
		if isReal && !s.real["aliyun"] {
			f.dns = dnsRoute53
		}
	}
	switch {
	case isReal && f.dns == dnsAliyun && !s.real["aliyun"]:
		return Job{}, acmx.Spec{}, errors.New("-dns aliyun: aws is real and aliyun is a fake, where no authority would look: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or use -dns route53 or -dns print")
	case !isReal && f.dns == dnsPrint:
		return Job{}, acmx.Spec{}, errors.New("-dns print: aws is a fake, and nobody can add records to its zones by hand")
	}
	f.free = !isReal
	if f.out == "" {
		f.out = filepath.Join("cert-out", strings.NewReplacer("*", "_", "/", "_", "\\", "_").Replace(list[0]))
	}
	if f.journal == "" {
		f.journal = filepath.Join(f.out, "journal.json")
	}
	if f.dir == "" {
		f.dir = filepath.Join(f.out, "ssl")
	}
	job := Job{Names: list, Dir: f.dir, Reload: strings.Fields(f.reload), PlanOnly: f.planOnly, Lang: f.lang}
	return job, acmx.Spec{Names: list, Key: keyKinds()[f.key], Exportable: true, Label: f.label}, nil
}
