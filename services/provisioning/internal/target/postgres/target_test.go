package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/testkit"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
	"github.com/ostiary/ostiary/services/provisioning/internal/target/postgres"
)

// place is a target of one test: roles are of the whole server, so every test
// has a prefix of its own.
type place struct {
	admin  string
	prefix string
	pool   *pgxpool.Pool
}

func newPlace(t *testing.T, prefix string) place {
	t.Helper()
	d := testkit.Postgres(t)
	p := place{admin: d.Admin, prefix: prefix, pool: d.Pool(t)}
	t.Cleanup(func() { p.dropRoles(t) })
	return p
}

func (p place) dropRoles(t *testing.T) {
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, p.admin)
	if err != nil {
		t.Errorf("connect: %v", err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, fmt.Sprintf(`DO $$ DECLARE r text; BEGIN
		FOR r IN SELECT rolname FROM pg_roles WHERE starts_with(rolname, '%s') LOOP
			EXECUTE format('DROP OWNED BY %%I CASCADE', r); EXECUTE format('DROP ROLE %%I', r); END LOOP; END $$`, p.prefix))
	if err != nil {
		t.Errorf("drop roles: %v", err)
	}
}

func (p place) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := p.pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (p place) target(t *testing.T, change ...func(*postgres.Options)) *postgres.Target {
	t.Helper()
	o := postgres.Options{DSN: p.admin, Prefix: p.prefix, OwnSystem: "another", Timeout: 10 * time.Second,
		Now: func() time.Time { return time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC) }}
	for _, c := range change {
		c(&o)
	}
	tg, err := postgres.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

func open(t *testing.T, tg *postgres.Target) target.Session {
	t.Helper()
	s, err := tg.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func apply(t *testing.T, s target.Session, changes ...target.Change) []error {
	t.Helper()
	results, err := s.Apply(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// shows reads one change back as "exists login member backends owned".
func shows(t *testing.T, s target.Session, c target.Change) string {
	t.Helper()
	seen, err := s.ReadBack(t.Context(), []target.Change{c})
	if err != nil {
		t.Fatal(err)
	}
	b := seen[0]
	return fmt.Sprintf("exists=%v login=%v member=%v backends=%d owned=%d", b.GetExists(), b.GetLogin(), b.GetMember(), b.GetBackends(), b.GetOwnedObjects())
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func reader(account string) target.Change {
	return target.Change{Account: account, Application: "orders", Role: "reader", Give: true}
}

func taken(c target.Change) target.Change { c.Give = false; return c }

func TestARightComesAndGoes(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "comes_")
	s := open(t, p.target(t))
	c := reader("E1042")
	for range 2 { // the second time it is true already
		if err := apply(t, s, c)[0]; err != nil {
			t.Fatal(err)
		}
		want(t, "given", shows(t, s, c), "exists=true login=true member=true backends=0 owned=0")
	}
	for range 2 {
		if err := apply(t, s, taken(c))[0]; err != nil {
			t.Fatal(err)
		}
		want(t, "taken", shows(t, s, c), "exists=true login=false member=false backends=0 owned=0")
	}
	if err := apply(t, s, taken(reader("E9")))[0]; err != nil {
		t.Fatal(err)
	}
	want(t, "never there", shows(t, s, reader("E9")), "exists=false login=false member=false backends=0 owned=0")
}

// signIn opens a connection as an account and does something with the right.
func (p place) signIn(t *testing.T, account, right string) *pgx.Conn {
	t.Helper()
	p.exec(t, fmt.Sprintf("ALTER ROLE %s PASSWORD 'pw'", pgx.Identifier{p.prefix + account}.Sanitize()))
	u, err := url.Parse(p.admin)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(p.prefix+account, "pw")
	conn, err := pgx.Connect(t.Context(), u.String())
	if err != nil {
		t.Fatalf("sign in as the account: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "SET ROLE "+pgx.Identifier{p.prefix + right}.Sanitize()); err != nil {
		t.Fatalf("use the right: %v", err)
	}
	return conn
}

func TestASessionOfTheAccountIsEnded(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "ended_")
	s := open(t, p.target(t))
	writer := target.Change{Account: "E1", Application: "orders", Role: "writer", Give: true}
	for _, c := range []target.Change{reader("E1"), writer, reader("E2")} {
		if err := apply(t, s, c)[0]; err != nil {
			t.Fatal(err)
		}
	}
	neighbour := p.signIn(t, "E2", "orders_reader")

	t.Run("when one right goes and others remain", func(t *testing.T) {
		before := p.signIn(t, "E1", "orders_reader")
		one := taken(reader("E1"))
		one.KeepLogin = true
		if err := apply(t, s, one)[0]; err != nil {
			t.Fatal(err)
		}
		if _, err := before.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("the old connection lives on with the right")
		}
		after := p.signIn(t, "E1", "orders_writer")
		want(t, "a connection made afterwards does not count", shows(t, s, one), "exists=true login=true member=false backends=0 owned=0")
		if _, err := after.Exec(t.Context(), "SET ROLE "+p.prefix+"orders_reader"); err == nil {
			t.Error("the right can still be used")
		}
	})
	t.Run("when the last right goes", func(t *testing.T) {
		before := p.signIn(t, "E1", "orders_writer")
		if err := apply(t, s, taken(writer))[0]; err != nil {
			t.Fatal(err)
		}
		if _, err := before.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("the connection lives on")
		}
		want(t, "last right", shows(t, s, taken(writer)), "exists=true login=false member=false backends=0 owned=0")
	})
	if _, err := neighbour.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Errorf("a neighbour was ended, too: %v", err)
	}
}

