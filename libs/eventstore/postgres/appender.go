package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
)

const (
	// maxEvents and maxBytes bound a batch.
	maxEvents = 1024
	maxBytes  = 4 << 20
	// batchTimeout is when an unanswered batch counts as lost.
	batchTimeout = 30 * time.Second
	// patience is how long a batch is repeated while the database is away.
	patience = 10 * time.Second
	// firstPause and lastPause bound the pause between repetitions.
	firstPause, lastPause = 10 * time.Millisecond, time.Second
)

// appender writes what waits, one batch after the other.
type appender struct {
	store   *Store
	link    *link
	waiting []*request
}

func (a *appender) run() {
	defer close(a.store.ended)
	defer a.hangUp()
	for {
		if len(a.waiting) == 0 {
			select {
			case r := <-a.store.queue:
				a.waiting = append(a.waiting, r)
			case <-a.store.ctx.Done():
				return
			}
		}
		if a.store.ctx.Err() != nil {
			return
		}
		a.take()
		a.write(a.gather())
	}
}

// take moves what has been handed in to the waiting, without waiting for more.
func (a *appender) take() {
	for len(a.waiting) < 2*maxEvents {
		select {
		case r := <-a.store.queue:
			a.waiting = append(a.waiting, r)
		default:
			return
		}
	}
}

// gather takes the next batch from the waiting, in order: at most one append
// of a stream and of a command id, whoever comes second waits for the next
// batch.
func (a *appender) gather() []*request {
	var batch, later []*request
	events, size := 0, 0
	streams, commands := map[string]bool{}, map[[16]byte]bool{}
	for i, r := range a.waiting {
		if r.ctx.Err() != nil {
			r.answer <- answer{err: r.ctx.Err()}
			continue
		}
		if len(batch) > 0 && (events+len(r.append.Events) > maxEvents || size+r.size > maxBytes) {
			later = append(later, a.waiting[i:]...)
			break
		}
		if streams[r.append.Stream] || commands[r.command] {
			later = append(later, r)
			streams[r.append.Stream] = true // nobody overtakes on a stream
			continue
		}
		streams[r.append.Stream], commands[r.command] = true, true
		batch = append(batch, r)
		events, size = events+len(r.append.Events), size+r.size
	}
	a.waiting = later
	return batch
}

// write sends a batch until it is known what became of each of its appends. A
// batch whose answer was lost is sent again: the command ids, read under the
// lock that the lost one held, tell whether it was written.
func (a *appender) write(batch []*request) {
	started, pause := clock.System{}.Now(), firstPause
	for {
		if batch = present(batch); len(batch) == 0 {
			return
		}
		at := a.store.clock.Now()
		verdicts, err := a.send(batch, at)
		if err == nil {
			a.answer(batch, verdicts, at)
			return
		}
		if rejected(err) {
			a.divide(batch, err)
			return
		}
		a.hangUp()
		if (clock.System{}).Now().Sub(started) > patience || a.store.ctx.Err() != nil {
			for _, r := range batch {
				r.answer <- answer{err: errors.Join(ErrUnavailable, err)}
			}
			return
		}
		select {
		case <-time.After(pause):
		case <-a.store.ctx.Done():
		}
		pause = min(2*pause, lastPause)
	}
}

// present leaves out those whose caller has gone.
func present(batch []*request) []*request {
	var here []*request
	for _, r := range batch {
		if err := r.ctx.Err(); err != nil {
			r.answer <- answer{err: err}
			continue
		}
		here = append(here, r)
	}
	return here
}

// send makes sure of a connection and sends the batch.
func (a *appender) send(batch []*request, at time.Time) ([]verdict, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(a.store.ctx), batchTimeout)
	defer cancel()
	if a.link == nil {
		if err := a.connect(ctx); err != nil {
			return nil, err
		}
	}
	return a.link.send(ctx, batch, at)
}

// rejected tells whether the server answered that nothing was written. A fatal
// error ends the connection and may come after the commit; a server that is
// read-only is the wrong one to talk to.
func rejected(err error) bool {
	const readOnly = "25006"
	var refusal *pgconn.PgError
	return errors.As(err, &refusal) && refusal.SeverityUnlocalized == "ERROR" && refusal.Code != readOnly
}

// divide sends the appends of a rejected batch one by one, so that only the
// one at fault fails.
func (a *appender) divide(batch []*request, err error) {
	if len(batch) == 1 {
		batch[0].answer <- answer{err: err}
		return
	}
	for _, r := range batch {
		a.write([]*request{r})
	}
}

// answer tells every caller what became of its append, then the waiters, then
// the subscribers.
func (a *appender) answer(batch []*request, verdicts []verdict, at time.Time) {
	head, refusals := verdicts[0], verdicts[1:]
	refused := make([]verdict, len(batch))
	for _, v := range refusals {
		refused[v.ordinal-1] = v
	}
	last := head.first
	firsts := make([]int64, len(batch))
	for i, r := range batch {
		if refused[i].kind != 0 {
			r.answer <- r.refused(refused[i])
			continue
		}
		n := int64(len(r.append.Events))
		firsts[i] = last + 1
		last += n
		r.answer <- answer{result: eventstore.Result{First: firsts[i], Last: last, Version: r.append.ExpectedVersion + n}}
	}
	a.store.tail.advance(last)
	if last > head.last {
		a.store.prepare()
	}
	a.store.push(batch, firsts, at)
}

func (a *appender) hangUp() {
	if a.link != nil {
		a.link.close()
		a.link = nil
	}
}

func (a *appender) connect(ctx context.Context) error {
	l, err := dial(ctx, a.store.pool.Config().ConnConfig)
	if err == nil {
		a.link = l
	}
	return err
}

// push hands the accepted appends of a batch to the subscribers.
func (s *Store) push(batch []*request, firsts []int64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.subscribers) == 0 {
		return
	}
	var events []eventstore.Recorded
	for i, r := range batch {
		if firsts[i] > 0 {
			events = append(events, r.append.Record(firsts[i], at)...)
		}
	}
	if len(events) == 0 {
		return
	}
	for _, f := range s.subscribers {
		f(events)
	}
}
