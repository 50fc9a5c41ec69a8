package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

func (d *desk) check(s *system, account string, login bool, rights ...string) {
	d.t.Helper()
	held, in := s.holds(account)
	if diff := cmp.Diff(fmt.Sprint(rights), fmt.Sprint(held)); diff != "" || in != login {
		d.t.Errorf("%s holds %v, login %v; want %v, %v", account, held, in, rights, login)
	}
}

// Covers: PRV-020
func TestOrdersAreCarriedOutAndConfirmed(t *testing.T) {
	t.Parallel()
	s := newSystem()
	d := onSystem(t, s)
	_, stop := d.start()
	for i := range 120 { // more lanes than a batch holds
		d.order(orders.Add, account(i), "reader", fmt.Sprint("r", i))
		d.order(orders.Add, account(i), "writer", fmt.Sprint("w", i))
	}
	d.until("additions", settled)
	for i := range 60 {
		d.order(orders.Remove, account(i), "reader", fmt.Sprint("r", i))
	}
	for i := range 30 {
		d.order(orders.Remove, account(i), "writer", fmt.Sprint("w", i))
	}
	d.until("removals", settled)
	stop()
	d.check(s, account(0), false)
	d.check(s, account(40), true, "app/writer")
	d.check(s, account(100), true, "app/reader", "app/writer")
	if err := d.exactlyOnce(); err != nil {
		t.Error(err)
	}
	if n := len(events[*provisioningv1.TargetAdmitted](d)); n != 1 {
		t.Errorf("the target was admitted %d times", n)
	}
}

