package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/eventstore/storetest"
	"github.com/ostiary/ostiary/libs/testkit"
)

// cell is a migrated database with the two roles of a service.
type cell struct {
	*testkit.Database
	owner   string // URL
	service string // URL
}

// newCell is a cell with ranges of 20 events, so that every test crosses some.
func newCell(t testing.TB) cell {
	t.Helper()
	return newCellOn(t, testkit.Postgres(t), 20)
}

// newCellOn migrates as an owner who is nobody special.
func newCellOn(t testing.TB, d *testkit.Database, size int64) cell {
	t.Helper()
	c := cell{Database: d}
	owner, ownerURL := d.Role(t)
	service, serviceURL := d.Role(t)
	c.owner, c.service = ownerURL, serviceURL
	admin := connect(t, d.Admin)
	if _, err := admin.Exec(t.Context(), "GRANT CREATE ON DATABASE "+d.Name+" TO "+owner); err != nil {
		t.Fatal(err)
	}
	// Twice: a migration may run again.
	for range 2 {
		if err := postgres.MigrateWithRanges(t.Context(), connect(t, c.owner), service, size); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func connect(t testing.TB, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

// open opens the store as the service.
func (c cell) open(t testing.TB) *postgres.Store {
	t.Helper()
	return openWith(t, testkit.Pool(t, c.service))
}

func openWith(t testing.TB, pool *pgxpool.Pool) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), pool, clock.NewManual(storetest.Now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) eventstore.Store { return newCellOn(t, testkit.Postgres(t), 200).open(t) })
}
