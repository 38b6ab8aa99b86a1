package vultr_test

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/vultr"
)

func TestMountLines(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		"mkdir -p /mnt/vfs",
		"mountpoint -q /mnt/vfs || mount -t virtiofs 1234567 /mnt/vfs",
		`grep -qxF -e '1234567 /mnt/vfs virtiofs defaults,nofail 0 0' /etc/fstab || printf '%s\n' '1234567 /mnt/vfs virtiofs defaults,nofail 0 0' >>/etc/fstab`,
	}, vultr.MountVFS(vultr.Attachment{MountTag: "1234567"}, "/mnt/vfs"))
	assert.Equal(t, []string{
		"command -v mount.nfs4 >/dev/null || apt-get install -y nfs-common",
		"mkdir -p /mnt/x",
		"mountpoint -q /mnt/x || mount -t nfs4 -o hard,timeo=600,rsize=1048576,wsize=1048576 10.1.96.4:/data /mnt/x",
		`grep -qxF -e '10.1.96.4:/data /mnt/x nfs4 hard,timeo=600,rsize=1048576,wsize=1048576,_netdev,nofail 0 0' /etc/fstab || ` +
			`printf '%s\n' '10.1.96.4:/data /mnt/x nfs4 hard,timeo=600,rsize=1048576,wsize=1048576,_netdev,nofail 0 0' >>/etc/fstab`,
	}, vultr.MountExport(vultr.Gateway{}, vultr.Export{Path: "/data"}, netip.MustParseAddr("10.1.96.4"), "/mnt/x"))
	six := vultr.MountExport(vultr.Gateway{}, vultr.Export{}, netip.MustParseAddr("2001:db8::1"), "/mnt/x")
	assert.Contains(t, six[2], "'[2001:db8::1]:/' /mnt/x")
	block := vultr.MountBlock(vultr.Block{MountID: "ewr-0123456789abcdef0123456789abcdef"}, "/srv/db")
	assert.Equal(t, "test -b /dev/disk/by-id/virtio-ewr-0123456789abcdef && { blkid -p /dev/disk/by-id/virtio-ewr-0123456789abcdef >/dev/null; "+
		"test $? -ne 2 || mkfs.ext4 /dev/disk/by-id/virtio-ewr-0123456789abcdef; }", block[0], "the first 20 characters")
	assert.Contains(t, block[3], "/srv/db ext4 defaults,nofail 0 2")
}

// machine runs lines in a real shell, with programs that write down how they were called.
type machine struct {
	t              *testing.T
	dir, tab, logs string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t, dir, filepath.Join(dir, "fstab"), filepath.Join(dir, "log")}
	require.NoError(t, os.WriteFile(m.tab, []byte("# made by the installer\n"), 0o600))
	for _, name := range []string{"mkdir", "mount", "mountpoint", "mkfs.ext4", "blkid", "apt-get"} {
		// Each argument on a line of its own; the status is in a file of the program's name.
		m.program(name, `{ echo "--`+name+`"; for a; do printf '%s\n' "$a"; done; } >>`+m.logs+"\n"+`if [ -e `+dir+`/`+name+`.status ]; then exit "$(cat `+dir+`/`+name+`.status)"; fi`)
	}
	m.status("mountpoint", "1")
	return m
}

