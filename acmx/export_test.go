package acmx

import "crypto"

// CheckName is checkName.
func CheckName(raw string) (string, error) { return checkName(raw) }

// ParseCAA is parseCAA.
func ParseCAA(text string) (tag, value string, err error) {
	r, err := parseCAA(text)
	return r.tag, r.value, err
}

// ReadKey is the reading of what was decrypted.
func ReadKey(plain []byte) (crypto.Signer, error) { return readKey(plain) }

// Rounds is how many rounds of PBKDF2 an encrypted key asks for, 0 when it cannot be read.
func Rounds(pemKey []byte) int {
	der, err := encryptedBlock(pemKey)
	if err != nil {
		return 0
	}
	scheme, err := parseEncrypted(der)
	if err != nil {
		return 0
	}
	return scheme.rounds
}

// Before has f called before each change that WriteDir makes to the disk.
func (o *WriteOptions) Before(f func(op string) error) { o.before = f }

// ReadPair reads the files of a version.
func ReadPair(chain, key []byte) (*Bundle, error) { return readPair(chain, key) }
