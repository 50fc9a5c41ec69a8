package messaging

import (
	"context"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	// maxPending is how many questions of one user may be under way. The server
	// keeps each in memory until it is answered in full or has been silent for two
	// minutes, so a user that pulls without end would take all of it. Nobody who
	// waits for answers comes near.
	maxPending = 4096
	// pendingEvery is how often they are counted.
	pendingEvery = time.Second
)

// watch cuts off whoever has too many questions under way, until ctx ends.
func (a *accounts) watch(ctx context.Context) {
	tick := time.NewTicker(pendingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, own := range a.crowded() {
				a.log.WarnContext(ctx, "a user of the bus asks without waiting for answers and is cut off", "account", own.Name)
				a.cutOff(own.Name)
			}
		}
	}
}

func (a *accounts) crowded() (crowded []*server.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, own := range a.made {
		if own.NumPendingReverseResponses() > maxPending {
			crowded = append(crowded, own)
		}
	}
	return crowded
}

// cutOff ends all connections of an account; with them the server forgets what
// they have asked.
func (a *accounts) cutOff(account string) {
	all, err := a.server.Connz(&server.ConnzOptions{Account: account, Limit: maxPending})
	if err != nil {
		return // the next look finds it again
	}
	for _, c := range all.Conns {
		_ = a.server.DisconnectClientByID(c.Cid) // it may have gone
	}
}
