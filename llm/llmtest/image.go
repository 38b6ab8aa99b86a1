package llmtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// ImageRequest is what a client asks for.
type ImageRequest struct {
	Model, Prompt, Size, Quality, Style string
	N                                   int
	ResponseFormat                      string // as sent; empty = the model's default
	Header                              http.Header
	Raw                                 json.RawMessage
}

// ImageAnswer is the image, or each of the images, that the model makes.
type ImageAnswer struct {
	// Data is the file; nil = a small PNG that depends on the prompt.
	Data []byte
	// URL makes the answer an address, whatever was asked for; empty = as asked, at an address that the server serves.
	URL string
	// DataURL puts "data:image/png;base64," before the base64, as some servers do.
	DataURL bool
	// SiliconFlow answers in that provider's form: images[] with addresses.
	SiliconFlow   bool
	RevisedPrompt string
	// Delay comes before the image is made.
	Delay time.Duration
	// Error, if set, is all the answer; no image is made.
	Error *APIError
}

type wireImage struct {
	Model             string  `json:"model"`
	Prompt            string  `json:"prompt"`
	N                 *int    `json:"n"`
	Size              string  `json:"size"`
	Quality           string  `json:"quality"`
	Style             *string `json:"style"`
	ResponseFormat    *string `json:"response_format"`
	Background        *string `json:"background"`
	OutputFormat      *string `json:"output_format"`
	OutputCompression *int    `json:"output_compression"`
	Moderation        *string `json:"moderation"`
}

