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

// trouble is what stands in the way of a target, or of one account there.
type trouble struct {
	reason, message string
	since           time.Time
	failures        int
	due             time.Time
}

// troubles is shared by the runners and by whoever asks for causes. The key
// with an empty stream is the target itself.
type troubles struct {
	mu sync.Mutex
	of map[place]trouble
}

type place struct{ target, stream string }

// add counts a failure and says when it is tried again; fresh tells that it is
// of a new kind.
func (t *troubles) add(p place, err error, now time.Time, l Limits) (tr trouble, fresh bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[place]trouble{}
	}
	tr, known := t.of[p]
	reason, message := describe(err)
	if !known {
		tr.since = now
	}
	fresh = tr.reason != reason
	tr.reason, tr.message = reason, message
	tr.failures++
	tr.due = now.Add(l.delay(tr.failures))
	t.of[p] = tr
	return tr, fresh
}

// clear forgets a trouble and tells whether there was one.
func (t *troubles) clear(p place) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.of[p]
	delete(t.of, p)
	return known
}

// get returns a trouble, zero if there is none.
func (t *troubles) get(p place) trouble {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[p]
}

// waiting lists the streams of a target that are not to be tried yet, those
// that may be tried again, and when the next of them may.
func (t *troubles) waiting(target string, now time.Time) (not, again []string, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, tr := range t.of {
		switch {
		case p.target != target || p.stream == "":
		case !tr.due.After(now):
			again = append(again, p.stream)
		default:
			not = append(not, p.stream)
			if next.IsZero() || tr.due.Before(next) {
				next = tr.due
			}
		}
	}
	return not, again, next
}

// causes names targets, never accounts.
func (t *troubles) causes() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	type kind struct{ target, reason string }
	accounts := map[kind]int{}
	since := map[kind]trouble{}
	attempts := map[kind]int{}
	var causes []string
	for p, tr := range t.of {
		if p.stream == "" {
			causes = append(causes, fmt.Sprintf("target %s: %s since %s, attempts so far %d: %s",
				p.target, tr.reason, tr.since.Format(time.RFC3339), tr.failures, tr.message))
			continue
		}
		k := kind{p.target, tr.reason}
		accounts[k]++
		attempts[k] = max(attempts[k], tr.failures)
		if first, ok := since[k]; !ok || tr.since.Before(first.since) {
			since[k] = tr
		}
	}
	for k, n := range accounts {
		causes = append(causes, fmt.Sprintf("target %s: orders of %d accounts fail with %s since %s, attempts so far %d: see 'ostiary order list --open'",
			k.target, n, k.reason, since[k].since.Format(time.RFC3339), attempts[k]))
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
