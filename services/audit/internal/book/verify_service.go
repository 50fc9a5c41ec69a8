package book

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/ledger"
)

// entered is an entry with the place where history finds its event.
type entered struct {
	seq      int64
	position int64
	leaf     ledger.Hash
	stream   *string // nil if history does not find it
	person   *string
}

// service reads all events of a service again and compares each with its
// entry, in the order of positions.
func (r *run) service(ctx context.Context, i *Intake) error {
	last, err := r.lastOf(ctx, i.service)
	if err != nil {
		return err
	}
	after := int64(0)
	for after < last {
		page, err := i.client.Feed(ctx, &runtimev1.FeedRequest{Service: i.service, After: after, Limit: verifyPage})
		if err != nil {
			return err
		}
		events := upTo(page.GetEvents(), last)
		if len(events) == 0 {
			break
		}
		through := events[len(events)-1].GetPosition()
		list, err := r.entered(ctx, i.service, after, through, through-after)
		if err != nil {
			return err
		}
		at := map[int64]entered{}
		for _, e := range list {
			at[e.position] = e
		}
		for _, e := range events {
			r.gone(i.service, after+1, e.GetPosition())
			after = e.GetPosition()
			r.compare(i.service, e, at)
			r.step()
		}
	}
	r.progress(r.done, r.last)
	return r.rest(ctx, i.service, after)
}

// upTo leaves out events that have been recorded since the run began.
func upTo(events []*envelopev1.Envelope, last int64) []*envelopev1.Envelope {
	for n, e := range events {
		if e.GetPosition() > last {
			return events[:n]
		}
	}
	return events
}

// compare checks an event against its entry, and its place against itself.
func (r *run) compare(service string, e *envelopev1.Envelope, at map[int64]entered) {
	l := line(service, e)
	switch found, ok := at[l.Position]; {
	case !ok:
		r.find(service, l.Position, EntryMissing, "the entry of the event is gone")
	case found.leaf != l.Leaf:
		r.find(service, l.Position, EventChanged, "the event is not the one that was entered")
	case found.stream == nil || *found.stream != l.Stream || *found.person != l.PersonID:
		r.find(service, l.Position, PlaceChanged, "history does not find the event under the stream and the person that it names")
		fallthrough
	default:
		r.names(service, found.seq, l)
	}
}

// rest reports entries behind the last event, and positions that had been taken
// of which nothing at all is left.
func (r *run) rest(ctx context.Context, service string, after int64) error {
	for {
		list, err := r.entered(ctx, service, after, maxPosition, verifyPage)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, e := range list {
			r.gone(service, e.position, e.position+1)
			after = e.position
		}
	}
	r.gone(service, after+1, r.taken[service]+1)
	return nil
}

// gone reports that there are no events from one position up to, not including,
// another.
func (r *run) gone(service string, from, to int64) {
	for ; from < to; from++ {
		r.find(service, from, EventMissing, "the event was entered and is gone")
	}
}

// lastOf is the last position of a service that had been entered.
func (r *run) lastOf(ctx context.Context, service string) (int64, error) {
	var last int64
	err := r.Book.pool.QueryRow(ctx, "SELECT coalesce(max(position), 0) FROM ledger.entry WHERE service = $1 AND seq <= $2", service, r.last).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("read the last entry of %s: %w", service, err)
	}
	return max(last, r.taken[service]), nil
}

const maxPosition = 1<<63 - 1

// entered returns entries of a service after a position, through another.
func (r *run) entered(ctx context.Context, service string, after, through, limit int64) ([]entered, error) {
	rows, err := r.Book.pool.Query(ctx, `SELECT e.seq, e.position, e.leaf, p.stream, p.person_id
		FROM ledger.entry e LEFT JOIN ledger.place p USING (seq)
		WHERE e.service = $1 AND e.position > $2 AND e.position <= $3 AND e.seq <= $4 ORDER BY e.position LIMIT $5`,
		service, after, through, r.last, limit)
	if err != nil {
		return nil, fmt.Errorf("read entries of %s: %w", service, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (entered, error) {
		var e entered
		var leaf []byte
		err := row.Scan(&e.seq, &e.position, &leaf, &e.stream, &e.person)
		copy(e.leaf[:], leaf)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read entries of %s: %w", service, err)
	}
	return list, nil
}
