package article

import (
	"context"
	"sync"
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
