package acmxtest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // that is what ACM uses
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"

	"github.com/kitroll/kitroll/acmx"
)

// export is ExportCertificate.
func (s *Server) export(ctx context.Context, in acm.ExportCertificateInput) (any, *refusal) {
	c, refused := s.find(ctx, aws.ToString(in.CertificateArn))
	if refused != nil {
		return nil, refused
	}
	if refused := checkPassphrase(in.Passphrase); refused != nil {
		return nil, refused
	}
	now := s.opts.Now()
	switch {
	case c.Type != "AMAZON_ISSUED" || !c.Export:
		return nil, refuse("ValidationException", "Certificate ARN: %s is not eligible for export.", c.ARN) // wording unverified
	case c.CreatedAt.Before(time.Date(2025, 6, 17, 0, 0, 0, 0, time.UTC)):
		return nil, refuse("ValidationException", "Certificates created before June 17, 2025 cannot be exported.")
	case c.Status.Final():
		return nil, refuse("ValidationException", "Certificate %s is %s.", c.ARN, c.Status)
	case c.Status != acmx.StatusIssued, now.Sub(c.IssuedAt) < s.opts.ExportLag:
		return nil, refuse("RequestInProgressException", "The certificate request is in progress.")
	}
	c.Exported = true
	return map[string]any{"Certificate": certPEM(c.Leaf), "CertificateChain": s.chain(c), "PrivateKey": encryptKey(c.KeyDER, in.Passphrase)}, nil
}

func checkPassphrase(pass []byte) *refusal {
	if len(pass) < 4 || len(pass) > 128 {
		return refuse("ValidationException", "1 validation error detected: Value '%s' at 'passphrase' failed to satisfy constraint: Member must have length between 4 and 128", pass)
	}
	for _, b := range pass {
		if b > 0x7e || b < 0x20 || b == '#' || b == '$' || b == '%' {
			return refuse("ValidationException", "1 validation error detected: Value '%s' at 'passphrase' failed to satisfy constraint", pass)
		}
	}
	return nil
}

// The structures of PBES2. Source: RFC 8018, appendix A.
type (
	pbkdf2Params struct {
		Salt   []byte
		Rounds int // and no PRF: its default, HMAC-SHA1, is left out, as in real exports
	}
	pbes2Params struct {
		KDF, Cipher pkix.AlgorithmIdentifier
	}
	encryptedKey struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
)

// encryptKey is PBES2 as real exports have it (measured): PBKDF2 with HMAC-SHA1, 2048 rounds, 20 bytes of salt, AES-256-CBC.
func encryptKey(plain, pass []byte) string {
	salt, iv := make([]byte, 20), make([]byte, aes.BlockSize)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(iv)
	key := must(pbkdf2.Key(sha1.New, string(pass), salt, 2048, 32))
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	data := append([]byte{}, plain...)
	for range pad {
		data = append(data, byte(pad))
	}
	cipher.NewCBCEncrypter(must(aes.NewCipher(key)), iv).CryptBlocks(data, data)
	identifier := func(oid asn1.ObjectIdentifier, params any) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: must(asn1.Marshal(params))}}
	}
	der := must(asn1.Marshal(encryptedKey{
		Algorithm: identifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, pbes2Params{
			KDF:    identifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, pbkdf2Params{Salt: salt, Rounds: 2048}),
			Cipher: identifier(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, iv),
		}),
		Data: data,
	}))
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der}))
}
