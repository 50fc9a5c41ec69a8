package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// trouble is what stands in the way of a target, or of one order there.
type trouble struct {
	reason, message string
	since           time.Time
	failures        int
	// tried is when it failed last, due when it is tried again.
	tried, due time.Time
	// newest is the position of the last order of the lane at that time.
	newest int64
}

// troubles is shared by the runners and by whoever asks for causes.
type troubles struct {
	mu    sync.Mutex
	of    map[place]map[string]trouble // by order; "" is the target itself
	lanes map[place]rest
}

// place is a lane; without stream, the target itself.
type place struct{ target, stream string }

// add counts a failure and says when it is tried again; fresh tells that it is
// of a new kind. The order is "" when it is one of the target.
func (t *troubles) add(p place, order string, err error, now time.Time, newest int64, l Limits) (tr trouble, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr, known := t.of[p][order]
	reason, message := describe(err)
	if !known {
		tr.since = now
	}
	fresh = tr.reason != reason
	tr.reason, tr.message = reason, message
	tr.failures++
	tr.tried, tr.due, tr.newest = now, now.Add(l.delay(tr.failures)), newest
	if t.of[p] == nil {
		t.of[p] = map[string]trouble{}
	}
	t.of[p][order] = tr
	return tr, fresh
}

// clear forgets a trouble and tells whether there was one.
func (t *troubles) clear(p place, order string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.of[p][order]
	delete(t.of[p], order)
	if len(t.of[p]) == 0 {
		delete(t.of, p)
	}
	return known
}

// ofTarget returns the trouble of a target, zero if there is none.
func (t *troubles) ofTarget(name string) trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[place{target: name}][""]
}

// causes names targets, never accounts.
func (t *troubles) causes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	type kind struct{ target, reason string }
	accounts := map[kind]map[string]bool{}
	since := map[kind]trouble{}
	attempts := map[kind]int{}
	var causes []string
	for p, all := range t.of {
		for order, tr := range all {
			if order == "" {
				causes = append(causes, fmt.Sprintf("target %s: %s since %s, attempts so far %d: %s",
					p.target, tr.reason, tr.since.Format(time.RFC3339), tr.failures, tr.message))
				continue
			}
			k := kind{p.target, tr.reason}
			if accounts[k] == nil {
				accounts[k] = map[string]bool{}
			}
			accounts[k][p.stream] = true
			attempts[k] = max(attempts[k], tr.failures)
			if first, ok := since[k]; !ok || tr.since.Before(first.since) {
				since[k] = tr
			}
		}
	}
	for k, streams := range accounts {
		causes = append(causes, fmt.Sprintf("target %s: orders of %d accounts fail with %s since %s, attempts so far %d: see 'ostiary order list --open'",
			k.target, len(streams), k.reason, since[k].since.Format(time.RFC3339), attempts[k]))
	}
	slices.Sort(causes)
	return causes
}

// describe gives an error its published reason and what was seen.
func describe(err error) (reason, message string) {
	f, ok := fault.Of(err)
	switch {
	case ok && strings.HasPrefix(f.Reason, "TARGET_"):
		if detail := f.Details["detail"]; detail != "" {
			return f.Reason, detail
		}
		return f.Reason, f.Message
	case errors.Is(err, context.DeadlineExceeded):
		return target.ErrTimeout.Reason, target.ErrTimeout.Message
	}
	return target.ErrUnreachable.Reason, target.ErrUnreachable.Message
}
