package callback

import (
	"crypto/sha1" //nolint:gosec // the platform's choice
	"crypto/subtle"
	"encoding/hex"
)

// Sign is the platform's signature: the SHA-1 of the token and the other parts, sorted and joined, in lower-case hex. The
// other parts are timestamp and nonce for signature, and the Encrypt text too for msg_signature.
//
// Source: 接入指南 and 消息加解密说明, developers.weixin.qq.com (read 2026-11).
func Sign(token string, parts ...string) string {
	var sum [2 * sha1.Size]byte
	all := make([][]byte, 0, 4)
	all = append(all, []byte(token))
	for _, p := range parts {
		all = append(all, []byte(p))
	}
	sign(&sum, all)
	return string(sum[:])
}

// sign sorts parts.
func sign(sum *[2 * sha1.Size]byte, parts [][]byte) {
	size := 0
	for i, p := range parts {
		size += len(p)
		for j := i; j > 0 && string(parts[j]) < string(parts[j-1]); j-- { // three or four of them
			parts[j], parts[j-1] = parts[j-1], parts[j]
		}
	}
	var short [1024]byte // for most
	joined := short[:0]
	if size > len(short) {
		joined = make([]byte, 0, size)
	}
	for _, p := range parts {
		joined = append(joined, p...)
	}
	digest := sha1.Sum(joined) //nolint:gosec // the platform's choice
	hex.Encode(sum[:], digest[:])
}

// signedBy tells in constant time whether the signature is right.
func signedBy(signature string, token []byte, parts ...[]byte) bool {
	var sum [2 * sha1.Size]byte
	var all [4][]byte
	sign(&sum, append(append(all[:0], token), parts...))
	return subtle.ConstantTimeCompare([]byte(signature), sum[:]) == 1
}
