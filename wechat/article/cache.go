package article

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"

	"github.com/kitroll/kitroll/internal/atomicfile"
)

// Cache remembers what has been uploaded, so that an unchanged picture is not uploaded again. Keys are the SHA-256 of
// the picture as it was loaded (hex), with ".cover" or ".gif" behind it for what went into the material library; values
// are URLs, and for covers a MediaID. Both belong to one account: a cache for several must put the account into its keys.
// It is called from one goroutine at a time within a call of this package.
type Cache interface {
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	Put(ctx context.Context, key, value string) error
}

// MemoryCache is a Cache that lasts as long as the process. It is safe for concurrent use.
func MemoryCache() Cache { return &memoryCache{values: map[string]string{}} }

type memoryCache struct {
	mu     sync.Mutex
	values map[string]string
}

func (c *memoryCache) Get(_ context.Context, key string) (value string, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok = c.values[key]
	return value, ok, nil
}

func (c *memoryCache) Put(_ context.Context, key, value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[key] = value
	return nil
}

// FileCache is a Cache in a JSON file, which outlives the process: it reads the file once, if there is one, and writes
// all of it after every new picture, in one step, readable by its owner only. One process at a time should use it: of two
// the last to write wins, and what the other knew is uploaded again. It is safe for concurrent use.
//
// Errors: a file that cannot be read, or that is none of its own.
func FileCache(path string) (Cache, error) {
	c := &fileCache{path: path, values: map[string]string{}}
	if err := atomicfile.ReadJSON(path, &c.values); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("article: cache: %w", err)
	}
	if c.values == nil { // the file says null
		c.values = map[string]string{}
	}
	return c, nil
}

type fileCache struct {
	path   string
	mu     sync.Mutex
	values map[string]string
}

func (c *fileCache) Get(_ context.Context, key string) (value string, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, ok = c.values[key]
	return value, ok, nil
}

func (c *fileCache) Put(_ context.Context, key, value string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	values := maps.Clone(c.values)
	values[key] = value
	if err := atomicfile.WriteJSON(c.path, values); err != nil {
		return err
	}
	c.values = values
	return nil
}
