// Package need finds the programs of a Debian release that some tests hold ours against: name servers, OpenSSL, nginx.
package need

import (
	"os"
	"os/exec"
)

// T is the part of a *testing.T that a test gives away here.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Program is the path of a program, also where only root looks for one. A test that cannot have it is skipped on the
// machine of a newcomer, and fails in CI, which installs pkg and says CI=true.
func Program(t T, name, pkg string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/usr/bin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" { //nolint:forbidigo // it is for tests alone, and CI says so in no other way
		t.Fatalf("the program %s is missing: apt-get install %s", name, pkg)
	}
	t.Skipf("the program %s is missing: apt-get install %s", name, pkg)
	return ""
}
