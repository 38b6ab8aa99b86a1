package llm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// ImageFormat is how an image comes.
type ImageFormat string

// The formats.
const (
	ImageB64  ImageFormat = "b64_json" // inside the answer
	ImageLink ImageFormat = "url"      // at an address that lives for about an hour; see FetchImage
)

// ImageRequest asks for images.
type ImageRequest struct {
	Model  string // required
	Prompt string // required; at most 1000 characters for dall-e-2, 4000 for dall-e-3, 32000 for gpt-image
	N      int    // how many; 0 = 1. dall-e-3 makes 1 only. Sent under the name that the Dialect knows
	Size   string // such as "1024x1024"; empty = the model's default. Likewise
	// Quality: dall-e-3 "standard" or "hd"; gpt-image "low", "medium", "high" or "auto"; empty = the model's default.
	Quality string
	Style   string // of dall-e-3 only: "vivid" or "natural"
	// ResponseFormat; empty = [ImageB64] for dall-e, and not sent for any other model. It is never sent for gpt-image,
	// which refuses the field and always answers as ImageB64 does.
	ResponseFormat ImageFormat
	Background     string // of gpt-image only: "transparent", "opaque" or "auto"
	OutputFormat   string // of gpt-image only: "png", "jpeg" or "webp"
	// Extra goes into the body last and replaces what is there, such as SiliconFlow's {"negative_prompt": "people"} or
	// gpt-image's {"output_compression": 80}. A nil value takes a field out.
	Extra map[string]any
}

// ImageResponse is the images made.
type ImageResponse struct {
	Created   time.Time
	Images    []ImageResult
	Usage     *Usage // nil = the server did not say
	RequestID string
}

// ImageResult is one image: Data or URL.
type ImageResult struct {
	Data          []byte // the file
	Type          string // of Data, such as "image/png"
	URL           string // fetch it soon: such addresses live for about an hour
	RevisedPrompt string // what dall-e-3 made of the prompt
}

// String describes the image without its bytes.
func (r ImageResult) String() string {
	if len(r.Data) > 0 {
		return fmt.Sprintf("[%s, %d bytes]", r.Type, len(r.Data))
	}
	return "[image at " + httpcall.RedactURL(r.URL) + "]"
}

type wireImageRequest struct {
	Model          string      `json:"model"`
	Prompt         string      `json:"prompt"`
	N              int         `json:"n,omitempty"`
	Size           string      `json:"size,omitempty"`
	Quality        string      `json:"quality,omitempty"`
	Style          string      `json:"style,omitempty"`
	ResponseFormat ImageFormat `json:"response_format,omitempty"`
	Background     string      `json:"background,omitempty"`
	OutputFormat   string      `json:"output_format,omitempty"`
}

// Images makes images.
//
// Each costs money, and there is no idempotency key: the request is repeated only when it provably never left, or was
// refused with 429. When it left and no usable answer came back (the connection broke, a proxy answered in the provider's
// place, ctx ended), the error is [ErrUnknownOutcome] and also the cause; the images may have been made and charged, and
// there is no way to ask.
//
// Read are data[].b64_json, with or without a data-URL prefix, data[].url, and SiliconFlow's images[]. Addresses are not
// fetched; [FetchImage] does that safely.
//
// Errors: [ErrInvalid] before anything is sent, and the kinds of [*Error].
//
// Source: OpenAI and SiliconFlow API references, images/generations (read 2026-11).
func (c *Client) Images(ctx context.Context, r *ImageRequest) (*ImageResponse, error) {
	body, err := r.body(&c.dialect)
	if err != nil {
		return nil, &Error{Op: opImages, Kind: ErrInvalid, Message: "request: " + err.Error(), Err: err}
	}
	ctx, cancel := c.answerTimeout(ctx)
	defer cancel()
	k := call{c: c, op: opImages, accept: acceptJSON, body: body}
	var images *ImageResponse
	err = k.retry(ctx, func(ctx context.Context) (err error) {
		images, err = k.images(ctx)
		return err
	}, func(e *Error) bool {
		return isKind(e.Kind, ErrRateLimit) || e.Status == 0 && !e.sent && e.passing()
	})
	return images, err
}

