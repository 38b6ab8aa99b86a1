package acmx_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/internal/need"
)

// openssl runs the program of that name.
func openssl(t *testing.T, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need.Program(t, "openssl", "openssl"), args...)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "openssl %s: %s", args, stderr.String())
	return out
}

// passFile holds the passphrase, so that it is on no command line.
func passFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pass")
	require.NoError(t, os.WriteFile(path, []byte(passphrase+"\n"), 0o600))
	return "file:" + path
}

func sameKey(t *testing.T, want, got crypto.Signer) {
	t.Helper()
	require.NotNil(t, got)
	assert.IsType(t, want, got)
	assert.Equal(t, keyDER(t, want), keyDER(t, got))
}

// Trap 42: every form that OpenSSL can write, around each kind of key. Encrypted EC keys decrypt (`openssl rsa` does not).
func TestDecryptsWhatOpenSSLEncrypts(t *testing.T) {
	t.Parallel()
	pass := passFile(t)
	for kind, key := range keyKinds(t) {
		plain := pemOf("PRIVATE KEY", keyDER(t, key))
		for _, cipher := range []string{"aes-128-cbc", "aes-192-cbc", "aes-256-cbc"} {
			for _, prf := range []string{"hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512", "hmacWithSHA512-224", "hmacWithSHA512-256"} {
				t.Run(kind+"/"+cipher+"/"+prf, func(t *testing.T) {
					t.Parallel()
					sealed := openssl(t, plain, "pkcs8", "-topk8", "-v2", cipher, "-v2prf", prf, "-iter", "3000", "-passout", pass)
					got, err := acmx.DecryptPKCS8(sealed, []byte(passphrase))
					require.NoError(t, err)
					sameKey(t, key, got)
					_, err = acmx.DecryptPKCS8(sealed, []byte(passphrase+"x"))
					require.ErrorIs(t, err, acmx.ErrWrongPassphrase)
				})
			}
		}
	}
}

// The header of a real export, as it was measured: PBES2, PBKDF2 with the PRF field absent (which means HMAC-SHA1), a salt
// of 20 bytes, 2048 rounds, AES-256-CBC. OpenSSL reads what the test writes, so the test writes what it thinks it does.
func TestDecryptsWhatACMExports(t *testing.T) {
	t.Parallel()
	for kind, key := range keyKinds(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			sealed := sealing{}.pem(t, key)
			got, err := acmx.DecryptPKCS8(sealed, []byte(passphrase))
			require.NoError(t, err)
			sameKey(t, key, got)
			opened := openssl(t, sealed, "pkey", "-passin", passFile(t))
			block, _ := pem.Decode(opened)
			require.NotNil(t, block)
			assert.Equal(t, keyDER(t, key), block.Bytes)
		})
	}
}

