package wechattest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kitroll/kitroll/internal/audiolen"
	"github.com/kitroll/kitroll/wechat"
)

const pictureHost = "mmbiz.qpic.cn"

// upload is the multipart body of an upload.
type upload struct {
	name   string
	ext    string
	data   []byte
	fields map[string]string
}

// kinds are the types of content by their first bytes, with the extensions that fit them.
func kinds(data []byte) []string {
	sniffed, _, _ := strings.Cut(http.DetectContentType(data), ";")
	switch {
	case sniffed == "image/png":
		return []string{"png"}
	case sniffed == "image/jpeg":
		return []string{"jpg", "jpeg"}
	case sniffed == "image/gif":
		return []string{"gif"}
	case sniffed == "image/bmp":
		return []string{"bmp"}
	case sniffed == "audio/wave":
		return []string{"wav"}
	case sniffed == "audio/mpeg", len(data) > 1 && data[0] == 0xff && data[1]&0xe0 == 0xe0:
		return []string{"mp3"}
	case bytes.HasPrefix(data, []byte("#!AMR")):
		return []string{"amr"}
	case bytes.HasPrefix(data, []byte{0x30, 0x26, 0xb2, 0x75}):
		return []string{"wma"}
	case sniffed == "video/mp4", len(data) > 11 && string(data[4:8]) == "ftyp":
		return []string{"mp4"}
	}
	return nil
}

// upload reads the file and refuses it as the platform does: no name 41005, no or upper-case extension 40113, an
// extension that is not taken or not that of the content 40005, no picture at all 40137.
func (c *call) upload(takes []string, limit, tooLarge int) (upload, *refusal) {
	u := upload{fields: map[string]string{}}
	kind, params, err := mime.ParseMediaType(c.head.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return u, refuse(41005, "media data missing")
	}
	for parts := multipart.NewReader(bytes.NewReader(c.body), params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF { //nolint:errorlint // NextRawPart returns it bare
			break
		}
		if err != nil {
			return u, refuse(41005, "media data missing")
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return u, refuse(41005, "media data missing")
		}
		if part.FormName() == "media" {
			u.name, u.data = part.FileName(), data
		} else {
			u.fields[part.FormName()] = string(data)
		}
	}
	u.ext = strings.TrimPrefix(path.Ext(u.name), ".")
	content := kinds(u.data)
	switch {
	case u.name == "":
		return u, refuse(41005, "media data missing")
	case len(u.data) == 0:
		return u, refuse(44001, "empty media data")
	case u.ext == "" || u.ext != strings.ToLower(u.ext):
		return u, refuse(40113, "unsupported file type")
	case !slices.Contains(takes, u.ext):
		return u, refuse(40005, "invalid file type")
	case content == nil:
		return u, refuse(40137, "invalid image format")
	case !slices.Contains(content, u.ext):
		return u, refuse(40005, "invalid file type")
	case len(u.data) > limit:
		return u, refuse(tooLarge, "invalid media size")
	}
	return u, nil
}

// uploadVoice refuses what plays for more than 60 s as well; the last part of a second is guesswork.
func (c *call) uploadVoice(takes []string) (upload, *refusal) {
	u, no := c.upload(takes, 2<<20, 40010)
	if d, ok := audiolen.Of(u.data); no == nil && ok && d >= 61*time.Second {
		return u, refuse(45007, "voice time out of limit")
	}
	return u, no
}

func (s *Server) uploadImage(c *call) (any, *refusal) {
	u, no := c.upload([]string{"jpg", "jpeg", "png"}, 1<<20-1, 40009)
	if no != nil {
		return nil, no
	}
	url := s.pictureURL(u.ext, "from=appmsg")
	s.st.Pictures = append(s.st.Pictures, ArticleImage{URL: url, Name: u.name, Data: u.data})
	return struct {
		URL string `json:"url"`
	}{url}, nil
}

func (s *Server) pictureURL(ext, query string) string {
	return fmt.Sprintf("http://%s/mmbiz_%s/fake%06d/0?%s", pictureHost, ext, s.next(), query)
}

