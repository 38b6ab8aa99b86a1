package acmx

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// ReadDir reads back what [Bundle.WriteDir] has installed in a folder, in whatever layout, all of it from the same
// version. It does not ask whether the certificate is still valid.
//
// Errors are [*Error]: fs.ErrNotExist when nothing is installed; ErrMalformed and ErrMismatch for files that somebody has changed.
func ReadDir(dir string) (*Bundle, error) {
	b, err := readDir(dir)
	if err != nil {
		return nil, &Error{Op: "ReadDir", Err: fmt.Errorf("%s: %w", dir, err)}
	}
	return b, nil
}

func readDir(dir string) (*Bundle, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was read from
	d := &disk{root: root}
	for try := 1; ; try++ {
		now, err := d.linked()
		if err == nil && now == "" {
			err = fmt.Errorf("no certificate is installed: %w", fs.ErrNotExist)
		}
		if err != nil {
			return nil, err
		}
		b, err := d.readVersion(now)
		if again, _ := d.linked(); errors.Is(err, fs.ErrNotExist) && again != now && try < 100 {
			continue // replaced and pruned while it was read
		}
		return b, err
	}
}

func (d *disk) readVersion(name string) (*Bundle, error) {
	chain, err := d.read(path.Join(dirVersions, name, nameFullChain))
	if errors.Is(err, fs.ErrNotExist) {
		both, other := d.read(path.Join(dirVersions, name, nameHAProxy))
		if other != nil {
			return nil, err // of the file that most layouts have
		}
		defer clear(both)
		return readPair(both, both)
	}
	if err != nil {
		return nil, err
	}
	key, err := d.read(path.Join(dirVersions, name, nameKey))
	defer clear(key)
	if err != nil {
		return nil, err
	}
	return readPair(chain, key)
}

// readPair reads what a server would read. A key that was adopted may have any of the three forms.
func readPair(chain, key []byte) (*Bundle, error) {
	b := &Bundle{}
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		case b.Leaf == nil:
			b.Leaf = c
		default:
			b.Chain = append(b.Chain, c)
		}
	}
	if b.Leaf == nil {
		return nil, fmt.Errorf("%w: no certificate", ErrMalformed)
	}
	signer, err := readPlainKey(key)
	if err != nil {
		return nil, err
	}
	if !isPair(signer, b.Leaf) {
		return nil, fmt.Errorf("%w: the key is not that of %s", ErrMismatch, title(b.Leaf))
	}
	b.key = &signer
	return b, nil
}

func readPlainKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue
		}
		clear(block.Bytes)
		if signer, ok := key.(crypto.Signer); ok && err == nil {
			return signer, nil
		}
		return nil, fmt.Errorf("%w: the key cannot be read", ErrMalformed) // the parser's words are not passed on, as in parseKey
	}
	return nil, fmt.Errorf("%w: no key that is not encrypted", ErrMalformed)
}