func (k *call) images(ctx context.Context) (*ImageResponse, error) {
	resp, err := k.send(ctx) //nolint:bodyclose // httpcall.Read closes it
	if err != nil {
		e, _ := errors.AsType[*Error](err)
		if e.sent || e.Status != 0 && lostBehind(e) {
			return nil, k.unknown(e)
		}
		return nil, err
	}
	data, err := httpcall.Read(resp.Body, k.c.cfg.Limits.ImageBody)
	if errors.Is(err, httpcall.ErrTooLarge) {
		e := k.fromHeader(resp)
		e.Kind, e.Err = ErrTooLarge, err
		return nil, k.finish(e)
	}
	if err != nil {
		e := k.failed(ctx, err)
		e.Status, e.RequestID = resp.StatusCode, requestID(resp.Header)
		return nil, k.unknown(e)
	}
	data = bytes.TrimSpace(data)
	images, err := parseImages(data)
	var e *Error
	switch {
	case errors.Is(err, errNotJSON):
		e = k.fromHeader(resp)
		e.Kind, e.Message, e.Body = ErrNotStream, "an answer that is not JSON: "+plain(data[:min(len(data), 512)]), bytes.Clone(data[:min(len(data), 512)])
		return nil, k.unknown(k.finish(e))
	case errors.Is(err, errReported):
		return nil, k.reported(resp, data)
	case err != nil:
		e = k.fromHeader(resp)
		e.Kind, e.Message = ErrNotStream, err.Error()
		return nil, k.finish(e)
	}
	images.RequestID = cmp.Or(requestID(resp.Header), images.RequestID)
	return images, nil
}

// unknown wraps the error of a request whose outcome nobody knows.
func (k *call) unknown(e *Error) *Error {
	return &Error{
		Op: k.op, Status: e.Status, RequestID: e.RequestID, Body: e.Body, Kind: ErrUnknownOutcome, Err: e,
		Message: ErrUnknownOutcome.Error() + ": the request may have been carried out and charged: " + strings.TrimPrefix(e.Error(), "llm: "+k.op+": "),
	}
}

// lostBehind reports whether an error status says nothing of what the provider did: it comes from a proxy in front.
func lostBehind(e *Error) bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout, 499, 520, 522, 524:
		return true
	}
	return e.Status >= 500 && !json.Valid(e.Body)
}

var (
	errNotJSON  = errors.New("not JSON")
	errReported = errors.New("the server reports an error")
)

func parseImages(data []byte) (*ImageResponse, error) {
	type item struct {
		B64           string `json:"b64_json"`
		URL           string `json:"url"`
		RevisedPrompt string `json:"revised_prompt"`
	}
	var d decoder
	c, ok := d.decode(data)
	switch {
	case !ok:
		return nil, errNotJSON
	case c.hasError:
		return nil, errReported
	}
	var w struct {
		Data   json.RawMessage `json:"data"`
		Images json.RawMessage `json:"images"`
	}
	if json.Unmarshal(data, &w) != nil {
		return nil, errReported // a list, or the like
	}
	var items []item
	for _, list := range []json.RawMessage{w.Data, w.Images} {
		if len(items) == 0 && !isNull(list) {
			if err := json.Unmarshal(list, &items); err != nil {
				return nil, errors.New("an answer whose list of images has another shape")
			}
		}
	}
	if len(items) == 0 {
		if c.complaint || c.objectError {
			return nil, errReported
		}
		return nil, errors.New("an answer without images")
	}
	r := &ImageResponse{}
	if c.created > 0 {
		r.Created = time.Unix(c.created, 0).UTC()
	}
	if c.usage != (Usage{}) {
		r.Usage = new(c.usage)
	}
	for i, it := range items {
		res := ImageResult{URL: it.URL, RevisedPrompt: it.RevisedPrompt}
		b64 := it.B64
		if b64 == "" && strings.HasPrefix(it.URL, "data:") {
			b64, res.URL = it.URL, ""
		}
		if b64 != "" {
			img, err := decodeBase64(b64)
			if err != nil {
				return nil, fmt.Errorf("image %d is not base64", i)
			}
			res.Data, res.Type = img, http.DetectContentType(img)
		}
		if len(res.Data) == 0 && res.URL == "" {
			return nil, fmt.Errorf("image %d is empty", i)
		}
		r.Images = append(r.Images, res)
	}
	return r, nil
}

