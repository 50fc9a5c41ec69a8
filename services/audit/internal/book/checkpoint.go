package book

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	Book *Book
	Key  *ledger.Key
	// File keeps the newest signed root.
	File string
}

// Run signs whenever the book has grown, until ctx ends.
func (n *Notary) Run(ctx context.Context) error {
	for {
		changed := n.Book.Changed()
		// A book with a gap is not signed; intake and verification say so.
		if _, err := n.Sign(ctx); err != nil && !errors.Is(err, errTorn) && ctx.Err() == nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := (clock.System{}).Until(ctx, clock.System{}.Now().Add(signEvery)); err != nil {
			return err
		}
	}
}

// Sign signs the present root, unless it has been signed, and returns the note.
func (n *Notary) Sign(ctx context.Context) ([]byte, error) {
	size, root, err := n.Book.Root()
	if err != nil {
		return nil, err
	}
	if signed, err := n.at(ctx, size); err != nil || signed != nil {
		return signed, err
	}
	signed, err := ledger.Sign(Origin, size, root, n.Key.Signer)
	if err != nil {
		return nil, fmt.Errorf("sign the root: %w", err)
	}
	_, err = n.Book.pool.Exec(ctx, "INSERT INTO ledger.checkpoint (size, note) VALUES ($1, $2) ON CONFLICT DO NOTHING", size, string(signed))
	if err != nil {
		return nil, fmt.Errorf("keep the signed root: %w", err)
	}
	return signed, n.keep(signed)
}

func (n *Notary) at(ctx context.Context, size int64) ([]byte, error) {
	var signed string
	err := n.Book.pool.QueryRow(ctx, "SELECT note FROM ledger.checkpoint WHERE size = $1", size).Scan(&signed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the signed root: %w", err)
	}
	return []byte(signed), nil
}

// keep replaces the file in one step; a torn file would look like tampering.
func (n *Notary) keep(signed []byte) error {
	temporary := n.File + ".new"
	if err := os.MkdirAll(filepath.Dir(n.File), 0o700); err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	if err := os.WriteFile(temporary, signed, 0o600); err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	if err := os.Rename(temporary, n.File); err != nil {
		return fmt.Errorf("keep the signed root: %w", err)
	}
	return nil
}

// Signed returns every signed root of the database by size, and the one of the
// file.
func (n *Notary) Signed(ctx context.Context) (map[int64]string, []byte, error) {
	rows, err := n.Book.pool.Query(ctx, "SELECT size, note FROM ledger.checkpoint")
	if err != nil {
		return nil, nil, fmt.Errorf("read signed roots: %w", err)
	}
	signed := map[int64]string{}
	var size int64
	var note string
	if _, err := pgx.ForEachRow(rows, []any{&size, &note}, func() error { signed[size] = note; return nil }); err != nil {
		return nil, nil, fmt.Errorf("read signed roots: %w", err)
	}
	file, err := os.ReadFile(n.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read the signed root outside: %w", err)
	}
	return signed, file, nil
}
