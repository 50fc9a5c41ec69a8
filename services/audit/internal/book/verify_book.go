package book

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/ledger"
)

// walk goes along the entries.
type walk struct {
	*run
	tree    ledger.Tree
	chain   ledger.Hash
	seq     int64
	broken  bool              // roots cannot match from here on
	outside ledger.Checkpoint // what the root outside says, if it is signed
}

// book follows the chain from entry to entry and compares the root with every
// signed one on the way.
func (r *run) book(ctx context.Context) error {
	note, err := r.Book.seal.read()
	if err != nil {
		return err
	}
	w := &walk{run: r}
	if note != "" {
		if w.outside, err = ledger.Open([]byte(note), r.Book.seal.Key.Verifier); err != nil {
			r.find("audit", r.last, RootUnsigned, "the root outside the database is not signed by the key of the ledger")
		}
	}
	for {
		page, err := entries(ctx, r.Book.pool, w.seq, r.last)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		signed, err := r.signed(ctx, w.seq, page[len(page)-1].Seq)
		if err != nil {
			return err
		}
		for _, e := range page {
			w.turn(e, signed[e.Seq])
		}
	}
	r.report.Size, r.report.Root = w.tree.Size(), fmt.Sprintf("%x", w.tree.Root())
	if note == "" && w.seq > 0 {
		r.find("audit", w.seq, RootMissing, "the signed root outside the database is gone; put it back, or one that was kept elsewhere")
	}
	return w.beyond(ctx)
}

// turn goes on to the next entry, and to the root signed over it, if there is
// one.
func (w *walk) turn(e Entry, note string) {
	if w.seq++; e.Seq != w.seq {
		if !w.broken {
			w.find(e.Service, e.Position, EntryMissing, "entry %d is gone; the next is %d", w.seq, e.Seq)
		}
		w.broken, w.seq = true, e.Seq
	}
	// A change breaks the chain where it is; what follows is chained to the
	// stored value, so that one change is one finding.
	if Chain(w.chain, e) != e.Chain {
		w.find(e.Service, e.Position, EntryChanged, "entry %d does not continue the chain", e.Seq)
		w.broken = true
	}
	w.chain = e.Chain
	w.tree.Append(e.Leaf, func(ledger.NodeID, ledger.Hash) {})
	if note != "" && !w.broken {
		c, err := ledger.Open([]byte(note), w.Book.seal.Key.Verifier)
		if err != nil {
			w.find(e.Service, e.Position, RootUnsigned, "the root over %d entries is not signed by the key of the ledger", e.Seq)
		} else {
			w.root(e, c)
		}
	}
	if e.Seq == w.outside.Size && !w.broken {
		w.root(e, w.outside)
	}
	if !slices.ContainsFunc(w.Intakes, func(i *Intake) bool { return i.service == e.Service }) {
		w.unread = true
	}
}

// root compares one signed root with the entries so far.
func (w *walk) root(last Entry, c ledger.Checkpoint) {
	if c.Size != last.Seq || c.Root != w.tree.Root() {
		w.find(last.Service, last.Position, RootChanged, "the entries up to %d are not those that were signed", last.Seq)
		w.broken = true
	}
}

// signed returns the signed roots of the database over more entries than one
// size, up to another.
func (r *run) signed(ctx context.Context, after, last int64) (map[int64]string, error) {
	rows, err := r.Book.pool.Query(ctx, "SELECT size, note FROM ledger.checkpoint WHERE size > $1 AND size <= $2", after, last)
	if err != nil {
		return nil, fmt.Errorf("read signed roots: %w", err)
	}
	signed := map[int64]string{}
	var size int64
	var note string
	if _, err := pgx.ForEachRow(rows, []any{&size, &note}, func() error { signed[size] = note; return nil }); err != nil {
		return nil, fmt.Errorf("read signed roots: %w", err)
	}
	return signed, nil
}

// beyond reports signed roots over entries that are no longer there.
func (w *walk) beyond(ctx context.Context) error {
	var size, last int64
	// In this order: what is entered and signed meanwhile is not gone.
	err := w.Book.pool.QueryRow(ctx, "SELECT coalesce(max(size), 0) FROM ledger.checkpoint").Scan(&size)
	if err != nil {
		return fmt.Errorf("read the newest signed root: %w", err)
	}
	if err := w.Book.pool.QueryRow(ctx, "SELECT coalesce(max(seq), 0) FROM ledger.entry").Scan(&last); err != nil {
		return fmt.Errorf("read the last entry: %w", err)
	}
	if size = max(size, w.outside.Size); size > last {
		w.find("audit", size, EntryMissing, "entries %d to %d were signed and are gone", last+1, size)
	}
	return nil
}
