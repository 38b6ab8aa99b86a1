package acmx

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// The kinds of what is wrong with a key or a certificate that was read; ask with errors.Is. What is in order but cannot
// be handled here (scrypt, PBES1, 3DES, a key that does not sign) is errors.ErrUnsupported.
var (
	// ErrWrongPassphrase: what the passphrase opened is no key. Damage to the salt, or to the first bytes of what is
	// encrypted, looks the same; damage anywhere behind is told apart and is ErrMalformed.
	ErrWrongPassphrase = errors.New("wrong passphrase")
	// ErrMalformed: damaged, cut off, or not what it should be.
	ErrMalformed = errors.New("malformed")
	// ErrMismatch: the key is not the certificate's.
	ErrMismatch = errors.New("key and certificate are not a pair")
	// ErrExpired: the certificate is not valid at this time, no longer or not yet.
	ErrExpired = errors.New("certificate is not valid now")
)

// The bounds of what is read. A key file comes from outside, and whoever wrote it chose its rounds and lengths.
const (
	maxPEM    = 1 << 20    // bytes of a PEM file
	maxCipher = 32 << 10   // bytes of an encrypted key; RSA with 16,384 bits has 9,300
	maxRounds = 10_000_000 // of PBKDF2: some seconds
	maxSalt   = 1 << 10    // bytes; ACM has 20, OpenSSL 8 or 16
)

// DecryptPKCS8 opens one PEM block "ENCRYPTED PRIVATE KEY": PKCS#8 (RFC 5958) encrypted by PBES2 (RFC 8018), as ACM
// exports it and `openssl pkcs8 -topk8` writes it. It knows PBKDF2 with HMAC of SHA-1 (also when the field is absent, which
// is what ACM sends), SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224 and SHA-512/256, and AES-128, -192 and -256 in CBC
// mode, around RSA, EC and Ed25519 keys. The decrypted bytes and the derived key are zeroed before it returns; pass stays
// the caller's to zero, and one copy of it, made inside of crypto/pbkdf2's call, is left to the garbage collector.
//
// Errors are [*Error] of these kinds: ErrWrongPassphrase; ErrMalformed for what is damaged, cut off, of indefinite length, followed by more, not
// encrypted at all (the text says what it is), or beyond 10 million rounds or 1 KiB of salt; errors.ErrUnsupported, with
// its name, for another scheme. No error holds a byte of the key or of pass.
//
// Sources: RFC 8018 appendix A, RFC 5958 section 3; a key that ACM exported (PBKDF2, PRF absent, salt of 20 bytes, 2048
// rounds, AES-256-CBC; measured 2026-11).
func DecryptPKCS8(pemKey, pass []byte) (crypto.Signer, error) {
	key, err := decryptPKCS8(pemKey, pass)
	if err != nil {
		return nil, &Error{Op: "DecryptPKCS8", Err: err}
	}
	return key, nil
}

func decryptPKCS8(pemKey, pass []byte) (crypto.Signer, error) {
	der, err := encryptedBlock(pemKey)
	if err != nil {
		return nil, err
	}
	scheme, err := parseEncrypted(der)
	if err != nil {
		return nil, err
	}
	plain, err := scheme.open(pass)
	if err != nil {
		return nil, err
	}
	return readKey(plain)
}

// readKey reads the decrypted bytes, and clears them.
func readKey(plain []byte) (crypto.Signer, error) {
	defer clear(plain)
	whole, err := keyInfo(plain, padding(plain))
	if err != nil {
		return nil, err
	}
	return parseKey(whole)
}

// encryptedBlock finds the one PEM block, and names what is there when it is another.
func encryptedBlock(data []byte) ([]byte, error) {
	if len(data) > maxPEM {
		return nil, fmt.Errorf("%w: %d bytes are more than any key has", ErrMalformed, len(data))
	}
	block, rest := pem.Decode(data)
	switch {
	case block == nil && bytes.Contains(data, []byte("-----BEGIN ")):
		return nil, fmt.Errorf("%w: the PEM block is cut off or damaged: nothing between its BEGIN and END lines can be read", ErrMalformed)
	case block == nil:
		return nil, fmt.Errorf("%w: no PEM block: want one of type ENCRYPTED PRIVATE KEY", ErrMalformed)
	case block.Type != "ENCRYPTED PRIVATE KEY":
		clear(block.Bytes) // it may be a key in the clear
		return nil, otherBlock(block)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("%w: %d bytes follow the key's END line", ErrMalformed, len(bytes.TrimSpace(rest)))
	case len(block.Headers) > 0:
		return nil, fmt.Errorf("%w: an ENCRYPTED PRIVATE KEY has no PEM headers", ErrMalformed)
	}
	return block.Bytes, nil
}

