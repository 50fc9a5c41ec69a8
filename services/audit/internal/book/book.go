// Package book is the ledger's book: entries in one sequence, each chained to
// the one before, with a signed root over all of them.
package book

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"sync/atomic"

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
	pool    *pgxpool.Pool
	seal    Seal
	refused atomic.Pointer[error] // the damage that was seen last

	mu      sync.Mutex
	tree    *ledger.Tree
	chain   ledger.Hash
	taken   map[string]int64
	last    int64  // sequence number of the last entry
	damage  error  // what is wrong with the entries that were read
	outside string // the root outside the database that was seen last
	changed chan struct{}
}

// Open reads the book, rebuilds its tree and compares it with the root outside
// the database. A damaged book opens too, so that it can be verified, but takes
// nothing in.
func Open(ctx context.Context, pool *pgxpool.Pool, seal Seal) (*Book, error) {
	b := &Book{pool: pool, seal: seal, tree: &ledger.Tree{}, taken: map[string]int64{}, changed: make(chan struct{})}
	// In this order: a root lies outside before it is in the database, and both
	// come after their entries.
	var signed bool
	if err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM ledger.checkpoint)").Scan(&signed); err != nil {
		return nil, fmt.Errorf("open the book: %w", err)
	}
	note, c, err := seal.outside()
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, fmt.Errorf("open the book: %w", err)
	}
	b.outside, b.damage = note, err
	then := ledger.EmptyRoot
	err = each(ctx, pool, 0, math.MaxInt64, func(e Entry) {
		b.turn(e)
		if b.tree.Size() == c.Size {
			then = b.tree.Root()
		}
	})
	if err != nil {
		return nil, fmt.Errorf("open the book: %w", err)
	}
	b.damage = b.refuse(b.whole(signed, c, then))
	return b, nil
}

// Taken is the last position taken of a service.
func (b *Book) Taken(service string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken[service]
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
