package acmx

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
)

// known names an algorithm that may be met around a key and is not supported; another is given as its identifier.
func known(oid string) string {
	switch oid {
	case "1.2.840.113549.1.5.1":
		return "PBES1 (MD2 and DES)"
	case "1.2.840.113549.1.5.3":
		return "PBES1 (MD5 and DES)"
	case "1.2.840.113549.1.5.4":
		return "PBES1 (MD2 and RC2)"
	case "1.2.840.113549.1.5.6":
		return "PBES1 (MD5 and RC2)"
	case "1.2.840.113549.1.5.10":
		return "PBES1 (SHA-1 and DES)"
	case "1.2.840.113549.1.5.11":
		return "PBES1 (SHA-1 and RC2)"
	case "1.2.840.113549.1.12.1.1", "1.2.840.113549.1.12.1.2":
		return "PKCS#12 encryption (SHA-1 and RC4)"
	case "1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.4":
		return "PKCS#12 encryption (SHA-1 and 3DES)"
	case "1.2.840.113549.1.12.1.5", "1.2.840.113549.1.12.1.6":
		return "PKCS#12 encryption (SHA-1 and RC2)"
	case "1.3.6.1.4.1.11591.4.11":
		return "scrypt"
	case "1.2.840.113549.3.7":
		return "3DES"
	case "1.2.840.113549.3.2":
		return "RC2"
	case "1.3.14.3.2.7":
		return "DES"
	case "2.16.840.1.101.3.4.1.6":
		return "AES-128 in GCM mode"
	case "2.16.840.1.101.3.4.1.26":
		return "AES-192 in GCM mode"
	case "2.16.840.1.101.3.4.1.46":
		return "AES-256 in GCM mode"
	case "1.2.840.113549.2.6":
		return "HMAC-MD5"
	case "1.2.156.10197.1.401.3.1":
		return "HMAC-SM3"
	}
	for _, family := range []struct{ prefix, name string }{
		{"1.2.156.10197.1.104.", "SM4"},
		{"1.2.392.200011.61.1.1.1.", "Camellia"},
		{"1.2.410.200046.1.1.", "ARIA"},
		{"2.16.840.1.101.3.4.1.", "AES in another mode than CBC"},
		{"2.16.840.1.101.3.4.2.", "HMAC of SHA-3"},
		{"1.2.643.7.1.1.", "an algorithm of GOST"},
	} {
		if strings.HasPrefix(oid, family.prefix) {
			return family.name
		}
	}
	return "the algorithm " + oid
}

// keyAlgorithm names the algorithm of a PrivateKeyInfo when it is one that the standard library does not read.
func keyAlgorithm(der []byte) string {
	var info struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return ""
	}
	switch oid := info.Algorithm.Algorithm.String(); oid {
	case "1.2.840.113549.1.1.1", "1.3.101.112", "1.3.101.110": // RSA, Ed25519, X25519: it does, so the key is damaged
		return ""
	case "1.2.840.10045.2.1":
		return otherCurve(info.Algorithm.Parameters)
	case "1.2.840.113549.1.1.10":
		return "RSA-PSS"
	case "1.2.840.10040.4.1":
		return "DSA"
	case "1.3.101.113":
		return "Ed448"
	case "1.3.101.111":
		return "X448"
	default:
		return "an algorithm with the identifier " + oid
	}
}

// otherCurve names a curve that the standard library does not have.
func otherCurve(params asn1.RawValue) string {
	var oid asn1.ObjectIdentifier
	if exact(params.FullBytes, &oid, "") != nil {
		return "a curve given by its parameters"
	}
	switch oid.String() {
	case "1.3.132.0.33", "1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35":
		return "" // P-224 to P-521
	case "1.3.132.0.10":
		return "the curve secp256k1"
	}
	return "a curve with the identifier " + oid.String()
}
