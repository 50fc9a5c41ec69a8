package postgres_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/storetest"
)

// The two ways of being refused.
const (
	byPrivilege = "42501"
	byTrigger   = "23001"
)

// What happened cannot be changed through the database: the service lacks the
// right, and a trigger stops the owner and even a superuser, on the parent and
// on each range.
func TestWhatHappenedCannotBeChanged(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	fill(t, c.open(t), 45)
	tables := tablesOf(t, connect(t, c.Admin))
	if len(tables) < 6 { // event, at least three ranges, command, stream
		t.Fatalf("only %v are there", tables)
	}
	for who, address := range map[string]string{"service": c.service, "owner": c.owner, "superuser": c.Admin} {
		conn := connect(t, address)
		for _, table := range tables {
			statements := []string{"DELETE FROM " + table, "TRUNCATE " + table, "TRUNCATE " + table + " CASCADE"}
			if table != "es.stream" {
				statements = append(statements, "UPDATE "+table+" SET command_id = command_id")
			}
			for _, statement := range statements {
				want := byTrigger
				if who == "service" {
					want = byPrivilege
				}
				var refusal *pgconn.PgError
				if _, err := conn.Exec(t.Context(), statement); !errors.As(err, &refusal) || refusal.Code != want {
					t.Errorf("%s as %s: err = %v, want %s", statement, who, err, want)
				}
			}
		}
	}
}

// The service appends through the functions alone.
func TestServiceMayOnlyAppendAndRead(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	fill(t, c.open(t), 45)
	conn := connect(t, c.service)
	for _, statement := range []string{
		"INSERT INTO es.event SELECT * FROM es.event",
		"INSERT INTO es.event_1 SELECT * FROM es.event",
		"INSERT INTO es.command SELECT * FROM es.command",
		"INSERT INTO es.stream VALUES ('case-x', 1, 1)",
		"UPDATE es.stream SET version = 9",
		"INSERT INTO es.range VALUES (99, 1, 2)",
		"SELECT es.extend(1000000)",
		"CREATE TABLE es.mine (n int)",
		"ALTER TABLE es.event DISABLE TRIGGER ALL",
		"SET session_replication_role = replica",
		"DROP TABLE es.event",
	} {
		var refusal *pgconn.PgError
		if _, err := conn.Exec(t.Context(), statement); !errors.As(err, &refusal) || refusal.Code != byPrivilege {
			t.Errorf("%s: err = %v, want %s", statement, err, byPrivilege)
		}
	}
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM es.event JOIN es.stream USING (stream) JOIN es.command USING (command_id)").Scan(&n); err != nil || n != 45 {
		t.Errorf("the service reads %d events, %v; want 45", n, err)
	}
}

// tablesOf lists what keeps history.
func tablesOf(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT 'es.' || relname FROM pg_class
		WHERE relnamespace = 'es'::regnamespace AND relkind IN ('r', 'p') AND relname ~ '^(event|command|stream)'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(tables)
	return tables
}

// fill writes n events, one by one.
func fill(t *testing.T, s eventstore.Store, n int) {
	t.Helper()
	for range n {
		if _, err := s.Append(t.Context(), storetest.New(1)); err != nil {
			t.Fatal(err)
		}
	}
}
