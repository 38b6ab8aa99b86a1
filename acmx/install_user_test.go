//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package acmx_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Root, as which tests run in containers, may do everything: what others may not is tried by another user.
func TestWriteDirChecksOwnersAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // TestWriteDirChecksOwners has done so
	}
	const nobody = 65534
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	data, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	program := filepath.Join(dir, "acmx.test")
	require.NoError(t, os.WriteFile(program, data, 0o755))
	tmp := filepath.Join(dir, "tmp")
	require.NoError(t, os.Mkdir(tmp, 0o700))
	require.NoError(t, os.Chown(tmp, nobody, nobody))
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestWriteDirChecksOwners$", "-test.v")
	cmd.Env, cmd.Dir = []string{"TMPDIR=" + tmp}, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "--- PASS: TestWriteDirChecksOwners")
}