// What OpenSSL writes too, and is not supported, is named.
func TestNamesOtherSchemes(t *testing.T) {
	t.Parallel()
	pass := passFile(t)
	plain := pemOf("PRIVATE KEY", keyDER(t, rsaKey()))
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"scrypt":    {[]string{"-scrypt", "-scrypt_N", "1024"}, "the key derivation is scrypt"},
		"3DES":      {[]string{"-v2", "des3"}, "the cipher is 3DES"},
		"PKCS 12":   {[]string{"-v1", "PBE-SHA1-3DES"}, "the encryption is PKCS#12 encryption (SHA-1 and 3DES)"},
		"Camellia":  {[]string{"-v2", "camellia-256-cbc"}, "the cipher is Camellia"},
		"ARIA":      {[]string{"-v2", "aria-256-cbc"}, "the cipher is ARIA"},
		"AES, OFB":  {[]string{"-v2", "aes-256-ofb"}, "the cipher is AES in another mode than CBC"},
		"AES, CFB":  {[]string{"-v2", "aes-128-cfb"}, "the cipher is AES in another mode than CBC"},
		"HMAC, MD5": {[]string{"-v2", "aes-256-cbc", "-v2prf", "hmacWithMD5"}, "the pseudo-random function is HMAC-MD5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := openssl(t, plain, append([]string{"pkcs8", "-topk8", "-passout", pass}, tt.args...)...)
			_, err := acmx.DecryptPKCS8(sealed, []byte(passphrase))
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.ErrorContains(t, err, tt.want)
			assert.NotErrorIs(t, err, acmx.ErrWrongPassphrase)
		})
	}
	for oid, want := range map[string]string{
		"1.2.840.113549.1.5.3":  "PBES1 (MD5 and DES)",
		"1.2.840.113549.1.5.10": "PBES1 (SHA-1 and DES)",
		"1.3.6.1.4.1.99999.1":   "the algorithm 1.3.6.1.4.1.99999.1",
	} {
		_, err := acmx.DecryptPKCS8(sealing{scheme: oid}.pem(t, rsaKey()), []byte(passphrase))
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.ErrorContains(t, err, "the encryption is "+want)
	}
	for oid, want := range map[string]string{
		"2.16.840.1.101.3.4.1.46": "AES-256 in GCM mode",
		"2.16.840.1.101.3.4.1.26": "AES-192 in GCM mode",
		"2.16.840.1.101.3.4.1.6":  "AES-128 in GCM mode",
		"1.2.156.10197.1.104.2":   "SM4",
		"1.3.14.3.2.7":            "DES",
	} {
		_, err := acmx.DecryptPKCS8(sealing{cipher: oid}.pem(t, rsaKey()), []byte(passphrase))
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.ErrorContains(t, err, "the cipher is "+want)
	}
}

