package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// ImageOptions is what [Client.PutImage] may be told. nil is the defaults.
type ImageOptions struct {
	Prefix       string            // before "sha256/…" in the key; empty or ending with a slash
	CacheControl string            // default Immutable
	Metadata     map[string]string // of the first upload; that of a picture that is there already stays
	MaxBytes     int64             // of the picture; default 32 MiB, at most 1 GiB: it is held in memory
	Strip        bool              // remove EXIF, XMP and the like first: see StripMetadata
}

// Image is a picture in the bucket.
type Image struct {
	Key         string
	URL         string // its public address; empty without Config.PublicBase
	Existed     bool   // it was there already, and nothing was stored
	Size        int64
	ContentType string // by its content, whatever it is named
}

// PutImage stores a picture under a key that is made from its content ([ContentKey]), with a Cache-Control to match, unless it
// is there already: in one request (If-None-Match: *), without asking first, so that the same picture is stored once whoever
// stores it how often. name gives the extension where the content does not tell. What is no picture by its first bytes is
// refused, as ErrInput; so is one that is too large.
//
// With Strip, nobody learns from the picture where and with what it was taken; a picture of a kind that cannot be stripped is
// errors.ErrUnsupported, rather than stored as it is.
//
// Errors: as of [Client.Put]; what reading body failed with.
func (c *Client) PutImage(ctx context.Context, name string, body io.Reader, opts *ImageOptions) (Image, error) {
	o := ImageOptions{}
	if opts != nil {
		o = *opts
	}
	if err := o.check(body); err != nil {
		return Image{}, c.invalid(opPut, name, err)
	}
	most := o.MaxBytes
	if most == 0 {
		most = 32 * mib
	}
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	switch {
	case err != nil:
		return Image{}, c.bodyFailed(name, err)
	case int64(len(data)) > most:
		return Image{}, c.invalid(opPut, name, fmt.Errorf("body: it has more than %d bytes (ImageOptions.MaxBytes)", most))
	}
	kind := sniff(data)
	if !strings.HasPrefix(kind, "image/") {
		return Image{}, c.invalid(opPut, name, fmt.Errorf("body: it is no picture, but looks like %s", kind))
	}
	if o.Strip {
		if data, err = StripMetadata(data); err != nil {
			return Image{}, c.bodyFailed(name, err)
		}
	}
	img := Image{Key: o.Prefix + ContentKey(name, data), Size: int64(len(data)), ContentType: kind}
	if c.public != nil {
		if img.URL, err = c.PublicURL(img.Key); err != nil {
			return Image{}, err
		}
	}
	_, err = c.Put(ctx, img.Key, bytes.NewReader(data), &PutOptions{
		ContentType: kind, CacheControl: o.CacheControl, Metadata: o.Metadata, IfAbsent: true,
	})
	if img.Existed = errors.Is(err, fs.ErrExist); img.Existed {
		err = nil
	}
	if err != nil {
		return Image{}, err
	}
	return img, nil
}

func (o ImageOptions) check(body io.Reader) error {
	var problems []error
	if body == nil {
		problems = append(problems, errors.New("body is nil"))
	}
	if o.Prefix != "" && !strings.HasSuffix(o.Prefix, "/") {
		problems = append(problems, fmt.Errorf("Prefix: %q does not end with a slash", o.Prefix))
	}
	if o.MaxBytes < 0 || o.MaxBytes > 1<<30 {
		problems = append(problems, fmt.Errorf("MaxBytes: %d is not in 1 to %d (0 = 32 MiB)", o.MaxBytes, 1<<30))
	}
	return errors.Join(problems...)
}
