// Package article turns Markdown with its pictures into a draft of a WeChat Official Account (微信公众号): one call from
// a text in a folder to HTML that looks the same in the app, or each step on its own.
//
// # What the platform does
//
// WeChat takes HTML and filters it without a word. The draft is made, and what it did not like is gone:
//
//   - <style>, <script>, <iframe>, class, id and event handlers are stripped: style attributes are all there is.
//   - A style attribute with a quote or an HTML entity in it becomes style="". position, variables and pseudo-elements
//     are stripped as well.
//   - <div> with blocks inside is dissolved and loses its looks.
//   - A link stays only if it leads to an article at mp.weixin.qq.com.
//   - A picture stays only if it lies on mmbiz.qpic.cn or mmbiz.qlogo.cn, which means: uploaded before. The upload takes
//     PNG and JPEG below 1 MB; a GIF has to go through the material library; nothing else is taken.
//   - Lists inside lists grow extra bullets and lose their numbers; the white space of code collapses.
//
// # What the package promises
//
//   - What [Document.Render] gives is what survives: inline styles from a [Theme], <section> for <div>, links as numbered
//     references (引用链接) at the end, lists below the first level as indented lines with markers, code with <br> and
//     &nbsp; in a box that scrolls, tables in one too, drawings of plain shapes. It passes an allow-list at the end,
//     whatever raw HTML, a theme, a highlighter or a formula brought in.
//   - Nothing is lost in silence. What is not as it was written is in [Rendered].Notes, with its line; a picture without
//     an address at WeChat, a formula that nobody renders and a drawing that would lose parts are errors; and
//     [Publisher.Draft] reads the draft back and compares it. A [Difference] says what WeChat removed or changed, in which
//     line of the Markdown, and what to do about it, in English or Chinese.
//   - Pictures become what WeChat takes ([Fit]): large ones are scaled and encoded again, WebP, BMP and TIFF converted,
//     photos turned upright, a GIF left as it is. The same content is uploaded once, and with a [Cache] never again.
//   - Everything is checked before anything is sent: fields against their limits, each picture to its last byte, the size
//     of the HTML. All problems come at once.
//   - It can be read in the light and in the dark: the themes are measured in both of WeChat's modes, and one of your own
//     can be ([Theme.CheckContrast]).
//   - Pictures come from where they may ([Loader]): a folder that is never left, data: URIs, public addresses of the
//     internet and no private ones.
//
// # A folder becomes a draft
//
//	client, err := wechat.New(wechat.Config{AppID: "wx…", Secret: secret})
//	root, err := os.OpenRoot("post") // article.md and its pictures
//	publisher, err := article.New(article.Config{
//		Client: client,
//		Loader: article.Loader{FS: root.FS()},
//		Theme:  article.InkTheme(),    // or DefaultTheme, BoldTheme, one of your own
//		Cache:  article.MemoryCache(), // FileCache keeps it over restarts
//	})
//	md, err := root.ReadFile("article.md")
//	id, report, err := publisher.Draft(ctx, md, nil)
//	if diff, ok := errors.AsType[*article.Difference](err); ok {
//		fmt.Print(diff.Explain("en")) // the draft is there, and WeChat changed it
//	} else if errors.Is(err, wechat.ErrUnknownOutcome) {
//		// it may be there: look before trying again
//	} else if err != nil {
//		return err
//	}
//	for _, note := range report.Notes {
//		fmt.Println(note) // line 12: a link became a reference …
//	}
//	err = os.WriteFile("preview.html", report.Preview(), 0o600)
//
// The text says what the article is called and what is on its cover:
//
//	---
//	title: 标题
//	author: 作者
//	digest: 摘要
//	cover: cover.png
//	source: https://example.com/original
//	---
//
// Without a title there the first level-one heading is it, without a cover the first picture, and without a digest
// WeChat takes the first 54 characters.
//
// # Several articles, and changes
//
// A draft holds up to eight articles: several texts, or one file that [Split] takes apart at its lines <!-- article -->.
// A draft that is there is changed in place: it keeps its ID, its other articles and its comments.
//
//	id, reports, err := publisher.DraftAll(ctx, article.Split(file)...)
//	report, err := publisher.Update(ctx, id, 1, md, nil)         // the second article
//	reports, err := publisher.UpdateAll(ctx, id, article.Split(file)...)
//
// # Code, formulas, drawings
//
// RenderOptions.Highlight colours code: any highlighter that writes inline styles will do, the example of RenderOptions is
// one. This package brings none, since the usual one weighs more than all the rest. RenderOptions.Math turns the TeX of
// $…$, $$…$$ and blocks of code in the language math into SVG, a picture or text; without it a formula is an error, and
// [TeXSource] shows it as it is written. An <svg> in the text stays if it is made of plain shapes: gradients, filters,
// <use>, <foreignObject> and animations do not survive and are errors with their line. Other diagrams (Mermaid and the
// like) stay as their source, with a note.
//
// # The steps
//
// A program that remembers its steps, or keeps its pictures elsewhere, takes them one by one:
//
//	doc, err := article.Parse(md)
//	err = doc.Check()
//	for _, ref := range doc.Pictures() {
//		raw, err := loader.Load(ctx, ref)
//		fit, err := article.Fit(raw)
//		pictures = append(pictures, fit)
//	}
//	urls, err := article.Upload(ctx, client, pictures, article.UploadOptions{Cache: cache})
//	out, err := doc.Render(article.RenderOptions{Pictures: urls})
//	page := article.Preview(out.HTML, doc.Title, doc.Author, nil)
//	id, err := client.CreateDraft(ctx, wechat.Article{Title: doc.Title, Content: out.HTML, Cover: cover})
//	draft, err := client.Draft(ctx, id)
//	err = out.Verify(draft.Articles[0].Content) // or article.Verify, for HTML that was kept
//
// # Limits
//
// A title has at most 32 characters, an author 16, a digest 128, the address of the original 1024 bytes. The HTML stays
// below 1 MiB; officially it has at most 20,000 characters, which the platform does not enforce, so that more is a note.
// A picture is read up to 20 MiB and 64 megapixels; a GIF may have 10 MB. AVIF, HEIC, JPEG XL, SVG and animated WebP are
// refused with a hint. Nothing here publishes: a draft is where it ends.
//
// What is written above of the filter is field experience and may change; this is why Verify exists. The dark mode of
// [Preview] and of CheckContrast follows what its makers have published; what an app does may be newer.
//
// Sources: draft/add, draft/update, media/uploadimg and material/add_material at
// developers.weixin.qq.com/doc/subscription/api, github.com/wechatjs/mp-darkmode, and field reports on what draft/get
// gives back (read 2026-11).
package article
