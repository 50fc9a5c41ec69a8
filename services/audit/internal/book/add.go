package book

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/ledger"
)

// Line is one event as it comes in: its hash, and where to find it again.
type Line struct {
	Position       int64
	Leaf           ledger.Hash
	Stream         string
	PersonID       string
	EmployeeNumber string
}

// Add writes lines of one service behind the last entry. Their positions
// follow the one that was taken last, without a hole. What another replica has
// entered meanwhile, or this one without learning that it had, is not entered
// again.
func (b *Book) Add(ctx context.Context, service string, lines []Line) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	tx, err := b.pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("add to the book: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := b.begin(ctx, tx); err != nil {
		return err
	}
	for len(lines) > 0 && lines[0].Position <= b.taken[service] {
		lines = lines[1:]
	}
	if len(lines) == 0 {
		return nil
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
		b.turn(e)
	}
	b.announce()
	return nil
}

// turn goes on to the next entry.
func (b *Book) turn(e Entry) {
	switch {
	case b.damage != nil:
	case e.Seq != b.last+1:
		b.damage = damaged("entry %d is gone; the next is %d", b.last+1, e.Seq)
	case Chain(b.chain, e) != e.Chain:
		b.damage = damaged("entry %d does not continue the chain", e.Seq)
	}
	b.last = e.Seq
	b.tree.Append(e.Leaf, func(ledger.NodeID, ledger.Hash) {})
	b.chain, b.taken[e.Service] = e.Chain, max(b.taken[e.Service], e.Position)
}

// announce wakes who waits for an entry.
func (b *Book) announce() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// next chains the lines behind the last entry.
func (b *Book) next(service string, lines []Line) ([]Entry, error) {
	entries := make([]Entry, len(lines))
	chain := b.chain
	for i, l := range lines {
		if want := b.taken[service] + 1 + int64(i); l.Position != want {
			return nil, fmt.Errorf("%s: position %d came where %d is next", service, l.Position, want)
		}
		e := Entry{Seq: b.last + 1 + int64(i), Service: service, Position: l.Position, Leaf: l.Leaf}
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
