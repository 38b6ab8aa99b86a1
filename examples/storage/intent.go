package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// intents is the file that says what was about to be bought, written before the request leaves and emptied when it is known
// what came of it. A run that finds one in it was preceded by one that was killed, or that does not know.
type intents struct {
	path string
	list map[string]time.Time // by kind, place and label
}

func openIntents(path string) (*intents, error) {
	i := &intents{path: path, list: map[string]time.Time{}}
	err := atomicfile.ReadJSON(path, &i.list)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s cannot be read (%w): move it away, and look in the portal for what may have been bought", path, err)
	}
	if i.list == nil {
		i.list = map[string]time.Time{}
	}
	return i, nil
}

func (i *intents) begin(key string) error {
	i.list[key] = time.Now().UTC()
	return i.save()
}

func (i *intents) settle(key string) error {
	if _, there := i.list[key]; !there {
		return nil
	}
	delete(i.list, key)
	return i.save()
}

func (i *intents) save() error {
	if err := atomicfile.WriteJSON(i.path, i.list); err != nil {
		return fmt.Errorf("%s cannot be written: %w", i.path, err)
	}
	return nil
}
