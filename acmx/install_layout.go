package acmx

import (
	"io/fs"
	"slices"
)

// Layout is the set of files that a server wants.
type Layout string

// The layouts.
const (
	// LayoutNginx is fullchain.pem and privkey.pem, for ssl_certificate and ssl_certificate_key, and for most servers.
	LayoutNginx Layout = "nginx"
	// LayoutApache is the same, for SSLCertificateFile and SSLCertificateKeyFile, with cert.pem and, unless there are no
	// intermediates, chain.pem for SSLCertificateChainFile of Apache before 2.4.8.
	LayoutApache Layout = "apache"
	// LayoutHAProxy is haproxy.pem, for crt: leaf, intermediates and key in one file.
	LayoutHAProxy Layout = "haproxy"
)

// The names of the files.
const (
	nameFullChain = "fullchain.pem"
	nameKey       = "privkey.pem"
	nameCert      = "cert.pem"
	nameChain     = "chain.pem"
	nameHAProxy   = "haproxy.pem"
)

// fileNames are those that any layout has.
func fileNames() []string { return []string{nameFullChain, nameKey, nameCert, nameChain, nameHAProxy} }

// names are those that the layout may have; nil for one that is not known.
func (l Layout) names() []string {
	switch l {
	case LayoutNginx:
		return []string{nameFullChain, nameKey}
	case LayoutApache:
		return []string{nameFullChain, nameKey, nameCert, nameChain}
	case LayoutHAProxy:
		return []string{nameHAProxy}
	}
	return nil
}

// file is one file of a version.
type file struct {
	name string
	data []byte
	mode fs.FileMode
	gid  *int
}

// files are those of a version, in the order in which they are written.
type files []file

// clear takes the key out of memory again.
func (fs files) clear() {
	for _, f := range fs {
		clear(f.data)
	}
}

func (fs files) has(name string) bool {
	return slices.ContainsFunc(fs, func(f file) bool { return f.name == name })
}

// files are what a bundle is in this layout.
func (l Layout) files(b *Bundle, opts WriteOptions) (files, error) {
	key, err := b.KeyPEM()
	if err != nil {
		return nil, err
	}
	const public = 0o644
	switch l {
	case LayoutHAProxy:
		defer clear(key)
		return files{{nameHAProxy, append(b.FullChainPEM(), key...), opts.KeyMode, opts.GID}}, nil
	case LayoutApache:
		out := files{
			{nameKey, key, opts.KeyMode, opts.GID},
			{nameFullChain, b.FullChainPEM(), public, opts.GID},
			{nameCert, b.LeafPEM(), public, opts.GID},
		}
		if len(b.Chain) > 0 { // Apache does not start on an empty one
			out = append(out, file{nameChain, b.ChainPEM(), public, opts.GID})
		}
		return out, nil
	default:
		return files{{nameKey, key, opts.KeyMode, opts.GID}, {nameFullChain, b.FullChainPEM(), public, opts.GID}}, nil
	}
}
