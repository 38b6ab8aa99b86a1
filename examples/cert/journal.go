package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// journalKind tells our journals from any other JSON file.
const (
	journalKind    = "kitroll cert journal"
	journalVersion = 1
)

// values are what a step leaves in the journal.
type values = map[string]string

// Journal remembers what has been done, so that a second run can say so and nothing is left half done. It is one JSON file,
// rewritten whole after every step (temporary file, fsync, rename), and holds IDs and addresses, never a key or a
// passphrase. One process at a time owns it.
type Journal struct {
	mu     sync.Mutex
	path   string
	unlock func() error
	state  journalState
}

type journalState struct {
	Kind      string            `json:"kind"`
	Version   int               `json:"version"`
	Source    string            `json:"source"`    // the names of the certificate, for people
	Identity  string            `json:"identity"`  // the certificate, for comparison: a hash
	Platforms map[string]string `json:"platforms"` // with whom: "acm": a Region and an account
	Steps     map[string]Entry  `json:"steps"`
}

// Entry is one step. Begun without Done means: the request may have left, and nobody heard the answer.
type Entry struct {
	Begun  time.Time `json:"begun,omitzero"`
	Done   time.Time `json:"done,omitzero"`
	Values values    `json:"values,omitempty"`
}

// OpenJournal opens or creates the journal at path for this certificate. The errors say in one sentence what is wrong with it:
// in use, broken, somebody else's file, or of another certificate.
func OpenJournal(path, source, identity string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("journal %s cannot be locked: %w", path, err)
	}
	unlock, err := atomicfile.TryLock(path + ".lock")
	if err != nil {
		if errors.Is(err, atomicfile.ErrLocked) {
			return nil, fmt.Errorf("journal %s is in use by another process: wait for it, or name another -journal", path)
		}
		return nil, fmt.Errorf("journal %s cannot be locked: %w", path, err)
	}
	j := &Journal{path: path, unlock: unlock}
	if err := j.load(source, identity); err != nil {
		_ = unlock()
		return nil, err
	}
	return j, nil
}

func (j *Journal) load(source, identity string) error {
	data, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		j.state = journalState{
			Kind: journalKind, Version: journalVersion, Source: source, Identity: identity,
			Platforms: map[string]string{}, Steps: map[string]Entry{},
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("journal %s cannot be read: %w", j.path, err)
	}
	if err := json.Unmarshal(data, &j.state); err != nil {
		return fmt.Errorf("journal %s is broken (%w): move it away to begin anew; what was done is then forgotten", j.path, err)
	}
	s := &j.state
	switch {
	case s.Kind != journalKind:
		return fmt.Errorf("journal %s is not a journal of this program: name another -journal", j.path)
	case s.Version != journalVersion:
		return fmt.Errorf("journal %s has version %d, this program reads version %d", j.path, s.Version, journalVersion)
	case s.Identity != identity:
		return fmt.Errorf("journal %s belongs to another certificate (%s): give the same -names, -key and -label, or name another -journal", j.path, s.Source)
	}
	if s.Platforms == nil {
		s.Platforms = map[string]string{}
	}
	if s.Steps == nil {
		s.Steps = map[string]Entry{}
	}
	return nil
}

// Bind records which account of a platform this journal speaks of, and refuses another one later: an ID of one account
// means nothing, or something else, in another.
func (j *Journal) Bind(platform, account string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if had, ok := j.state.Platforms[platform]; ok && had != account {
		return fmt.Errorf("journal %s was begun with %s %q and this run has %q: use the same account, or name another -journal", j.path, platform, had, account)
	}
	if j.state.Platforms[platform] == account {
		return nil
	}
	j.state.Platforms[platform] = account
	return j.save()
}

// Step is what is known of a step.
func (j *Journal) Step(name string) Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.state.Steps[name]
	e.Values = maps.Clone(e.Values)
	return e
}

// Begin records, before the request leaves, that the step is about to happen.
func (j *Journal) Begin(name string, v values) error {
	return j.set(name, Entry{Begun: time.Now().UTC(), Values: v})
}

// Finish records that the step is done, with what came of it.
func (j *Journal) Finish(name string, v values) error {
	e := j.Step(name)
	e.Done, e.Values = time.Now().UTC(), v
	if e.Begun.IsZero() {
		e.Begun = e.Done
	}
	return j.set(name, e)
}

// Forget takes a step back that certainly had no effect.
func (j *Journal) Forget(name string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.state.Steps, name)
	return j.save()
}

func (j *Journal) set(name string, e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.state.Steps[name] = e
	return j.save()
}

func (j *Journal) save() error {
	if err := os.MkdirAll(filepath.Dir(j.path), 0o755); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := atomicfile.WriteJSON(j.path, j.state); err != nil {
		return fmt.Errorf("journal %s cannot be written: %w", j.path, err)
	}
	return nil
}

// Close lets another process have the journal.
func (j *Journal) Close() error { return j.unlock() }
