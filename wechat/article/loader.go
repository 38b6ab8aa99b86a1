package article

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/kitroll/kitroll/internal/httpcall"
)

// MaxPictureBytes is the most that is read of one picture, from wherever it comes.
const MaxPictureBytes = 20 << 20

// Loader reads the pictures that a text names. The zero value reads data: URIs and public http(s) addresses.
type Loader struct {
	// FS holds the local pictures; a reference is a path in it. nil refuses them. It is never left: ".." and absolute
	// paths are refused. os.DirFS follows symbolic links out of its folder; the FS of an os.Root does not.
	FS fs.FS

	// HTTPClient fetches remote pictures. nil is a client of this package's own that reaches public addresses only,
	// whatever a name resolves to or a redirect leads to, uses no proxy, and gives up after 30 s. One of yours is used as
	// it is: what it may reach is then up to you.
	HTTPClient *http.Client
}

// Load reads a picture: a path in FS, a data: URI, or an http(s) address; at most 20 MiB of it. It finds out what the
// bytes are, and leaves it to [Fit] and [Cover] to refuse what they cannot use. It repeats nothing.
//
// Errors: [*PictureError], with [fs.ErrNotExist], [fs.ErrPermission] (a path out of the folder, a private address),
// [ErrTooLarge], or what went wrong on the way. No error shows an address's query.
func (l Loader) Load(ctx context.Context, ref string) (Picture, error) {
	if err := ctx.Err(); err != nil {
		return Picture{}, pictureError(ref, "", context.Cause(ctx), "")
	}
	var data []byte
	var name string
	var err error
	switch scheme := scheme(ref); scheme {
	case "":
		data, name, err = l.local(ref)
	case "data":
		data, err = dataURI(ref)
	case "http", "https":
		data, name, err = l.remote(ctx, ref)
	default:
		err = fmt.Errorf("%w: %s: addresses are for http, https, data, or a path", fs.ErrPermission, scheme)
	}
	if err != nil {
		return Picture{}, pictureError(ref, "", err, "")
	}
	return NewPicture(ref, name, data), nil
}

// scheme is what stands before the colon, where that is the scheme of an address.
func scheme(ref string) string {
	head, _, ok := strings.Cut(ref, ":")
	if !ok || head == "" || strings.Trim(strings.ToLower(head), "abcdefghijklmnopqrstuvwxyz0123456789+.-") != "" {
		return ""
	}
	return strings.ToLower(head)
}

func (l Loader) local(ref string) (data []byte, name string, err error) {
	if l.FS == nil {
		return nil, "", fmt.Errorf("%w: local pictures need Loader.FS", fs.ErrPermission)
	}
	if strings.HasPrefix(ref, "/") || strings.Contains(ref, `\`) {
		return nil, "", fmt.Errorf("%w: write a path with / that begins in the article's folder", fs.ErrPermission)
	}
	data, name, err = l.open(ref)
	if plain, bad := url.PathUnescape(ref); errors.Is(err, fs.ErrNotExist) && bad == nil && plain != ref {
		data, name, err = l.open(plain) // Markdown editors write a space as %20
	}
	return data, name, err
}

func (l Loader) open(ref string) ([]byte, string, error) {
	name := path.Clean(ref)
	if !fs.ValidPath(name) || name == "." {
		return nil, "", fmt.Errorf("%w: the path leaves the article's folder", fs.ErrPermission)
	}
	f, err := l.FS.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, "", err
	}
	if !info.Mode().IsRegular() { // a pipe would block for ever
		return nil, "", errors.New("not a regular file")
	}
	data, err := httpcall.Read(io.NopCloser(f), MaxPictureBytes)
	if errors.Is(err, httpcall.ErrTooLarge) {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxPictureBytes)
	}
	return data, path.Base(name), err
}

func dataURI(ref string) ([]byte, error) {
	head, body, ok := strings.Cut(ref, ",")
	if !ok {
		return nil, errors.New("a data: address without a comma")
	}
	if len(body) > MaxPictureBytes*3 {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxPictureBytes)
	}
	plain, err := url.PathUnescape(body)
	if err != nil {
		return nil, errors.New("a data: address with a broken % escape")
	}
	data := []byte(plain)
	if strings.HasSuffix(strings.ToLower(head), ";base64") {
		plain = strings.TrimRight(strings.Join(strings.Fields(plain), ""), "=")
		plain = strings.NewReplacer("-", "+", "_", "/").Replace(plain)
		if data, err = base64.RawStdEncoding.DecodeString(plain); err != nil {
			return nil, fmt.Errorf("a data: address that is not base64: %w", err)
		}
	}
	if len(data) > MaxPictureBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxPictureBytes)
	}
	return data, nil
}

func (l Loader) remote(ctx context.Context, ref string) (data []byte, name string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ref, http.NoBody)
	if err != nil {
		return nil, "", errors.New("not a valid address")
	}
	req.Header.Set("Accept", "image/png,image/jpeg,image/gif,image/webp;q=0.9,image/*;q=0.5")
	hc := l.HTTPClient
	if hc == nil {
		hc = guardedClient()
		defer hc.CloseIdleConnections()
	}
	resp, err := httpcall.Do(hc, req)
	if err != nil {
		return nil, "", err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
			return nil, "", fmt.Errorf("%w: HTTP status %d", fs.ErrNotExist, resp.StatusCode)
		}
		return nil, "", fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	data, err = httpcall.Read(resp.Body, MaxPictureBytes)
	if errors.Is(err, httpcall.ErrTooLarge) {
		err = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, MaxPictureBytes)
	}
	return data, path.Base(req.URL.Path), err
}
