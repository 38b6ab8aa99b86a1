package acmx

import (
	"crypto"
	"errors"
)

// The kinds of what is wrong with a key or a certificate that was read; ask with errors.Is. What is in order but cannot
// be handled here (scrypt, PBES1, 3DES, a key that does not sign) is errors.ErrUnsupported.
var (
	// ErrWrongPassphrase: what the passphrase opened is no key. Damage in the first 16 bytes of the encrypted part, or in
	// the salt, looks the same; damage anywhere behind is told apart and is ErrMalformed.
	ErrWrongPassphrase = errors.New("wrong passphrase")
	// ErrMalformed: damaged, cut off, or not what it should be.
	ErrMalformed = errors.New("malformed")
	// ErrMismatch: the key is not the certificate's.
	ErrMismatch = errors.New("key and certificate are not a pair")
	// ErrExpired: the certificate is not valid at this time, no longer or not yet.
	ErrExpired = errors.New("certificate is not valid now")
)

// DecryptPKCS8 opens one PEM block "ENCRYPTED PRIVATE KEY" (PKCS#8, RFC 5958) that is encrypted by PBES2 (RFC 8018).
func DecryptPKCS8(pemKey, pass []byte) (crypto.Signer, error) {
	return nil, errors.ErrUnsupported
}
