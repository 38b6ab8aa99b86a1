package article_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing/fstest"

	"github.com/kitroll/kitroll/wechat"
	"github.com/kitroll/kitroll/wechat/article"
	"github.com/kitroll/kitroll/wechat/wechattest"
)

// A folder with a text and its pictures becomes a draft.
func ExamplePublisher_Draft() {
	srv := wechattest.NewServer() // real code: wechat.Config{AppID: …, Secret: …}
	defer srv.Close()
	client, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := article.New(article.Config{
		Client: client,
		Loader: article.Loader{FS: os.DirFS("testdata")},
		Cache:  article.MemoryCache(), // FileCache, or a database of yours, keeps it over restarts
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	md := []byte("# 你好\n\n一段文字，[出处](https://go.dev/)。\n\n![图](tiny.webp)\n")
	id, report, err := publisher.Draft(context.Background(), md, nil)
	fmt.Println(id != "", err)
	for _, p := range report.Pictures {
		fmt.Println(p.Ref, p.From, "→", p.To)
	}
	for _, note := range report.Notes {
		fmt.Println(note)
	}
	// Output:
	// true <nil>
	// tiny.webp image/webp → image/jpeg
	// line 3: a link became a reference (引用链接): WeChat removes links that leave it
}

// One file holds two articles, which become one draft; later the second is changed in place.
func ExamplePublisher_DraftAll() {
	srv := wechattest.NewServer()
	defer srv.Close()
	client, err := wechat.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := article.New(article.Config{Client: client, Loader: article.Loader{FS: os.DirFS("testdata")}, Cache: article.MemoryCache()})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	file := []byte("# 头条\n\n![图](tiny.webp)\n\n<!-- article -->\n\n# 次条\n\n![图](tiny.webp)\n")
	id, reports, err := publisher.DraftAll(ctx, article.Split(file)...)
	fmt.Println(len(reports), reports[1].Title, err)

	report, err := publisher.Update(ctx, id, 1, []byte("# 次条（更正）\n\n改过的文字。\n\n![图](tiny.webp)\n"), nil)
	fmt.Println(report.Title, report.Pictures[0].Uploaded, err)
	// Output:
	// 2 次条 <nil>
	// 次条（更正） false <nil>
}

// Each step is there on its own, for a program that remembers its steps.
func ExampleDocument_Render() {
	doc, err := article.Parse([]byte("---\ntitle: 短文\nauthor: 某人\n---\n见 ![图](a.png)\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(doc.Title, doc.Author, doc.Pictures(), doc.Check())
	out, err := doc.Render(article.RenderOptions{
		Theme:    article.Theme{Paragraph: "margin:0"}, // a theme of one's own
		Pictures: map[string]string{"a.png": "http://mmbiz.qpic.cn/mmbiz_png/abc/0"},
	})
	fmt.Println(out.HTML, err)
	// Output:
	// 短文 某人 [a.png] <nil>
	// <section><p style="margin:0">见 <img src="https://mmbiz.qpic.cn/mmbiz_png/abc/0" alt="图"></p></section> <nil>
}

func ExampleVerify() {
	sent := `<p style="color:#333">你好<img src="https://mmbiz.qpic.cn/a/0"></p>`
	stored := `<p style="">你好</p>`
	fmt.Println(article.Verify(sent, stored))
	// Output:
	// article: what WeChat stored is not what was sent: <img>: 1 sent, 0 stored; style=: 1 sent, 0 stored; style="": 1 stored; a quote or an entity in a style does that; picture https://mmbiz.qpic.cn/a/0 is gone
}

// What the platform changed, with the line of the Markdown and what to do about it.
func ExampleDifference_Explain() {
	doc, err := article.Parse([]byte("# t\n\n你好，**世界**。\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := doc.Render(article.RenderOptions{Theme: article.Theme{Strong: "color:#1c3a77"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = out.Verify(strings.Replace(out.HTML, "color:#1c3a77", "", 1))
	if diff, ok := errors.AsType[*article.Difference](err); ok {
		fmt.Print(diff.Explain("en"))
		fmt.Print(diff.Explain("zh"))
	}
	// Output:
	// WeChat did not store the article as it was sent:
	//   line 3: the style of <strong> was emptied
	// What to do:
	//   • a quote or an HTML entity anywhere in a style empties all of it: write font names without quotes
	// 微信保存的内容与发送的不一致：
	//   第 3 行：<strong> 的样式被清空
	// 怎么办：
	//   • 样式中只要有引号或 HTML 实体，整个 style 都会被清空：字体名不要加引号
}

func ExampleLoader_Load() {
	loader := article.Loader{FS: fstest.MapFS{"note.txt": {Data: []byte("no picture")}}}
	p, err := loader.Load(context.Background(), "note.txt")
	fmt.Println(p.Type, err)
	_, err = article.Fit(p)
	fmt.Println(err)
	_, err = loader.Load(context.Background(), "../secret.png")
	fmt.Println(err)
	// Output:
	// text/plain <nil>
	// article: picture note.txt (text/plain): not a readable picture: its content is text/plain: a link to a web page in place of the picture itself looks like this
	// article: picture ../secret.png: permission denied: the path leaves the article's folder
}
