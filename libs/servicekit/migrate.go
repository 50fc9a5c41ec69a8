package servicekit

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/privacy"
	"github.com/ostiary/ostiary/libs/projection"
)

// maxConnections is the size of a service's pool unless its database address
// says pool_max_conns. Few are enough, because nothing holds one while it waits
// for another: appends, inboxes and locks have connections of their own. Each
// one more is a process of the database, its memory, and its part of a start.
const maxConnections = 6

// migrate brings a database to the shape of this binary, as its owner. Each
// step may run again and leaves the previous version of the service working.
func migrate(ctx context.Context, d Definition, db Database) error {
	service, err := pgx.ParseConfig(db.URL)
	if err != nil {
		return fmt.Errorf("read the database address of the service: %w", err)
	}
	conn, err := pgx.Connect(ctx, db.OwnerURL)
	if err != nil {
		return fmt.Errorf("connect as owner: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	steps := []struct {
		name string
		run  func(ctx context.Context, conn *pgx.Conn, serviceRole string) error
	}{
		{"events", postgres.Migrate},
		{"inboxes", messaging.Migrate},
		{"projections", projection.Migrate},
		{"clock", migrateClock},
	}
	if d.Personal {
		steps = append(steps, struct {
			name string
			run  func(ctx context.Context, conn *pgx.Conn, serviceRole string) error
		}{"keys", privacy.Migrate})
	}
	for _, s := range steps {
		if err := s.run(ctx, conn, service.User); err != nil {
			return fmt.Errorf("migrate %s: %w", s.name, err)
		}
	}
	if d.Migrations == nil {
		return nil
	}
	return migrateOwn(ctx, d.Migrations, db.OwnerURL, service.User)
}

// migrateOwn runs the service's own numbered files. They find the role to
// which they grant in the setting ostiary.service_role.
func migrateOwn(ctx context.Context, files fs.FS, ownerURL, serviceRole string) error {
	config, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return fmt.Errorf("read the database address of the owner: %w", err)
	}
	config.RuntimeParams["ostiary.service_role"] = serviceRole
	db := stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate own tables: %w", err)
	}
	return nil
}

func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", err)
	}
	said, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", err)
	}
	if _, ok := said.RuntimeParams["pool_max_conns"]; !ok {
		config.MaxConns = maxConnections
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return pool, nil
}
