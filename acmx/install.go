package acmx

import (
	"context"
	"errors"
	"io/fs"
)

// Layout is the set of files that a server wants.
type Layout string

// The layouts.
const (
	LayoutNginx   Layout = "nginx"   // fullchain.pem, privkey.pem
	LayoutApache  Layout = "apache"  // the same, and cert.pem, chain.pem for Apache before 2.4.8
	LayoutHAProxy Layout = "haproxy" // haproxy.pem: full chain and key in one file
)

// WriteOptions are the options of [Bundle.WriteDir]; nil is the defaults.
type WriteOptions struct {
	// Layout is which files there are. Default LayoutNginx.
	Layout Layout
	// KeyMode is the mode of the files that hold the key: 0600 (default), 0400, 0640 or 0440.
	KeyMode fs.FileMode
	// GID is the group of the files, for servers that do not read their key as root. Default: as it comes.
	GID *int
	// Keep is how many versions stay beside the one in use. Default 2; new(0) keeps none.
	Keep *int
	// Reload makes the server read its files again. When it fails, the version before is put back, Reload is called once
	// more so that the server goes back too, and WriteDir answers the first error. Default: nobody is told.
	Reload func(ctx context.Context) error
}

// WriteDir installs the bundle in dir and reports whether anything changed.
func (b *Bundle) WriteDir(ctx context.Context, dir string, opts *WriteOptions) (changed bool, err error) {
	return false, errors.ErrUnsupported
}

// ReadDir reads back what WriteDir has installed in dir, both files from the same version.
func ReadDir(dir string) (*Bundle, error) { return nil, errors.ErrUnsupported }
