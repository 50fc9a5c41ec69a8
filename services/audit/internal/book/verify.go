package book

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/ledger"

	"github.com/ostiary/ostiary/services/audit/internal/domain/verification"
)

// The published reasons of findings.
const (
	EventChanged  = "LEDGER_EVENT_CHANGED" // the event is not the one that was entered
	EventMissing  = "LEDGER_EVENT_MISSING" // the event was entered and is gone
	EntryChanged  = "LEDGER_ENTRY_CHANGED" // the entry does not continue the chain
	EntryMissing  = "LEDGER_ENTRY_MISSING" // a signed root covers an entry that is gone
	RootChanged   = "LEDGER_ROOT_CHANGED"  // a signed root does not match the entries
	RootMissing   = "LEDGER_ROOT_MISSING"  // the signed root outside the database is gone
	RootUnsigned  = "LEDGER_ROOT_UNSIGNED" // a root is not signed by the key
	verifyPage    = 1000
	progressEvery = 5000
)

// Verifier compares history with the book and the book with its signed roots.
type Verifier struct {
	Book    *Book
	Notary  *Notary
	Intakes []*Intake
}

// run is one verification: what the book says, checked step by step.
type run struct {
	*Verifier
	progress func(done, total int64)
	done     int64
	total    int64
	entries  []Entry
	taken    map[string]int64 // last position entered of each service when the run began
	report   verification.Report
}

// Verify checks everything that had been entered when it began.
func (v *Verifier) Verify(ctx context.Context, progress func(done, total int64)) (verification.Report, error) {
	if _, err := v.Notary.Sign(ctx); err != nil && !errors.Is(err, ErrDamaged) {
		return verification.Report{}, err
	}
	r := &run{Verifier: v, progress: progress}
	last, taken := v.Book.extent()
	r.taken = taken
	err := each(ctx, v.Book.pool, 0, last, func(e Entry) error {
		r.entries = append(r.entries, e)
		return nil
	})
	if err != nil {
		return verification.Report{}, err
	}
	r.total = int64(len(r.entries))
	if err := r.book(ctx); err != nil {
		return verification.Report{}, err
	}
	for _, i := range v.Intakes {
		if err := r.service(ctx, i); err != nil {
			return verification.Report{}, fmt.Errorf("verify %s: %w", i.service, err)
		}
	}
	r.report.Size = r.total
	return r.report, nil
}

func (r *run) find(service string, position int64, reason, format string, args ...any) {
	r.report.Findings = append(r.report.Findings, verification.Finding{
		Service: service, Position: position, Reason: reason, Message: fmt.Sprintf(format, args...),
	})
}

// book follows the chain from entry to entry and compares the root with every
// signed one on the way.
func (r *run) book(ctx context.Context) error {
	signed, outside, err := r.signed(ctx)
	if err != nil {
		return err
	}
	var tree ledger.Tree
	var before ledger.Hash
	broken := false
	seq := int64(0)
	for _, e := range r.entries {
		if seq++; e.Seq != seq {
			if !broken {
				r.find(e.Service, e.Position, EntryMissing, "entry %d is gone; the next is %d", seq, e.Seq)
			}
			broken, seq = true, e.Seq
		}
		// A change breaks the chain where it is; what follows is chained to the
		// stored value, so that one change is one finding.
		if Chain(before, e) != e.Chain {
			r.find(e.Service, e.Position, EntryChanged, "entry %d does not continue the chain", e.Seq)
			broken = true
		}
		before = e.Chain
		tree.Append(e.Leaf, func(ledger.NodeID, ledger.Hash) {})
		if note, ok := signed[tree.Size()]; ok && !broken {
			broken = !r.root(note, e, tree.Root())
		}
		delete(signed, tree.Size())
	}
	root := tree.Root()
	r.report.Root = fmt.Sprintf("%x", root)
	r.beyond(signed)
	r.outside(outside)
	return nil
}

