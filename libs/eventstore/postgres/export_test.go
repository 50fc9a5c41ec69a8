package postgres

import (
	"context"
	"testing"
)

// MigrateWithRanges is Migrate with small ranges.
var MigrateWithRanges = migrate

// AppendSetting is a setting as a new appending connection has it.
func (s *Store) AppendSetting(ctx context.Context, t testing.TB, name string) string {
	t.Helper()
	l, err := dial(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	results, err := l.conn.Exec(ctx, "SHOW "+name).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return string(results[0].Rows[0][0])
}
