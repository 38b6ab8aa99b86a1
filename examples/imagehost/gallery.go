package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
)

//go:embed page
var page embed.FS

// gallery is gallery.html: one file that needs nothing but the pictures, from a folder as well as from a server. Its policy
// lets its own script and style run, by their hashes, and pictures come from one origin.
func gallery(links []Link, base string, lang Lang) ([]byte, error) {
	t, err := template.ParseFS(page, "page/gallery.html")
	if err != nil {
		return nil, err
	}
	style, err := page.ReadFile("page/gallery.css")
	if err != nil {
		return nil, err
	}
	script, err := page.ReadFile("page/gallery.js")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the public address %q is none", base)
	}
	type item struct {
		Link
		Size string
	}
	items := make([]item, len(links))
	for i, l := range links {
		items[i] = item{l, bytesOf(l.Bytes)}
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Lang": lang.Say("en", "zh-CN"), "Links": items, "Title": lang.Sayf("Pictures (%d)", "图片（%d）", len(links)), "Where": u.Host,
		"Style": template.CSS(style), "Script": template.JS(script), //nolint:gosec // they are ours, and nothing is put into them
		"Policy": fmt.Sprintf("default-src 'none'; img-src %s://%s; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
			u.Scheme, u.Host, policyHash(style), policyHash(script)),
		"Copied": lang.Say("copied:", "已复制："), "NotCopied": lang.Say("this browser does not copy:", "浏览器不允许复制："),
		"NoScript": lang.Say("The buttons need JavaScript; links.md beside this page has all that they copy.", "按钮需要 JavaScript；本页旁边的 links.md 含有全部内容。"),
	})
	return b.Bytes(), err
}

func policyHash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// write writes what comes out: the page, and the links for people and for programs.
func (j *job) write(p *Plan) error {
	links, err := linksOf(p.Folder.Pictures, j.flags.prefix, j.account.Data.PublicURL)
	if err != nil {
		return err
	}
	j.report.Pictures = links
	html, err := gallery(links, j.account.Base, j.lang)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(links); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"gallery.html": html, "links.md": linksMarkdown(links, j.lang), "links.json": data.Bytes()} {
		if err := writeFile(j.flags.out, name, content); err != nil {
			return err
		}
	}
	return nil
}