func (m *machine) program(name, script string) {
	m.t.Helper()
	require.NoError(m.t, os.WriteFile(filepath.Join(m.dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

func (m *machine) status(name, status string) {
	m.t.Helper()
	require.NoError(m.t, os.WriteFile(filepath.Join(m.dir, name+".status"), []byte(status), 0o600))
}

// run gives what the programs were called with, and the last line's status.
func (m *machine) run(lines []string) (log string, ok bool) {
	m.t.Helper()
	_ = os.Remove(m.logs)
	script := strings.ReplaceAll(strings.Join(lines, "\n"), "/etc/fstab", m.tab)
	sh, err := exec.LookPath("sh")
	require.NoError(m.t, err, "this test needs a POSIX shell named sh")
	cmd := exec.CommandContext(m.t.Context(), sh, "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+m.dir+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	data, _ := os.ReadFile(m.logs)
	return string(data) + string(out), err == nil
}

func (m *machine) fstab() string {
	m.t.Helper()
	data, err := os.ReadFile(m.tab)
	require.NoError(m.t, err)
	return string(data)
}

// Whatever a folder or a path is called, a real shell hands it on whole, and fstab has it in the form that its reader
// undoes.
func TestMountLinesInARealShell(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ dir, tab string }{
		"plain":      {"/mnt/vfs", "/mnt/vfs"},
		"spaces":     {"/mnt/my  data", `/mnt/my\040\040data`},
		"quotes":     {`/mnt/it's "so"`, `/mnt/it's\040"so"`},
		"commands":   {"/mnt/$(touch x)`id`;rm -rf $HOME&", "/mnt/$(touch\\040x)`id`;rm\\040-rf\\040$HOME&"},
		"backslash":  {`/mnt/a\040b\n`, `/mnt/a\134040b\134n`},
		"percent":    {"/mnt/100%s", "/mnt/100%s"},
		"hyphen":     {"/-rf", "/-rf"},
		"stars":      {"/mnt/*?[a]~!{b,c}", "/mnt/*?[a]~!{b,c}"},
		"characters": {"/mnt/数据", "/mnt/数据"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			vfs := vultr.MountVFS(vultr.Attachment{MountTag: "77"}, tt.dir)
			log, ok := m.run(vfs)
			require.True(t, ok, log)
			assert.Equal(t, "--mkdir\n-p\n"+tt.dir+"\n--mountpoint\n-q\n"+tt.dir+"\n--mount\n-t\nvirtiofs\n77\n"+tt.dir+"\n", log)
			want := "# made by the installer\n77 " + tt.tab + " virtiofs defaults,nofail 0 0\n"
			assert.Equal(t, want, m.fstab())

			m.status("mountpoint", "0") // it is mounted by now
			log, ok = m.run(vfs)
			require.True(t, ok, log)
			assert.NotContains(t, log, "--mount\n")
			assert.Equal(t, want, m.fstab(), "run again, the lines change nothing")

			export := vultr.MountExport(vultr.Gateway{}, vultr.Export{Path: tt.dir}, netip.MustParseAddr("2001:db8::7"), "/mnt/x")
			m.program("mount.nfs4", "")
			m.status("mountpoint", "1")
			log, ok = m.run(export)
			require.True(t, ok, log)
			assert.Contains(t, log, "hard,timeo=600,rsize=1048576,wsize=1048576\n[2001:db8::7]:"+tt.dir+"\n/mnt/x\n")
			assert.NotContains(t, log, "apt-get")
			assert.Contains(t, m.fstab(), "[2001:db8::7]:"+tt.tab+" /mnt/x nfs4 ")
		})
	}
}

// A volume is formatted only if there is provably nothing on it.
func TestMountBlockFormatsOnlyWhatIsEmpty(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		blkid  string
		device bool
		want   bool
	}{
		"nothing found": {"2", true, true}, "a file system": {"0", true, false}, "too much found": {"8", true, false},
		"odd usage": {"4", true, false}, "no device": {"2", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.status("blkid", tt.blkid)
			lines := vultr.MountBlock(vultr.Block{MountID: "ewr-1"}, "/srv/db")
			answer := "false" // there is no block device to be tested in a test
			if tt.device {
				answer = "true"
			}
			lines[0] = strings.Replace(lines[0], "test -b /dev/disk/by-id/virtio-ewr-1", answer, 1)
			log, _ := m.run(lines)
			assert.Equal(t, tt.want, strings.Contains(log, "--mkfs.ext4\n/dev/disk/by-id/virtio-ewr-1\n"), log)
		})
	}
}

// What cannot be mounted is a line that says why and fails.
func TestMountLinesOfWhatCannotBeMounted(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr("10.1.96.4")
	ready := vultr.Attachment{MountTag: "77"}
	for name, tt := range map[string]struct {
		lines []string
		says  string
	}{
		"no tag":       {vultr.MountVFS(vultr.Attachment{}, "/mnt/x"), "no mount tag yet"},
		"odd tag":      {vultr.MountVFS(vultr.Attachment{MountTag: "a\nb"}, "/mnt/x"), "control characters"},
		"relative":     {vultr.MountVFS(ready, "mnt"), "not an absolute path"},
		"empty":        {vultr.MountVFS(ready, ""), "not an absolute path"},
		"root":         {vultr.MountVFS(ready, "//"), "not an absolute path below /"},
		"two lines":    {vultr.MountVFS(ready, "/mnt/a\nreboot"), "control characters"},
		"no address":   {vultr.MountExport(vultr.Gateway{ID: "it's"}, vultr.Export{}, netip.Addr{}, "/mnt/x"), "it's has no address yet"},
		"any address":  {vultr.MountExport(vultr.Gateway{}, vultr.Export{}, netip.IPv4Unspecified(), "/mnt/x"), "no address"},
		"odd path":     {vultr.MountExport(vultr.Gateway{}, vultr.Export{Path: "/a\nb"}, addr, "/mnt/x"), "control characters"},
		"odd folder":   {vultr.MountExport(vultr.Gateway{}, vultr.Export{}, addr, "x"), "not an absolute path"},
		"no mount ID":  {vultr.MountBlock(vultr.Block{}, "/mnt/x"), "no mount ID yet"},
		"block, where": {vultr.MountBlock(vultr.Block{MountID: "x"}, "."), "not an absolute path"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, tt.lines, 1)
			assert.NotContains(t, tt.lines[0], "\n")
			m := newMachine(t)
			log, ok := m.run(tt.lines)
			assert.False(t, ok)
			assert.Contains(t, log, "vultr: ")
			assert.Contains(t, log, tt.says)
		})
	}
}
