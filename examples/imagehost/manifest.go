package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

const (
	manifestKind    = "kitroll imagehost"
	manifestVersion = 1
)

// Manifest remembers what was found out about the files, so that they need not be read again, and which objects this program
// has made, so that it deletes no others. What is in the bucket is never taken from here: the bucket is asked. It holds names,
// hashes and keys, and nothing secret.
type Manifest struct {
	Kind    string             `json:"kind"`
	Version int                `json:"version"`
	Account string             `json:"account"`
	Bucket  string             `json:"bucket"`
	Prefix  string             `json:"prefix"`
	Files   map[string]Picture `json:"files"`
	Ours    []string           `json:"ours"` // keys that were not there before this program put them, without the prefix

	path string
}

// openManifest reads the manifest of a folder -out, or begins one. The errors say in one sentence what is wrong with it.
func openManifest(out, account, bucket, prefix string) (*Manifest, error) {
	path := filepath.Join(out, "imagehost.json")
	m := &Manifest{}
	err := atomicfile.ReadJSON(path, m)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		*m = Manifest{Kind: manifestKind, Version: manifestVersion, Account: account, Bucket: bucket, Prefix: prefix}
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read (%w): delete it; all files are then read again, and -prune forgets what was uploaded", path, err)
	case m.Kind != manifestKind || m.Version != manifestVersion:
		return nil, fmt.Errorf("%s is not of this program, or of another version of it: name another -out", path)
	case m.Account != account || m.Bucket != bucket || m.Prefix != prefix:
		return nil, fmt.Errorf("%s is of bucket %q of account %q with the prefix %q: name another -out", path, m.Bucket, m.Account, m.Prefix)
	}
	if m.Files == nil {
		m.Files = map[string]Picture{}
	}
	m.path = path
	return m, nil
}

// save writes the manifest, with the files as they are now.
func (m *Manifest) save(files []Picture, ours map[string]bool) error {
	m.Files = map[string]Picture{}
	for _, p := range files {
		m.Files[p.Name] = p
	}
	m.Ours = slices.Sorted(maps.Keys(ours))
	if err := atomicfile.WriteJSON(m.path, m); err != nil {
		return fmt.Errorf("%s cannot be written: %w", m.path, err)
	}
	return nil
}
