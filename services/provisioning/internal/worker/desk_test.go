package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
	"github.com/ostiary/ostiary/services/provisioning/internal/domain/packs"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
	"github.com/ostiary/ostiary/services/provisioning/internal/worker"
)

var lanes = eventstore.Decider[orders.State, orders.Command]{Decide: orders.Decide, Evolve: orders.Evolve}

// desk is a service without its plumbing: a store, orders, and workers.
type desk struct {
	t       *testing.T
	journal *eventstore.Journal
	connect func(*provisioningv1.TargetDefinition) (target.Target, error)
	call    time.Duration
	pause   time.Duration // between attempts, at most

	mu    sync.Mutex
	read  int64
	state map[string]orders.State
	last  map[string]int64 // position of the newest order
}

func newDesk(t *testing.T, connect func(*provisioningv1.TargetDefinition) (target.Target, error)) *desk {
	t.Helper()
	return &desk{
		t: t, connect: connect, call: time.Minute, pause: 20 * time.Millisecond, state: map[string]orders.State{}, last: map[string]int64{},
		journal: &eventstore.Journal{Service: "provisioning", Store: memory.New(clock.System{}), Sealer: eventstore.NoSealer{}},
	}
}

// onSystem is a desk whose targets are all the one simulated system, known by
// a pack.
func onSystem(t *testing.T, s *system) *desk {
	t.Helper()
	d := newDesk(t, func(*provisioningv1.TargetDefinition) (target.Target, error) { return s, nil })
	d.adopt("db")
	return d
}

func (d *desk) adopt(names ...string) {
	d.t.Helper()
	var targets []*provisioningv1.TargetDefinition
	for _, n := range names {
		targets = append(targets, &provisioningv1.TargetDefinition{Target: n, Kind: "postgres", DsnEnv: "DSN", Prefix: "ost_"})
	}
	rules := eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}
	_, err := eventstore.Execute(d.t.Context(), d.journal, rules, packs.Stream, eventstore.Command{ID: uuid.NewString()},
		eventstore.Metadata{Actor: "service:policy"}, packs.Command(packs.Adopt{Version: 1, Digest: "d", Targets: targets}))
	if err != nil {
		d.t.Fatal(err)
	}
}

// order puts one order into its lane.
func (d *desk) order(operation, account, role, grant string) {
	d.t.Helper()
	c := orders.Order{OrderID: "ord_" + operation + grant, PersonID: "per_" + account, EmployeeNumber: account, GrantID: grant,
		Target: "db", Account: account, Application: "app", Role: role, Operation: operation}
	_, err := eventstore.Execute(d.t.Context(), d.journal, lanes, orders.Stream("db", account), eventstore.Command{ID: uuid.NewString()},
		eventstore.Metadata{Actor: "service:access-request", CorrelationID: uuid.NewString()}, orders.Command(c))
	if err != nil {
		d.t.Fatal(err)
	}
}

// lanesNow folds whatever is new in the store, as the read model does.
func (d *desk) lanesNow(ctx context.Context) (map[string]orders.State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		page, err := d.journal.Store.ReadAll(ctx, d.read, 500)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			f, err := d.journal.Decode(ctx, r)
			if err != nil {
				return nil, err
			}
			if eventstore.StreamType(r.Stream) == "orders" {
				d.state[r.Stream] = orders.Evolve(d.state[r.Stream], f.Message)
				if _, ok := f.Message.(*provisioningv1.ProvisioningOrdered); ok {
					d.last[r.Stream] = r.Position
				}
			}
			d.read = r.Position
		}
		if len(page) < 500 {
			copied := map[string]orders.State{}
			for k, v := range d.state {
				copied[k] = v
			}
			return copied, nil
		}
	}
}

func (d *desk) openLanes(ctx context.Context, _ string, resting map[string]int64, limit int) ([]string, error) {
	all, err := d.lanesNow(ctx)
	var streams []string
	for stream, s := range all {
		if open(s) && d.newest(stream) > resting[stream] {
			streams = append(streams, stream)
		}
	}
	slices.Sort(streams)
	return streams[:min(limit, len(streams))], err
}

func (d *desk) openTargets(ctx context.Context) ([]string, error) {
	streams, err := d.openLanes(ctx, "", nil, 1)
	if len(streams) == 0 {
		return nil, err
	}
	return []string{"db"}, nil
}

// start runs a worker; stop ends it and waits.
func (d *desk) start() (w *worker.Worker, stop func()) {
	w = worker.New(worker.Needs{
		Journal: d.journal, Targets: d.openTargets, Lanes: d.openLanes,
		Projected: func(context.Context, int64) error { return nil },
		Connect:   d.connect, Log: slog.New(slog.DiscardHandler),
	}, worker.Limits{Batch: 50, Call: d.call, First: max(time.Millisecond, d.pause/20), Longest: d.pause})
	ctx, cancel := context.WithCancel(context.WithoutCancel(d.t.Context()))
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				d.t.Errorf("the worker stopped with %v", err)
			}
		})
	}
	d.t.Cleanup(stop)
	return w, stop
}

// until waits for the store to show something.
func (d *desk) until(what string, seen func(map[string]orders.State) bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	for {
		head, err := d.journal.Store.Head(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		all, err := d.lanesNow(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		if seen(all) {
			return
		}
		if err := d.journal.Store.Wait(ctx, head); err != nil {
			d.t.Fatalf("%s: not seen within a minute: %v", what, err)
		}
	}
}

// now is the state of the lanes.
func (d *desk) now() map[string]orders.State {
	d.t.Helper()
	all, err := d.lanesNow(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

func settled(all map[string]orders.State) bool {
	for _, s := range all {
		if open(s) {
			return false
		}
	}
	return true
}

func open(s orders.State) bool {
	return slices.ContainsFunc(s.Entries, func(e orders.Entry) bool { return e.Status == orders.Open })
}

func (d *desk) newest(stream string) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last[stream]
}

// events returns all events of a kind.
func events[M proto.Message](d *desk) []eventstore.Fact {
	d.t.Helper()
	var found []eventstore.Fact
	for after := int64(0); ; {
		page, err := d.journal.Store.ReadAll(d.t.Context(), after, 500)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, r := range page {
			f, err := d.journal.Decode(d.t.Context(), r)
			if err != nil {
				d.t.Fatal(err)
			}
			if _, ok := f.Message.(M); ok {
				found = append(found, f)
			}
			after = r.Position
		}
		if len(page) == 0 {
			return found
		}
	}
}

func account(i int) string { return "E" + strconv.Itoa(1000+i) }

// exactlyOnce checks that no order was confirmed twice and that each
// confirmation has its order as cause.
func (d *desk) exactlyOnce() error {
	placed := map[string]int64{}
	for _, f := range events[*provisioningv1.ProvisioningOrdered](d) {
		placed[f.Message.(*provisioningv1.ProvisioningOrdered).GetOrderId()] = f.Position
	}
	done := map[string]bool{}
	var errs []error
	for _, f := range events[*provisioningv1.ProvisioningCompleted](d) {
		id := f.Message.(*provisioningv1.ProvisioningCompleted).GetOrderId()
		if done[id] {
			errs = append(errs, fmt.Errorf("order %s was completed twice", id))
		}
		done[id] = true
		if f.Causation == nil || f.Causation.Position != placed[id] || f.CorrelationID == "" {
			errs = append(errs, fmt.Errorf("completion of %s has cause %v, ordered at %d", id, f.Causation, placed[id]))
		}
	}
	return errors.Join(errs...)
}
