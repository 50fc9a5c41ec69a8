package messaging

import (
	"sync"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// pushLimit bounds what is kept while NATS is slow or down; beyond it the
// store is read instead.
const pushLimit = 8192

// pushQueue holds pushed events that were not published yet.
type pushQueue struct {
	mu     sync.Mutex
	events []eventstore.Recorded
	wake   chan struct{} // of capacity 1
}

func (q *pushQueue) add(events []eventstore.Recorded) {
	if len(events) == 0 {
		return
	}
	q.mu.Lock()
	if len(q.events)+len(events) > pushLimit {
		q.events = nil
	}
	q.events = append(q.events, events...)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// from takes the events that follow without a hole from next on, and drops
// earlier ones. hole tells that only later ones are there.
func (q *pushQueue) from(next int64) (events []eventstore.Recorded, hole bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := 0
	for i < len(q.events) && q.events[i].Position < next {
		i++
	}
	j := i
	for j < len(q.events) && q.events[j].Position == next+int64(j-i) {
		j++
	}
	events, q.events = q.events[i:j:j], q.events[j:]
	return events, len(events) == 0 && len(q.events) > 0
}

func (q *pushQueue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events = nil
}
