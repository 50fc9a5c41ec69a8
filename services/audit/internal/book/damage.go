package book

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/ledger"
)

// ErrDamaged says that the book is not what was signed. Nothing is written
// behind the damage and nothing is signed over it, so that it stays visible
// until it has been put back: verification names it (AUD-006).
var ErrDamaged = fault.New(fault.Unavailable, "LEDGER_DAMAGED",
	"The ledger is not the one that was signed; nothing is taken in or signed until it is put back. To see what is wrong, run: ostiary audit verify.",
	"账本与签名时的内容不一致；在恢复之前不登记新事件，也不再签名。请运行 ostiary audit verify 查看问题所在。")

func damaged(format string, args ...any) error {
	return ErrDamaged.With("cause", fmt.Sprintf(format, args...))
}

// Causes tells why nothing is taken in and nothing is signed, if that is so.
func (b *Book) Causes() []string {
	if err := b.refused.Load(); err != nil {
		return []string{(*err).Error()}
	}
	return nil
}

// refuse keeps a damage for readiness, or that there is none.
func (b *Book) refuse(err error) error {
	switch {
	case err == nil:
		b.refused.Store(nil)
	case errors.Is(err, ErrDamaged):
		b.refused.Store(&err)
	}
	return err
}

// begin locks the book, goes on to its last entry, and makes sure that it is
// still what was signed. Nobody writes or signs without it.
func (b *Book) begin(ctx context.Context, tx pgx.Tx) error {
	last, err := lockLast(ctx, tx)
	if err != nil {
		return err
	}
	if err := b.follow(ctx, tx, last); err != nil {
		return b.refuse(err)
	}
	return b.refuse(b.unmoved(ctx, tx))
}

// follow reads what others have written behind the last entry that this
// process knows.
func (b *Book) follow(ctx context.Context, tx pgx.Tx, last int64) error {
	switch known := b.last; {
	case b.damage != nil:
		return b.damage
	case last < known:
		return damaged("entries %d to %d are gone", last+1, known)
	case last == known:
		return nil
	default:
		defer b.announce()
		if err := each(ctx, tx, known, last, b.turn); err != nil {
			return err
		}
		return b.damage
	}
}

// unmoved compares the root outside the database with the one that was there
// before. Another one must be of a replica, which had followed the same book.
func (b *Book) unmoved(ctx context.Context, tx pgx.Tx) error {
	note, c, err := b.seal.outside()
	if err != nil || note == b.outside {
		return err
	}
	if note == "" {
		return damaged("the signed root outside the database is gone")
	}
	if same, err := signedAt(ctx, tx, c.Size); err != nil {
		return err
	} else if same != note && (c.Size != b.tree.Size() || c.Root != b.tree.Root()) {
		return damaged("the root outside the database, over %d entries, is not one of this ledger", c.Size)
	}
	b.outside = note
	return nil
}

// whole compares all entries, as they were read, with the root outside the
// database; then is the root that they had at its size.
func (b *Book) whole(signed bool, c ledger.Checkpoint, then ledger.Hash) error {
	switch {
	case b.damage != nil:
		return b.damage
	case b.outside == "" && signed:
		return damaged("the signed root outside the database is gone")
	case b.outside == "":
		return nil
	case c.Size > b.tree.Size():
		return damaged("entries %d to %d were signed and are gone", b.tree.Size()+1, c.Size)
	case c.Root != then:
		return damaged("the entries up to %d are not those that were signed", c.Size)
	default:
		return nil
	}
}
