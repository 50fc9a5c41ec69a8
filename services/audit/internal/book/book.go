// Package book is the ledger's book: entries in one sequence, each chained to
// the one before, with a signed root over all of them.
package book

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/ledger"
)

// Origin names this log in its signed roots.
const Origin = "ostiary/ledger"

// advisoryLock keeps two replicas from writing the same sequence.
const advisoryLock = 0x6c6564676572 // "ledger"

// Entry is one line of the book.
type Entry struct {
	Seq      int64
	Service  string
	Position int64
	Leaf     ledger.Hash
	Chain    ledger.Hash
}

// Book is the ledger of this installation.
type Book struct {
	pool *pgxpool.Pool

	mu      sync.Mutex
	tree    *ledger.Tree
	chain   ledger.Hash
	taken   map[string]int64
	last    int64 // sequence number of the last entry
	torn    bool  // an entry is missing between those that were read
	changed chan struct{}
}

// Open reads the book and rebuilds its tree.
func Open(ctx context.Context, pool *pgxpool.Pool) (*Book, error) {
	b := &Book{pool: pool, tree: &ledger.Tree{}, taken: map[string]int64{}, changed: make(chan struct{})}
	if err := b.Each(ctx, b.turn); err != nil {
		return nil, fmt.Errorf("open the book: %w", err)
	}
	return b, nil
}

// Each calls do for every entry, in order.
func (b *Book) Each(ctx context.Context, do func(Entry) error) error {
	return each(ctx, b.pool, 0, do)
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// each calls do for every entry after a sequence number, in order.
func each(ctx context.Context, q querier, after int64, do func(Entry) error) error {
	rows, err := q.Query(ctx, "SELECT seq, service, position, leaf, chain FROM ledger.entry WHERE seq > $1 ORDER BY seq", after)
	if err != nil {
		return fmt.Errorf("read entries: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var leaf, chain []byte
		if err := rows.Scan(&e.Seq, &e.Service, &e.Position, &leaf, &chain); err != nil {
			return fmt.Errorf("read entries: %w", err)
		}
		copy(e.Leaf[:], leaf)
		copy(e.Chain[:], chain)
		if err := do(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Taken is the last position taken of a service.
func (b *Book) Taken(service string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken[service]
}

// Root is the size and the root of the book. A book with a gap has none.
func (b *Book) Root() (int64, ledger.Hash, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.torn {
		return 0, ledger.Hash{}, errTorn
	}
	return b.tree.Size(), b.tree.Root(), nil
}

// extent is the last entry of the book and the last position of each service
// in it.
func (b *Book) extent() (int64, map[string]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last, maps.Clone(b.taken)
}

// Changed is closed when the next entry has been written.
func (b *Book) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// WaitFor returns when the position of a service has been taken.
func (b *Book) WaitFor(ctx context.Context, service string, position int64) error {
	for {
		b.mu.Lock()
		taken, changed := b.taken[service], b.changed
		b.mu.Unlock()
		if taken >= position {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
