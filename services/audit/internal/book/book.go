// Package book is the ledger's book: entries in one sequence, each chained to
// the one before, with a signed root over all of them.
package book

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
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
	changed chan struct{}
}

// Open reads the book and rebuilds its tree.
func Open(ctx context.Context, pool *pgxpool.Pool) (*Book, error) {
	b := &Book{pool: pool, tree: &ledger.Tree{}, taken: map[string]int64{}, changed: make(chan struct{})}
	err := b.Each(ctx, func(e Entry) error {
		b.tree.Append(e.Leaf, func(ledger.NodeID, ledger.Hash) {})
		b.chain = e.Chain
		b.taken[e.Service] = max(b.taken[e.Service], e.Position)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open the book: %w", err)
	}
	return b, nil
}

// Each calls do for every entry, in order.
func (b *Book) Each(ctx context.Context, do func(Entry) error) error {
	rows, err := b.pool.Query(ctx, "SELECT seq, service, position, leaf, chain FROM ledger.entry ORDER BY seq")
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

// Line is one event as it comes in: its hash, and where to find it again.
type Line struct {
	Position       int64
	Leaf           ledger.Hash
	Stream         string
	PersonID       string
	EmployeeNumber string
}

// errBehind says that another replica has written meanwhile; the book must be
// opened anew.
var errBehind = errors.New("the book has been continued by another process; restart audit")

// Add writes lines of one service behind the last entry. Their positions
// follow the one that was taken last, without a hole.
func (b *Book) Add(ctx context.Context, service string, lines []Line) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	tx, err := b.pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("add to the book: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	last, err := lockLast(ctx, tx)
	if err != nil {
		return err
	}
	if last != b.tree.Size() {
		return errBehind
	}
	entries, err := b.next(service, lines)
	if err != nil {
		return err
	}
	if err := insert(ctx, tx, entries, lines); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("add to the book: %w", err)
	}
	for _, e := range entries {
		b.tree.Append(e.Leaf, func(ledger.NodeID, ledger.Hash) {})
	}
	b.chain, b.taken[service] = entries[len(entries)-1].Chain, lines[len(lines)-1].Position
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

// next chains the lines behind the last entry.
func (b *Book) next(service string, lines []Line) ([]Entry, error) {
	entries := make([]Entry, len(lines))
	chain := b.chain
	for i, l := range lines {
		if want := b.taken[service] + 1 + int64(i); l.Position != want {
			return nil, fmt.Errorf("%s: position %d came where %d is next", service, l.Position, want)
		}
		e := Entry{Seq: b.tree.Size() + 1 + int64(i), Service: service, Position: l.Position, Leaf: l.Leaf}
		chain = Chain(chain, e)
		e.Chain = chain
		entries[i] = e
	}
	return entries, nil
}

// Chain is the hash that binds an entry to the one before it.
func Chain(before ledger.Hash, e Entry) ledger.Hash {
	h := sha256.New()
	h.Write(before[:])
	_ = binary.Write(h, binary.BigEndian, e.Seq)
	_ = binary.Write(h, binary.BigEndian, uint32(len(e.Service)))
	h.Write([]byte(e.Service))
	_ = binary.Write(h, binary.BigEndian, e.Position)
	h.Write(e.Leaf[:])
	return ledger.Hash(h.Sum(nil))
}

func lockLast(ctx context.Context, tx pgx.Tx) (int64, error) {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", advisoryLock); err != nil {
		return 0, fmt.Errorf("lock the book: %w", err)
	}
	var last int64
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(seq), 0) FROM ledger.entry").Scan(&last); err != nil {
		return 0, fmt.Errorf("read the last entry: %w", err)
	}
	return last, nil
}

func insert(ctx context.Context, tx pgx.Tx, entries []Entry, lines []Line) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"ledger", "entry"}, []string{"seq", "service", "position", "leaf", "chain"},
		pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
			e := entries[i]
			return []any{e.Seq, e.Service, e.Position, e.Leaf[:], e.Chain[:]}, nil
		}))
	if err != nil {
		return fmt.Errorf("write entries: %w", err)
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"ledger", "place"}, []string{"seq", "stream", "person_id"},
		pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
			return []any{entries[i].Seq, lines[i].Stream, lines[i].PersonID}, nil
		}))
	if err != nil {
		return fmt.Errorf("write places: %w", err)
	}
	numbers, people := known(lines)
	_, err = tx.Exec(ctx, `INSERT INTO ledger.person (employee_number, person_id)
		SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`, numbers, people)
	if err != nil {
		return fmt.Errorf("write people: %w", err)
	}
	return nil
}

// known lists which person each employee number means, each once.
func known(lines []Line) (numbers, people []string) {
	seen := map[string]bool{}
	for _, l := range lines {
		if l.EmployeeNumber != "" && l.PersonID != "" && !seen[l.EmployeeNumber] {
			seen[l.EmployeeNumber] = true
			numbers, people = append(numbers, l.EmployeeNumber), append(people, l.PersonID)
		}
	}
	return numbers, people
}

// Taken is the last position taken of a service.
func (b *Book) Taken(service string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken[service]
}

// Root is the size and the root of the book.
func (b *Book) Root() (int64, ledger.Hash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tree.Size(), b.tree.Root()
}

// extent is the size of the book and the last position of each service in it.
func (b *Book) extent() (int64, map[string]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tree.Size(), maps.Clone(b.taken)
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
