package messaging

import (
	"sync"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// reorderLimit bounds how far ahead of the next position events are kept;
// what lies beyond comes from Feed.
const reorderLimit = 4 * maxInFlight

// reorder puts events that arrive in any order, and more than once, back into
// the order of positions.
type reorder struct {
	wake chan struct{} // of capacity 1

	mu     sync.Mutex
	next   int64
	seen   int64
	events map[int64]eventstore.Recorded
}

func newReorder() *reorder {
	return &reorder{wake: make(chan struct{}, 1), events: map[int64]eventstore.Recorded{}}
}

// reset starts anew at next and forgets everything.
func (b *reorder) reset(next int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next = next
	clear(b.events)
}

// offer takes an event unless it is already done.
func (b *reorder) offer(r eventstore.Recorded) {
	b.mu.Lock()
	b.seen = max(b.seen, r.Position)
	if r.Position >= b.next && r.Position < b.next+reorderLimit {
		b.events[r.Position] = r
	}
	b.mu.Unlock()
	b.signal()
}

// exists notes that there is an event of which nothing else is known.
func (b *reorder) exists(position int64) {
	b.mu.Lock()
	b.seen = max(b.seen, position)
	b.mu.Unlock()
	b.signal()
}

// take removes at most limit events that follow without a hole.
func (b *reorder) take(limit int) []eventstore.Recorded {
	b.mu.Lock()
	defer b.mu.Unlock()
	var run []eventstore.Recorded
	for len(run) < limit {
		r, ok := b.events[b.next]
		if !ok {
			break
		}
		delete(b.events, b.next)
		run = append(run, r)
		b.next++
	}
	return run
}

// skip says that everything up to the position came another way.
func (b *reorder) skip(position int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ; b.next <= position; b.next++ {
		delete(b.events, b.next)
	}
}

// gap tells whether events exist that have not been taken.
func (b *reorder) gap() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seen >= b.next
}

func (b *reorder) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
