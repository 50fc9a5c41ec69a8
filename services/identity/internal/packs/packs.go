// Package packs knows which policy pack decides here, and keeps those that were
// published.
package packs

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/pack"
)

// Packs is the table of packs and the parsed one that decides.
type Packs struct {
	pool *pgxpool.Pool

	mu     sync.Mutex
	digest string
	parsed *pack.Pack
}

// New returns the packs in the service's database.
func New(pool *pgxpool.Pool) *Packs { return &Packs{pool: pool} }

// Keep stores a published pack.
func (p *Packs) Keep(ctx context.Context, version int64, digest string, body []byte) error {
	_, err := p.pool.Exec(ctx,
		`INSERT INTO identity.pack (version, digest, body) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING`, version, digest, body)
	if err != nil {
		return fmt.Errorf("store pack: %w", err)
	}
	return nil
}

// Activate lets a pack decide. An older one than the present does not come
// back.
func (p *Packs) Activate(ctx context.Context, version int64) error {
	if _, err := p.pool.Exec(ctx, `UPDATE identity.pack SET active = true WHERE version = $1 AND NOT active`, version); err != nil {
		return fmt.Errorf("activate pack: %w", err)
	}
	return nil
}

// Current is the pack that decides; nil if there is none yet. Its digest is ""
// then.
func (p *Packs) Current(ctx context.Context) (current *pack.Pack, digest string, err error) {
	err = p.pool.QueryRow(ctx, `SELECT digest FROM identity.pack WHERE active ORDER BY version DESC LIMIT 1`).Scan(&digest)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read pack: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.digest == digest {
		return p.parsed, digest, nil
	}
	var body []byte
	if err := p.pool.QueryRow(ctx, `SELECT body FROM identity.pack WHERE digest = $1 AND active`, digest).Scan(&body); err != nil {
		return nil, "", fmt.Errorf("read pack: %w", err)
	}
	parsed, problems := pack.Parse(body)
	if parsed == nil {
		return nil, "", fmt.Errorf("read pack %s: %v", digest, problems)
	}
	p.digest, p.parsed = digest, parsed
	return parsed, digest, nil
}
