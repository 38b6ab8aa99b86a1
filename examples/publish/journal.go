package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// journalKind tells our journals from any other JSON file.
const (
	journalKind    = "kitroll publish journal"
	journalVersion = 1
)

// Journal remembers what has been done, so that a second run repeats no paid or irreversible step. It is one JSON file,
// rewritten whole after every step (temporary file, fsync, rename), and holds IDs and addresses, never a key or a phone
// number. One process at a time owns it.
type Journal struct {
	mu     sync.Mutex
	path   string
	unlock func() error
	state  journalState
}

type journalState struct {
	Kind      string            `json:"kind"`
	Version   int               `json:"version"`
	Source    string            `json:"source"`    // what is published, for people: a file name or a topic
	Identity  string            `json:"identity"`  // what is published, for comparison: a hash
	Platforms map[string]string `json:"platforms"` // with whom: "wechat": "wx123…", or "fake"
	Steps     map[string]Entry  `json:"steps"`
}

// Entry is one step. Begun without Done means: the request may have left, and nobody heard the answer.
type Entry struct {
	Begun  time.Time         `json:"begun,omitzero"`
	Done   time.Time         `json:"done,omitzero"`
	Values map[string]string `json:"values,omitempty"`
}

// OpenJournal opens or creates the journal at path for this job. The errors say in one sentence what is wrong with it:
// in use, broken, somebody else's file, or of another article.
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
		return fmt.Errorf("journal %s belongs to another article or another text of it (%s): restore that text, or name another -journal to publish this one anew", j.path, s.Source)
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

// Done names the steps that are done, in the order of their doing.
func (j *Journal) Done() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(j.state.Steps), func(a, b string) int {
		return cmp.Or(j.state.Steps[a].Done.Compare(j.state.Steps[b].Done), cmp.Compare(a, b))
	})
	return slices.DeleteFunc(names, func(n string) bool { return j.state.Steps[n].Done.IsZero() })
}

// Value is one value of a step that is done, or "".
func (j *Journal) Value(step, key string) string {
	e := j.Step(step)
	if e.Done.IsZero() {
		return ""
	}
	return e.Values[key]
}

// Begin records, before the request leaves, that the step is about to happen.
func (j *Journal) Begin(name string, values map[string]string) error {
	return j.set(name, Entry{Begun: time.Now().UTC(), Values: values})
}

// Finish records that the step is done, with what came of it.
func (j *Journal) Finish(name string, values map[string]string) error {
	e := j.Step(name)
	e.Done, e.Values = time.Now().UTC(), values
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
