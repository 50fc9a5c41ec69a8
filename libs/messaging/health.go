package messaging

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/clock"
)

const (
	// complainAfter is how long something may fail before readiness says so.
	complainAfter = 5 * time.Second
	// forgetAfter is how long after its last failure something counts as
	// failing, unless it is known to work before that.
	forgetAfter = 30 * time.Second
)

// health remembers what fails and since when, on the machine's clock. The zero
// value is well.
type health struct {
	mu       sync.Mutex
	troubles map[string]trouble
}

type trouble struct {
	since time.Time
	last  time.Time
	alarm bool // does not mend itself: shown at once and for ever
	cause string
}

// failed notes that something failed again.
func (h *health) failed(what, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := clock.System{}.Now()
	t := h.troubles[what]
	if t.since.IsZero() || now.Sub(t.last) > forgetAfter {
		t.since = now
	}
	h.set(what, trouble{since: t.since, last: now, cause: cause})
}

// alarm notes what does not mend itself.
func (h *health) alarm(what, cause string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(what, trouble{alarm: true, cause: cause})
}

// well notes that something works again.
func (h *health) well(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.troubles, what)
}

// causes lists what has failed for too long.
func (h *health) causes() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := clock.System{}.Now()
	var causes []string
	for _, what := range slices.Sorted(maps.Keys(h.troubles)) {
		t := h.troubles[what]
		if t.alarm || now.Sub(t.since) >= complainAfter && now.Sub(t.last) <= forgetAfter {
			causes = append(causes, t.cause)
		}
	}
	return causes
}

func (h *health) set(what string, t trouble) {
	if h.troubles == nil {
		h.troubles = map[string]trouble{}
	}
	h.troubles[what] = t
}
