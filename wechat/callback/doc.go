// Package callback is the callback URL of a WeChat Official Account (微信公众号): the http.Handler to which the platform
// pushes what users write and do, and the ends of publishing jobs and mass sends. It needs the standard library alone.
//
// # What the platform does
//
// It sends a POST for each message and event, signed with a token of your choice, and in two of three modes encrypted
// with a key from the console. It wants an answer within 5 s. Without one it drops the connection and delivers again, two
// times, each with a new signature; then the user of a message reads 该公众号暂时无法提供服务. The answer is what the user
// is shown, or the word "success" for nothing. When the URL is set in the console, it sends a GET and wants its echostr
// back.
//
// # What the package promises
//
//   - Nothing unsigned reaches the application. Every signature is checked, in constant time, before the body is read;
//     msg_signature, which covers the body, as well. A handler in [Safe] mode, the default, refuses pushes that are not
//     encrypted: in [Plain] mode the signature says nothing of the body, and in [Compatible] mode it says so too little
//     that a push may be stripped of its encrypted part.
//   - Nothing is handled twice. A delivery that was there before, in whatever disguise the platform gives it, gets the
//     answer of the first; those that come at the same time wait for it. What makes two of them the same is the MsgId
//     of a message, and of an event who, when, which and on what. A request captured on the way is of no use: within
//     [Config.Window] it is a delivery that was there before, after that it is refused, and with another body it is
//     refused at once. That is the memory of one process, of the last 20 minutes; [Seen] shares it.
//   - The platform always has its answer in time. After [Config.Limit], 4.5 s, it hears "success" while Handle goes on,
//     and what Handle returns then goes to [Config.Late]. Or let the platform come back for it: see
//     [Config.Deliveries].
//   - Nothing that is new at the platform is an error. An event that this package does not know, or whose content is
//     not as documented, is [Other], with all of its fields in [Push.Field].
//   - A document type, an entity of its own, a body beyond [Config.MaxBody], too many elements or levels: refused.
//     Control characters, which users do send and encoding/xml does not read, are not.
//   - Neither the token, nor a key, nor what users write is in an error, a log line or a printed value of this package.
//
// # A server
//
//	var inbox wechat.Inbox
//	h, err := callback.New(callback.Config{
//		Token: token, AppID: "wx…", AESKeys: []string{key}, // or {newKey, oldKey} while it is being changed
//		Jobs: &inbox, // for job.Wait(ctx, &wechat.WaitOptions{Events: &inbox})
//		Handle: func(ctx context.Context, p *callback.Push) (callback.Reply, error) {
//			switch m := p.Content.(type) {
//			case callback.Text:
//				return callback.TextReply{Text: "你说：" + m.Text}, nil
//			case callback.Subscribe:
//				return callback.NewsReply{Articles: cards}, nil
//			case callback.MassFinished:
//				return nil, save(ctx, m.MassReport) // no call returns it later
//			}
//			return nil, nil
//		},
//	})
//	http.Handle("/wechat", h)
//	defer h.Shutdown(ctx) // waits for what still runs
//
// The console wants port 80 or 443. Package wechattest pushes to such a handler as the platform does, in all modes, and
// shows what a user would see.
//
// # Limits
//
// A text in reply has at most [MaxText] bytes. Several handlers for one account need a [Seen]; where a capture of the
// URLs is a danger, choose [Safe]. The addresses of the platform (getcallbackip) are not checked: behind a proxy they are
// not to be seen. JSON pushes to Official Accounts, and the form of replies to them, are unverified. Pushes of the open
// platform (第三方平台), which carry another AppID, are refused.
//
// Sources: 接入指南, 接收消息, 接收事件推送, 被动回复用户消息 and 消息加解密说明 under developers.weixin.qq.com/doc (read 2026-11).
package callback
