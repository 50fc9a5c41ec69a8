package testkit

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is an empty database that belongs to one test and is dropped after
// it.
type Database struct {
	// Name is unique in the server.
	Name string
	// Admin signs in to this database as superuser.
	Admin string

	cluster *cluster
	roles   []string
}

// shared is the server of this test binary.
var shared struct {
	once    sync.Once
	cluster *cluster
	err     error
}

// names tells databases and roles of one binary apart.
var names atomic.Int64

// Postgres makes a database for t on the server of this test binary, which is
// started on first use and ends with the binary, even a killed one. When
// TESTKIT_DATABASE_URL is set, it is a superuser's URL of a server to be used
// instead. A server lies in a folder of TESTKIT_DIR, if that is set, or among the
// temporary ones; in a file system in memory durable settings cost nothing.
func Postgres(t testing.TB) *Database {
	t.Helper()
	return sharedCluster(t).empty(t)
}

// PostgresWith starts a server of its own with other settings, for example
// "fsync=off", and makes a database on it. The server stops after t.
func PostgresWith(t testing.TB, settings ...string) *Database {
	t.Helper()
	s, err := startServer(settings...)
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	t.Cleanup(s.stop)
	c, err := newCluster(s.url)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	t.Cleanup(c.pool.Close)
	return c.empty(t)
}

func sharedCluster(t testing.TB) *cluster {
	t.Helper()
	shared.once.Do(func() {
		address := os.Getenv("TESTKIT_DATABASE_URL")
		if address == "" {
			var s *server
			if s, shared.err = startServer(); shared.err != nil {
				return
			}
			address = s.url
		}
		shared.cluster, shared.err = newCluster(address)
	})
	if shared.err != nil {
		t.Fatalf("start PostgreSQL: %v", shared.err)
	}
	return shared.cluster
}

// Pool connects to the database as superuser.
func (d *Database) Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return Pool(t, d.Admin)
}

// Role makes a role that can sign in with a password and may do what options
// (of CREATE ROLE) say. It returns the role's name and a URL that signs in to
// this database. Roles are of the whole server, hence the generated name.
func (d *Database) Role(t testing.TB, options ...string) (name, address string) {
	t.Helper()
	name, password := unique("role"), unique("pw")
	d.cluster.run(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' %s", name, password, strings.Join(options, " ")))
	d.roles = append(d.roles, name)
	u := parse(t, d.Admin)
	u.User = url.UserPassword(name, password)
	return name, u.String()
}

// Pool connects to a URL until the end of t.
func Pool(t testing.TB, address string) *pgxpool.Pool {
	t.Helper()
	p, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	t.Cleanup(p.Close)
	return p
}

// unique names something in a server that several binaries may share.
func unique(kind string) string {
	return fmt.Sprintf("%s_%d_%x_%d", kind, os.Getpid(), started, names.Add(1))
}

var started = time.Now().UnixNano()

func parse(t testing.TB, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("parse the URL of PostgreSQL: %v", err)
	}
	return u
}
