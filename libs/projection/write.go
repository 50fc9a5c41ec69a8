package projection

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Schemas of a projection: the live one, the one being built, and the one that
// has been replaced.
const (
	prefix     = "rm_"
	suffixNext = "_next"
	suffixOld  = "_old"
)

// slot is where rows go, and the name of its checkpoint.
type slot struct{ schema, checkpoint string }

func (l *line) live() slot { return slot{prefix + l.Name, l.Name} }
func (l *line) next() slot { return slot{prefix + l.Name + suffixNext, l.Name + suffixNext} }

// checkpoint is how far the rows of a slot are.
type checkpoint struct {
	version  int
	position int64
}

// errMoved says that the checkpoint is behind what we have applied: the rows
// are not the ones that we knew.
var errMoved = errors.New("the checkpoint has gone back")

// write applies a page that follows the position after and moves the
// checkpoint, in one transaction. What another runner has applied meanwhile is
// left out. It returns the new checkpoint.
func (l *line) write(ctx context.Context, s slot, after int64, facts []eventstore.Fact) (int64, error) {
	first, last := facts[0].Position, facts[len(facts)-1].Position
	position := last
	err := pgx.BeginFunc(ctx, l.runner.pool, func(tx pgx.Tx) error {
		at, err := enter(ctx, tx, s)
		switch {
		case err != nil:
			return err
		case at.version != l.Version:
			return fmt.Errorf("its rows have changed to version %d", at.version)
		case at.position < after:
			return errMoved
		case at.position >= last:
			position = at.position
			return nil
		}
		if err := l.apply(ctx, tx, facts[at.position-first+1:]); err != nil {
			return err
		}
		return move(ctx, tx, s, at.position, last)
	})
	if err != nil {
		return after, &pageError{first: first, last: last, err: err}
	}
	return position, nil
}

// enter locks the checkpoint of a slot, so that its rows have one writer, and
// makes its schema the one that names refer to. The transaction does not wait
// for the disk when it commits.
func enter(ctx context.Context, tx pgx.Tx, s slot) (checkpoint, error) {
	var at checkpoint
	b := &pgx.Batch{}
	b.Queue(`SELECT set_config('synchronous_commit', 'off', true), set_config('search_path', $1, true)`, s.schema)
	b.Queue(`SELECT version, position FROM projection.checkpoint WHERE name = $1 FOR UPDATE`, s.checkpoint).
		QueryRow(func(row pgx.Row) error { return row.Scan(&at.version, &at.position) })
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return at, fmt.Errorf("lock checkpoint %s: %w", s.checkpoint, err)
	}
	return at, nil
}

// move sets the checkpoint, if it is where we locked it.
func move(ctx context.Context, tx pgx.Tx, s slot, from, to int64) error {
	tag, err := tx.Exec(ctx, `UPDATE projection.checkpoint SET position = $3 WHERE name = $1 AND position = $2`, s.checkpoint, from, to)
	if err == nil && tag.RowsAffected() != 1 {
		err = errMoved
	}
	if err != nil {
		return fmt.Errorf("move checkpoint %s from %d to %d: %w", s.checkpoint, from, to, err)
	}
	return nil
}

// apply folds facts into the rows. A panic is an error like any other.
func (l *line) apply(ctx context.Context, tx pgx.Tx, facts []eventstore.Fact) (err error) {
	defer func() {
		if p := recover(); p != nil {
			l.runner.log.ErrorContext(ctx, "projection panicked", "projection", l.Name, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return l.Apply(ctx, tx, facts)
}
