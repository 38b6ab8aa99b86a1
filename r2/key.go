package r2

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Immutable is the Cache-Control of an object whose content never changes under its key, and the default for keys that
// hold the hash of their content.
const Immutable = "public, max-age=31536000, immutable"

const maxKey = 1024

// checkKey refuses what R2 refuses, and what would not arrive: a path segment "." or ".." is resolved on the way.
func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("key has %d bytes, the limit is %d", len(key), maxKey)
	case !utf8.ValidString(key):
		return errors.New("key is not UTF-8")
	case strings.ContainsRune(key, 0):
		return errors.New("key holds a NUL")
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "." || segment == ".." {
			return fmt.Errorf("key has the segment %q, which is resolved on the way: the object would be another", segment)
		}
	}
	return nil
}

// escapeKey spells a key for the path of a URL the way S3 signs it: every byte but a-z A-Z 0-9 - . _ ~ and / becomes
// %XX.
func escapeKey(key string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(key) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

// ContentKey is a key made from the content: "sha256/", the hash in hex, and an extension, which the content tells if it
// is a picture or another kind with a signature, else name. The same content has the same key wherever it is named, so
// that storing it twice stores it once: [PutOptions.IfAbsent], and [Immutable] is the default Cache-Control.
func ContentKey(name string, content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256/" + hex.EncodeToString(sum[:]) + extension(name, content)
}

var plainExtension = regexp.MustCompile(`^\.[a-z0-9]{1,10}$`)

// extension is ".png" and the like, or "" when neither the content nor the name tells.
func extension(name string, content []byte) string {
	if ext := extensionOf(sniff(content)); ext != "" {
		return ext
	}
	ext := strings.ToLower(path.Ext(name))
	if plainExtension.MatchString(ext) {
		return ext
	}
	return ""
}

var contentKey = regexp.MustCompile(`(^|/)sha256/[0-9a-f]{64}(\.[a-z0-9]{1,10})?$`)

// isContentKey tells whether a key says what is in the object, as those of [ContentKey] do, under whatever prefix.
func isContentKey(key string) bool { return contentKey.MatchString(key) }

// PublicURL is the public address of a key: [Config.PublicBase] and the key, escaped. It does not ask whether there is
// such an object. A custom domain serves what a public bucket holds, and Cloudflare caches it by its extension; a
// missing object is cached too. Errors: PublicBase is not set, or the key is none.
func (c *Client) PublicURL(key string) (string, error) {
	if err := checkKey(key); err != nil {
		return "", fmt.Errorf("r2: PublicURL: %w: %w", ErrInput, err)
	}
	if c.public == nil {
		return "", fmt.Errorf("r2: PublicURL: %w: Config.PublicBase is not set: a bucket has no public address of its own", ErrInput)
	}
	return c.public.String() + "/" + escapeKey(key), nil
}
