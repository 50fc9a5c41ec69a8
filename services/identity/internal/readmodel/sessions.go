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

//go:embed sessions.sql
var sessionsSchema string

// Sessions is who signed in and who is still there. It has no digest: how often
// somebody signed in is no state of the business.
func Sessions() projection.Projection {
	return projection.Projection{Name: "sessions", Version: 2, Schema: sessionsSchema, Apply: applySessions}
}

func applySessions(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *identityv1.SessionOpened:
			batch.Queue(`INSERT INTO sessions (session_id, account, opened, since, expires_at) VALUES ($1, $2, $3, $4, $5)`,
				e.GetSessionId(), e.GetAccount(), f.Position, f.RecordedAt, e.GetExpiresAt().AsTime())
		case *identityv1.SessionEnded:
			batch.Queue(`UPDATE sessions SET ended = $2 WHERE session_id = $1`, e.GetSessionId(), f.Position)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store sessions: %w", err)
	}
	return nil
}

// OpenSessions are the sessions of an account that were opened before a
// position and have not ended.
func OpenSessions(ctx context.Context, pool *pgxpool.Pool, account string, before int64) ([]string, error) {
	rows, err := pool.Query(ctx,
		`SELECT session_id FROM rm_sessions.sessions WHERE account = $1 AND ended IS NULL AND opened < $2 ORDER BY opened`, account, before)
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return ids, nil
}

// Session is one place where somebody is signed in.
type Session struct {
	ID, Account      string
	Since, ExpiresAt time.Time
}

// LiveSessions are the sessions of an account that have neither ended nor
// expired at an instant of the machine's clock, the newest first.
func LiveSessions(ctx context.Context, pool *pgxpool.Pool, account string, now time.Time) ([]Session, error) {
	rows, err := pool.Query(ctx, `SELECT session_id, account, since, expires_at FROM rm_sessions.sessions
		WHERE account = $1 AND ended IS NULL AND expires_at > $2 ORDER BY opened DESC`, account, now)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return found, nil
}
