package main

import "fmt"

// Lang is the language of what the program says, and of an article that it has written.
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

// stepName is a step as people call it.
func (l Lang) stepName(step string) string {
	names := map[string][2]string{
		"article":  {"read the article", "读取文章"},
		"pictures": {"read the pictures", "读取图片"},
		"picture":  {"upload a picture", "上传图片"},
		"render":   {"lay out the article", "排版"},
		"write":    {"write the article", "撰写文章"},
		"paint":    {"paint the cover", "生成封面图"},
		"host":     {"host pictures", "上传图床"},
		"upload":   {"upload pictures", "上传正文图片"},
		"cover":    {"upload the cover", "上传封面"},
		"draft":    {"create the draft", "创建草稿"},
		"proof":    {"read the draft back", "核对草稿"},
		"publish":  {"publish", "发布"},
		"mass":     {"mass send", "群发"},
		"sms":      {"tell the operator", "通知运维人员"},
	}
	if n, ok := names[step]; ok {
		return l.Say(n[0], n[1])
	}
	return step
}
