package book

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/ledger"
)

// signEvery is how long new entries may be without a signed root.
const signEvery = time.Second

// Notary signs the book's root. The newest signed root also lies in a file
// outside the database, so that cutting off the end of the book is seen.
type Notary struct {
	book *Book
	log  *slog.Logger

	trouble trouble
}

// NewNotary returns the notary of a book.
func NewNotary(b *Book, log *slog.Logger) *Notary { return &Notary{book: b, log: log} }

// Causes tells that nothing has been signed for a while.
func (n *Notary) Causes() []string {
	if since, err := n.trouble.lasting(); err != nil {
		return []string{fmt.Sprintf("the ledger is not signed since %s: %v", since.Format(time.RFC3339), err)}
	}
	return nil
}

// Run signs whenever the book has grown, until ctx ends; what fails is tried
// again.
func (n *Notary) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		changed := n.book.Changed()
		_, err := n.Sign(ctx)
		pause := n.trouble.note(err)
		if err != nil && ctx.Err() == nil {
			n.log.WarnContext(ctx, "the ledger could not be signed", "error", err.Error())
		} else {
			await(ctx, changed)
			pause = signEvery
		}
		_ = clock.System{}.Until(ctx, clock.System{}.Now().Add(pause)) // the loop ends with ctx
	}
	return ctx.Err()
}

func await(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-changed:
	case <-ctx.Done():
	}
}

// Sign signs the present root, unless it has been signed, and returns the note.
func (n *Notary) Sign(ctx context.Context) ([]byte, error) {
	b := n.book
	b.mu.Lock()
	defer b.mu.Unlock()
	tx, err := b.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("sign the root: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if err := b.begin(ctx, tx); err != nil {
		return nil, err
	}
	size := b.tree.Size()
	if note, err := signedAt(ctx, tx, size); err != nil || note != "" {
		return []byte(note), err
	}
	signed, err := ledger.Sign(Origin, size, b.tree.Root(), b.seal.Key.Signer)
	if err != nil {
		return nil, fmt.Errorf("sign the root: %w", err)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO ledger.checkpoint (size, note) VALUES ($1, $2)", size, string(signed)); err != nil {
		return nil, fmt.Errorf("keep the signed root: %w", err)
	}
	// First outside: a root that is in the database alone would be an alarm.
	if err := b.seal.keep(signed); err != nil {
		return nil, err
	}
	b.outside = string(signed)
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("keep the signed root: %w", err)
	}
	return signed, nil
}

// signedAt is the signed root over so many entries, "" if there is none.
func signedAt(ctx context.Context, tx pgx.Tx, size int64) (string, error) {
	var note string
	err := tx.QueryRow(ctx, "SELECT note FROM ledger.checkpoint WHERE size = $1", size).Scan(&note)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("read the signed root: %w", err)
	}
	return note, nil
}
