//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package acmx

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// checkSystem finds what the process may not do.
func checkSystem(opts WriteOptions) error {
	if opts.GID == nil || os.Geteuid() == 0 || os.Getegid() == *opts.GID {
		return nil
	}
	groups, err := os.Getgroups()
	if err != nil {
		return fmt.Errorf("GID: %w", err)
	}
	if !slices.Contains(groups, *opts.GID) {
		return fmt.Errorf("GID: %w: this process is not root and not in the group %d, so it cannot give files to it", fs.ErrPermission, *opts.GID)
	}
	return nil
}

// checkOwner refuses a folder of another user, who could replace the key in it; root's is nobody's.
func checkOwner(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if me := os.Geteuid(); ok && int(stat.Uid) != me && stat.Uid != 0 {
		return fmt.Errorf("%w: it belongs to the user %d, and this process is the user %d: chown it, or run as that user", fs.ErrPermission, stat.Uid, me)
	}
	return nil
}

// mayWrite asks the system, which knows of read-only mounts and access lists too.
func mayWrite(dir string) error {
	const write, enter = 2, 1
	if err := syscall.Access(dir, write|enter); err != nil {
		return &fs.PathError{Op: "access", Path: dir, Err: err}
	}
	return nil
}

func groupOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Gid)
	}
	return -1
}