func (s *Server) addMaterial(c *call) (any, *refusal) {
	t := wechat.MaterialType(c.query.Get("type"))
	var u upload
	var no *refusal
	switch t {
	case wechat.ImageMaterial:
		u, no = c.upload([]string{"bmp", "png", "jpeg", "jpg", "gif"}, 10<<20, 40009)
	case wechat.VoiceMaterial:
		u, no = c.uploadVoice([]string{"mp3", "wma", "wav", "amr"})
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
	m := Material{ID: wechat.MediaID(fmt.Sprintf("FakeMaterial_%06d", s.next())), Type: t, Name: u.name, Data: u.data, Updated: c.now}
	switch t {
	case wechat.ImageMaterial, wechat.ThumbMaterial:
		m.URL = s.pictureURL(u.ext, "wx_fmt="+u.ext)
	case wechat.VideoMaterial:
		var about struct {
			Title        string `json:"title"`
			Introduction string `json:"introduction"`
		}
		if err := json.Unmarshal([]byte(u.fields["description"]), &about); err != nil || about.Title == "" {
			return nil, refuse(40035, "invalid parameter: description")
		}
		m.Title, m.Description = about.Title, about.Introduction
	}
	s.st.Materials = append(s.st.Materials, m)
	return struct {
		ID  wechat.MediaID `json:"media_id"`
		URL string         `json:"url,omitempty"`
	}{m.ID, m.URL}, nil
}

func (s *Server) deleteMaterial(c *call) (any, *refusal) {
	var in struct {
		ID wechat.MediaID `json:"media_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if s.inMenu(in.ID) {
		return nil, refuse(48005, "forbid to delete material used by auto-reply or menu")
	}
	before := len(s.st.Materials)
	s.st.Materials = slices.DeleteFunc(s.st.Materials, func(m Material) bool { return m.ID == in.ID })
	if len(s.st.Materials) == before {
		return nil, refuse(40007, "invalid media_id")
	}
	s.dirty = true
	return success(), nil
}

func (s *Server) listMaterials(c *call) (any, *refusal) {
	in, no := c.list()
	if no != nil {
		return nil, no
	}
	if !slices.Contains([]wechat.MaterialType{"image", "voice", "video", "news"}, in.Type) {
		return nil, refuse(40004, "invalid media type")
	}
	var of []Material
	for _, m := range s.st.Materials {
		if m.Type == in.Type {
			of = append(of, m)
		}
	}
	return page(of, in, func(m Material) any {
		if m.Type == "news" {
			type content struct {
				News    []newsItem `json:"news_item"`
				Updated int64      `json:"update_time"`
			}
			return struct {
				ID      wechat.MediaID `json:"media_id"`
				Content content        `json:"content"`
				Updated int64          `json:"update_time"`
			}{m.ID, content{m.news(), m.Updated.Unix()}, m.Updated.Unix()}
		}
		return struct {
			ID      wechat.MediaID `json:"media_id"`
			Name    string         `json:"name"`
			Updated int64          `json:"update_time"`
			URL     string         `json:"url"`
		}{m.ID, m.Name, m.Updated.Unix(), m.URL}
	}), nil
}

func (s *Server) countMaterials(*call) (any, *refusal) {
	n := map[wechat.MaterialType]int{}
	for _, m := range s.st.Materials {
		n[m.Type]++
	}
	return struct {
		Voices int `json:"voice_count"`
		Videos int `json:"video_count"`
		Images int `json:"image_count"`
		News   int `json:"news_count"`
	}{n["voice"], n["video"], n["image"], n["news"]}, nil
}

// uploadVideo makes the id of a mass send from a video of the library.
func (s *Server) uploadVideo(c *call) (any, *refusal) {
	var in struct {
		ID wechat.MediaID `json:"media_id"`
	}
	if no := c.decode(&in); no != nil {
		return nil, no
	}
	if m := s.material(in.ID); m == nil || m.Type != wechat.VideoMaterial {
		return nil, refuse(40007, "invalid media_id")
	}
	return struct {
		Type    string         `json:"type"`
		ID      wechat.MediaID `json:"media_id"`
		Created int64          `json:"created_at"`
	}{"video", massVideo + in.ID, c.now.Unix()}, nil
}

// massVideo begins the ids of uploadVideo.
const massVideo = "MassVideo_"

func (s *Server) servePicture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	var data []byte
	at := "http://" + pictureHost + r.URL.Path + "?"
	for _, p := range s.st.Pictures {
		if strings.HasPrefix(p.URL, at) {
			data = p.Data
		}
	}
	for _, m := range s.st.Materials {
		if strings.HasPrefix(m.URL, at) {
			data = m.Data
		}
	}
	s.mu.Unlock()
	if data == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", http.DetectContentType(data))
	_, _ = w.Write(data)
}
