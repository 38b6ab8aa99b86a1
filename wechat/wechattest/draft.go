package wechattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kitroll/kitroll/wechat"
)

var cropForm = regexp.MustCompile(`^[01](\.\d{1,6})?_[01](\.\d{1,6})?_[01](\.\d{1,6})?_[01](\.\d{1,6})?$`)

// check refuses what draft/add and draft/update refuse, and gives the article as it is stored. single is whether it is
// alone in its draft, which is when a digest counts.
func (s *Server) check(in fields, single bool) (fields, *refusal) {
	a := maps.Clone(in)
	if a.text("article_type") == "" {
		a.set("article_type", "news")
	}
	pictures := a.text("article_type") == "newspic"
	title, content := a.text("title"), a.text("content")
	switch {
	case title == "" || utf8.RuneCountInString(title) > 32:
		return nil, refuse(45003, "title size out of limit")
	case utf8.RuneCountInString(a.text("author")) > 16:
		return nil, refuse(45110, "author size out of limit")
	case single && utf8.RuneCountInString(a.text("digest")) > 128:
		return nil, refuse(45004, "description size out of limit")
	case len(content) >= 1<<20:
		return nil, refuse(45002, "content size out of limit")
	case !validLink(a.text("content_source_url")):
		return nil, refuse(41039, "invalid content_source_url")
	case string(a["need_open_comment"]) == "1" && !*s.opts.Verified:
		return nil, refuse(88000, "without comment privilege")
	}
	for _, name := range []string{"pic_crop_235_1", "pic_crop_1_1"} {
		if crop := a.text(name); crop != "" && !validCrop(crop) {
			return nil, refuse(53402, "cover crop failed")
		}
	}
	if pictures {
		if no := s.checkPictures(a); no != nil {
			return nil, no
		}
		return a, nil
	}
	if m := s.material(wechat.MediaID(a.text("thumb_media_id"))); m == nil || (m.Type != wechat.ImageMaterial && m.Type != wechat.ThumbMaterial) {
		return nil, refuse(40007, "invalid media_id")
	}
	if strings.TrimSpace(content) == "" {
		return nil, refuse(44003, "empty news data")
	}
	a.set("content", clean(content))
	switch {
	case !single:
		a.set("digest", "")
	case a.text("digest") == "":
		text := []rune(bodyText(content))
		a.set("digest", string(text[:min(54, len(text))]))
	}
	return a, nil
}

func (s *Server) checkPictures(a fields) *refusal {
	var info struct {
		List []struct {
			ID wechat.MediaID `json:"image_media_id"`
		} `json:"image_list"`
	}
	if json.Unmarshal(a["image_info"], &info) != nil || len(info.List) == 0 || len(info.List) > 20 {
		return refuse(40035, "invalid parameter: image_list holds 1 to 20")
	}
	for _, image := range info.List {
		if m := s.material(image.ID); m == nil || m.Type != wechat.ImageMaterial {
			return refuse(40007, "invalid media_id")
		}
	}
	var covers struct {
		List []struct {
			Ratio          string
			X1, Y1, X2, Y2 string // strings, and nothing else
		} `json:"crop_percent_list"`
	}
	if a["cover_info"] != nil && json.Unmarshal(a["cover_info"], &covers) != nil {
		return refuse(47001, "data format error")
	}
	for _, c := range covers.List {
		if !slices.Contains([]string{"1_1", "16_9", "2.35_1"}, c.Ratio) || !validCrop(c.X1+"_"+c.Y1+"_"+c.X2+"_"+c.Y2) {
			return refuse(53402, "cover crop failed")
		}
	}
	return s.checkProduct(a)
}

// validCrop is four fractions with six decimals at most, the second corner below and to the right of the first.
func validCrop(crop string) bool {
	if !cropForm.MatchString(crop) {
		return false
	}
	var at []float64
	for part := range strings.SplitSeq(crop, "_") {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil || f > 1 {
			return false
		}
		at = append(at, f)
	}
	return at[0] < at[2] && at[1] < at[3]
}

func validLink(link string) bool {
	u, err := url.Parse(link)
	return link == "" || (err == nil && u.Host != "" && len(link) <= 1024)
}

