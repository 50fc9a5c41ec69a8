package testkit_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/testkit"
)

func TestPostgresDatabasesAreApart(t *testing.T) {
	t.Parallel()
	a, b := testkit.Postgres(t), testkit.Postgres(t)
	if _, err := a.Pool(t).Exec(t.Context(), "CREATE TABLE mine (n int)"); err != nil {
		t.Fatal(err)
	}
	var found bool
	if err := b.Pool(t).QueryRow(t.Context(), "SELECT to_regclass('mine') IS NOT NULL").Scan(&found); err != nil {
		t.Fatal(err)
	}
	if found {
		t.Error("a table of one test's database is visible in another's")
	}
	var fsync string
	if err := b.Pool(t).QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil || fsync != "on" {
		t.Errorf("fsync = %q, %v; want on", fsync, err)
	}
}

func TestPostgresRoleSignsInWithItsPassword(t *testing.T) {
	t.Parallel()
	d := testkit.Postgres(t)
	name, address := d.Role(t, "NOCREATEDB")
	var got string
	if err := testkit.Pool(t, address).QueryRow(t.Context(), "SELECT current_user").Scan(&got); err != nil || got != name {
		t.Errorf("current_user = %q, %v; want %q", got, err, name)
	}
	c, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	c.Password = "wrong"
	if conn, err := pgx.ConnectConfig(t.Context(), c); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a wrong password signed in")
	}
}

func TestPostgresWithOtherSettings(t *testing.T) {
	t.Parallel()
	var fsync string
	pool := testkit.PostgresWith(t, "fsync=off").Pool(t)
	if err := pool.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil || fsync != "off" {
		t.Errorf("fsync = %q, %v; want off", fsync, err)
	}
}

func TestAServerLiesWhereItIsTold(t *testing.T) {
	dir, err := os.MkdirTemp("", "testkit-dir-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TESTKIT_DIR", dir)
	var place string
	if err := testkit.PostgresWith(t).Pool(t).QueryRow(t.Context(), "SHOW data_directory").Scan(&place); err != nil || !strings.HasPrefix(place, dir) {
		t.Errorf("the server lies in %q, %v; want %s", place, err, dir)
	}
}
