package cwagent_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/awsops/cwagent"
	"github.com/kitroll/kitroll/internal/need"
)

// host is a folder that a script takes for /, with programs that stand before the machine's.
type host struct {
	t    *testing.T
	root string
	bin  string
	web  string // what curl finds: the path of the address below it
}

func newHost(t *testing.T, release, machine string) host {
	t.Helper()
	need.Program(t, "sh", "dash")
	h := host{t: t, root: t.TempDir(), bin: t.TempDir(), web: t.TempDir()}
	h.file(filepath.Join(h.root, "etc/os-release"), release, 0o644)
	h.program("id", "echo 0")
	h.program("uname", "echo "+machine)
	h.program("curl", `out= url=
while [ $# -gt 0 ]; do case $1 in -o) out=$2; shift ;; https://*) url=$1 ;; esac; shift; done
echo "$url" >>"`+h.root+`/asked"
cp "`+h.web+`/${url#https://}" "$out" 2>/dev/null || exit 22`)
	installs := `echo "$0 $*" >>"` + h.root + `/installs"
mkdir -p "` + h.root + `/opt/aws/amazon-cloudwatch-agent/bin"
printf '#!/bin/sh\n' >"` + h.root + `/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
chmod 755 "` + h.root + `/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
echo 1.300 >"` + h.root + `/opt/aws/amazon-cloudwatch-agent/bin/CWAGENT_VERSION"`
	h.program("dpkg", installs)
	h.program("rpm", installs)
	return h
}

func (h host) file(path, text string, mode os.FileMode) {
	h.t.Helper()
	require.NoError(h.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(h.t, os.WriteFile(path, []byte(text), mode))
}

func (h host) program(name, body string) {
	h.t.Helper()
	h.file(filepath.Join(h.bin, name), "#!/bin/sh\n"+body+"\n", 0o755)
}

// serve puts something below an address.
func (h host) serve(address string, data []byte) {
	h.t.Helper()
	h.file(filepath.Join(h.web, strings.TrimPrefix(address, "https://")), string(data), 0o644)
}

func (h host) read(name string) string {
	data, err := os.ReadFile(filepath.Join(h.root, name))
	if err != nil {
		return ""
	}
	return string(data)
}

// run is the script under sh, with the programs of the host first.
func (h host) run(script string) (out, stderr string, code int) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "sh")
	cmd.Stdin = strings.NewReader(script)
	cmd.Env = []string{"PATH=" + h.bin + ":/usr/bin:/bin", "HOME=" + h.root, "TMPDIR=" + h.root}
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return o.String(), e.String(), exit.ExitCode()
	}
	require.NoError(h.t, err)
	return o.String(), e.String(), 0
}

// signer is a real key of GnuPG.
type signer struct {
	t     *testing.T
	home  string
	print string
}

func newSigner(t *testing.T) signer {
	t.Helper()
	need.Program(t, "gpg", "gnupg")
	need.Program(t, "gpg-agent", "gpg-agent")
	s := signer{t: t, home: filepath.Join(t.TempDir(), "g")}
	require.NoError(t, os.Mkdir(s.home, 0o700))
	t.Cleanup(func() { _ = exec.Command("gpgconf", "--homedir", s.home, "--kill", "all").Run() })
	s.gpg(nil, "--passphrase", "", "--quick-generate-key", "packages@example.com", "rsa2048", "sign", "never")
	for line := range strings.Lines(string(s.gpg(nil, "--with-colons", "--fingerprint"))) {
		if f := strings.Split(line, ":"); f[0] == "fpr" {
			s.print = f[9]
		}
	}
	require.Len(t, s.print, 40)
	return s
}

func (s signer) gpg(in []byte, args ...string) []byte {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "gpg", append([]string{"--homedir", s.home, "--batch", "--no-tty", "--pinentry-mode", "loopback"}, args...)...)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(s.t, err, stderr.String())
	return out
}

func (s signer) sign(data []byte) []byte { return s.gpg(data, "--detach-sign", "-o", "-") }
func (s signer) key() []byte             { return s.gpg(nil, "--armor", "--export") }

const base = "https://packages.example.com/agent"

