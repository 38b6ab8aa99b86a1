package callback

// EncryptWith is Encrypt with a known random part.
func (c *Cipher) EncryptWith(random, msg string) string {
	return string(c.encrypt([randomLen]byte([]byte(random)), []byte(msg)))
}

// Envelope is an encrypted reply.
var Envelope = envelope
