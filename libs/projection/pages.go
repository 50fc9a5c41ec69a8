package projection

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Sizes of pages: larger ones when far behind, where fewer transactions count
// for more than memory.
const (
	pageSize = 1000
	farPage  = 5000
	// ahead is how many pages may wait decoded.
	ahead = 2
)

// forever as the end of a range means that it has none.
const forever = int64(-1)

// pageError says which page could not be applied.
type pageError struct {
	first, last int64
	err         error
}

// Error names the position, or the range of them.
func (e *pageError) Error() string {
	if e.first == e.last {
		return fmt.Sprintf("position %d: %v", e.first, e.err)
	}
	return fmt.Sprintf("positions %d to %d: %v", e.first, e.last, e.err)
}

// Unwrap is what went wrong.
func (e *pageError) Unwrap() error { return e.err }

// page is a decoded page or the error in its place.
type page struct {
	facts []eventstore.Fact
	err   error
}

// drain applies all events after a position, up to the last one given, to the
// rows of a slot. It returns the position reached; progress is called after
// each page.
func (l *line) drain(ctx context.Context, s slot, after, last int64, limit int, progress func(int64)) (int64, error) {
	if last != forever && after >= last {
		return after, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var stages sync.WaitGroup
	defer stages.Wait()
	defer cancel()
	pages := make(chan chan page, ahead)
	stages.Go(func() {
		defer close(pages)
		l.runner.read(ctx, &stages, pages, after, last, limit)
	})
	for next := range pages {
		p := <-next
		if p.err != nil {
			return after, p.err
		}
		position, err := l.write(ctx, s, after, p.facts)
		l.runner.release(p.facts)
		if err != nil {
			return after, err
		}
		after = position
		progress(after)
		if last != forever && after >= last {
			return after, nil
		}
	}
	return after, ctx.Err()
}

// read fills pages in order and ends after the first error. Each page is
// decoded by a goroutine of its own, so that several are in work at once.
func (r *Runner) read(ctx context.Context, stages *sync.WaitGroup, pages chan<- chan page, after, last int64, limit int) {
	size, far := limit, limit
	if limit == pageSize {
		far = farPage
	}
	for last == forever || after < last {
		events, err := r.readPage(ctx, after, last, size)
		next := make(chan page, 1)
		if err != nil {
			next <- page{err: err}
		} else {
			stages.Go(func() { next <- r.decode(events) })
		}
		select {
		case pages <- next:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		after = events[len(events)-1].Position
		if len(events) == size {
			size = far
		} else {
			size = limit
		}
	}
}

// readPage returns the next events, at least one, without holes. It waits for
// them if there are none.
func (r *Runner) readPage(ctx context.Context, after, last int64, size int) ([]eventstore.Recorded, error) {
	if last == forever {
		if err := r.journal.Store.Wait(ctx, after); err != nil {
			return nil, fmt.Errorf("wait for events after %d: %w", after, err)
		}
	} else {
		size = int(min(int64(size), last-after))
	}
	events, err := r.journal.Store.ReadAll(ctx, after, size)
	if err != nil {
		return nil, fmt.Errorf("read events after %d: %w", after, err)
	}
	for i, e := range events {
		if want := after + 1 + int64(i); e.Position != want {
			return nil, fmt.Errorf("%w: position %d follows %d", errHole, e.Position, want-1)
		}
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("%w: there is nothing after position %d", errHole, after)
	}
	return events, nil
}

// errHole says that events are missing: somebody has removed them.
var errHole = errors.New("the event store has a hole; restore the missing events")

// decode decodes a page, personal fields left sealed.
func (r *Runner) decode(events []eventstore.Recorded) page {
	facts := r.buffer(len(events))
	for i, e := range events {
		f, err := eventstore.Decode(r.journal.Service, e)
		if err == nil && f.Message == nil {
			// To go on would leave rows out for ever.
			err = fmt.Errorf("this binary does not know the event %s; use a newer one", e.Type)
		}
		if err != nil {
			return page{err: &pageError{first: e.Position, last: e.Position, err: err}}
		}
		facts[i] = f
	}
	return page{facts: facts}
}

// buffer is a slice for a page. A page of thousands of facts is large, and a
// rebuild goes through many.
func (r *Runner) buffer(n int) []eventstore.Fact {
	if b, ok := r.buffers.Get().(*[]eventstore.Fact); ok && cap(*b) >= n {
		return (*b)[:n]
	}
	return make([]eventstore.Fact, n)
}

// release gives a buffer back, without the messages it refers to.
func (r *Runner) release(facts []eventstore.Fact) {
	if cap(facts) < pageSize {
		return
	}
	clear(facts)
	r.buffers.Put(&facts)
}
