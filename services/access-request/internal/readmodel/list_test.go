package readmodel_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// filled makes the tables and fills them with so many grants of people who
// hold four each; a tenth of the grants is gone.
func filled(t *testing.T, grants int) *pgxpool.Pool {
	t.Helper()
	pool := testkit.Postgres(t).Pool(t)
	ctx := t.Context()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		`CREATE SCHEMA rm_grants`, `SET LOCAL search_path = rm_grants`, readmodel.Grants().Schema,
		`INSERT INTO posts SELECT 'per_' || n, 'E' || n, true, 'engineer', '["总部"]', jsonb_build_object('project', 'P' || n % 500), 'employee'
		 FROM generate_series(1, $1::int / 4) n`,
		`INSERT INTO grants (grant_id, person_id, employee_number, account, application, role, kind, target, state,
		     issued_at, issued_recorded, issued_position, activated_at, activated_recorded, activated_position,
		     revoked_at, revoked_recorded, revoked_position, removed_at, removed_recorded, removed_position)
		 SELECT 'grt_' || n, 'per_' || n / 4, 'E' || n / 4, 'E' || n / 4, 'app' || n % 4, 'reader', 'birthright', 'db',
		     CASE WHEN n % 10 = 0 THEN 'removed' ELSE 'active' END, d, d, n, d, d, n,
		     CASE WHEN n % 10 = 0 THEN d + interval '1 day' END, CASE WHEN n % 10 = 0 THEN d + interval '1 day' END, CASE WHEN n % 10 = 0 THEN n END,
		     CASE WHEN n % 10 = 0 THEN d + interval '2 days' END, CASE WHEN n % 10 = 0 THEN d + interval '2 days' END, CASE WHEN n % 10 = 0 THEN n END
		 FROM generate_series(1, $1::int) n, LATERAL (SELECT timestamptz '2026-01-01' + n * interval '1 minute' AS d) x`,
	} {
		var args []any
		if len(sql) > 100 && sql[:6] == "INSERT" {
			args = append(args, grants)
		}
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			t.Fatalf("%.40s: %v", sql, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `ANALYZE`); err != nil {
		t.Fatal(err)
	}
	return pool
}

// Covers: ACR-032, ACR-033
func TestAHundredThousandGrantsAreListedQuickly(t *testing.T) {
	t.Parallel()
	const within = 100 * time.Millisecond
	pool := filled(t, testkit.Count(100_000))
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	after := &readmodel.Key{Application: "app1", Role: "reader", EmployeeNumber: "E5", GrantID: ""}
	for name, s := range map[string]readmodel.Selection{
		"a person":               {EmployeeNumber: "E77"},
		"a person in the past":   {EmployeeNumber: "E77", At: at},
		"a role":                 {Application: "app1", Role: "reader"},
		"a role in the past":     {Application: "app1", Role: "reader", At: at, KnownAt: at},
		"a later page of a role": {Application: "app1", Role: "reader", After: after},
		"everybody":              {},
		"everybody in the past":  {At: at, Removed: true},
	} {
		s.Limit = 500
		best := time.Hour
		for range 5 {
			begun := time.Now()
			if _, err := readmodel.List(t.Context(), pool, s); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(begun))
		}
		t.Logf("%s: %v", name, best)
		if best > within {
			t.Errorf("%s takes %v", name, best)
		}
	}
	begun := time.Now()
	groups, err := readmodel.Groups(t.Context(), pool)
	if err != nil || len(groups) == 0 {
		t.Fatalf("%d groups, %v", len(groups), err)
	}
	t.Logf("%d groups: %v", len(groups), time.Since(begun))
}
