package wechat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// MassSender sends to many followers at once. [*Client] is one; a test double makes its plans and handles with
// [NewMassPlan] and [NewMassJob].
type MassSender interface {
	PlanMass(ctx context.Context, a Audience, m MassMessage, opts *MassOptions) (*MassPlan, error)
	MassJob(id MsgID) *MassJob
}

var _ MassSender = (*Client)(nil)

// MassOptions are the choices of a mass send; nil = the defaults.
type MassOptions struct {
	// ClientMsgID is the platform's idempotency key: a second send with the same one within 24 h is not made. At most
	// 32 bytes. Empty = derived from the account, the audience and the message, so that the same send planned again, by
	// this process or another, is the same send.
	ClientMsgID string

	// SendIgnoreReprint goes on when the originality check finds a reprint that its author allows; else the job stops.
	SendIgnoreReprint bool

	// PreviewFirst makes Send refuse until a Preview of the same plan has succeeded.
	PreviewFirst bool
}

const maxClientMsgID = 32 // the current page; an older one says 64

// MassPlan is a mass send that has not been made: what a person should see before saying yes. Numbers that the platform
// would not tell are nil.
type MassPlan struct {
	Audience    string   // "everyone", "tag 2 (星标组)", "3 OpenIDs"
	Type        string   // "mpnews", "text", "image", "voice", "mpvideo"
	Receivers   *int     // followers, fans with the tag, or OpenIDs; the platform may filter some of them out
	CallsLeft   *int     // of this API today (100 a day); the mass quota itself cannot be asked for
	CallsLimit  *int     // 0 says that this account has none
	Titles      []string // of the draft's articles
	Text        string   // of a Text
	ClientMsgID string
	Notes       []string // what is odd or could not be found out

	send    func(context.Context) (*MassJob, error)
	preview func(context.Context, PreviewTo) error
}

// NewMassPlan makes a plan that sends and previews with the given functions: for test doubles and middleware.
func NewMassPlan(shown MassPlan, send func(context.Context) (*MassJob, error), preview func(context.Context, PreviewTo) error) *MassPlan {
	shown.send, shown.preview = send, preview
	return &shown
}

// PlanMass prepares a mass send and reads what there is to know about it: how many receive it, what is left of the
// quota, the titles of the draft. It sends nothing. What cannot be read is unknown in the plan, with a note, and so is
// a draft that is gone: after a lost answer that is how a send that did happen looks, and sending the same plan then
// finds the earlier job.
//
// Errors: ErrInput for a nil or empty audience or message, joined; ErrNotFound for a tag that does not exist; else
// token and configuration errors as they come.
//
// Source: message/mass/sendall, tags/get, user/get, openapi/quota/get, developers.weixin.qq.com (read 2026-11).
func (c *Client) PlanMass(ctx context.Context, a Audience, m MassMessage, opts *MassOptions) (*MassPlan, error) {
	if opts == nil {
		opts = &MassOptions{}
	}
	opts = new(*opts) // what the caller does to it afterwards is not ours
	to, err := resolve(a)
	problems := []error{err}
	message, bad := checkMass(m)
	problems = append(problems, bad...)
	if n := len(opts.ClientMsgID); n > maxClientMsgID {
		problems = append(problems, fmt.Errorf("MassOptions.ClientMsgID: %d bytes, at most %d", n, maxClientMsgID))
	}
	if err := invalid("mass plan", slices.DeleteFunc(problems, func(err error) bool { return err == nil })); err != nil {
		return nil, err
	}
	p := &MassPlan{Audience: to.String(), Type: message.Type, ClientMsgID: opts.ClientMsgID}
	if message.Text != nil {
		p.Text = message.Text.Content
	}
	if p.ClientMsgID == "" {
		if p.ClientMsgID, err = c.massKey(to, message, opts); err != nil {
			return nil, err
		}
	}
	if err := c.explore(ctx, p, to, message); err != nil {
		return nil, err
	}
	var previewed atomic.Bool
	p.send = func(ctx context.Context) (*MassJob, error) {
		if opts.PreviewFirst && !previewed.Load() {
			return nil, invalid("mass send", []error{errors.New("MassOptions.PreviewFirst: nobody has got a preview of this plan yet")})
		}
		return c.sendMass(ctx, to, message, p.ClientMsgID, opts.SendIgnoreReprint)
	}
	p.preview = func(ctx context.Context, to PreviewTo) error {
		err := c.previewMass(ctx, to, message)
		if err == nil {
			previewed.Store(true)
		}
		return err
	}
	return p, nil
}

