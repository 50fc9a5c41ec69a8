package worker

import (
	"time"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

// next is the next step of each lane that has one now. The others rest.
func (r *runner) next(lanes []*lane) []step {
	var steps []step
	for _, l := range lanes {
		if o, ok := r.troubles.choose(r.name, l, r.clock.Now()); ok {
			steps = append(steps, step{lane: l, order: o, want: l.state.Want(o)})
		}
	}
	return steps
}

// rest is a lane in which everything that could be tried has failed and waits
// for its next attempt.
type rest struct {
	// newest is the position of the last order that was looked at: a newer one
	// ends the rest, for it waits for nobody else's attempt.
	newest int64
	// due is when the first of the orders may be tried again.
	due time.Time
}

// choose returns the order of a lane to try now: what never failed, then
// removals, then what was tried the longest time ago. If there is none, the
// lane rests. A removal that arrives ends the pauses of what it may have to
// wait for.
func (t *troubles) choose(target string, l *lane, now time.Time) (chosen *provisioningv1.ProvisioningOrdered, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := place{target: target, stream: l.stream}
	for order := range t.of[here] {
		if !l.state.Open(order) { // settled by another replica, or overtaken by the removal of its grant
			delete(t.of[here], order)
		}
	}
	delete(t.lanes, here)
	var best trouble
	var due time.Time
	for _, o := range l.state.Next() {
		tr := t.of[here][o.GetOrderId()]
		switch {
		case tr.due.After(now) && !l.removalSince(tr.newest):
			if due.IsZero() || tr.due.Before(due) {
				due = tr.due
			}
		case chosen == nil, sooner(o, tr, chosen, best):
			chosen, best = o, tr
		}
	}
	if chosen == nil && !due.IsZero() {
		t.lanes[here] = rest{newest: l.newest, due: due}
	}
	return chosen, chosen != nil
}

// sooner tells whether one order is to be tried before another.
func sooner(a *provisioningv1.ProvisioningOrdered, of trouble, b *provisioningv1.ProvisioningOrdered, than trouble) bool {
	switch {
	case of.tried.IsZero() || than.tried.IsZero():
		return of.tried.Before(than.tried)
	case a.GetOperation() != b.GetOperation():
		return a.GetOperation() == orders.Remove
	}
	return of.tried.Before(than.tried)
}

// forget drops a lane that has no open orders left.
func (t *troubles) forget(target, stream string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.lanes, place{target, stream})
	delete(t.of, place{target, stream})
}

// waiting lists the lanes of a target that rest, with the newest order that
// each rests upon, those whose rest is over, and when the next rest ends.
func (t *troubles) waiting(target string, now time.Time) (resting map[string]int64, again []string, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	resting = map[string]int64{}
	for p, r := range t.lanes {
		switch {
		case p.target != target:
		case !r.due.After(now):
			again = append(again, p.stream)
		default:
			resting[p.stream] = r.newest
			if next.IsZero() || r.due.Before(next) {
				next = r.due
			}
		}
	}
	return resting, again, next
}
