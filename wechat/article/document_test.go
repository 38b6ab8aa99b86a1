package article_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/wechat/article"
)

func TestParseFrontMatter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		md   string
		want article.Document
		meta map[string]string
	}{
		"none":             {md: "# 题\n\n正文", want: article.Document{Title: "题"}},
		"all":              {md: "---\ntitle: 题\nauthor: 人\ndigest: 摘\ncover: a.png\nsource: https://e.com\n---\nx", want: article.Document{Title: "题", Author: "人", Digest: "摘", Cover: "a.png", SourceURL: "https://e.com"}},
		"other spellings":  {md: "---\nTitle: 题\ndescription: 摘\ncontent_source_url: https://e.com\n---\nx", want: article.Document{Title: "题", Digest: "摘", SourceURL: "https://e.com"}},
		"link":             {md: "---\ntitle: 题\nlink: https://e.com\n---\nx", want: article.Document{Title: "题", SourceURL: "https://e.com"}},
		"double quotes":    {md: "---\ntitle: \"a: \\\"b\\\" \\\\ c\" # why\n---\nx", want: article.Document{Title: `a: "b" \ c`}},
		"single quotes":    {md: "---\ntitle: 'it''s # here'\n---\nx", want: article.Document{Title: "it's # here"}},
		"hash stays":       {md: "---\ntitle: C # 入门\n---\nx", want: article.Document{Title: "C # 入门"}},
		"bom and crlf":     {md: "\xef\xbb\xbf---\r\ntitle: 题\r\n---\r\nx\r\n", want: article.Document{Title: "题"}},
		"dots close":       {md: "---\ntitle: 题\n...\nx", want: article.Document{Title: "题"}},
		"empty block":      {md: "---\n---\n# 题\nx", want: article.Document{Title: "题"}},
		"comment":          {md: "---\n# note\n\ntitle: 题\n---\nx", want: article.Document{Title: "题"}},
		"rule is no block": {md: "x\n\n---\n\ny", want: article.Document{}},
		"meta": {
			md:   "---\ntitle: 题\ntags:\n  - a\n  - b\ndraft: true\nlist: [x, y]\nquoted: 'z'\n---\nx",
			want: article.Document{Title: "题"}, meta: map[string]string{"tags": "- a\n- b", "draft": "true", "list": "[x, y]", "quoted": "z"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(tt.md))
			require.NoError(t, err)
			assert.Equal(t, [5]string{tt.want.Title, tt.want.Author, tt.want.Digest, tt.want.Cover, tt.want.SourceURL},
				[5]string{d.Title, d.Author, d.Digest, d.Cover, d.SourceURL})
			if tt.meta == nil {
				tt.meta = map[string]string{}
			}
			assert.Equal(t, tt.meta, d.Meta)
		})
	}
}

func TestParseFrontMatterRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		md   string
		line int
		says string
	}{
		"not closed":         {"---\ntitle: x\n", 1, "never closed"},
		"no colon":           {"---\ntitle: x\nnonsense\n---\n", 3, "not key: value"},
		"no space":           {"---\ntitle:x\n---\n", 2, "space is missing"},
		"block text":         {"---\ntitle: |\n  x\n---\n", 2, "must be quoted"},
		"indented title":     {"---\ntitle: x\n  y\n---\n", 3, "indented"},
		"list without owner": {"---\n- x\n---\n", 2, "list item"},
		"open quote":         {"---\ntitle: \"x\n---\n", 2, "not closed"},
		"after the quote":    {"---\ntitle: \"x\" y\n---\n", 2, "after the closing quote"},
		"bad escape":         {"---\n\ntitle: \"\\q\"\n---\n", 3, "no escape"},
		"twice":              {"---\ntitle: x\ntitle: y\n---\n", 3, "line 2"},
		"twice by alias":     {"---\ndigest: x\nauthor: a\ndescription: y\n---\n", 4, "line 2"},
		"strange key":        {"---\n\"title\": x\n---\n", 2, "not a key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := article.Parse([]byte(tt.md))
			e, ok := errorAs[*article.FrontMatterError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.line, e.Line)
			assert.ErrorContains(t, err, tt.says)
		})
	}
	_, err := article.Parse([]byte("\xc4\xe3\xba\xc3"))
	assert.ErrorContains(t, err, "not UTF-8")
}

