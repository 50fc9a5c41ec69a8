package projection

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// checkpoint reads the checkpoint of the live rows; found is false if there
// are no rows.
func (l *line) checkpoint(ctx context.Context, q querier) (at checkpoint, found bool, err error) {
	s := l.live()
	err = q.QueryRow(ctx, `SELECT version, position FROM projection.checkpoint
		WHERE name = $1 AND to_regnamespace($2) IS NOT NULL`, s.checkpoint, s.schema).Scan(&at.version, &at.position)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("read checkpoint %s: %w", s.checkpoint, err)
	}
	return at, true, nil
}

// rounds is how often a rebuild runs after the head before it swaps.
const rounds = 8

// ensure returns the checkpoint of the live rows. If there are none, it makes
// empty tables.
func (l *line) ensure(ctx context.Context) (checkpoint, error) {
	at, found, err := l.checkpoint(ctx, l.runner.pool)
	if err != nil || found {
		return at, err
	}
	err = l.schemas.Hold(ctx, func() error {
		return pgx.BeginFunc(ctx, l.runner.pool, func(tx pgx.Tx) error {
			at, found, err = l.checkpoint(ctx, tx)
			if err != nil || found {
				return err // found: another replica was faster
			}
			at = checkpoint{version: l.Version}
			return l.create(ctx, tx, l.live())
		})
	})
	if err != nil {
		return at, fmt.Errorf("make the tables of projection %s: %w", l.Name, err)
	}
	return at, nil
}

// create makes empty tables and a checkpoint at 0, in the place of whatever
// was there.
func (l *line) create(ctx context.Context, tx pgx.Tx, s slot) error {
	for _, statement := range []string{
		`DROP SCHEMA IF EXISTS ` + s.schema + ` CASCADE`,
		`CREATE SCHEMA ` + s.schema,
		`SET LOCAL search_path TO ` + s.schema,
		l.Schema,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("create schema %s: %w", s.schema, err)
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO projection.checkpoint (name, version, position) VALUES ($1, $2, 0)
		ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = 0`, s.checkpoint, l.Version)
	if err != nil {
		return fmt.Errorf("create checkpoint %s: %w", s.checkpoint, err)
	}
	return nil
}

// rebuild builds the rows anew beside the live ones and swaps. With upgrade it
// does nothing if another replica has brought the rows to this version.
func (l *line) rebuild(ctx context.Context, upgrade bool) error {
	if _, err := l.ensure(ctx); err != nil {
		return err
	}
	err := l.schemas.Hold(ctx, func() error {
		if at, _, err := l.checkpoint(ctx, l.runner.pool); err != nil || upgrade && at.version >= l.Version {
			return err
		}
		next := l.next()
		if err := pgx.BeginFunc(ctx, l.runner.pool, func(tx pgx.Tx) error { return l.create(ctx, tx, next) }); err != nil {
			return err
		}
		// Nearly all of it while the live rows go on; the rest in the swap. If
		// events come as fast as they are applied, the swap ends the chase.
		at, behind := int64(0), int64(pageSize+1)
		for round := 0; behind > pageSize && round < rounds; round++ {
			head, err := l.runner.journal.Store.Head(ctx)
			if err != nil {
				return fmt.Errorf("read head: %w", err)
			}
			behind = head - at
			if at, err = l.drain(ctx, next, at, head, pageSize, func(int64) {}); err != nil {
				return err
			}
		}
		if err := l.swap(ctx, at); err != nil {
			return err
		}
		return l.drop(ctx, prefix+l.Name+suffixOld)
	})
	if err != nil {
		return fmt.Errorf("rebuild projection %s: %w", l.Name, err)
	}
	return nil
}

// swap puts the rows that were built up to a position in the place of the live
// ones. Holding the live checkpoint, it first applies what those have more.
// Renaming takes no lock that a query holds, so none waits and none fails.
func (l *line) swap(ctx context.Context, built int64) error {
	live, next := l.live(), l.next()
	return pgx.BeginFunc(ctx, l.runner.pool, func(tx pgx.Tx) error {
		old, err := enter(ctx, tx, live)
		if err != nil {
			return err
		}
		if _, err := enter(ctx, tx, next); err != nil {
			return err
		}
		for built < old.position {
			events, err := l.runner.readPage(ctx, built, old.position, pageSize)
			if err != nil {
				return err
			}
			p := l.runner.decode(events)
			if p.err != nil {
				return p.err
			}
			if err := l.apply(ctx, tx, p.facts); err != nil {
				return &pageError{first: p.facts[0].Position, last: last(p.facts), err: err}
			}
			built = last(p.facts)
		}
		if l.carry != nil {
			if err := l.carry(ctx, tx, live.schema, next.schema); err != nil {
				return err
			}
		}
		b := &pgx.Batch{}
		b.Queue(`DROP SCHEMA IF EXISTS ` + live.schema + suffixOld + ` CASCADE`)
		b.Queue(`ALTER SCHEMA ` + live.schema + ` RENAME TO ` + live.schema + suffixOld)
		b.Queue(`ALTER SCHEMA ` + next.schema + ` RENAME TO ` + live.schema)
		b.Queue(`UPDATE projection.checkpoint SET version = $2, position = $3 WHERE name = $1`, live.checkpoint, l.Version, built)
		b.Queue(`DELETE FROM projection.checkpoint WHERE name = $1`, next.checkpoint)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("swap: %w", err)
		}
		return nil
	})
}

func last(facts []eventstore.Fact) int64 { return facts[len(facts)-1].Position }

// drop removes the replaced rows. It waits for the queries that still read
// them; new ones no longer find them.
func (l *line) drop(ctx context.Context, schema string) error {
	if _, err := l.runner.pool.Exec(ctx, `DROP SCHEMA IF EXISTS `+schema+` CASCADE`); err != nil {
		return fmt.Errorf("drop replaced rows: %w", err)
	}
	return nil
}
