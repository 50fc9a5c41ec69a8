package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/testkit"
)

const writers = 64

// errLost stands for an answer that did not arrive.
var errLost = errors.New("the answer was lost")

// promise is what a store has confirmed to a writer.
type promise struct {
	stream string
	events []string
	result eventstore.Result
}

// model is what must be in the store.
type model struct {
	t     *testing.T
	store eventstore.Store

	mu       sync.Mutex
	versions map[string]int64 // as last heard, possibly stale
	kept     map[string]promise
}

// Model lets 64 writers fight over a few streams while answers get lost, and
// disturb, if given, does its worst. Writers repeat what was not answered under
// the same command id. In the end positions and versions are dense, nothing is
// lost or there twice, and a reader that followed all the while saw exactly the
// final order. STORETEST_SEED repeats a run's choices.
func Model(t *testing.T, s eventstore.Store, disturb func(ctx context.Context, random *rand.Rand)) {
	seed := rand.Uint64()
	if given, err := strconv.ParseUint(os.Getenv("STORETEST_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("STORETEST_SEED=%d", seed)
	m := &model{t: t, store: s, versions: map[string]int64{}, kept: map[string]promise{}}

	stop, stopped := context.WithCancel(t.Context())
	var background sync.WaitGroup
	var seen []eventstore.Recorded
	background.Go(func() { seen = m.follow(stop) })
	if disturb != nil {
		background.Go(func() { disturb(stop, rand.New(rand.NewPCG(seed, 0))) })
	}
	var all sync.WaitGroup
	for w := range uint64(writers) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, w+1))
			for range testkit.Count(200) {
				m.act(random)
			}
		})
	}
	all.Wait()
	stopped()
	background.Wait()
	m.verify(seen)
}

// act appends once, by whatever detours.
func (m *model) act(random *rand.Rand) {
	name := fmt.Sprintf("case-%d", random.IntN(writers/2))
	a := on(name, m.version(name), 1+random.IntN(8)/5)
	var last error
	for range 1000 {
		r, err := m.append(random, a)
		switch {
		case err == nil:
			m.keep(a, r)
			if random.IntN(10) == 0 {
				m.repeat(random, a)
			}
			return
		case errors.Is(err, eventstore.ErrConflict):
			a.ExpectedVersion = m.refresh(name, a.ExpectedVersion)
		case m.t.Context().Err() != nil:
			m.t.Errorf("append: %v", err)
			return
		case !errors.Is(err, errLost):
			last = err
		}
	}
	m.t.Errorf("command %s was not answered; the last error was %v", a.Command.ID, last)
}

// append loses every tenth answer.
func (m *model) append(random *rand.Rand, a eventstore.Append) (eventstore.Result, error) {
	r, err := m.store.Append(m.t.Context(), a)
	if random.IntN(10) == 0 {
		return eventstore.Result{}, errLost
	}
	return r, err
}

// repeat sends a command that was carried out once more.
func (m *model) repeat(random *rand.Rand, a eventstore.Append) {
	m.mu.Lock()
	want := m.kept[a.Command.ID].result
	m.mu.Unlock()
	if random.IntN(2) == 0 {
		a.ExpectedVersion = m.version(a.Stream)
	}
	got, err := m.store.Append(m.t.Context(), a)
	if err != nil {
		return // the connection was cut; the end result is checked
	}
	want.Replayed = true
	if got != want {
		m.t.Errorf("a repeated command answers %+v, first it was %+v", got, want)
	}
}

func (m *model) version(stream string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.versions[stream]
}

// refresh reads on from a version that was refused.
func (m *model) refresh(stream string, from int64) int64 {
	for {
		page, err := m.store.ReadStream(m.t.Context(), stream, from, 1000)
		if err != nil {
			if m.t.Context().Err() != nil {
				return from
			}
			continue
		}
		if from += int64(len(page)); len(page) < 1000 {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.versions[stream] = max(m.versions[stream], from)
			return from
		}
	}
}

func (m *model) keep(a eventstore.Append, r eventstore.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := promise{stream: a.Stream, result: r}
	for _, e := range a.Events {
		p.events = append(p.events, e.ID)
	}
	m.kept[a.Command.ID] = p
	m.versions[a.Stream] = max(m.versions[a.Stream], r.Version)
}

// follow polls all the while until stopped, then reads to the end.
func (m *model) follow(stop context.Context) []eventstore.Recorded {
	var seen []eventstore.Recorded
	for {
		stopping := stop.Err() != nil
		page, err := m.store.ReadAll(m.t.Context(), int64(len(seen)), 100)
		switch {
		case err != nil && m.t.Context().Err() != nil, err == nil && stopping && len(page) == 0:
			return seen
		case len(page) == 0: // nothing new, or a connection was cut
			select {
			case <-stop.Done():
			case <-time.After(time.Millisecond):
			}
		}
		seen = append(seen, page...)
	}
}

func (m *model) verify(seen []eventstore.Recorded) {
	all := everything(m.t, m.store)
	if d := cmp.Diff(all, seen); d != "" {
		m.t.Errorf("the reader saw another order (-stored +seen):\n%s", d)
	}
	versions := map[string]int64{}
	found := map[string][]string{}
	for i, r := range all {
		versions[r.Stream]++
		if r.Position != int64(i)+1 || r.Version != versions[r.Stream] {
			m.t.Errorf("event %d: position %d, version %d of %s, want %d", i+1, r.Position, r.Version, r.Stream, versions[r.Stream])
		}
		p, known := m.kept[r.CommandID]
		switch {
		case !known:
			m.t.Errorf("position %d holds command %s, which nobody gave", r.Position, r.CommandID)
		case r.Stream != p.stream, r.Position != p.result.First+int64(len(found[r.CommandID])):
			m.t.Errorf("command %s is at %d of %s, confirmed was %+v of %s", r.CommandID, r.Position, r.Stream, p.result, p.stream)
		}
		found[r.CommandID] = append(found[r.CommandID], r.EventID)
	}
	for id, p := range m.kept {
		if d := cmp.Diff(p.events, found[id]); d != "" {
			m.t.Errorf("command %s was confirmed with other events (-confirmed +stored):\n%s", id, d)
		}
	}
	if want := writers * testkit.Count(200); len(m.kept) != want {
		m.t.Errorf("%d commands were confirmed, want %d", len(m.kept), want)
	}
	wantHead(m.t, m.store, int64(len(all)))
}
