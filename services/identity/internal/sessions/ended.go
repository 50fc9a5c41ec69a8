// Package sessions tells which sessions have ended, from the own events as they
// are written: to the gate of this process, and to those of others.
package sessions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/eventstore"
)

const (
	// listen is how long one wait for events lasts; each end of it is a word
	// from the store.
	listen = 5 * time.Second
	// recent is how many ended sessions are told at the beginning.
	recent = 20_000
	// recentEvents is how far back events are read at the beginning; tokens that
	// are older than that many events have expired.
	recentEvents = 100_000
	page         = 1000
)

// Log is where the ends of sessions are written.
type Log struct {
	Store eventstore.Store
	Pool  *pgxpool.Pool
}

// Ended is an authn.Ended. It reads every event behind the position, not the
// read model, so that a session has ended when that is recorded.
func (l Log) Ended(ctx context.Context, after int64) ([]string, int64, error) {
	if after < 0 {
		return l.known(ctx)
	}
	wait, cancel := context.WithTimeout(ctx, listen)
	defer cancel()
	if err := l.Store.Wait(wait, after); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, after, fmt.Errorf("wait for events: %w", err)
	}
	events, err := l.Store.ReadAll(ctx, after, page)
	if err != nil {
		return nil, after, fmt.Errorf("read events: %w", err)
	}
	var ended []string
	for _, e := range events {
		after = e.Position
		if e.Type != endedType {
			continue
		}
		f, err := eventstore.Decode(authn.SessionsKeptBy, e)
		if err != nil {
			return nil, after, err
		}
		if s, ok := f.Message.(*identityv1.SessionEnded); ok {
			ended = append(ended, s.GetSessionId())
		}
	}
	return ended, after, nil
}

// known is what had ended before and from where to go on: behind the newest
// row, however far the read model lags.
func (l Log) known(ctx context.Context) ([]string, int64, error) {
	head, err := l.Store.Head(ctx)
	if err != nil {
		return nil, authn.Beginning, fmt.Errorf("read head: %w", err)
	}
	rows, err := l.Pool.Query(ctx, `SELECT session_id, ended FROM rm_sessions.sessions WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT $1`, recent)
	if err != nil {
		return nil, authn.Beginning, fmt.Errorf("read ended sessions: %w", err)
	}
	var ended []string
	after := max(0, head-recentEvents)
	var id string
	var position int64
	_, err = pgx.ForEachRow(rows, []any{&id, &position}, func() error {
		ended, after = append(ended, id), max(after, position)
		return nil
	})
	if err != nil {
		return nil, authn.Beginning, fmt.Errorf("read ended sessions: %w", err)
	}
	return ended, after, nil
}

var endedType = string((&identityv1.SessionEnded{}).ProtoReflect().Descriptor().FullName())
