package worker

import (
	"context"
	"errors"
	"sync"

	"github.com/ostiary/ostiary/libs/eventstore"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/admission"
	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// step is the next order of a lane and what it means on the target.
type step struct {
	lane  *lane
	order *provisioningv1.ProvisioningOrdered
	want  orders.Want
}

// rounds is how many orders of one lane are carried out before others get
// their turn.
const rounds = 16

// serve carries out order after order of the lanes, and goes on with whatever
// else has become open, so that the session is used while it lasts.
func (r *runner) serve(ctx context.Context, session target.Session, streams []string) error {
	for len(streams) > 0 {
		lanes, err := r.load(ctx, streams)
		if err != nil {
			return err
		}
		for range rounds {
			steps := r.next(lanes)
			if len(steps) == 0 {
				break
			}
			if lanes, err = r.round(ctx, session, steps); err != nil {
				return err
			}
			if r.troubles.clear(place{target: r.name}, "") {
				r.Log.InfoContext(ctx, "target recovered", "target", r.name)
			}
		}
		if _, streams, err = r.take(ctx); err != nil {
			return err
		}
	}
	return nil
}

// round carries out one order of each lane. It returns the lanes that go on.
func (r *runner) round(ctx context.Context, session target.Session, steps []step) ([]*lane, error) {
	changes := make([]target.Change, len(steps))
	for i, s := range steps {
		changes[i] = target.Change{
			Account: s.order.GetEmployeeNumber(), Application: s.order.GetApplication(), Role: s.order.GetRole(),
			Give: s.order.GetOperation() == orders.Add, KeepMember: s.want.Member, KeepLogin: s.want.Login,
		}
	}
	results, seen, err := r.carryOut(ctx, session, changes)
	if err != nil {
		return nil, errors.Join(err, r.suffer(ctx, steps, err))
	}
	return r.settle(ctx, steps, results, seen)
}

// carryOut applies and reads back.
func (r *runner) carryOut(ctx context.Context, session target.Session, changes []target.Change) ([]error, []*provisioningv1.ReadBack, error) {
	limited, cancel := context.WithTimeout(ctx, r.limits.Call)
	defer cancel()
	results, err := session.Apply(limited, changes)
	if err != nil {
		return nil, nil, onTarget(err)
	}
	limited, cancel = context.WithTimeout(ctx, r.limits.Call)
	defer cancel()
	seen, err := session.ReadBack(limited, changes)
	return results, seen, onTarget(err)
}

// settle records each outcome. The lanes are recorded at the same time, so
// that the store can write them together.
func (r *runner) settle(ctx context.Context, steps []step, results []error, seen []*provisioningv1.ReadBack) ([]*lane, error) {
	var mu sync.Mutex
	var on []*lane
	err := each(steps, len(steps), func(s step, i int) error {
		goesOn, err := r.settleOne(ctx, s, results[i], seen[i])
		if goesOn {
			mu.Lock()
			defer mu.Unlock()
			on = append(on, s.lane)
		}
		return err
	})
	return on, err
}

func (r *runner) settleOne(ctx context.Context, s step, result error, seen *provisioningv1.ReadBack) (goesOn bool, err error) {
	if result != nil {
		return true, r.fail(ctx, s, onTarget(result))
	}
	err = s.lane.record(ctx, "complete", s.order.GetOrderId(), orders.Complete{OrderID: s.order.GetOrderId(), ReadBack: seen})
	switch {
	case errors.Is(err, orders.ErrOutOfTurn), errors.Is(err, orders.ErrNotShown) && s.lane.state.Want(s.order) != s.want:
		return true, nil // something else was ordered meanwhile: look at the lane anew
	case errors.Is(err, orders.ErrNotShown):
		return true, r.fail(ctx, s, target.ErrNotChanged.With("detail", err.Error()))
	case err != nil:
		return false, err
	}
	r.troubles.clear(place{r.name, s.lane.stream}, s.order.GetOrderId())
	return true, nil
}

// fail records a failed attempt and lets the order rest.
func (r *runner) fail(ctx context.Context, s step, failure error) error {
	trouble, _ := r.troubles.add(place{r.name, s.lane.stream}, s.order.GetOrderId(), failure, r.clock.Now(), s.lane.newest, r.limits)
	return s.lane.record(ctx, "fail."+trouble.reason, s.order.GetOrderId(),
		orders.RecordFailure{OrderID: s.order.GetOrderId(), Reason: trouble.reason, Message: trouble.message})
}

// suffer says that nothing can be done on the target, and records it for the
// orders that were tried. The target rests, not the orders.
func (r *runner) suffer(ctx context.Context, steps []step, failure error) error {
	if !aboutTarget(failure) {
		return nil
	}
	trouble, fresh := r.troubles.add(place{target: r.name}, "", failure, r.clock.Now(), 0, r.limits)
	if fresh {
		r.Log.WarnContext(ctx, "target in trouble", "target", r.name, "reason", trouble.reason, "message", trouble.message)
	}
	return each(steps, len(steps), func(s step, _ int) error {
		return s.lane.record(ctx, "fail."+trouble.reason, s.order.GetOrderId(),
			orders.RecordFailure{OrderID: s.order.GetOrderId(), Reason: trouble.reason, Message: trouble.message})
	})
}

// readers is how many lanes are read at the same time.
const readers = 8

func (r *runner) load(ctx context.Context, streams []string) ([]*lane, error) {
	lanes := make([]*lane, len(streams))
	err := each(streams, readers, func(stream string, i int) error {
		l, err := loadLane(ctx, r.Journal, stream)
		lanes[i] = l
		return err
	})
	return lanes, err
}

// admit notes the system behind the target's name when it is a new one.
func (r *runner) admit(ctx context.Context, kind, system string) error {
	stream := admission.Stream(r.name)
	d := eventstore.Decider[admission.State, admission.Admit]{Decide: admission.Decide, Evolve: admission.Evolve}
	state, version, err := eventstore.Load(ctx, r.Journal, d, stream)
	if err != nil || state == (admission.State{Kind: kind, System: system}) {
		return err
	}
	actor := "service:" + r.Journal.Service
	id := eventstore.PolicyCommandID("provisioning.worker.admit", r.Journal.Service, version, stream)
	c := eventstore.Command{ID: id, Digest: eventstore.Digest("provisioning.worker.admit", stream, actor, []byte(kind+"/"+system))}
	_, err = eventstore.Execute(ctx, r.Journal, d, stream, c, eventstore.Metadata{Actor: actor}, admission.Admit{Target: r.name, Kind: kind, System: system})
	return err
}

// each calls do for all items, at most n at a time, and joins the errors.
func each[T any](items []T, n int, do func(T, int) error) error {
	var all sync.WaitGroup
	errs := make([]error, len(items))
	slots := make(chan struct{}, max(n, 1))
	for i, item := range items {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			errs[i] = do(item, i)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
