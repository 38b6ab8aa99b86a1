package vultr

import (
	"fmt"
	"net/netip"
	"path"
	"strings"
	"unicode"
)

// MountBlock is the shell lines that mount a block volume at dir in the instance that it is attached to, now and after
// every boot. Run them as root; run again, they change nothing. An ext4 file system is made only if the volume provably
// has nothing on it. After a Resize it is grown with resize2fs on the same device.
//
// dir is an absolute path; any characters but control characters are quoted as they must be. What cannot be mounted gives
// one line that says why and fails.
func MountBlock(b Block, dir string) []string {
	device := b.Device()
	if device == "" {
		return cannot("the volume has no mount ID yet: get it again")
	}
	if bad := badDir(dir); bad != "" {
		return cannot(bad)
	}
	// blkid ends with 2 when it finds nothing, and with 8 when it finds too much: only nothing may be formatted. It ends with
	// 2 for a device that is not there as well, so that is asked before.
	return append([]string{
		fmt.Sprintf("test -b %[1]s && { blkid -p %[1]s >/dev/null; test $? -ne 2 || mkfs.ext4 %[1]s; }", quote(device)),
	}, mount(device, dir, "ext4", "defaults,nofail", "defaults,nofail", 2)...)
}

// MountVFS is the shell lines that mount a file system at dir in the instance of the attachment, now and after every
// boot. The driver is virtiofs, not NFS. As [MountBlock] otherwise.
//
// Source: Vultr File System: mount -t virtiofs TAG DIR; fstab "TAG DIR virtiofs defaults,nofail 0 0" (read 2026-11).
func MountVFS(a Attachment, dir string) []string {
	switch bad := badDir(dir); {
	case a.MountTag == "":
		return cannot("the attachment has no mount tag yet: wait until it is attached")
	case strings.ContainsFunc(a.MountTag, unicode.IsControl):
		return cannot("the mount tag has control characters")
	case bad != "":
		return cannot(bad)
	}
	return mount(a.MountTag, dir, "virtiofs", "", "defaults,nofail", 0)
}

// MountExport is the shell lines that mount an export of a gateway at dir, on a client that reaches the gateway at addr:
// its address in the VPC ([Gateway].VPCAddress), or its public one, which the customer portal shows. The first line
// installs the client of Debian and Ubuntu. As [MountBlock] otherwise.
//
// Source: docs.vultr.com/products/storage/storage-gateway/provisioning of 2026-05-26 (read 2026-11).
func MountExport(g Gateway, e Export, addr netip.Addr, dir string) []string {
	at := path.Clean("/" + e.Path)
	switch bad := badDir(dir); {
	case !addr.IsValid() || addr.IsUnspecified():
		return cannot(fmt.Sprintf("the gateway %s has no address yet", g.ID))
	case strings.ContainsFunc(at, unicode.IsControl):
		return cannot("the path of the export has control characters")
	case bad != "":
		return cannot(bad)
	}
	host := addr.String()
	if addr.Is6() {
		host = "[" + host + "]"
	}
	const options = "hard,timeo=600,rsize=1048576,wsize=1048576"
	return append([]string{"command -v mount.nfs4 >/dev/null || apt-get install -y nfs-common"},
		mount(host+":"+at, dir, "nfs4", options, options+",_netdev,nofail", 0)...)
}

// mount is the lines for anything: the folder, the mount, the line of fstab.
func mount(source, dir, kind, options, tabOptions string, check int) []string {
	if options != "" {
		options = " -o " + options
	}
	line := quote(fmt.Sprintf("%s %s %s %s 0 %d", tab(source), tab(dir), kind, tabOptions, check))
	return []string{
		"mkdir -p " + quote(dir),
		fmt.Sprintf("mountpoint -q %[1]s || mount -t %[2]s%[3]s %[4]s %[1]s", quote(dir), kind, options, quote(source)),
		// printf, since the echo of dash reads \040 as a character.
		fmt.Sprintf("grep -qxF -e %[1]s /etc/fstab || printf '%%s\\n' %[1]s >>/etc/fstab", line),
	}
}

func badDir(dir string) string {
	switch {
	case !strings.HasPrefix(dir, "/") || path.Clean(dir) == "/":
		return "the folder is not an absolute path below /"
	case strings.ContainsFunc(dir, unicode.IsControl):
		return "the folder has control characters"
	}
	return ""
}

// cannot is a line that says why and fails.
func cannot(why string) []string {
	return []string{"printf '%s\\n' " + quote("vultr: "+why) + " >&2; false"}
}

// quote makes one word for a POSIX shell.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-:,+", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// tab makes one field of fstab, whose reader undoes octal escapes.
func tab(field string) string {
	return strings.NewReplacer(`\`, `\134`, " ", `\040`).Replace(field)
}
