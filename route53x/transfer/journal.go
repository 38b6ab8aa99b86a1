package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// fileKind tells our journals from any other JSON file.
const fileKind = "kitroll domain transfer"

// FileJournal keeps the state of one move in a JSON file, which is the old or the new state whatever happens: a temporary
// file, fsync, rename. It is locked while it is open. There is no secret in it; it is readable by its owner only.
type FileJournal struct {
	path   string
	unlock func() error
}

var _ Journal = (*FileJournal)(nil)

// fileState is what the file holds.
type fileState struct {
	Kind  string `json:"kind"`
	State State  `json:"state"`
}

// OpenFile opens the journal at path and locks it; the file is made by the first Save. Another process that has it open
// is [ErrInUse].
func OpenFile(path string) (*FileJournal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("transfer: journal: %w", err)
	}
	unlock, err := atomicfile.TryLock(path + ".lock")
	if errors.Is(err, atomicfile.ErrLocked) {
		return nil, &Error{Kind: ErrInUse, Text: fmt.Sprintf("journal %s is in use by another process: wait for it, or name another", path)}
	}
	if err != nil {
		return nil, fmt.Errorf("transfer: journal: %w", err)
	}
	return &FileJournal{path, unlock}, nil
}

// Load reads the state. No file is fs.ErrNotExist; the state of another move is [ErrOtherMove].
func (j *FileJournal) Load(_ context.Context, id string) (State, error) {
	var f fileState
	err := atomicfile.ReadJSON(j.path, &f)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return State{}, err
	case err != nil:
		return State{}, &Error{Kind: ErrInvalid, Text: fmt.Sprintf("journal %s is broken: move it away, and most of it is found again at the platforms", j.path), Err: err}
	case f.Kind != fileKind:
		return State{}, &Error{Kind: ErrOtherMove, Text: fmt.Sprintf("%s is not a journal of a transfer: name another file", j.path)}
	case f.State.ID != id:
		return State{}, &Error{Kind: ErrOtherMove, Text: fmt.Sprintf("journal %s is that of %q: name another file for %q", j.path, f.State.ID, id)}
	}
	return f.State, nil
}

// Save writes the state.
func (j *FileJournal) Save(_ context.Context, s State) error {
	return atomicfile.WriteJSON(j.path, fileState{fileKind, s})
}

// Close lets another process have the journal.
func (j *FileJournal) Close() error { return j.unlock() }