// flip changes one bit of a byte, counted from the end if i is negative.
func flip(i int) func([]byte) []byte {
	return func(b []byte) []byte {
		b = bytes.Clone(b)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
}

func TestTellsDamageFromAWrongPassphrase(t *testing.T) {
	t.Parallel()
	key := rsaKey()
	for name, tt := range map[string]struct {
		s    sealing
		want string
	}{
		"a bit in the middle of the ciphertext": {sealing{data: flip(600)}, "the passphrase is right, and what it opened is not a key"},
		"a bit in the last block":               {sealing{data: flip(-1)}, "the end of the key is damaged"},
		"padding of zeros":                      {sealing{plain: func(b []byte) []byte { b[len(b)-1] = 0; return b }}, "the end of the key is damaged"},
		"padding that is only half right": {sealing{plain: func(b []byte) []byte {
			return append(b, append(bytes.Repeat([]byte{9}, 8), bytes.Repeat([]byte{16}, 8)...)...)
		}}, "the end of the key is damaged"},
		"padding of more than a block": {sealing{plain: func(b []byte) []byte { return append(b, bytes.Repeat([]byte{32}, 32)...) }}, "the end of the key is damaged"},
		"a block missing":              {sealing{data: func(b []byte) []byte { return b[:len(b)-16] }}, "the passphrase is right"},
		"more behind the key": {sealing{plain: func(b []byte) []byte {
			n := len(b) - int(b[len(b)-1])
			return append(append(b[:n:n], make([]byte, 16)...), b[n:]...)
		}}, "bytes where it says"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := acmx.DecryptPKCS8(tt.s.pem(t, key), []byte(passphrase))
			require.Nil(t, got)
			require.ErrorIs(t, err, acmx.ErrMalformed)
			require.NotErrorIs(t, err, acmx.ErrWrongPassphrase)
			require.ErrorContains(t, err, tt.want)
		})
	}
	// What begins otherwise than a key is no key, however right its padding is.
	for name, i := range map[string]int{"no SEQUENCE": 0, "a length of another form": 1, "no INTEGER": 4, "of two bytes": 5, "another version": 6} {
		s := sealing{plain: func(b []byte) []byte { b[i] ^= 8; return b }}
		_, err := acmx.DecryptPKCS8(s.pem(t, key), []byte(passphrase))
		require.ErrorIs(t, err, acmx.ErrWrongPassphrase, name)
	}
	// Of 3000 wrong passphrases about twelve come to a padding that is right by chance. None is taken for damage.
	sealed := sealing{rounds: 1}.pem(t, ecKey(t))
	for i := range 3000 {
		_, err := acmx.DecryptPKCS8(sealed, []byte(passphrase+strings.Repeat("x", 1+i%7)+string(rune('a'+i%26))+hex.EncodeToString([]byte{byte(i), byte(i >> 8)})))
		require.ErrorIs(t, err, acmx.ErrWrongPassphrase)
		require.NotErrorIs(t, err, acmx.ErrMalformed)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	key := rsaKey()
	good := sealing{}.seal(keyDER(t, key), passphrase)
	goodPEM := pemOf("ENCRYPTED PRIVATE KEY", good)
	sec1, err := x509.MarshalECPrivateKey(ecKey(t))
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		in   []byte
		want string
		kind error
	}{
		"nothing":                 {nil, "no PEM block", acmx.ErrMalformed},
		"text":                    {[]byte("hello"), "no PEM block", acmx.ErrMalformed},
		"DER":                     {good, "no PEM block", acmx.ErrMalformed},
		"PKCS 8, not encrypted":   {pemOf("PRIVATE KEY", keyDER(t, key)), "a key that is not encrypted (PKCS#8)", acmx.ErrMalformed},
		"PKCS 1":                  {pemOf("RSA PRIVATE KEY", keyDER(t, key)), "a key that is not encrypted (PKCS#1)", acmx.ErrMalformed},
		"SEC 1":                   {pemOf("EC PRIVATE KEY", sec1), "a key that is not encrypted (SEC 1)", acmx.ErrMalformed},
		"a certificate":           {pemOf("CERTIFICATE", good), "a certificate, and no key", acmx.ErrMalformed},
		"parameters of a curve":   {pemOf("EC PARAMETERS", good), "the parameters of a curve", acmx.ErrMalformed},
		"OpenSSH":                 {pemOf("OPENSSH PRIVATE KEY", good), "a key of OpenSSH", acmx.ErrMalformed},
		"anything else":           {pemOf("X"+passphrase, good), "of another kind", acmx.ErrMalformed},
		"OpenSSL's own":           {pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED"}, Bytes: good}), "openssl pkcs8 -topk8", errors.ErrUnsupported},
		"PEM headers":             {pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Headers: map[string]string{"X": "y"}, Bytes: good}), "no PEM headers", acmx.ErrMalformed},
		"cut off before the END":  {goodPEM[:len(goodPEM)-40], "cut off", acmx.ErrMalformed},
		"cut off in the middle":   {goodPEM[:700], "cut off", acmx.ErrMalformed},
		"followed by another key": {append(bytes.Clone(goodPEM), goodPEM...), "follow the key's END line", acmx.ErrMalformed},
		"followed by text":        {append(bytes.Clone(goodPEM), "x"...), "1 bytes follow", acmx.ErrMalformed},
		"too large":               {make([]byte, 1<<20+1), "more than any key", acmx.ErrMalformed},
		"DER cut off":             {pemOf("ENCRYPTED PRIVATE KEY", good[:len(good)-1]), "the key: ", acmx.ErrMalformed},
		"DER followed by more":    {pemOf("ENCRYPTED PRIVATE KEY", append(bytes.Clone(good), 0)), "1 bytes follow", acmx.ErrMalformed},
		"empty DER":               {pemOf("ENCRYPTED PRIVATE KEY", nil), "the key: ", acmx.ErrMalformed},
		"indefinite length":       {pemOf("ENCRYPTED PRIVATE KEY", append(append([]byte{0x30, 0x80}, good[4:]...), 0, 0)), "indefinite length", acmx.ErrMalformed},

		"no rounds":            {sealing{rounds: 0}.pem(t, key), "0 rounds of PBKDF2", acmx.ErrMalformed},
		"rounds below zero":    {sealing{rounds: -1}.pem(t, key), "-1 rounds of PBKDF2", acmx.ErrMalformed},
		"excessive rounds":     {sealing{rounds: 10_000_001}.pem(t, key), "10000001 rounds of PBKDF2: want 1 to 10000000", acmx.ErrMalformed},
		"rounds beyond a word": {sealing{rounds: asn1.RawValue{FullBytes: append([]byte{2, 17, 1}, make([]byte, 16)...)}}.pem(t, key), "integer too large", acmx.ErrMalformed},
		"no salt":              {sealing{salt: []byte{}}.pem(t, key), "the salt has 0 bytes", acmx.ErrMalformed},
		"salt of a megabyte":   {sealing{salt: make([]byte, 1025)}.pem(t, key), "the salt has 1025 bytes", acmx.ErrMalformed},
		"salt is a number":     {sealing{salt: 7}.pem(t, key), "the salt: ", acmx.ErrMalformed},
		"salt from elsewhere":  {sealing{salt: pkix.AlgorithmIdentifier{Algorithm: identifier("1.2.3")}}.pem(t, key), "the salt comes from another source", errors.ErrUnsupported},
		"key length too short": {sealing{keyLength: []int{16}}.pem(t, key), "a key of 16 bytes is derived, and the cipher takes one of 32", acmx.ErrMalformed},
		"key length below 0":   {sealing{keyLength: []int{-32}}.pem(t, key), "a key of -32 bytes", acmx.ErrMalformed},
		"short vector":         {sealing{iv: []byte("short")}.pem(t, key), "the initialization vector has 5 bytes", acmx.ErrMalformed},
		"half a block":         {sealing{data: func(b []byte) []byte { return b[:len(b)-8] }}.pem(t, key), "want whole blocks", acmx.ErrMalformed},
		"no data":              {sealing{data: func([]byte) []byte { return nil }}.pem(t, key), "the encrypted part has 0 bytes", acmx.ErrMalformed},
		"too much data":        {sealing{data: func([]byte) []byte { return make([]byte, 32<<10+16) }}.pem(t, key), "at most 32768", acmx.ErrMalformed},
		"PRF with parameters": {sealing{prf: []pkix.AlgorithmIdentifier{{
			Algorithm: identifier("1.2.840.113549.2.9"), Parameters: asn1.RawValue{FullBytes: []byte{2, 1, 1}},
		}}}.pem(t, key), "has parameters", acmx.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := acmx.DecryptPKCS8(tt.in, []byte(passphrase))
			require.Nil(t, got)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.want)
			assert.NotErrorIs(t, err, acmx.ErrWrongPassphrase)
			assert.True(t, strings.HasPrefix(err.Error(), "acmx: DecryptPKCS8: "), err.Error())
			assert.NotContains(t, err.Error(), passphrase)
		})
	}
}

