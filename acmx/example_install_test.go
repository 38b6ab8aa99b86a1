package acmx_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kitroll/kitroll/acmx"
	"github.com/kitroll/kitroll/acmx/acmxtest"
)

// From an issued certificate to the files of nginx.
func ExampleBundle_WriteDir() {
	ctx := context.Background()
	srv := acmxtest.NewServer() // real code: acmx.Config{AWS: …}
	defer srv.Close()
	c, err := acmx.New(srv.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := acmx.Spec{Names: []string{"www.example.com"}, Exportable: true, MaxCost: acmx.Dollars(15)}
	cert, err := c.Ensure(ctx, spec, srv.Solver(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	bundle, err := cert.Export(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	top, err := os.MkdirTemp("", "acmx")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(top)
	dir := filepath.Join(top, "www.example.com") // real code: /etc/ssl/www.example.com
	opts := &acmx.WriteOptions{Reload: func(context.Context) error {
		fmt.Println("nginx -t && nginx -s reload") // real code: exec.CommandContext
		return nil
	}}
	fmt.Println(bundle.WriteDir(ctx, dir, opts))
	fmt.Println(bundle.WriteDir(ctx, dir, opts)) // equal: nobody is told
	installed, err := acmx.ReadDir(dir)
	fmt.Println(installed.Leaf.DNSNames, installed.Serial() == bundle.Serial(), err)
	// Output:
	// nginx -t && nginx -s reload
	// true <nil>
	// false <nil>
	// [www.example.com] true <nil>
}

// An encrypted key of ACM or of OpenSSL, here one for tests.
func ExampleDecryptPKCS8() {
	_, err := acmx.DecryptPKCS8([]byte(testKey), []byte("wrong"))
	fmt.Println(err)
	key, err := acmx.DecryptPKCS8([]byte(testKey), []byte("for tests only"))
	fmt.Printf("%T %v\n", key, err)
	// Output:
	// acmx: DecryptPKCS8: wrong passphrase
	// *ecdsa.PrivateKey <nil>
}

// testKey is of `openssl genpkey -algorithm EC` and `openssl pkcs8 -topk8`.
const testKey = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhsH5DyNvZ9XwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEM5deKCbr5uqnQ4ddG1XAJQEgZA/
kECyUlkkZFfSeKcxLSILphwEbz+zJdYsdxT6PU2rQW6YveKkowhXScUY3suFaiEE
OROh3j97MRPCOGRLHDhBfhl52/+0ULn7Yq6v+h/oADRS4kNPa8V/oBwsAt1r8eMu
IWuqg6rSdBezRrN+UgejiRMdWqDqvmReK+IywSpF8doMNmTt3ZHAGF3d09w+CEg=
-----END ENCRYPTED PRIVATE KEY-----
`
