package wechattest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the platform's choice
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// The platform's side of the encryption, written apart from that of package callback: an error in one does not hide one
// in the other.

func signature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // the platform's choice
	return hex.EncodeToString(sum[:])
}

func aesKey(encoded string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(encoded + "=")
	if err != nil || len(encoded) != 43 || len(key) != 32 {
		return nil, errors.New("EncodingAESKey: want 43 characters of base64")
	}
	return key, nil
}

func encrypt(encodedKey, appID, msg string) (string, error) {
	key, err := aesKey(encodedKey)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	plain := binary.BigEndian.AppendUint32([]byte(rand.Text()[:16]), uint32(len(msg)))
	plain = append(plain, msg+appID...)
	pad := 32 - len(plain)%32
	plain = append(plain, strings.Repeat(string(rune(pad)), pad)...)
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}

func decrypt(encodedKey, appID, encrypted string) (string, error) {
	key, err := aesKey(encodedKey)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	data, err := base64.StdEncoding.Strict().DecodeString(encrypted)
	if err != nil || len(data) == 0 || len(data)%32 != 0 {
		return "", errors.New("Encrypt is not base64 of blocks of 32 bytes")
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(data, data)
	pad := int(data[len(data)-1])
	if pad < 1 || pad > 32 || strings.Trim(string(data[len(data)-pad:]), string(rune(pad))) != "" {
		return "", errors.New("Encrypt: wrong padding or another key")
	}
	data = data[:len(data)-pad]
	if len(data) < 20 {
		return "", errors.New("Encrypt: too short")
	}
	size, rest := int(binary.BigEndian.Uint32(data[16:20])), string(data[20:])
	if size > len(rest) || rest[size:] != appID {
		return "", errors.New("Encrypt: wrong length or AppID")
	}
	return rest[:size], nil
}