func (s *Server) images(w http.ResponseWriter, r *http.Request, body []byte) {
	if !s.admit(w, r, http.MethodPost, body) {
		return
	}
	if e := s.wrongType(r); e != nil {
		writeError(w, *e)
		return
	}
	var wire wireImage
	if err := json.Unmarshal(body, &wire); err != nil {
		writeError(w, APIError{Message: "We could not parse the JSON body of your request."})
		return
	}
	if e := s.checkImage(wire); e != nil {
		writeError(w, *e)
		return
	}
	req := ImageRequest{
		Model: wire.Model, Prompt: wire.Prompt, Size: wire.Size, Quality: wire.Quality,
		N: *or(wire.N, 1), Style: *or(wire.Style, ""), ResponseFormat: *or(wire.ResponseFormat, ""), Header: r.Header.Clone(), Raw: body,
	}
	s.mu.Lock()
	paint := s.onImage
	s.mu.Unlock()
	var a ImageAnswer
	if paint != nil {
		a = paint(req)
	}
	sleep(r, a.Delay)
	if a.Error != nil {
		writeError(w, *a.Error)
		return
	}
	if a.Data == nil {
		a.Data = picture(req.Prompt)
	}
	if err := s.made(req.N); err != nil {
		writeError(w, APIError{Status: http.StatusInternalServerError, Type: "server_error", Message: err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, s.imageBody(req, a))
}

func or[T any](p *T, def T) *T {
	if p == nil {
		return &def
	}
	return p
}

// made counts images, and makes the count outlive the process before anybody hears of it.
func (s *Server) made(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Images += n
	if s.opts.StateFile == "" {
		return nil
	}
	if err := atomicfile.WriteJSON(s.opts.StateFile, s.state); err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	return nil
}

func (s *Server) imageBody(req ImageRequest, a ImageAnswer) object {
	gpt := strings.HasPrefix(req.Model, "gpt-image")
	link := a.URL != "" || a.SiliconFlow || req.ResponseFormat == "url" || req.ResponseFormat == "" && strings.HasPrefix(req.Model, "dall-e")
	items := make([]any, 0, req.N)
	for range req.N {
		item := object{}
		switch {
		case a.URL != "":
			item["url"] = a.URL
		case link:
			item["url"] = s.publish(a.Data)
		default:
			b64 := base64.StdEncoding.EncodeToString(a.Data)
			if a.DataURL {
				b64 = "data:image/png;base64," + b64
			}
			item["b64_json"] = b64
		}
		if a.RevisedPrompt != "" {
			item["revised_prompt"] = a.RevisedPrompt
		}
		items = append(items, item)
	}
	if a.SiliconFlow {
		return object{"images": items, "timings": object{"inference": 1.5}, "seed": 42}
	}
	body := object{"created": s.opts.Now().Unix(), "data": items}
	if gpt {
		body["usage"] = object{"input_tokens": 10, "output_tokens": 100, "total_tokens": 110}
	}
	return body
}

// publish gives the file an address.
func (s *Server) publish(data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := fmt.Sprintf("/files/%d.png", len(s.files)+1)
	s.files[path] = data
	return "http://" + host + path
}

func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	data, ok := s.files[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		writeError(w, unknownURL(r))
		return
	}
	w.Header().Set("Content-Type", http.DetectContentType(data))
	_, _ = w.Write(data)
}

func (s *Server) checkImage(w wireImage) *APIError {
	dalle2, dalle3, gpt := w.Model == "dall-e-2", w.Model == "dall-e-3", strings.HasPrefix(w.Model, "gpt-image")
	switch {
	case w.Prompt == "":
		return new(missing("prompt"))
	case !slices.Contains(s.opts.Models, w.Model):
		return new(noModel(w.Model))
	case !dalle2 && !dalle3 && !gpt && !strings.Contains(w.Model, "/"): // a name with a slash is another provider's
		return new(badValue("model", "Invalid value: '"+w.Model+"'. It is not an image model."))
	case w.N != nil && (*w.N < 1 || *w.N > 10):
		return new(badValue("n", "Invalid 'n': expected a value between 1 and 10."))
	case dalle3 && w.N != nil && *w.N > 1:
		return &APIError{Param: "n", Message: "You must provide n=1 for this model."}
	case gpt && w.ResponseFormat != nil:
		return new(unknownParameter("response_format"))
	case !dalle3 && w.Style != nil:
		return new(unknownParameter("style"))
	case !gpt && w.Background != nil:
		return new(unknownParameter("background"))
	case !gpt && w.OutputFormat != nil:
		return new(unknownParameter("output_format"))
	case !gpt && w.OutputCompression != nil:
		return new(unknownParameter("output_compression"))
	case !gpt && w.Moderation != nil:
		return new(unknownParameter("moderation"))
	}
	return checkImageValues(w, dalle2, dalle3, gpt)
}

func checkImageValues(w wireImage, dalle2, dalle3, gpt bool) *APIError {
	limit := 32000
	qualities, sizes := []string{"low", "medium", "high", "auto"}, []string{"1024x1024", "1536x1024", "1024x1536", "auto"}
	switch {
	case dalle2:
		limit, qualities, sizes = 1000, []string{"standard"}, []string{"256x256", "512x512", "1024x1024"}
	case dalle3:
		limit, qualities, sizes = 4000, []string{"standard", "hd"}, []string{"1024x1024", "1792x1024", "1024x1792"}
	case !gpt:
		return nil
	}
	if n := utf8.RuneCountInString(w.Prompt); n > limit {
		return &APIError{Param: "prompt", Code: "string_above_max_length", Message: fmt.Sprintf("Invalid 'prompt': string too long. Expected a string with maximum length %d, but got a string with length %d instead.", limit, n)}
	}
	for _, c := range []struct {
		param, value string
		allowed      []string
	}{
		{"quality", w.Quality, qualities},
		{"size", w.Size, sizes},
		{"style", *or(w.Style, ""), []string{"vivid", "natural"}},
		{"response_format", *or(w.ResponseFormat, ""), []string{"url", "b64_json"}},
		{"background", *or(w.Background, ""), []string{"transparent", "opaque", "auto"}},
		{"output_format", *or(w.OutputFormat, ""), []string{"png", "jpeg", "webp"}},
	} {
		if e, ok := oneOf(c.param, c.value, c.allowed...); !ok {
			return &e
		}
	}
	return nil
}

// picture is a PNG of 480 by 300 pixels: hills in colours that depend on the prompt.
func picture(prompt string) []byte {
	h := fnv.New32a()
	_, _ = h.Write([]byte(prompt))
	sum := h.Sum32()
	const width, height, shades = 480, 300, 6
	palette := make(color.Palette, 0, shades)
	for i := range uint8(shades) {
		palette = append(palette, color.RGBA{R: uint8(sum)/2 + i*20, G: uint8(sum>>8)/2 + i*15, B: uint8(sum>>16)/2 + i*20, A: 255})
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	for x := range width {
		for y := range height {
			ridge := (x*x/97 + x*int(sum%7+1)) % 60
			img.SetColorIndex(x, y, uint8(min(max(0, (y-ridge)*shades/height), shades-1)))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil { // into memory
		panic(err)
	}
	return b.Bytes()
}
