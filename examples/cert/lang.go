package main

import "fmt"

// Lang is the language of what the program says.
type Lang string

// The two languages.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

// Say picks one of two texts.
func (l Lang) Say(en, zh string) string {
	if l == Chinese {
		return zh
	}
	return en
}

// Sayf is Say with a format; both texts take the same arguments in the same order.
func (l Lang) Sayf(en, zh string, args ...any) string { return fmt.Sprintf(l.Say(en, zh), args...) }

// The steps, in their order. What is under a name in the journal is under it in the report too.
const (
	stepPlan        = "plan"
	stepCertificate = "certificate"
	stepRecord      = "record"
	stepExport      = "export"
	stepChain       = "chain"
	stepInstall     = "install"
	stepReload      = "reload"
)

// stepName is a step as people call it.
func (l Lang) stepName(step string) string {
	names := map[string][2]string{
		stepPlan:        {"plan", "计划"},
		stepCertificate: {"certificate", "证书"},
		stepRecord:      {"DNS record", "DNS 记录"},
		stepExport:      {"export and decrypt", "导出并解密"},
		stepChain:       {"join the chain", "拼接证书链"},
		stepInstall:     {"install", "安装"},
		stepReload:      {"reload", "重新加载"},
	}
	if n, ok := names[step]; ok {
		return l.Say(n[0], n[1])
	}
	return step
}
