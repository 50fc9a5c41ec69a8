package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed clients.sql
var clientsSchema string

// Clients is every outside system that may use a feed.
func Clients() projection.Projection {
	return projection.Projection{
		Name: "clients", Version: 1, Schema: clientsSchema, Apply: applyClients,
		Digests: []string{`SELECT name, feed, source FROM clients ORDER BY name`},
	}
}

func applyClients(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	for _, f := range page {
		if e, ok := f.Message.(*identityv1.ClientAdded); ok {
			batch.Queue(`INSERT INTO clients (name, feed, source, since) VALUES ($1, $2, $3, $4)`, e.GetClient(), e.GetFeed(), e.GetSource(), f.RecordedAt)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store clients: %w", err)
	}
	return nil
}

// Client is an outside system, as shown.
type Client struct {
	Name   string
	Feed   string
	Source string
	Since  time.Time
}

// ListClients lists clients by name, at most limit of them, those after a name.
func ListClients(ctx context.Context, pool *pgxpool.Pool, after string, limit int) ([]Client, error) {
	rows, err := pool.Query(ctx, `
		SELECT name, feed, source, since FROM rm_clients.clients
		WHERE name > $1 COLLATE "C" ORDER BY name COLLATE "C" LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read clients: %w", err)
	}
	clients, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Client])
	if err != nil {
		return nil, fmt.Errorf("read clients: %w", err)
	}
	return clients, nil
}

// AllClients are all clients, by name.
func AllClients(ctx context.Context, pool *pgxpool.Pool) ([]Client, error) {
	const all = 1 << 30
	return ListClients(ctx, pool, "", all)
}
