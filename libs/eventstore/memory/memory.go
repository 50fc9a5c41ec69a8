// Package memory is an event store that forgets everything when its process
// ends. It serves fast tests.
package memory

import (
	"bytes"
	"context"
	"sync"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
)

// Store keeps events in memory.
type Store struct {
	clock clock.Clock

	mu       sync.Mutex
	events   []eventstore.Recorded
	streams  map[string][]int64 // positions, by version - 1
	commands map[string]outcome
	changed  chan struct{} // closed by the next append
}

// outcome is what a command led to.
type outcome struct {
	digest [32]byte
	result eventstore.Result
}

// New returns an empty store.
func New(c clock.Clock) *Store {
	return &Store{clock: c, streams: map[string][]int64{}, commands: map[string]outcome{}, changed: make(chan struct{})}
}

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, a eventstore.Append) (eventstore.Result, error) {
	if err := a.Validate(); err != nil {
		return eventstore.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return eventstore.Result{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, done, err := s.lookup(a.Command); err != nil || done {
		return r, err
	}
	if int64(len(s.streams[a.Stream])) != a.ExpectedVersion {
		return eventstore.Result{}, eventstore.ErrConflict.With("stream", a.Stream)
	}
	first := int64(len(s.events)) + 1
	for _, r := range a.Record(first, s.clock.Now()) {
		r.Data = bytes.Clone(r.Data)
		s.events = append(s.events, r)
		s.streams[a.Stream] = append(s.streams[a.Stream], r.Position)
	}
	r := eventstore.Result{First: first, Last: int64(len(s.events)), Version: a.ExpectedVersion + int64(len(a.Events))}
	s.commands[a.Command.ID] = outcome{a.Command.Digest, r}
	close(s.changed)
	s.changed = make(chan struct{})
	return r, nil
}

// Lookup implements eventstore.Store.
func (s *Store) Lookup(ctx context.Context, c eventstore.Command) (eventstore.Result, bool, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Result{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookup(c)
}

func (s *Store) lookup(c eventstore.Command) (eventstore.Result, bool, error) {
	o, done := s.commands[c.ID]
	if !done {
		return eventstore.Result{}, false, nil
	}
	if o.digest != c.Digest {
		return eventstore.Result{}, false, eventstore.ErrCommandReused.With("command_id", c.ID)
	}
	r := o.result
	r.Replayed = true
	return r, true, nil
}

// ReadStream implements eventstore.Store.
func (s *Store) ReadStream(ctx context.Context, stream string, after int64, limit int) ([]eventstore.Recorded, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var page []eventstore.Recorded
	for _, position := range window(s.streams[stream], after, limit) {
		page = append(page, copied(s.events[position-1]))
	}
	return page, nil
}

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, after int64, limit int) ([]eventstore.Recorded, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var page []eventstore.Recorded
	for _, r := range window(s.events, after, limit) {
		page = append(page, copied(r))
	}
	return page, nil
}

// Head implements eventstore.Store.
func (s *Store) Head(ctx context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.events)), ctx.Err()
}

// Wait implements eventstore.Store.
func (s *Store) Wait(ctx context.Context, after int64) error {
	for {
		s.mu.Lock()
		there, changed := int64(len(s.events)) > after, s.changed
		s.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// window is at most limit elements after the first n.
func window[T any](all []T, n int64, limit int) []T {
	n = min(max(n, 0), int64(len(all)))
	return all[n:min(int64(len(all)), n+int64(max(limit, 0)))]
}

// copied keeps readers from changing what is stored.
func copied(r eventstore.Recorded) eventstore.Recorded {
	r.Data = bytes.Clone(r.Data)
	if r.Causation != nil {
		cause := *r.Causation
		r.Causation = &cause
	}
	return r
}
