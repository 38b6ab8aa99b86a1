package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kitroll/kitroll/awsops/ec2move"
	"github.com/kitroll/kitroll/internal/atomicfile"
)

// journal is the file that remembers a move. It is held locked, so that of two runs of the same move the second one ends with
// an error.
type journal struct {
	path   string
	unlock func() error
}

func openJournal(path string) (*journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	unlock, err := atomicfile.TryLock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("-state %s: %w", path, err)
	}
	return &journal{path, unlock}, nil
}

// load is the state that was kept, false if there is none.
func (j *journal) load() (st ec2move.State, ok bool, err error) {
	switch err := atomicfile.ReadJSON(j.path, &st); {
	case errors.Is(err, fs.ErrNotExist):
		return st, false, nil
	case err != nil:
		return st, false, fmt.Errorf("-state %s: %w", j.path, err)
	}
	return st, true, nil
}

func (j *journal) save(_ context.Context, st ec2move.State) error {
	return atomicfile.WriteJSON(j.path, st)
}

func (j *journal) close() { _ = j.unlock() }
