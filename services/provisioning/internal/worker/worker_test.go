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

func TestARemovalPassesAnAdditionThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	s := newSystem()
	d := onSystem(t, s)
	_, stop := d.start()
	d.order(orders.Add, account(0), "reader", "g1")
	d.until("the first right", settled)
	stop()
	s.feel(mood{bars: map[string]bool{account(0): true}})
	d.order(orders.Add, account(0), "writer", "g2")
	d.order(orders.Remove, account(0), "reader", "g1")
	d.start()
	stream := orders.Stream("db", account(0))
	d.until("both fail", func(all map[string]orders.State) bool {
		lane := all[stream].Entries
		return lane[1].Failures["TARGET_REFUSED"] && lane[2].Failures["TARGET_REFUSED"]
	})
	s.feel(mood{})
	d.until("both done", settled)
	var done []string
	for _, f := range events[*provisioningv1.ProvisioningCompleted](d) {
		done = append(done, f.Message.(*provisioningv1.ProvisioningCompleted).GetOrderId())
	}
	if diff := cmp.Diff([]string{"ord_addg1", "ord_removeg1", "ord_addg2"}, done); diff != "" {
		t.Errorf("order of completion (-want +got):\n%s", diff)
	}
	d.check(s, account(0), true, "app/writer")
}
