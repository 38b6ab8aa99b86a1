package wechat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MassReport is the platform's push at the end of a mass send (MASSSENDJOBFINISH). It comes once, may be lost, and no
// call returns what is in it: keep it. It is made just before the job ends, so that its numbers are nearly right.
type MassReport struct {
	ID     MsgID
	Status string // "send success", "send fail" (to some of them), or "err(30003)": see Code

	Total    int // fans with the tag, followers, or OpenIDs
	Filtered int // of those, who was left after region, gender, refusal and 4 a month: about Sent + Failed
	Sent     int
	Failed   int

	Copyright *CopyrightCheck // of a News; nil when the push had none
	Articles  []MassArticle   // where a News went, in their order; may be empty
}

// MassArticle is the public page of one article of a mass send.
type MassArticle struct {
	Idx int    // which article, from 1
	URL string // https
}

// CopyrightCheck is what the originality check of a mass send found.
type CopyrightCheck struct {
	State    CopyrightState
	Articles []CopyrightFinding // those that were found elsewhere; may be empty
}

// CopyrightState is the platform's CheckState for the send as a whole.
type CopyrightState int

// The states of the check (older pages). 0 is seen where there was nothing to check.
const (
	CopyrightUnchecked CopyrightState = 0
	CopyrightOriginal  CopyrightState = 1 // no reprint: it may be sent
	CopyrightReprint   CopyrightState = 2 // a reprint that may be sent
	CopyrightForbidden CopyrightState = 3 // a reprint that may not be sent
)

func (s CopyrightState) String() string {
	switch s {
	case CopyrightUnchecked:
		return "not checked"
	case CopyrightOriginal:
		return "no reprint"
	case CopyrightReprint:
		return "a reprint that may be sent"
	case CopyrightForbidden:
		return "a reprint that may not be sent"
	}
	return fmt.Sprintf("CheckState %d", int(s))
}

// CopyrightFinding is one article that the library of originals holds already. What the numbers of the first three mean
// is not documented; the official sample has 0, 2 and 1.
type CopyrightFinding struct {
	Idx              int // which article, from 1
	UserDeclareState int
	AuditState       int
	OriginalType     int
	OriginalURL      string
	CanReprint       bool
	NeedReplace      bool // the content must be replaced by the original's
	NeedSource       bool // the source must be shown
}

// Code is the number of a Status like "err(30003)"; ok is false for any other. It is no errcode: [MassReport.Reason]
// says what it means.
func (r MassReport) Code() (code int, ok bool) {
	text, found := strings.CutPrefix(strings.TrimSpace(r.Status), "err(")
	if !found {
		return 0, false
	}
	code, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(text, ")")))
	return code, err == nil
}

// MassStatus is the report's Status in the words of message/mass/get.
func (r MassReport) MassStatus() MassStatus {
	if strings.EqualFold(strings.Join(strings.Fields(r.Status), " "), "send success") {
		return MassSent
	}
	return MassFailed
}

// secured is a copy with https for the addresses that the platform still writes as http.
func (r MassReport) secured() *MassReport {
	r.Articles = slices.Clone(r.Articles)
	for i := range r.Articles {
		r.Articles[i].URL = secureURL(r.Articles[i].URL)
	}
	return &r
}

// Reason is why the send did not go out to all, in English ("en") or Chinese ("zh"); empty when it did. A number that
// is not documented, of which there are some, is shown as it is.
func (r MassReport) Reason(lang string) string {
	zh := strings.HasPrefix(strings.ToLower(lang), "zh")
	code, ok := r.Code()
	if !ok {
		switch {
		case r.MassStatus() == MassSent:
			return ""
		case zh:
			return "部分用户未收到，例如已超过每月 4 条"
		}
		return "some did not get it, for example those who have had their 4 of this month"
	}
	en, cn, _ := massReason(code)
	switch {
	case en == "" && zh:
		return "未说明的原因 " + strconv.Itoa(code)
	case en == "":
		return "a reason that is not documented: " + strconv.Itoa(code)
	case zh:
		return cn
	}
	return en
}

// massReason is what err(code) means, and which kind of error it is. Source: MASSSENDJOBFINISH,
// developers.weixin.qq.com (read 2026-11); 40001 and 40002 have nothing to do with the errcodes.
func massReason(code int) (en, zh string, kind error) {
	switch code {
	case 10001:
		return "advertising", "涉嫌广告", ErrContent
	case 20001:
		return "politics", "涉嫌政治", ErrContent
	case 20002:
		return "pornography", "涉嫌色情", ErrContent
	case 20004:
		return "social", "涉嫌社会", ErrContent
	case 20006:
		return "breaking the law", "涉嫌违法犯罪", ErrContent
	case 20008:
		return "fraud", "涉嫌欺诈", ErrContent
	case 20013:
		return "copyright", "涉嫌版权", ErrContent
	case 21000:
		return "other content that is not allowed", "涉嫌其他", ErrContent
	case 22000:
		return "accounts promoting each other", "涉嫌互推", ErrContent
	case 30001:
		return "the originality check failed by itself, and a send stops then unless SendIgnoreReprint is set", "原创校验出现系统错误且选择了被判定为转载就不群发", ErrTemporary
	case 30002:
		return "the originality check says that it may not be sent", "原创校验被判定为不能群发", ErrContent
	case 30003:
		return "the originality check found a reprint, and a send stops then unless SendIgnoreReprint is set", "原创校验被判定为转载且选择了被判定为转载就不群发", ErrContent
	case 40001:
		return "an administrator refused", "管理员拒绝", ErrPermission
	case 40002:
		return "no administrator confirmed within 30 minutes", "管理员 30 分钟内无响应，超时", ErrPermission
	}
	return "", "", nil
}