// The script under a real sh and a real GnuPG: the right package for the distribution and the processor is fetched, and it is
// installed when, and only when, its signature is good and of the pinned key.
func TestInstallScriptChecksTheSignature(t *testing.T) {
	t.Parallel()
	ours, other := newSigner(t), newSigner(t)
	pkg := []byte("a package")
	const path = "/debian/arm64/latest/amazon-cloudwatch-agent.deb"
	for name, tt := range map[string]struct {
		key, sig    []byte
		fingerprint string
		pkg         []byte
		code        int
		says        string
	}{
		"good":               {key: ours.key(), sig: ours.sign(pkg)},
		"changed package":    {key: ours.key(), sig: ours.sign(pkg), pkg: []byte("a packagf"), code: 5, says: "the signature is not good"},
		"another's":          {key: ours.key(), sig: other.sign(pkg), code: 5, says: "the signature is not good"},
		"another key":        {key: other.key(), sig: other.sign(pkg), code: 5, says: "the key is not the pinned one"},
		"two keys":           {key: append(ours.key(), other.key()...), sig: other.sign(pkg), code: 5, says: "the key is not the pinned one"},
		"a key that is none": {key: []byte("<html>"), sig: ours.sign(pkg), code: 5, says: "the key cannot be read"},
		"no signature":       {key: ours.key(), code: 6, says: "cannot download " + base + path + ".sig"},
		"an empty signature": {key: ours.key(), sig: []byte{}, code: 5, says: "the signature is not good"},
		"no key":             {sig: ours.sign(pkg), code: 6, says: "cannot download " + base + "/assets"},
		"no package":         {key: ours.key(), sig: ours.sign(pkg), pkg: []byte{}, code: 5, says: "the signature is not good"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, "NAME=\"Debian\"\nID=debian\nVERSION_ID=\"13\"\n", "aarch64")
			if tt.pkg == nil {
				tt.pkg = pkg
			}
			h.serve(base+path, tt.pkg)
			if tt.sig != nil {
				h.serve(base+path+".sig", tt.sig)
			}
			if tt.key != nil {
				h.serve(base+"/assets/amazon-cloudwatch-agent.gpg", tt.key)
			}
			script := cwagent.InstallScript(cwagent.Source{BaseURL: base, Fingerprint: ours.print}, "", h.root)
			out, stderr, code := h.run(script)
			assert.Equal(t, tt.code, code, "%s%s", out, stderr)
			if tt.code != 0 {
				assert.Contains(t, stderr, tt.says)
				assert.Empty(t, h.read("installs"), "nothing was installed")
				return
			}
			assert.Contains(t, out, "installed: "+base+path)
			assert.Contains(t, h.read("installs"), "dpkg -i -E ")

			asked := h.read("asked")
			out, _, code = h.run(script)
			assert.Zero(t, code)
			assert.Equal(t, "already installed: 1.300\n", out, "a second run finds it")
			assert.Equal(t, asked, h.read("asked"))
			left, err := filepath.Glob(filepath.Join(h.root, "tmp.*"))
			require.NoError(t, err)
			assert.Empty(t, left, "it leaves nothing behind")
		})
	}
}

func TestInstallScriptKnowsDistributions(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	for name, tt := range map[string]struct {
		release, machine, path string
		tool                   string
		code                   int
		says                   string
	}{
		"amazon":     {release: "ID=\"amzn\"\nID_LIKE=\"fedora\"\n", machine: "x86_64", path: "/amazon_linux/amd64/latest/amazon-cloudwatch-agent.rpm", tool: "rpm -U"},
		"ubuntu":     {release: "ID=ubuntu\nID_LIKE=debian\n", machine: "aarch64", path: "/ubuntu/arm64/latest/amazon-cloudwatch-agent.deb", tool: "dpkg -i"},
		"rocky":      {release: "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", machine: "x86_64", path: "/redhat/amd64/latest/amazon-cloudwatch-agent.rpm", tool: "rpm -U"},
		"suse":       {release: "ID=\"sles\"\nID_LIKE=\"suse\"\n", machine: "arm64", path: "/suse/arm64/latest/amazon-cloudwatch-agent.rpm", tool: "rpm -U"},
		"mint":       {release: "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", machine: "amd64", path: "/ubuntu/amd64/latest/amazon-cloudwatch-agent.deb", tool: "dpkg -i"},
		"alpine":     {release: "ID=alpine\n", machine: "x86_64", code: 3, says: "no package for the distribution alpine"},
		"risc-v":     {release: "ID=debian\n", machine: "riscv64", code: 3, says: "no package for the architecture riscv64"},
		"hostile":    {release: "ID=$(touch /tmp/hostile-" + filepath.Base(t.TempDir()) + ")\nID_LIKE=';rm -rf x'\n", machine: "x86_64", code: 3, says: "no package for the distribution"},
		"no release": {release: "", machine: "x86_64", code: 3, says: "no package for the distribution"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, tt.release, tt.machine)
			if tt.path != "" {
				h.serve(base+tt.path, []byte(name))
				h.serve(base+tt.path+".sig", s.sign([]byte(name)))
			}
			h.serve(base+"/assets/amazon-cloudwatch-agent.gpg", s.key())
			out, stderr, code := h.run(cwagent.InstallScript(cwagent.Source{BaseURL: base + "/", Fingerprint: s.print}, "", h.root))
			require.Equal(t, tt.code, code, "%s%s", out, stderr)
			assert.Contains(t, stderr, tt.says)
			if code == 0 {
				assert.Contains(t, h.read("installs"), tt.tool)
			} else {
				assert.Empty(t, h.read("asked")+h.read("installs"))
			}
		})
	}
}

func TestInstallScriptSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	h := newHost(t, "ID=debian\n", "x86_64")
	script := cwagent.InstallScript(cwagent.Source{BaseURL: base, Fingerprint: s.print}, "1.300", h.root)
	const path = "/debian/amd64/1.300/amazon-cloudwatch-agent.deb"

	h.program("id", "echo 1000")
	_, stderr, code := h.run(script)
	assert.Equal(t, 4, code)
	assert.Contains(t, stderr, "run as root")

	h.program("id", "echo 0")
	_, stderr, code = h.run(script)
	assert.Equal(t, 6, code)
	assert.Equal(t, "cannot download "+base+path+"\n", stderr)

	h.serve(base+path, []byte("p"))
	h.serve(base+path+".sig", s.sign([]byte("p")))
	h.serve(base+"/assets/amazon-cloudwatch-agent.gpg", s.key())
	h.program("dpkg", "echo 'dpkg: error: the lock is held' >&2; exit 2")
	_, stderr, code = h.run(script)
	assert.Equal(t, 7, code)
	assert.Contains(t, stderr, "the lock is held")

	// Trap 21: errors are cut at 8,000 characters from the end: what was said last says why.
	h.program("dpkg", `i=0; while [ $i -lt 2000 ]; do echo "line $i of much"; echo "error $i of much" >&2; i=$((i+1)); done; exit 2`)
	out, stderr, code := h.run(script)
	assert.Equal(t, 7, code)
	assert.Less(t, len(stderr), 8000)
	assert.Less(t, len(out), 24000)
	assert.Contains(t, stderr, "dpkg cannot install "+base+path)
	assert.Contains(t, stderr, "error 1999")
}

// ctl is an agent's control program, as far as its files go.
func (h host) ctl(body string) {
	h.t.Helper()
	h.file(filepath.Join(h.root, "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"), "#!/bin/sh\n"+body+"\n", 0o755)
}

func TestOtherScriptsUnderSh(t *testing.T) {
	t.Parallel()
	h := newHost(t, "ID=debian\n", "x86_64")
	for _, script := range []string{cwagent.StatusScript(h.root), cwagent.RestartScript(h.root), cwagent.LogScript(h.root, 5)} {
		_, stderr, code := h.run(script)
		assert.Equal(t, 9, code)
		assert.Contains(t, stderr, "there is no ")
	}
	h.ctl(`echo "$*" >>"` + h.root + `/did"; case "$*" in *status*) echo '{"status": "running", "starttime": "2026-11-02T09:00:00+00:00", "configstatus": "configured", "version": "1.300"}' ;; esac`)
	out, _, code := h.run(cwagent.StatusScript(h.root))
	assert.Zero(t, code)
	status, err := cwagent.ParseStatus(out)
	require.NoError(t, err)
	assert.Equal(t, "running, configured", status.String())

	_, _, code = h.run(cwagent.RestartScript(h.root))
	assert.Zero(t, code)
	assert.Equal(t, "-a status\n-a status\n-a stop\n-a start\n", h.read("did"))

	h.ctl(`echo "$*" >>"` + h.root + `/did"; echo '{"status": "stopped", "starttime": "", "configstatus": "not configured", "version": "1.300"}'`)
	_, stderr, code := h.run(cwagent.RestartScript(h.root))
	assert.Equal(t, 8, code, "it would start with a configuration of its own")
	assert.Contains(t, stderr, "default configuration")
	assert.NotContains(t, strings.TrimPrefix(h.read("did"), "-a status\n-a status\n-a stop\n-a start\n"), "start\n-a")
}

// Trap 21: Systems Manager keeps the first 24,000 characters: the end of the log is cut out on the instance.
func TestTrap21LogIsCutOnTheInstance(t *testing.T) {
	t.Parallel()
	h := newHost(t, "ID=debian\n", "x86_64")
	h.ctl("")
	out, stderr, code := h.run(cwagent.LogScript(h.root, 5))
	assert.Zero(t, code)
	assert.Empty(t, out)
	assert.Contains(t, stderr, "there is no ")

	var log strings.Builder
	for range 3000 {
		log.WriteString("2026-11-02T09:00:00Z I! ééé a line of the agent\n")
	}
	log.WriteString("the last line\n")
	h.file(filepath.Join(h.root, "opt/aws/amazon-cloudwatch-agent/logs/amazon-cloudwatch-agent.log"), log.String(), 0o644)
	out, _, _ = h.run(cwagent.LogScript(h.root, 2))
	assert.Equal(t, "2026-11-02T09:00:00Z I! ééé a line of the agent\nthe last line\n", out)
	out, _, _ = h.run(cwagent.LogScript(h.root, 10000))
	assert.Len(t, out, 23000)
	assert.True(t, strings.HasSuffix(out, "the last line\n"), "the newest is what is kept")
}

// Systems Manager replaces {{ name }} in what it is sent.
func TestScriptsHoldNoBraces(t *testing.T) {
	t.Parallel()
	for _, script := range []string{cwagent.InstallScript(cwagent.Source{}, "", ""), cwagent.StatusScript(""), cwagent.RestartScript(""), cwagent.LogScript("", 9)} {
		assert.NotContains(t, script, "{{")
	}
	assert.Contains(t, cwagent.InstallScript(cwagent.Source{}, "", ""), "fingerprint='"+cwagent.Fingerprint+"'")
}
