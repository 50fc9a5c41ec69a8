package outfeed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Book keeps the entries of one feed.
type Book struct {
	feed string
	pool *pgxpool.Pool

	mu      sync.Mutex
	waiting []*addition
	writing bool
	grown   chan struct{} // closed when there are more entries
}

type addition struct {
	entry Entry
	done  chan error
}

// NewBook returns the book of a feed.
func NewBook(pool *pgxpool.Pool, feed string) *Book {
	return &Book{feed: feed, pool: pool, grown: make(chan struct{})}
}

// Feed is the name of the feed.
func (b *Book) Feed() string { return b.feed }

// Add writes an entry under the next number, unless its event has one. Whoever
// comes while others are written goes with the next batch.
func (b *Book) Add(ctx context.Context, e Entry) error {
	a := &addition{entry: e, done: make(chan error, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, a)
	lead := !b.writing
	b.writing = true
	b.mu.Unlock()
	if lead {
		go b.write(context.WithoutCancel(ctx))
	}
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
		return ctx.Err() // it may be written all the same; a repetition finds it
	}
}

// write writes batches until nobody waits.
func (b *Book) write(ctx context.Context) {
	for {
		b.mu.Lock()
		batch := b.waiting
		b.waiting = nil
		if len(batch) == 0 {
			b.writing = false
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		err := b.insert(ctx, batch)
		for _, a := range batch {
			a.done <- err
		}
		if err == nil {
			b.mu.Lock()
			close(b.grown)
			b.grown = make(chan struct{})
			b.mu.Unlock()
		}
	}
}

// insertWithin bounds one batch.
const insertWithin = 30 * time.Second

// insert gives each entry the next number. The lock is held until the commit,
// so numbers become visible in their order.
func (b *Book) insert(ctx context.Context, batch []*addition) error {
	ctx, cancel := context.WithTimeout(ctx, insertWithin)
	defer cancel()
	err := pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		statements := &pgx.Batch{}
		statements.Queue(`SELECT pg_advisory_xact_lock(hashtextextended('identity.feed_entry/' || $1, 0))`, b.feed)
		for _, a := range batch {
			e := a.entry
			statements.Queue(`
				INSERT INTO identity.feed_entry (feed, sequence, service, position, name, topic, about, data, at)
				SELECT $1, coalesce((SELECT max(sequence) FROM identity.feed_entry WHERE feed = $1), 0) + 1, $2, $3, $4, $5, $6, $7, $8
				WHERE NOT EXISTS (SELECT FROM identity.feed_entry WHERE feed = $1 AND service = $2 AND position = $3)`,
				b.feed, e.Service, e.Position, e.Name, e.Topic, e.About, e.Data, e.At)
		}
		return tx.SendBatch(ctx, statements).Close()
	})
	if err != nil {
		return fmt.Errorf("write the feed %s: %w", b.feed, err)
	}
	return nil
}

// Read returns entries after a number, in order.
func (b *Book) Read(ctx context.Context, after int64, limit int) ([]Entry, error) {
	rows, err := b.pool.Query(ctx, `
		SELECT sequence, service, position, name, topic, about, data, at FROM identity.feed_entry
		WHERE feed = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`, b.feed, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the feed %s: %w", b.feed, err)
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Entry])
	if err != nil {
		return nil, fmt.Errorf("read the feed %s: %w", b.feed, err)
	}
	return entries, nil
}

// Bounds are the last number, and the first one that is not older than an
// instant; the latter is one more than the last if all are older.
func (b *Book) Bounds(ctx context.Context, since time.Time) (first, last int64, err error) {
	err = b.pool.QueryRow(ctx, `
		SELECT coalesce((SELECT sequence FROM identity.feed_entry WHERE feed = $1 AND at >= $2 ORDER BY sequence LIMIT 1), coalesce(max(sequence), 0) + 1),
			coalesce(max(sequence), 0)
		FROM identity.feed_entry WHERE feed = $1`, b.feed, since).Scan(&first, &last)
	if err != nil {
		return 0, 0, fmt.Errorf("look at the feed %s: %w", b.feed, err)
	}
	return first, last, nil
}

// pollEvery is how soon the entries that another process wrote are seen.
const pollEvery = 2 * time.Second

// Wait returns when there may be more entries, or after a while.
func (b *Book) Wait(ctx context.Context, after int64) error {
	b.mu.Lock()
	grown := b.grown
	b.mu.Unlock()
	var last int64
	err := b.pool.QueryRow(ctx, `SELECT coalesce(max(sequence), 0) FROM identity.feed_entry WHERE feed = $1`, b.feed).Scan(&last)
	if err != nil {
		return fmt.Errorf("look at the feed %s: %w", b.feed, err)
	}
	if last > after {
		return nil
	}
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	select {
	case <-grown:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
