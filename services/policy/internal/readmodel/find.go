package readmodel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The states of a pack.
const (
	Scheduled  = "scheduled"
	Active     = "active"
	Superseded = "superseded"
)

// Pack is one version.
type Pack struct {
	Version     int64
	Digest      string
	State       string
	EffectiveAt time.Time
	Body        []byte
	// Position is where it was activated, or published if it was not.
	Position     int64
	Acknowledged []string
}

// find lists packs with their state: the newest that was ever activated holds.
const find = `
SELECT version, digest,
       CASE WHEN version = holds THEN 'active' WHEN version < holds THEN 'superseded' ELSE 'scheduled' END,
       coalesce(active_from, effective_at), body, coalesce(activated_position, published_position),
       ARRAY(SELECT service FROM rm_packs.subscribers s WHERE s.version = p.version AND acknowledged ORDER BY service)
FROM rm_packs.packs p, (SELECT coalesce(max(version), 0) AS holds FROM rm_packs.packs WHERE active_from IS NOT NULL) a `

// ByVersion returns a version, or false if it was never published.
func ByVersion(ctx context.Context, pool *pgxpool.Pool, version int64) (Pack, bool, error) {
	return one(ctx, pool, find+`WHERE version = $1`, version)
}

// InForce returns the pack that holds, or false if none does.
func InForce(ctx context.Context, pool *pgxpool.Pool) (Pack, bool, error) {
	return one(ctx, pool, find+`WHERE version = holds`)
}

// Last returns the pack that was published last, or false if none was.
func Last(ctx context.Context, pool *pgxpool.Pool) (Pack, bool, error) {
	return one(ctx, pool, find+`ORDER BY version DESC LIMIT 1`)
}

func one(ctx context.Context, pool *pgxpool.Pool, sql string, args ...any) (Pack, bool, error) {
	var p Pack
	err := pool.QueryRow(ctx, sql, args...).Scan(&p.Version, &p.Digest, &p.State, &p.EffectiveAt, &p.Body, &p.Position, &p.Acknowledged)
	if errors.Is(err, pgx.ErrNoRows) {
		return Pack{}, false, nil
	}
	if err != nil {
		return Pack{}, false, fmt.Errorf("find pack: %w", err)
	}
	return p, true, nil
}
