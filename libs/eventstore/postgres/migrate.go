package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// rangeSize is how many events a partition holds.
const rangeSize = 1_000_000

// Migrate brings the schema es to the shape of this binary. It runs as the
// owner, as often as one likes, while services work. The service's role is
// given what appending and reading need and no more.
func Migrate(ctx context.Context, owner *pgx.Conn, serviceRole string) error {
	return migrate(ctx, owner, serviceRole, rangeSize)
}

func migrate(ctx context.Context, owner *pgx.Conn, serviceRole string, size int64) error {
	return pgx.BeginFunc(ctx, owner, func(tx pgx.Tx) error {
		for _, statement := range []string{
			`SELECT pg_advisory_xact_lock(hashtextextended('ostiary.eventstore.migrate', 0))`,
			`CREATE SCHEMA IF NOT EXISTS es`,
			`CREATE TABLE IF NOT EXISTS es.migration (name text NOT NULL PRIMARY KEY)`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("prepare the schema of the event store: %w", err)
			}
		}
		if err := applyMissing(ctx, tx); err != nil {
			return err
		}
		// Range 0 holds nothing; it tells extend where the first begins and how
		// long ranges are.
		if _, err := tx.Exec(ctx, `INSERT INTO es.range VALUES (0, 1 - $1::bigint, 0) ON CONFLICT DO NOTHING`, size); err != nil {
			return fmt.Errorf("set the size of ranges: %w", err)
		}
		if _, err := tx.Exec(ctx, `SELECT es.extend(1)`); err != nil {
			return fmt.Errorf("make the first range: %w", err)
		}
		return grant(ctx, tx, pgx.Identifier{serviceRole}.Sanitize())
	})
}

// applyMissing runs the files that this database has not seen, in order.
func applyMissing(ctx context.Context, tx pgx.Tx) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT name FROM es.migration`)
	if err != nil {
		return fmt.Errorf("read which migrations are done: %w", err)
	}
	done, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read which migrations are done: %w", err)
	}
	for _, name := range files {
		if slices.Contains(done, name) {
			continue
		}
		text, err := migrations.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if _, err := tx.Conn().PgConn().Exec(ctx, string(text)).ReadAll(); err != nil {
			return fmt.Errorf("apply %s: %w", name, err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO es.migration VALUES ($1)`, name); err != nil {
			return fmt.Errorf("note %s: %w", name, err)
		}
	}
	return nil
}

func grant(ctx context.Context, tx pgx.Tx, role string) error {
	for _, statement := range []string{
		`REVOKE ALL ON ALL FUNCTIONS IN SCHEMA es FROM PUBLIC`,
		`GRANT USAGE ON SCHEMA es TO ` + role,
		`GRANT SELECT ON ALL TABLES IN SCHEMA es TO ` + role,
		`GRANT EXECUTE ON FUNCTION es.append, es.append_one, es.head, es.prepare TO ` + role,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			return fmt.Errorf("grant the service's role its rights: %w", err)
		}
	}
	return nil
}
