package privacy

import (
	"context"
	"sync"
)

// WrappedKey is a person's key as it is stored.
type WrappedKey struct {
	// Wrapped is the key, readable with the KEK only; nil once erased.
	Wrapped []byte
	// KEK says which key-encrypting key wraps it.
	KEK string
}

// Erased tells whether the key is gone for good.
func (w WrappedKey) Erased() bool { return w.Wrapped == nil }

// KeyStore keeps wrapped keys.
type KeyStore interface {
	// Get returns the keys of those persons that have or had one.
	Get(ctx context.Context, persons []string) (map[string]WrappedKey, error)
	// PutIfAbsent stores the first key of a person and returns what is stored
	// now, which is another's if that was first.
	PutIfAbsent(ctx context.Context, person string, k WrappedKey) (WrappedKey, error)
	// Erase destroys a person's key. The person can never have another one,
	// even without having had one yet.
	Erase(ctx context.Context, person string) error
}

// Memory is a KeyStore for tests.
type Memory struct {
	mu   sync.Mutex
	keys map[string]WrappedKey
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{keys: map[string]WrappedKey{}} }

// Get implements KeyStore.
func (m *Memory) Get(_ context.Context, persons []string) (map[string]WrappedKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make(map[string]WrappedKey, len(persons))
	for _, p := range persons {
		if k, ok := m.keys[p]; ok {
			found[p] = k
		}
	}
	return found, nil
}

// PutIfAbsent implements KeyStore.
func (m *Memory) PutIfAbsent(_ context.Context, person string, k WrappedKey) (WrappedKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if have, ok := m.keys[person]; ok {
		return have, nil
	}
	m.keys[person] = k
	return k, nil
}

// Erase implements KeyStore.
func (m *Memory) Erase(_ context.Context, person string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[person] = WrappedKey{KEK: m.keys[person].KEK}
	return nil
}
