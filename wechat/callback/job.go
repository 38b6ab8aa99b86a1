package callback

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kitroll/kitroll/wechat"
)

// PublishFinished is the end of a publishing job, good or bad (PUBLISHJOBFINISH). It may never come, and an account may
// be sent a [MassFinished] in its place: see wechat.WaitOptions for how to wait for both.
type PublishFinished struct{ wechat.PublishState }

// MassFinished is the end of a mass send (MASSSENDJOBFINISH). How many got it and under which URLs is in here and
// nowhere else: keep it.
type MassFinished struct{ wechat.MassReport }

// TemplateFinished is what became of a template message (TEMPLATESENDJOBFINISH).
type TemplateFinished struct {
	ID     wechat.MsgID
	Status string // "success", or why not
}

func (PublishFinished) content()  {}
func (MassFinished) content()     {}
func (TemplateFinished) content() {}

// JobEvents takes the ends of jobs for those who wait for them. A *wechat.Inbox is one: give it to [Config] and to
// wechat.WaitOptions.
type JobEvents interface {
	PublishEnded(wechat.PublishState)
	MassEnded(wechat.MassReport)
}

var _ JobEvents = (*wechat.Inbox)(nil)

// job makes the content of an event about a job. What does not name its job or its status is not guessed at: a missing
// publish_status would be 0, "published".
func job(name string, t tree) Content {
	switch name {
	case "PUBLISHJOBFINISH", "FREEPUBLISHJOBFINISH": // the second is in older pages
		return publishFinished(t)
	case "MASSSENDJOBFINISH":
		return massFinished(t)
	case "TEMPLATESENDJOBFINISH":
		if id := squeeze(t.get("MsgID")); id != "" {
			return TemplateFinished{ID: wechat.MsgID(id), Status: strings.TrimSpace(t.get("Status"))}
		}
	}
	return nil
}

func publishFinished(t tree) Content {
	at := func(path ...string) string { return squeeze(t.get(append([]string{"PublishEventInfo"}, path...)...)) }
	status, err := strconv.Atoi(at("publish_status"))
	if err != nil || at("publish_id") == "" {
		return nil
	}
	s := wechat.PublishState{
		ID: wechat.PublishID(at("publish_id")), Status: wechat.PublishStatus(status), ArticleID: wechat.ArticleID(at("article_id")),
	}
	type page struct {
		idx int
		url string
	}
	var pages []page
	for _, item := range t.items("PublishEventInfo", "article_detail") {
		if u := secureURL(t.below(item, "article_url")); u != "" {
			pages = append(pages, page{whole(t.below(item, "idx")), u})
		}
	}
	slices.SortStableFunc(pages, func(a, b page) int { return a.idx - b.idx })
	for _, p := range pages {
		s.URLs = append(s.URLs, p.url)
	}
	if info, ok := t.at("PublishEventInfo"); ok {
		for _, i := range t.all(info, "fail_idx") { // repeated
			if n := whole(t[i].text); n > 0 {
				s.FailIdx = append(s.FailIdx, n)
			}
		}
	}
	return PublishFinished{s}
}

func massFinished(t tree) Content {
	r := wechat.MassReport{
		ID: wechat.MsgID(squeeze(t.get("MsgID"))), Status: strings.TrimSpace(t.get("Status")),
		Total: whole(t.get("TotalCount")), Filtered: whole(t.get("FilterCount")), Sent: whole(t.get("SentCount")), Failed: whole(t.get("ErrorCount")),
	}
	if r.ID == "" || r.Status == "" {
		return nil
	}
	if _, ok := t.at("CopyrightCheckResult"); ok {
		r.Copyright = &wechat.CopyrightCheck{State: wechat.CopyrightState(whole(t.get("CopyrightCheckResult", "CheckState")))}
		for _, item := range t.items("CopyrightCheckResult", "ResultList") {
			number := func(name string) int { return whole(t.below(item, name)) }
			if number("ArticleIdx") == 0 {
				continue
			}
			r.Copyright.Articles = append(r.Copyright.Articles, wechat.CopyrightFinding{
				Idx: number("ArticleIdx"), UserDeclareState: number("UserDeclareState"), AuditState: number("AuditState"),
				OriginalType: number("OriginalArticleType"), OriginalURL: secureURL(t.below(item, "OriginalArticleUrl")),
				CanReprint: number("CanReprint") == 1, NeedReplace: number("NeedReplaceContent") == 1, NeedSource: number("NeedShowReprintSource") == 1,
			})
		}
	}
	for _, item := range t.items("ArticleUrlResult", "ResultList") {
		if u := secureURL(t.below(item, "ArticleUrl")); u != "" {
			r.Articles = append(r.Articles, wechat.MassArticle{Idx: whole(t.below(item, "ArticleIdx")), URL: u})
		}
	}
	slices.SortStableFunc(r.Articles, func(a, b wechat.MassArticle) int { return a.Idx - b.Idx })
	return MassFinished{r}
}

// tell gives the end of a job to whoever waits.
func tell(to JobEvents, c Content) {
	switch c := c.(type) {
	case PublishFinished:
		to.PublishEnded(c.PublishState)
	case MassFinished:
		to.MassEnded(c.MassReport)
	}
}
