package appendbench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
)

// arena is a database with the store and the plain table.
type arena struct {
	pool  *pgxpool.Pool
	store *postgres.Store
	cells atomic.Int64 // tells the streams of cells apart
}

// plainTable has the columns of es.event and its two indexes.
const plainTable = `
CREATE SCHEMA plain;
CREATE TABLE plain.event (LIKE es.event);
CREATE SEQUENCE plain.position OWNED BY plain.event.position;
ALTER TABLE plain.event ALTER position SET DEFAULT nextval('plain.position'),
	ADD PRIMARY KEY (position), ADD UNIQUE (stream, version);`

func openArena(ctx context.Context, address string, connections int) (*arena, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	config.MaxConns = int32(connections)
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	if err := postgres.Migrate(ctx, conn, config.ConnConfig.User); err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, plainTable); err != nil {
		return nil, fmt.Errorf("make the plain table: %w", err)
	}
	a := &arena{}
	if a.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if a.store, err = postgres.Open(ctx, a.pool, clock.System{}); err != nil {
		a.pool.Close()
		return nil, err
	}
	return a, nil
}

func (a *arena) close() {
	a.store.Close()
	a.pool.Close()
}

// measure lets callers write one event after the other and answers how many
// events a second were confirmed.
func (a *arena) measure(ctx context.Context, cell time.Duration, callers int, write func(context.Context, eventstore.Append) error) (float64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	number := a.cells.Add(1)
	var confirmed atomic.Int64
	var all sync.WaitGroup
	var over atomic.Bool
	started := time.Now()
	timer := time.AfterFunc(cell, func() { over.Store(true) })
	defer timer.Stop()
	for caller := range callers {
		all.Go(func() {
			w := newWorkload(number, caller)
			for !over.Load() && ctx.Err() == nil {
				if err := write(ctx, w.next()); err != nil {
					cancel(err)
					return
				}
				confirmed.Add(1)
			}
		})
	}
	all.Wait()
	took := time.Since(started)
	return float64(confirmed.Load()) / took.Seconds(), context.Cause(ctx)
}

// append writes through the store.
func (a *arena) append(ctx context.Context, e eventstore.Append) error {
	_, err := a.store.Append(ctx, e)
	return err
}

const plainInsert = `INSERT INTO plain.event (stream, version, event_id, type, data, recorded_at, effective_at, actor, on_behalf_of,
	correlation_id, causation_service, causation_position, command_id, policy_digest, rule, trace)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

// insert writes the same row by a statement, which is its own transaction.
func (a *arena) insert(ctx context.Context, w eventstore.Append) error {
	r := w.Record(1, clock.System{}.Now())[0]
	_, err := a.pool.Exec(ctx, plainInsert, r.Stream, r.Version, r.EventID, r.Type, r.Data, r.RecordedAt, r.EffectiveAt, r.Actor, r.OnBehalfOf,
		r.CorrelationID, r.Causation.Service, r.Causation.Position, r.CommandID, r.PolicyDigest, r.Rule, r.Trace)
	return err
}