// decodeBase64 takes what servers send: with or without "data:image/png;base64," in front, padding and line ends.
func decodeBase64(s string) ([]byte, error) {
	if strings.HasPrefix(s, "data:") {
		_, after, ok := strings.Cut(s, ",")
		if !ok {
			return nil, errNotJSON
		}
		s = after
	}
	s = strings.TrimRight(strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(s), "=")
	return base64.RawStdEncoding.DecodeString(s)
}

func (r *ImageRequest) body(d *Dialect) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	shape := d.Images
	if shape.MaxCount > 0 && r.N > shape.MaxCount {
		return nil, fmt.Errorf("N: %s makes %d images at a time, not %d", d.Name, shape.MaxCount, r.N)
	}
	if shape.Plain && r.ResponseFormat == ImageB64 {
		return nil, fmt.Errorf("ResponseFormat: %s gives addresses only; FetchImage fetches one", d.Name)
	}
	w := wireImageRequest{
		Model: r.Model, Prompt: r.Prompt, N: r.N, Size: r.Size, Quality: r.Quality, Style: r.Style,
		ResponseFormat: r.ResponseFormat, Background: r.Background, OutputFormat: r.OutputFormat,
	}
	add := map[string]any{}
	if shape.CountField != "" && r.N > 0 {
		add[shape.CountField], w.N = r.N, 0
	}
	if shape.SizeField != "" && r.Size != "" {
		add[shape.SizeField], w.Size = r.Size, ""
	}
	switch {
	case isGPTImage(r.Model) || shape.Plain:
		w.ResponseFormat = ""
	case strings.HasPrefix(r.Model, "dall-e"):
		w.ResponseFormat = cmp.Or(w.ResponseFormat, ImageB64)
	}
	return mergeExtra(w, add, r.Extra)
}

func isGPTImage(model string) bool {
	return strings.HasPrefix(model, "gpt-image") || strings.HasPrefix(model, "chatgpt-image")
}

func (r *ImageRequest) check() error {
	if r == nil {
		return errors.New("nil")
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if strings.TrimSpace(r.Model) == "" {
		add("Model: missing")
	}
	if strings.TrimSpace(r.Prompt) == "" {
		add("Prompt: missing")
	}
	limit, dalle3, gpt := 0, strings.HasPrefix(r.Model, "dall-e-3"), isGPTImage(r.Model)
	switch {
	case dalle3:
		limit = 4000
	case strings.HasPrefix(r.Model, "dall-e-2"):
		limit = 1000
	case gpt:
		limit = 32000
	}
	if n := utf8.RuneCountInString(r.Prompt); limit > 0 && n > limit {
		add("Prompt: %d characters, %s takes %d", n, r.Model, limit)
	}
	switch {
	case r.N < 0 || r.N > 10:
		add("N: %d is outside 0 to 10", r.N)
	case dalle3 && r.N > 1:
		add("N: dall-e-3 makes 1 image at a time, not %d", r.N)
	}
	if r.Style != "" && (gpt || strings.HasPrefix(r.Model, "dall-e-2")) {
		add("Style: %s has none; dall-e-3 has", r.Model)
	}
	switch r.ResponseFormat {
	case "", ImageB64:
	case ImageLink:
		if gpt {
			add("ResponseFormat: %s gives no addresses", r.Model)
		}
	default:
		add("ResponseFormat: there is no %q", r.ResponseFormat)
	}
	return errors.Join(errs...)
}
