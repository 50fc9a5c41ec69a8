package relaybench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/messaging"
)

// The two services: one publishes, one reads.
const (
	source = "policy"
	reader = "audit"
)

// installation is everything between an appender and a reader.
type installation struct {
	store  *postgres.Store
	reader *nats.Conn
	undo   []func(context.Context) error
}

// remove takes everything away, the latest first.
func (i *installation) remove(ctx context.Context) error {
	var errs []error
	for n := len(i.undo) - 1; n >= 0; n-- {
		errs = append(errs, i.undo[n](ctx))
	}
	return errors.Join(errs...)
}

func (i *installation) later(f func()) {
	i.undo = append(i.undo, func(context.Context) error { f(); return nil })
}

func install(ctx context.Context, adminURL string) (*installation, error) {
	i := &installation{}
	if err := i.build(ctx, adminURL); err != nil {
		return nil, errors.Join(err, i.remove(context.WithoutCancel(ctx)))
	}
	return i, nil
}

func (i *installation) build(ctx context.Context, adminURL string) error {
	pool, err := i.database(ctx, adminURL)
	if err != nil {
		return err
	}
	if i.store, err = postgres.Open(ctx, pool, clock.System{}); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	i.later(i.store.Close)
	bus, err := i.bus(ctx)
	if err != nil {
		return err
	}
	relay, err := messaging.NewRelay(source, i.store, bus, slog.Default(), nil)
	if err != nil {
		return err
	}
	i.store.Subscribe(relay.Push)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- relay.Run(running) }()
	i.undo = append(i.undo, func(context.Context) error { stop(); return <-ended })
	return nil
}

// database makes a database and a service role in it.
func (i *installation) database(ctx context.Context, adminURL string) (*pgxpool.Pool, error) {
	name, password := "relaybench_"+strings.ToLower(rand.Text()), rand.Text()
	admin, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	i.undo = append(i.undo, admin.Close)
	for _, s := range []struct{ do, undo string }{
		{"CREATE ROLE " + name + " LOGIN PASSWORD '" + password + "'", "DROP ROLE " + name},
		{"CREATE DATABASE " + name, "DROP DATABASE " + name + " WITH (FORCE)"},
	} {
		if _, err := admin.Exec(ctx, s.do); err != nil {
			return nil, fmt.Errorf("make the database: %w", err)
		}
		i.undo = append(i.undo, func(ctx context.Context) error {
			_, err := admin.Exec(ctx, s.undo)
			return err
		})
	}
	address, err := url.Parse(adminURL)
	if err != nil {
		return nil, fmt.Errorf("read the address of PostgreSQL: %w", err)
	}
	address.Path = "/" + name
	owner, err := pgx.Connect(ctx, address.String())
	if err != nil {
		return nil, fmt.Errorf("connect as owner: %w", err)
	}
	err = postgres.Migrate(ctx, owner, name)
	if err := errors.Join(err, owner.Close(ctx)); err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	address.User = url.UserPassword(name, password)
	pool, err := pgxpool.New(ctx, address.String())
	if err != nil {
		return nil, fmt.Errorf("connect as service: %w", err)
	}
	i.later(pool.Close)
	return pool, nil
}

// bus starts NATS and connects the relay and the reader.
func (i *installation) bus(ctx context.Context) (*nats.Conn, error) {
	dir, err := os.MkdirTemp("", "relaybench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	i.undo = append(i.undo, func(context.Context) error { return os.RemoveAll(dir) })
	password := rand.Text()
	server, err := messaging.Embedded(messaging.Config{
		Dir: dir, Port: -1, SyncAlways: true, Key: rand.Text(),
		Users: []messaging.User{messaging.AdminUser(password), messaging.ServiceUser(source, password), messaging.ServiceUser(reader, password, source)},
	})
	if err != nil {
		return nil, err
	}
	i.later(server.Close)
	admin, err := server.Connect("admin", slog.Default())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	js, err := jetstream.New(admin)
	if err != nil {
		return nil, fmt.Errorf("use JetStream: %w", err)
	}
	if err := messaging.EnsureStreams(ctx, js, []messaging.Source{{Service: source}}, []messaging.Subscription{{Consumer: reader, Source: source}}); err != nil {
		return nil, err
	}
	if i.reader, err = messaging.Connect(server.URL(), reader, password, slog.Default()); err != nil {
		return nil, err
	}
	i.later(i.reader.Close)
	bus, err := server.Connect(source, slog.Default())
	if err != nil {
		return nil, err
	}
	i.later(bus.Close)
	return bus, nil
}
