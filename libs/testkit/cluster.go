package testkit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cluster is a running server as its superuser sees it. Its few connections are
// kept: a new one takes the server longer than most of what is asked here.
type cluster struct {
	admin string
	pool  *pgxpool.Pool
}

// keptConnections is how many tests can make databases at once.
const keptConnections = 4

func newCluster(admin string) (*cluster, error) {
	config, err := pgxpool.ParseConfig(admin)
	if err != nil {
		return nil, fmt.Errorf("read the URL of the server: %w", err)
	}
	config.MaxConns = keptConnections
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("open the server: %w", err)
	}
	return &cluster{admin: admin, pool: pool}, nil
}

// empty makes an empty database that ends with t.
func (c *cluster) empty(t testing.TB) *Database {
	t.Helper()
	d := c.database(t, unique("test"))
	c.run(t, "CREATE DATABASE "+d.Name)
	c.dropAfter(t, d)
	return d
}

// database describes a database of this name.
func (c *cluster) database(t testing.TB, name string) *Database {
	t.Helper()
	u := parse(t, c.admin)
	u.Path = "/" + name
	return &Database{Name: name, Admin: u.String(), cluster: c}
}

// dropAfter drops the database and its roles when t ends.
func (c *cluster) dropAfter(t testing.TB, d *Database) {
	t.Cleanup(func() {
		c.run(t, "DROP DATABASE "+d.Name+" WITH (FORCE)")
		for _, r := range d.roles {
			c.run(t, "DROP ROLE "+r)
		}
	})
}

// run executes one statement, also while t is ending.
func (c *cluster) run(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := running(t)
	defer cancel()
	if _, err := c.pool.Exec(ctx, statement); err != nil {
		t.Errorf("%s: %v", strings.Fields(statement)[0:2], err)
	}
}

// texts asks for one column of text.
func (c *cluster) texts(t testing.TB, question string, args ...any) []string {
	t.Helper()
	ctx, cancel := running(t)
	defer cancel()
	rows, err := c.pool.Query(ctx, question, args...)
	if err != nil {
		t.Fatalf("ask PostgreSQL: %v", err)
	}
	answer, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("ask PostgreSQL: %v", err)
	}
	return answer
}

func running(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
}
