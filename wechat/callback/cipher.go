package callback

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"github.com/kitroll/kitroll/internal/secret"
)

const (
	keyChars   = 43 // of an EncodingAESKey: 32 bytes in base64, without the "="
	randomLen  = 16 // before each message
	prefixLen  = randomLen + 4
	padBlock   = 32 // and not the 16 of AES
	cipherName = "callback.Cipher"
)

// Cipher encrypts and decrypts messages of one account with one EncodingAESKey. It is safe for concurrent use. A
// [Handler] has its own: this one is for tools, and for pushes that arrive in another way.
//
// The message stands between 16 random bytes with its length (4 bytes, big-endian) and the AppID, padded to a multiple of
// 32 bytes and encrypted with AES-256 in CBC mode; the initial vector is the first half of the key.
//
// Source: 消息加解密说明, developers.weixin.qq.com (read 2026-11).
type Cipher struct {
	appID string
	block cipher.Block
	iv    [aes.BlockSize]byte
}

// NewCipher makes a cipher from the account's AppID and the EncodingAESKey of its console: 43 characters, of which the
// last carries two bits that mean nothing.
func NewCipher(appID, encodingAESKey string) (*Cipher, error) {
	if appID == "" {
		return nil, errors.New("wechat/callback: AppID is required")
	}
	key, err := decodeKey(encodingAESKey)
	if err != nil {
		return nil, fmt.Errorf("wechat/callback: EncodingAESKey: %w", err)
	}
	return newCipher(appID, key)
}

func newCipher(appID string, key []byte) (*Cipher, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &Cipher{appID: appID, block: block, iv: [aes.BlockSize]byte(key[:aes.BlockSize])}, nil
}

// decodeKey says nothing of the key in its errors but how long it is.
func decodeKey(text string) ([]byte, error) {
	if len(text) != keyChars {
		return nil, fmt.Errorf("has %d characters, not %d", len(text), keyChars)
	}
	key, err := base64.StdEncoding.DecodeString(text + "=") // not Strict: there are spare bits
	if err != nil || len(key) != 32 {
		return nil, errors.New("is not base64")
	}
	return key, nil
}

// Decrypt returns the message in encrypted, which is the base64 text of an Encrypt element. Check its signature first:
// whoever may ask for the decryption of anything learns the key's answers one by one.
//
// Errors: ErrDecrypt for another key or AppID, a wrong length or padding, and what is not base64.
func (c *Cipher) Decrypt(encrypted []byte) ([]byte, error) {
	buf := make([]byte, base64.StdEncoding.DecodedLen(len(encrypted)))
	n, err := base64.StdEncoding.Decode(buf, encrypted)
	if err != nil || n < padBlock || n%aes.BlockSize != 0 {
		return nil, fmt.Errorf("wechat/callback: %w: not base64 of whole blocks", ErrDecrypt)
	}
	buf = buf[:n]
	for i := n - aes.BlockSize; i >= 0; i -= aes.BlockSize { // CBC: cipher.NewCBCDecrypter would copy the key's 500 bytes
		before := c.iv[:]
		if i > 0 {
			before = buf[i-aes.BlockSize : i]
		}
		b := buf[i : i+aes.BlockSize]
		c.block.Decrypt(b, b)
		subtle.XORBytes(b, b, before)
	}

	pad := int(buf[n-1])
	if pad < 1 || pad > padBlock {
		return nil, fmt.Errorf("wechat/callback: %w: wrong padding", ErrDecrypt)
	}
	for _, b := range buf[n-pad:] {
		if int(b) != pad {
			return nil, fmt.Errorf("wechat/callback: %w: wrong padding", ErrDecrypt)
		}
	}
	buf = buf[:n-pad]
	if len(buf) < prefixLen {
		return nil, fmt.Errorf("wechat/callback: %w: too short", ErrDecrypt)
	}
	size := uint64(binary.BigEndian.Uint32(buf[randomLen:]))
	rest := buf[prefixLen:]
	if size > uint64(len(rest)) {
		return nil, fmt.Errorf("wechat/callback: %w: longer than what came", ErrDecrypt)
	}
	if string(rest[size:]) != c.appID {
		return nil, fmt.Errorf("wechat/callback: %w: made for another AppID", ErrDecrypt)
	}
	return rest[:size:size], nil
}

// Encrypt returns msg as the base64 text of an Encrypt element, different each time.
func (c *Cipher) Encrypt(msg []byte) []byte {
	return c.encrypt([randomLen]byte([]byte(rand.Text())), msg)
}

func (c *Cipher) encrypt(random [randomLen]byte, msg []byte) []byte {
	size := prefixLen + len(msg) + len(c.appID)
	pad := padBlock - size%padBlock
	buf := make([]byte, 0, size+pad)
	buf = append(buf, random[:]...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(msg)))
	buf = append(buf, msg...)
	buf = append(buf, c.appID...)
	for range pad {
		buf = append(buf, byte(pad))
	}
	cipher.NewCBCEncrypter(c.block, c.iv[:]).CryptBlocks(buf, buf)
	return base64.StdEncoding.AppendEncode(nil, buf)
}

func (c Cipher) safe() secret.Fields { return secret.Fields{cipherName, "AppID", c.appID} }

// String is the cipher without its key.
func (c Cipher) String() string { return c.safe().String() }

// GoString is the cipher without its key.
func (c Cipher) GoString() string { return c.safe().String() }

// Format prints the cipher without its key, for every verb.
func (c Cipher) Format(s fmt.State, verb rune) { c.safe().Format(s, verb) }

// LogValue is the cipher without its key.
func (c Cipher) LogValue() slog.Value { return c.safe().LogValue() }
