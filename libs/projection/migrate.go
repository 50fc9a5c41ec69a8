package projection

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// lockMigrate keeps two processes from creating the same schema at once.
const lockMigrate = `SELECT pg_advisory_xact_lock(hashtextextended('ostiary.projection.migrate', 0))`

// tables hold how far each projection is. They may be lost with the read
// models, which are then built anew.
const tables = `
CREATE SCHEMA IF NOT EXISTS projection;
CREATE TABLE IF NOT EXISTS projection.checkpoint (
	name     text   NOT NULL PRIMARY KEY,
	version  int    NOT NULL,
	position bigint NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 10);`

// Migrate makes what projections need in a service's database. It runs as the
// owner, as often as one likes, and lets the service's role create the schemas
// of its read models.
func Migrate(ctx context.Context, owner *pgx.Conn, serviceRole string) error {
	role := pgx.Identifier{serviceRole}.Sanitize()
	return pgx.BeginFunc(ctx, owner, func(tx pgx.Tx) error {
		var database string
		if err := tx.QueryRow(ctx, `SELECT current_database()`).Scan(&database); err != nil {
			return fmt.Errorf("read database name: %w", err)
		}
		for _, statement := range []string{
			lockMigrate,
			tables,
			`GRANT USAGE ON SCHEMA projection TO ` + role,
			`GRANT SELECT, INSERT, UPDATE, DELETE ON projection.checkpoint TO ` + role,
			`GRANT CREATE ON DATABASE ` + pgx.Identifier{database}.Sanitize() + ` TO ` + role,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("create checkpoints: %w", err)
			}
		}
		return nil
	})
}