func (s *Server) addDraft(c *call) (any, *refusal) {
	var in struct {
		Articles []fields `json:"articles"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	switch n := len(in.Articles); {
	case n == 0:
		return nil, refuse(44003, "empty news data")
	case n > 8:
		return nil, refuse(45008, "article size out of limit")
	}
	d := draft{Created: c.now, Updated: c.now}
	for _, article := range in.Articles {
		a, no := s.check(article, len(in.Articles) == 1)
		if no != nil {
			return nil, no
		}
		d.Articles = append(d.Articles, a)
	}
	d.ID = wechat.DraftID(fmt.Sprintf("FakeDraft_%06d", s.next()))
	s.st.Drafts = append(s.st.Drafts, d)
	return struct {
		ID wechat.DraftID `json:"media_id"`
	}{d.ID}, nil
}

// named reads {"media_id"} and finds the draft.
func (s *Server) named(c *call) (*draft, *refusal) {
	var in struct {
		ID wechat.DraftID `json:"media_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	d := s.draft(in.ID)
	if d == nil {
		return nil, refuse(40007, "invalid media_id")
	}
	return d, nil
}

// shown is a stored article as draft/get and draft/batchget return it.
func (d *draft) shown(index int, noContent bool) fields {
	a := maps.Clone(d.Articles[index])
	for _, name := range []string{"author", "digest", "content_source_url"} {
		if a[name] == nil {
			a.set(name, "")
		}
	}
	if noContent {
		delete(a, "content")
	}
	a.set("show_cover_pic", 0)
	a.set("url", fmt.Sprintf("http://mp.weixin.qq.com/s?__biz=MzFake==&mid=%s&idx=%d&tempkey=FAKE", strings.TrimPrefix(string(d.ID), "FakeDraft_"), index+1))
	return a
}

func (d *draft) allShown(noContent bool) []fields {
	var out []fields
	for i := range d.Articles {
		out = append(out, d.shown(i, noContent))
	}
	return out
}

func (s *Server) getDraft(c *call) (any, *refusal) {
	d, no := s.named(c)
	if no != nil {
		return nil, no
	}
	return struct {
		Articles []fields `json:"news_item"`
	}{d.allShown(false)}, nil
}

func (s *Server) updateDraft(c *call) (any, *refusal) {
	var in struct {
		ID      wechat.DraftID  `json:"media_id"`
		Index   int             `json:"index"`
		Article json.RawMessage `json:"articles"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	d := s.draft(in.ID)
	if d == nil {
		return nil, refuse(40007, "invalid media_id")
	}
	if in.Index < 0 || in.Index >= len(d.Articles) {
		return nil, refuse(40114, "invalid index value")
	}
	var article fields
	if !bytes.HasPrefix(in.Article, []byte("{")) || json.Unmarshal(in.Article, &article) != nil {
		return nil, refuse(47001, "data format error: articles is an object here")
	}
	a, no := s.check(article, len(d.Articles) == 1)
	if no != nil {
		return nil, no
	}
	d.Articles[in.Index], d.Updated, s.dirty = a, c.now, true
	return success(), nil
}

func (s *Server) deleteDraft(c *call) (any, *refusal) {
	d, no := s.named(c)
	if no != nil {
		return nil, no
	}
	s.dropDraft(d.ID)
	return success(), nil
}

func (s *Server) countDrafts(*call) (any, *refusal) {
	return struct {
		Total int `json:"total_count"`
	}{len(s.st.Drafts)}, nil
}

func (s *Server) listDrafts(c *call) (any, *refusal) {
	in, no := c.list()
	if no != nil {
		return nil, no
	}
	type content struct {
		Articles []fields `json:"news_item"`
		Created  int64    `json:"create_time"`
		Updated  int64    `json:"update_time"`
	}
	return page(s.st.Drafts, in, func(d draft) any {
		return struct {
			ID      wechat.DraftID `json:"media_id"`
			Content content        `json:"content"`
			Updated int64          `json:"update_time"`
		}{d.ID, content{d.allShown(in.NoContent == 1), d.Created.Unix(), d.Updated.Unix()}, d.Updated.Unix()}
	}), nil
}
