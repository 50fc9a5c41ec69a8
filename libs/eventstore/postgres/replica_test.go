package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/storetest"
	"github.com/ostiary/ostiary/libs/testkit"
)

// Two processes on one database give out one sequence of positions.
func TestTwoStoresOnOneDatabase(t *testing.T) {
	t.Parallel()
	c := newCellOn(t, testkit.Postgres(t), 200)
	storetest.Model(t, &pair{Store: c.open(t), other: c.open(t)}, nil)
}

// pair sends every second append to another store.
type pair struct {
	eventstore.Store
	other eventstore.Store
	turn  sync.Mutex
	next  bool
}

func (p *pair) Append(ctx context.Context, a eventstore.Append) (eventstore.Result, error) {
	p.turn.Lock()
	p.next = !p.next
	s := p.Store
	if p.next {
		s = p.other
	}
	p.turn.Unlock()
	return s.Append(ctx, a)
}

// Appends of another process wake by the poll.
func TestWaitSeesOtherProcesses(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	a, b := c.open(t), c.open(t)
	ended := make(chan error, 1)
	go func() { ended <- a.Wait(t.Context(), 0) }()
	fill(t, b, 1)
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("not woken in 10 s")
	}
}

// Subscribers get what was committed, as it is read, in order.
func TestSubscribersSeeWhatIsStored(t *testing.T) {
	t.Parallel()
	s := newCell(t).open(t)
	var mu sync.Mutex
	var pushed []eventstore.Recorded
	s.Subscribe(func(events []eventstore.Recorded) {
		mu.Lock()
		defer mu.Unlock()
		pushed = append(pushed, events...)
	})
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			a := storetest.New(1 + i%3)
			if i%2 == 0 {
				a.Metadata.Causation = &eventstore.Cause{Service: "approval", Position: int64(i)}
			}
			if _, err := s.Append(t.Context(), a); err != nil {
				t.Error(err)
			}
			a.Command.ID = "01999999-0000-7000-8000-000000000000"
			a.ExpectedVersion = 99 // refused, so not pushed
			if _, err := s.Append(t.Context(), a); err == nil {
				t.Error("a stale append was accepted")
			}
		})
	}
	all.Wait()
	s.Close()
	stored, err := s.ReadAll(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if d := cmp.Diff(stored, pushed); d != "" {
		t.Errorf("(-stored +pushed):\n%s", d)
	}
}