func otherBlock(b *pem.Block) error {
	is := map[string]string{
		"PRIVATE KEY":         "a key that is not encrypted (PKCS#8)",
		"RSA PRIVATE KEY":     "a key that is not encrypted (PKCS#1)",
		"EC PRIVATE KEY":      "a key that is not encrypted (SEC 1)",
		"OPENSSH PRIVATE KEY": "a key of OpenSSH",
		"CERTIFICATE":         "a certificate, and no key",
		"EC PARAMETERS":       "the parameters of a curve, and no key",
	}[b.Type]
	if b.Headers["Proc-Type"] != "" {
		return fmt.Errorf("%w: a key in OpenSSL's own encryption (Proc-Type: 4,ENCRYPTED): want PKCS#8, which `openssl pkcs8 -topk8` makes of it", errors.ErrUnsupported)
	}
	if is == "" {
		is = "of another kind" // its name is the file's own words, and may be anything
	}
	return fmt.Errorf("%w: the PEM block is %s: want one of type ENCRYPTED PRIVATE KEY", ErrMalformed, is)
}

// open decrypts. The result has its padding still on, and is for readKey, which clears it.
func (s *pbes2) open(pass []byte) ([]byte, error) {
	key, err := s.derive(pass)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(s.data))
	cipher.NewCBCDecrypter(c, s.iv).CryptBlocks(plain, s.data)
	return plain, nil
}

// padding is how many bytes of PKCS#7 padding there are, or 0 if they are not all right. Whoever gives the passphrase is
// who learns this, so there is no oracle to hide.
func padding(plain []byte) int {
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize {
		return 0
	}
	if !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return 0
	}
	return n
}

// keyInfo cuts a PrivateKeyInfo out of the padded plaintext. Its first bytes, a SEQUENCE that begins with version 0 or 1,
// come out of a wrong passphrase once in 2³¹ times: where they are right the passphrase was too, and all else is damage.
func keyInfo(plain []byte, padding int) ([]byte, error) {
	length, head := sequence(plain)
	if head == 0 || len(plain) < head+3 || plain[head] != 2 || plain[head+1] != 1 || plain[head+2] > 1 {
		return nil, ErrWrongPassphrase
	}
	switch want := head + length; {
	case padding == 0:
		return nil, fmt.Errorf("%w: the passphrase is right, and the end of the key is damaged", ErrMalformed)
	case want != len(plain)-padding:
		return nil, fmt.Errorf("%w: the passphrase is right, and the key has %d bytes where it says %d", ErrMalformed, len(plain)-padding, want)
	default:
		return plain[:want], nil
	}
}

// sequence reads the head of a DER SEQUENCE: the length of its content, and of the head itself, 0 if it is none. Content
// of 64 KiB and more is not looked for.
func sequence(der []byte) (content, head int) {
	switch {
	case len(der) < 4 || der[0] != 0x30:
		return 0, 0
	case der[1] < 0x80:
		return int(der[1]), 2
	case der[1] == 0x81 && der[2] >= 0x80:
		return int(der[2]), 3
	case der[1] == 0x82 && der[2] > 0:
		return int(der[2])<<8 | int(der[3]), 4
	}
	return 0, 0
}

// parseKey reads the decrypted key. What the parser says is not passed on: nobody has promised that it quotes nothing.
func parseKey(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if name := keyAlgorithm(der); name != "" {
			return nil, fmt.Errorf("%w: the passphrase is right, and the key is one for %s", errors.ErrUnsupported, name)
		}
		return nil, fmt.Errorf("%w: the passphrase is right, and what it opened is not a key that can be read", ErrMalformed)
	}
	signer, ok := key.(crypto.Signer)
	if !ok { // X25519
		return nil, fmt.Errorf("%w: the passphrase is right, and the key does not sign", errors.ErrUnsupported)
	}
	return signer, nil
}