// At their bounds lengths are taken: a key length that says what is so, a PRF with and without its NULL, salt of a kilobyte.
func TestTakesWhatIsAtTheBounds(t *testing.T) {
	t.Parallel()
	sha512PRF := func(params ...byte) []pkix.AlgorithmIdentifier {
		return []pkix.AlgorithmIdentifier{{Algorithm: identifier("1.2.840.113549.2.11"), Parameters: asn1.RawValue{FullBytes: params}}}
	}
	for name, s := range map[string]sealing{
		"key length":        {keyLength: []int{32}},
		"longest salt":      {salt: make([]byte, 1024)},
		"shortest salt":     {salt: []byte{0}},
		"one round":         {rounds: 1},
		"PRF with NULL":     {prf: sha512PRF(5, 0), hash: sha512.New},
		"PRF without it":    {prf: sha512PRF(), hash: sha512.New},
		"AES-128, length":   {cipher: "2.16.840.1.101.3.4.1.2", size: 16, keyLength: []int{16}},
		"all that there is": {cipher: "2.16.840.1.101.3.4.1.22", size: 24, keyLength: []int{24}, prf: sha512PRF(5, 0), hash: sha512.New},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := ecKey(t)
			got, err := acmx.DecryptPKCS8(s.pem(t, key), []byte(passphrase))
			require.NoError(t, err)
			sameKey(t, key, got)
		})
	}
	// Text before the block, such as the attributes that `openssl pkcs12` prints, is no harm.
	key := edKey(t)
	got, err := acmx.DecryptPKCS8(append([]byte("Bag Attributes\n    friendlyName: x\n"), sealing{}.pem(t, key)...), []byte(passphrase))
	require.NoError(t, err)
	sameKey(t, key, got)
}

