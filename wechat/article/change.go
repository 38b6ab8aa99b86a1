package article

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ChangeKind is what happened to a part of an article on its way into the draft box.
type ChangeKind string

// The kinds of a [Change].
const (
	StyleEmptied   ChangeKind = "style emptied"   // the attribute is there, and nothing in it
	StyleLost      ChangeKind = "style lost"      // the attribute is gone, or declarations of it
	ElementLost    ChangeKind = "element lost"    // the element; its text may be there
	ElementChanged ChangeKind = "element changed" // another element stands in its place
	ElementAdded   ChangeKind = "element added"
	PictureLost    ChangeKind = "picture lost"
	PictureForeign ChangeKind = "picture foreign" // it is not on WeChat's hosts, and readers will not see it
	LinkLost       ChangeKind = "link lost"       // the text is there
	TextChanged    ChangeKind = "text changed"
)

// Change is one thing that the platform removed or changed.
type Change struct {
	Kind ChangeKind
	Line int    // in the Markdown, from 1; 0 where it is not known
	What string // what it is about: "<p>", a picture's address without its query; "" for a text

	// Sent and Stored are what it was and what it is: a style, an element, a text; either may be empty. Texts are cut off
	// after 200 characters.
	Sent, Stored string
}

// Say is the change in a sentence without the line, in English ("en") or Chinese ("zh").
func (c Change) Say(lang string) string {
	en, zh := "", ""
	switch c.Kind {
	case StyleEmptied:
		en, zh = fmt.Sprintf("the style of %s was emptied", c.What), fmt.Sprintf("%s 的样式被清空", c.What)
	case StyleLost:
		en, zh = fmt.Sprintf("%s lost %s", c.What, c.Sent), fmt.Sprintf("%s 丢失样式 %s", c.What, c.Sent)
	case ElementLost:
		en, zh = c.What+" was removed", c.What+" 被删除"
	case ElementChanged:
		en, zh = fmt.Sprintf("%s became %s", c.What, c.Stored), fmt.Sprintf("%s 变成了 %s", c.What, c.Stored)
	case ElementAdded:
		en, zh = c.What+" was added", "多出了 "+c.What
	case PictureLost:
		en, zh = fmt.Sprintf("the picture %s was removed", c.What), fmt.Sprintf("图片 %s 被删除", c.What)
	case PictureForeign:
		en, zh = fmt.Sprintf("the picture %s is not on WeChat's hosts", c.What), fmt.Sprintf("图片 %s 不在微信的域名上", c.What)
	case LinkLost:
		en, zh = fmt.Sprintf("the link to %s was removed", c.What), fmt.Sprintf("指向 %s 的链接被删除", c.What)
	case TextChanged:
		switch {
		case c.Stored == "":
			en, zh = "a text was removed", "文字被删除"
		case c.Sent == "":
			en, zh = "a text was added", "多出了文字"
		default:
			en, zh = "a text was changed", "文字被修改"
		}
	}
	return inLanguage(lang, en, zh)
}

// Hint is what to do about it, in English ("en") or Chinese ("zh").
func (c Change) Hint(lang string) string {
	switch c.Kind {
	case StyleEmptied:
		return inLanguage(lang, "a quote or an HTML entity anywhere in a style empties all of it: write font names without quotes",
			"样式中只要有引号或 HTML 实体，整个 style 都会被清空：字体名不要加引号")
	case StyleLost:
		return inLanguage(lang, "WeChat strips position, variables and what else it does not know: do without it in the theme or in the raw HTML of that line",
			"微信会删除 position、CSS 变量等它不支持的样式：请在主题或该行的 HTML 中改用别的写法")
	case ElementLost, ElementChanged:
		return inLanguage(lang, "WeChat does not keep this element as it is: write it in Markdown, or as <section> or <span> with a style attribute",
			"微信不保留这种元素：请用 Markdown 书写，或改成带 style 属性的 <section>、<span>")
	case ElementAdded:
		return inLanguage(lang, "look at the draft in the console: this came from WeChat or from somebody who edits there",
			"请在后台查看草稿：这是微信或在后台编辑的人加上的")
	case PictureLost, PictureForeign:
		return inLanguage(lang, "WeChat keeps pictures that this very account has uploaded: upload it again, and delete it from the cache if it came from there",
			"微信只保留本账号上传过的图片：请重新上传；若地址来自缓存，请先从缓存中删除")
	case LinkLost:
		return inLanguage(lang, "links stay that lead to articles at mp.weixin.qq.com; one other can go behind 阅读原文 (source in the front matter)",
			"只有指向 mp.weixin.qq.com 文章的链接会保留；另有一个外链可放在“阅读原文”（front matter 的 source）")
	case TextChanged:
		return inLanguage(lang, "compare the passage with the draft in the console: WeChat took it for markup, or somebody edited it there",
			"请在后台对照这一段：它可能被微信当成标记，或有人在后台改过")
	}
	return ""
}

func inLanguage(lang, en, zh string) string {
	if lang == "zh" {
		return zh
	}
	return en
}

// Explain is the whole difference for a person, in English ("en") or Chinese ("zh"): what was removed or changed, each
// with the lines of the Markdown where they are known, texts as "- " sent and "+ " stored, and what to do about each kind.
func (d *Difference) Explain(lang string) string {
	var b strings.Builder
	b.WriteString(inLanguage(lang, "WeChat did not store the article as it was sent:\n", "微信保存的内容与发送的不一致：\n"))
	if len(d.Changes) == 0 { // too different to be laid side by side
		for _, lost := range d.Lost {
			b.WriteString("  " + lost + "\n")
		}
		b.WriteString(d.Text)
		return b.String()
	}
	lines := map[Change][]int{}
	var order []Change
	var hints []string
	for _, c := range d.Changes {
		line := c.Line
		c.Line = 0
		if lines[c] == nil {
			order = append(order, c)
		}
		lines[c] = append(lines[c], line)
		if hint := c.Hint(lang); !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	for _, c := range order {
		b.WriteString("  " + where(lang, lines[c]) + c.Say(lang) + "\n")
		if c.Kind != TextChanged {
			continue
		}
		for _, side := range [][2]string{{"-", c.Sent}, {"+", c.Stored}} {
			if side[1] != "" {
				b.WriteString("    " + side[0] + " " + side[1] + "\n")
			}
		}
	}
	b.WriteString(inLanguage(lang, "What to do:\n", "怎么办：\n"))
	for _, hint := range hints {
		b.WriteString("  • " + hint + "\n")
	}
	return b.String()
}

// where names lines, and how often it happened where they are not known.
func where(lang string, lines []int) string {
	const most = 8
	known := slices.DeleteFunc(slices.Clone(lines), func(l int) bool { return l == 0 })
	slices.Sort(known)
	known = slices.Compact(known)
	if len(known) == 0 {
		if len(lines) == 1 {
			return ""
		}
		return fmt.Sprintf(inLanguage(lang, "%d times: ", "%d 处："), len(lines))
	}
	numbers := make([]string, 0, most)
	for _, l := range known[:min(most, len(known))] {
		numbers = append(numbers, strconv.Itoa(l))
	}
	more := ""
	if len(known) > most {
		more = fmt.Sprintf(inLanguage(lang, " and %d more", "（另有 %d 处）"), len(known)-most)
	}
	switch {
	case lang == "zh":
		return "第 " + strings.Join(numbers, "、") + " 行" + more + "："
	case len(known) == 1:
		return "line " + numbers[0] + ": "
	}
	return "lines " + strings.Join(numbers, ", ") + more + ": "
}
