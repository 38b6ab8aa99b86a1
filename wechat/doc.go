// Package wechat drives a WeChat Official Account (微信公众号): pictures and materials, the draft box, publishing, mass
// sends, followers and tags, menus, and the account's own quotas and permissions. It needs the standard library alone.
//
// # What the platform does
//
// An article begins as a draft, and the draft box is open to every account. Two ways lead on from it, and they are not
// the same. To publish (freepublish) makes a page of it, with a URL for menus and replies, and tells nobody; since July
// 2025 that is closed to personal and unverified accounts (48001). To mass-send (群发) pushes a card into the chat of
// the followers, which is what most people mean by 推送, and uses up a tiny quota: 1 a day for a 订阅号, 4 a month to
// each follower for a 服务号. Both consume the draft, and both answer with a job that takes minutes.
//
// Quotas are small elsewhere too: 100 looks at publishing jobs a day, 100 publications, 100 calls of mass send. They
// start anew at 00:00 in Beijing.
//
// # What the package promises
//
//   - Nothing irreversible happens by accident. A mass send needs an [Audience] that names its receivers, and a
//     [MassPlan] that shows how many they are before it sends; deleting all articles of a publication is another method
//     than deleting one.
//   - Nothing is done twice by itself. Reads are repeated after a transient failure; writes only when the request
//     provably never left; [Client.Publish] and [MassPlan.Send] never. When an answer is lost the error is
//     [ErrUnknownOutcome] and says where to look. A mass send carries the platform's idempotency key, so that sending
//     the same plan again finds the first send.
//   - Bad input is refused before anything is sent, all of it at once, with the field and the limit. What the platform
//     would drop in silence, such as a picture from another host, is an error.
//   - Tokens look after themselves: stable_token, one request for any number of goroutines and processes, renewed
//     before they end, replaced once when the platform refuses one. No lock and no Redis is needed for that; a [TokenFile] only saves
//     requests.
//   - Errors say what to do, in English and, with [Error.Hint], in Chinese. They never hold the secret or a token.
//
// # An article, from pictures to its URL
//
//	c, err := wechat.New(wechat.Config{AppID: "wx…", Secret: secret})
//	url, err := c.UploadArticleImage(ctx, wechat.File{Name: "chart.png", Body: f}) // for the body
//	cover, err := c.UploadMaterial(ctx, wechat.ImageMaterial, wechat.FileBytes("cover.jpg", data), nil)
//	id, err := c.CreateDraft(ctx, wechat.Article{
//		Title: "标题", Cover: cover.ID, Content: `<p>正文</p><p><img src="` + url + `"></p>`,
//	})
//	job, err := c.Publish(ctx, id) // write job.ID() down: Client.Publication(id) comes back to it
//	out, err := job.Wait(ctx, nil) // out.URLs[0]
//
// or, in place of the last two lines, a mass send:
//
//	plan, err := c.PlanMass(ctx, wechat.ToTag(101), wechat.News{DraftID: id}, nil)
//	err = plan.Preview(ctx, wechat.PreviewTo{WeChatID: "the editor's"})
//	fmt.Print(plan) // and ask
//	job, err := plan.Send(ctx)
//	result, err := job.Wait(ctx, nil)
//
// A stored draft is changed by reading, editing and writing it, so that nothing of it is lost:
//
//	err = c.UpdateDraft(ctx, id, 0, func(a *wechat.Article) error { a.Title = "新标题"; return nil })
//
// # The end of a job
//
// The platform tells it in two ways. It can be asked, 100 times a day for publishing, and it pushes an event to the
// account's callback URL, once, and not always. Wait joins the two: give it the events, and it ends when the push
// comes and looks now and then in case it does not; without them it looks, 12 times at most.
//
//	var inbox wechat.Inbox // the handler of the callback URL fills it
//	out, err := job.Wait(ctx, &wechat.WaitOptions{Events: &inbox})
//
// How many received a mass send, under which URL it went out and what the originality check found are in the push
// alone ([MassReport]): no call returns them, so that without Events the result does not have them.
//
// # Failures
//
// Every refusal is an [*Error] with the platform's errcode, and answers errors.Is for one of the kinds:
//
//	switch {
//	case errors.Is(err, wechat.ErrConfig):         // secret, IP whitelist: the text says which IP to add
//	case errors.Is(err, wechat.ErrPermission):     // this account may not; a person must act
//	case errors.Is(err, wechat.ErrQuota):          // until 00:00 in Beijing: Error.RetryAfter
//	case errors.Is(err, wechat.ErrRateLimited):    // a minute: Error.RetryAfter
//	case errors.Is(err, wechat.ErrUnknownOutcome): // look before doing it again
//	}
//
// # What the account may do
//
// [Client.Capabilities] asks for quotas, which costs nothing and changes nothing, and says in English or Chinese what is
// open to the account and what a person must do about the rest. [Client.Quota] reads a single one, [Client.ClearQuota]
// spends one of ten clearings a month, and [Client.RequestByRID] shows what the platform wrote down about a refused call.
//
// # Limits
//
// A draft holds 1 to 8 posts, a title 32 characters, an author 16, a digest 128, a body less than 1 MiB. Pictures in a
// body are png or jpeg below 1 MiB. Temporary media end after three days. An article that was published cannot be
// changed: delete it and publish another. Cards (wxcard) are not sent: whether they still work could not be verified.
//
// Package wechattest is an account in memory that is as strict as the real one, for tests and for trying things out:
// the platform's own sandbox has neither drafts nor publishing.
//
// Sources: developers.weixin.qq.com/doc/subscription/api and …/doc/service/api (read 2026-11).
package wechat
