package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

func TestTryLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "it.lock")
	unlock, err := atomicfile.TryLock(path)
	require.NoError(t, err)
	_, err = atomicfile.TryLock(path)
	require.ErrorIs(t, err, atomicfile.ErrLocked)
	require.NoError(t, unlock())
	unlock, err = atomicfile.TryLock(path)
	require.NoError(t, err, "given back")
	require.NoError(t, unlock())
	_, err = atomicfile.TryLock(filepath.Join(t.TempDir(), "no", "folder"))
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NotErrorIs(t, err, atomicfile.ErrLocked)
}
