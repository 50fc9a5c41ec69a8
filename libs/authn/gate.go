package authn

import (
	"context"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/clock"
)

const (
	// deaf is how long a gate may hear nothing before it admits nobody.
	deaf = 30 * time.Second
	// keep is how long an ended session must be remembered: no token outlives it.
	keep = 2 * MaxLife
	// again is how soon a gate asks anew after a failure.
	again = 500 * time.Millisecond
)

// Beginning asks for all ended sessions whose tokens may still be in use.
const Beginning = -1

// Ended tells which sessions have ended after a position, and the position to
// go on from. It answers as soon as one has ended, and with nothing after a few
// seconds, so that an answer is a sign of life as well.
type Ended func(ctx context.Context, after int64) (sessions []string, next int64, err error)

// Gate knows the sessions that have ended, so that a suspended account is
// refused within moments and no request asks a database or another service.
type Gate struct {
	read Ended
	now  func() time.Time

	mu    sync.RWMutex
	ended map[string]time.Time // when we learned of it
	heard time.Time
}

// NewGate returns a gate that admits nobody until Run has looked. now is the
// machine's time.
func NewGate(read Ended, now func() time.Time) *Gate {
	return &Gate{read: read, now: now, ended: map[string]time.Time{}}
}

// Check refuses a session that has ended, and every session when the gate has
// heard nothing for too long: a door that cannot see stays shut.
func (g *Gate) Check(session string) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if _, ended := g.ended[session]; ended {
		return ErrSessionEnded
	}
	if g.now().Sub(g.heard) > deaf {
		return ErrSessionUncertain
	}
	return nil
}

// Ready tells whether the gate has looked and so admits anybody.
func (g *Gate) Ready() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.now().Sub(g.heard) <= deaf
}

// Run follows the ended sessions until ctx ends. Whoever is asked may be away
// for a while; Check shuts the door meanwhile.
func (g *Gate) Run(ctx context.Context) error {
	after := int64(Beginning)
	for ctx.Err() == nil {
		sessions, next, err := g.read(ctx, after)
		if err != nil {
			_ = (clock.System{}).Until(ctx, clock.System{}.Now().Add(again)) // ends with ctx
			continue
		}
		after = next
		g.learn(sessions)
	}
	return nil
}

// learn notes what has ended and that there was an answer, and forgets sessions
// whose tokens have all expired.
func (g *Gate) learn(sessions []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = g.now()
	for _, id := range sessions {
		g.ended[id] = g.heard
	}
	for id, at := range g.ended {
		if g.heard.Sub(at) > keep {
			delete(g.ended, id)
		}
	}
}
