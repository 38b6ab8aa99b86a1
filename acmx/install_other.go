//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package acmx

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
)

// checkSystem refuses the system: what has been tried nowhere does not handle keys.
func checkSystem(WriteOptions) error {
	return fmt.Errorf("%w: on %s a link to a folder cannot be replaced in one step: write the bundle's PEM files yourself, or serve its TLSCertificate", errors.ErrUnsupported, runtime.GOOS)
}

func checkOwner(fs.FileInfo) error { return nil }

func mayWrite(string) error { return nil }

func groupOf(fs.FileInfo) int { return -1 }
