// Package readmodel answers which packs there are and which of them holds.
package readmodel

import (
	"context"
	_ "embed" // the schema
	"fmt"

	"github.com/jackc/pgx/v5"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed packs.sql
var schema string

// Packs is the read model of packs and subscribers.
func Packs() projection.Projection {
	return projection.Projection{
		Name: "packs", Version: 1, Schema: schema, Apply: apply,
		Digests: []string{
			`SELECT version, digest, active_from IS NOT NULL FROM packs ORDER BY version`,
			`SELECT version, service, acknowledged FROM subscribers ORDER BY version, service COLLATE "C"`,
		},
	}
}

// apply writes a page event by event: there are as many as there are versions.
func apply(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	b := &pgx.Batch{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *policyv1.PackPublished:
			b.Queue(`INSERT INTO packs (version, digest, effective_at, body, published_position) VALUES ($1, $2, $3, $4, $5)`,
				e.GetVersion(), e.GetDigest(), e.GetEffectiveAt().AsTime(), e.GetBody(), f.Position)
			b.Queue(`INSERT INTO subscribers (version, service, acknowledged) SELECT $1, service, false FROM unnest($2::text[]) service`,
				e.GetVersion(), e.GetSubscribers())
		case *policyv1.PackAcknowledged:
			b.Queue(`UPDATE subscribers SET acknowledged = true WHERE version = $1 AND service = $2`, e.GetVersion(), e.GetService())
		case *policyv1.PackActivated:
			b.Queue(`UPDATE packs SET active_from = $2, activated_position = $3 WHERE version = $1`,
				e.GetVersion(), e.GetEffectiveAt().AsTime(), f.Position)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write packs: %w", err)
	}
	return nil
}
