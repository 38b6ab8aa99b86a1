package wechat

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The limits of a draft, as of the platform's changes of 2025-11-26 and 2025-12-19. Characters are code points: 字.
const (
	maxPosts     = 8       // older pages, for news
	maxTitle     = 32      // characters
	maxAuthor    = 16      // characters
	maxDigest    = 128     // characters
	maxSourceURL = 1024    // bytes
	maxContent   = 1 << 20 // bytes, and one more than it may have
	softContent  = 20_000  // characters: what the page says, and bodies that are longer pass
	maxImages    = 20

	typeNews    = "news"
	typeNewsPic = "newspic"
)

// Post is one post of a draft: an [Article] or a [PicPost], or a pointer to one.
type Post interface{ post() }

// Article is a post with an HTML body (article_type news).
type Article struct {
	Title  string // required, at most 32 characters
	Author string // at most 16 characters
	Digest string // at most 128 characters, for a draft of one post; empty: the platform takes the first 54 of the body

	// Content is the body as HTML, required, below 1 MiB. The platform's page also says 20,000 characters, which longer
	// bodies were seen to pass. Pictures must have been uploaded with UploadArticleImage or as a material: one from
	// elsewhere is an error here, as the platform would drop it in silence. Scripts, style elements, classes and ids
	// are stripped by the platform: style attributes are what stays.
	Content string

	SourceURL       string  // behind 阅读原文: http(s), at most 1,024 bytes
	Cover           MediaID // required: a permanent image
	OpenComment     bool    // needs the comment privilege (88000)
	FansOnlyComment bool
	Crop235         *Crop // the cover at 2.35:1; nil = the platform's choice
	Crop11          *Crop // the cover as a square
}

// PicPost is a post of pictures with a text (article_type newspic, 图片消息 or 贴图).
type PicPost struct {
	Title           string    // required, at most 32 characters
	Content         string    // plain text, with 50 product tags at most; how long is not documented (45166)
	Images          []MediaID // required: 1 to 20 permanent images, the first is the cover
	OpenComment     bool
	FansOnlyComment bool
	Covers          []CoverCrop // how the cover is cropped
	ProductKey      string      // of a product card at the foot: [Client.ProductCard]
}

// Crop is a part of a picture, in fractions of its width and height from the top left corner: {0, 0, 1, 1} is all.
type Crop struct{ X1, Y1, X2, Y2 float64 }

// CoverCrop is a crop of a PicPost's cover for one ratio: "1_1", "16_9" or "2.35_1".
type CoverCrop struct {
	Crop

	Ratio string
}

func (Article) post() {}
func (PicPost) post() {}

func (c *Crop) check(field string) error {
	if c == nil {
		return nil
	}
	// As the platform gets it, with six decimals: what is thinner than that is nothing.
	sent := parseCrop(strings.Join(c.corners(), "_"))
	if sent == nil || !(0 <= sent.X1 && sent.X1 < sent.X2 && sent.X2 <= 1 && 0 <= sent.Y1 && sent.Y1 < sent.Y2 && sent.Y2 <= 1) {
		return fmt.Errorf("%s: %v is not X1 < X2 and Y1 < Y2 within 0 to 1", field, *c)
	}
	return nil
}

// corners are the fractions with at most six decimals.
func (c *Crop) corners() []string {
	out := make([]string, 0, 4)
	for _, v := range []float64{c.X1, c.Y1, c.X2, c.Y2} {
		text := strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0")
		out = append(out, strings.TrimSuffix(text, "."))
	}
	return out
}

func parseCrop(text string) *Crop {
	parts := strings.Split(text, "_")
	if len(parts) != 4 {
		return nil
	}
	var v [4]float64
	for i, part := range parts {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return nil
		}
		v[i] = f
	}
	return &Crop{v[0], v[1], v[2], v[3]}
}

// checkPost gives a post its form on the wire and names everything that the platform would refuse or drop. Pictures in
// known are let pass: they are stored already.
func checkPost(p Post, known []string) (articleJSON, []error) {
	switch p := p.(type) {
	case Article:
		return p.wire(), p.problems(known)
	case *Article:
		if p != nil {
			return p.wire(), p.problems(known)
		}
	case PicPost:
		return p.wire(), p.problems()
	case *PicPost:
		if p != nil {
			return p.wire(), p.problems()
		}
	}
	return articleJSON{}, []error{errors.New("Post is nil")}
}

func (a Article) problems(known []string) []error {
	problems := commonProblems(a.Title, a.OpenComment, a.FansOnlyComment)
	problems = append(problems, atMost("Author", a.Author, maxAuthor), atMost("Digest", a.Digest, maxDigest))
	if a.Cover == "" {
		problems = append(problems, errors.New("Cover is required: the MediaID of a permanent image"))
	}
	switch n := len(a.Content); {
	case strings.TrimSpace(a.Content) == "":
		problems = append(problems, errors.New("Content is required"))
	case n >= maxContent:
		problems = append(problems, fmt.Errorf("Content: %d bytes, WeChat takes less than %d", n, maxContent))
	}
	for _, src := range foreignImages(a.Content) {
		if slices.Contains(known, src) {
			continue
		}
		problems = append(problems, fmt.Errorf("Content: the picture %.200q is not on WeChat's hosts (mmbiz.qpic.cn): upload it with UploadArticleImage", src))
	}
	if a.SourceURL != "" {
		u, err := url.Parse(a.SourceURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			problems = append(problems, errors.New("SourceURL: want an absolute http or https URL"))
		}
		if n := len(a.SourceURL); n > maxSourceURL {
			problems = append(problems, fmt.Errorf("SourceURL: %d bytes, at most %d", n, maxSourceURL))
		}
	}
	problems = append(problems, a.Crop235.check("Crop235"), a.Crop11.check("Crop11"))
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

func (p PicPost) problems() []error {
	problems := commonProblems(p.Title, p.OpenComment, p.FansOnlyComment)
	if n := len(p.Images); n < 1 || n > maxImages {
		problems = append(problems, fmt.Errorf("Images: %d given, want 1 to %d", n, maxImages))
	}
	if slices.Contains(p.Images, "") {
		problems = append(problems, errors.New("Images: holds an empty MediaID"))
	}
	if n := len(p.Content); n >= maxContent {
		problems = append(problems, fmt.Errorf("Content: %d bytes, WeChat takes less than %d", n, maxContent))
	}
	for i, cover := range p.Covers {
		if slices.ContainsFunc(p.Covers[:i], func(other CoverCrop) bool { return other.Ratio == cover.Ratio }) {
			problems = append(problems, fmt.Errorf("Covers: the ratio %q twice", cover.Ratio))
		}
		if !slices.Contains([]string{"1_1", "16_9", "2.35_1"}, cover.Ratio) {
			problems = append(problems, fmt.Errorf("Covers: the ratio %q is not one of 1_1, 16_9, 2.35_1", cover.Ratio))
		}
		problems = append(problems, cover.check("Covers"))
	}
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

func commonProblems(title string, open, fansOnly bool) []error {
	problems := []error{atMost("Title", title, maxTitle)}
	if strings.TrimSpace(title) == "" {
		problems = append(problems, errors.New("Title is required"))
	}
	if fansOnly && !open {
		problems = append(problems, errors.New("FansOnlyComment: needs OpenComment"))
	}
	return problems
}

// atMost counts as the platform does: code points, whatever their width.
func atMost(field, text string, limit int) error {
	if n := utf8.RuneCountInString(text); n > limit {
		return fmt.Errorf("%s: %d characters, at most %d", field, n, limit)
	}
	return nil
}