// massKey is the same for the same send and different for any other: account, audience, message and options.
func (c *Client) massKey(to target, message massJSON, opts *MassOptions) (string, error) {
	ids := slices.Sorted(slices.Values(to.openIDs))
	data, err := encodeJSON([]any{c.appID, to.kind, to.tag, ids, message, opts.SendIgnoreReprint})
	if err != nil {
		return "", fmt.Errorf("wechat: mass plan: encode: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:maxClientMsgID/2]), nil
}

// String is the plan for a person who is to confirm it.
func (p *MassPlan) String() string {
	number := func(n *int) string {
		if n == nil {
			return "unknown"
		}
		return strconv.Itoa(*n)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Mass send of %s to %s\n", p.Type, p.Audience)
	fmt.Fprintf(&b, "  receivers:       %s\n", number(p.Receivers))
	for i, title := range p.Titles {
		fmt.Fprintf(&b, "  article %d:       %s\n", i+1, title)
	}
	if p.Text != "" {
		fmt.Fprintf(&b, "  text:            %s\n", p.Text)
	}
	fmt.Fprintf(&b, "  API calls left:  %s of %s today\n", number(p.CallsLeft), number(p.CallsLimit))
	fmt.Fprintf(&b, "  mass sends left: unknown (订阅号: 1 a day; 服务号: 4 a month to each follower)\n")
	fmt.Fprintf(&b, "  clientmsgid:     %s\n", p.ClientMsgID)
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "  note:            %s\n", note)
	}
	return b.String()
}

// PreviewTo is the one person who gets a preview: exactly one of the two. They must follow the account.
type PreviewTo struct {
	OpenID   OpenID
	WeChatID string // the WeChat id (微信号)
}

// Preview sends the message to one person, as it will look. It uses none of the mass quota (100 previews a day), and is
// never repeated by itself. Of Images it shows the first.
//
// Source: message/mass/preview, developers.weixin.qq.com (read 2026-11).
func (p *MassPlan) Preview(ctx context.Context, to PreviewTo) error {
	if p.preview == nil {
		return invalid("mass preview", []error{errors.New("the plan was not made by PlanMass or NewMassPlan")})
	}
	return p.preview(ctx, to)
}

// Send makes the send: nothing can take it back from the chats of those who got it. It makes one request and never
// repeats it by itself, but sending the same plan again is safe for 24 h: the platform knows its ClientMsgID, and the
// job is then the earlier one, with Replayed set.
//
// Errors: ErrUnknownOutcome when the answer was lost: send the same plan again after a minute. ErrRateLimited (45066)
// with a RetryAfter of 1 min when it comes too soon. ErrMassQuota (45028), ErrPermission (48001, 48003), ErrNotFound.
//
// Source: message/mass/sendall and message/mass/send, developers.weixin.qq.com (read 2026-11).
func (p *MassPlan) Send(ctx context.Context) (*MassJob, error) {
	if p.send == nil {
		return nil, invalid("mass send", []error{errors.New("the plan was not made by PlanMass or NewMassPlan")})
	}
	return p.send(ctx)
}

func (c *Client) sendMass(ctx context.Context, to target, message massJSON, key string, ignoreReprint bool) (*MassJob, error) {
	type request struct {
		massJSON

		Filter  *filter  `json:"filter,omitempty"`
		ToUser  []OpenID `json:"touser,omitempty"`
		Reprint int      `json:"send_ignore_reprint"`
		Key     string   `json:"clientmsgid"`
	}
	req := request{ToUser: to.openIDs, massJSON: message, Reprint: bit(ignoreReprint), Key: key}
	if to.kind != toOpenIDs {
		req.Filter = &filter{All: to.kind == toEveryone, Tag: to.tag}
	}
	var out struct {
		ID   MsgID `json:"msg_id"`
		Data MsgID `json:"msg_data_id"`
	}
	const advice = "Send the same plan again after a minute: with the same clientmsgid it cannot be sent twice"
	err := c.post(ctx, call{op: to.op(), effect: once, advice: advice}, req, &out)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == 45065 && e.MsgID != "" {
		job := c.MassJob(e.MsgID)
		job.Replayed = true
		return job, nil
	}
	if err != nil {
		return nil, err
	}
	if out.ID == "" {
		return nil, unknown(to.op(), advice, errors.New("an answer without msg_id"))
	}
	job := c.MassJob(out.ID)
	job.data = out.Data
	return job, nil
}

func (c *Client) previewMass(ctx context.Context, to PreviewTo, message massJSON) error {
	const op = "message/mass/preview"
	if (to.OpenID == "") == (to.WeChatID == "") {
		return invalid(op, []error{errors.New("PreviewTo: give exactly one of OpenID and WeChatID")})
	}
	return c.post(ctx, call{op: op, effect: once, advice: "the person may have got it"}, struct {
		massJSON

		ToUser   OpenID `json:"touser,omitempty"`
		ToWXName string `json:"towxname,omitempty"`
	}{message.forPreview(), to.OpenID, to.WeChatID}, nil)
}

// MassVideo makes the id that a [Video] is sent with from a video of the library.
//
// Source: media/uploadvideo, developers.weixin.qq.com (older pages, read 2026-11).
func (c *Client) MassVideo(ctx context.Context, material MediaID, title, description string) (MediaID, error) {
	const op = "media/uploadvideo"
	if material == "" {
		return "", invalid(op, []error{errors.New("MediaID is empty")})
	}
	var out struct {
		ID MediaID `json:"media_id"`
	}
	if err := c.post(ctx, call{op: op, effect: harmless}, massVideoJSON{material, title, description}, &out); err != nil {
		return "", err
	}
	if out.ID == "" {
		return "", &Error{Op: op, Msg: "an answer without media_id", HTTPStatus: 200, temporary: true, sent: true}
	}
	return out.ID, nil
}