// A key that is in order and of no use here is said to be that: the passphrase was right.
func TestNamesOtherKeys(t *testing.T) {
	t.Parallel()
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(x25519)
	require.NoError(t, err)
	_, err = acmx.DecryptPKCS8(pemOf("ENCRYPTED PRIVATE KEY", sealing{}.seal(der, passphrase)), []byte(passphrase))
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "the key does not sign")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"Ed448":     {[]string{"-algorithm", "ed448"}, "Ed448"},
		"X448":      {[]string{"-algorithm", "x448"}, "X448"},
		"RSA-PSS":   {[]string{"-algorithm", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:1024"}, "RSA-PSS"},
		"secp256k1": {[]string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"}, "the curve secp256k1"},
		"brainpool": {[]string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"}, "a curve with the identifier 1.3.36.3.3.2.8.1.1.7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain := openssl(t, nil, append([]string{"genpkey"}, tt.args...)...)
			sealed := openssl(t, plain, "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", passFile(t))
			_, err := acmx.DecryptPKCS8(sealed, []byte(passphrase))
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.ErrorContains(t, err, "the passphrase is right, and the key is one for "+tt.want)
		})
	}
}

// The plaintext is zeroed, whether it was a key or not.
func TestClearsThePlaintext(t *testing.T) {
	t.Parallel()
	key := ecKey(t)
	der := keyDER(t, key)
	pad := 16 - len(der)%16
	plain := append(bytes.Clone(der), bytes.Repeat([]byte{byte(pad)}, pad)...)
	for name, tt := range map[string]struct {
		plain []byte
		kind  error
	}{
		"a key":            {bytes.Clone(plain), nil},
		"wrong passphrase": {flip(0)(plain), acmx.ErrWrongPassphrase},
		"damaged":          {flip(-1)(plain), acmx.ErrMalformed},
	} {
		got, err := acmx.ReadKey(tt.plain)
		require.ErrorIs(t, err, tt.kind, name)
		assert.Equal(t, make([]byte, len(plain)), tt.plain, name)
		if tt.kind == nil {
			sameKey(t, key, got) // what was read does not live in what was cleared
		}
	}
}

func FuzzDecryptPKCS8(f *testing.F) {
	good := sealing{rounds: 1}.pem(f, ecKey(f))
	f.Add(good, []byte(passphrase))
	f.Add(good, []byte("another"))
	f.Add(sealing{rounds: 1, data: flip(20)}.pem(f, edKey(f)), []byte(passphrase))
	f.Add(sealing{kdf: "1.3.6.1.4.1.11591.4.11"}.pem(f, edKey(f)), []byte(passphrase))
	f.Add(pemOf("ENCRYPTED PRIVATE KEY", []byte{0x30, 0x80, 0, 0}), []byte{})
	f.Fuzz(func(t *testing.T, in, pass []byte) {
		if acmx.Rounds(in) > 10_000 {
			return // it would only take its time
		}
		key, err := acmx.DecryptPKCS8(in, pass)
		if err == nil {
			require.NotNil(t, key)
			return
		}
		require.Nil(t, key)
		require.True(t, errors.Is(err, acmx.ErrMalformed) || errors.Is(err, acmx.ErrWrongPassphrase) || errors.Is(err, errors.ErrUnsupported), err)
	})
}

// A wrapped DER is fuzzed by itself: no mutation of PEM text gets far into it.
func FuzzEncryptedDER(f *testing.F) {
	for _, s := range []sealing{{rounds: 1}, {rounds: 1, keyLength: []int{32}}, {rounds: 1, data: flip(3)}} {
		f.Add(s.seal(keyDER(f, ecKey(f)), passphrase))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		in := pemOf("ENCRYPTED PRIVATE KEY", der)
		if acmx.Rounds(in) > 10_000 {
			return
		}
		key, err := acmx.DecryptPKCS8(in, []byte(passphrase))
		require.Equal(t, err == nil, key != nil)
	})
}
