package wechat

import (
	"html"
	"net/url"
	"regexp"
	"strings"
)

var (
	imgTag   = regexp.MustCompile(`(?is)<!--.*?-->|<img(?:\s|/)(?:[^>"']|"[^"]*"|'[^']*')*>`)
	srcAttr  = regexp.MustCompile(`(?is)[\s"'/](data-)?src\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)`)
	styleTag = regexp.MustCompile(`(?is)\sstyle\s*=\s*("[^"]*"|'[^']*')`)
)

// foreignImages are the sources in an article's HTML that are not on WeChat's picture hosts: the platform would filter
// them out without a word.
func foreignImages(content string) []string {
	var foreign []string
	for _, tag := range imgTag.FindAllString(content, -1) {
		if strings.HasPrefix(tag, "<!--") {
			continue
		}
		sources := srcAttr.FindAllStringSubmatch(tag, -1)
		if sources == nil {
			foreign = append(foreign, "")
		}
		for _, m := range sources {
			src := html.UnescapeString(strings.Trim(m[2], `"'`))
			u, err := url.Parse(strings.TrimSpace(src))
			if err != nil || !onPictureHost(u.Host) || (u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "") {
				foreign = append(foreign, src)
			}
		}
	}
	return foreign
}

// plainStyles decodes the entities inside of style attributes. WeChat writes them into what draft/get returns, and
// empties a style attribute that comes back with one: style="font-family:&#39;PingFang&#39;" is stored as style="".
func plainStyles(content string) string {
	return styleTag.ReplaceAllStringFunc(content, func(attr string) string {
		name, value, _ := strings.Cut(attr, "=")
		value = strings.TrimSpace(value)
		quote := value[:1]
		if !strings.Contains(value, "&") {
			return attr
		}
		other := map[string]string{`"`: `'`, `'`: `"`}[quote]
		return name + "=" + quote + strings.ReplaceAll(html.UnescapeString(strings.Trim(value, quote)), quote, other) + quote
	})
}

// entityStyles counts style attributes that the platform would empty.
func entityStyles(content string) int {
	n := 0
	for _, m := range styleTag.FindAllString(content, -1) {
		if strings.Contains(m, "&") {
			n++
		}
	}
	return n
}