// Covers: PRV-024
func TestATargetInTroubleIsNamedAndRecovers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mood   mood
		reason string
	}{
		"down":                         {mood{down: true}, "TARGET_UNREACHABLE"},
		"hangs":                        {mood{hangs: true}, "TARGET_TIMEOUT"},
		"says OK and changes nothing":  {mood{lies: true}, "TARGET_NOT_CHANGED"},
		"refuses":                      {mood{bars: map[string]bool{account(0): true, account(1): true}}, "TARGET_REFUSED"},
		"does it but loses its answer": {mood{loses: true}, "TARGET_UNREACHABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			s.feel(c.mood)
			d := onSystem(t, s)
			d.call = 20 * time.Millisecond
			d.order(orders.Add, account(0), "reader", "g0")
			d.order(orders.Add, account(1), "reader", "g1")
			w, stop := d.start()
			failing := func(all map[string]orders.State) bool {
				n := 0
				for _, lane := range all {
					for _, e := range lane.Entries {
						n += len(e.Failures)
					}
				}
				return n > 0
			}
			d.until("the failure", failing)
			causes := strings.Join(w.Causes(), "\n")
			if !strings.Contains(causes, "target db: ") || !strings.Contains(causes, c.reason) || !strings.Contains(causes, "since 20") || !strings.Contains(causes, "attempts so far ") {
				t.Errorf("causes: %q", causes)
			}
			if strings.Contains(causes, account(0)) {
				t.Errorf("the causes name a person: %q", causes)
			}
			s.feel(mood{})
			d.until("recovery", settled)
			stop()
			d.check(s, account(0), true, "app/reader")
			if c := w.Causes(); len(c) != 0 {
				t.Errorf("causes after recovery: %q", c)
			}
			met := map[string]bool{}
			for _, f := range events[*provisioningv1.ProvisioningFailed](d) {
				e := f.Message.(*provisioningv1.ProvisioningFailed)
				if met[e.GetOrderId()+e.GetReason()] {
					t.Errorf("%s was recorded twice for %s", e.GetReason(), e.GetOrderId())
				}
				met[e.GetOrderId()+e.GetReason()] = true
				if e.GetReason() != c.reason || e.GetMessage() == "" || f.Causation == nil {
					t.Errorf("recorded %v, cause %v", e, f.Causation)
				}
			}
			if err := d.exactlyOnce(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOneBadLaneDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	s := newSystem()
	s.feel(mood{bars: map[string]bool{account(0): true}})
	d := onSystem(t, s)
	for i := range 20 {
		d.order(orders.Add, account(i), "reader", fmt.Sprint("g", i))
	}
	d.start()
	d.until("all but one", func(all map[string]orders.State) bool {
		done := 0
		for _, lane := range all {
			if lane.Entries[0].Status == orders.Completed {
				done++
			}
		}
		return done == 19
	})
	d.check(s, account(0), false)
}

func TestAnUnknownTargetWaitsForItsPack(t *testing.T) {
	t.Parallel()
	s := newSystem()
	d := newDesk(t, func(*provisioningv1.TargetDefinition) (target.Target, error) { return s, nil })
	d.order(orders.Add, account(0), "reader", "g0")
	d.start()
	d.until("the failure", func(all map[string]orders.State) bool {
		return all[orders.Stream("db", account(0))].Entries[0].Failures["TARGET_UNKNOWN"]
	})
	d.adopt("db")
	d.until("the order", settled)
	d.check(s, account(0), true, "app/reader")
}

// The pauses are so long that only what waits for none of them can happen.
//
// Covers: PRV-024
func TestAnAdditionThatCannotBeGivenHoldsBackNothingElse(t *testing.T) {
	t.Parallel()
	s := newSystem()
	d := onSystem(t, s)
	d.pause = time.Hour
	stream := orders.Stream("db", account(0))
	is := func(order string, status orders.Status) func(map[string]orders.State) bool {
		return func(all map[string]orders.State) bool {
			for _, e := range all[stream].Entries {
				if e.Ordered.GetOrderId() == order {
					return e.Status == status
				}
			}
			return false
		}
	}
	w, stop := d.start()
	d.order(orders.Add, account(0), "reader", "g1")
	d.until("the first right", settled)
	s.feel(mood{bars: map[string]bool{account(0) + "/writer": true}})
	d.order(orders.Add, account(0), "writer", "g2")
	d.until("the refusal", func(all map[string]orders.State) bool {
		entries := all[stream].Entries
		return entries[len(entries)-1].Failures["TARGET_REFUSED"]
	})

	d.order(orders.Remove, account(0), "reader", "g1")
	d.until("the removal", is("ord_removeg1", orders.Completed))
	d.check(s, account(0), false)

	d.order(orders.Add, account(0), "owner", "g3")
	d.until("another addition", is("ord_addg3", orders.Completed))
	d.check(s, account(0), true, "app/owner")
	if !is("ord_addg2", orders.Open)(d.now()) || len(w.Causes()) != 1 {
		t.Errorf("the refused addition is no longer open; causes: %q", w.Causes())
	}

	d.order(orders.Remove, account(0), "writer", "g2")
	s.feel(mood{})
	d.until("everything", settled)
	stop()
	if c := w.Causes(); len(c) != 0 {
		t.Errorf("causes of an addition that was overtaken: %q", c)
	}
	d.check(s, account(0), true, "app/owner")
}

func TestARefusedRemovalHoldsBackOnlyAdditions(t *testing.T) {
	t.Parallel()
	s := newSystem()
	d := onSystem(t, s)
	d.pause = time.Hour
	d.start()
	for _, role := range []string{"reader", "writer"} {
		d.order(orders.Add, account(0), role, role)
	}
	d.until("both rights", settled)
	s.feel(mood{bars: map[string]bool{account(0) + "/reader": true}})
	stream := orders.Stream("db", account(0))
	d.order(orders.Remove, account(0), "reader", "reader")
	d.until("the refusal", func(all map[string]orders.State) bool { return all[stream].Entries[2].Failures["TARGET_REFUSED"] })
	d.order(orders.Add, account(0), "owner", "owner")
	d.order(orders.Remove, account(0), "writer", "writer")
	d.until("the other removal", func(all map[string]orders.State) bool {
		e := all[stream].Entries
		return len(e) == 5 && e[4].Status == orders.Completed
	})
	d.check(s, account(0), false, "app/reader")
	if e := d.now()[stream].Entries; e[2].Status != orders.Open || e[3].Status != orders.Open {
		t.Errorf("the refused removal is %v, the addition behind it %v", e[2].Status, e[3].Status)
	}
}
