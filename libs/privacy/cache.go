package privacy

import (
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// cache remembers opened keys for a while. An erased key is remembered as nil.
type cache struct {
	limit int
	ttl   time.Duration
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]entry
	drops   uint64            // how many drops there were
	dropped map[string]uint64 // person → number of its last drop
}

type entry struct {
	key   tink.AEAD
	until time.Time
}

func newCache(limit int, ttl time.Duration, now func() time.Time) *cache {
	return &cache{limit: limit, ttl: ttl, now: now, entries: map[string]entry{}, dropped: map[string]uint64{}}
}

// get returns what is known, who is not, and a mark for put.
func (c *cache) get(persons []string) (keys map[string]tink.AEAD, missing []string, since uint64) {
	keys = make(map[string]tink.AEAD, len(persons))
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range persons {
		if e, ok := c.entries[p]; ok && now.Before(e.until) {
			keys[p] = e.key
		} else {
			missing = append(missing, p)
		}
	}
	return keys, missing, c.drops
}

func (c *cache) mark() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drops
}

// put remembers a key that was read after the mark, unless the person was
// dropped since: the key may have been read before it was erased.
func (c *cache) put(person string, key tink.AEAD, since uint64) {
	until := c.now().Add(c.ttl)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped[person] > since {
		return
	}
	if len(c.entries) >= c.limit {
		c.shrink()
	}
	c.entries[person] = entry{key: key, until: until}
}

// shrink makes room: what has expired goes, else an arbitrary tenth, which the
// next use reads again.
func (c *cache) shrink() {
	now, goal := c.now(), c.limit-c.limit/10-1
	for p, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, p)
		}
	}
	for p := range c.entries {
		if len(c.entries) <= goal {
			return
		}
		delete(c.entries, p)
	}
}

func (c *cache) drop(person string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	c.dropped[person] = c.drops
	delete(c.entries, person)
}
