package wechattest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/wechat"
)

// Temporary is a temporary file. It is gone three days after it came.
type Temporary struct {
	ID      wechat.MediaID
	Type    wechat.MaterialType
	Name    string
	Data    []byte
	Created time.Time
}

const temporaryLife = 3 * 24 * time.Hour

// rawFile is an answer that is a file, where others are JSON.
type rawFile struct {
	name string
	data []byte
}

func (b *rawFile) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", http.DetectContentType(b.data))
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(b.name)))
	_, _ = w.Write(b.data) //nolint:gosec // a file as its own type, to a test
}

// Temporaries are the temporary files that are there still, oldest first.
func (s *Server) Temporaries() (out []Temporary) {
	s.look(func() {
		for _, m := range s.st.Temporaries {
			if s.opts.Now().Before(m.Created.Add(temporaryLife)) {
				out = append(out, m)
			}
		}
	})
	return out
}

// AddNewsMaterial puts a news material into the library, as accounts have them from before 2022. No call makes one.
func (s *Server) AddNewsMaterial(title, content string) (id wechat.MediaID) {
	s.look(func() {
		m := Material{ID: wechat.MediaID(fmt.Sprintf("FakeMaterial_%06d", s.next())), Type: "news", Title: title, Updated: s.opts.Now(), Data: []byte(content)}
		s.st.Materials = append(s.st.Materials, m)
		id = m.ID
	})
	return id
}

func (s *Server) uploadTemporary(c *call) (any, *refusal) {
	t := wechat.MaterialType(c.query.Get("type"))
	var u upload
	var no *refusal
	switch t {
	case wechat.ImageMaterial:
		u, no = c.upload([]string{"png", "jpeg", "jpg", "gif"}, 10<<20, 40009)
	case wechat.VoiceMaterial:
		u, no = c.uploadVoice([]string{"mp3", "amr"})
	case wechat.VideoMaterial:
		u, no = c.upload([]string{"mp4"}, 10<<20, 40011)
	case wechat.ThumbMaterial:
		u, no = c.upload([]string{"jpg", "jpeg"}, 64<<10, 40012)
	default:
		no = refuse(40004, "invalid media type")
	}
	if no != nil {
		return nil, no
	}
	m := Temporary{ID: wechat.MediaID(fmt.Sprintf("FakeTemporary_%06d", s.next())), Type: t, Name: u.name, Data: u.data, Created: c.now}
	s.st.Temporaries = append(s.st.Temporaries, m)
	out := struct {
		Type    wechat.MaterialType `json:"type"`
		ID      wechat.MediaID      `json:"media_id,omitempty"`
		Thumb   wechat.MediaID      `json:"thumb_media_id,omitempty"`
		Created int64               `json:"created_at"`
	}{Type: t, Created: c.now.Unix()}
	if t == wechat.ThumbMaterial {
		out.Thumb = m.ID // as older pages have it
	} else {
		out.ID = m.ID
	}
	return out, nil
}

func (s *Server) temporary(c *call) *Temporary {
	id := wechat.MediaID(c.query.Get("media_id"))
	i := slices.IndexFunc(s.st.Temporaries, func(m Temporary) bool { return m.ID == id && c.now.Before(m.Created.Add(temporaryLife)) })
	if i < 0 {
		return nil
	}
	return &s.st.Temporaries[i]
}

func (s *Server) getTemporary(c *call) (any, *refusal) {
	m := s.temporary(c)
	switch {
	case m == nil:
		return nil, refuse(40007, "invalid media_id")
	case m.Type == wechat.VideoMaterial:
		return struct {
			URL string `json:"video_url"`
		}{"http://vweixinp.tc.qq.com/fake/" + string(m.ID) + ".mp4"}, nil
	}
	return &rawFile{m.Name, m.Data}, nil
}

func (s *Server) getVoice(c *call) (any, *refusal) {
	m := s.temporary(c)
	if m == nil || m.Type != wechat.VoiceMaterial {
		return nil, refuse(40007, "invalid media_id")
	}
	return &rawFile{strings.TrimSuffix(m.Name, ".amr") + ".speex", append([]byte("speex of "), m.Data...)}, nil
}

// newsItem is an article of an old news material.
type newsItem struct {
	Title   string `json:"title"`
	Content string `json:"content"`
	URL     string `json:"url"`
	Show    int    `json:"show_cover_pic"`
}

func (m Material) news() []newsItem {
	return []newsItem{{Title: m.Title, Content: string(m.Data), URL: "http://mp.weixin.qq.com/s?__biz=MzFake==&mid=" + string(m.ID)}}
}

func (s *Server) getMaterial(c *call) (any, *refusal) {
	var in struct {
		ID wechat.MediaID `json:"media_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	m := s.material(in.ID)
	switch {
	case m == nil:
		return nil, refuse(40007, "invalid media_id")
	case m.Type == "news":
		return struct {
			News []newsItem `json:"news_item"`
		}{m.news()}, nil
	case m.Type == wechat.VideoMaterial:
		return struct {
			Title       string `json:"title"`
			Description string `json:"description"`
			URL         string `json:"down_url"`
		}{m.Title, m.Description, "http://203.205.158.83/vweixinp.tc.qq.com/fake/" + string(m.ID) + ".mp4"}, nil
	}
	return &rawFile{m.Name, m.Data}, nil
}