func TestTitleFromHeading(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ md, title, body string }{
		"first h1 leaves":       {"# A **b** `c`\n\nx", "A b c", "<p>x</p>"},
		"later h1":              {"x\n\n# A\n\ny", "A", "<p>x</p><p>y</p>"},
		"second h1 stays":       {"# A\n\n# B\n\nx", "A", "<h1>B</h1><p>x</p>"},
		"same as front matter":  {"---\ntitle: A\n---\n# A\n\nx", "A", "<p>x</p>"},
		"other than the matter": {"---\ntitle: A\n---\n# B\n\nx", "A", "<h1>B</h1><p>x</p>"},
		"setext":                {"A\n===\n\nx", "A", "<p>x</p>"},
		"escapes":               {"# a &amp; b \\* c\n\nx", "a & b * c", "<p>x</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(tt.md))
			require.NoError(t, err)
			assert.Equal(t, tt.title, d.Title)
			assert.Equal(t, tt.body, body(t, tt.md))
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("字", n) }
	for name, tt := range map[string]struct {
		md    string
		field string
		kind  error
		count int
		limit int
	}{
		"good":                {md: "---\ntitle: " + long(32) + "\nauthor: " + long(16) + "\ndigest: " + long(128) + "\n---\nx"},
		"title":               {"---\ntitle: " + long(33) + "\n---\nx", "title", article.ErrTooLong, 33, 32},
		"author":              {"---\ntitle: t\nauthor: " + long(17) + "\n---\nx", "author", article.ErrTooLong, 17, 16},
		"digest":              {"---\ntitle: t\ndigest: " + long(129) + "\n---\nx", "digest", article.ErrTooLong, 129, 128},
		"source too long":     {"---\ntitle: t\nsource: https://e.com/" + strings.Repeat("a", 1024) + "\n---\nx", "source", article.ErrTooLong, 1038, 1024},
		"source not whole":    {"---\ntitle: t\nsource: e.com\n---\nx", "source", nil, 0, 0},
		"source of a file":    {"---\ntitle: t\nsource: ftp://e.com/x\n---\nx", "source", nil, 0, 0},
		"no title":            {"x", "title", article.ErrEmpty, 0, 0},
		"no body":             {"---\ntitle: t\n---\n", "body", article.ErrEmpty, 0, 0},
		"a title is no body":  {"# t\n", "body", article.ErrEmpty, 0, 0},
		"a comment is none":   {"# t\n\n<!-- x -->\n", "body", article.ErrEmpty, 0, 0},
		"a script is none":    {"# t\n\n<script>x</script>\n", "body", article.ErrEmpty, 0, 0},
		"a picture is enough": {md: "# t\n\n![](a.png)"},
		"code is enough":      {md: "# t\n\n```\nx\n```"},
		"html is enough":      {md: "# t\n\n<div>x</div>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := article.Parse([]byte(tt.md))
			require.NoError(t, err)
			err = d.Check()
			if tt.field == "" {
				require.NoError(t, err)
				return
			}
			e, ok := errorAs[*article.FieldError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, tt.field, e.Field)
			assert.Equal(t, [2]int{tt.count, tt.limit}, [2]int{e.Count, e.Limit})
			if tt.kind != nil {
				assert.ErrorIs(t, err, tt.kind)
			}
		})
	}
	d, err := article.Parse([]byte("---\nauthor: " + long(20) + "\n---\n"))
	require.NoError(t, err)
	for _, field := range []string{"title", "author", "body"} {
		assert.ErrorContains(t, d.Check(), field, "all problems at once")
	}
}

func TestPictures(t *testing.T) {
	t.Parallel()
	d, err := article.Parse([]byte(`![a](b.png) ![a](a.png) [![x](c.png)](https://e.com) ![again](b.png)
![ref][r] ![en](a&amp;b.png) ![done](https://mmbiz.qpic.cn/x/0) ![user](https://u@mmbiz.qpic.cn/x/0)

<p><img src="raw.png"><img data-src='lazy.png'></p>

x <img src="inline.png"> ![](<sp ace.png>)

[r]: d.png`))
	require.NoError(t, err)
	assert.Equal(t, []string{"b.png", "a.png", "c.png", "d.png", "a&b.png", "https://u@mmbiz.qpic.cn/x/0", "raw.png", "lazy.png", "inline.png", "sp ace.png"}, d.Pictures())
	d.Pictures()[0] = "changed"
	assert.Equal(t, "b.png", d.Pictures()[0])
}
