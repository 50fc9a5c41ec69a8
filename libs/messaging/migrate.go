package messaging

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed schema.sql
var schema string

// Migrate makes the tables of the inboxes, as owner, and lets the service's
// role use them. It may run again.
func Migrate(ctx context.Context, owner *pgx.Conn, serviceRole string) error {
	role := pgx.Identifier{serviceRole}.Sanitize()
	grants := "GRANT USAGE ON SCHEMA messaging TO " + role + ";" +
		"GRANT SELECT, INSERT, UPDATE ON messaging.inbox TO " + role + ";" +
		"GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.parked TO " + role
	err := pgx.BeginFunc(ctx, owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('ostiary messaging migration', 0))"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, schema); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, grants)
		return err
	})
	if err != nil {
		return fmt.Errorf("make the tables of the inboxes: %w", err)
	}
	return nil
}
