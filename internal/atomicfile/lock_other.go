//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package atomicfile

import "errors"

// TryLock is not to be had on this system: errors.ErrUnsupported.
func TryLock(string) (unlock func() error, err error) { return nil, errors.ErrUnsupported }