// signed returns every signed root of the database by size, and the one
// outside.
func (r *run) signed(ctx context.Context) (map[int64]string, string, error) {
	rows, err := r.Book.pool.Query(ctx, "SELECT size, note FROM ledger.checkpoint")
	if err != nil {
		return nil, "", fmt.Errorf("read signed roots: %w", err)
	}
	signed := map[int64]string{}
	var size int64
	var note string
	if _, err := pgx.ForEachRow(rows, []any{&size, &note}, func() error { signed[size] = note; return nil }); err != nil {
		return nil, "", fmt.Errorf("read signed roots: %w", err)
	}
	outside, err := r.Book.seal.read()
	return signed, outside, err
}

// root compares one signed root with the entries so far.
func (r *run) root(note string, last Entry, root ledger.Hash) bool {
	c, err := ledger.Open([]byte(note), r.Book.seal.Key.Verifier)
	switch {
	case err != nil:
		r.find(last.Service, last.Position, RootUnsigned, "the root over %d entries is not signed by the key of the ledger", last.Seq)
	case c.Size != last.Seq || c.Root != root:
		r.find(last.Service, last.Position, RootChanged, "the entries up to %d are not those that were signed", last.Seq)
	default:
		return true
	}
	return false
}

// beyond reports signed roots over entries that are no longer there.
func (r *run) beyond(signed map[int64]string) {
	for _, size := range slices.Sorted(maps.Keys(signed)) {
		if size > r.total {
			r.find("audit", size, EntryMissing, "entries %d to %d were signed and are gone", r.total+1, size)
			return
		}
	}
}

// outside compares the root that lies outside the database.
func (r *run) outside(note string) {
	if note == "" {
		if r.total > 0 {
			r.find("audit", r.total, RootMissing, "the signed root outside the database is gone; compare with one that you kept elsewhere")
		}
		return
	}
	c, err := ledger.Open([]byte(note), r.Book.seal.Key.Verifier)
	switch {
	case err != nil:
		r.find("audit", r.total, RootUnsigned, "the root outside the database is not signed by the key of the ledger")
	case c.Size > r.total:
		r.find("audit", c.Size, EntryMissing, "entries %d to %d were signed and are gone", r.total+1, c.Size)
	case c.Root != rootOver(r.entries[:c.Size]):
		last := r.entries[max(0, c.Size-1)]
		r.find(last.Service, last.Position, RootChanged, "the entries up to %d are not those that were signed", c.Size)
	}
}

func rootOver(entries []Entry) ledger.Hash {
	var tree ledger.Tree
	for _, e := range entries {
		tree.Append(e.Leaf, func(ledger.NodeID, ledger.Hash) {})
	}
	return tree.Root()
}

// service reads all events of a service again and compares each with its
// entry.
func (r *run) service(ctx context.Context, i *Intake) error {
	entered := map[int64]ledger.Hash{}
	last := r.taken[i.service]
	for _, e := range r.entries {
		if e.Service == i.service {
			entered[e.Position] = e.Leaf
			last = max(last, e.Position)
		}
	}
	after := int64(0)
	for after < last {
		page, err := i.client.Feed(ctx, &runtimev1.FeedRequest{Service: i.service, After: after, Limit: verifyPage})
		if err != nil {
			return err
		}
		if len(page.GetEvents()) == 0 {
			break
		}
		for _, e := range page.GetEvents() {
			position := e.GetPosition()
			for missing := after + 1; missing < min(position, last+1); missing++ {
				r.find(i.service, missing, EventMissing, "the event was entered and is gone")
			}
			after = position
			if position > last {
				break
			}
			switch hash, ok := entered[position]; {
			case !ok:
				r.find(i.service, position, EntryMissing, "the entry of the event is gone")
			case hash != ledger.LeafHash(i.service, eventstore.FromEnvelope(e)):
				r.find(i.service, position, EventChanged, "the event is not the one that was entered")
			}
			r.step()
		}
	}
	for missing := after + 1; missing <= last; missing++ {
		r.find(i.service, missing, EventMissing, "the event was entered and is gone")
	}
	r.progress(r.done, r.total)
	return nil
}

func (r *run) step() {
	if r.done++; r.done%progressEvery == 0 {
		r.progress(r.done, r.total)
	}
}
