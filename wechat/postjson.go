package wechat

import "strings"

// articleJSON is an article as draft/add and draft/update take it.
type articleJSON struct {
	Type            string       `json:"article_type"`
	Title           string       `json:"title"`
	Author          string       `json:"author,omitempty"`
	Digest          string       `json:"digest,omitempty"`
	Content         string       `json:"content"`
	SourceURL       string       `json:"content_source_url,omitempty"`
	Cover           MediaID      `json:"thumb_media_id,omitempty"`
	OpenComment     int          `json:"need_open_comment"`
	FansOnlyComment int          `json:"only_fans_can_comment"`
	Crop235         string       `json:"pic_crop_235_1,omitempty"`
	Crop11          string       `json:"pic_crop_1_1,omitempty"`
	Images          *imagesJSON  `json:"image_info,omitempty"`
	Covers          *coversJSON  `json:"cover_info,omitempty"`
	Products        *productJSON `json:"product_info,omitempty"`
}

type imagesJSON struct {
	List []imageJSON `json:"image_list"`
}

type imageJSON struct {
	ID MediaID `json:"image_media_id"`
}

type coversJSON struct {
	List []coverJSON `json:"crop_percent_list"`
}

// coverJSON has its fractions as strings.
type coverJSON struct {
	Ratio string `json:"ratio"`
	X1    string `json:"x1"`
	Y1    string `json:"y1"`
	X2    string `json:"x2"`
	Y2    string `json:"y2"`
}

// storedCoverJSON takes fractions as numbers too: what goes in as strings need not come out as such.
type storedCoverJSON struct {
	Ratio          string `json:"ratio"`
	X1, Y1, X2, Y2 fraction
}

// fraction is a number that may come as a string.
type fraction string

func (f *fraction) UnmarshalJSON(b []byte) error {
	*f = fraction(strings.Trim(string(b), `"`))
	return nil
}

type productJSON struct {
	Footer struct {
		Key string `json:"product_key"`
	} `json:"footer_product_info"`
}

func (a Article) wire() articleJSON {
	out := articleJSON{
		Type: typeNews, Title: a.Title, Author: a.Author, Digest: a.Digest, Content: a.Content, SourceURL: a.SourceURL,
		Cover: a.Cover, OpenComment: bit(a.OpenComment), FansOnlyComment: bit(a.FansOnlyComment),
	}
	if a.Crop235 != nil {
		out.Crop235 = strings.Join(a.Crop235.corners(), "_")
	}
	if a.Crop11 != nil {
		out.Crop11 = strings.Join(a.Crop11.corners(), "_")
	}
	return out
}

func (p PicPost) wire() articleJSON {
	out := articleJSON{
		Type: typeNewsPic, Title: p.Title, Content: p.Content, Images: &imagesJSON{},
		OpenComment: bit(p.OpenComment), FansOnlyComment: bit(p.FansOnlyComment),
	}
	for _, id := range p.Images {
		out.Images.List = append(out.Images.List, imageJSON{id})
	}
	for _, cover := range p.Covers {
		if out.Covers == nil {
			out.Covers = &coversJSON{}
		}
		at := cover.corners()
		out.Covers.List = append(out.Covers.List, coverJSON{cover.Ratio, at[0], at[1], at[2], at[3]})
	}
	if p.ProductKey != "" {
		out.Products = &productJSON{}
		out.Products.Footer.Key = p.ProductKey
	}
	return out
}

// draftJSON is an article as draft/get and the lists return it.
type draftJSON struct {
	Type            string     `json:"article_type"`
	Title           string     `json:"title"`
	Author          string     `json:"author"`
	Digest          string     `json:"digest"`
	Content         string     `json:"content"`
	SourceURL       string     `json:"content_source_url"`
	Cover           MediaID    `json:"thumb_media_id"`
	CoverURL        string     `json:"thumb_url"`
	OpenComment     number     `json:"need_open_comment"`
	FansOnlyComment number     `json:"only_fans_can_comment"`
	Crop235         string     `json:"pic_crop_235_1"`
	Crop11          string     `json:"pic_crop_1_1"`
	Images          imagesJSON `json:"image_info"`
	Covers          struct {
		List []storedCoverJSON `json:"crop_percent_list"`
	} `json:"cover_info"`
	Products productJSON `json:"product_info"`
	URL      string      `json:"url"`
	Deleted  truth       `json:"is_deleted"`
}

func (d draftJSON) article() DraftArticle {
	a := DraftArticle{
		Type: d.Type, Title: d.Title, Author: d.Author, Digest: d.Digest, Content: d.Content, SourceURL: d.SourceURL,
		Cover: d.Cover, CoverURL: secureURL(d.CoverURL), OpenComment: d.OpenComment != 0, FansOnlyComment: d.FansOnlyComment != 0,
		Crop235: parseCrop(d.Crop235), Crop11: parseCrop(d.Crop11), TempURL: secureURL(d.URL),
	}
	if a.Type == "" {
		a.Type = typeNews // drafts from before newspic have no type
	}
	for _, image := range d.Images.List {
		a.Images = append(a.Images, image.ID)
	}
	for _, cover := range d.Covers.List {
		crop := parseCrop(strings.Join([]string{string(cover.X1), string(cover.Y1), string(cover.X2), string(cover.Y2)}, "_"))
		if crop != nil {
			a.Covers = append(a.Covers, CoverCrop{Crop: *crop, Ratio: cover.Ratio})
		}
	}
	a.ProductKey = d.Products.Footer.Key
	return a
}

// truth is a boolean that may come as 0 or 1.
type truth bool

func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == "true" || string(b) == "1"
	return nil
}

func bit(on bool) int {
	if on {
		return 1
	}
	return 0
}
