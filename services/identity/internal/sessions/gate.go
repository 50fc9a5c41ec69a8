// Package sessions tells every request whether its session has ended. Ended
// sessions are learned from the own events as they are written, so that a
// suspended account is refused within moments, without asking the database for
// each request.
package sessions

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/eventstore"
)

const (
	// deaf is how long the gate may hear nothing before it admits nobody.
	deaf = 30 * time.Second
	// listen is how long one wait for events lasts; each end of it is a word
	// from the store.
	listen = 5 * time.Second
	// recent is how many ended sessions are loaded at start.
	recent = 20_000
	// recentEvents is how far back events are read at start; tokens that are
	// older than that many events have expired.
	recentEvents = 100_000
	page         = 1000
)

// keep is how long an ended session must be remembered: no token outlives it.
const keep = 2 * authn.MaxLife

// Gate knows the sessions that have ended.
type Gate struct {
	store eventstore.Store
	pool  *pgxpool.Pool
	now   func() time.Time

	mu    sync.RWMutex
	ended map[string]time.Time // when we learned of it
	heard time.Time
}

// New returns a gate that admits nobody until Run has looked.
func New(store eventstore.Store, pool *pgxpool.Pool, now func() time.Time) *Gate {
	return &Gate{store: store, pool: pool, now: now, ended: map[string]time.Time{}}
}

// Check refuses a session that has ended, and every session when it has not
// heard from the store for too long: a door that cannot see stays shut.
func (g *Gate) Check(session string) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if _, ended := g.ended[session]; ended {
		return authn.ErrSessionEnded
	}
	if g.now().Sub(g.heard) > deaf {
		return authn.ErrSessionUncertain
	}
	return nil
}

// Ready tells whether the gate has looked and so admits anybody.
func (g *Gate) Ready() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.now().Sub(g.heard) <= deaf
}

// Run follows the events until ctx ends. The database may be away for a while;
// Check shuts the door meanwhile.
func (g *Gate) Run(ctx context.Context) error {
	after := int64(-1)
	for ctx.Err() == nil {
		var err error
		if after < 0 {
			after, err = g.load(ctx)
		} else {
			after, err = g.follow(ctx, after)
		}
		if err != nil {
			pause(ctx)
		}
	}
	return nil
}

// load learns what had ended before and returns from where to follow: behind
// the newest row, however far the read model lags.
func (g *Gate) load(ctx context.Context) (int64, error) {
	head, err := g.store.Head(ctx)
	if err != nil {
		return -1, fmt.Errorf("read head: %w", err)
	}
	rows, err := g.pool.Query(ctx, `SELECT session_id, ended FROM rm_sessions.sessions WHERE ended IS NOT NULL ORDER BY ended DESC LIMIT $1`, recent)
	if err != nil {
		return -1, fmt.Errorf("read ended sessions: %w", err)
	}
	after := max(0, head-recentEvents)
	var id string
	var position int64
	_, err = pgx.ForEachRow(rows, []any{&id, &position}, func() error {
		g.learn(id)
		after = max(after, position)
		return nil
	})
	if err != nil {
		return -1, fmt.Errorf("read ended sessions: %w", err)
	}
	return after, nil
}

// follow reads what is there after a position, waiting if there is nothing.
func (g *Gate) follow(ctx context.Context, after int64) (int64, error) {
	events, err := g.store.ReadAll(ctx, after, page)
	if err != nil {
		return after, fmt.Errorf("read events: %w", err)
	}
	for _, e := range events {
		after = e.Position
		if e.Type != endedType {
			continue
		}
		f, err := eventstore.Decode("identity", e)
		if err != nil {
			return after, err
		}
		if ended, ok := f.Message.(*identityv1.SessionEnded); ok {
			g.learn(ended.GetSessionId())
		}
	}
	g.listened()
	if len(events) == page {
		return after, nil
	}
	wait, cancel := context.WithTimeout(ctx, listen)
	defer cancel()
	if err := g.store.Wait(wait, after); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return after, fmt.Errorf("wait for events: %w", err)
	}
	return after, nil
}

var endedType = string((&identityv1.SessionEnded{}).ProtoReflect().Descriptor().FullName())

func (g *Gate) learn(session string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended[session] = g.now()
}

// listened notes that the store has answered and forgets sessions whose tokens
// have all expired.
func (g *Gate) listened() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = g.now()
	for id, at := range g.ended {
		if g.heard.Sub(at) > keep {
			delete(g.ended, id)
		}
	}
}

func pause(ctx context.Context) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