func TestReadBackSeesWhatSomebodyElseDid(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "drift_")
	s := open(t, p.target(t))
	apply(t, s, reader("E1"))
	p.exec(t, `CREATE TABLE mine (); ALTER TABLE mine OWNER TO "drift_E1"`)
	want(t, "owner of a table", shows(t, s, reader("E1")), "exists=true login=true member=true backends=0 owned=1")
	p.exec(t, `REVOKE drift_orders_reader FROM "drift_E1"`)
	want(t, "membership taken by hand", shows(t, s, reader("E1")), "exists=true login=true member=false backends=0 owned=1")
	apply(t, s, taken(reader("E1")))
	want(t, "the role stays because it owns something", shows(t, s, reader("E1")), "exists=true login=false member=false backends=0 owned=1")
}

// Whatever somebody made of an account behind our back, its holder loses it.
//
// Covers: PRV-020
func TestARightIsTakenWhateverWasMadeOfTheAccount(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]string{
		"a member":              `CREATE ROLE odd%[1]d_batch; GRANT "odd%[1]d_E1" TO odd%[1]d_batch`,
		"an attribute":          `ALTER ROLE "odd%[1]d_E1" CREATEDB CREATEROLE`,
		"both, and a superuser": `CREATE ROLE odd%[1]d_batch; GRANT "odd%[1]d_E1" TO odd%[1]d_batch; ALTER ROLE "odd%[1]d_E1" SUPERUSER`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			number := len(name)
			p := newPlace(t, fmt.Sprintf("odd%d_", number))
			s := open(t, p.target(t))
			if err := errors.Join(apply(t, s, reader("E1"))...); err != nil {
				t.Fatal(err)
			}
			p.exec(t, fmt.Sprintf(spoil, number))
			if err := errors.Join(apply(t, s, reader("E1"))...); !errors.Is(err, target.ErrRefused) {
				t.Errorf("such an account is given more: %v", err)
			}
			if err := errors.Join(apply(t, s, taken(reader("E1")))...); err != nil {
				t.Errorf("the right is not taken: %v", err)
			}
			want(t, "afterwards", shows(t, s, reader("E1")), "exists=true login=false member=false backends=0 owned=0")
		})
	}
}

func TestOneThatIsRefusedLeavesItsNeighboursAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "batch_")
	p.exec(t, `CREATE ROLE "batch_root" SUPERUSER LOGIN; CREATE ROLE "batch_orders_login" LOGIN`)
	s := open(t, p.target(t))
	changes := []target.Change{reader("E1"), reader("root"), reader(strings.Repeat("x", 60)), reader("E2"),
		{Account: "E3", Application: "orders", Role: "login", Give: true}}
	results := apply(t, s, changes...)
	for i, refused := range []bool{false, true, true, false, true} {
		if errors.Is(results[i], target.ErrRefused) != refused {
			t.Errorf("change %d: %v", i, results[i])
		}
	}
	seen, err := s.ReadBack(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	for i, member := range []bool{true, false, false, true, false} {
		if seen[i].GetMember() != member {
			t.Errorf("change %d: member = %v", i, seen[i].GetMember())
		}
	}
}

func TestAStatementThatFailsLeavesItsNeighboursAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "limited_")
	// An administrator who may create roles, but may not change this one.
	p.exec(t, `CREATE ROLE limited_admin LOGIN CREATEROLE PASSWORD 'pw'; CREATE ROLE "limited_E2" NOLOGIN; GRANT pg_signal_backend TO limited_admin`)
	u, _ := url.Parse(p.admin)
	u.User = url.UserPassword("limited_admin", "pw")
	s := open(t, p.target(t, func(o *postgres.Options) { o.DSN = u.String() }))
	// The lock of another transaction makes one statement time out.
	tx, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `ALTER ROLE "limited_E2" CONNECTION LIMIT 5`); err != nil {
		t.Fatal(err)
	}
	slow := open2(t, p, u.String(), s)
	results := apply(t, slow, reader("E1"), reader("E2"), reader("E3"))
	if results[0] != nil || results[2] != nil || !errors.Is(results[1], target.ErrTimeout) {
		t.Errorf("results: %v", results)
	}
}

// open2 takes over from a session with a short time limit.
func open2(t *testing.T, p place, dsn string, before target.Session) target.Session {
	t.Helper()
	before.Close()
	return open(t, p.target(t, func(o *postgres.Options) { o.DSN = dsn; o.Timeout = time.Second }))
}

func TestTheTargetIsTakenByOneSessionAtATime(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "busy_")
	first := open(t, p.target(t))
	if _, err := p.target(t).Open(t.Context()); !errors.Is(err, target.ErrBusy) {
		t.Errorf("a second session: %v", err)
	}
	first.Close()
	// The server frees the lock when it has seen the connection end.
	deadline := time.Now().Add(10 * time.Second)
	for {
		s, err := p.target(t).Open(t.Context())
		if err == nil {
			s.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the lock was not given free: %v", err)
		}
	}
}

func TestTheClusterOfTheEventStoresIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "own_")
	var own string
	if err := p.pool.QueryRow(t.Context(), postgres.SystemSQL).Scan(&own); err != nil {
		t.Fatal(err)
	}
	if _, err := p.target(t, func(o *postgres.Options) { o.OwnSystem = own }).Open(t.Context()); !errors.Is(err, postgres.ErrEventStore) {
		t.Errorf("got %v", err)
	}
}

func TestTheConnectionStringIsNeverShown(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{
		"malformed":   "postgres://admin:s3cret@:port:/x y",
		"unreachable": "postgres://admin:s3cret@127.0.0.1:1/db",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tg, err := postgres.New(postgres.Options{DSN: dsn, Prefix: "x_", Timeout: time.Second, Now: time.Now})
			if err == nil {
				_, err = tg.Open(t.Context())
			}
			if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "admin") {
				t.Errorf("got %v", err)
			}
		})
	}
}
